/** What operations move, and what a place holds after them, as the server will book it. */
import type { Condition, DistributionItem, User } from "../api/types";
import type { Named, OperationType, Payloads } from "./operations";
import type { Operation } from "./store";

/** So many more (or fewer) of something at a truck or a customer's site. A site holds without condition. */
export interface Move {
  place: "truck" | "customer";
  id: number;
  equipment: number;
  condition: Condition | null;
  by: number;
}

/** A distribution that was not confirmed yet, wherever it was made. */
export interface Intent {
  key: string; // the same for the same distribution
  vehicle: number | null;
  customer: number | null;
  items: Pick<DistributionItem, "equipment" | "quantity" | "direction" | "condition" | "movement_type">[];
}

const RETURNED = { EMPTY_RETURN: "EMPTY", FULL_RETURN: "FULL" } as const;

export function is<T extends OperationType>(operation: Operation, type: T): operation is Operation<T> {
  return operation.type === type;
}

/** What these operations move, one after another. `find` knows the distributions that wait. */
export function movesOf(operations: Operation[], user: User, find: (named: Named) => Intent | null): Move[][] {
  const confirmed = new Set<string>();
  return operations.map((operation) => {
    if (is(operation, "transaction.create")) return sold(operation.payload, user);
    if (!is(operation, "distribution.confirm")) return [];
    const intent = find(operation.payload.distribution);
    if (!intent || confirmed.has(intent.key)) return []; // decided before: the first wins
    confirmed.add(intent.key);
    return distributed(intent);
  });
}

/** What a distribution will be, as it was captured. */
export function intended(payload: Payloads["distribution.create"], key: string, user: User): Intent {
  const elsewhere = payload.to_depot != null || payload.customer != null;
  return {
    key,
    vehicle: payload.vehicle ?? (elsewhere ? null : (user.vehicle ?? null)),
    customer: payload.customer ?? null,
    items: payload.items,
  };
}

/** What is held after these moves. More than is there cannot leave: the server makes up what is short. */
export function after(
  held: Map<string, number>,
  moves: Move[][],
  place: Move["place"],
  id: number,
): Map<string, number> {
  const now = new Map(held);
  for (const operation of moves) {
    const together = new Map<string, number>();
    for (const move of operation) {
      if (move.place !== place || move.id !== id) continue;
      const key = stockKey(move.equipment, move.condition);
      together.set(key, (together.get(key) ?? 0) + move.by);
    }
    for (const [key, by] of together) now.set(key, Math.max((now.get(key) ?? 0) + by, 0));
  }
  return now;
}

export function stockKey(equipment: number, condition: string | null): string {
  return `${equipment}/${condition ?? ""}`;
}

function sold(payload: Payloads["transaction.create"], user: User): Move[] {
  const truck = payload.vehicle ?? (payload.depot ? null : user.vehicle);
  return (payload.items ?? []).flatMap((item): Move[] => {
    const { equipment, quantity, item_type } = item;
    if (!equipment || item_type === "SERVICE") return [];
    const out = item_type === "DELIVERY";
    const condition = out ? "FULL" : ((item.condition as Condition | null | undefined) ?? RETURNED[item_type]);
    const site: Move = {
      place: "customer",
      id: payload.customer,
      equipment,
      condition: null,
      by: out ? quantity : -quantity,
    };
    return truck ? [site, { place: "truck", id: truck, equipment, condition, by: -site.by }] : [site];
  });
}

function distributed(intent: Intent): Move[] {
  return intent.items.flatMap((item): Move[] => {
    const empties = item.movement_type === "EMPTY_RETURN";
    const out = (item.direction ?? (empties ? "IN" : "OUT")) === "OUT";
    const condition = (item.condition as Condition | undefined) ?? (empties ? "EMPTY" : "FULL");
    const by = out ? item.quantity : -item.quantity;
    const { equipment } = item;
    if (intent.vehicle) return [{ place: "truck", id: intent.vehicle, equipment, condition, by }];
    if (intent.customer) return [{ place: "customer", id: intent.customer, equipment, condition: null, by }];
    return [];
  });
}
