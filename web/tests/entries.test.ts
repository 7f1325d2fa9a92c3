import { beforeEach, describe, expect, it } from "vitest";
import { awaited, called, entries, notesOf } from "../src/core/entries";
import { closeDay, collect, emailInvoice, payment, sale } from "../src/core/operations";
import { append, newKey } from "../src/core/queue";
import type { Operation } from "../src/core/store";
import { words } from "../src/words";
import { freshDisk, Pocket } from "./phones";
import { Server } from "./server";

Object.assign(globalThis, {
  document: { addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
});

const SHOWN = { total: 7600, document: { subtotal: 7600, tax: 0, total: 7600 }, pending: false, meter: null };

let server: Server;
let phone: Pocket;

beforeEach(async () => {
  freshDisk();
  server = new Server();
  server.rows = { customers: [{ id: 1, name: "Kopi & Toast" }], meters: [{ id: 1, customer: 1 }] };
  phone = await Pocket.open(server);
  await phone.sender.sync();
});

it("each entry says whose it is, what it comes to, and of how many", async () => {
  const [load, key] = [newKey(), newKey()];
  await append(phone.store, collect(1, [{ equipment: 3, quantity: 40, kind: "COLLECTION" }], load), [load]);
  const sold = sale({ customer: 1, items: [{ type: "DELIVERY", equipment: 3, quantity: 2 }] }, SHOWN);
  await append(phone.store, [sold, emailInvoice({ client_temp_id: key })], [key]);
  await append(phone.store, [
    payment(1, { method: "CASH", amount: 500 }),
    { type: "meter.read", payload: { meter: 1, reading: "5.000" } },
  ]);
  const { toSend, ...rest } = await entries(phone.store);
  expect(toSend.map((one) => [one.operation.type, one.customer, one.amount, one.pieces])).toEqual([
    ["distribution.create", "", null, 40],
    ["distribution.confirm", "", null, 0],
    ["transaction.create", "Kopi & Toast", 7600, 0],
    ["invoice.email", "Kopi & Toast", null, 0],
    ["payment.create", "Kopi & Toast", 500, 0],
    ["meter.read", "Kopi & Toast", null, 0],
  ]);
  expect(rest).toEqual({ toDecide: [], noted: [], done: [] });
});

it("each stands where it belongs, and none is lost", async () => {
  const judgements = ["applied", "applied_with_exception", "quarantined", "blocked", "mismatch"] as const;
  await phone.capture(...judgements.map((_, at) => payment(1, { method: "CASH", amount: 100 + at })));
  let at = 0;
  server.judge = () => judgements[at++] ?? "applied";
  await phone.sender.sync();
  await phone.capture(payment(1, { method: "CASH", amount: 999 }));
  const { toSend, toDecide, noted, done } = await entries(phone.store);
  const amounts = (some: typeof toSend) => some.map((one) => one.amount);
  expect([amounts(toSend), amounts(noted), amounts(done)]).toEqual([[999], [101], [100]]);
  expect(toDecide.map((one) => [one.amount, one.operation.state])).toEqual([
    [104, "parked"],
    [103, "blocked"],
    [102, "quarantined"],
  ]);
});

it("what the office says is told whole", () => {
  const result = (error: unknown) => ({ result: { error } }) as unknown as Operation;
  const more = [{ code: "surplus_return", detail: "9 came back" }];
  expect(notesOf(result({ code: "short_stock", detail: "4 were taken", more }))).toEqual([
    { code: "short_stock", detail: "4 were taken" },
    { code: "surplus_return", detail: "9 came back" },
  ]);
  expect([notesOf(result(null)), notesOf({ result: null })]).toEqual([[], []]);
});

it("whose it is stays known when the customer has left this phone, and so does why it is kept back", async () => {
  await phone.capture(payment(1, { method: "CASH", amount: 500 }));
  await phone.store.customers.clear();
  const { toSend } = await entries(phone.store);
  expect(toSend.map((one) => one.customer)).toEqual(["Kopi & Toast"]);
  const error = { code: "invalid", detail: "customer: There is no such entry.", errors: { customer: ["…"] } };
  expect(notesOf({ result: { error } } as unknown as Operation)).toEqual([{ code: "other_depot", detail: "" }]);
});

describe("what is waited for", () => {
  const left = async (operation: Operation | undefined, error: object) => {
    const blocked = { ...operation, result: { error: { code: "blocked", detail: "", ...error } } };
    return (await awaited(phone.store, blocked as Operation)).map(({ why, n, which }) => [
      why,
      n,
      which.map((one) => one.seq),
    ]);
  };

  it("is what is named, where it is known here", async () => {
    const [first, , last] = await phone.capture(...[1, 2, 3].map((amount) => payment(1, { method: "CASH", amount })));
    expect(await left(last, { waits_for: [first?.client_temp_id] })).toEqual([["named", 1, [1]]]);
    expect(await left(last, { waits_for: ["elsewhere"] })).toEqual([["named", 1, []]]);
    expect(await awaited(phone.store, last as Operation)).toEqual([]);
  });

  it("of the end of a day is all before it that the office has not got, or not settled", async () => {
    const judgements = ["applied", "blocked", "quarantined", "mismatch", "applied"] as const;
    await phone.capture(
      ...judgements.map((_, at) => payment(1, { method: "CASH", amount: 100 + at })),
      { type: "transaction.create", payload: { customer: 1, remarks: "x".repeat(262_000) } }, // too large to be sent
    );
    let at = 0;
    server.judge = () => judgements[at++] ?? "applied";
    await phone.sender.sync();
    server.fate = () => "lost";
    await phone.capture(payment(1, { method: "CASH", amount: 900 }), payment(1, { method: "CASH", amount: 901 }));
    const [close] = await phone.capture(closeDay("2026-11-20", 1, [], []));
    await phone.capture(payment(1, { method: "CASH", amount: 902 })); // after it
    expect(close?.seq).toBe(9);
    expect(await left(close, { waits_for: [], missing: 3, blocked: 1, quarantined: 2 })).toEqual([
      ["missing", 3, [6, 7, 8]],
      ["blocked", 1, [2]],
      ["quarantined", 2, [3, 4]],
    ]);
    expect(await left(close, { waits_for: [], missing: 0, blocked: 0, quarantined: 1 })).toEqual([
      ["quarantined", 1, []], // one of the two is decided by now: which, this phone cannot know
    ]);
  });

  it("is called as the outbox calls it, from one to the last of a row", () => {
    const these = [3, 5, 6, 7].map((seq) => ({ seq }));
    expect(called("5f0f3a7e", these)).toBe("5F0F-3, 5F0F-5 – 5F0F-7");
    expect(called("5f0f3a7e", [])).toBe("");
  });
});

it("everything is said in both languages, with the same blanks", () => {
  const blanks = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((found) => found[1]))].sort();
  for (const [key, { en, zh }] of Object.entries(words)) {
    expect([en, zh].every(Boolean), key).toBe(true);
    expect(blanks(zh), key).toEqual(blanks(en));
  }
});
