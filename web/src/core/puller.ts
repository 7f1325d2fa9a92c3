/** The copy: brought from one moment of the server to a later one, whole or not at all. */
import type { Api } from "../api/client";
import type { Collection, Pull } from "../api/types";
import { clockAhead } from "./clock";
import { is } from "./stock";
import { COLLECTIONS, type Store, saved } from "./store";

/**
 * Bring the copy up to date. Only while no answer to a push is outstanding: so all that the server has done of the
 * queue by now is known to be done, and is in what comes. `heard` is told the server's time with each page.
 * Throws NotReached, SignInNeeded, Refused, NotSaved.
 */
export async function pull(
  store: Store,
  api: Api,
  heard: (serverNow: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const cursor = (await store.laid.toCollection().last())?.cursor ?? (await store.fact("cursor"));
    const page = await api("get", "/api/v1/sync/pull/", { query: cursor ? { cursor } : {}, signal });
    heard(page.server_now);
    if (!page.has_more) return takeOver(store, page);
    await saved(
      store.transaction("rw", store.laid, async () => {
        if (page.reset_required) await store.laid.clear();
        await store.laid.add(page);
      }),
    );
  }
}

const AT_ONCE = 1_000; // rows: with more in one go the screen would stand still

/** All pages, with their cursor and with what they make of the queue, in one step. */
async function takeOver(store: Store, last: Pull): Promise<void> {
  const pages = last.reset_required ? [last] : [...(await store.laid.toArray()), last];
  const changes = await Promise.all(COLLECTIONS.map((name) => changesOf(store, name, pages)));
  const tables = [...store.copies(), store.laid, store.facts, store.operations];
  await saved(
    store.transaction("rw", tables, async () => {
      for (const { table, gone, anew } of changes) {
        if (gone.length) await table.bulkDelete(gone);
        for (let at = 0; at < anew.length; at += AT_ONCE) await table.bulkPut(anew.slice(at, at + AT_ONCE));
      }
      await store.laid.clear();
      await store.note("cursor", last.cursor);
      await store.note("company", last.company);
      await store.note("min_client", last.min_client);
      await store.note("pulled_at", last.server_now);
      await store.note("clock_ahead", clockAhead());
      await done(store, pages);
    }),
  );
}

/** What pages change in a table. Of a whole new copy only what differs: screens wait while the disk writes. */
async function changesOf(store: Store, name: Collection, pages: Pull[]) {
  const table = store.table<{ id: number }, number>(name);
  const rows = new Map<number, { id: number } | null>();
  for (const { removed, changes } of pages) {
    for (const id of removed[name]) rows.set(id, null);
    for (const row of changes[name]) rows.set(row.id, row);
  }
  for (const held of pages[0]?.reset_required ? await table.toArray() : []) {
    const row = rows.get(held.id);
    if (!row) rows.set(held.id, null);
    else if (JSON.stringify(row) === JSON.stringify(held)) rows.delete(held.id);
  }
  const gone = [...rows.keys()].filter((id) => !rows.get(id));
  return { table, gone, anew: [...rows.values()].filter((row) => row !== null) };
}

/** What the server has done is in the copy now, and need not be added to it any more. */
async function done(store: Store, pages: Pull[]): Promise<void> {
  const made = new Map<string, { id: number; number: string }>(); // some of it nobody has told us of yet
  const paid: typeof made = new Map(); // with a sale of which only the reading was left there is money of its key too
  for (const { changes } of pages) {
    for (const row of changes.distributions)
      if (row.client_temp_id) made.set(row.client_temp_id, { id: row.id, number: row.distribution_number ?? "" });
    for (const row of changes.transactions)
      if (row.client_temp_id) made.set(row.client_temp_id, { id: row.id, number: row.transaction_number ?? "" });
    for (const row of changes.payments)
      if (row.client_temp_id) paid.set(row.client_temp_id, { id: row.id, number: row.payment_number ?? "" });
  }
  const known = await store.operations.where("counts").equals(1).toArray();
  const keys = [...made.keys(), ...paid.keys()];
  const kept = keys.length ? await store.operations.where("client_temp_id").anyOf(keys).toArray() : [];
  for (const one of known) {
    if (one.state === "applied" || one.state === "noted") await store.operations.update(one.seq, { counts: 0 });
  }
  for (const one of kept) {
    const found = (is(one, "payment.create") ? paid : made).get(one.client_temp_id);
    if (!found || (one.state !== "blocked" && one.state !== "quarantined")) continue;
    const { client_temp_id, seq } = one;
    const result = { client_temp_id, seq, status: "applied", ...found, entity: null, error: null } as const;
    await store.operations.update(seq, { state: "applied", result, counts: 0 });
  }
}

export type { Collection };
