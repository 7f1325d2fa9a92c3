/** The copy: brought from one moment of the server to a later one, whole or not at all. */
import { type Api, answer } from "../api/client";
import type { Collection, Pull } from "../api/types";
import { clockAhead, heardTime } from "./clock";
import { is } from "./stock";
import { COLLECTIONS, type Store, saved } from "./store";

/**
 * Bring the copy up to date. Only while no answer to a push is outstanding: so all that the server has done of the
 * queue by now is known to be done, and is in what comes. Throws NotReached, SignInNeeded, Refused, NotSaved.
 */
export async function pull(store: Store, api: Api): Promise<void> {
  for (;;) {
    const cursor = (await store.laid.toCollection().last())?.cursor ?? (await store.fact("cursor"));
    const query = cursor ? { query: { cursor } } : {};
    const page = await answer(api.GET("/api/v1/sync/pull/", { params: query }));
    heardTime(page.server_now);
    if (!page.has_more) return takeOver(store, page);
    await saved(
      store.transaction("rw", store.laid, async () => {
        if (page.reset_required) await store.laid.clear();
        await store.laid.add(page);
      }),
    );
  }
}

/** All pages, with their cursor and with what they make of the queue, in one step. */
async function takeOver(store: Store, last: Pull): Promise<void> {
  const tables = [...store.copies(), store.laid, store.facts, store.operations];
  await saved(
    store.transaction("rw", tables, async () => {
      const pages = last.reset_required ? [last] : [...(await store.laid.toArray()), last];
      for (const page of pages) await take(store, page);
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

async function take(store: Store, page: Pull): Promise<void> {
  for (const name of COLLECTIONS) {
    const table = store.table(name);
    if (page.reset_required) await table.clear();
    if (page.removed[name].length) await table.bulkDelete(page.removed[name]);
    if (page.changes[name].length) await table.bulkPut(page.changes[name] as unknown[]);
  }
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
