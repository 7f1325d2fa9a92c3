/** Phones for the tests: a store that outlives them, and a sender that does nothing by itself. */

import Dexie from "dexie";
import { IDBFactory } from "fake-indexeddb";
import { signedIn } from "../src/api/client";
import type { User } from "../src/api/types";
import type { NewOperation } from "../src/core/operations";
import { append } from "../src/core/queue";
import { Sender, type Surroundings } from "../src/core/sender";
import { type Operation, Store } from "../src/core/store";
import type { Server } from "./server";

export const CUSTOMER = {
  id: 1,
  customer_code: "C-0001",
  name: "Kopi & Toast, Ang Mo Kio",
  email: "",
  phone: "+65 6452 1188",
  address: "Blk 226 Ang Mo Kio Ave 1 #01-601",
  postal_code: "560226",
  uen: "",
  payment_type: "CASH" as const,
  payment_terms_days: 30,
  credit_limit: null as string | null,
  depot: 1,
  is_active: true,
  meter_rate: "2.3500",
  is_meter_installed: true,
  last_meter_reading: "100.000",
};

export const USER: User = {
  id: 3,
  username: "driver",
  first_name: "",
  last_name: "",
  email: "",
  employee_id: "E-103",
  role: "DRIVER",
  depot: 1,
  depots: [],
  vehicle: 1,
  depot_name: "Singgas depot",
  vehicle_no: "SBA 1234 K",
  is_active: true,
};

/** A phone that has just been bought. */
export function freshDisk(): void {
  Dexie.dependencies.indexedDB = new IDBFactory();
}

const queues = new Map<string, Promise<unknown>>();

/** One at a time, as the browser's locks; nothing happens by itself. */
export const AROUND: Surroundings = {
  turns: (name, work, signal) => {
    let begun = false;
    const mine = (queues.get(name) ?? Promise.resolve()).then(() => {
      signal.throwIfAborted();
      begun = true;
      return work();
    });
    queues.set(
      name,
      mine.catch(() => {}),
    );
    return new Promise((done, fail) => {
      const leave = () => begun || fail(signal.reason);
      signal.addEventListener("abort", leave);
      mine.then(done, fail).finally(() => signal.removeEventListener("abort", leave));
    });
  },
  pause: () => () => {},
  random: () => 0.5,
};

export class Pocket {
  private constructor(
    readonly store: Store,
    readonly sender: Sender,
  ) {}

  static async open(server: Server, around: Surroundings = AROUND): Promise<Pocket> {
    const store = new Store(USER.id);
    if (!(await store.fact("user"))) {
      await store.note("user", USER);
      await store.note("device_id", crypto.randomUUID());
      await store.note("tokens", { access: "a", refresh: "r" });
    }
    return new Pocket(store, new Sender(store, signedIn("http://phone.test", store, server.send), around));
  }

  async capture(...operations: NewOperation[]): Promise<Operation[]> {
    return append(this.store, operations);
  }

  all(): Promise<Operation[]> {
    return this.store.operations.orderBy("seq").toArray();
  }

  async states(): Promise<string[]> {
    return (await this.all()).map((one) => one.state);
  }

  /** The battery falls out. */
  kill(): void {
    void this.sender.stop();
    this.store.close();
  }
}

export function aReading(value: number): NewOperation {
  return { type: "meter.read", payload: { meter: 1, reading: `${value}.000` } };
}
