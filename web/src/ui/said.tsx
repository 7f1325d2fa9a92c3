/** What the office says of an entry, and what it waits for there. */
import type { ReactNode } from "react";
import { awaited, called, type Note } from "../core/entries";
import { reference } from "../core/queue";
import type { Operation } from "../core/store";
import { words } from "../words";
import { type Key, useSpeech, useWords } from "../words/language";
import { useLive, usePhone } from "./phone";

/** In the language of the screen, and in the office's own words where those say more. */
export function Noted({ note }: { note: Note }): ReactNode {
  const { say, language } = useSpeech();
  const key = `note.${note.code}`;
  const own = key in words ? say(key as Key) : "";
  if (language === "en") return note.detail || own;
  return (
    <>
      {own}
      {note.detail && (
        <span lang="en" className={own ? "block text-sm text-grey" : ""}>
          {note.detail}
        </span>
      )}
    </>
  );
}

/** What a blocked entry waits for, by the names that the outbox shows. */
export function WaitsFor({ operation }: { operation: Operation }) {
  const say = useWords();
  const { deviceId } = usePhone();
  const found = useLive((store) => awaited(store, operation), [operation.seq, operation.result]);
  return found?.map(({ why, n, which }) => {
    if (why !== "named")
      return (
        <p key={why} className="mt-1 text-sm">
          {say(`waits.${why}`, { n })} <span className="text-grey tabular-nums">{called(deviceId, which)}</span>
        </p>
      );
    const what = which.map((one) => `${say(`type.${one.type}`)} ${one.result?.number ?? reference(deviceId, one)}`);
    if (!what.length) return null;
    return (
      <p key={why} className="mt-1 text-sm">
        {say("outbox.waitsFor", { what: what.join(", ") })}
      </p>
    );
  });
}
