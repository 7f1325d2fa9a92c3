import { businessDay } from "../core/clock";
import { money, rates, readings } from "../core/money";
import { price } from "../core/sale";
import { draftOf, nextReference, payingOf, recordOf, stopOf, takenOf } from "../core/selling";
import { useBack } from "../ui/back";
import { Payer } from "../ui/paying";
import { useLive } from "../ui/phone";
import { Button, Card, Money, Notice, Screen } from "../ui/pieces";
import { useRecording } from "../ui/recording";
import { useWords } from "../words/language";
import { type Selling, Total, Warnings } from "./Sale";

/** The sale once more, how it is paid, and the button that makes it a fact. */
export function SalePayment({ selling }: { selling: Selling }) {
  const say = useWords();
  const back = useBack();
  const { form, change, list } = selling;
  const { customer } = list;
  const reference = useLive(nextReference) ?? "";
  const { record, busy, problem } = useRecording();
  const paying = payingOf(form, customer);
  const day = businessDay();
  const due = price(list, draftOf(form, list), day).document.total;
  const taken = due > 0 ? takenOf(paying, due, reference) : null;
  const draft = draftOf(form, list, taken ?? null);
  const priced = price(list, draft, day);
  const stop = stopOf(form, priced);
  const saved = () => void record([recordOf(draft, priced)], [form.key]);
  const action = (
    <div className="flex flex-col gap-2">
      {problem && <Notice kind="refused">{say(problem)}</Notice>}
      <Button kind="main" busy={busy} disabled={stop !== null || taken === undefined} onClick={saved}>
        {say(busy ? "pay.saving" : "pay.save")}
      </Button>
    </div>
  );
  return (
    <Screen title={say("pay.title")} back={back} action={action}>
      <p className="-mt-4 text-grey">{customer.name}</p>
      <Card>
        <Total priced={priced} />
      </Card>
      {due > 0 && (
        <Card title={say("pay.how")}>
          <div className="flex flex-col gap-3">
            <Payer
              due={due}
              reference={reference}
              later={say(customer.payment_type === "CASH" ? "pay.laterCash" : "pay.laterWords", { amount: money(due) })}
              paying={paying}
              onChange={(chosen) => change({ paying: chosen })}
            />
          </div>
        </Card>
      )}
      {due === 0 && <p className="text-center text-grey">{say("pay.nothing")}</p>}
      {due < 0 && <p className="text-center text-grey">{say("pay.credit", { amount: money(-due) })}</p>}
      <Warnings selling={selling} priced={priced} />
      <Card title={say("pay.what")} aside="S$">
        <ul>
          {priced.lines.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they stand still here
            <li key={at} className="flex justify-between gap-2 py-0.5">
              <span>
                {line.item.quantity} × {line.item.description || list.equipment.get(line.item.equipment ?? 0)?.name}
                {line.item.type !== "DELIVERY" && line.item.type !== "SERVICE" && (
                  <span className="text-grey"> · {say(`pay.line.${line.item.type}`)}</span>
                )}
              </span>
              {line.item.type !== "EMPTY_RETURN" && <Money value={line.amount} bare />}
            </li>
          ))}
          {priced.meter?.problem && (
            <li className="py-0.5">{say("pay.line.reading", { reading: readings.shown(priced.meter.current) })}</li>
          )}
          {priced.meter && !priced.meter.problem && (
            <li className="flex justify-between gap-2 py-0.5">
              <span>
                {say("pay.line.gas")}{" "}
                <span className="text-grey tabular-nums">
                  {readings.shown(priced.meter.usage)} × {rates.shown(priced.meter.rate ?? 0)}
                </span>
              </span>
              <Money value={priced.meter.amount} bare />
            </li>
          )}
        </ul>
      </Card>
      {customer.email && (
        <label className="flex min-h-12 items-center gap-3">
          <input
            type="checkbox"
            className="size-6 shrink-0 accent-blue"
            checked={form.email}
            onChange={(event) => change({ email: event.target.checked })}
          />
          <span className="min-w-0 break-words">{say("pay.email", { to: customer.email })}</span>
        </label>
      )}
    </Screen>
  );
}
