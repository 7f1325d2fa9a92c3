/** What a customer is given at the door: a sale or money received, on paper 58 mm wide or as a message. */
import type { Company, Customer, Invoice, Method, Sale, SaleItem, Transaction } from "../api/types";
import type { Say } from "../words/language";
import { businessDay, capturedAt, dayText, timeText } from "./clock";
import { type Cents, cents, gstPercent, lineAmount, money, type Rate, type Reading, rates, readings } from "./money";
import type { Named } from "./operations";
import { paynowCode } from "./paynow";
import { NOT_DONE, reference } from "./queue";
import { is } from "./stock";
import type { Operation, Store } from "./store";
import { openInvoices } from "./view";

export interface Receipt {
  kind: "sale" | "payment";
  state: "kept" | "done" | "approval" | "voided" | "undecided"; // kept: on this phone only
  number: string;
  provisional: boolean; // the number is: the server has given none yet
  day: string;
  time: string;
  company: Company | null;
  customer: Customer | null;
  driver: string;
  truck: string;
  lines: { name: string; back: boolean; quantity: number; rate: Rate | null; amount: Cents | null }[];
  meter: { serial_no: string; previous: Reading; current: Reading; usage: Reading; rate: Rate; amount: Cents } | null;
  subtotal: Cents;
  tax: Cents;
  percent: Rate;
  inclusive: boolean;
  total: Cents;
  paid: { method: Method | null; amount: Cents; reference: string } | null;
  due: Cents;
  settles: string[]; // of a payment: the documents that it was taken for
  paynow: string; // what the QR code says; empty: there is none
}

/** One line of a receipt, however it is shown. */
export type Line =
  | { kind: "middle" | "small" | "title" | "left"; text: string }
  | { kind: "row" | "sum"; text: string; amount: string }
  | { kind: "rule" }
  | { kind: "qr"; text: string; code: string };

/** Of a sale or a payment, by its client_temp_id; of a sale that this phone has not made, by its id. Null: unknown here. */
export async function receiptOf(store: Store, key: string): Promise<Receipt | null> {
  const operation = (await store.operations.where("client_temp_id").equals(key).first()) ?? null;
  if (operation && is(operation, "payment.create")) return ofPayment(store, operation);
  if (operation && !is(operation, "transaction.create")) return null;
  const answered = (operation?.result?.entity ?? null) as Sale | null;
  const pulled = operation
    ? await store.transactions.where("client_temp_id").equals(key).first()
    : await store.transactions.get(Number(key) || 0);
  const transaction = pulled ?? answered?.transaction ?? null;
  if (transaction) {
    const invoices = await store.invoices.where("transaction.id").equals(transaction.id).toArray();
    const invoice = invoices.find((one) => one.corrects === null) ?? (pulled ? null : (answered?.invoice ?? null));
    return ofTransaction(store, transaction, invoice, operation);
  }
  return operation ? ofOperation(store, operation) : null;
}

/** As the server has booked it. */
async function ofTransaction(
  store: Store,
  row: Transaction,
  invoice: Invoice | null,
  operation: Operation<"transaction.create"> | null,
): Promise<Receipt> {
  const head = await headOf(store, row.customer, row.occurred_at, row.vehicle ?? null);
  const shown = operation?.shown?.document;
  const total = invoice ? cents.parse(invoice.total_amount) : (shown?.total ?? cents.parse(row.total_amount));
  const tax = invoice ? cents.parse(invoice.tax_amount) : (shown?.tax ?? 0);
  const voided = row.status === "VOIDED";
  const id = invoice?.id ?? null;
  const money = await moneyOf(store, row.customer, operation, total, invoice !== null, id, row.client_temp_id);
  return finished({
    ...head,
    ...money,
    kind: "sale",
    state: voided ? "voided" : row.status === "PENDING" ? "approval" : "done",
    number: invoice?.invoice_number ?? row.transaction_number,
    provisional: false,
    lines: row.items.map((item) => lineOf(item, head.names)),
    meter:
      row.current_meter_reading !== null && row.meter_usage !== null
        ? {
            serial_no: (row.meter && (await store.meters.get(row.meter))?.serial_no) || "",
            previous: readings.parse(row.last_meter_reading ?? "0"),
            current: readings.parse(row.current_meter_reading),
            usage: readings.parse(row.meter_usage),
            rate: rates.parse(row.meter_rate ?? "0"),
            amount: cents.parse(row.usage_amount ?? "0"),
          }
        : null,
    subtotal: total - tax,
    tax,
    percent: invoice ? rates.parse(invoice.gst_rate) : head.percent,
    total,
    due: voided ? 0 : money.due,
  });
}

