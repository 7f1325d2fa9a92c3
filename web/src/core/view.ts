/**
 * What the screens show: the last pull plus what was captured since, worked out anew each time, never merged.
 * Each function is one live query of a store.
 */
import type { Company, Condition, Distribution, Equipment, Invoice, Method, Transaction, User } from "../api/types";
import { businessDay, capturedAt } from "./clock";
import { type Cents, cents, type Day, readings, sum } from "./money";
import type { Named } from "./operations";
import { reference, UNSETTLED } from "./queue";
import { type MeterView, type PriceList, usageOf } from "./sale";
import { after, type Intent, intended, is, type Move, movesOf, stockKey } from "./stock";
import type { Operation, State, Store } from "./store";

export interface StockLine {
  equipment: number;
  name: string;
  type: Equipment["equipment_type"];
  FULL: number;
  EMPTY: number;
  DAMAGED: number;
}

export interface HeldLine {
  equipment: number;
  name: string;
  quantity: number;
}

export interface OpenInvoiceView {
  id: number | null; // null: the server has not given it a number yet
  client_temp_id: string | null; // of the sale, where it was made on this phone and not pulled yet
  number: string; // or the provisional reference
  date: Day;
  balance_due: Cents;
}

export interface DocumentView {
  key: string;
  customer: number;
  customer_name: string; // empty: it has left this phone
  at: string;
  number: string | null; // the transaction's
  reference: string; // provisional; empty where this phone has not made it
  total: Cents; // of the document, tax included
  paid: Cents;
  operation: Operation<"transaction.create"> | null; // where this phone has made it
  transaction: Transaction | null; // once pulled
  invoice: Invoice | null; // once issued and pulled
}

export interface DistributionView {
  named: Named;
  number: string | null;
  reference: string;
  depot: number;
  items: { equipment: number; name: string; quantity: number; out: boolean; condition: Condition }[];
}

export interface Outbox {
  waiting: number;
  attention: number; // a person has to see to these
  noted: number; // of today, settled with a note
}

const METHODS: Method[] = ["CASH", "PAYNOW", "CARD", "BANK_TRANSFER", "CHEQUE"];

/** What is on the own truck; every equipment of which there is any, in the order of the list that people know. */
export async function truckStock(store: Store): Promise<StockLine[]> {
  const user = await store.fact("user");
  if (!user?.vehicle) return [];
  const rows = await store.inventories.where("vehicle").equals(user.vehicle).toArray();
  const held = new Map(rows.map((row) => [stockKey(row.equipment, row.condition), row.quantity]));
  const now = after(held, await moves(store, user), "truck", user.vehicle);
  const lines = (await inOrder(store)).map(({ id, name, equipment_type }) => ({
    equipment: id,
    name,
    type: equipment_type,
    FULL: now.get(stockKey(id, "FULL")) ?? 0,
    EMPTY: now.get(stockKey(id, "EMPTY")) ?? 0,
    DAMAGED: now.get(stockKey(id, "DAMAGED")) ?? 0,
  }));
  return lines.filter((line) => line.FULL || line.EMPTY || line.DAMAGED);
}

/** What a customer's site holds. */
export async function heldBy(store: Store, customer: number): Promise<HeldLine[]> {
  const user = await store.fact("user");
  if (!user) return [];
  const rows = await store.inventories.where("customer").equals(customer).toArray();
  const held = new Map(rows.map((row) => [stockKey(row.equipment, null), row.quantity]));
  const now = after(held, await moves(store, user), "customer", customer);
  const lines = (await inOrder(store)).map(({ id, name }) => {
    return { equipment: id, name, quantity: now.get(stockKey(id, null)) ?? 0 };
  });
  return lines.filter((line) => line.quantity);
}

/** The meters in use at a customer's site, and what they showed last. */
export async function metersOf(store: Store, customer: number): Promise<MeterView[]> {
  const rows = await store.meters.where("customer").equals(customer).toArray();
  const meters = rows.filter((row) => !row.removed_on);
  const sold = await store.transactions.where("customer").equals(customer).sortBy("occurred_at");
  const queued = await pending(store);
  return meters.map((row) => {
    const billed = sold.filter((one) => one.meter === row.id && one.meter_usage !== null && one.status !== "VOIDED");
    const view: MeterView = {
      id: row.id,
      serial_no: row.serial_no,
      digits: row.digits,
      reading: readings.parse(row.current_reading),
      billed: readings.parse(row.last_billed_reading ?? row.current_reading),
      unbilled: readings.parse(row.unbilled_usage ?? "0"),
      typical: typicalOf(billed),
      since: billed.at(-1)?.occurred_at ?? null,
    };
    for (const operation of queued) readAgain(view, operation, customer, meters.length === 1);
    return view;
  });
}

