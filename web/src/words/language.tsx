/** Which language the app speaks, and its words in it. */
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { words } from "./index";

export type Language = "en" | "zh";
export type Key = keyof typeof words;
export type Facts = Record<string, string | number>;
export type Say = (key: Key, facts?: Facts) => string;

/** One thing to say, in both languages. `{name}` is filled in; `{n|one|many}` chooses by a number. */
export interface Said {
  en: string;
  zh: string;
}

const KEPT = "hsh-lpg.language";

interface Speech {
  language: Language;
  say: Say;
  speak: (language: Language) => void;
}

const Speaking = createContext<Speech | null>(null);

export function Words({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(first);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-Hans-SG" : "en-SG";
  }, [language]);
  const speak = useCallback((chosen: Language) => {
    localStorage.setItem(KEPT, chosen);
    setLanguage(chosen);
  }, []);
  const speech = useMemo<Speech>(
    () => ({ language, speak, say: (key, facts) => said(language, key, facts) }),
    [language, speak],
  );
  return <Speaking value={speech}>{children}</Speaking>;
}

export function useSpeech(): Speech {
  const speech = use(Speaking);
  if (!speech) throw new Error("outside of <Words>");
  return speech;
}

export function useWords(): Say {
  return useSpeech().say;
}

const BLANK = /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g;

export function said(language: Language, key: Key, facts: Facts = {}): string {
  return words[key][language].replace(BLANK, (_, name: string, one?: string, many?: string) => {
    const value = facts[name] ?? "";
    return one === undefined ? String(value) : ((value === 1 ? one : many) ?? "");
  });
}

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}