/** As it was captured. */
async function ofOperation(store: Store, operation: Operation<"transaction.create">): Promise<Receipt> {
  const { payload, shown, client_temp_id } = operation;
  const head = await headOf(
    store,
    payload.customer,
    capturedAt(operation.captured_at),
    payload.vehicle ?? null,
    operation.day,
  );
  const document = shown?.document ?? { subtotal: 0, tax: 0, total: 0 };
  const state = isUndecided(operation) ? "undecided" : shown?.pending ? "approval" : "kept";
  return finished({
    ...head,
    ...document,
    ...(await moneyOf(store, payload.customer, operation, document.total, state === "kept", null, client_temp_id)),
    ...(await numbered(store, operation)),
    kind: "sale",
    state,
    lines: (payload.items ?? []).map((item) => lineOf(item, head.names)),
    meter: shown?.meter ?? null,
  });
}

async function ofPayment(store: Store, operation: Operation<"payment.create">): Promise<Receipt> {
  const { payload, shown, state } = operation;
  const amount = cents.parse(payload.amount);
  return finished({
    ...(await headOf(store, payload.customer, capturedAt(operation.captured_at), null, operation.day)),
    ...(await numbered(store, operation)),
    kind: "payment",
    state: isUndecided(operation) ? "undecided" : state === "waiting" || state === "blocked" ? "kept" : "done",
    lines: [],
    meter: null,
    subtotal: amount,
    tax: 0,
    total: amount,
    paid: { method: payload.method, amount, reference: payload.reference ?? "" },
    due: 0,
    settles: await settledBy(store, payload.invoices ?? [], shown?.settles ?? []),
  });
}

/** What was paid of a sale, and what is left. `issued`: there is a document, that payments of later count for too. */
async function moneyOf(
  store: Store,
  customer: number,
  operation: Operation<"transaction.create"> | null,
  total: Cents,
  issued: boolean,
  id: number | null,
  key: string | null,
): Promise<Pick<Receipt, "paid" | "due" | "settles">> {
  const told = operation?.payload.payment;
  const kept = told ? cents.parse(told.amount) : 0;
  const open = issued ? await openInvoices(store, customer) : [];
  const one = open.find((row) => (id !== null && row.id === id) || (key !== null && row.client_temp_id === key));
  const due = issued ? (one?.balance_due ?? 0) : Math.max(total - kept, 0);
  const amount = issued ? Math.max(total - due, kept) : kept;
  const method = told && amount === kept ? told.method : null;
  return { paid: amount > 0 ? { method, amount, reference: told?.reference ?? "" } : null, due, settles: [] };
}

function lineOf(item: Omit<SaleItem, "condition">, names: Map<number, string>): Receipt["lines"][number] {
  const { item_type, quantity } = item;
  const back = item_type === "EMPTY_RETURN" || item_type === "FULL_RETURN";
  const rate = item_type === "EMPTY_RETURN" || item.rate == null ? null : rates.parse(item.rate);
  const amount = rate === null ? null : lineAmount(quantity, rate);
  const name = item.description || (names.get(item.equipment ?? 0) ?? "");
  return { name, back, quantity, rate, amount: back && amount ? -amount : amount };
}

function isUndecided({ state }: Operation): boolean {
  return NOT_DONE.includes(state);
}

type Head = Pick<Receipt, "day" | "time" | "company" | "customer" | "driver" | "truck" | "inclusive" | "percent"> & {
  names: Map<number, string>;
};

async function headOf(
  store: Store,
  customer: number,
  at: string,
  vehicle: number | null,
  day: string = businessDay(at),
): Promise<Head> {
  const [company, known, equipment, user] = await Promise.all([
    store.fact("company"),
    store.customers.get(customer),
    store.equipment.toArray(),
    store.fact("user"),
  ]);
  const truck = vehicle && vehicle !== user?.vehicle ? ((await store.vehicles.get(vehicle))?.plate_no ?? "") : "";
  return {
    day,
    time: timeText(at),
    company,
    customer: known ?? null,
    driver: [user?.first_name, user?.last_name].filter(Boolean).join(" ") || (user?.username ?? ""),
    truck: truck || (user?.vehicle_no ?? ""),
    inclusive: company?.prices_include_gst ?? true,
    percent: company ? gstPercent(company, day) : 0,
    names: new Map(equipment.map((one) => [one.id, one.name])),
  };
}

async function numbered(store: Store, operation: Operation): Promise<Pick<Receipt, "number" | "provisional">> {
  const number = operation.result?.number;
  if (number) return { number, provisional: false };
  return { number: reference((await store.fact("device_id")) ?? "", operation), provisional: true };
}

/** What these documents are called; as it was shown, where this phone has them no more: what others sold leaves it. */
async function settledBy(store: Store, invoices: Named[], shown: string[]): Promise<string[]> {
  const numbers = invoices.map(async (named, at) => {
    const found =
      typeof named === "number"
        ? ((await store.open_invoices.get(named)) ?? (await store.invoices.get(named)))?.invoice_number
        : (await receiptOf(store, named.client_temp_id))?.number;
    return found ?? shown[at] ?? "";
  });
  return (await Promise.all(numbers)).filter(Boolean);
}

