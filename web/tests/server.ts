/** The server's part of push and pull, as docs/sync.md defines it: small, and faithful in what a queue can notice. */
import type { Fetch } from "../src/api/client";

interface Op {
  client_temp_id: string;
  seq: number;
  type: string;
  captured_at: string;
  depends_on: string[];
  payload: Record<string, unknown>;
}

interface Kept {
  op: Op;
  status: "applied" | "applied_with_exception" | "quarantined" | "blocked";
  id: number;
}

const NOTHING = {
  depots: [],
  vehicles: [],
  equipment: [],
  customers: [],
  rates: [],
  meters: [],
  inventories: [],
  distributions: [],
  transactions: [],
  invoices: [],
  open_invoices: [],
  payments: [],
  credits: [],
};
export const COMPANY = {
  name: "HSH LPG Pte Ltd",
  uen: "200012345W",
  gst_reg_no: "",
  address: "",
  postal_code: "",
  phone: "",
  email: "",
  prices_include_gst: true,
  gst_rates: [{ since: "2024-01-01", percent: "9" }],
};

export class Server {
  /** What was done, in the order in which it was. */
  readonly done: string[] = [];
  readonly kept = new Map<string, Kept>();
  readonly batches: number[] = [];
  pulls = 0;
  /** Rows that the next pull brings, by collection. */
  rows: Record<string, unknown[]> = {};
  /** What becomes of the next request: it never comes, its answer is lost, it is answered by a 503; else by null. */
  fate: () => "lost" | "unanswered" | "busy" | null = () => null;
  /** What is made of an operation when it is judged first: `retry` ends its batch. */
  judge: (op: Op) => Kept["status"] | "retry" | "mismatch" = () => "applied";
  session: "live" | "ended" = "live";

  readonly send: Fetch = async (request) => {
    const { pathname } = new URL(request.url);
    const body = request.method === "POST" ? await request.json() : null;
    request.signal.throwIfAborted();
    const fate = this.fate();
    if (fate === "lost") throw new TypeError("no network");
    if (fate === "busy") return json({ code: "busy", detail: "Try again." }, 503);
    const answered =
      this.session === "ended"
        ? json({ code: "token_not_valid", detail: "Sign in again." }, 401)
        : this.answered(pathname, body);
    await null; // the phone may have given up by the time the answer is there
    request.signal.throwIfAborted();
    if (fate === "unanswered") throw new TypeError("the answer was lost");
    return answered;
  };

  private answered(pathname: string, body: { operations: Op[] } | null): Response {
    if (pathname === "/api/v1/sync/push/") return this.pushed(body?.operations ?? []);
    if (pathname === "/api/v1/sync/pull/") return this.pulled();
    return json({ code: "not_found", detail: "?" }, 404);
  }

  private pulled(): Response {
    this.pulls += 1;
    const page = { changes: { ...NOTHING, ...this.rows }, removed: NOTHING, cursor: `c${this.pulls}`, has_more: false };
    return json({
      ...page,
      reset_required: false,
      server_now: new Date().toISOString(),
      min_client: "1.0",
      company: COMPANY,
    });
  }

  private pushed(operations: Op[]): Response {
    this.batches.push(operations.length);
    if (operations.length > 100) return json({ code: "too_large", detail: "Send fewer." }, 413);
    const results = new Map<Op, { status: string; id: number | null }>();
    let stopped = false;
    for (const op of [...operations].sort((a, b) => a.seq - b.seq)) {
      const result: { status: string; id: number | null } = stopped ? { status: "retry", id: null } : this.judged(op);
      stopped ||= result.status === "retry";
      results.set(op, result);
    }
    for (const [op, result] of results) {
      const later = result.status === "blocked" ? this.kept.get(op.client_temp_id) : null;
      if (later && later.status !== "blocked") results.set(op, { status: later.status, id: later.id });
    }
    const told = operations.map((op) => {
      const { status, id } = results.get(op) ?? { status: "retry", id: null };
      const error =
        status === "applied" || status === "replayed" || status === "retry" ? null : { code: "x", detail: "why" };
      return {
        client_temp_id: op.client_temp_id,
        seq: op.seq,
        status,
        id,
        number: id ? `N-${id}` : null,
        entity: null,
        error,
      };
    });
    return json({ results: told, missing: this.missing(), server_now: new Date().toISOString() });
  }

  private judged(op: Op): { status: string; id: number | null } {
    const before = this.kept.get(op.client_temp_id);
    if (before && JSON.stringify(before.op.payload) !== JSON.stringify(op.payload))
      return { status: "mismatch", id: null };
    if (before?.status === "applied" || before?.status === "applied_with_exception")
      return { status: "replayed", id: before.id };
    if (before && before.status !== "blocked") return { status: before.status, id: null };
    const said = this.judge(op);
    if (said === "retry" || said === "mismatch") return { status: said, id: null };
    const waits = op.depends_on.some((key) => !this.isDone(key));
    const status = waits ? "blocked" : said;
    const kept = { op, status, id: status === "blocked" || status === "quarantined" ? 0 : this.done.length + 1 };
    this.kept.set(op.client_temp_id, kept);
    if (kept.id) {
      this.done.push(op.client_temp_id);
      this.release(op.client_temp_id);
    }
    return { status, id: kept.id || null };
  }

  private isDone(key: string): boolean {
    return ["applied", "applied_with_exception"].includes(this.kept.get(key)?.status ?? "");
  }

  private release(key: string): void {
    for (const { op, status } of [...this.kept.values()])
      if (status === "blocked" && op.depends_on.includes(key)) this.judged(op);
  }

  private missing(): number[][] {
    const seqs = [...this.kept.values()].map(({ op }) => op.seq).sort((a, b) => a - b);
    const holes: number[][] = [];
    let last = 0;
    for (const seq of seqs) {
      if (seq > last + 1) holes.push([last + 1, seq - 1]);
      last = seq;
    }
    return holes;
  }

  /** As if restored from a backup. */
  forget(key: string): void {
    this.kept.delete(key);
    this.done.splice(this.done.indexOf(key), 1);
  }
}

/** No answer, ever: until the phone gives up. */
export const hang: Fetch = ({ signal }) => new Promise((_, fail) => signal.addEventListener("abort", fail));

export function json(body: unknown, status = 200): Response {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
}
