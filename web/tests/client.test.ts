import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Api,
  anonymous,
  type Fetch,
  NotReached,
  Refused,
  SignInNeeded,
  signedIn,
  type Tokens,
} from "../src/api/client";
import type { DayClose, Pull, User } from "../src/api/types";
import { compared } from "../src/core/phone";
import { words } from "../src/words/index";
import { said } from "../src/words/language";
import { USER } from "./phones";
import { hang, json } from "./server";

/** Answers in turn; what was asked, with which token. */
function line(...answers: (Response | Error)[]) {
  const asked: string[] = [];
  const send: Fetch = async (request) => {
    asked.push(
      `${new URL(request.url).pathname.replace("/api/v1", "")} ${request.headers.get("Authorization") ?? ""}`.trim(),
    );
    const next = answers.shift() ?? new TypeError("nothing more");
    if (next instanceof Error) throw next;
    return next;
  };
  let tokens: Tokens | null = { access: "old", refresh: "r" };
  const keeper = {
    tokens: async () => tokens,
    keep: async (anew: Tokens) => {
      tokens = anew;
    },
  };
  const api = signedIn("http://phone.test", keeper, send);
  return { asked, me: () => api("get", "/api/v1/me/"), held: () => tokens };
}

const OUT = () => json({ code: "token_not_valid", detail: "Sign in again." }, 401);

describe("calls", () => {
  it("get a new access token where the old one has run out, once", async () => {
    const calls = line(OUT(), json({ access: "new" }), json(USER));
    expect((await calls.me()).username).toBe("driver");
    expect(calls.asked).toEqual(["/me/ Bearer old", "/token/refresh/", "/me/ Bearer new"]);
    expect(calls.held()).toEqual({ access: "new", refresh: "r" });
  });

  it("say when the sign-in is over, and keep the tokens: what was switched off may still push", async () => {
    const calls = line(OUT(), OUT());
    await expect(calls.me()).rejects.toBeInstanceOf(SignInNeeded);
    expect(calls.held()).toEqual({ access: "old", refresh: "r" });
    await expect(line(OUT(), json({ access: "new" }), OUT()).me()).rejects.toBeInstanceOf(SignInNeeded);
  });

  it("do not take a lost answer for a sign-in that is over", async () => {
    await expect(line(OUT(), new TypeError("lost")).me()).rejects.toBeInstanceOf(NotReached);
    await expect(line(OUT(), json({}, 503)).me()).rejects.toBeInstanceOf(NotReached);
  });

  it.each([
    ["no network", new TypeError("lost")],
    ["a hotspot's welcome page", new Response("<html>", { headers: { "Content-Type": "text/html" } })],
    ["a proxy's refusal", new Response("<html>", { status: 403, headers: { "Content-Type": "text/html" } })],
    ["half an answer", new Response('{"id": 3', { headers: { "Content-Type": "application/json" } })],
    ["a server that fails", json({ code: "server_error" }, 500)],
  ])("take %s for no answer", async (_, one) => {
    await expect(line(one).me()).rejects.toBeInstanceOf(NotReached);
  });

  it("hear how long to wait", async () => {
    const busy = new Response("{}", {
      status: 429,
      headers: { "Content-Type": "application/json", "Retry-After": "8" },
    });
    await expect(line(busy).me()).rejects.toMatchObject({ retryAfter: 8 });
  });

  it("bring a refusal in the server's own words", async () => {
    const no = line(json({ code: "permission_denied", detail: "Ask a supervisor." }, 403));
    const refused = await no.me().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ status: 403, code: "permission_denied", message: "Ask a supervisor." });
  });

  it("send no token where none is needed", async () => {
    const asked: string[] = [];
    const door = anonymous("http://phone.test", async (request) => {
      asked.push(request.headers.get("Authorization") ?? "none");
      return json({ access: "a", refresh: "r" });
    });
    await door("post", "/api/v1/token/", { body: { username: "driver", password: "x" } });
    expect(asked).toEqual(["none"]);
  });
});

