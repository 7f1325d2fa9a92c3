import { beforeEach, describe, expect, it } from "vitest";
import type { Customer, Equipment, Result } from "../src/api/types";
import { businessDay } from "../src/core/clock";
import { payment } from "../src/core/operations";
import { append } from "../src/core/queue";
import { type Receipt, receiptLines, receiptOf, receiptText } from "../src/core/receipt";
import { type PriceList, price } from "../src/core/sale";
import {
  blankSale,
  cashed,
  counted,
  draftOf,
  isBlank,
  likelyCash,
  nextReference,
  noPayment,
  payingOf,
  recordOf,
  recounted,
  rerated,
  type SaleForm,
  stopOf,
  takenOf,
  warningsOf,
} from "../src/core/selling";
import { documentsOf, openInvoices, priceList } from "../src/core/view";
import { type Key, said } from "../src/words/language";
import { freshDisk, Pocket } from "./phones";
import { Server } from "./server";

Object.assign(globalThis, {
  document: { addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
});

const say = (key: Key, facts?: Record<string, string | number>) => said("en", key, facts);
const DAY = businessDay();

const CYLINDER: Equipment = {
  id: 3,
  sku: "CYL-14",
  name: "14 kg cylinder",
  equipment_type: "CYLINDER",
  weight_kg: "14.00",
  default_rate: "38.0000",
  is_active: true,
};
const SIZE_50: Equipment = { ...CYLINDER, id: 5, sku: "CYL-50", name: "50 kg cylinder (L)", default_rate: null };
const CUSTOMER: Customer = {
  id: 1,
  customer_code: "C-0001",
  name: "Kopi & Toast",
  address: "Blk 226 Ang Mo Kio Ave 1",
  postal_code: "560226",
  payment_type: "CREDIT",
  credit_limit: "100.00",
  depot: 1,
  meter_rate: "2.0000",
  is_meter_installed: true,
  last_meter_reading: "100.000",
};
const METER = {
  id: 4,
  serial_no: "G4-1",
  digits: 5,
  reading: 100_000,
  billed: 100_000,
  unbilled: 0,
  typical: null,
  since: null,
};
const LIST: PriceList = {
  customer: CUSTOMER,
  rates: [{ id: 1, customer: 1, equipment: null, rate: "2.0000", effective_from: "2020-01-01", created_at: "" }],
  equipment: new Map([
    [3, CYLINDER],
    [5, SIZE_50],
  ]),
  meters: [METER],
  company: null,
  owes: 0,
};
const OUT = { type: "DELIVERY", equipment: 3 } as const;
const BACK = { type: "EMPTY_RETURN", equipment: 3 } as const;
const form = (with_: Partial<SaleForm>): SaleForm => ({ ...blankSale(), ...with_ });
const priced = (one: SaleForm, list = LIST) => price(list, draftOf(one, list), DAY);

describe("a sale that is put together", () => {
  it("counts fulls and empties of a size apart, and what is broken apart from both", () => {
    let items = recounted([], OUT, 2);
    items = recounted(items, BACK, 1);
    items = recounted(items, { ...BACK, condition: "DAMAGED" }, 4);
    items = recounted(items, OUT, 5);
    expect([counted(items, OUT), counted(items, BACK), counted(items, { ...BACK, condition: "DAMAGED" })]).toEqual([
      5, 1, 4,
    ]);
    expect(items).toHaveLength(3);
  });

  it("is begun once there is something in it", () => {
    expect(isBlank(blankSale())).toBe(true);
    expect(isBlank(form({ items: recounted([], OUT, 0), typed: " " }))).toBe(true);
    expect(isBlank(form({ items: recounted([], OUT, 1) }))).toBe(false);
    expect(isBlank(form({ typed: "1" }))).toBe(false);
  });

  it("is paid as was chosen, also after the app was loaded anew, and else as the customer does", () => {
    const blank = form({});
    expect([payingOf(blank, CUSTOMER).way, payingOf(blank, { payment_type: "CASH" }).way]).toEqual(["LATER", "CASH"]);
    const chosen = { ...noPayment("CASH"), cash: "50" };
    const again: SaleForm = JSON.parse(JSON.stringify({ ...blank, paying: chosen })); // as useKept keeps it
    expect(payingOf(again, CUSTOMER)).toEqual(chosen);
    const { paying: _, ...older } = blank; // begun before an update of the app
    expect(payingOf(older as SaleForm, CUSTOMER).way).toBe("LATER");
  });

  it("says why it cannot be saved yet", () => {
    const stop = (with_: Partial<SaleForm>, list = LIST) => stopOf(form(with_), priced(form(with_), list));
    expect(stop({})).toBe("empty");
    expect(stop({ items: recounted([], OUT, 1) })).toBeNull();
    expect(stop({ typed: "12o" })).toBe("reading");
    expect(stop({ typed: "100000" })).toBe("outside");
    expect(stop({ typed: "110", rollover: true })).toBe("outside");
    expect(stop({ typed: "110" }, { ...LIST, rates: [] })).toBe("no_gas_rate");
    expect(stop({ items: recounted([], { ...OUT, equipment: 5 }, 1) })).toBe("no_rate");
    const free = rerated(recounted([], { ...OUT, equipment: 5 }, 1), { ...OUT, equipment: 5 }, 0);
    expect(stop({ items: free })).toBeNull();
  });

  it("keeps a reading below the last one: it is a fact that bills nothing", () => {
    const lower = form({ items: recounted([], OUT, 1), typed: "90" });
    expect([stopOf(lower, priced(lower)), priced(lower).total]).toEqual([null, 3800]);
    expect(priced({ ...lower, rollover: true }).meter?.usage).toBe(99_990_000);
  });

  it("reads the meter that was chosen, else the first", () => {
    const two = { ...LIST, meters: [METER, { ...METER, id: 9, reading: 50_000 }] };
    const read = (meter: number | null) => priced(form({ typed: "120", meter }), two).meter;
    expect([read(null)?.meter.id, read(9)?.meter.id, read(9)?.usage]).toEqual([4, 9, 70_000]);
  });

  it("is captured with the rates that the customer was shown", () => {
    const one = form({ items: rerated(recounted(recounted([], OUT, 2), BACK, 1), OUT, 350_000), typed: "110" });
    const draft = draftOf(one, LIST, { method: "CASH", amount: 9000 });
    const sum = price(LIST, draft, DAY);
    expect([sum.total, sum.needsApproval]).toEqual([9000, ["rate_override"]]);
    expect(recordOf(draft, sum)).toMatchObject({
      payload: {
        items: [
          { item_type: "DELIVERY", equipment: 3, quantity: 2, rate: "35.0000" },
          { item_type: "EMPTY_RETURN", equipment: 3, quantity: 1 },
        ],
        meter: 4,
        current_meter_reading: "110.000",
        payment: { method: "CASH", amount: "90.00" },
      },
      shown: { total: 9000, pending: true },
    });
    const agreed = form({ items: recounted([], OUT, 1) });
    expect(recordOf(draftOf(agreed, LIST), priced(agreed))).toMatchObject({
      payload: { items: [{ rate: "38.0000" }] },
    });
  });

  it("shows on the receipt what the meter was billed to last, not what was read between", () => {
    const read = { ...LIST, meters: [{ ...METER, billed: 90_000, unbilled: 10_000 }] };
    expect(priced(form({ typed: "115" }), read).shown.meter).toMatchObject({ previous: 90_000, usage: 25_000 });
    const over = { ...LIST, meters: [{ ...METER, reading: 1_000, billed: 99_999_000, unbilled: 2_000 }] };
    expect(priced(form({ typed: "3" }), over).shown.meter).toMatchObject({ previous: 99_999_000, usage: 4_000 });
  });
});

describe("warnings", () => {
  const stock = [{ equipment: 3, name: "", type: "CYLINDER" as const, FULL: 3, EMPTY: 0, DAMAGED: 0 }];
  const held = [{ equipment: 3, name: "", quantity: 2 }];

  it("name what the truck lacks, and what the customer never had", () => {
    const items = recounted(recounted([], OUT, 4), BACK, 7);
    expect(warningsOf(items, LIST, stock, held)).toEqual([
      { kind: "truck", name: "14 kg cylinder", has: 3, needs: 4 },
      { kind: "site", name: "14 kg cylinder", has: 6, needs: 7 },
    ]);
  });

  it("count all that leaves and comes back of a size together", () => {
    const full = { type: "FULL_RETURN", equipment: 3 } as const;
    const items = recounted(recounted(recounted([], OUT, 3), BACK, 4), full, 1);
    expect(warningsOf(items, LIST, stock, held)).toEqual([]);
    expect(warningsOf(recounted(items, full, 2), LIST, stock, held)).toMatchObject([
      { kind: "site", has: 5, needs: 6 },
    ]);
  });

  it("say nothing of a truck to those who have none", () => {
    expect(warningsOf(recounted([], OUT, 9), LIST, null, held)).toEqual([]);
  });
});

describe("money at the door", () => {
  it("knows the change, what is kept, and what stays open", () => {
    expect(cashed(9540, 10000)).toEqual({ kept: 9540, change: 460, open: 0 });
    expect(cashed(9540, 5000)).toEqual({ kept: 5000, change: 0, open: 4540 });
    expect(cashed(0, 5000)).toEqual({ kept: 5000, change: 0, open: 0 });
  });

  it("offers the notes that people hand over", () => {
    expect([likelyCash(9540), likelyCash(10000), likelyCash(1), likelyCash(12001)]).toEqual([
      [10000],
      [],
      [1000, 5000, 10000],
      [13000, 15000, 20000],
    ]);
  });

  it("takes what is due where nothing was typed, and nothing where that is no amount", () => {
    const cash = noPayment("CASH");
    expect(takenOf(cash, 9540, "R-1")).toEqual({ method: "CASH", amount: 9540 });
    expect(takenOf({ ...cash, cash: "100" }, 9540, "R-1")).toEqual({ method: "CASH", amount: 9540 });
    expect(takenOf({ ...cash, cash: "1o" }, 9540, "R-1")).toBeUndefined();
    expect(takenOf(cash, 0, "R-1")).toBeUndefined();
    expect(takenOf({ ...cash, cash: "20" }, 0, "R-1")).toEqual({ method: "CASH", amount: 2000 });
    expect(takenOf(noPayment("LATER"), 9540, "R-1")).toBeNull();
  });

  it("names a PayNow payment as its code does, and a cheque by its number", () => {
    expect(takenOf(noPayment("PAYNOW"), 9540, "5F0F-3")).toEqual({
      method: "PAYNOW",
      amount: 9540,
      reference: "5F0F-3",
    });
    const cheque = { ...noPayment("OTHER"), amount: "40", reference: " 001234 " };
    expect(takenOf(cheque, 9540, "R-1")).toEqual({ method: "CHEQUE", amount: 4000, reference: "001234" });
  });
});

describe("a receipt", () => {
  let server: Server;
  let phone: Pocket;

  beforeEach(async () => {
    freshDisk();
    server = new Server();
    server.rows = {
      equipment: [CYLINDER],
      customers: [CUSTOMER],
      rates: LIST.rates,
      meters: [
        {
          id: 4,
          customer: 1,
          serial_no: "G4-1",
          digits: 5,
          equipment: null,
          current_reading: "100.000",
          unbilled_usage: "0.000",
          installed_on: "2026-01-01",
          removed_on: null,
        },
      ],
      open_invoices: [
        { id: 11, invoice_number: "INV-2026-000011", date: "2026-11-01", balance_due: "50.00", customer: 1 },
      ],
    };
    phone = await Pocket.open(server);
    await phone.sender.sync();
    server.fate = () => "lost"; // from here on without a network
  });

  async function sell(with_: Partial<SaleForm>, amount = 0): Promise<string> {
    const list = { ...((await priceList(phone.store, 1)) as PriceList) };
    const one = form(with_);
    const draft = draftOf(one, list, amount ? { method: "CASH", amount } : null);
    await append(phone.store, [recordOf(draft, price(list, draft, DAY))], [one.key]);
    return one.key;
  }
  const receipt = async (key: string) => (await receiptOf(phone.store, key)) as Receipt;
  const lines = async (key: string) => receiptText(receiptLines(await receipt(key), say, "en")).split("\n");

  it("says what was delivered, read and paid, under the reference that was foretold", async () => {
    const foretold = await nextReference(phone.store);
    const key = await sell({ items: recounted(recounted([], OUT, 2), BACK, 1), typed: "110" }, 5000);
    const shown = await receipt(key);
    expect(shown).toMatchObject({ number: foretold, provisional: true, state: "kept", total: 9600, due: 4600 });
    expect(shown.paid).toEqual({ method: "CASH", amount: 5000, reference: "" });
    expect(await lines(key)).toEqual(
      expect.arrayContaining([
        `Reference: ${foretold}`,
        "2 × 38.00: 76.00",
        "14 kg cylinder, taken back: × 1",
        "Gas, meter G4-1",
        "Reading: 100 → 110",
        "10 × 2.00: 20.00",
        "Total: S$96.00",
        "Paid · Cash: S$50.00",
        "To pay: S$46.00",
      ]),
    );
  });

  it("has a PayNow code of exactly what is due, until it is paid", async () => {
    const key = await sell({ items: recounted([], OUT, 2) }, 5000);
    const { number, paynow } = await receipt(key);
    expect(paynow).toContain("540526.00");
    expect(paynow).toContain(`0106${number}`);
    await append(phone.store, [payment(1, { method: "PAYNOW", amount: 2600 }, [{ client_temp_id: key }])]);
    expect(await receipt(key)).toMatchObject({ due: 0, paynow: "", paid: { amount: 7600, method: null } });
  });

  it("is a delivery note without a code while it waits for approval", async () => {
    const key = await sell({ items: recounted([], OUT, 9) });
    expect(await receipt(key)).toMatchObject({ state: "approval", paynow: "", due: 34200 });
    expect(await lines(key)).toContain("Delivery note");
  });

  it("of a payment names what it settles", async () => {
    const [made] = await append(phone.store, [payment(1, { method: "CASH", amount: 5000 }, [11])]);
    const key = made?.client_temp_id ?? "";
    expect(await receipt(key)).toMatchObject({ kind: "payment", total: 5000, settles: ["INV-2026-000011"], due: 0 });
    expect(await lines(key)).toEqual(expect.arrayContaining(["For: INV-2026-000011", "Paid · Cash: S$50.00"]));
    expect(await openInvoices(phone.store, 1)).toEqual([]);
  });

  it("of a payment keeps the numbers of what it settled, once that has left this phone", async () => {
    const key = await sell({ items: recounted([], OUT, 1) });
    const [kept] = await phone.all();
    const reference = (await receipt(key)).number;
    const named = [11, { client_temp_id: key }];
    const money = { method: "CASH", amount: 8800 } as const;
    const [made] = await append(phone.store, [payment(1, money, named, ["INV-2026-000011", reference])]);
    await phone.store.open_invoices.clear(); // paid, and of another driver
    expect((await receipt(made?.client_temp_id ?? "")).settles).toEqual(["INV-2026-000011", reference]);
    await phone.store.operations.update(kept?.seq ?? 0, { result: { number: "TRX-1" } as Result });
    expect((await receipt(made?.client_temp_id ?? "")).settles).toEqual(["INV-2026-000011", "TRX-1"]);
  });

  it("says that a person must decide where the server has not booked it", async () => {
    const key = await sell({ items: recounted([], OUT, 1) });
    server.fate = () => null;
    server.judge = () => "quarantined";
    await phone.sender.sync();
    expect(await receipt(key)).toMatchObject({ state: "undecided", due: 3800, paynow: "" });
  });

  it("shows the tax as the prices were agreed", async () => {
    const taxes = { percent: 90_000, subtotal: 3486, tax: 314, total: 3800 };
    const base = await receipt(await sell({ items: recounted([], OUT, 1) }));
    const text = (with_: Partial<Receipt>) => receiptText(receiptLines({ ...base, ...taxes, ...with_ }, say, "en"));
    expect(text({ inclusive: true })).toMatch(/Total: S\$38\.00\nIncludes 9 % GST: 3\.14/);
    expect(text({ inclusive: false })).toMatch(/Before GST: 34\.86\nGST 9 %: 3\.14\nTotal: S\$38\.00/);
  });

  it("of what this phone does not know is none", async () => {
    expect(await receiptOf(phone.store, "12345")).toBeNull();
  });

  it("is found among the customer's last sales", async () => {
    const key = await sell({ items: recounted([], OUT, 1) });
    expect((await documentsOf(phone.store, 1)).map((one) => [one.key, one.total])).toEqual([[key, 3800]]);
    expect(await documentsOf(phone.store, 2)).toEqual([]);
  });

  it("cannot be made twice of one sale", async () => {
    const one = form({ items: recounted([], OUT, 1) });
    const operation = recordOf(draftOf(one, LIST), priced(one));
    await append(phone.store, [operation], [one.key]);
    await expect(append(phone.store, [operation], [one.key])).rejects.toThrow();
    expect(await phone.all()).toHaveLength(1);
  });
});
