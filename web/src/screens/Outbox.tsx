import { type ReactNode, useState } from "react";
import { timeText } from "../core/clock";
import { type Entry, entries, type Note, waitsFor } from "../core/entries";
import { money } from "../core/money";
import { reference } from "../core/queue";
import type { State } from "../core/store";
import { download } from "../ui/files";
import { useLive, usePhone, useSender } from "../ui/phone";
import { Badge, Button, Card, Notice, Screen } from "../ui/pieces";
import { Trouble } from "../ui/sending";
import { words } from "../words";
import { type Key, useSpeech, useWords } from "../words/language";

const SIGNS: Record<State, "done" | "waiting" | "refused"> = {
  waiting: "waiting",
  applied: "done",
  noted: "done",
  blocked: "waiting",
  quarantined: "refused",
  parked: "refused",
};
const FIRST = 20; // of those that are done

/** Every entry, where it stands, and what to do about it. */
export function Outbox() {
  const say = useWords();
  const phone = usePhone();
  const { busy, online, lastContact } = useSender();
  const found = useLive((store) => entries(store));
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
        lastContact && (
          <span className="text-sm text-grey">{say("outbox.contact", { time: timeText(new Date(lastContact)) })}</span>
        )
      }
      action={action}
    >
      {online === false && <Notice kind="waiting">{say("outbox.offline")}</Notice>}
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
    <Card title={say(`type.${operation.type}`)} aside={timeText(operation.captured_at)}>
      <p>{facts.filter(Boolean).join(" · ")}</p>
      <p className="text-sm text-grey">{result?.number ?? reference(phone.deviceId, operation)}</p>
      <p className="mt-1">
        <Badge kind={SIGNS[state]}>{say(`state.${state}`)}</Badge>
      </p>
      {state !== "applied" && state !== "waiting" && <p className="mt-1 text-sm text-grey">{say(`advice.${state}`)}</p>}
      {state === "blocked" && <WaitsFor entry={entry} />}
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

/** What the office says: in the language of the screen, and in its own words where those say more. */
function Noted({ note }: { note: Note }): ReactNode {
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

function WaitsFor({ entry }: { entry: Entry }) {
  const say = useWords();
  const { deviceId } = usePhone();
  const names = waitsFor(entry.operation);
  const waited = useLive(
    async (store) => store.operations.where("client_temp_id").anyOf(names).sortBy("seq"),
    [names.join()],
  );
  if (!waited?.length) return null;
  const what = waited.map((one) => `${say(`type.${one.type}`)} ${one.result?.number ?? reference(deviceId, one)}`);
  return <p className="mt-1 text-sm">{say("outbox.waitsFor", { what: what.join(", ") })}</p>;
}
