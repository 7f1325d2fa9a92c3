import { type ReactNode, useEffect, useState } from "react";
import type { Condition, DayClose, Equipment, Method } from "../api/types";
import { businessDay, capturedAt, dayText, timeText } from "../core/clock";
import {
  CONDITIONS,
  type Counts,
  carried,
  closeOf,
  counted,
  countKey,
  type Difference,
  METHODS,
  openDays,
  outcomeOf,
  standing,
} from "../core/closing";
import { notesOf } from "../core/entries";
import { cents, money } from "../core/money";
import { closeDay } from "../core/operations";
import type { Operation } from "../core/store";
import { inOrder, outbox } from "../core/view";
import { useBack } from "../ui/back";
import { useKept } from "../ui/kept";
import { useLive, usePhone, useSender } from "../ui/phone";
import { Badge, Button, Card, Field, Money, Notice, Screen, Select, Sheet, Stepper } from "../ui/pieces";
import { useRecording } from "../ui/recording";
import { Noted, WaitsFor } from "../ui/said";
import { words } from "../words";
import { type Key, type Say, useSpeech, useWords } from "../words/language";

interface Given {
  counts: Counts;
  typed: Partial<Record<Method, string>>;
  damaged: boolean;
}

/** A blind count at the end of the day; and what became of it. */
export function Close() {
  const { say, language } = useSpeech();
  const back = useBack();
  const { user } = usePhone();
  const days = useLive((store) => openDays(store));
  const [chosen, setChosen] = useState<string | null>(null);
  const [refused, setRefused] = useState(""); // the count that is made again
  const day = chosen ?? businessDay();
  const close = useLive((store) => closeOf(store, day), [day]);
  const select = days && days.length > 1 && (
    <Select label={say("close.which")} value={day} onChange={(event) => setChosen(event.target.value)}>
      {days.map((one) => (
        <option key={one} value={one}>
          {dayText(one, language)}
        </option>
      ))}
    </Select>
  );
  if (close === undefined || !user.vehicle)
    return (
      <Screen title={say("close.title")} back={back}>
        <Card>{say(user.vehicle ? "wait" : "today.noTruck")}</Card>
      </Screen>
    );
  const again = close && !standing(close) && (
    <Button onClick={() => setRefused(close.client_temp_id)}>{say("close.again")}</Button>
  );
  return close && close.client_temp_id !== refused ? (
    <Screen title={say("close.title")} back={back} action={again}>
      {select}
      <Outcome close={close} day={day} />
    </Screen>
  ) : (
    <Counting key={day} day={day} vehicle={user.vehicle}>
      {select}
    </Counting>
  );
}

