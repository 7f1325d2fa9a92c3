/** What may be captured: facts that happened, each with the body of the endpoint that it stands for. */
import type {
  Condition,
  ConfirmBody,
  DayCloseBody,
  DistributionBody,
  EmailBody,
  Method,
  PaymentBody,
  ReadingBody,
  SaleBody,
} from "../api/types";
import { type Cents, cents, type Rate, type Reading, rates, readings } from "./money";

/** A thing of the server by its id, or one made on this phone by its client_temp_id. */
export type Named = number | { client_temp_id: string };

export interface Payloads {
  "distribution.create": DistributionBody;
  "distribution.confirm": ConfirmBody & { distribution: Named };
  "distribution.cancel": { distribution: Named };
  "transaction.create": SaleBody;
  "payment.create": Omit<PaymentBody, "invoices"> & { invoices?: Named[] };
  "meter.read": ReadingBody & { meter: number };
  "invoice.email": EmailBody & { invoice: Named };
  "day.close": DayCloseBody;
}
export type OperationType = keyof Payloads;

/** What the customer was shown of a sale. */
export interface Shown {
  total: Cents; // of the transaction, as the server will compute it
  document: { subtotal: Cents; tax: Cents; total: Cents };
  pending: boolean; // a supervisor will have to approve it first: there is no document until then
  meter: { serial_no: string; previous: Reading; current: Reading; usage: Reading; rate: Rate; amount: Cents } | null;
}

/** What the customer was shown of it. It stays on the phone. */
interface Shows {
  "transaction.create": Shown;
  "payment.create": { settles: string[] }; // what the documents that it was taken for were called
}
export type ShownOf<T extends OperationType> = T extends keyof Shows ? Shows[T] : never;

export type NewOperation = {
  [T in OperationType]: { type: T; payload: Payloads[T]; depends_on?: string[]; shown?: ShownOf<T> };
}[OperationType];

export interface MovedItem {
  equipment: number;
  quantity: number;
  kind: "COLLECTION" | "EMPTY_RETURN" | "FULL_RETURN" | "DAMAGED_RETURN";
  depot?: number;
}

export interface SoldItem {
  type: "DELIVERY" | "EMPTY_RETURN" | "FULL_RETURN" | "SERVICE";
  quantity: number;
  equipment?: number;
  rate?: Rate | null; // null, left out: as the price list says
  condition?: Condition;
  description?: string;
}

export interface Money {
  method: Method;
  amount: Cents; // what is kept: change is not counted
  reference?: string;
}

/** A sale as it stands on the screen; `price` of sale.ts says what it comes to. */
export interface SaleDraft {
  customer: number;
  items: SoldItem[];
  reading?: { meter: number; value: Reading; rollover?: boolean } | null;
  payment?: Money | null;
  email?: boolean;
  remarks?: string;
}

const DIRECTIONS = {
  COLLECTION: ["OUT", "FULL"],
  EMPTY_RETURN: ["IN", "EMPTY"],
  FULL_RETURN: ["IN", "FULL"],
  DAMAGED_RETURN: ["IN", "DAMAGED"],
} as const;

/** What went onto the truck and what came off it, at one depot or several: the intent, and that it has happened. */
export function collect(depot: number, items: MovedItem[], key: string, remarks = ""): NewOperation[] {
  const lines = items.filter(some).map(({ equipment, quantity, kind, depot: other }) => {
    const [direction, condition] = DIRECTIONS[kind];
    return { equipment, quantity, direction, condition, ...(other ? { depot: other } : {}) };
  });
  return [{ type: "distribution.create", payload: { depot, items: lines, remarks } }, confirm({ client_temp_id: key })];
}

export function confirm(distribution: Named): NewOperation {
  return { type: "distribution.confirm", payload: { distribution }, depends_on: keys(distribution) };
}

export function cancelDistribution(distribution: Named): NewOperation {
  return { type: "distribution.cancel", payload: { distribution }, depends_on: keys(distribution) };
}

/** The rates are those that the customer is shown: the server honours them. */
export function sale(draft: SaleDraft, shown: Shown): NewOperation {
  const payload: SaleBody = {
    customer: draft.customer,
    items: draft.items.filter(some).map((item) => ({
      item_type: item.type,
      quantity: item.quantity,
      ...(item.equipment ? { equipment: item.equipment } : {}),
      ...(item.rate != null && item.type !== "EMPTY_RETURN" ? { rate: rates.text(item.rate) } : {}),
      ...(item.condition ? { condition: item.condition } : {}),
      ...(item.description ? { description: item.description } : {}),
    })),
  };
  if (draft.reading) {
    payload.meter = draft.reading.meter;
    payload.current_meter_reading = readings.text(draft.reading.value);
    if (draft.reading.rollover) payload.is_rollover = true;
  }
  if (draft.payment) payload.payment = paid(draft.payment);
  if (draft.email) payload.send_email = true;
  if (draft.remarks) payload.remarks = draft.remarks;
  return { type: "transaction.create", payload, shown };
}

/** `invoices` left out: the oldest first. `settles`: what they are called, for the receipt. */
export function payment(customer: number, money: Money, invoices?: Named[], settles: string[] = []): NewOperation {
  return {
    type: "payment.create",
    payload: { customer, ...paid(money), ...(invoices ? { invoices } : {}) },
    depends_on: (invoices ?? []).flatMap(keys),
    shown: { settles },
  };
}

export function readMeter(meter: number, value: Reading, rollover = false): NewOperation {
  const payload = { meter, reading: readings.text(value), ...(rollover ? { is_rollover: true } : {}) };
  return { type: "meter.read", payload };
}

/** `to` left out: the customer's own address. */
export function emailInvoice(invoice: Named, to = ""): NewOperation {
  return { type: "invoice.email", payload: { invoice, ...(to ? { to } : {}) }, depends_on: keys(invoice) };
}

export function closeDay(
  date: string,
  vehicle: number,
  counts: { equipment: number; condition: Condition; quantity: number }[],
  money: { method: Method; amount: Cents }[],
): NewOperation {
  const carried = money.map(({ method, amount }) => ({ method, amount: cents.text(amount) }));
  return { type: "day.close", payload: { date, vehicle, counts, money: carried } };
}

/** What a stepper was left at zero for is not said at all. */
export function some({ quantity }: { quantity: number }): boolean {
  return quantity > 0;
}

function paid({ method, amount, reference }: Money) {
  return { method, amount: cents.text(amount), ...(reference ? { reference } : {}) };
}

function keys(named: Named): string[] {
  return typeof named === "number" ? [] : [named.client_temp_id];
}
