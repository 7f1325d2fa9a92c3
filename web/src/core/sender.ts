/** Sends what waits, and then brings the copy up to date: one tab at a time, for as long as the app is open. */
import { type Api, NotReached, Refused, SignInNeeded } from "../api/client";
import type { Result } from "../api/types";
import { heardTime, stamp } from "./clock";
import { pull } from "./puller";
import { fill, park, sent, settle, toSend } from "./queue";
import { NotSaved, type Operation, type Store } from "./store";

const MOST_OPERATIONS = 100;
const MOST_BYTES = 256 * 1024 - 1024; // what stands around the operations needs a little
const RHYTHM = 30_000;
const LONGEST_PAUSE = 60_000;
const SILENCE = 10_000; // by then somebody wants to know that no answer comes, even though it still may
const ASK_AGAIN = RHYTHM; // what the server keeps, it or a supervisor may have settled by now

export interface SenderStatus {
  online: boolean | null; // whether the last request worked, or may yet; null: none was made yet
  busy: boolean;
  signInNeeded: boolean;
  full: boolean; // the disk is: answers cannot be kept
  refused: string; // the server does not take what this app sends, and says why; empty: it does
}

const LONG_AGO = Number.NEGATIVE_INFINITY; // by what goes on evenly, whatever the phone's clock is set to

/** Runs one at a time, of all tabs: the others wait their turn, until the signal says that they need not any more. */
export type Turns = (name: string, work: () => Promise<void>, signal: AbortSignal) => Promise<void>;

export const locks: Turns = async (name, work, signal) => {
  await navigator.locks.request(name, { signal }, work);
};

export interface Surroundings {
  turns: Turns;
  pause: (work: () => void, milliseconds: number) => () => void; // what stops it
  random: () => number;
}

