import { useState } from "react";
import { capturedAt, momentText, timeText } from "../core/clock";
import { type Entry, entries } from "../core/entries";
import { money } from "../core/money";
import { reference } from "../core/queue";
import type { State } from "../core/store";
import { download } from "../ui/files";
import { useLive, usePhone, useSender, useToday } from "../ui/phone";
import { Badge, Button, Card, Notice, Screen } from "../ui/pieces";
import { Noted, WaitsFor } from "../ui/said";
import { Trouble, useSilence } from "../ui/sending";
import { useSpeech, useWords } from "../words/language";

const SIGNS: Record<State, "done" | "waiting" | "refused" | "plain"> = {
  waiting: "waiting",
  applied: "done",
  noted: "done",
  blocked: "waiting",
  quarantined: "refused",
  decided: "plain",
  parked: "refused",
};
const FIRST = 20; // of those that are done

/** Every entry, where it stands, and what to do about it. */
export function Outbox() {
  const { say, language } = useSpeech();
  const phone = usePhone();
  const { busy } = useSender();
  const silence = useSilence();
  const heard = useLive((store) => store.fact("pulled_at"));
  const today = useToday();
  const found = useLive((store) => entries(store, today), [today]);
  const open = found && found.toSend.length + found.toDecide.length;
  const action = (
    <Button kind="main" busy={busy} onClick={() => void phone.sync()}>
      {say(busy ? "outbox.sending" : open ? "outbox.now" : "outbox.ask")}
    </Button>
  );
  return (
    <Screen
      title={say("outbox.title")}
      aside={
        heard && (
          <span className="text-sm text-grey">{say("outbox.contact", { time: momentText(heard, language) })}</span>
        )
      }
      action={action}
    >
      {silence && <Notice kind="waiting">{silence}</Notice>}
      <Trouble />
      {!found && <Card>{say("wait")}</Card>}
      {open === 0 && (
        <Card>
          <Badge kind="done">{say("sync.sent")}</Badge>
          <p className="mt-1 text-grey">{say("outbox.empty")}</p>
        </Card>
      )}
      {found && (
        <>
          <Part title={say("outbox.toDecide")} entries={found.toDecide} />
          <Part title={say("outbox.toSend")} entries={found.toSend} />
          <Part title={say("outbox.noted")} entries={found.noted} few />
          {found.done.length > 0 && (
            <details>
              <summary className="flex min-h-12 items-center font-semibold text-blue">
                {say("outbox.done", { n: found.done.length })} ▾
              </summary>
              <div className="flex flex-col gap-3">
                <Part entries={found.done} few />
              </div>
            </details>
          )}
        </>
      )}
      <p className="text-sm text-grey">{say("outbox.safe")}</p>
    </Screen>
  );
}

function Part({ title, entries, few = false }: { title?: string; entries: Entry[]; few?: boolean }) {
  const say = useWords();
  const [all, setAll] = useState(!few);
  if (!entries.length) return null;
  const shown = all ? entries : entries.slice(0, FIRST);
  return (
    <>
      {title && <h2 className="mt-2 text-lg font-semibold">{title}</h2>}
      {shown.map((entry) => (
        <One key={entry.operation.seq} entry={entry} />
      ))}
      {shown.length < entries.length && (
        <Button kind="quiet" onClick={() => setAll(true)}>
          {say("outbox.more", { n: entries.length - shown.length })}
        </Button>
      )}
    </>
  );
}

function One({ entry }: { entry: Entry }) {
  const say = useWords();
  const phone = usePhone();
  const { operation, customer, amount, pieces, notes } = entry;
  const { state, result } = operation;
  const facts = [customer, amount !== null && money(amount), pieces > 0 && say("outbox.pieces", { n: pieces })];
  const save = async () => download(await phone.exportQueue(), `hsh-lpg-${phone.deviceId.slice(0, 4)}.json`);
  return (
    <Card title={say(`type.${operation.type}`)} aside={timeText(capturedAt(operation.captured_at))}>
      <p>{facts.filter(Boolean).join(" · ")}</p>
      <p className="text-sm text-grey">{result?.number ?? reference(phone.deviceId, operation)}</p>
      <p className="mt-1">
        <Badge kind={SIGNS[state]}>{say(`state.${state}`)}</Badge>
      </p>
      {state !== "applied" && state !== "waiting" && <p className="mt-1 text-sm text-grey">{say(`advice.${state}`)}</p>}
      {state === "blocked" && <WaitsFor operation={operation} />}
      {notes.length > 0 && state !== "blocked" && (
        <ul className="mt-2 flex flex-col gap-1 border-t border-line pt-2">
          {notes.map((note) => (
            <li key={note.code + note.detail}>
              <Noted note={note} />
            </li>
          ))}
        </ul>
      )}
      {state === "parked" && (
        <Button className="mt-2 w-full" onClick={save}>
          {say("outbox.export")}
        </Button>
      )}
    </Card>
  );
}
