/** The queue: what happened is kept before anybody is told that it is, and until the server's word on it is kept too. */
import type { Result } from "../api/types";
import { businessDay, capturedAt, clockAhead, now, stamp } from "./clock";
import type { Day } from "./money";
import type { NewOperation } from "./operations";
import { NotSaved, type Operation, type Sent, type State, type Store, saved } from "./store";

const STATES: Record<Exclude<Result["status"], "retry">, State> = {
  applied: "applied",
  replayed: "applied",
  applied_with_exception: "noted",
  quarantined: "quarantined",
  blocked: "blocked",
  mismatch: "parked",
};
/** Kept by the server and not done: whether it still is can be asked by sending it again. */
export const UNSETTLED: readonly State[] = ["blocked", "quarantined"];
/** What a person has to know about. */
export const ATTENTION: readonly State[] = ["noted", "blocked", "quarantined", "decided", "parked"];
/** Not booked, as far as this phone can know. */
export const NOT_DONE: readonly State[] = ["quarantined", "decided", "parked"];

export const newKey = (): string => crypto.randomUUID();

/**
 * Keep what happened. All of it is on the disk when this resolves, or none of it: then it throws NotSaved.
 * `keys` are the client_temp_ids, for those that another one names.
 */
export async function append(store: Store, made: NewOperation[], keys: string[] = []): Promise<Operation[]> {
  const [captured_at, day] = [stamp(), businessDay(now())];
  return saved(
    store.transaction("rw", store.operations, store.customers, async () => {
      const last = (await store.operations.orderBy("seq").last())?.seq ?? 0;
      const whose = made.map(({ payload }) => ("customer" in payload && payload.customer) || 0);
      const customers = await store.customers.bulkGet(whose);
      const operations = made.map(
        (one, at) =>
          ({
            client_temp_id: keys[at] ?? newKey(),
            seq: last + 1 + at,
            type: one.type,
            version: 1,
            captured_at,
            depends_on: one.depends_on ?? [],
            payload: one.payload,
            day,
            shown: one.shown ?? null,
            customer: customers[at]?.name ?? "",
            state: "waiting",
            result: null,
            counts: 1,
          }) satisfies Operation,
      );
      await store.operations.bulkAdd(operations);
      return operations;
    }),
  );
}

/** What is still to be sent, the oldest first; with `ask`, also what the server keeps and may have done by now. */
export function toSend(store: Store, after: number, limit: number, ask: boolean): Promise<Operation[]> {
  const states: State[] = ask ? ["waiting", ...UNSETTLED] : ["waiting"];
  return store.operations
    .where("state")
    .anyOf(states)
    .filter((one) => one.seq > after)
    .sortBy("seq")
    .then((all) => all.slice(0, limit));
}

export function sent(operation: Operation): Sent {
  const { client_temp_id, seq, type, version, captured_at, depends_on, payload } = operation;
  return { client_temp_id, seq, type, version, captured_at, depends_on, payload };
}

/**
 * Keep what the server said of these, all in one step. How many of them are to be sent again.
 * Throws NotSaved: then nothing has changed, and they are sent again.
 */
export async function settle(store: Store, batch: Operation[], results: Result[]): Promise<number> {
  const byKey = new Map(results.map((result) => [result.client_temp_id, result]));
  let again = 0;
  await saved(
    store.transaction("rw", store.operations, async () => {
      for (const operation of batch) {
        const result = byKey.get(operation.client_temp_id);
        if (!result || result.status === "retry") {
          if (operation.state === "waiting") again += 1;
          continue;
        }
        const state = stateOf(result, result.status);
        const counts = state === "quarantined" || state === "decided" ? 0 : 1; // not done; the others its copy will show
        await store.operations.update(operation.seq, { state, result, counts, day: dayOf(operation, result) });
      }
    }),
  );
  return again;
}

/** The day that the server took it for; where it names none, the day by what is known of the phone's clock by now. */
function dayOf({ captured_at, day }: Operation, { entity }: Result): Day {
  const made = entity as { transaction?: { occurred_at: string }; received_at?: string } | null;
  const at = made?.transaction?.occurred_at ?? made?.received_at ?? (clockAhead() ? capturedAt(captured_at) : null);
  return at ? businessDay(at) : day;
}

/** Where it stands by what the server said of it. */
function stateOf({ error }: Result, status: keyof typeof STATES): State {
  if (status === "replayed" && error) return "noted";
  if (status === "quarantined" && (error?.code === "resolved" || error?.code === "dismissed")) return "decided";
  return STATES[status] ?? "parked";
}

/** Not even sent: the server could not take it. A person has to help. */
export function park(store: Store, operation: Operation, code: string): Promise<number> {
  const { client_temp_id, seq } = operation;
  const error = { code, detail: "" };
  const result: Result = { client_temp_id, seq, status: "mismatch", id: null, number: null, entity: null, error };
  return saved(store.operations.update(seq, { state: "parked", result }));
}

/** The server lacks these numbers: what it had judged before it lost its memory is sent once more. */
export async function fill(store: Store, missing: number[][]): Promise<number> {
  let count = 0;
  for (const [first = 0, last = 0] of missing) {
    count += await store.operations
      .where("seq")
      .between(first, last, true, true)
      .filter((one) => one.state !== "waiting" && one.state !== "parked")
      .modify({ state: "waiting", counts: 1 });
  }
  return count;
}

/** Everything that this person has recorded on this phone, as a file for support. */
export async function exported(store: Store): Promise<Blob> {
  const [operations, user, device_id] = await Promise.all([
    store.operations.orderBy("seq").toArray(),
    store.fact("user"),
    store.fact("device_id"),
  ]);
  const told = { user: user?.username ?? null, device_id, exported_at: stamp(), clock_ahead: clockAhead(), operations };
  return new Blob([JSON.stringify(told, null, 1)], { type: "application/json" });
}

/** What the phone prints until the server has given a number: the same for the same operation. */
export function reference(deviceId: string, operation: { seq: number }): string {
  return `${deviceId.slice(0, 4).toUpperCase()}-${operation.seq}`;
}

export { NotSaved };