const REAL: Surroundings = {
  turns: locks,
  pause: (work, milliseconds) => {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

export class Sender {
  private state: SenderStatus = {
    online: null,
    busy: false,
    signInNeeded: false,
    full: false,
    refused: "",
  };
  private readonly listeners = new Set<() => void>();
  private running: Promise<void> | null = null;
  private wanted = false;
  private over = new AbortController(); // its end stops all
  private failures = 0;
  private askedAt = LONG_AGO;
  private notBefore = LONG_AGO;
  private still: () => void = () => {};
  private patient: () => void = () => {};
  private most = MOST_OPERATIONS;

  constructor(
    private readonly store: Store,
    private readonly api: Api,
    private readonly around: Surroundings = REAL,
  ) {}

  status = (): SenderStatus => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** From now on: at once, on return to the screen, and every so often. */
  start(): void {
    if (this.stopped) this.over = new AbortController();
    document.addEventListener("visibilitychange", this.onReturn);
    addEventListener("online", this.onReturn); // a hint, no more
    addEventListener("pageshow", this.onReturn);
    void this.sync();
  }

  /** No more, at once: a call under way is broken off, and what it was about is asked for again another time. */
  stop(): Promise<void> {
    this.over.abort();
    this.still();
    document.removeEventListener("visibilitychange", this.onReturn);
    removeEventListener("online", this.onReturn);
    removeEventListener("pageshow", this.onReturn);
    return this.running ?? Promise.resolve();
  }

  private get stopped(): boolean {
    return this.over.signal.aborted;
  }

  /** Something was captured: send it, unless the server has asked to be left alone for a while. */
  nudge(): void {
    if (performance.now() >= this.notBefore) void this.run();
  }

  /** Now, and with a look at what the server keeps. Resolves when it is done, or has failed. */
  sync(): Promise<void> {
    this.failures = 0;
    this.askedAt = this.notBefore = LONG_AGO;
    return this.run();
  }

  private readonly onReturn = (): void => {
    if (document.visibilityState === "visible") void this.sync();
  };

  /** One round; what is wanted while one runs gets one more. */
  private run(): Promise<void> {
    this.wanted = true;
    this.running ??= this.rounds().finally(() => {
      this.running = null;
      if (this.wanted && !this.stopped) void this.run(); // it was asked for just now
    });
    return this.running;
  }

  private async rounds(): Promise<void> {
    while (this.wanted && !this.stopped) {
      this.wanted = false;
      this.still();
      let pause = RHYTHM;
      try {
        const round = async () => {
          this.tell({ busy: true });
          pause = await this.round();
        };
        await this.around.turns(`hsh-lpg-sender-${this.store.userId}`, round, this.over.signal);
      } catch {
        pause = this.later(0); // no lock to be had, or the store is closed under us
      }
      this.tell({ busy: false });
      if (!this.stopped) this.still = this.around.pause(() => void this.run(), pause);
    }
  }

  /** Send everything, then pull. How long to wait until the next one. */
  private async round(): Promise<number> {
    this.listen();
    try {
      if (await this.push()) return this.later(0);
      await pull(this.store, this.api, this.heard, this.over.signal);
      this.failures = 0;
      this.tell({ online: true, full: false });
      return RHYTHM;
    } catch (error) {
      if (error instanceof NotReached) {
        this.tell({ online: false });
        this.notBefore = performance.now() + error.retryAfter * 1000;
        return this.later(error.retryAfter * 1000);
      }
      if (error instanceof SignInNeeded) this.tell({ online: true, signInNeeded: true });
      else if (error instanceof Refused) this.tell({ online: true, refused: error.message });
      else if (error instanceof NotSaved) this.tell({ full: error.full });
      else throw error;
      return this.later(RHYTHM);
    } finally {
      this.patient();
    }
  }

  /** An answer is awaited from now on. */
  private listen(): void {
    this.patient();
    this.patient = this.around.pause(() => this.tell({ online: false }), SILENCE);
  }

  /** The server has answered, and said what time it is. */
  private readonly heard = (serverNow: string): void => {
    this.listen();
    heardTime(serverNow);
    this.tell({ online: true, signInNeeded: false, refused: "" });
  };

  /** Send until all is judged. Whether the server asks to come again. */
  private async push(): Promise<boolean> {
    let ask = performance.now() - this.askedAt >= ASK_AGAIN;
    if (ask) this.askedAt = performance.now();
    for (let after = 0; ; ) {
      const batch = await this.batch(after, ask);
      if (!batch.length) return false;
      const answered = await this.pushed(batch);
      if (!answered) continue; // too many at once: fewer now
      if (await settle(this.store, batch, answered.results)) return true;
      this.failures = 0;
      after = batch.at(-1)?.seq ?? after;
      if (await fill(this.store, answered.missing)) [after, ask] = [0, false];
    }
  }

  private async pushed(batch: Operation[]): Promise<{ results: Result[]; missing: number[][] } | null> {
    const device_id = (await this.store.fact("device_id")) ?? "";
    const body = { protocol: 1, device_id, device_now: stamp(), operations: batch.map(sent) };
    try {
      const said = await this.api("post", "/api/v1/sync/push/", { body, signal: this.over.signal });
      this.most = MOST_OPERATIONS;
      this.heard(said.server_now);
      return said;
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 413) throw error;
      if (batch.length > 1) this.most = Math.ceil(batch.length / 2);
      else if (batch[0]) await park(this.store, batch[0], "too_large");
      return null;
    }
  }

  /** As many of the oldest as one call may carry. One that alone is too large is parked. */
  private async batch(after: number, ask: boolean): Promise<Operation[]> {
    const batch: Operation[] = [];
    let room = MOST_BYTES;
    for (const operation of await toSend(this.store, after, this.most, ask)) {
      const size = new TextEncoder().encode(JSON.stringify(sent(operation))).length + 2;
      if (size > MOST_BYTES) {
        await park(this.store, operation, "too_large");
        continue;
      }
      if (size > room) break;
      room -= size;
      batch.push(operation);
    }
    return batch;
  }

  private later(atLeast: number): number {
    this.failures += 1;
    const pause = Math.min(1000 * 2 ** (this.failures - 1), LONGEST_PAUSE) * (0.5 + this.around.random());
    return Math.max(pause, atLeast);
  }

  private tell(news: Partial<SenderStatus>): void {
    this.state = { ...this.state, ...news };
    for (const listener of this.listeners) listener();
  }
}