/** Money that this person took on that day, by method; what was reversed counts no more. */
export async function moneyToday(store: Store, day: Day = businessDay()): Promise<{ method: Method; amount: Cents }[]> {
  const [pulled, queued] = await Promise.all([
    store.payments.where("received_at").between(`${day}T`, `${day}U`).toArray(), // the server names times in Singapore
    pending(store),
  ]);
  const taken = new Map<Method, Cents>();
  const today = queued.filter((operation) => operation.day === day).map(moneyOf);
  for (const money of [...pulled.filter((row) => !row.reversed_at), ...today]) {
    if (money) taken.set(money.method, (taken.get(money.method) ?? 0) + cents.parse(money.amount));
  }
  return METHODS.filter((method) => taken.has(method)).map((method) => ({ method, amount: taken.get(method) ?? 0 }));
}

function moneyOf(operation: Operation): { method: Method; amount: string | number } | null {
  if (is(operation, "transaction.create")) return operation.payload.payment ?? null;
  return is(operation, "payment.create") ? operation.payload : null;
}

/** What a customer still has to pay, the oldest first. */
export async function openInvoices(store: Store, customer: number): Promise<OpenInvoiceView[]> {
  const rows = await store.open_invoices.where("customer").equals(customer).sortBy("id");
  const open: OpenInvoiceView[] = rows.map((row) => ({
    id: row.id,
    client_temp_id: null,
    number: row.invoice_number ?? "",
    date: row.date,
    balance_due: cents.parse(row.balance_due),
  }));
  const device = (await store.fact("device_id")) ?? "";
  for (const operation of await pending(store)) {
    if (is(operation, "transaction.create") && operation.payload.customer === customer && operation.shown) {
      if (operation.shown.pending) continue;
      const { payment } = operation.payload;
      const due = operation.shown.document.total - (payment ? cents.parse(payment.amount) : 0);
      const number = reference(device, operation);
      if (due > 0)
        open.push({
          id: null,
          client_temp_id: operation.client_temp_id,
          number,
          date: operation.day,
          balance_due: due,
        });
    } else if (is(operation, "payment.create") && operation.payload.customer === customer) {
      const named = operation.payload.invoices;
      const these = named ? named.flatMap((one) => open.filter((invoice) => isThat(invoice, one))) : open;
      let left = cents.parse(operation.payload.amount);
      for (const invoice of these) {
        const part = Math.min(left, invoice.balance_due);
        invoice.balance_due -= part;
        left -= part;
      }
    }
  }
  return open.filter((invoice) => invoice.balance_due > 0);
}

/** The sales of a day, the newest first: what the server has of this person, and what this phone has not sent yet. */
export async function documents(store: Store, day: Day = businessDay()): Promise<DocumentView[]> {
  const [pulled, made] = await Promise.all([
    store.transactions.where("occurred_at").between(`${day}T`, `${day}U`).toArray(), // the server names times in Singapore
    store.operations.where("day").equals(day).toArray(),
  ]);
  return asDocuments(store, pulled, made);
}

/** The sales to a customer that this phone knows of, the newest first. */
export async function documentsOf(store: Store, customer: number): Promise<DocumentView[]> {
  const [pulled, made] = await Promise.all([
    store.transactions.where("customer").equals(customer).toArray(),
    pending(store),
  ]);
  return asDocuments(
    store,
    pulled,
    made.filter((one) => is(one, "transaction.create") && one.payload.customer === customer),
  );
}

