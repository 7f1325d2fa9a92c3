import { describe, expect, it } from "vitest";
import {
  anonymous,
  answer,
  type Fetch,
  NotReached,
  Refused,
  SignInNeeded,
  signedIn,
  type Tokens,
} from "../src/api/client";
import { compared } from "../src/core/phone";
import { words } from "../src/words/index";
import { said } from "../src/words/language";
import { USER } from "./phones";
import { json } from "./server";

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
  return { asked, me: () => answer(api.GET("/api/v1/me/")), held: () => tokens };
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
    await answer(door.POST("/api/v1/token/", { body: { username: "driver", password: "x" } }));
    expect(asked).toEqual(["none"]);
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
