/** The queue for people: what each operation was about, where it stands, and what they can do. */

import { businessDay } from "./clock";
import type { Day } from "./money";
import { type Cents, cents, sum } from "./money";
import { ATTENTION } from "./queue";
import { is } from "./stock";
import type { Operation, State, Store } from "./store";

export interface Entry {
  operation: Operation;
  customer: string; // whose; empty where it is nobody's
  amount: Cents | null; // of the document, or what was paid
  pieces: number; // how many things it is about; 0: it is not about things
  notes: Note[]; // what the server said of it
}

export interface Note {
  code: string;
  detail: string; // for a person, in the server's words
}

export interface Entries {
  toSend: Entry[]; // the oldest first: so they go
  toDecide: Entry[]; // a person has to do something, or something has to arrive
  noted: Entry[]; // done, and a supervisor has a look
  done: Entry[]; // today's, simply done
}

/** All that is not simply done, and what was done that day. */
export async function entries(store: Store, day: Day = businessDay()): Promise<Entries> {
  const [open, today, customers] = await Promise.all([
    store.operations
      .where("state")
      .anyOf(["waiting", ...ATTENTION])
      .sortBy("seq"),
    store.operations.where("day").equals(day).sortBy("seq"),
    store.customers.toArray(),
  ]);
  const meters = await store.meters.toArray();
  const names = new Map(customers.map((one) => [one.id, one.name]));
  const sites = new Map(meters.map((one) => [one.id, names.get(one.customer) ?? ""]));
  const entry = (operation: Operation): Entry => ({
    operation,
    customer: named(operation, names, sites, open, today),
    amount: amountOf(operation),
    pieces: piecesOf(operation),
    notes: notesOf(operation),
  });
  const of = (...states: State[]) => open.filter((one) => states.includes(one.state)).map(entry);
  return {
    toSend: of("waiting"),
    toDecide: of("parked", "quarantined", "blocked").reverse(),
    noted: of("noted").reverse(),
    done: today
      .filter((one) => one.state === "applied")
      .map(entry)
      .reverse(),
  };
}

/** What the server said of it: the first thing, and the others. */
export function notesOf({ result }: Pick<Operation, "result">): Note[] {
  const error = result?.error as (Note & { more?: Note[] }) | null | undefined;
  return error ? [{ code: error.code, detail: error.detail }, ...(error.more ?? [])] : [];
}

/** What it waits for, where that is another operation. */
export function waitsFor({ result }: Pick<Operation, "result">): string[] {
  return result?.error?.waits_for ?? [];
}

function named(
  operation: Operation,
  names: Map<number, string>,
  sites: Map<number, string>,
  ...known: Operation[][]
): string {
  if (is(operation, "transaction.create") || is(operation, "payment.create"))
    return names.get(operation.payload.customer) ?? "";
  if (is(operation, "meter.read")) return sites.get(operation.payload.meter) ?? "";
  if (!is(operation, "invoice.email") || typeof operation.payload.invoice === "number") return "";
  const { client_temp_id } = operation.payload.invoice;
  const sale = known.flat().find((one) => one.client_temp_id === client_temp_id);
  return sale && is(sale, "transaction.create") ? (names.get(sale.payload.customer) ?? "") : "";
}

function amountOf(operation: Operation): Cents | null {
  if (is(operation, "transaction.create")) return operation.shown?.document.total ?? null;
  return is(operation, "payment.create") ? cents.parse(operation.payload.amount) : null;
}

function piecesOf(operation: Operation): number {
  if (is(operation, "distribution.create")) return sum(operation.payload.items.map((item) => item.quantity));
  return is(operation, "day.close") ? sum(operation.payload.counts.map((one) => one.quantity)) : 0;
}
