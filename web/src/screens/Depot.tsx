import { type ReactNode, useEffect, useState } from "react";
import type { Condition } from "../api/types";
import { capturedAt, timeText } from "../core/clock";
import { cancelDistribution, collect, confirm, type MovedItem } from "../core/operations";
import { newKey, reference } from "../core/queue";
import { is } from "../core/stock";
import { type DistributionView, inOrder, pendingDistributions, type StockLine, truckStock } from "../core/view";
import { useBack } from "../ui/back";
import { useDraft } from "../ui/kept";
import { useLive, usePhone } from "../ui/phone";
import { Badge, Button, Card, Choice, Notice, Screen, Select, Sheet, Stepper } from "../ui/pieces";
import { useRecording } from "../ui/recording";
import { useWords } from "../words/language";

type Kind = MovedItem["kind"];
type Counts = Record<string, number>; // by kind and equipment

const OF_RETURN = { EMPTY_RETURN: "EMPTY", FULL_RETURN: "FULL", DAMAGED_RETURN: "DAMAGED" } as const;
const key = (kind: Kind, equipment: number) => `${kind}/${equipment}`;

/** What goes onto the truck and what comes off it, entered and confirmed at once. */
export function Depot() {
  const say = useWords();
  const phone = usePhone();
  const back = useBack();
  const { user } = phone;
  const [chosen, setChosen] = useState(user.depot ?? null);
  const [way, setWay] = useState<"load" | "back">("load");
  const [{ key: id, counts }, change, made] = useDraft("collect", { key: newKey(), counts: {} as Counts });
  const [checking, setChecking] = useState(false);
  const { record, busy, problem } = useRecording();
  const depots = useLive(async (store) => {
    const own = new Set([user.depot, ...(user.depots ?? [])]);
    return (await store.depots.toArray()).filter((one) => own.has(one.id) && one.is_active !== false);
  });
  const things = useLive(inOrder)?.filter((one) => one.is_active !== false);
  const stock = useLive(truckStock);
  const title = say("depot.title");

  useEffect(() => {
    if (made) change(null);
  }, [made, change]);

  if (made) return <Made id={id} />;
  if (!depots || !things || !stock || made === undefined)
    return (
      <Screen title={title} back={back}>
        <Card>{say("wait")}</Card>
      </Screen>
    );
  const depot = depots.find((one) => one.id === chosen) ?? depots[0];
  if (!depot || !user.vehicle)
    return (
      <Screen title={title} back={back}>
        <Card>{say(user.vehicle ? "depot.none" : "today.noTruck")}</Card>
      </Screen>
    );

  const items = chosenItems(counts);
  const loading = items.filter((item) => item.kind === "COLLECTION");
  const returning = items.filter((item) => item.kind !== "COLLECTION");
  const count = (some: MovedItem[]) => some.reduce((all, item) => all + item.quantity, 0);
  const set = (kind: Kind, equipment: number) => (quantity: number) =>
    change((before) => ({ ...before, counts: { ...before.counts, [key(kind, equipment)]: quantity } }));
  const stepper = (kind: Kind, thing: { id: number; name: string }, label = thing.name) => (
    <Stepper name={label} value={counts[key(kind, thing.id)] ?? 0} onChange={set(kind, thing.id)} />
  );
  const line = ({ kind, equipment, quantity }: MovedItem): MovedLine => ({
    equipment,
    quantity,
    name: things.find((thing) => thing.id === equipment)?.name ?? "",
    condition: kind === "COLLECTION" ? "FULL" : OF_RETURN[kind],
  });
  const tab = (words: string, n: number) => (n ? `${words} · ${n}` : words);
  const cylinders = things.filter((one) => one.equipment_type === "CYLINDER");
  const others = things.filter((one) => one.equipment_type !== "CYLINDER");
  const rows = (some: typeof things) =>
    some.map((thing) => (
      <Row key={thing.id} name={thing.name} hint={onTruck(stock, thing.id, "FULL", say)}>
        {stepper("COLLECTION", thing)}
      </Row>
    ));

  const save = () => void record(collect(depot.id, items, id), [id]);

  const action = (
    <Button kind="main" disabled={!items.length} onClick={() => setChecking(true)}>
      {items.length ? say("depot.check", { n: count(items) }) : say("depot.nothingYet")}
    </Button>
  );
  return (
    <Screen title={title} back={back} action={action}>
      <Waiting />
      {depots.length > 1 ? (
        <Select label={say("depot.which")} value={depot.id} onChange={(event) => setChosen(Number(event.target.value))}>
          {depots.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Select>
      ) : (
        <p className="text-grey">{depot.name}</p>
      )}
      <Choice
        label={say("depot.what")}
        value={way}
        onChange={setWay}
        options={[
          ["load", tab(say("depot.load"), count(loading))],
          ["back", tab(say("depot.back"), count(returning))],
        ]}
      />
      {way === "load" ? (
        <Card>
          <p className="mb-1 text-sm text-grey">{say("depot.loadWhy")}</p>
          <ul>{rows(cylinders)}</ul>
          {others.length > 0 && (
            <details className="border-t border-line">
              <summary className="flex min-h-12 items-center font-medium text-blue">{say("depot.others")} ▾</summary>
              <ul>{rows(others)}</ul>
            </details>
          )}
        </Card>
      ) : (
        <>
          {stock.length === 0 && <Card>{say("depot.nothingThere")}</Card>}
          {(Object.keys(OF_RETURN) as (keyof typeof OF_RETURN)[]).map((kind) => {
            const condition = OF_RETURN[kind];
            const there = cylindersFirst(stock).filter(
              (line) => line[condition] > 0 || counts[key(kind, line.equipment)],
            );
            if (!there.length) return null;
            return (
              <Card key={kind} title={say(`condition.${condition}`)}>
                <ul>
                  {there.map((line) => {
                    const label = `${line.name}, ${say(`condition.${condition}`)}`;
                    const too = (counts[key(kind, line.equipment)] ?? 0) > line[condition];
                    return (
                      <Row
                        key={line.equipment}
                        name={line.name}
                        hint={too ? <Badge kind="waiting">{say("depot.tooMany", { n: line[condition] })}</Badge> : null}
                        all={
                          too
                            ? null
                            : {
                                words: say("depot.all", { n: line[condition] }),
                                name: say("depot.allOf", { n: line[condition], name: label }),
                                take: () => set(kind, line.equipment)(line[condition]),
                              }
                        }
                      >
                        {stepper(kind, { id: line.equipment, name: line.name }, label)}
                      </Row>
                    );
                  })}
                </ul>
              </Card>
            );
          })}
        </>
      )}
      <Sheet open={checking} title={say("depot.checkTitle")} onClose={() => setChecking(false)}>
        <div className="flex flex-col gap-3">
          {loading.length > 0 && (
            <Card title={say("depot.checkLoad", { depot: depot.name })}>
              <Lines lines={loading.map(line)} />
            </Card>
          )}
          {returning.length > 0 && (
            <Card title={say("depot.checkBack", { depot: depot.name })}>
              <Lines lines={returning.map(line)} />
            </Card>
          )}
          {problem && <Notice kind="refused">{say(problem)}</Notice>}
          <Button kind="main" busy={busy} onClick={save}>
            {say("depot.confirm")}
          </Button>
        </div>
      </Sheet>
    </Screen>
  );
}

function Row({
  name,
  hint,
  all,
  children,
}: {
  name: string;
  hint?: ReactNode;
  all?: { words: string; name: string; take: () => void } | null;
  children: ReactNode;
}) {
  return (
    <li className="flex items-center justify-between gap-2 border-t border-line py-2 first:border-t-0">
      <div className="min-w-0">
        <p className="leading-tight font-medium">{name}</p>
        {hint && <p className="text-sm text-grey">{hint}</p>}
        {all && (
          <button
            type="button"
            aria-label={all.name}
            onClick={all.take}
            className="min-h-12 min-w-12 text-left text-blue"
          >
            {all.words}
          </button>
        )}
      </div>
      <div className="w-48 shrink-0">{children}</div>
    </li>
  );
}

interface MovedLine {
  equipment: number;
  name: string;
  condition: Condition;
  quantity: number;
}

/** So many of what, in which condition. */
function Lines({ lines }: { lines: MovedLine[] }) {
  const say = useWords();
  return (
    <ul>
      {lines.map((line) => (
        <li key={`${line.equipment}/${line.condition}`} className="flex items-baseline justify-between gap-2 py-1">
          <span>
            {line.name} <span className="text-grey">{say(`condition.${line.condition}`)}</span>
          </span>
          <span className="text-xl font-bold tabular-nums">{line.quantity}</span>
        </li>
      ))}
    </ul>
  );
}

/** Distributions that somebody has made and nobody has confirmed yet. */
function Waiting() {
  const say = useWords();
  const phone = usePhone();
  const pending = useLive(pendingDistributions);
  const depots = useLive((store) => store.depots.toArray());
  const [open, setOpen] = useState<DistributionView | null>(null);
  const [done, setDone] = useState("");
  const { record, busy, problem } = useRecording();
  const named = (one: DistributionView) => one.number ?? one.reference;
  const decide = async (what: typeof confirm, words: string) => {
    if (open && (await record([what(open.named)]))) {
      setOpen(null);
      setDone(words);
    }
  };
  return (
    <>
      {done && <Notice kind="done">{done}</Notice>}
      {pending?.map((one) => (
        <button
          key={named(one)}
          type="button"
          onClick={() => setOpen(one)}
          className="flex min-h-14 items-center gap-3 rounded-2xl border-2 border-amber bg-card px-4 py-2 text-left"
        >
          <span className="grow">
            <Badge kind="waiting">{say("depot.waiting")}</Badge>
            <span className="block text-sm text-grey">{named(one)}</span>
          </span>
          <span aria-hidden="true" className="text-2xl leading-none text-grey">
            ›
          </span>
        </button>
      ))}
      <Sheet
        open={open !== null}
        title={open ? say("depot.distribution", { number: named(open) }) : ""}
        onClose={() => setOpen(null)}
      >
        {open && (
          <div className="flex flex-col gap-3">
            <p className="text-grey">{say("depot.waitingWhy")}</p>
            {[true, false].map((out) => {
              const lines = open.items.filter((item) => item.out === out);
              const depot = depots?.find((one) => one.id === open.depot)?.name ?? phone.user.depot_name ?? "";
              return (
                lines.length > 0 && (
                  <Card key={String(out)} title={say(out ? "depot.checkLoad" : "depot.checkBack", { depot })}>
                    <Lines lines={lines} />
                  </Card>
                )
              );
            })}
            {problem && <Notice kind="refused">{say(problem)}</Notice>}
            <Button
              kind="danger"
              busy={busy}
              onClick={() => decide(cancelDistribution, `✓ ${say("depot.cancelled")} ${named(open)}`)}
            >
              {say("depot.cancel", { number: named(open) })}
            </Button>
            <Button
              kind="main"
              busy={busy}
              onClick={() => decide(confirm, `✓ ${say("depot.confirmed")} ${named(open)}`)}
            >
              {say("depot.confirm")}
            </Button>
          </div>
        )}
      </Sheet>
    </>
  );
}

/** What was just recorded, and how it fares. */
function Made({ id }: { id: string }) {
  const say = useWords();
  const phone = usePhone();
  const back = useBack();
  const things = useLive((store) => store.equipment.toArray());
  const operation = useLive((store) => store.operations.where("client_temp_id").equals(id).first(), [id]);
  if (!operation || !is(operation, "distribution.create") || !things) return null;
  const lines = operation.payload.items.map(({ equipment, quantity, condition }) => ({
    equipment,
    quantity,
    name: things.find((thing) => thing.id === equipment)?.name ?? "",
    condition: condition as Condition,
  }));
  return (
    <Screen
      title={say("depot.confirmed")}
      back={back}
      action={
        <Button kind="main" onClick={back}>
          {say("depot.today")}
        </Button>
      }
    >
      <Notice kind="done">✓ {say("depot.saved")}</Notice>
      <Card
        title={say("depot.distribution", { number: operation.result?.number ?? reference(phone.deviceId, operation) })}
        aside={timeText(capturedAt(operation.captured_at))}
      >
        <Lines lines={lines} />
        <p className="mt-2">
          <Badge kind={operation.state === "waiting" ? "waiting" : "done"}>{say(`state.${operation.state}`)}</Badge>
        </p>
      </Card>
    </Screen>
  );
}

function chosenItems(counts: Counts): MovedItem[] {
  return Object.entries(counts)
    .filter(([, quantity]) => quantity > 0)
    .map(([named, quantity]) => {
      const [kind, equipment] = named.split("/");
      return { kind: kind as Kind, equipment: Number(equipment), quantity };
    });
}

function onTruck(
  stock: StockLine[],
  equipment: number,
  condition: "FULL" | "EMPTY",
  say: ReturnType<typeof useWords>,
): string {
  return say("depot.onTruck", { n: stock.find((line) => line.equipment === equipment)?.[condition] ?? 0 });
}

function cylindersFirst(stock: StockLine[]): StockLine[] {
  return [...stock].sort((a, b) => Number(b.type === "CYLINDER") - Number(a.type === "CYLINDER"));
}
