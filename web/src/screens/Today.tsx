import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { dayText, momentText } from "../core/clock";
import { closeOf, standing } from "../core/closing";
import { sum } from "../core/money";
import { moneyToday, pendingDistributions, type StockLine, truckStock } from "../core/view";
import { InstallCard } from "../ui/install";
import { useLive, usePhone, useSender, useToday } from "../ui/phone";
import { Badge, Button, Card, Money, Screen } from "../ui/pieces";
import { Sending } from "../ui/sending";
import { Update } from "../ui/update";
import { useSpeech } from "../words/language";

export function Today() {
  const { say, language } = useSpeech();
  const { user } = usePhone();
  const [, go] = useLocation();
  const today = useToday();
  const stock = useLive(truckStock);
  const isEmpty = stock && !stock.some((line) => line.FULL);
  const action = (
    <Button kind="main" onClick={() => go(isEmpty ? "/depot" : "/customers")}>
      {say(isEmpty ? "today.collect" : "today.sell")}
    </Button>
  );
  return (
    <Screen
      title={dayText(today, language)}
      aside={<span className="max-w-32 truncate text-grey">{user.first_name || user.username}</span>}
      action={action}
    >
      <Sending />
      <Update />
      <Ways />
      <Truck stock={stock} />
      <Taken />
      <InstallCard />
    </Screen>
  );
}

/** The rest of the day's work. */
function Ways() {
  const { say } = useSpeech();
  const waiting = useLive(pendingDistributions)?.length ?? 0;
  const today = useToday();
  const closed = useLive((store) => closeOf(store, today), [today]);
  return (
    <nav aria-label={say("today.ways")}>
      <ul className="grid grid-cols-3 gap-2">
        <Way to="/depot" drawing="M4 20V9l8-5 8 5v11M8 20v-8h8v8M8 16h8" title={say("today.depot")}>
          {waiting > 0 && <Badge kind="waiting">{say("today.waits", { n: waiting })}</Badge>}
        </Way>
        <Way to="/documents" drawing="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6" title={say("today.documents")} />
        <Way to="/close" drawing="M8 4h8v3H8zM8 5H5v16h14V5h-3M9 14l2 2 4-4" title={say("today.close")}>
          {closed && standing(closed) && <Badge kind="done">{say("today.closed")}</Badge>}
        </Way>
      </ul>
    </nav>
  );
}

function Way({ to, drawing, title, children }: { to: string; drawing: string; title: string; children?: ReactNode }) {
  return (
    <li className="flex min-w-0">
      <Link
        href={to}
        className="flex min-h-24 min-w-0 grow flex-col items-center justify-center gap-1 rounded-2xl border border-line bg-card px-1 py-2 text-center text-base leading-tight font-medium"
      >
        <svg
          viewBox="0 0 24 24"
          className="size-7 text-blue"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.75"
          strokeLinejoin="round"
          strokeLinecap="round"
          aria-hidden="true"
        >
          <path d={drawing} />
        </svg>
        {title}
        {children && <span className="text-sm leading-tight">{children}</span>}
      </Link>
    </li>
  );
}

const COUNTS = { true: "font-semibold", false: "text-grey" };

function Truck({ stock }: { stock: StockLine[] | undefined }) {
  const { say, language } = useSpeech();
  const { user } = usePhone();
  const { busy, online } = useSender();
  const pulled = useLive((store) => store.fact("pulled_at"));
  if (!user.vehicle) return <Card>{say("today.noTruck")}</Card>;
  const title = say("today.truck", { plate: user.vehicle_no ?? "" });
  if (stock === undefined || pulled === undefined) return <Card title={title}>{say("wait")}</Card>;
  if (!pulled) return <Card title={title}>{say(busy || online === null ? "today.loading" : "today.never")}</Card>;
  const conditions = stock.some((line) => line.DAMAGED)
    ? (["FULL", "EMPTY", "DAMAGED"] as const)
    : (["FULL", "EMPTY"] as const);
  return (
    <Card title={title} aside={say("sync.asOf", { time: momentText(pulled, language) })}>
      {stock.length === 0 ? (
        <p className="text-grey">{say("today.emptyTruck")}</p>
      ) : (
        <table className="w-full">
          <thead>
            <tr className="text-sm text-grey">
              <th scope="col" className="py-1 text-left font-medium">
                {say("today.item")}
              </th>
              {conditions.map((condition) => (
                <th key={condition} scope="col" className="py-1 pl-3 text-right font-medium">
                  {say(`condition.${condition}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {stock.map((line) => (
              <tr key={line.equipment} className="border-t border-line">
                <th scope="row" className="py-2 text-left font-normal">
                  {line.name}
                </th>
                {conditions.map((condition) => (
                  <td key={condition} className={`text-right text-lg tabular-nums ${COUNTS[`${line[condition] > 0}`]}`}>
                    {line[condition]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Taken() {
  const { say } = useSpeech();
  const today = useToday();
  const taken = useLive((store) => moneyToday(store, today), [today]);
  if (!taken) return null;
  return (
    <Card title={say("today.money")} aside={taken.length > 0 && "S$"}>
      {taken.length === 0 ? (
        <p className="text-grey">{say("today.noMoney")}</p>
      ) : (
        <dl className="grid grid-cols-[1fr_auto] gap-y-1">
          {taken.map((line) => (
            <div key={line.method} className="contents">
              <dt>{say(`method.${line.method}`)}</dt>
              <dd className="text-right">
                <Money value={line.amount} bare />
              </dd>
            </div>
          ))}
          <dt className="border-t border-line pt-1 font-semibold">{say("today.together")}</dt>
          <dd className="border-t border-line pt-1 text-right font-semibold">
            <Money value={sum(taken.map((line) => line.amount))} bare />
          </dd>
        </dl>
      )}
    </Card>
  );
}
