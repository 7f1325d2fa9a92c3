import { type ReactNode, useEffect, useState } from "react";
import { Redirect, useLocation } from "wouter";
import type { Equipment } from "../api/types";
import { businessDay, dayText } from "../core/clock";
import { cents, money, rates, readings } from "../core/money";
import { percentText } from "../core/receipt";
import { type Priced, type PriceList, price, rateOn } from "../core/sale";
import {
  blankSale,
  counted,
  draftOf,
  isBlank,
  type Kind,
  recounted,
  rerated,
  type SaleForm,
  saleName,
  stopOf,
  warningsOf,
} from "../core/selling";
import { type HeldLine, heldBy, inOrder, priceList, type StockLine, truckStock } from "../core/view";
import { useBack } from "../ui/back";
import { useDraft } from "../ui/kept";
import { useLive, usePhone } from "../ui/phone";
import { Button, Card, Field, Money, Notice, Screen, Select, Sheet, Stepper } from "../ui/pieces";
import { useSpeech, useWords } from "../words/language";
import { AddLine } from "./AddLine";
import { SalePayment } from "./SalePayment";

export interface Selling {
  form: SaleForm;
  change: (with_: Partial<SaleForm>) => void;
  list: PriceList;
  order: Equipment[];
  stock: StockLine[] | null; // null: no truck
  held: HeldLine[];
}

/** A sale in two steps with one address each, so that the back button goes from the second to the first. */
export function Sale({ params }: { params: { id: string; step?: string } }) {
  const say = useWords();
  const { user } = usePhone();
  const back = useBack();
  const [here, go] = useLocation();
  const id = Number(params.id);
  const [form, keep, made] = useDraft(saleName(id), blankSale());
  const change = (with_: Partial<SaleForm>) => keep((before) => ({ ...before, ...with_ }));
  const list = useLive((store) => priceList(store, id), [id]);
  const held = useLive((store) => heldBy(store, id), [id]);
  const stock = useLive(truckStock);
  const order = useLive(inOrder);
  const paying = params.step === "pay";

  useEffect(() => {
    if (!made) return;
    const receipt = () => go(`/receipt/${form.key}`, { replace: true, state: { saved: true } });
    keep(null);
    if (!paying || history.length < 2) return receipt();
    addEventListener("popstate", receipt, { once: true }); // neither step is to be come back to
    history.back();
  }, [made, paying, form.key, go, keep]);

  if (list === null) return <Redirect to={`/customers/${id}`} replace />;
  if (!list || !held || !stock || !order || made !== false)
    return (
      <Screen title={say("sale.title")} back={back}>
        <Card>{say("wait")}</Card>
      </Screen>
    );
  const selling: Selling = { form, change, list, order, held, stock: user.vehicle ? stock : null };
  if (!paying) return <Goods selling={selling} startOver={() => keep(blankSale)} onNext={() => go(`${here}/pay`)} />;
  if (isBlank(form)) return <Redirect to={`/customers/${id}/sale`} replace />;
  return <SalePayment selling={selling} />;
}

function Goods({ selling, startOver, onNext }: { selling: Selling; startOver: () => void; onNext: () => void }) {
  const say = useWords();
  const back = useBack();
  const [more, setMore] = useState(false);
  const { form, list, order, stock, held } = selling;
  const priced = price(list, draftOf(form, list), businessDay());
  const stop = stopOf(form, priced);
  const cylinders = order.filter((one) => one.equipment_type === "CYLINDER" && one.is_active !== false);
  const usual = new Set([
    ...(stock ?? []).filter((line) => line.FULL > 0).map((line) => line.equipment),
    ...held.map((line) => line.equipment),
    ...list.rates.map((row) => row.equipment),
    ...form.items.filter((item) => item.quantity > 0).map((item) => item.equipment),
  ]);
  const first = cylinders.filter((one) => usual.has(one.id));
  const others = cylinders.filter((one) => !usual.has(one.id));
  const action = (
    <div>
      <Total priced={priced} />
      <Button kind="main" className="mt-2 w-full" disabled={stop !== null} onClick={onNext}>
        {say("sale.next")}
      </Button>
    </div>
  );
  const again = !isBlank(form) && (
    <Button kind="quiet" className="-mr-4 shrink-0" onClick={startOver}>
      {say("sale.again")}
    </Button>
  );
  return (
    <Screen title={say("sale.title")} back={back} action={action} aside={again}>
      <p className="-mt-4 text-grey">{list.customer.name}</p>
      {list.customer.is_active === false && <Notice kind="waiting">{say("customer.retired")}</Notice>}
      {(more || !first.length ? cylinders : first).map((size) => (
        <Size key={size.id} size={size} selling={selling} priced={priced} />
      ))}
      {!more && first.length > 0 && others.length > 0 && (
        <Button onClick={() => setMore(true)}>{say("sale.more", { n: others.length })}</Button>
      )}
      {list.meters.length > 0 && <MeterEntry selling={selling} priced={priced} />}
      <AddLine selling={selling} priced={priced} />
      <Warnings selling={selling} priced={priced} />
      {stop === "empty" && <p className="text-center text-grey">{say("sale.nothing")}</p>}
    </Screen>
  );
}

