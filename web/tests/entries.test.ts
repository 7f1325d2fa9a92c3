import { beforeEach, expect, it } from "vitest";
import { entries, notesOf, waitsFor } from "../src/core/entries";
import { collect, emailInvoice, payment, sale } from "../src/core/operations";
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

it("what the office says is told whole, and what is waited for is known", () => {
  const result = (error: unknown) => ({ result: { error } }) as unknown as Operation;
  const more = [{ code: "surplus_return", detail: "9 came back" }];
  expect(notesOf(result({ code: "short_stock", detail: "4 were taken", more }))).toEqual([
    { code: "short_stock", detail: "4 were taken" },
    { code: "surplus_return", detail: "9 came back" },
  ]);
  expect(waitsFor(result({ code: "blocked", detail: "", waits_for: ["a"] }))).toEqual(["a"]);
  expect([notesOf(result(null)), waitsFor(result(null)), notesOf({ result: null })]).toEqual([[], [], []]);
});

it("everything is said in both languages, with the same blanks", () => {
  const blanks = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((found) => found[1]))].sort();
  for (const [key, { en, zh }] of Object.entries(words)) {
    expect([en, zh].every(Boolean), key).toBe(true);
    expect(blanks(zh), key).toEqual(blanks(en));
  }
});
