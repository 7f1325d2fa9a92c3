/** What was entered and not recorded yet, kept while the screen is away: for as long as the app is open. */
import { useCallback, useState } from "react";
import { usePhone } from "./phone";

/** As useState, under a name of one's own; null: it is done with. */
export function useKept<T>(name: string, blank: T): [T, (change: ((before: T) => T) | null) => void] {
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
