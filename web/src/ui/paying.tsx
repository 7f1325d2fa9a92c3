/** How money is taken: cash with its change, PayNow by a code drawn here, another way, or later. */
import { useState } from "react";
import type { Method } from "../api/types";
import { type Cents, cents, money } from "../core/money";
import { paynowCode } from "../core/paynow";
import { cashed, likelyCash, type Paying, typedOr, type Way } from "../core/selling";
import { company as companyOf } from "../core/view";
import { useWords } from "../words/language";
import { useLive } from "./phone";
import { Choice, Field, Money, Notice, Qr, Select } from "./pieces";

const OTHERS: Method[] = ["CHEQUE", "CARD", "BANK_TRANSFER"];

export function Payer({
  due,
  reference,
  later,
  paying,
  onChange,
}: {
  due: Cents;
  reference: string; // of the PayNow code
  later?: string; // what it means to pay later; left out: one cannot
  paying: Paying;
  onChange: (paying: Paying) => void;
}) {
  const say = useWords();
  const set = (with_: Partial<Paying>) => onChange({ ...paying, ...with_ });
  const { way } = paying;
  const options: [Way, string][] = [
    ["CASH", say("method.CASH")],
    ["PAYNOW", say("method.PAYNOW")],
    ["OTHER", say("pay.other")],
  ];
  if (later) options.push(["LATER", say("pay.later")]);
  return (
    <>
      <Choice label={say("pay.how")} value={way} onChange={(chosen) => set({ way: chosen })} options={options} />
      {way === "CASH" && <Cash due={due} paying={paying} set={set} />}
      {way === "PAYNOW" && <PayNow due={due} reference={reference} paying={paying} set={set} />}
      {way === "OTHER" && (
        <>
          <Select
            label={say("pay.method")}
            value={paying.method}
            onChange={(event) => set({ method: event.target.value as Method })}
          >
            {OTHERS.map((method) => (
              <option key={method} value={method}>
                {say(`method.${method}`)}
              </option>
            ))}
          </Select>
          <Amount due={due} paying={paying} set={set} />
          <Field
            label={say("pay.reference")}
            value={paying.reference}
            maxLength={50}
            autoComplete="off"
            onChange={(event) => set({ reference: event.target.value })}
          />
        </>
      )}
      {way === "LATER" && <p>{later}</p>}
    </>
  );
}

interface Part {
  due: Cents;
  paying: Paying;
  set: (with_: Partial<Paying>) => void;
}

function Cash({ due, paying, set }: Part) {
  const say = useWords();
  const handed = typedOr(paying.cash, due);
  const { change, open } = cashed(due, handed ?? 0);
  const chip = (amount: Cents | null, words: string) => {
    const text = amount === null ? "" : cents.text(amount);
    return (
      <button
        key={words}
        type="button"
        aria-pressed={paying.cash === text}
        onClick={() => set({ cash: text })}
        className="min-h-12 min-w-fit grow basis-0 rounded-xl border border-line bg-card px-1.5 font-semibold text-blue tabular-nums aria-pressed:border-blue aria-pressed:bg-blue aria-pressed:text-on-colour"
      >
        {words}
      </button>
    );
  };
  return (
    <>
      {due > 0 && (
        <div className="flex flex-wrap gap-2">
          {chip(null, say("pay.exact"))}
          {likelyCash(due).map((amount) => chip(amount, money(amount).replace(/\.00$/, "")))}
        </div>
      )}
      <Field
        label={say("pay.handed")}
        inputMode="decimal"
        autoComplete="off"
        value={paying.cash}
        onChange={(event) => set({ cash: event.target.value })}
        {...(due > 0 ? { hint: say("pay.handedHint", { amount: money(due) }) } : {})}
        problem={handed === null ? say("pay.amountWrong") : undefined}
      />
      {handed !== null && (change > 0 || open > 0) && (
        <p role="status" className="flex items-baseline justify-between gap-2 text-lg font-semibold">
          <span>{say(change ? "pay.change" : "pay.open")}</span>
          <span className={`text-2xl ${change ? "text-green" : "text-amber"}`}>
            <Money value={change || open} />
          </span>
        </p>
      )}
    </>
  );
}

function PayNow({ due, reference, paying, set }: Part & { reference: string }) {
  const say = useWords();
  const company = useLive(companyOf);
  const [other, setOther] = useState(due <= 0 || paying.amount !== "");
  if (company === undefined) return null;
  if (!company?.uen) return <Notice kind="waiting">{say("pay.noPayNow")}</Notice>;
  const amount = typedOr(paying.amount, due);
  const facts = { amount: money(amount ?? 0), reference };
  return (
    <>
      {amount !== null && amount > 0 && (
        <>
          <div className="mx-auto w-full max-w-56">
            <Qr
              text={paynowCode({ uen: company.uen, amount, reference, merchant: company.name })}
              label={say("pay.scan", facts)}
            />
          </div>
          <p className="text-center">
            <span className="text-lg font-bold tabular-nums">{facts.amount}</span>
            <span className="text-grey"> · {reference}</span>
          </p>
          <p className="text-center">{say("pay.scanHow")}</p>
        </>
      )}
      {other ? (
        <Amount due={due} paying={paying} set={set} />
      ) : (
        <button type="button" className="min-h-12 font-semibold text-blue" onClick={() => setOther(true)}>
          {say("pay.otherAmount")}
        </button>
      )}
    </>
  );
}

function Amount({ due, paying, set }: Part) {
  const say = useWords();
  const amount = typedOr(paying.amount, due);
  return (
    <Field
      label={say("pay.amount")}
      inputMode="decimal"
      autoComplete="off"
      value={paying.amount}
      onChange={(event) => set({ amount: event.target.value })}
      {...(due > 0 ? { hint: say("pay.handedHint", { amount: money(due) }) } : {})}
      problem={amount === null ? say("pay.amountWrong") : undefined}
    />
  );
}