describe("a call", () => {
  it("carries what its address names, its query and its body", async () => {
    const asked: unknown[] = [];
    const door = anonymous("http://phone.test", async (request) => {
      const { method, url, headers } = request;
      asked.push([
        method,
        new URL(url).pathname,
        new URL(url).search,
        headers.get("Content-Type"),
        await request.text(),
      ]);
      return json({});
    });
    await door("get", "/api/v1/day-closes/{id}/", { path: { id: 7 } });
    await door("get", "/api/v1/sync/pull/", { query: { cursor: "a+b&c" } });
    await door("post", "/api/v1/token/refresh/", { body: { refresh: "r" } });
    expect(asked).toEqual([
      ["GET", "/api/v1/day-closes/7/", "", null, ""],
      ["GET", "/api/v1/sync/pull/", "?cursor=a%2Bb%26c", null, ""],
      ["POST", "/api/v1/token/refresh/", "", "application/json", '{"refresh":"r"}'],
    ]);
  });

  it("brings a paper as a file, and nothing where nothing is said", async () => {
    const paper = new Response("%PDF", { headers: { "Content-Type": "application/pdf" } });
    const door = anonymous("http://phone.test", async ({ method }) =>
      method === "GET" ? paper : new Response(null, { status: 204 }),
    );
    expect(await (await door("get", "/api/v1/invoices/{id}/pdf/", { path: { id: 1 } })).text()).toBe("%PDF");
    expect(await door("post", "/api/v1/token/revoke/", { body: { refresh: "r" } })).toBeUndefined();
  });

  it("can be given up, also while a new token is on its way", async () => {
    const refreshing: Fetch = async (request) => (request.url.includes("refresh") ? hang(request) : OUT());
    const keeper = { tokens: async () => ({ access: "old", refresh: "r" }), keep: async () => {} };
    for (const send of [hang, refreshing]) {
      const over = new AbortController();
      const call = signedIn("http://phone.test", keeper, send)("get", "/api/v1/me/", { signal: over.signal });
      setTimeout(() => over.abort(), 20);
      await expect(call).rejects.toBeInstanceOf(NotReached);
    }
    const over = AbortSignal.abort();
    const late = anonymous("http://phone.test", async ({ signal }) => {
      signal.throwIfAborted();
      return json({});
    });
    await expect(late("get", "/api/v1/me/", { signal: over })).rejects.toBeInstanceOf(NotReached);
  });

  it("is held to the schema when it is compiled", () => {
    const api = null as unknown as Api;
    const right = () => ({
      me: api("get", "/api/v1/me/"),
      page: api("get", "/api/v1/sync/pull/", { query: { cursor: "c" } }),
      close: api("get", "/api/v1/day-closes/{id}/", { path: { id: 1 } }),
      paper: api("get", "/api/v1/invoices/{id}/pdf/", { path: { id: 1 } }),
      gone: api("post", "/api/v1/token/revoke/", { body: { refresh: "r" } }),
      mailed: api("post", "/api/v1/invoices/{id}/email/", { path: { id: 1 } }), // its body may be left out
    });
    expectTypeOf<ReturnType<typeof right>>().toMatchObjectType<{
      me: Promise<User>;
      page: Promise<Pull>;
      close: Promise<DayClose>;
      paper: Promise<Blob>;
      gone: Promise<undefined>;
    }>();
    const wrong = () => [
      // @ts-expect-error: there is no such address
      api("get", "/api/v1/mee/"),
      // @ts-expect-error: nobody posts there
      api("post", "/api/v1/me/"),
      // @ts-expect-error: which one?
      api("get", "/api/v1/day-closes/{id}/"),
      // @ts-expect-error: an id is a number
      api("get", "/api/v1/day-closes/{id}/", { path: { id: "1" } }),
      // @ts-expect-error: it needs its body
      api("post", "/api/v1/token/refresh/"),
      // @ts-expect-error: of other fields
      api("post", "/api/v1/token/refresh/", { body: { access: "a" } }),
      // @ts-expect-error: a body there is none
      api("get", "/api/v1/me/", { body: {} }),
      // @ts-expect-error: nor such a question
      api("get", "/api/v1/sync/pull/", { query: { from: "c" } }),
      // @ts-expect-error: nor any at all
      api("get", "/api/v1/me/", { query: { cursor: "c" } }),
    ];
    expect([right, wrong]).toHaveLength(2); // never called
  });
});

describe("words", () => {
  it("are filled in, by number too", () => {
    expect(said("en", "sync.waiting", { n: 1 })).toBe("1 entry to send");
    expect(said("en", "sync.waiting", { n: 3 })).toBe("3 entries to send");
    expect(said("zh", "sync.waiting", { n: 3 })).toBe("3 条待发送");
  });

  it.each(Object.entries(words))("%s names the same in both languages", (_, { en, zh }) => {
    const blanks = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((found) => found[1]))].sort();
    expect(blanks(zh)).toEqual(blanks(en));
  });
});

describe("versions", () => {
  it("are compared part by part", () => {
    expect([compared("1.0", "1.0.0"), Math.sign(compared("1.9", "1.10")), Math.sign(compared("2", "1.99"))]).toEqual([
      0, -1, 1,
    ]);
  });
});
