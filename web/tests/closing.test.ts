import { beforeEach, describe, expect, it } from "vitest";
import type { DayClose } from "../src/api/types";
import { businessDay } from "../src/core/clock";
import { carried, closeOf, counted, countKey, openDays, outcomeOf, standing } from "../src/core/closing";
import { closeDay } from "../src/core/operations";
import type { Operation } from "../src/core/store";
import { aReading, freshDisk, Pocket } from "./phones";
import { Server } from "./server";

Object.assign(globalThis, {
  document: { addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
});

const TODAY = "2026-11-20";

let server: Server;
let phone: Pocket;

beforeEach(async () => {
  freshDisk();
  server = new Server();
  phone = await Pocket.open(server);
});

/** As if captured on that day. */
async function on(day: string, ...operations: Parameters<Pocket["capture"]>) {
  const kept = await phone.capture(...operations);
  for (const one of kept) await phone.store.operations.update(one.seq, { day });
  return kept;
}

describe("the days that can be closed", () => {
  it("are today, and those of the last week with something on them that was not closed", async () => {
    await on("2026-11-12", aReading(1)); // too long ago
    await on("2026-11-17", aReading(2), closeDay("2026-11-17", 1, [], []));
    await on("2026-11-18", aReading(3));
    expect(await openDays(phone.store, TODAY)).toEqual([TODAY, "2026-11-18"]);
  });

  it("are closed by the close that names them, whenever it was made", async () => {
    await on("2026-11-18", aReading(1));
    await on("2026-11-19", closeDay("2026-11-18", 1, [], []));
    expect(await openDays(phone.store, TODAY)).toEqual([TODAY]);
    expect((await closeOf(phone.store, "2026-11-18"))?.day).toBe("2026-11-19");
  });

  it("stay open where the office has not booked the close", async () => {
    await on("2026-11-18", aReading(1));
    await on("2026-11-18", closeDay("2026-11-18", 1, [], []));
    server.judge = ({ type }) => (type === "day.close" ? "quarantined" : "applied");
    await phone.sender.sync();
    expect(await openDays(phone.store, TODAY)).toEqual([TODAY, "2026-11-18"]);
    const close = await closeOf(phone.store, "2026-11-18");
    expect(close && standing(close)).toBe(false);
  });
});

it("the close of a day is the last one that names it", async () => {
  const day = businessDay();
  expect(await closeOf(phone.store, day)).toBeNull();
  await phone.capture(closeDay(day, 1, [], [{ method: "CASH", amount: 100 }]));
  await phone.capture(closeDay("2026-11-01", 1, [], []), closeDay(day, 1, [], [{ method: "CASH", amount: 250 }]));
  expect((await closeOf(phone.store, day))?.payload.money).toEqual([{ method: "CASH", amount: "2.50" }]);
});

describe("what came of a count", () => {
  const known = (id: number, key: string, status = "PENDING") =>
    ({ id, client_temp_id: key, status, counts: [], money: [], variances: [] }) as unknown as DayClose;
  const count = (key: string, entity: DayClose | null) =>
    ({ client_temp_id: key, result: entity && { id: entity.id, entity } }) as unknown as Operation<"day.close">;

  it("is as the server said it, and as it says it by now", () => {
    const close = count("a", known(5, "a"));
    expect(outcomeOf(close, null)).toMatchObject({ known: { status: "PENDING" }, isFirst: false });
    expect(outcomeOf(close, known(5, "a", "APPROVED"))).toMatchObject({ known: { status: "APPROVED" } });
  });

  it("is not known of a second one that has no answer yet, whatever was said of the first", () => {
    expect(outcomeOf(count("b", null), known(5, "a"))).toBeNull();
    expect(outcomeOf(count("b", known(6, "b")), known(5, "a"))).toMatchObject({ known: { id: 6 }, isFirst: false });
  });

  it("is told as that of the first where the first stays", () => {
    expect(outcomeOf(count("b", known(5, "a")), null)).toMatchObject({ known: { id: 5 }, isFirst: true });
  });
});

it("the close of a day is found without a look at what was recorded before it", async () => {
  await on("2026-11-01", ...[1, 2, 3].map(aReading));
  const [kept] = await on("2026-11-18", closeDay("2026-11-17", 1, [], []));
  let read = 0;
  phone.store.operations.hook("reading", (row) => {
    read += 1;
    return row;
  });
  expect((await closeOf(phone.store, "2026-11-17"))?.seq).toBe(kept?.seq);
  expect(read).toBe(1);
});

it("what was counted leaves out what is not there", () => {
  expect(counted({ [countKey(3, "FULL")]: 4, [countKey(3, "EMPTY")]: 0, [countKey(7, "DAMAGED")]: 1 })).toEqual([
    { equipment: 3, condition: "FULL", quantity: 4 },
    { equipment: 7, condition: "DAMAGED", quantity: 1 },
  ]);
});

it("money is read as people type it, or not at all", () => {
  expect(carried({ CASH: " 1,240.50 ", PAYNOW: "", CARD: "0" })).toEqual([{ method: "CASH", amount: 124_050 }]);
  expect(carried({})).toEqual([]);
  expect(carried({ CASH: "240.505" })).toBeNull();
  expect(carried({ CASH: "many", PAYNOW: "20" })).toBeNull();
});

it("differences are told cause by cause, each with what it is about", () => {
  const row = { equipment: 3, equipment_name: "14 kg cylinder", quantity: 2, expected: 3 };
  const close = {
    counts: [
      { ...row, condition: "FULL", difference: -1 },
      { ...row, condition: "EMPTY", difference: 0 },
    ],
    money: [
      { method: "CASH", amount: "70.00", expected: "50.00", difference: "20.00" },
      { method: "PAYNOW", amount: "0.00", expected: "20.00", difference: "-20.00" },
    ],
    variances: [
      {
        likely_cause: "delivery_not_recorded",
        words: "…",
        counts: [{ equipment: 3, condition: "FULL" }],
        methods: [],
      },
      { likely_cause: "methods_mixed_up", words: "…", counts: [], methods: ["CASH", "PAYNOW"] },
    ],
  } as unknown as DayClose;
  expect(outcomeOf({ result: { entity: close } } as never, null)?.differences).toEqual([
    {
      cause: "delivery_not_recorded",
      words: "…",
      stock: [{ name: "14 kg cylinder", condition: "FULL", difference: -1 }],
      money: [],
    },
    {
      cause: "methods_mixed_up",
      words: "…",
      stock: [],
      money: [
        { method: "CASH", difference: 2000 },
        { method: "PAYNOW", difference: -2000 },
      ],
    },
  ]);
});
