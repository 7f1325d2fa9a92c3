import { Link, useLocation } from "wouter";
import type { Customer as CustomerRow } from "../api/types";
import { businessDay, dayText } from "../core/clock";
import { type Cents, cents, money, rates, readings, sum } from "../core/money";
import { type PriceList, rateOn } from "../core/sale";
import { blankSale, isBlank, saleName } from "../core/selling";
import type { DocumentView, OpenInvoiceView } from "../core/view";
import { documentsOf, heldBy, inOrder, openInvoices, priceList } from "../core/view";
import { useBack } from "../ui/back";
import { useKept } from "../ui/kept";
import { useLive } from "../ui/phone";
import { Button, Card, Money, Notice, Screen } from "../ui/pieces";
import { Standing } from "../ui/standing";
import { useSpeech, useWords } from "../words/language";

const LAST = 5;

/** What one has to know of a customer before one sells. */
export function Customer({ params }: { params: { id: string } }) {
  const { say } = useSpeech();
  const back = useBack();
  const [, go] = useLocation();
  const id = Number(params.id);
  const [begun] = useKept(saleName(id), blankSale());
  const list = useLive((store) => priceList(store, id), [id]);
  const open = useLive((store) => openInvoices(store, id), [id]);
  const held = useLive((store) => heldBy(store, id), [id]);
  const sold = useLive((store) => documentsOf(store, id), [id]);
  const order = useLive(inOrder);
  if (list === null) return <Gone />;
  if (!list || !open || !held || !sold || !order)
    return (
      <Screen title={say("wait")} back={back}>
        {null}
      </Screen>
    );
  const { customer } = list;
  const action = (
    <Button kind="main" onClick={() => go(`/customers/${id}/sale`)}>
      {say(isBlank(begun) ? "customer.newSale" : "customer.goOn")}
    </Button>
  );
  return (
    <Screen title={customer.name} back={back} action={action}>
      <Who customer={customer} />
      <Owes list={list} open={open} />
      {list.meters.map((meter) => (
        <MeterCard key={meter.id} meter={meter} />
      ))}
      <Card title={say("customer.held")}>
        {held.length === 0 ? (
          <p className="text-grey">{say("customer.holdsNone")}</p>
        ) : (
          <Facts rows={held.map((line) => [line.name, String(line.quantity)])} big />
        )}
      </Card>
      <Rates list={list} order={order.map((one) => one.id)} held={held.map((one) => one.equipment)} />
      <Last sold={sold.slice(0, LAST)} open={open} />
    </Screen>
  );
}

function Gone() {
  const say = useWords();
  const back = useBack();
  return (
    <Screen title={say("customers.title")} back={back}>
      <Notice kind="waiting">{say("customer.gone")}</Notice>
    </Screen>
  );
}

function Who({ customer }: { customer: CustomerRow }) {
  const say = useWords();
  const { phone = "", address = "", postal_code = "" } = customer;
  const pays = say(`customer.pays.${customer.payment_type}`, { n: customer.payment_terms_days ?? 30 });
  return (
    <section className="-mt-2 flex items-center gap-3">
      <p className="min-w-0 grow text-grey">
        {customer.customer_code} · {pays}
        {address && (
          <span className="block">
            {address} {postal_code}
          </span>
        )}
      </p>
      {phone && (
        <a
          href={`tel:${phone.replace(/[^+\d]/g, "")}`}
          className="flex size-12 shrink-0 items-center justify-center rounded-full border border-line bg-card text-blue"
        >
          <span className="sr-only">{say("customer.call", { phone })}</span>
          <svg
            viewBox="0 0 24 24"
            className="size-6"
            fill="none"
            stroke="currentColor"
            strokeWidth="2"
            strokeLinejoin="round"
            aria-hidden="true"
          >
            <path d="M6 3h4l1.5 5L9 10a11 11 0 0 0 5 5l2-2.5 5 1.5v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z" />
          </svg>
        </a>
      )}
    </section>
  );
}

