/** One person's phone: what they record, what they see, and the way to the server. */
import Dexie, { type Table } from "dexie";
import { type Api, anonymous, type Fetch, NotReached, Refused, signedIn } from "../api/client";
import type { DayClose, User } from "../api/types";
import { resumeTime } from "./clock";
import type { NewOperation } from "./operations";
import { append, exported, newKey } from "./queue";
import { Sender } from "./sender";
import { type Operation, Store, saved } from "./store";

export const APP_VERSION = "1.0";
const CHANGED = "hsh-lpg.person"; // tells the other tabs, no more: it is written to the disk only some time later

export class Phone {
  readonly sender: Sender;

  private constructor(
    readonly store: Store,
    readonly user: User,
    readonly deviceId: string,
    readonly api: Api,
    private readonly door: Api,
  ) {
    this.sender = new Sender(store, api);
  }

  static async open(store: Store, user: User, deviceId: string, send?: Fetch): Promise<Phone> {
    const [ahead, heard] = [await store.fact("clock_ahead"), await store.fact("pulled_at")];
    resumeTime(ahead ?? 0, Date.parse(heard ?? "1970-01-01"));
    const { origin } = location;
    return new Phone(store, user, deviceId, signedIn(origin, store, send), anonymous(origin, send));
  }

  /** Keep what happened. It is on the disk when this resolves; throws NotSaved, and then nothing was kept. */
  async capture(operation: NewOperation): Promise<Operation> {
    const [kept] = await this.captureAll([operation]);
    return kept as Operation;
  }

  /** All of them or none. `keys` are their client_temp_ids, for those that another one names (`newKey()`). */
  async captureAll(operations: NewOperation[], keys: string[] = []): Promise<Operation[]> {
    const kept = await append(this.store, operations, keys);
    this.sender.nudge();
    return kept;
  }

  /** Send and pull now. */
  sync(): Promise<void> {
    return this.sender.sync();
  }

  exportQueue(): Promise<Blob> {
    return exported(this.store);
  }

  /** The document as a PDF. Throws NotReached, SignInNeeded, Refused. */
  pdf(invoice: number): Promise<Blob> {
    return this.api("get", "/api/v1/invoices/{id}/pdf/", { path: { id: invoice } });
  }

  /** What has become of a day close by now. Throws NotReached, SignInNeeded, Refused. */
  dayClose(id: number): Promise<DayClose> {
    return this.api("get", "/api/v1/day-closes/{id}/", { path: { id } });
  }

  /** Give this phone a name that the office sees. Throws NotReached, SignInNeeded, Refused, NotSaved. */
  async rename(name: string): Promise<void> {
    await register(this.api, this.deviceId, name);
    await this.store.note("device_name", name);
  }

  /** Whether the server still lets this version record. What is recorded can always be sent. */
  async mayRecord(): Promise<boolean> {
    const least = (await this.store.fact("min_client")) ?? APP_VERSION;
    return compared(APP_VERSION, least) >= 0;
  }

  /** Out, at once. What was not sent stays on this phone, and is sent when this person signs in here again. */
  async signOut(): Promise<void> {
    await this.close();
    const tokens = await this.store.tokens();
    await this.store.note("tokens", null);
    await changePerson(null);
    this.store.close();
    if (!tokens) return;
    const gone = this.door("post", "/api/v1/token/revoke/", { body: { refresh: tokens.refresh }, keepalive: true });
    gone.catch(() => {}); // without a network the session ends by itself
  }

  /** Stop sending; another person takes over, or the page goes. */
  close(): Promise<void> {
    return this.sender.stop();
  }
}

/** The phone as it was left, with or without a network; null: nobody is signed in. */
export async function resume(send?: Fetch): Promise<Phone | null> {
  const id = await person();
  if (!id) return null;
  const store = new Store(id);
  const [user, deviceId] = [await store.fact("user"), await store.fact("device_id")];
  return user && deviceId ? Phone.open(store, user, deviceId, send) : null;
}

/** Throws NotReached, Refused, NotSaved. */
export async function signIn(username: string, password: string, send?: Fetch): Promise<Phone> {
  const door = anonymous(location.origin, send);
  const tokens = await door("post", "/api/v1/token/", { body: { username, password } });
  let held = tokens;
  const keeper = {
    tokens: async () => held,
    keep: async (anew: typeof tokens) => {
      held = anew;
    },
  };
  const api = signedIn(location.origin, keeper, send);
  const user = await api("get", "/api/v1/me/");
  const store = new Store(user.id);
  const device_id = (await store.fact("device_id")) ?? newKey();
  const name = (await store.fact("device_name")) ?? deviceName();
  await register(api, device_id, name);
  await store.note("device_id", device_id);
  await store.note("device_name", name);
  await store.note("user", user);
  await store.keep(held);
  await changePerson(user.id);
  void navigator.storage?.persist?.();
  return Phone.open(store, user, device_id, send);
}

/** Calls back when another tab has signed somebody else in, or out. What stops it. */
export function onOtherPerson(work: () => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key === CHANGED && event.oldValue !== event.newValue) work();
  };
  addEventListener("storage", listener);
  return () => removeEventListener("storage", listener);
}

/** Whose phone it is at the moment: a number, nothing else of them. Null: nobody's. */
function person(): Promise<number | null> {
  return held((table) => table.get("id").then((id) => id ?? null));
}

async function changePerson(id: number | null): Promise<void> {
  await held<unknown>((table) => saved<unknown>(id === null ? table.delete("id") : table.put(id, "id")));
  if (id === null) localStorage.removeItem(CHANGED);
  else localStorage.setItem(CHANGED, String(id));
}

/** On the disk like all else: who is signed in still is when the battery has fallen out. */
async function held<T>(work: (table: Table<number, string>) => PromiseLike<T>): Promise<T> {
  const database = new Dexie("hsh-lpg", { chromeTransactionDurability: "strict" });
  database.version(1).stores({ person: "" });
  try {
    return await work(database.table("person"));
  } finally {
    database.close();
  }
}

async function register(api: Api, device_id: string, name: string): Promise<void> {
  const platform = navigator.userAgent.slice(0, 100);
  await api("post", "/api/v1/sync/devices/", { body: { device_id, name, platform } });
}

function deviceName(): string {
  return /Android|iPhone|iPad|Windows|Mac|Linux/.exec(navigator.userAgent)?.[0] ?? "";
}

/** Below 0 when the first version is older. */
export function compared(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let at = 0; at < Math.max(a?.length ?? 0, b?.length ?? 0); at += 1) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

export { NotReached, Refused };
