/** The core, as a screen gets at it. */
import { liveQuery } from "dexie";
import { createContext, use, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { businessDay } from "../core/clock";
import { CustomerIndex } from "../core/customers";
import type { Day } from "../core/money";
import type { Phone } from "../core/phone";
import type { SenderStatus } from "../core/sender";
import type { Store } from "../core/store";

export const PhoneContext = createContext<Phone | null>(null);

/** The phone of who is signed in. */
export function usePhone(): Phone {
  const phone = use(PhoneContext);
  if (!phone) throw new Error("nobody is signed in");
  return phone;
}

/**
 * What a view of the store shows, now and whenever something of it changes; undefined until it is there.
 * Another set of `needs` asks anew. A failure goes to the nearest boundary.
 */
export function useLive<T>(view: (store: Store) => Promise<T>, needs: readonly unknown[] = []): T | undefined {
  const { store } = usePhone();
  const [shown, setShown] = useState<{ value: T; key: string }>();
  const [failure, setFailure] = useState<unknown>();
  const latest = useRef(view);
  latest.current = view;
  const key = JSON.stringify(needs);
  useEffect(() => {
    const watched = liveQuery(() => latest.current(store)).subscribe({
      next: (value) => setShown({ value, key }),
      error: setFailure,
    });
    return () => watched.unsubscribe();
  }, [store, key]);
  if (failure) throw failure;
  return shown?.key === key ? shown.value : undefined;
}

/** How the way to the server is. */
export function useSender(): SenderStatus {
  const { sender } = usePhone();
  return useSyncExternalStore(sender.subscribe, sender.status);
}

/** The business day, also when it ends, or the server says that it is another one. */
export function useToday(): Day {
  useSender(); // it has news often enough
  return businessDay();
}

/** All customers, to search in; undefined until they are there. */
export function useCustomers(): CustomerIndex | undefined {
  const customers = useLive((store) => store.customers.toArray());
  return useMemo(() => customers && new CustomerIndex(customers), [customers]);
}