function Owes({ list, open }: { list: PriceList; open: OpenInvoiceView[] }) {
  const { say, language } = useSpeech();
  const [, go] = useLocation();
  const { customer, owes } = list;
  const limit =
    customer.payment_type === "CASH" || customer.credit_limit === null ? null : cents.parse(customer.credit_limit);
  return (
    <>
      {customer.is_active === false && <Notice kind="waiting">{say("customer.retired")}</Notice>}
      {limit !== null && owes > limit && (
        <Notice kind="waiting">{say("customer.overLimit", { amount: money(limit) })}</Notice>
      )}
      <Card title={say("customer.owes")} aside={limit !== null && say("customer.limit", { amount: money(limit) })}>
        {open.length === 0 ? (
          <p className="text-grey">{say("customer.owesNothing")}</p>
        ) : (
          <>
            <p className="mb-2 text-3xl font-bold tabular-nums">{money(sum(open.map((one) => one.balance_due)))}</p>
            <ul>
              {open.map((one) => (
                <li key={one.number} className="flex items-baseline justify-between gap-2 border-t border-line py-2">
                  <span className="min-w-0">
                    {one.number}{" "}
                    <span className="text-sm whitespace-nowrap text-grey">{dayText(one.date, language)}</span>
                  </span>
                  <Money value={one.balance_due} bare />
                </li>
              ))}
            </ul>
          </>
        )}
        <Button className="mt-2 w-full" onClick={() => go(`/customers/${customer.id}/pay`)}>
          {say("customer.pay")}
        </Button>
      </Card>
    </>
  );
}

function MeterCard({ meter }: { meter: PriceList["meters"][number] }) {
  const { say, language } = useSpeech();
  const day = meter.since ? dayText(businessDay(meter.since), language) : "";
  const last = [say("customer.lastReading"), day].filter(Boolean).join(" · ");
  const rows: [string, string][] = [[last, readings.shown(meter.reading)]];
  if (meter.unbilled) rows.push([say("customer.unbilled"), readings.shown(meter.unbilled)]);
  return (
    <Card title={say("customer.meter", { serial: meter.serial_no })}>
      <Facts rows={rows} big />
    </Card>
  );
}

/** Those agreed with this customer, and those of what stands there. */
function Rates({ list, order, held }: { list: PriceList; order: number[]; held: number[] }) {
  const say = useWords();
  const day = businessDay();
  const own = new Set([...held, ...list.rates.map((row) => row.equipment ?? 0)]);
  const rows = order
    .filter((id) => own.has(id))
    .map((id) => [list.equipment.get(id)?.name ?? "", rateOn(list, id, day)] as const);
  const gas = list.meters.length ? rateOn(list, null, day) : null;
  const known = [...rows, ...(gas === null ? [] : [[say("customer.gas"), gas] as const])];
  return (
    <Card title={say("customer.rates")} aside={known.length > 0 && "S$"}>
      {known.length === 0 ? (
        <p className="text-grey">{say("customer.noRates")}</p>
      ) : (
        <Facts rows={known.map(([name, rate]) => [name, rate === null ? say("sale.noRate") : rates.shown(rate)])} />
      )}
    </Card>
  );
}

function Last({ sold, open }: { sold: DocumentView[]; open: OpenInvoiceView[] }) {
  const { say, language } = useSpeech();
  return (
    <Card title={say("customer.last")} aside={sold.length > 0 && "S$"}>
      {sold.length === 0 && <p className="text-grey">{say("customer.noSales")}</p>}
      <ul className="-mb-2">
        {sold.map((one) => (
          <li key={one.key} className="border-t border-line">
            <Link href={`/receipt/${one.key}`} className="flex min-h-14 items-center justify-between gap-2 py-2">
              <span className="min-w-0">
                <span className="block">{one.invoice?.invoice_number ?? one.number ?? one.reference}</span>
                <span className="block text-sm text-grey">
                  {dayText(businessDay(one.at), language)} · <Standing document={one} due={dueOf(one, open)} />
                </span>
              </span>
              <span className="shrink-0 whitespace-nowrap">
                <Money value={one.total} bare /> <span aria-hidden="true">›</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What is still to be paid of it: payments that are not sent yet count. */
function dueOf({ key, invoice }: DocumentView, open: OpenInvoiceView[]): Cents {
  return open.find((one) => one.client_temp_id === key || one.id === invoice?.id)?.balance_due ?? 0;
}

function Facts({ rows, big = false }: { rows: readonly (readonly [string, string])[]; big?: boolean }) {
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name} className="flex items-baseline justify-between gap-3 border-line py-1.5 not-first:border-t">
          <dt>{name}</dt>
          <dd className={`text-right tabular-nums ${big ? "text-lg font-semibold" : ""}`}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