/** What it comes to, as the document will say it. */
export function Total({ priced }: { priced: Priced }) {
  const say = useWords();
  const { document, percent } = priced;
  const facts = { percent: percentText(percent), amount: money(document.tax) };
  const inclusive = document.total === priced.total;
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-x-2" role="status">
      <span>{say("sale.total")}</span>
      <span className="text-2xl font-bold">
        <Money value={document.total} />
      </span>
      {percent > 0 && document.total !== 0 && (
        <span className="basis-full text-sm text-grey">{say(inclusive ? "sale.gstIn" : "sale.gstOn", facts)}</span>
      )}
    </div>
  );
}

/** What the driver has to know before this is saved; nothing of it forbids to save. */
export function Warnings({ selling, priced }: { selling: Selling; priced: Priced }) {
  const say = useWords();
  const { form, list, stock, held } = selling;
  const limit = list.customer.credit_limit;
  return (
    <>
      {warningsOf(form.items, list, stock, held).map(({ kind, ...facts }) => (
        <Notice key={`${kind}${facts.name}`} kind="waiting">
          {say(`sale.warn.${kind}`, facts)}
        </Notice>
      ))}
      {priced.needsApproval.map((why) => (
        <Notice key={why} kind="waiting">
          {say(`sale.hold.${why}`, { limit: limit === null ? "" : money(cents.parse(limit)) })}
        </Notice>
      ))}
    </>
  );
}

/** One size: fulls that go out and empties that come in, side by side. */
function Size({ size, selling, priced }: { size: Equipment; selling: Selling; priced: Priced }) {
  const say = useWords();
  const { form, change, stock, held } = selling;
  const out: Kind = { type: "DELIVERY", equipment: size.id };
  const back: Kind = { type: "EMPTY_RETURN", equipment: size.id };
  const line = priced.lines.find(({ item }) => item.type === "DELIVERY" && item.equipment === size.id);
  const here = held.find((one) => one.equipment === size.id)?.quantity ?? 0;
  const truck = stock?.find((one) => one.equipment === size.id)?.FULL ?? 0;
  const stepper = (kind: Kind, name: string) => (
    <Stepper
      name={name}
      value={counted(form.items, kind)}
      most={10_000}
      onChange={(quantity) => change({ items: recounted(form.items, kind, quantity) })}
    />
  );
  return (
    <Card>
      <div className="-mt-1 mb-1 flex min-h-12 items-center justify-between gap-2">
        <h2 className="text-lg leading-tight font-semibold">
          {size.name}
          <span className="block text-sm font-normal text-grey">
            {say(stock ? "sale.places" : "sale.here", { truck, here })}
          </span>
        </h2>
        <RateButton size={size} kind={out} selling={selling} />
      </div>
      <div className="-mx-1 grid grid-cols-2 gap-2">
        <div>
          <p className="mb-1 text-sm font-medium">{say("sale.out")}</p>
          {stepper(out, say("sale.outOf", { name: size.name }))}
        </div>
        <div>
          <p className="mb-1 text-sm font-medium">{say("sale.in")}</p>
          {stepper(back, say("sale.inOf", { name: size.name }))}
        </div>
      </div>
      {line?.problem && <p className="mt-2 text-red">{say("sale.notAgreed")}</p>}
      {line && !line.problem && (
        <p className="mt-2 flex justify-between gap-2 border-t border-line pt-2">
          <span className="text-grey tabular-nums">
            {line.item.quantity} × {rates.shown(line.rate ?? 0)}
            {line.rate !== line.listed && <span className="text-amber"> · {say("sale.changed")}</span>}
          </span>
          <span className="font-semibold">
            <Money value={line.amount} />
          </span>
        </p>
      )}
    </Card>
  );
}

