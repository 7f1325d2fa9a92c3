/** What was entered and not recorded yet, kept while the screen is away: for as long as the app is open. */
import { useCallback, useState } from "react";
import { useLive, usePhone } from "./phone";

type Change<T> = (change: ((before: T) => T) | null) => void;

/** As useState, under a name of one's own; null: it is done with. */
export function useKept<T>(name: string, blank: T): [T, Change<T>] {
  const { user } = usePhone();
  const key = `hsh-lpg.${name}.${user.id}`;
  const [value, setValue] = useState<T>(() => {
    const kept = sessionStorage.getItem(key);
    return kept === null ? blank : JSON.parse(kept);
  });
  const change = useCallback(
    (make: ((before: T) => T) | null) => {
      if (!make) return sessionStorage.removeItem(key);
      setValue((before) => {
        const after = make(before);
        sessionStorage.setItem(key, JSON.stringify(after));
        return after;
      });
    },
    [key],
  );
  return [value, change];
}

/** As useKept, of what is recorded under its key, once however often it is saved; last, whether it is by now. */
export function useDraft<T extends { key: string }>(name: string, blank: T): [T, Change<T>, boolean | undefined] {
  const [value, change] = useKept(name, blank);
  const { key } = value;
  const made = useLive(
    async (store) => (await store.operations.where("client_temp_id").equals(key).count()) > 0,
    [key],
  );
  return [value, change, made];
}
