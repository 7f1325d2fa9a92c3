import { useEffect } from "react";
import { Redirect, useLocation } from "wouter";
import { businessDay, dayText } from "../core/clock";
import { sum } from "../core/money";
import { type Named, payment } from "../core/operations";
import { newKey } from "../core/queue";
import { nextReference, noPayment, type Paying, takenOf } from "../core/selling";
import { type OpenInvoiceView, openInvoices } from "../core/view";
import { useBack } from "../ui/back";
import { useDraft } from "../ui/kept";
import { Payer } from "../ui/paying";
import { useLive } from "../ui/phone";
import { Button, Card, Money, Notice, Screen } from "../ui/pieces";
import { useRecording } from "../ui/recording";
import { useSpeech } from "../words/language";

interface Taking {
  key: string; // however often it is saved, it is one payment
  left: string[]; // out: by number
  paying: Paying;
}

/** Money for documents of before. */
export function Payment({ params }: { params: { id: string } }) {
  const { say, language } = useSpeech();
  const back = useBack();
  const [, go] = useLocation();
  const id = Number(params.id);
  const customer = useLive(async (store) => (await store.customers.get(id)) ?? null, [id]);
  const open = useLive((store) => openInvoices(store, id), [id]);
  const next = useLive(nextReference);
  const [{ key, left, paying }, keep, made] = useDraft<Taking>(`payment.${id}.${businessDay()}`, {
    key: newKey(),
    left: [],
    paying: noPayment("CASH"),
  });
  const change = (with_: Partial<Taking>) => keep((before) => ({ ...before, ...with_ }));
  const { record, busy, problem } = useRecording();

  useEffect(() => {
    if (!made) return;
    keep(null);
    go(`/receipt/${key}`, { replace: true, state: { saved: true } });
  }, [made, key, go, keep]);

  if (customer === null) return <Redirect to="/customers" replace />;
  if (!customer || !open || next === undefined || made !== false)
    return (
      <Screen title={say("debt.title")} back={back}>
        <Card>{say("wait")}</Card>
      </Screen>
    );
  const chosen = open.filter((one) => !left.includes(one.number));
  const due = sum(chosen.map((one) => one.balance_due));
  const reference = (chosen.length === 1 && chosen[0]?.number) || next;
  const taken = takenOf(paying, due, reference);

  function save() {
    if (!taken) return;
    const these = chosen.length ? chosen.map(named) : undefined;
    const numbers = chosen.map((one) => one.number);
    void record([payment(id, taken, these, numbers)], [key]);
  }

  const action = (
    <div className="flex flex-col gap-2">
      {problem && <Notice kind="refused">{say(problem)}</Notice>}
      <Button kind="main" busy={busy} disabled={!taken} onClick={save}>
        {say(busy ? "pay.saving" : "debt.save")}
      </Button>
    </div>
  );
  return (
    <Screen title={say("debt.title")} back={back} action={action}>
      <p className="-mt-4 text-grey">{customer.name}</p>
      <Card title={say("debt.which")} aside={open.length > 0 && "S$"}>
        {open.length === 0 && <p className="text-grey">{say("debt.none")}</p>}
        <ul className="-mb-1">
          {open.map((one) => (
            <li key={one.number} className="border-t border-line">
              <label className="flex min-h-14 items-center gap-3 py-1">
                <input
                  type="checkbox"
                  className="size-6 shrink-0 accent-blue"
                  checked={!left.includes(one.number)}
                  onChange={(event) => {
                    const others = left.filter((other) => other !== one.number);
                    change({ left: event.target.checked ? others : [...others, one.number] });
                  }}
                />
                <span className="grow">
                  {one.number}
                  <span className="block text-sm text-grey">{dayText(one.date, language)}</span>
                </span>
                <Money value={one.balance_due} bare />
              </label>
            </li>
          ))}
          {open.length > 0 && (
            <li className="flex items-baseline justify-between border-t border-line pt-2 font-semibold">
              <span>{say("sale.total")}</span>
              <span className="text-2xl">
                <Money value={due} />
              </span>
            </li>
          )}
        </ul>
        {open.length > 0 && chosen.length === 0 && <p className="text-grey">{say("debt.noneChosen")}</p>}
      </Card>
      <Card title={say("pay.how")}>
        <div className="flex flex-col gap-3">
          <Payer
            key={due > 0 ? "due" : "any"}
            due={due}
            reference={reference}
            paying={paying}
            onChange={(chosen) => change({ paying: chosen })}
          />
        </div>
      </Card>
    </Screen>
  );
}

function named(invoice: OpenInvoiceView): Named {
  return invoice.id ?? { client_temp_id: invoice.client_temp_id ?? "" };
}