/** The rate as agreed, and the way to another one. */
function RateButton({ size, kind, selling }: { size: Equipment; kind: Kind; selling: Selling }) {
  const say = useWords();
  const [open, setOpen] = useState(false);
  const { form, change, list } = selling;
  const listed = rateOn(list, size.id, businessDay());
  const own = form.items.find((item) => item.type === "DELIVERY" && item.equipment === size.id)?.rate ?? null;
  const rate = own ?? listed;
  const [typed, setTyped] = useState("");
  const value = rates.typed(typed);
  function use(chosen: number | null) {
    const items = counted(form.items, kind) ? form.items : recounted(form.items, kind, 0);
    change({ items: rerated(items, kind, chosen === listed ? null : chosen) });
    setOpen(false);
  }
  return (
    <>
      <button
        type="button"
        aria-label={`${say("sale.rate", { name: size.name })}: ${rate === null ? say("sale.noRate") : `S$${rates.shown(rate)}`}`}
        onClick={() => {
          setTyped(rate === null ? "" : rates.shown(rate).replaceAll(",", ""));
          setOpen(true);
        }}
        className="min-h-12 min-w-12 shrink-0 rounded-xl px-2 text-right font-semibold whitespace-nowrap text-blue tabular-nums underline decoration-dotted underline-offset-4"
      >
        {rate === null ? say("sale.noRate") : `S$${rates.shown(rate)}`}
      </button>
      <Sheet open={open} title={say("sale.rate", { name: size.name })} onClose={() => setOpen(false)}>
        <div className="flex flex-col gap-3">
          <p>{listed === null ? say("sale.notAgreed") : say("sale.agreed", { rate: `S$${rates.shown(listed)}` })}</p>
          <Field
            label={say("sale.rateField")}
            inputMode="decimal"
            autoComplete="off"
            value={typed}
            onFocus={(event) => event.target.select()}
            onChange={(event) => setTyped(event.target.value)}
            problem={typed.trim() && value === null ? say("sale.rateWrong") : undefined}
          />
          {value !== null && value !== listed && <Notice kind="waiting">{say("sale.otherRate")}</Notice>}
          <Button kind="main" disabled={value === null} onClick={() => use(value)}>
            {say("sale.rateUse")}
          </Button>
          {own !== null && listed !== null && <Button onClick={() => use(null)}>{say("sale.rateBack")}</Button>}
        </div>
      </Sheet>
    </>
  );
}

function MeterEntry({ selling, priced }: { selling: Selling; priced: Priced }) {
  const { say, language } = useSpeech();
  const { form, change, list } = selling;
  const meter = list.meters.find((one) => one.id === form.meter) ?? list.meters[0];
  if (!meter) return null;
  const read = priced.meter;
  const reading = readings.shown(meter.reading);
  const last = meter.since
    ? say("sale.lastOn", { reading, day: dayText(businessDay(meter.since), language) })
    : say("sale.last", { reading });
  const wrong = form.typed.trim() && readings.typed(form.typed) === null;
  const value = readings.typed(form.typed);
  const outside = read?.judgement === "outside";
  const notOver = outside && form.rollover && value !== null && value >= meter.reading;
  const problem = wrong
    ? say("sale.readingWrong")
    : notOver
      ? say("sale.notOver")
      : outside
        ? say("sale.outside", { digits: meter.digits })
        : read?.problem === "no_rate"
          ? say("sale.noGasRate")
          : undefined;
  let words: ReactNode = null;
  if (read && !read.problem) {
    const facts = { usage: readings.shown(read.usage), rate: rates.shown(read.rate ?? 0) };
    const before = readings.shown(meter.unbilled);
    words = (
      <p className="flex justify-between gap-2">
        <span className="text-grey tabular-nums">
          {meter.unbilled ? say("sale.usageWith", { ...facts, before }) : say("sale.usage", facts)}
        </span>
        <span className="font-semibold">
          <Money value={read.amount} />
        </span>
      </p>
    );
  }
  return (
    <Card title={say("sale.meter")} aside={meter.serial_no}>
      <div className="flex flex-col gap-2">
        {list.meters.length > 1 && (
          <Select
            label={say("sale.whichMeter")}
            value={meter.id}
            onChange={(event) => change({ meter: Number(event.target.value), typed: "", rollover: false })}
          >
            {list.meters.map((one) => (
              <option key={one.id} value={one.id}>
                {one.serial_no}
              </option>
            ))}
          </Select>
        )}
        <Field
          label={say("sale.reading")}
          hint={last}
          problem={problem}
          inputMode="decimal"
          autoComplete="off"
          className="text-2xl"
          value={form.typed}
          onChange={(event) =>
            change({ typed: event.target.value, ...(event.target.value ? {} : { rollover: false }) })
          }
        />
        {problem && <p className="text-sm text-grey">{last}</p>}
        <div role="status" className="contents">
          {words}
          {(read?.judgement === "low" || read?.judgement === "high") && (
            <p className="font-medium text-amber">
              <span aria-hidden="true">! </span>
              {say(`sale.${read.judgement}`)}
            </p>
          )}
          {read?.judgement === "lower" && <Notice kind="waiting">{say("sale.lower", { reading })}</Notice>}
        </div>
        {(read?.judgement === "lower" || form.rollover) && (
          <label className="flex min-h-12 items-center gap-3">
            <input
              type="checkbox"
              className="size-6 shrink-0 accent-blue"
              checked={form.rollover}
              onChange={(event) => change({ rollover: event.target.checked })}
            />
            {say("sale.rollover")}
          </label>
        )}
      </div>
    </Card>
  );
}