function Counting({ day, vehicle, children }: { day: string; vehicle: number; children: ReactNode }) {
  const { say, language } = useSpeech();
  const back = useBack();
  const [given, change] = useKept<Given>(`close.${day}`, { counts: {}, typed: {}, damaged: false });
  const { counts, typed, damaged } = given;
  const [checking, setChecking] = useState(false);
  const { record, busy, problem } = useRecording();
  const things = useLive(inOrder)?.filter((one) => one.is_active !== false);
  const box = useLive(outbox);
  const amounts = carried(typed);

  const [cylinders, others] = [true, false].map((are) =>
    (things ?? []).filter((one) => (one.equipment_type === "CYLINDER") === are),
  ) as [Equipment[], Equipment[]];
  const rows = (thing: { id: number; name: string }, conditions: readonly Condition[]) => (
    <ul>
      {conditions.map((condition) => {
        const key = countKey(thing.id, condition);
        return (
          <li key={condition} className="flex items-center justify-between gap-2 py-1">
            <span>{say(`condition.${condition}`)}</span>
            <Stepper
              name={`${thing.name}, ${say(`condition.${condition}`)}`}
              value={counts[key] ?? 0}
              onChange={(quantity) => change((now) => ({ ...now, counts: { ...now.counts, [key]: quantity } }))}
            />
          </li>
        );
      })}
    </ul>
  );
  const shown = CONDITIONS.filter((condition) => damaged || condition !== "DAMAGED");
  const lines = counted(counts);

  async function save() {
    if (amounts && (await record([closeDay(day, vehicle, lines, amounts)]))) change(null);
  }

  return (
    <Screen
      title={say("close.title")}
      back={back}
      action={
        <Button kind="main" disabled={!amounts || !things} onClick={() => setChecking(true)}>
          {say("close.check")}
        </Button>
      }
    >
      <p className="text-grey">{say("close.why")}</p>
      {children}
      {box && box.waiting > 0 && <Notice kind="waiting">{say("close.unsent", { n: box.waiting })}</Notice>}
      {box && box.attention > 0 && <Notice kind="waiting">{say("close.undecided", { n: box.attention })}</Notice>}
      <h2 className="mt-2 text-lg font-semibold">{say("close.on")}</h2>
      {!things && <Card>{say("wait")}</Card>}
      {cylinders.map((thing) => (
        <Card key={thing.id} title={thing.name}>
          {rows(thing, shown)}
        </Card>
      ))}
      <label className="flex min-h-12 items-center gap-3">
        <input
          type="checkbox"
          className="size-6 accent-blue"
          checked={damaged}
          onChange={(event) => change((now) => ({ ...now, damaged: event.target.checked }))}
        />
        {say("close.damagedToo")}
      </label>
      {others.length > 0 && (
        <details className="rounded-2xl border border-line bg-card px-4">
          <summary className="flex min-h-12 items-center font-medium text-blue">{say("close.others")} ▾</summary>
          {others.map((thing) => (
            <div key={thing.id} className="border-t border-line py-2">
              <h3 className="font-semibold">{thing.name}</h3>
              {rows(thing, shown)}
            </div>
          ))}
        </details>
      )}
      <h2 className="mt-2 text-lg font-semibold">{say("close.money")}</h2>
      <Card>
        <p className="mb-2 text-sm text-grey">{say("close.moneyHint")}</p>
        <div className="flex flex-col gap-3">
          {METHODS.map((method) => (
            <Field
              key={method}
              label={say("close.amount", { method: say(`method.${method}`) })}
              inputMode="decimal"
              autoComplete="off"
              className="text-right tabular-nums"
              value={typed[method] ?? ""}
              onChange={(event) => change((now) => ({ ...now, typed: { ...now.typed, [method]: event.target.value } }))}
              problem={cents.typed(typed[method]?.trim() || "0") === null ? say("close.noMoney") : undefined}
            />
          ))}
        </div>
      </Card>
      <Sheet
        open={checking}
        title={say("close.checkTitle", { day: dayText(day, language) })}
        onClose={() => setChecking(false)}
      >
        <div className="flex flex-col gap-3">
          <p className="text-grey">{say("close.checkWhy")}</p>
          <Handed
            counts={lines.map((line) => ({
              ...line,
              name: things?.find((thing) => thing.id === line.equipment)?.name ?? "",
            }))}
            money={amounts ?? []}
          />
          {problem && <Notice kind="refused">{say(problem)}</Notice>}
          <Button kind="main" busy={busy} onClick={save}>
            {say("close.go")}
          </Button>
        </div>
      </Sheet>
    </Screen>
  );
}

