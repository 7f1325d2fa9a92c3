/** The end of a truck's day: which days are still open, what was counted, and what came of it. */
import type { Condition, DayClose, Method } from "../api/types";
import { businessDay } from "./clock";
import { type Cents, cents, type Day } from "./money";
import { NOT_DONE } from "./queue";
import { is } from "./stock";
import type { Operation, Store } from "./store";

const BACK = 7; // days that a close may name
export const CONDITIONS: readonly Condition[] = ["FULL", "EMPTY", "DAMAGED"];
export const METHODS: readonly Method[] = ["CASH", "PAYNOW", "CARD", "BANK_TRANSFER", "CHEQUE"];

export type Counts = Record<string, number>; // by countKey

export const countKey = (equipment: number, condition: Condition): string => `${equipment}/${condition}`;

/** One thing that was counted otherwise than the books hold, or so much money. */
export interface Difference {
  cause: string; // a code of docs/sync.md; empty where nobody knows
  words: string; // the server's own
  stock: { name: string; condition: Condition; difference: number }[];
  money: { method: Method; difference: Cents }[];
}

/** The days that this phone has recorded something on and not closed, today's always, the newest first. */
export async function openDays(store: Store, today: Day = businessDay()): Promise<Day[]> {
  const since = new Date(Date.parse(`${today}T00:00:00Z`) - BACK * 86_400_000).toISOString().slice(0, 10);
  const recorded = await store.operations.where("day").between(since, today, true, true).toArray();
  const closes = recorded.filter((one) => is(one, "day.close")).filter(standing);
  const closed = new Set(closes.map((one) => one.payload.date));
  const worked = recorded.filter((one) => !is(one, "day.close")).map((one) => one.day);
  return [...new Set([today, ...worked])]
    .filter((day) => day === today || !closed.has(day))
    .sort()
    .reverse();
}

/** What was entered as the close of that day, the last time; null: nothing. */
export async function closeOf(store: Store, day: Day): Promise<Operation<"day.close"> | null> {
  const since = await store.operations.where("day").aboveOrEqual(day).sortBy("seq"); // no day is closed before it comes
  return since.filter((one) => is(one, "day.close")).findLast((one) => one.payload.date === day) ?? null;
}

/** What has come of a count, as the server has it. */
export interface Outcome {
  known: DayClose;
  isFirst: boolean; // it is of another count that closed the day before, and stays
  differences: Difference[];
}

/** `asked`: what the server said last, maybe of another count. Null: nothing is known of this one yet. */
export function outcomeOf(close: Operation<"day.close">, asked: DayClose | null): Outcome | null {
  const { client_temp_id, result } = close;
  const known = asked && asked.id === result?.id ? asked : ((result?.entity ?? null) as DayClose | null);
  return known && { known, isFirst: known.client_temp_id !== client_temp_id, differences: differences(known) };
}

/** Whether the day is closed by it, as far as this phone can know. */
export function standing({ state }: Pick<Operation, "state">): boolean {
  return !NOT_DONE.includes(state);
}

/** Only what is there; the steppers that were left at nothing say nothing. */
export function counted(counts: Counts): { equipment: number; condition: Condition; quantity: number }[] {
  return Object.entries(counts)
    .filter(([, quantity]) => quantity > 0)
    .map(([key, quantity]) => {
      const [equipment, condition] = key.split("/");
      return { equipment: Number(equipment), condition: condition as Condition, quantity };
    });
}

/** What somebody typed as money by method; null: not all of it can be read. */
export function carried(typed: Partial<Record<Method, string>>): { method: Method; amount: Cents }[] | null {
  const all = METHODS.map((method) => ({ method, amount: cents.typed(typed[method]?.trim() || "0") }));
  if (all.some((one) => one.amount === null)) return null;
  return all.filter((one): one is { method: Method; amount: Cents } => (one.amount ?? 0) > 0);
}

/** What differs, cause by cause, as the server explains it. */
function differences(close: DayClose): Difference[] {
  return close.variances.map((one) => ({
    cause: one.likely_cause,
    words: one.words,
    stock: close.counts
      .filter((row) => one.counts.some((it) => it.equipment === row.equipment && it.condition === row.condition))
      .map((row) => ({ name: row.equipment_name, condition: row.condition as Condition, difference: row.difference })),
    money: close.money
      .filter((row) => one.methods.includes(row.method))
      .map((row) => ({ method: row.method, difference: cents.parse(row.difference) })),
  }));
}
