/** The queue for people: what each operation was about, where it stands, and what they can do. */

import { businessDay } from "./clock";
import type { Day } from "./money";
import { type Cents, cents, sum } from "./money";
import { ATTENTION, reference } from "./queue";
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
  noted: Entry[]; // done, and a supervisor has a look; or a supervisor has decided that it will not be
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
    noted: of("noted", "decided").reverse(),
    done: today
      .filter((one) => one.state === "applied")
      .map(entry)
      .reverse(),
  };
}

/** What the server said of it: the first thing, and the others. */
export function notesOf({ result }: Pick<Operation, "result">): Note[] {
  const error = result?.error as (Note & { more?: Note[]; errors?: Record<string, string[]> }) | null | undefined;
  if (error?.errors?.customer) return [{ code: "other_depot", detail: "" }]; // it was theirs when this phone heard last
  return error ? [{ code: error.code, detail: error.detail }, ...(error.more ?? [])] : [];
}

/** Why a blocked one still waits. Of as many as the server said, `which` are known here; none: that cannot be told. */
export interface Awaited {
  why: "named" | "missing" | "blocked" | "quarantined";
  n: number;
  which: Operation[]; // the oldest first
}

/** What a blocked one waits for: those that it names, or, for the end of a day, whatever before it is not settled. */
export async function awaited(store: Store, { seq, result }: Operation): Promise<Awaited[]> {
  const error = result?.error;
  const names = error?.waits_for ?? [];
  if (names.length) {
    const which = await store.operations.where("client_temp_id").anyOf(names).sortBy("seq");
    return [{ why: "named", n: names.length, which }];
  }
  const before = await store.operations.where("seq").below(seq).toArray();
  return (["missing", "blocked", "quarantined"] as const).flatMap((why) => {
    const n = error?.[why] ?? 0;
    const which = before.filter((one) => standsAs(one) === why);
    return n ? [{ why, n, which: which.length === n ? which : [] }] : [];
  });
}

/** How the server counts it. What could not be sent has not come; what it would not take is for a person to decide. */
function standsAs({ state, result }: Operation): Awaited["why"] | null {
  if (state === "waiting") return "missing";
  if (state === "parked") return result?.error?.code === "too_large" ? "missing" : "quarantined";
  return state === "blocked" || state === "quarantined" ? state : null;
}

/** What these are called on this phone: "5F0F-3, 5F0F-7 – 5F0F-9". */
export function called(deviceId: string, operations: Pick<Operation, "seq">[]): string {
  const ranges: [number, number][] = [];
  for (const { seq } of operations) {
    const last = ranges.at(-1);
    if (last?.[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  const name = (seq: number) => reference(deviceId, { seq });
  return ranges.map(([from, to]) => (from === to ? name(from) : `${name(from)} – ${name(to)}`)).join(", ");
}

function named(
  operation: Operation,
  names: Map<number, string>,
  sites: Map<number, string>,
  ...known: Operation[][]
): string {
  if (is(operation, "transaction.create") || is(operation, "payment.create"))
    return names.get(operation.payload.customer) ?? operation.customer;
  if (is(operation, "meter.read")) return sites.get(operation.payload.meter) ?? "";
  if (!is(operation, "invoice.email") || typeof operation.payload.invoice === "number") return "";
  const { client_temp_id } = operation.payload.invoice;
  const sale = known.flat().find((one) => one.client_temp_id === client_temp_id);
  return sale && is(sale, "transaction.create") ? (names.get(sale.payload.customer) ?? sale.customer) : "";
}

function amountOf(operation: Operation): Cents | null {
  if (is(operation, "transaction.create")) return operation.shown?.document.total ?? null;
  return is(operation, "payment.create") ? cents.parse(operation.payload.amount) : null;
}

function piecesOf(operation: Operation): number {
  if (is(operation, "distribution.create")) return sum(operation.payload.items.map((item) => item.quantity));
  return is(operation, "day.close") ? sum(operation.payload.counts.map((one) => one.quantity)) : 0;
}