/** What was counted, and what of it differs once the office has said so. */
function Outcome({ close, day }: { close: Operation<"day.close">; day: string }) {
  const { say, language } = useSpeech();
  const asked = useAsked(close.result?.id ?? null);
  const outcome = outcomeOf(close, asked === "failed" ? null : asked);
  const { online } = useSender();
  const things = useLive((store) => store.equipment.toArray());
  const done = close.state === "applied" || close.state === "noted";
  const status = outcome?.known.status ?? "PENDING";
  const notes = notesOf(close).filter(({ code }) => code !== "blocked" && code !== "first_wins"); // said in other words
  const state = outcome?.isFirst ? "second" : done ? status : close.state;
  return (
    <>
      <Card title={dayText(day, language)} aside={timeText(capturedAt(close.captured_at))}>
        <Badge kind={SIGNS[state as keyof typeof SIGNS] ?? "waiting"}>{say(`close.state.${state}` as Key)}</Badge>
        {close.state === "blocked" && <WaitsFor operation={close} />}
        {notes.map((note) => (
          <p key={note.code + note.detail} className="mt-2 text-sm text-grey">
            <Noted note={note} />
          </p>
        ))}
        {(close.state === "waiting" || close.state === "blocked") && (
          <p className="mt-2 text-grey">{say("close.later")}</p>
        )}
        {outcome?.known.reason && <p className="mt-2">{say("close.reason", { reason: outcome.known.reason })}</p>}
        {done && status === "PENDING" && (online === false || asked === "failed") && (
          <p className="mt-2 text-grey">{say("close.asOf")}</p>
        )}
      </Card>
      {outcome?.isFirst && <Notice kind="waiting">{say("close.first")}</Notice>}
      {outcome?.differences.length === 0 && (
        <Notice kind="done">✓ {say(outcome.isFirst ? "close.firstAgrees" : "close.agrees")}</Notice>
      )}
      {outcome && outcome.differences.length > 0 && (
        <Card title={say(outcome.isFirst ? "close.firstDiffers" : "close.differs")}>
          <ul className="flex flex-col gap-3">
            {outcome.differences.map((one) => (
              <li key={sentences(one, say).join()}>
                {sentences(one, say).map((sentence) => (
                  <p key={sentence} className="font-medium">
                    {sentence}
                  </p>
                ))}
                <p className="text-grey">{likely(one, say)}</p>
              </li>
            ))}
          </ul>
          {status === "PENDING" && <p className="mt-3 border-t border-line pt-3">{say("close.talk")}</p>}
        </Card>
      )}
      <h2 className="mt-2 text-lg font-semibold">{say("close.counted")}</h2>
      <Handed
        counts={close.payload.counts.map((one) => ({
          ...one,
          condition: (one.condition ?? "FULL") as Condition,
          name: things?.find((thing) => thing.id === one.equipment)?.name ?? "",
        }))}
        money={close.payload.money.map((one) => ({ method: one.method, amount: cents.parse(one.amount) }))}
      />
    </>
  );
}

const SIGNS = { APPROVED: "done", quarantined: "refused", parked: "refused" } as const;

/** A close as the server has it by now; null: it has not said. */
function useAsked(id: number | null): DayClose | "failed" | null {
  const phone = usePhone();
  const [asked, setAsked] = useState<DayClose | "failed" | null>(null);
  useEffect(() => {
    if (!id) return;
    let gone = false;
    phone.dayClose(id).then(
      (found) => !gone && setAsked(found),
      () => !gone && setAsked("failed"),
    );
    return () => {
      gone = true;
    };
  }, [phone, id]);
  return asked;
}

function Handed({
  counts,
  money: given,
}: {
  counts: { equipment: number; condition: Condition; quantity: number; name: string }[];
  money: { method: Method; amount: number }[];
}) {
  const say = useWords();
  return (
    <Card>
      {counts.length === 0 && <p className="text-grey">{say("close.nothing")}</p>}
      <dl className="grid grid-cols-[1fr_auto] items-baseline gap-y-1">
        {counts.map((one) => (
          <div key={countKey(one.equipment, one.condition)} className="contents">
            <dt>
              {one.name} <span className="text-grey">{say(`condition.${one.condition}`)}</span>
            </dt>
            <dd className="text-right text-lg font-semibold tabular-nums">{one.quantity}</dd>
          </div>
        ))}
        {given.map((one) => (
          <div key={one.method} className="contents">
            <dt>{say(`method.${one.method}`)}</dt>
            <dd className="text-right text-lg font-semibold">
              <Money value={one.amount} />
            </dd>
          </div>
        ))}
      </dl>
      {given.length === 0 && <p className="text-grey">{say("close.nothingTaken")}</p>}
    </Card>
  );
}

function sentences(one: Difference, say: Say): string[] {
  const stock = one.stock.map((row) => {
    const condition = say(`condition.${row.condition}`);
    const key = row.difference > 0 ? "close.more" : "close.fewer";
    return say(key, { name: row.name, condition, n: Math.abs(row.difference) });
  });
  const taken = one.money.map((row) => {
    const key = row.difference > 0 ? "close.moreMoney" : "close.lessMoney";
    return say(key, { method: say(`method.${row.method}`), amount: money(Math.abs(row.difference)) });
  });
  return [...stock, ...taken];
}

function likely(one: Difference, say: Say): string {
  const key = `cause.${one.cause}`;
  return key in words ? say("close.likely", { cause: say(key as Key) }) : one.words;
}
