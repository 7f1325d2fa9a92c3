import { beforeEach, describe, expect, it } from "vitest";
import type { CustomerRate, Equipment } from "../src/api/types";
import { businessDay } from "../src/core/clock";
import { collect, payment, readMeter, type SaleDraft, sale } from "../src/core/operations";
import { append, newKey, reference } from "../src/core/queue";
import { type PriceList, price, rateOn } from "../src/core/sale";
import {
  documents,
  heldBy,
  metersOf,
  moneyToday,
  openInvoices,
  outbox,
  pendingDistributions,
  priceList,
  truckStock,
} from "../src/core/view";
import { CUSTOMER, freshDisk, Pocket } from "./phones";
import { Server } from "./server";

Object.assign(globalThis, {
  document: { addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
});

const CYLINDER = {
  id: 3,
  sku: "CYL-14",
  name: "14 kg cylinder",
  equipment_type: "CYLINDER",
  weight_kg: "14.00",
  default_rate: "38.0000",
  is_active: true,
} satisfies Equipment;
const PLACE = { place: 1, place_name: "", depot: null, equipment: 3, equipment_name: "14 kg cylinder" };
const ROWS = {
  equipment: [CYLINDER],
  customers: [CUSTOMER],
  rates: [
    {
      id: 8,
      customer: 1,
      equipment: null,
      rate: "2.3500",
      effective_from: "2020-01-01",
      created_at: "2020-01-01T00:00:00+08:00",
    },
  ],
  meters: [
    {
      id: 4,
      customer: 1,
      serial_no: "G4-1",
      digits: 5,
      equipment: null,
      current_reading: "100.000",
      last_billed_reading: "100.000",
      unbilled_usage: "0.000",
      installed_on: "2026-01-01",
      removed_on: null,
    },
  ],
  inventories: [
    { ...PLACE, id: 1, type: "truck", vehicle: 1, customer: null, condition: "FULL", quantity: 3 },
    { ...PLACE, id: 2, type: "customer", vehicle: null, customer: 1, condition: null, quantity: 2 },
  ],
  open_invoices: [
    { id: 11, invoice_number: "INV-2026-000011", date: "2026-11-01", balance_due: "50.00", customer: 1 },
    { id: 12, invoice_number: "INV-2026-000012", date: "2026-11-02", balance_due: "30.00", customer: 1 },
  ],
};

let server: Server;
let phone: Pocket;

beforeEach(async () => {
  freshDisk();
  server = new Server();
  server.rows = ROWS;
  phone = await Pocket.open(server);
  await phone.sender.sync();
  server.fate = () => "lost"; // from here on without a network
});

async function sell(draft: SaleDraft) {
  const list = (await priceList(phone.store, draft.customer)) as PriceList;
  const [kept] = await append(phone.store, [sale(draft, price(list, draft, businessDay()).shown)]);
  return kept?.client_temp_id ?? "";
}

const DELIVERED = { type: "DELIVERY" as const, equipment: 3, quantity: 2 };

describe("what the phone shows is what was pulled and what was captured since", () => {
  it("stock: loaded, sold, brought back", async () => {
    const key = newKey();
    await append(phone.store, collect(1, [{ equipment: 3, quantity: 10, kind: "COLLECTION" }], key), [key]);
    await sell({ customer: 1, items: [DELIVERED, { type: "EMPTY_RETURN", equipment: 3, quantity: 1 }] });
    expect(await truckStock(phone.store)).toEqual([
      { equipment: 3, name: "14 kg cylinder", type: "CYLINDER", FULL: 11, EMPTY: 1, DAMAGED: 0 },
    ]);
    expect(await heldBy(phone.store, 1)).toEqual([{ equipment: 3, name: "14 kg cylinder", quantity: 3 }]);
  });

  it("stock: never below nothing, as the server makes up what is short", async () => {
    await sell({
      customer: 1,
      items: [
        { ...DELIVERED, quantity: 5 },
        { type: "EMPTY_RETURN", equipment: 3, quantity: 9 },
      ],
    });
    await sell({ customer: 1, items: [{ type: "FULL_RETURN", equipment: 3, quantity: 1 }] });
    expect((await truckStock(phone.store))[0]).toMatchObject({ FULL: 1, EMPTY: 9 });
    expect(await heldBy(phone.store, 1)).toEqual([]);
  });

  it("distributions that wait, until they are confirmed", async () => {
    const [made, confirmed] = collect(1, [{ equipment: 3, quantity: 4, kind: "COLLECTION" }], "key-1");
    if (!made || !confirmed) throw new Error("two are made");
    await append(phone.store, [made], ["key-1"]);
    expect(await pendingDistributions(phone.store)).toMatchObject([{ named: { client_temp_id: "key-1" }, depot: 1 }]);
    expect((await truckStock(phone.store))[0]?.FULL).toBe(3);
    await append(phone.store, [confirmed, confirmed]);
    expect(await pendingDistributions(phone.store)).toEqual([]);
    expect((await truckStock(phone.store))[0]?.FULL).toBe(7);
  });

  it("meters: the last reading, and what no sale has billed", async () => {
    await append(phone.store, [readMeter(4, 110_000), readMeter(4, 90_000)]);
    expect(await metersOf(phone.store, 1)).toMatchObject([{ reading: 110_000, unbilled: 10_000 }]);
    await sell({ customer: 1, items: [], reading: { meter: 4, value: 115_000 } });
    expect(await metersOf(phone.store, 1)).toMatchObject([{ reading: 115_000, unbilled: 0 }]);
    const [shown] = await documents(phone.store);
    expect(shown?.total).toBe(3525); // 15 units at 2.35: with what was not billed before
  });

  it("meters: what others have read or replaced, and no sale has billed", async () => {
    const [meter] = ROWS.meters;
    server.rows = { meters: [{ ...meter, last_billed_reading: "996.500", unbilled_usage: "12.500" }] };
    server.fate = () => null;
    await phone.sender.sync();
    expect(await metersOf(phone.store, 1)).toMatchObject([{ reading: 100_000, billed: 996_500, unbilled: 12_500 }]);
    await append(phone.store, [readMeter(4, 110_000)]);
    expect(await metersOf(phone.store, 1)).toMatchObject([{ reading: 110_000, billed: 996_500, unbilled: 22_500 }]);
    await sell({ customer: 1, items: [], reading: { meter: 4, value: 115_000 } });
    const [sold] = await phone.all().then((all) => all.slice(-1));
    expect(sold?.shown).toMatchObject({ meter: { previous: 996_500, current: 115_000, usage: 27_500 } });
    expect(await metersOf(phone.store, 1)).toMatchObject([{ reading: 115_000, billed: 115_000, unbilled: 0 }]);
  });

  it("money of the day: what was pulled and what was captured since, each once", async () => {
    await append(phone.store, [payment(1, { method: "CASH", amount: 500 })]);
    const [captured] = await phone.all();
    const day = businessDay();
    const row = {
      id: 1,
      method: "CASH",
      received_at: `${day}T08:00:00+08:00`,
      reversed_at: null,
      client_temp_id: null,
    };
    server.fate = () => null;
    server.rows = {
      payments: [
        { ...row, amount: "5.00", client_temp_id: captured?.client_temp_id },
        { ...row, id: 2, amount: "70.00", method: "PAYNOW" },
        { ...row, id: 3, amount: "9.00", reversed_at: `${day}T09:00:00+08:00` },
        { ...row, id: 4, amount: "8.00", received_at: "2020-01-01T23:59:59+08:00" },
      ],
    };
    await phone.sender.sync();
    server.fate = () => "lost";
    await append(phone.store, [payment(1, { method: "CASH", amount: 25 })]);
    expect(await moneyToday(phone.store)).toEqual([
      { method: "CASH", amount: 525 },
      { method: "PAYNOW", amount: 7000 },
    ]);
    expect(await moneyToday(phone.store, "2020-01-01")).toEqual([{ method: "CASH", amount: 800 }]);
  });

  it("a payment that was kept back is done once its row is pulled", async () => {
    await append(phone.store, [payment(1, { method: "CASH", amount: 500 })]);
    const [captured] = await phone.all();
    server.fate = () => null;
    server.judge = () => "quarantined";
    await phone.sender.sync();
    expect(await phone.states()).toEqual(["quarantined"]);
    const row = { id: 7, payment_number: "RCP-2026-000007", method: "CASH", amount: "5.00", reversed_at: null };
    const received_at = `${businessDay()}T08:00:00+08:00`;
    server.rows = { payments: [{ ...row, received_at, client_temp_id: captured?.client_temp_id }] };
    await phone.sender.sync();
    expect(await phone.all()).toMatchObject([{ state: "applied", counts: 0, result: { number: "RCP-2026-000007" } }]);
    expect(await moneyToday(phone.store)).toEqual([{ method: "CASH", amount: 500 }]);
  });

  it("what is owed, as the credit limit is judged", async () => {
    const owes = async () => (await priceList(phone.store, 1))?.owes;
    expect(await owes()).toBe(8000);
    server.rows = { credits: [{ id: 1, credit: "11.00", waits: "20.50" }] };
    server.fate = () => null;
    await phone.sender.sync();
    expect(await owes()).toBe(8950);
    server.fate = () => "lost";
    await sell({ customer: 1, items: [DELIVERED], payment: { method: "CASH", amount: 1000 } });
    expect(await owes()).toBe(8950 + 7600 - 1000);
    await append(phone.store, [payment(1, { method: "CASH", amount: 100_000 })]); // what is over stays as credit
    expect(await owes()).toBe(8950 + 7600 - 1000 - 100_000);
  });

  it("money of the day, by method", async () => {
    await sell({ customer: 1, items: [DELIVERED], payment: { method: "PAYNOW", amount: 7600 } });
    await append(phone.store, [
      payment(1, { method: "CASH", amount: 500 }),
      payment(1, { method: "CASH", amount: 25 }),
    ]);
    expect(await moneyToday(phone.store)).toEqual([
      { method: "CASH", amount: 525 },
      { method: "PAYNOW", amount: 7600 },
    ]);
    expect(await moneyToday(phone.store, "2020-01-01")).toEqual([]);
  });

  it("open invoices: the oldest are paid first, a sale of just now can be paid by its key", async () => {
    const key = await sell({ customer: 1, items: [DELIVERED], payment: { method: "CASH", amount: 6000 } });
    await append(phone.store, [payment(1, { method: "CASH", amount: 6000 })]);
    await append(phone.store, [payment(1, { method: "CASH", amount: 600 }, [{ client_temp_id: key }])]);
    const open = await openInvoices(phone.store, 1);
    expect(open.map((one) => [one.id, one.client_temp_id, one.balance_due])).toEqual([
      [12, null, 2000],
      [null, key, 1000],
    ]);
  });

  it("nothing twice: once it is pulled, the queue does not count any more", async () => {
    await sell({ customer: 1, items: [DELIVERED] });
    const before = await truckStock(phone.store);
    const [operation] = await phone.all();
    server.fate = () => null;
    const [truck, site] = ROWS.inventories;
    server.rows = {
      inventories: [
        { ...truck, quantity: 1 },
        { ...site, quantity: 4 },
      ],
    };
    await phone.sender.sync();
    expect(await truckStock(phone.store)).toEqual(before);
    expect((await phone.all())[0]).toMatchObject({
      client_temp_id: operation?.client_temp_id,
      counts: 0,
      state: "applied",
    });
  });

  it("what the server has not booked does not count, and asks for a look", async () => {
    await sell({ customer: 1, items: [DELIVERED], payment: { method: "CASH", amount: 7600 } });
    server.fate = () => null;
    server.judge = () => "quarantined";
    await phone.sender.sync();
    expect((await truckStock(phone.store))[0]?.FULL).toBe(3);
    expect(await moneyToday(phone.store)).toEqual([]);
    expect(await outbox(phone.store)).toMatchObject({ waiting: 0, attention: 1, noted: 0 });
    await phone.store.operations.toCollection().modify({ state: "decided" });
    expect(await outbox(phone.store)).toMatchObject({ waiting: 0, attention: 0, noted: 1 });
    await phone.store.operations.toCollection().modify({ day: "2026-01-01" }); // of long ago
    expect(await outbox(phone.store)).toMatchObject({ noted: 0 });
  });

  it("documents of the day, by a provisional reference until there is a number", async () => {
    const key = await sell({ customer: 1, items: [DELIVERED] });
    const device = (await phone.store.fact("device_id")) ?? "";
    const [waiting] = await documents(phone.store);
    expect(waiting).toMatchObject({ key, number: null, reference: reference(device, { seq: 1 }), total: 7600 });
    expect(waiting?.customer_name).toBe(CUSTOMER.name);
    server.fate = () => null;
    await phone.sender.sync();
    expect((await documents(phone.store)).map((one) => [one.key, one.number])).toEqual([[key, "N-1"]]);
  });
});

describe("a long pull", () => {
  it("shows nothing until it is whole, and goes on where it broke off", async () => {
    const pages = ["a", "b", "c"].map((cursor, at) => ({ cursor, has_more: at < 2, reset_required: at === 0 }));
    const asked: string[] = [];
    let breaks = true;
    const { send } = server;
    server.fate = () => null;
    Object.assign(server, {
      send: async (request: Request) => {
        const { pathname, searchParams } = new URL(request.url);
        if (!pathname.endsWith("/pull/")) return send(request);
        const cursor = searchParams.get("cursor") ?? "";
        asked.push(cursor);
        if (cursor === "b" && breaks) throw new TypeError("lost");
        const page = pages["xab".indexOf(cursor[0] ?? "x") < 0 ? 0 : "cab".indexOf(cursor[0] ?? "c")] ?? pages[0];
        const told = await (await send(request)).json();
        const customers = [{ ...CUSTOMER, id: 100 + asked.length }];
        return Response.json({ ...told, ...page, changes: { ...told.changes, customers } });
      },
    });
    phone = await Pocket.open(server);
    await phone.sender.sync();
    expect(await phone.store.customers.toCollection().primaryKeys()).toEqual([1]);
    breaks = false;
    await phone.sender.sync();
    expect(asked).toEqual(["c1", "a", "b", "b"]);
    expect(await phone.store.customers.toCollection().primaryKeys()).toEqual([101, 102, 104]);
    expect([await phone.store.laid.count(), await phone.store.fact("cursor")]).toEqual([0, "c"]);
  });

  it("of a whole new copy writes only what differs", async () => {
    const customers = [1, 2, 3].map((id) => ({ ...CUSTOMER, id }));
    const { send } = server;
    server.fate = () => null;
    server.rows.customers = customers;
    await phone.sender.sync();
    server.rows.customers = [customers[0], { ...CUSTOMER, id: 2, name: "Moved" }, { ...CUSTOMER, id: 4 }];
    Object.assign(server, {
      send: async (request: Request) => {
        const answer = await send(request);
        if (!request.url.includes("/pull/")) return answer;
        return Response.json({ ...(await answer.json()), reset_required: true });
      },
    });
    phone = await Pocket.open(server);
    const written: string[] = [];
    phone.store.customers.hook("creating", (id) => void written.push(`new ${id}`));
    phone.store.customers.hook("updating", (_, id) => void written.push(`other ${id}`));
    phone.store.customers.hook("deleting", (id) => void written.push(`gone ${id}`));
    await phone.sender.sync();
    expect(written).toEqual(["gone 3", "other 2", "new 4"]);
    expect((await phone.store.customers.toArray()).map((one) => one.name)).toEqual([
      CUSTOMER.name,
      "Moved",
      CUSTOMER.name,
    ]);
  });
});

describe("the price of a sale", () => {
  const rate = (id: number, equipment: number | null, of: string, effective_from: string): CustomerRate => {
    return { id, customer: 1, equipment, rate: of, effective_from, created_at: "" };
  };
  const meter = {
    id: 4,
    serial_no: "G4-1",
    digits: 5,
    reading: 100_000,
    billed: 100_000,
    unbilled: 0,
    typical: 1000,
    since: "2026-11-10T00:00:00+08:00",
  };
  const list: PriceList = {
    customer: { ...CUSTOMER, payment_type: "CREDIT", credit_limit: "100.00" },
    rates: [
      rate(1, 3, "36.0000", "2026-01-01"),
      rate(2, 3, "35.0000", "2026-12-01"),
      rate(3, null, "2.0000", "2026-01-01"),
    ],
    equipment: new Map([[3, CYLINDER]]),
    meters: [meter],
    company: null,
    owes: 0,
  };
  const day = "2026-11-20";
  const at = Date.parse("2026-11-20T00:00:00+08:00");
  const read = (value: number, rollover = false) =>
    price(list, { customer: 1, items: [], reading: { meter: 4, value, rollover } }, day, at).meter;

  it("takes the customer's own rate of that day, else the default one", () => {
    expect([rateOn(list, 3, day), rateOn(list, 3, "2026-12-01"), rateOn(list, 3, "2025-12-31")]).toEqual([
      360_000, 350_000, 380_000,
    ]);
    const twice = { ...list, rates: [rate(5, 3, "33.0000", "2026-02-01"), rate(4, 3, "34.0000", "2026-02-01")] };
    expect(rateOn(twice, 3, day)).toBe(330_000); // of the same day the later row
    expect(rateOn(list, 99, day)).toBeNull();
  });

  it("says what needs approval, and what cannot be done", () => {
    const other = price(list, { customer: 1, items: [{ ...DELIVERED, rate: 350_000 }] }, day);
    expect([other.total, other.needsApproval]).toEqual([7000, ["rate_override"]]);
    const much = { ...DELIVERED, quantity: 3 };
    expect(price(list, { customer: 1, items: [much] }, day).needsApproval).toEqual(["credit_limit"]);
    const money = { method: "CASH" as const, amount: 800 };
    expect(price(list, { customer: 1, items: [much], payment: money }, day).needsApproval).toEqual([]);
    expect(price(list, { customer: 1, items: [{ ...DELIVERED, equipment: 99 }] }, day).problems).toEqual(["no_rate"]);
  });

  it("judges a reading by what is usual", () => {
    expect([read(110_000), read(101_000), read(150_000)].map((one) => one?.judgement)).toEqual(["ok", "low", "high"]);
    expect([read(99_000), read(100_000_000)].map((one) => [one?.judgement, one?.problem])).toEqual([
      ["lower", "lower"],
      ["outside", "outside"],
    ]);
    expect(read(500, true)).toMatchObject({ usage: 99_900_500, problem: null });
  });

  it("bills neither a reading that does not fit nor what was left at zero", () => {
    const draft: SaleDraft = { customer: 1, items: [{ ...DELIVERED, quantity: 0 }], reading: { meter: 4, value: 1 } };
    const priced = price(list, draft, day);
    expect([priced.total, priced.lines]).toEqual([0, []]);
    expect(sale(draft, priced.shown).payload).toMatchObject({ items: [] });
  });
});
