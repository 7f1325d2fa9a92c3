/** What one person has on this phone: their queue, their copy of the server's rows, and a few facts. */
import Dexie, { type Table } from "dexie";
import type { Tokens } from "../api/client";
import type {
  Balance,
  Collection,
  Company,
  Credit,
  Customer,
  CustomerRate,
  Depot,
  Distribution,
  Equipment,
  Invoice,
  Meter,
  OpenInvoice,
  Payment,
  Pull,
  Result,
  Rows,
  Transaction,
  User,
  Vehicle,
} from "../api/types";
import type { Day } from "./money";
import type { OperationType, Payloads, ShownOf } from "./operations";

/** See README: where an operation stands. */
export type State = "waiting" | "applied" | "noted" | "blocked" | "quarantined" | "decided" | "parked";

/** One thing that happened, as the protocol wants it. It is never edited. */
export interface Sent<T extends OperationType = OperationType> {
  client_temp_id: string;
  seq: number;
  type: T;
  version: 1;
  captured_at: string;
  depends_on: string[];
  payload: Payloads[T];
}

/** What the phone knows of it besides: what the customer was shown, and what the server said. */
export interface Operation<T extends OperationType = OperationType> extends Sent<T> {
  day: Day; // the business day, by a clock put right
  shown: ShownOf<T> | null;
  customer: string; // by name, if it is anybody's: they may leave this phone
  state: State;
  result: Result | null;
  counts: 0 | 1; // whether it is to be added to the copy: the copy does not have it yet
}

export interface Facts {
  user: User;
  tokens: Tokens;
  device_id: string;
  device_name: string;
  cursor: string;
  company: Company;
  min_client: string;
  pulled_at: string;
  clock_ahead: number;
}

/** The phone could not keep it. Nothing was saved. */
export class NotSaved extends Error {
  constructor(readonly full: boolean) {
    super(full ? "the disk is full" : "the disk refuses");
  }
}

export const COLLECTIONS = [
  "depots",
  "vehicles",
  "equipment",
  "customers",
  "rates",
  "meters",
  "inventories",
  "distributions",
  "transactions",
  "invoices",
  "open_invoices",
  "payments",
  "credits",
] as const satisfies readonly Collection[];

export class Store extends Dexie {
  declare operations: Table<Operation, number>;
  declare facts: Table<{ name: keyof Facts; value: Facts[keyof Facts] }, string>;
  declare laid: Table<Pull, number>; // pages of a pull that is not whole yet
  declare depots: Table<Depot, number>;
  declare vehicles: Table<Vehicle, number>;
  declare equipment: Table<Equipment, number>;
  declare customers: Table<Customer, number>;
  declare rates: Table<CustomerRate, number>;
  declare meters: Table<Meter, number>;
  declare inventories: Table<Balance, number>;
  declare distributions: Table<Distribution, number>;
  declare transactions: Table<Transaction, number>;
  declare invoices: Table<Invoice, number>;
  declare open_invoices: Table<OpenInvoice, number>;
  declare payments: Table<Payment, number>;
  declare credits: Table<Credit, number>;

  constructor(readonly userId: number) {
    super(`hsh-lpg-${userId}`, { chromeTransactionDurability: "strict" });
    this.version(1).stores({
      operations: "seq, &client_temp_id, state, counts, day",
      facts: "name",
      laid: "++",
      depots: "id",
      vehicles: "id",
      equipment: "id",
      customers: "id",
      rates: "id, customer",
      meters: "id, customer",
      inventories: "id, vehicle, customer",
      distributions: "id, client_temp_id",
      transactions: "id, client_temp_id, customer, occurred_at",
      invoices: "id, customer, transaction.id",
      open_invoices: "id, customer, transaction.id",
      payments: "id, received_at",
      credits: "id",
    });
  }

  async fact<K extends keyof Facts>(name: K): Promise<Facts[K] | null> {
    const row = await this.facts.get(name);
    return (row?.value as Facts[K] | undefined) ?? null;
  }

  async note<K extends keyof Facts>(name: K, value: Facts[K] | null): Promise<void> {
    if (value === null) await this.facts.delete(name);
    else await saved(this.facts.put({ name, value }));
  }

  tokens(): Promise<Tokens | null> {
    return this.fact("tokens");
  }

  keep(tokens: Tokens): Promise<void> {
    return this.note("tokens", tokens);
  }

  copies(): Table[] {
    return COLLECTIONS.map((name) => this.table(name));
  }

  /** A table of the copy, by the name that pull gives it. */
  copy<K extends keyof Rows>(name: K): Table<Rows[K][number], number> {
    return this.table(name);
  }
}

/** Throws NotSaved, whatever the disk's own words are. */
export async function saved<T>(writing: PromiseLike<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    throw error instanceof NotSaved ? error : new NotSaved(isFull(error));
  }
}

function isFull(error: unknown): boolean {
  for (let at = error; at && typeof at === "object"; at = (at as { inner?: unknown }).inner) {
    if (/quota/i.test(`${(at as Error).name} ${(at as Error).message}`)) return true;
  }
  return false;
}
