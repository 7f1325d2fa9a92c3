/** What a sale comes to, line by line, as the server will compute it. */
import type { Company, Customer, CustomerRate, Equipment } from "../api/types";
import {
  type Cents,
  cents,
  type Day,
  gstPercent,
  lineAmount,
  type Rate,
  type Reading,
  rates,
  readings,
  sum,
  taxed,
  usageAmount,
} from "./money";
import { type SaleDraft, type Shown, type SoldItem, some } from "./operations";

export interface MeterView {
  id: number;
  serial_no: string;
  digits: number;
  reading: Reading; // the last one
  billed: Reading; // at the last bill, also of a meter that this one has replaced
  unbilled: Reading; // read before, and not billed yet: the next sale bills it too
  typical: Reading | null; // usage a day, of the last sales that this phone knows; null: not known
  since: string | null; // when it was read last, as far as this phone knows
}

/** All that the price of a sale depends on. */
export interface PriceList {
  customer: Customer;
  rates: CustomerRate[]; // of this customer
  equipment: Map<number, Equipment>;
  meters: MeterView[];
  company: Company | null;
  owes: Cents; // as the credit limit is judged: with what waits for approval, less credit
}

export interface PricedLine {
  item: SoldItem;
  listed: Rate | null; // what the price list says; null: nothing
  rate: Rate | null;
  amount: Cents;
  problem: "no_rate" | null; // the server could not do it
}

export type Judgement = "ok" | "low" | "high" | "lower" | "outside";

export interface PricedMeter {
  meter: MeterView;
  current: Reading;
  usage: Reading; // with what was not billed before
  rate: Rate | null;
  amount: Cents;
  judgement: Judgement;
  problem: "no_rate" | "lower" | "outside" | null;
}

export interface Priced {
  lines: PricedLine[];
  meter: PricedMeter | null;
  total: Cents; // the transaction's
  document: { subtotal: Cents; tax: Cents; total: Cents };
  percent: Rate; // GST
  needsApproval: ("rate_override" | "credit_limit")[];
  problems: string[]; // of any line or the meter; empty: it can be recorded as it is
  shown: Shown;
}

const DAY = 86_400_000;
const LEAST_SHARE = 0.3;
const MOST_SHARE = 3;

/** The rate in force on that day: the customer's own, else the default. Null: none. `equipment` null: metered gas. */
export function rateOn(list: Pick<PriceList, "rates" | "equipment">, equipment: number | null, day: Day): Rate | null {
  const begun = list.rates.filter((row) => (row.equipment ?? null) === equipment && row.effective_from <= day);
  const later = (a: CustomerRate, b: CustomerRate) =>
    a.effective_from < b.effective_from || (a.effective_from === b.effective_from && a.id < b.id) ? b : a;
  if (begun.length) return rates.parse(begun.reduce(later).rate);
  const usual = equipment === null ? null : (list.equipment.get(equipment)?.default_rate ?? null);
  return usual === null ? null : rates.parse(usual);
}

export function price(list: PriceList, draft: SaleDraft, day: Day, at: number = Date.now()): Priced {
  const lines = draft.items.filter(some).map((item) => pricedLine(list, item, day));
  const meter = draft.reading ? pricedMeter(list, draft.reading, day, at) : null;
  const billed = lines.filter((line) => line.item.type !== "EMPTY_RETURN").map((line) => line.amount);
  const bills = meter && meter.judgement !== "lower" && meter.judgement !== "outside";
  const amounts = bills ? [...billed, meter.amount] : billed;
  const percent = list.company ? gstPercent(list.company, day) : 0;
  const document = taxed(amounts, percent, list.company?.prices_include_gst ?? true);
  const needsApproval = holds(list, lines, document.total - (draft.payment?.amount ?? 0));
  const total = sum(amounts);
  return {
    lines,
    meter,
    total,
    document,
    percent,
    needsApproval,
    problems: [...lines.map((line) => line.problem), meter?.problem].filter((one) => one != null),
    shown: {
      total,
      document: { subtotal: document.subtotal, tax: document.tax, total: document.total },
      pending: needsApproval.length > 0,
      meter: bills
        ? {
            serial_no: meter.meter.serial_no,
            previous: meter.meter.billed,
            current: meter.current,
            usage: meter.usage,
            rate: meter.rate ?? 0,
            amount: meter.amount,
          }
        : null,
    },
  };
}

/** How much gas a reading means; null: it does not fit the meter. */
export function usageOf(
  meter: Pick<MeterView, "digits" | "reading">,
  current: Reading,
  rollover: boolean,
): Reading | null {
  const beyond = 10 ** meter.digits * 1000;
  if (current >= beyond) return null;
  if (current >= meter.reading) return rollover ? null : current - meter.reading;
  return rollover ? beyond - meter.reading + current : null;
}

function pricedLine(list: PriceList, item: SoldItem, day: Day): PricedLine {
  if (item.type === "EMPTY_RETURN") return { item, listed: 0, rate: 0, amount: 0, problem: null };
  const listed = item.equipment ? rateOn(list, item.equipment, day) : null;
  const rate = item.rate ?? listed;
  const amount = rate === null ? 0 : lineAmount(item.quantity, rate);
  const signed = item.type === "FULL_RETURN" && amount ? -amount : amount;
  return { item: { ...item, rate }, listed, rate, amount: signed, problem: rate === null ? "no_rate" : null };
}

function pricedMeter(
  list: PriceList,
  read: NonNullable<SaleDraft["reading"]>,
  day: Day,
  at: number,
): PricedMeter | null {
  const meter = list.meters.find((one) => one.id === read.meter);
  if (!meter) return null;
  const own = usageOf(meter, read.value, read.rollover ?? false);
  const rate = rateOn(list, null, day);
  if (own === null) {
    const judgement = read.value < meter.reading && !read.rollover ? "lower" : "outside";
    return { meter, current: read.value, usage: 0, rate, amount: 0, judgement, problem: judgement };
  }
  const usage = own + meter.unbilled;
  const amount = rate === null ? 0 : usageAmount(usage, rate);
  const problem = rate === null ? "no_rate" : null;
  return { meter, current: read.value, usage, rate, amount, judgement: judged(meter, own, at), problem };
}

function judged(meter: MeterView, usage: Reading, at: number): Judgement {
  if (!meter.typical || !meter.since) return "ok";
  const usual = meter.typical * Math.max((at - Date.parse(meter.since)) / DAY, 1);
  if (usage < usual * LEAST_SHARE) return "low";
  return usage > usual * MOST_SHARE ? "high" : "ok";
}

function holds(list: PriceList, lines: PricedLine[], rest: Cents): Priced["needsApproval"] {
  const found: Priced["needsApproval"] = [];
  const listed = lines.filter(({ item }) => item.type === "DELIVERY" || item.type === "FULL_RETURN");
  if (listed.some((line) => line.rate !== null && line.rate !== line.listed)) found.push("rate_override");
  const { payment_type, credit_limit } = list.customer;
  if (payment_type !== "CASH" && credit_limit !== null && list.owes + rest > cents.parse(credit_limit))
    found.push("credit_limit");
  return found;
}

export { readings };
