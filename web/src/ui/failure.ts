import { NotReached, Refused, SignInNeeded } from "../api/client";
import { NotSaved } from "../core/store";
import type { Say } from "../words/language";

/** Why a call to the server came to nothing, and what to do. */
export function failure(error: unknown, say: Say): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof SignInNeeded) return say("error.signIn");
  if (error instanceof NotSaved) return say(error.full ? "error.full" : "error.disk");
  if (error instanceof NotReached && error.retryAfter) return say("error.wait", { n: error.retryAfter });
  return say("error.notReached");
}
