/** Calls to the server: typed by its schema, and only three ways to fail. */
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

type Method = "get" | "post";
type Address<M extends Method> = { [A in keyof paths]: paths[A] extends Record<M, object> ? A : never }[keyof paths];
type Json<T> = T extends { content: { "application/json": infer B } } ? B : never;
type Said<T> = T extends { content: infer C } ? (C extends { "application/pdf": unknown } ? Blob : Json<T>) : undefined;
type Answer<O> = O extends { responses: infer R } ? Said<R[keyof R]> : never;

/** What a call says, as the schema has it: the names in its address, the query, the body. */
type Asked<O> = Call &
  (O extends { parameters: { path: infer V } } ? { path: V } : unknown) &
  (O extends { parameters: { query?: infer Q } } ? { query?: Q } : unknown) &
  (O extends { requestBody: infer B }
    ? { body: Json<B> }
    : O extends { requestBody?: infer B }
      ? { body?: Json<B> }
      : unknown);

interface Call {
  signal?: AbortSignal | undefined; // gives up, earlier than patience does
  keepalive?: boolean; // goes out even when the page goes
}

/** One call. Throws NotReached, SignInNeeded, Refused. */
export type Api = <M extends Method, A extends Address<M>>(
  method: M,
  address: A,
  ...asked: Call extends Asked<paths[A][M]> ? [asked?: Asked<paths[A][M]>] : [asked: Asked<paths[A][M]>]
) => Promise<Answer<paths[A][M]>>;

/** The same once its types are checked. */
type Ask = (method: Method, address: string, asked?: Loose) => Promise<unknown>;
type Loose = Call & { path?: Record<string, unknown>; query?: Record<string, string>; body?: unknown };

const plain: Fetch = (request) => fetch(request);

/** Without a sign-in. */
export function anonymous(origin: string, send: Fetch = plain): Api {
  const ask: Ask = (method, address, asked = {}) => once(send, origin, method, address, asked);
  return ask as Api;
}

/** With the access token, and a new one where it has run out. Throws NotSaved too: the new one could not be kept. */
export function signedIn(origin: string, keeper: TokenKeeper, send: Fetch = plain): Api {
  const door = anonymous(origin, send);

  const ask: Ask = async (method, address, asked = {}) => {
    const tokens = await keeper.tokens();
    if (!tokens) throw new SignInNeeded("no sign-in");
    const bearing = (access: string) => once(send, origin, method, address, asked, access);
    try {
      return await bearing(tokens.access);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
    }
    const now = await keeper.tokens(); // another call may have a new one by now
    const access = now && now.access !== tokens.access ? now.access : await refreshed(tokens, asked.signal);
    try {
      return await bearing(access);
    } catch (error) {
      throw error instanceof Refused && error.status === 401 ? new SignInNeeded(error.message) : error;
    }
  };

  async function refreshed(tokens: Tokens, signal?: AbortSignal): Promise<string> {
    try {
      const { access } = await door("post", "/api/v1/token/refresh/", { body: { refresh: tokens.refresh }, signal });
      await keeper.keep({ ...tokens, access });
      return access;
    } catch (error) {
      if (error instanceof Refused && (error.status === 400 || error.status === 401))
        throw new SignInNeeded(error.message);
      throw error;
    }
  }

  return ask as Api;
}

/** One request, until it is answered, the caller gives up, or all patience is gone. Throws NotReached, Refused. */
async function once(send: Fetch, origin: string, method: Method, address: string, asked: Loose, access = "") {
  const { signal } = asked;
  const over = new AbortController();
  const stop = () => over.abort();
  const late = setTimeout(stop, PATIENCE);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return await judged(await send(requestOf(origin, method, address, asked, access, over.signal)));
  } catch (error) {
    if (error instanceof NotReached || error instanceof Refused) throw error;
    throw new NotReached(`no whole answer: ${error instanceof Error ? error.name : "?"}`); // none, or it broke off
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", stop);
  }
}

function requestOf(
  origin: string,
  method: Method,
  address: string,
  { path = {}, query = {}, body, keepalive = false }: Loose,
  access: string,
  signal: AbortSignal,
): Request {
  const filled = address.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(path[name])));
  const url = new URL(filled, origin);
  url.search = new URLSearchParams(query).toString();
  const headers = new Headers(body === undefined ? {} : { "Content-Type": "application/json" });
  if (access) headers.set("Authorization", `Bearer ${access}`);
  return new Request(url, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    keepalive,
    signal,
  });
}

/** What a success says. Throws NotReached, Refused. */
async function judged(response: Response): Promise<unknown> {
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
  const isPdf = type.includes("pdf");
  const ours = status === 204 || type.includes("json") || isPdf;
  if (!ours || response.redirected) throw new NotReached("no answer of ours"); // such as a hotspot's welcome page
  if (status === 204) return undefined;
  return isPdf ? response.blob() : response.json();
}
