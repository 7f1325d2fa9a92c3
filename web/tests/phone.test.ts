import { beforeEach, expect, it } from "vitest";
import type { Fetch } from "../src/api/client";
import { resume, signIn } from "../src/core/phone";
import { AROUND, aReading, freshDisk, USER } from "./phones";
import { hang, json, Server } from "./server";

Object.assign(globalThis, {
  document: { addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
  location: { origin: "http://phone.test" },
  localStorage: { setItem() {}, removeItem() {} },
});
Object.defineProperty(globalThis, "navigator", {
  value: {
    userAgent: "Android",
    locks: {
      request: (name: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>) =>
        AROUND.turns(name, work, signal),
    },
  },
});

let server: Server;
let asked: [string, boolean][];
let dead: boolean;

beforeEach(() => {
  freshDisk();
  server = new Server();
  asked = [];
  dead = false;
});

const line: Fetch = async (request) => {
  const path = new URL(request.url).pathname.replace("/api/v1", "");
  asked.push([path, request.keepalive]);
  if (dead) return hang(request);
  if (path === "/token/") return json({ access: "a", refresh: "r" });
  if (path === "/me/") return json(USER);
  return path === "/sync/devices/" ? json({}, 201) : server.send(request);
};

it("signing out is done at once, on a line that is dead too, and what was recorded goes with the next sign-in", async () => {
  let phone = await signIn("driver", "x", line);
  dead = true;
  phone.sender.start();
  await phone.capture(aReading(1));
  await expect.poll(() => asked.map(([path]) => path)).toContain("/sync/pull/");
  const before = performance.now();
  await phone.signOut();
  expect(performance.now() - before).toBeLessThan(1000);
  expect(asked.at(-1)).toEqual(["/token/revoke/", true]); // on its way, when the page is gone too
  expect(await resume()).toBeNull();
  dead = false;
  phone = await signIn("driver", "x", line);
  await phone.sync();
  expect(server.done).toHaveLength(1);
  await phone.close();
});
