import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { businessDay, resumeTime } from "../src/core/clock";
import { append, exported, sent, settle } from "../src/core/queue";
import { NotSaved } from "../src/core/store";
import { AROUND, aReading, freshDisk, Pocket } from "./phones";
import { hang, Server } from "./server";

// `start`, `stop` and friends listen to these; there is no page here.
Object.assign(globalThis, {
  document: { addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
});

let server: Server;
let phone: Pocket;

beforeEach(async () => {
  freshDisk();
  server = new Server();
  phone = await Pocket.open(server);
});

describe("what every interleaving keeps", () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("capture" as const), count: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 4, arbitrary: fc.constant({ kind: "send" as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("crash" as const), sending: fc.boolean(), saving: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "two tabs" as const }) },
  );
  const fates = fc.array(fc.constantFrom("lost", "unanswered", "busy", null, null), { maxLength: 40 });
  const verdicts = fc.array(fc.constantFrom("applied", "applied", "applied_with_exception", "retry"), {
    maxLength: 40,
  });

  it("each operation is done exactly once, in order, whatever breaks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 15 }),
        fates,
        verdicts,
        async (steps, fated, judged) => {
          freshDisk();
          const world = new Server();
          const [fate, verdict] = [[...fated], [...judged]];
          world.fate = () => fate.shift() ?? null;
          world.judge = () => (verdict.shift() as "applied" | undefined) ?? "applied";
          let pocket = await Pocket.open(world);
          const acknowledged: string[] = [];
          let number = 0;
          const next = () => {
            number += 1;
            return aReading(number);
          };
          for (const one of steps) {
            if (one.kind === "capture") {
              const made = Array.from({ length: one.count }, next);
              acknowledged.push(...(await pocket.capture(...made)).map((kept) => kept.client_temp_id));
            } else if (one.kind === "send") {
              await pocket.sender.sync();
            } else if (one.kind === "two tabs") {
              const other = await Pocket.open(world);
              await Promise.all([pocket.sender.sync(), other.sender.sync()]);
              other.kill();
            } else {
              const under = [
                one.saving
                  ? pocket.capture(next()).then((kept) => acknowledged.push(...kept.map((k) => k.client_temp_id)))
                  : null,
                one.sending ? pocket.sender.sync() : null,
              ];
              pocket.kill();
              await Promise.allSettled(under);
              pocket = await Pocket.open(world);
            }
          }
          world.fate = () => null;
          world.judge = () => "applied";
          await pocket.sender.sync();
          const all = await pocket.all();
          expect(all.map((one) => one.seq)).toEqual(all.map((_, at) => at + 1));
          expect(world.done).toEqual(all.map((one) => one.client_temp_id));
          expect(all.map((one) => one.client_temp_id)).toEqual(expect.arrayContaining(acknowledged));
          expect(all.filter((one) => one.state !== "applied" && one.state !== "noted")).toEqual([]);
          expect(all.filter((one) => one.counts)).toEqual([]);
          pocket.kill();
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe("capture", () => {
  it("numbers without holes, also from two tabs at once", async () => {
    const other = await Pocket.open(server);
    await Promise.all(Array.from({ length: 10 }, (_, at) => (at % 2 ? phone : other).capture(aReading(at))));
    expect((await phone.all()).map((one) => one.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("says that the disk is full, and has kept nothing", async () => {
    const full = Object.assign(new Error("quota"), { name: "QuotaExceededError" });
    phone.store.operations.hook("creating", () => {
      throw full;
    });
    const refused = await append(phone.store, [aReading(1)]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NotSaved);
    expect(refused).toMatchObject({ full: true });
    const again = await Pocket.open(server);
    expect(await again.all()).toEqual([]);
  });

  it("goes on while the sign-in has ended, and sends once there is a new one", async () => {
    server.session = "ended";
    await phone.capture(aReading(1));
    await phone.sender.sync();
    expect(phone.sender.status()).toMatchObject({ signInNeeded: true, online: true });
    await phone.capture(aReading(2));
    expect(await phone.states()).toEqual(["waiting", "waiting"]);
    server.session = "live";
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["applied", "applied"]);
    expect(phone.sender.status().signInNeeded).toBe(false);
  });

  it("can be given away as a file", async () => {
    const [kept] = await phone.capture(aReading(7));
    const told = JSON.parse(await (await exported(phone.store)).text());
    expect(told).toMatchObject({ user: "driver", operations: [{ client_temp_id: kept?.client_temp_id, seq: 1 }] });
  });
});

describe("sending", () => {
  it("asks for a hundred at a time", async () => {
    await phone.capture(...Array.from({ length: 230 }, (_, at) => aReading(at)));
    await phone.sender.sync();
    expect(server.batches).toEqual([100, 100, 30]);
    expect(server.done).toHaveLength(230);
  });

  it("sends fewer when that was too much, and parks what alone is", async () => {
    const huge = { type: "transaction.create" as const, payload: { customer: 1, remarks: "x".repeat(262_000) } };
    await phone.capture(aReading(1), huge, aReading(2));
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["applied", "parked", "applied"]);
  });

  it("sends half of what something on the way finds too large", async () => {
    const { send } = server;
    Object.assign(server, {
      send: async (request: Request) => {
        const many = request.method === "POST" && (await request.clone().json()).operations.length > 3;
        return many
          ? new Response("{}", { status: 413, headers: { "Content-Type": "application/json" } })
          : send(request);
      },
    });
    phone = await Pocket.open(server);
    await phone.capture(...Array.from({ length: 10 }, (_, at) => aReading(at)));
    await phone.sender.sync();
    expect(server.done).toHaveLength(10);
    expect(Math.max(...server.batches)).toBeLessThanOrEqual(3);
  });

  it("shows what the server keeps, and hears later that it was done", async () => {
    server.judge = (op) => (op.seq === 2 ? "quarantined" : "applied");
    await phone.capture(aReading(1), aReading(2), aReading(3));
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["applied", "quarantined", "applied"]);
    const [, second] = await phone.all();
    expect(second?.result?.error?.detail).toBe("why");
    const kept = server.kept.get(second?.client_temp_id ?? "");
    Object.assign(kept ?? {}, { status: "applied", id: 9 }); // a supervisor tried it again
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["applied", "applied", "applied"]);
  });

  it.each(["resolved", "dismissed"])("hears that a supervisor has %s what was kept, and asks no more", async (code) => {
    server.judge = () => "quarantined";
    await phone.capture(aReading(1));
    await phone.sender.sync();
    const [kept] = await phone.all();
    if (!kept?.result) throw new Error("it was not sent");
    await settle(phone.store, [kept], [{ ...kept.result, error: { code, detail: "Booked at the counter." } }]);
    expect(await phone.all()).toMatchObject([{ state: "decided", counts: 0 }]);
    await phone.sender.sync();
    expect(server.batches).toEqual([1]);
  });

  it("alarms about an id that was used for something else, and keeps it", async () => {
    server.judge = () => "mismatch";
    await phone.capture(aReading(1));
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["parked"]);
  });

  it("sends once more what a server that lost its memory misses", async () => {
    const [first] = await phone.capture(aReading(1));
    await phone.sender.sync();
    server.forget(first?.client_temp_id ?? "");
    await phone.capture(aReading(2));
    await phone.sender.sync();
    expect(new Set(server.done)).toEqual(new Set((await phone.all()).map((one) => one.client_temp_id)));
    expect(await phone.states()).toEqual(["applied", "applied"]);
  });

  it("pulls only when no answer is outstanding", async () => {
    await phone.capture(aReading(1));
    server.fate = () => "unanswered";
    await phone.sender.sync();
    expect([server.done.length, server.pulls, phone.sender.status().online]).toEqual([1, 0, false]);
    expect((await phone.all())[0]).toMatchObject({ state: "waiting", counts: 1 });
  });

  it("comes again later, and later still, but not before it is asked to", async () => {
    const pauses: number[] = [];
    const pause = (_: () => void, milliseconds: number) => {
      if (milliseconds !== 10_000) pauses.push(milliseconds); // that is how long an answer is awaited in silence
      return () => {};
    };
    const quiet = { ...AROUND, pause };
    phone = await Pocket.open(server, quiet);
    await phone.sender.sync();
    server.fate = () => "lost";
    for (let at = 0; at < 9; at += 1) {
      phone.sender.nudge();
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(pauses).toEqual([30_000, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it.each([
    ["sending", "push", ["waiting"]],
    ["pulling", "pull", ["applied"]],
  ])("stops at once while %s hangs, and loses nothing of what was under way", async (_, dead, states) => {
    const { send } = server;
    let hung = false;
    Object.assign(server, {
      send: async (request: Request) => {
        const answer = await send(request); // the server has done it, and the line dies
        hung = request.url.includes(dead);
        return hung ? hang(request) : answer;
      },
    });
    phone = await Pocket.open(server);
    await phone.capture(aReading(1));
    const round = phone.sender.sync();
    await expect.poll(() => hung).toBe(true);
    await phone.sender.stop();
    await round;
    expect(await phone.states()).toEqual(states);
    Object.assign(server, { send });
    phone = await Pocket.open(server);
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["applied"]);
    expect(server.done).toHaveLength(1);
  });

  it("stops at once while another tab hangs, and goes on when it is started again", async () => {
    const { send } = server;
    Object.assign(server, { send: hang });
    const other = await Pocket.open(server);
    const hung = other.sender.sync();
    Object.assign(server, { send });
    phone = await Pocket.open(server);
    await phone.capture(aReading(1));
    const waits = phone.sender.sync();
    await phone.sender.stop();
    await waits;
    expect(await phone.states()).toEqual(["waiting"]);
    await other.sender.stop();
    await hung;
    phone.sender.start();
    await expect.poll(() => phone.states()).toEqual(["applied"]);
  });

  it("says that no answer comes long before it gives up, and that one came after all", async () => {
    let tired = () => {};
    const pause = (work: () => void, milliseconds: number) => {
      if (milliseconds === 10_000) tired = work;
      return () => {};
    };
    const { send } = server;
    let answer = () => {};
    const slow = new Promise<void>((go) => {
      answer = go;
    });
    Object.assign(server, { send: (request: Request) => slow.then(() => send(request)) });
    phone = await Pocket.open(server, { ...AROUND, pause });
    const round = phone.sender.sync();
    await expect.poll(() => phone.sender.status().busy).toBe(true);
    tired();
    expect(phone.sender.status().online).toBe(false);
    answer();
    await round;
    expect(phone.sender.status().online).toBe(true);
  });

  it("takes each for the day that the server took it for, else for the day by the clock as it is known", async () => {
    const applied = { status: "applied", id: 1, number: null, error: null } as const;
    const kept = await phone.capture(aReading(1), aReading(2), aReading(3));
    const said = [
      { transaction: { occurred_at: "2020-11-17T23:30:00+08:00" } },
      { received_at: "2020-11-18T00:30:00+08:00" },
    ];
    const days = async (...entities: unknown[]) => {
      const results = kept.map((one, at) => ({ ...applied, ...sent(one), entity: entities[at] ?? null }));
      await settle(phone.store, kept, results);
      return (await phone.all()).map((one) => one.day);
    };
    const today = businessDay(kept[0]?.captured_at);
    expect(await days(...said)).toEqual(["2020-11-17", "2020-11-18", today]);
    resumeTime(-3 * 86_400_000, 0);
    const right = businessDay(new Date(Date.parse(kept[0]?.captured_at ?? "") + 3 * 86_400_000));
    expect(await days()).toEqual([right, right, right]);
    resumeTime(0, 0);
  });

  it("sends what the protocol names, and nothing else", async () => {
    const [kept] = await phone.capture(aReading(1));
    expect(Object.keys(sent(kept as never)).sort()).toEqual([
      "captured_at",
      "client_temp_id",
      "depends_on",
      "payload",
      "seq",
      "type",
      "version",
    ]);
    expect(kept?.captured_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/);
  });
});