/** With its PayNow code, where something is due that can be paid already. */
function finished({ names: _, ...receipt }: Omit<Receipt, "paynow"> & { names: Map<number, string> }): Receipt {
  const { company, due, number, state } = receipt;
  const payable = company?.uen && due > 0 && (state === "kept" || state === "done");
  const paynow = payable
    ? paynowCode({ uen: company.uen, amount: due, reference: number, merchant: company.name })
    : "";
  return { ...receipt, paynow };
}

/** A receipt, line by line, in the language that is spoken. */
export function receiptLines(receipt: Receipt, say: Say, language: string): Line[] {
  const { company, customer, meter, paid } = receipt;
  const lines: Line[] = [];
  const put = (kind: "middle" | "small" | "title" | "left", text: string | undefined) => {
    if (text) lines.push({ kind, text });
  };
  const row = (text: string, amount: string, kind: "row" | "sum" = "row") => lines.push({ kind, text, amount });
  const rule = () => lines.push({ kind: "rule" });
  put("title", company?.name ?? say("app.name"));
  put("small", [company?.address, company?.postal_code].filter(Boolean).join(" "));
  put("small", company?.phone);
  put("small", company?.uen && say("receipt.uen", { number: company.uen }));
  put("small", company?.gst_reg_no && say("receipt.gstNumber", { number: company.gst_reg_no }));
  rule();
  put("title", say(headOfReceipt(receipt)));
  row(say(receipt.provisional ? "receipt.reference" : "receipt.number"), receipt.number);
  row(dayText(receipt.day, language), receipt.time);
  row(say("receipt.driver"), [receipt.driver, receipt.truck].filter(Boolean).join(" · "));
  if (customer) {
    rule();
    put("left", customer.name);
    const place = [customer.address, customer.postal_code].filter(Boolean).join(" ");
    put("left", [customer.customer_code, place].filter(Boolean).join(" · "));
  }
  rule();
  for (const line of receipt.lines) {
    const name = line.back ? say("receipt.back", { name: line.name }) : line.name;
    if (line.rate === null || line.amount === null) row(name, `× ${line.quantity}`);
    else {
      put("left", name);
      row(`  ${line.quantity} × ${rates.shown(line.rate)}`, cents.shown(line.amount));
    }
  }
  if (meter) {
    put("left", say("receipt.meter", { serial: meter.serial_no }));
    row(`  ${say("receipt.readings")}`, `${readings.shown(meter.previous)} → ${readings.shown(meter.current)}`);
    row(`  ${readings.shown(meter.usage)} × ${rates.shown(meter.rate)}`, cents.shown(meter.amount));
  }
  if (receipt.kind === "sale") {
    if (receipt.lines.length || meter) rule();
    const percent = percentText(receipt.percent);
    if (receipt.percent && !receipt.inclusive) {
      row(say("receipt.subtotal"), cents.shown(receipt.subtotal));
      row(say("receipt.gst", { percent }), cents.shown(receipt.tax));
    }
    row(say("receipt.total"), money(receipt.total), "sum");
    if (receipt.percent && receipt.inclusive) row(say("receipt.gstIn", { percent }), cents.shown(receipt.tax));
  }
  for (const number of receipt.settles) row(say("receipt.for"), number);
  if (paid) {
    const by = paid.method ? say(`method.${paid.method}`) : "";
    row(
      [say("receipt.paid"), by].filter(Boolean).join(" · "),
      money(paid.amount),
      receipt.kind === "sale" ? "row" : "sum",
    );
    if (paid.reference && paid.reference !== receipt.number) row(say("receipt.payerReference"), paid.reference);
  }
  if (receipt.kind === "sale" && receipt.total > 0 && receipt.state !== "voided")
    row(say("receipt.due"), money(receipt.due), receipt.due ? "sum" : "row");
  if (receipt.paynow)
    lines.push({ kind: "qr", text: say("receipt.scan", { amount: money(receipt.due) }), code: receipt.paynow });
  rule();
  if (receipt.state === "approval") put("small", say("receipt.waitsForApproval"));
  else if (receipt.provisional) put("small", say("receipt.provisional"));
  put("small", say("receipt.thanks"));
  return lines;
}

/** 90,000 is 9. */
export function percentText(percent: Rate): string {
  return rates.shown(percent).replace(/\.?0+$/, "");
}

function headOfReceipt({ kind, state, total }: Receipt) {
  if (state === "voided") return "receipt.voided";
  if (kind === "payment") return "receipt.payment";
  if (state === "approval") return "receipt.delivery";
  return total < 0 ? "receipt.credit" : "receipt.sale";
}

/** The same as a message. */
export function receiptText(lines: Line[]): string {
  return lines
    .filter((line) => line.kind !== "qr")
    .map((line) => {
      if (line.kind === "rule") return "—————";
      return line.kind === "row" || line.kind === "sum" ? `${line.text.trim()}: ${line.amount}` : line.text;
    })
    .join("\n");
}