async function asDocuments(store: Store, pulled: Transaction[], made: Operation[]): Promise<DocumentView[]> {
  const device = await store.fact("device_id");
  const sales = pulled.map((row) => row.id);
  const invoices = await store.invoices.where("transaction.id").anyOf(sales).toArray();
  const own = new Map(made.filter((one) => is(one, "transaction.create")).map((one) => [one.client_temp_id, one]));
  const ofSale = new Map(invoices.filter((one) => one.corrects === null).map((one) => [one.transaction.id, one]));
  const found: DocumentView[] = [];
  for (const row of pulled) {
    const operation = own.get(row.client_temp_id ?? "") ?? null;
    own.delete(row.client_temp_id ?? "");
    const invoice = ofSale.get(row.id) ?? null;
    const total = invoice
      ? cents.parse(invoice.total_amount)
      : (operation?.shown?.document.total ?? cents.parse(row.total_amount));
    found.push({
      key: row.client_temp_id ?? String(row.id),
      customer: row.customer,
      customer_name: "",
      at: row.occurred_at,
      number: row.transaction_number ?? null,
      reference: operation ? reference(device ?? "", operation) : "",
      total,
      paid: invoice ? total - cents.parse(invoice.balance_due) : 0,
      operation,
      transaction: row,
      invoice,
    });
  }
  for (const operation of own.values()) {
    const { payload, shown, result } = operation;
    found.push({
      key: operation.client_temp_id,
      customer: payload.customer,
      customer_name: "",
      at: capturedAt(operation.captured_at),
      number: result?.number ?? null,
      reference: reference(device ?? "", operation),
      total: shown?.document.total ?? 0,
      paid: payload.payment
        ? Math.min(cents.parse(payload.payment.amount), Math.max(shown?.document.total ?? 0, 0))
        : 0,
      operation,
      transaction: null,
      invoice: null,
    });
  }
  const names = await store.customers.bulkGet(found.map((one) => one.customer));
  found.forEach((one, at) => {
    one.customer_name = names[at]?.name ?? one.operation?.customer ?? "";
  });
  return found.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** Distributions that were made and not yet confirmed or cancelled. */
export async function pendingDistributions(store: Store): Promise<DistributionView[]> {
  const [rows, queued, user, things, device] = await Promise.all([
    store.distributions.toArray(),
    pending(store),
    store.fact("user"),
    store.equipment.toArray(),
    store.fact("device_id"),
  ]);
  if (!user) return [];
  const names = new Map(things.map((thing) => [thing.id, thing.name]));
  const decided = queued.flatMap((one) =>
    is(one, "distribution.confirm") || is(one, "distribution.cancel") ? [one.payload.distribution] : [],
  );
  const isDecided = (row: { id?: number; client_temp_id: string | null }) =>
    decided.some((named) =>
      typeof named === "number" ? named === row.id : named.client_temp_id === row.client_temp_id,
    );
  const view = (intent: Intent, depot: number, rest: Pick<DistributionView, "named" | "number" | "reference">) => ({
    ...rest,
    depot,
    items: intent.items.map((item) => ({
      equipment: item.equipment,
      name: names.get(item.equipment) ?? "",
      quantity: item.quantity,
      out: item.direction !== "IN" && item.movement_type !== "EMPTY_RETURN",
      condition: (item.condition ?? (item.movement_type === "EMPTY_RETURN" ? "EMPTY" : "FULL")) as Condition,
    })),
  });
  const there = new Set(rows.map((row) => row.client_temp_id));
  const pulled = rows
    .filter((row) => !isDecided(row))
    .map((row) =>
      view(pulledIntent(row), row.depot, { named: row.id, number: row.distribution_number ?? null, reference: "" }),
    );
  const made = queued
    .filter((one) => is(one, "distribution.create"))
    .filter((one) => !there.has(one.client_temp_id) && !isDecided(one))
    .map((one) =>
      view(intended(one.payload, one.client_temp_id, user), one.payload.depot ?? 0, {
        named: { client_temp_id: one.client_temp_id },
        number: one.result?.number ?? null,
        reference: reference(device ?? "", one),
      }),
    );
  return [...pulled, ...made];
}

/** How much is not simply done. The disk counts: what a phone has recorded grows for as long as it is used. */
export async function outbox(store: Store, day: Day = businessDay()): Promise<Outbox> {
  const count = (state: State) => store.operations.where("state").equals(state).count();
  const [waiting, today, ...attention] = await Promise.all([
    count("waiting"),
    store.operations.where("day").equals(day).toArray(),
    ...(["parked", ...UNSETTLED] as const).map(count),
  ]);
  const noted = today.filter((one) => one.state === "noted" || one.state === "decided").length;
  return { waiting, attention: sum(attention), noted };
}

/** All that `price` needs for a sale to this customer; null when the copy has no such customer. */
export async function priceList(store: Store, customerId: number): Promise<PriceList | null> {
  const [customer, rates, equipment, meters, company, owes] = await Promise.all([
    store.customers.get(customerId),
    store.rates.where("customer").equals(customerId).toArray(),
    store.equipment.toArray(),
    metersOf(store, customerId),
    store.fact("company"),
    owed(store, customerId),
  ]);
  if (!customer) return null;
  return { customer, rates, equipment: new Map(equipment.map((one) => [one.id, one])), meters, company, owes };
}

/** What a customer owes as the server judges the credit limit: with what waits for approval, less credit. */
async function owed(store: Store, customer: number): Promise<Cents> {
  const [open, credit, queued] = await Promise.all([
    store.open_invoices.where("customer").equals(customer).toArray(),
    store.credits.get(customer), // only of those who have a limit
    pending(store),
  ]);
  const mine = queued.map((one) => {
    const payload = is(one, "transaction.create") || is(one, "payment.create") ? one.payload : null;
    if (payload?.customer !== customer) return 0;
    const money = moneyOf(one);
    const total = is(one, "transaction.create") ? (one.shown?.document.total ?? 0) : 0;
    return total - (money ? cents.parse(money.amount) : 0);
  });
  const known = credit ? cents.parse(credit.waits) - cents.parse(credit.credit) : 0;
  return sum([...open.map((row) => cents.parse(row.balance_due)), known, ...mine]);
}

export function company(store: Store): Promise<Company | null> {
  return store.fact("company");
}

/** What people can deliver, return or collect, in the order of the list that they know. */
export async function inOrder(store: Store): Promise<Equipment[]> {
  const all = await store.equipment.orderBy("id").toArray();
  return all.sort((a, b) =>
    a.equipment_type < b.equipment_type ? -1 : a.equipment_type > b.equipment_type ? 1 : a.id - b.id,
  );
}

/** What the copy does not have yet, in order. */
function pending(store: Store): Promise<Operation[]> {
  return store.operations.where("counts").equals(1).sortBy("seq");
}

async function moves(store: Store, user: User): Promise<Move[][]> {
  const queued = await pending(store);
  if (!queued.length) return [];
  const rows = await store.distributions.toArray();
  const find = (named: Named): Intent | null => {
    const row = rows.find((one) =>
      typeof named === "number" ? one.id === named : one.client_temp_id === named.client_temp_id,
    );
    if (row) return pulledIntent(row);
    if (typeof named === "number") return null; // decided by somebody else
    const made = queued.find((one) => one.client_temp_id === named.client_temp_id);
    return made && is(made, "distribution.create") ? intended(made.payload, made.client_temp_id, user) : null;
  };
  return movesOf(queued, user, find);
}

function pulledIntent(row: Distribution): Intent {
  const { vehicle = null, customer = null, items } = row;
  return { key: String(row.id), vehicle, customer, items };
}

function isThat(invoice: OpenInvoiceView, named: Named): boolean {
  return typeof named === "number" ? invoice.id === named : invoice.client_temp_id === named.client_temp_id;
}

/** What a captured reading makes of a meter. One that does not fit stays outside its chain. */
function readAgain(view: MeterView, operation: Operation, customer: number, only: boolean): void {
  if (is(operation, "meter.read") && operation.payload.meter === view.id) {
    const current = readings.parse(operation.payload.reading);
    const usage = usageOf(view, current, operation.payload.is_rollover ?? false);
    if (usage !== null)
      Object.assign(view, {
        reading: current,
        unbilled: view.unbilled + usage,
        since: capturedAt(operation.captured_at),
      });
  } else if (is(operation, "transaction.create") && operation.payload.customer === customer) {
    const { current_meter_reading: text, meter, is_rollover } = operation.payload;
    if (text == null || !(meter === view.id || (meter == null && only))) return;
    const current = readings.parse(text);
    if (usageOf(view, current, is_rollover ?? false) !== null)
      Object.assign(view, { reading: current, billed: current, unbilled: 0, since: capturedAt(operation.captured_at) });
  }
}

/** Usage a day between the first and the last of these sales. */
function typicalOf(sold: Transaction[]): number | null {
  const [first, last] = [sold[0], sold.at(-1)];
  if (!first || !last || first === last) return null;
  const days = (Date.parse(last.occurred_at) - Date.parse(first.occurred_at)) / 86_400_000;
  const used = sum(sold.slice(1).map((one) => readings.parse(one.meter_usage ?? "0")));
  return days >= 1 ? used / days : null;
}
