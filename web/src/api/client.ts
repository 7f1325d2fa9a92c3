/** Calls to the server: typed by its schema, and only three ways to fail. */
import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./schema";

const PATIENCE = 30_000; // milliseconds

/** No answer, or none that says anything: whether it was done is not known. Ask again, later. */
export class NotReached extends Error {
  constructor(
    words: string,
    readonly retryAfter = 0, // seconds
  ) {
    super(words);
  }
}

/** The server does not know this sign-in any more. What is recorded stays recorded; sign in to send it. */
export class SignInNeeded extends Error {}

/** The server has judged and said no. The message is for a person. */
export class Refused extends Error {
  readonly code: string;

  constructor(
    readonly status: number,
    readonly problem: { code?: string; detail?: string; errors?: Record<string, string[]> },
  ) {
    super(problem.detail ?? `${status}`);
    this.code = problem.code ?? "";
  }
}

export interface Tokens {
  access: string;
  refresh: string;
}

/** Where the tokens of a sign-in are kept. */
export interface TokenKeeper {
  tokens(): Promise<Tokens | null>;
  keep(tokens: Tokens): Promise<void>;
}

export type Fetch = (request: Request) => Promise<Response>;
export type Api = Client<paths>;

const plain: Fetch = (request) => fetch(request);

/** Without a sign-in. */
export function anonymous(origin: string, send: Fetch = plain): Api {
  return createClient<paths>({ baseUrl: origin, fetch: (request) => judged(request, send) });
}

/** With the access token, and a new one where it has run out. */
export function signedIn(origin: string, keeper: TokenKeeper, send: Fetch = plain): Api {
  const door = anonymous(origin, send);

  async function asked(request: Request): Promise<Response> {
    const tokens = await keeper.tokens();
    if (!tokens) throw new SignInNeeded("no sign-in");
    const again = request.clone();
    try {
      return await judged(bearing(request, tokens.access), send);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
    }
    const now = await keeper.tokens(); // another call may have a new one by now
    const access = now && now.access !== tokens.access ? now.access : await refreshed(tokens);
    try {
      return await judged(bearing(again, access), send);
    } catch (error) {
      throw error instanceof Refused && error.status === 401 ? new SignInNeeded(error.message) : error;
    }
  }

  async function refreshed(tokens: Tokens): Promise<string> {
    try {
      const { access } = await answer(door.POST("/api/v1/token/refresh/", { body: { refresh: tokens.refresh } }));
      await keeper.keep({ ...tokens, access });
      return access;
    } catch (error) {
      if (error instanceof Refused && (error.status === 400 || error.status === 401))
        throw new SignInNeeded(error.message);
      throw error;
    }
  }

  return createClient<paths>({ baseUrl: origin, fetch: asked });
}

/** What the server answers. Throws NotReached, SignInNeeded, Refused. */
export async function answer<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  try {
    return (await call).data as T; // what is no success has been thrown
  } catch (error) {
    if (error instanceof NotReached || error instanceof SignInNeeded || error instanceof Refused) throw error;
    throw new NotReached(`no whole answer: ${error instanceof Error ? error.name : "?"}`); // it broke off
  }
}

/** A success as it came. Throws NotReached, Refused. */
async function judged(request: Request, send: Fetch): Promise<Response> {
  let response: Response;
  try {
    response = await send(new Request(request, { signal: AbortSignal.timeout(PATIENCE) }));
  } catch (error) {
    throw new NotReached(`no answer: ${error instanceof Error ? error.name : "?"}`);
  }
  const { status } = response;
  if (status >= 500 || status === 429) {
    const wait = Number(response.headers.get("Retry-After") ?? 0);
    throw new NotReached(`busy or failing (${status})`, Number.isFinite(wait) ? wait : 0);
  }
  const type = response.headers.get("Content-Type") ?? "";
  if (status >= 400) {
    if (!type.includes("json")) throw new NotReached(`no answer of ours (${status})`); // what stands between said no
    throw new Refused(status, await response.json().catch(() => ({})));
  }
  const ours = status === 204 || type.includes("json") || type.includes("pdf");
  if (!ours || response.redirected) throw new NotReached("no answer of ours"); // such as a hotspot's welcome page
  return response;
}

function bearing(request: Request, access: string): Request {
  const headers = new Headers(request.headers);
  headers.set("Authorization", `Bearer ${access}`);
  return new Request(request, { headers });
}
