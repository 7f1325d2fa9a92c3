/** A sale while it is being put together, and what the driver has to be told about it. */
import type { Customer, Method } from "../api/types";
import { businessDay } from "./clock";
import { type Cents, cents, type Day, readings } from "./money";
import { type Money, type NewOperation, type SaleDraft, type SoldItem, sale } from "./operations";
import { newKey, reference } from "./queue";
import type { Priced, PriceList } from "./sale";
import type { Store } from "./store";
import type { HeldLine, StockLine } from "./view";

export interface SaleForm {
  key: string; // the sale's client_temp_id: however often it is saved, it is one sale
  items: SoldItem[];
  meter: number | null; // which one; null: the first
  typed: string; // its reading
  rollover: boolean;
  email: boolean;
  paying: Paying | null; // null: not chosen yet
}

/** Which line of a sale a stepper stands for. */
export type Kind = Pick<SoldItem, "type" | "equipment" | "condition">;

/** More than is there, as far as this phone knows. It is said, not forbidden: what happened has happened. */
export interface Warning {
  kind: "truck" | "site";
  name: string;
  has: number;
  needs: number;
}

export type Stop = "empty" | "reading" | "outside" | "no_rate" | "no_gas_rate";

const NOTES: Cents[] = [1000, 5000, 10000];

export function blankSale(): SaleForm {
  return { key: newKey(), items: [], meter: null, typed: "", rollover: false, email: false, paying: null };
}

/** What a sale that was begun is kept under: of yesterday there is none. */
export function saleName(customer: number, day: Day = businessDay()): string {
  return `sale.${customer}.${day}`;
}

export function isBlank(form: SaleForm): boolean {
  return !form.items.some((item) => item.quantity > 0) && !form.typed.trim();
}

export function counted(items: SoldItem[], kind: Kind): number {
  return items.find((item) => isOf(item, kind))?.quantity ?? 0;
}

export function recounted(items: SoldItem[], kind: Kind, quantity: number): SoldItem[] {
  if (!items.some((item) => isOf(item, kind))) return [...items, { ...kind, quantity }];
  return items.map((item) => (isOf(item, kind) ? { ...item, quantity } : item));
}

/** Null: as the price list says. */
export function rerated(items: SoldItem[], kind: Kind, rate: number | null): SoldItem[] {
  return items.map((item) => (isOf(item, kind) ? { ...item, rate } : item));
}

export function draftOf(form: SaleForm, list: PriceList, payment: Money | null = null): SaleDraft {
  const meter = list.meters.find((one) => one.id === form.meter) ?? list.meters[0];
  const value = readings.typed(form.typed);
  return {
    customer: list.customer.id,
    items: form.items,
    reading: meter && value !== null ? { meter: meter.id, value, rollover: form.rollover } : null,
    payment,
    email: form.email,
  };
}

/** Why it cannot be saved yet; null: it can. A reading below the last one can: it is a fact, and it bills nothing. */
export function stopOf(form: SaleForm, priced: Priced): Stop | null {
  if (form.typed.trim() && readings.typed(form.typed) === null) return "reading";
  if (priced.meter?.problem === "outside") return "outside";
  if (priced.meter?.problem === "no_rate") return "no_gas_rate";
  if (priced.lines.some((line) => line.problem)) return "no_rate";
  return priced.lines.length || priced.meter ? null : "empty";
}

/** `stock` null: the seller has no truck. */
export function warningsOf(
  items: SoldItem[],
  { equipment: known }: Pick<PriceList, "equipment">,
  stock: StockLine[] | null,
  held: HeldLine[],
): Warning[] {
  const name = (equipment: number) => known.get(equipment)?.name ?? "";
  const out = together(items, ["DELIVERY"]);
  const back = together(items, ["EMPTY_RETURN", "FULL_RETURN"]);
  const found: Warning[] = [];
  for (const [equipment, needs] of stock ? out : []) {
    const has = stock?.find((one) => one.equipment === equipment)?.FULL ?? 0;
    if (needs > has) found.push({ kind: "truck", name: name(equipment), has, needs });
  }
  for (const [equipment, needs] of back) {
    const has = (held.find((one) => one.equipment === equipment)?.quantity ?? 0) + (out.get(equipment) ?? 0);
    if (needs > has) found.push({ kind: "site", name: name(equipment), has, needs });
  }
  return found;
}

/** To be captured under the form's key, with the rates that the customer was shown. */
export function recordOf(draft: SaleDraft, priced: Priced): NewOperation {
  return sale({ ...draft, items: priced.lines.map((line) => line.item) }, priced.shown);
}

export type Way = "CASH" | "PAYNOW" | "OTHER" | "LATER";

export interface Paying {
  way: Way;
  cash: string; // as typed; empty: exactly what is due
  amount: string; // of every other way; the same
  method: Method;
  reference: string;
}

export function noPayment(way: Way): Paying {
  return { way, cash: "", amount: "", method: "CHEQUE", reference: "" };
}

/** How a sale is paid: as it was chosen, else as this customer does. */
export function payingOf(form: SaleForm, { payment_type }: Pick<Customer, "payment_type">): Paying {
  return form.paying ?? noPayment(payment_type === "CASH" ? "CASH" : "LATER");
}

/** The money that is taken; null: none; undefined: what was typed is no amount. `reference`: what the PayNow code says. */
export function takenOf(paying: Paying, due: Cents, reference: string): Money | null | undefined {
  const { way } = paying;
  if (way === "LATER") return null;
  const amount = typedOr(way === "CASH" ? paying.cash : paying.amount, due);
  if (amount === null || amount <= 0) return undefined;
  if (way === "CASH") return { method: "CASH", amount: cashed(due, amount).kept };
  if (way === "PAYNOW") return { method: "PAYNOW", amount, reference };
  return { method: paying.method, amount, reference: paying.reference.trim() };
}

/** Nothing typed: what is due. Null: no amount. */
export function typedOr(text: string, due: Cents): Cents | null {
  return text.trim() ? cents.typed(text) : Math.max(due, 0);
}

/** What is kept of the cash that was handed over, what goes back, and what stays open. Nothing due: all is kept. */
export function cashed(due: Cents, handed: Cents): { kept: Cents; change: Cents; open: Cents } {
  if (due <= 0) return { kept: handed, change: 0, open: 0 };
  return { kept: Math.min(handed, due), change: Math.max(handed - due, 0), open: Math.max(due - handed, 0) };
}

/** What people hand over for that: the next full ten, fifty and hundred dollars. */
export function likelyCash(due: Cents): Cents[] {
  const rounded = NOTES.map((note) => Math.ceil(due / note) * note);
  return [...new Set(rounded)].filter((amount) => amount > due);
}

/** What the next operation of this phone will be called, until it has a number. */
export async function nextReference(store: Store): Promise<string> {
  const last = await store.operations.orderBy("seq").last();
  return reference((await store.fact("device_id")) ?? "", { seq: (last?.seq ?? 0) + 1 });
}

function isOf(item: SoldItem, kind: Kind): boolean {
  const same = item.type === kind.type && item.equipment === kind.equipment && item.condition === kind.condition;
  return same && item.type !== "SERVICE";
}

function together(items: SoldItem[], types: SoldItem["type"][]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { type, equipment, quantity } of items)
    if (equipment && quantity > 0 && types.includes(type)) sums.set(equipment, (sums.get(equipment) ?? 0) + quantity);
  return sums;
}
