import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import type { Sale } from "../api/types";
import { dayText, timeText } from "../core/clock";

import { sum } from "../core/money";
import { emailInvoice, type Named } from "../core/operations";
import { type DocumentView, documents } from "../core/view";
import { useBack } from "../ui/back";
import { failure } from "../ui/failure";
import { handOver } from "../ui/files";
import { useLive, usePhone, useToday } from "../ui/phone";
import { Button, Card, Field, Money, Notice, Screen, Sheet } from "../ui/pieces";
import { useRecording } from "../ui/recording";
import { useSilence } from "../ui/sending";
import { Standing } from "../ui/standing";
import { useSpeech, useWords } from "../words/language";

const DAY = 86_400_000;
const BACK = 30; // days of own sales that the copy holds

/** The own sales of a day, each with its invoice. */
export function Documents() {
  const { say, language } = useSpeech();
  const back = useBack();
  const today = useToday();
  const [chosenDay, setDay] = useState<string | null>(null);
  const day = chosenDay ?? today;
  const [open, setOpen] = useState<string | null>(null);
  const found = useLive((store) => documents(store, day), [day]);
  const silence = useSilence();
  const shift = (days: number) => setDay(new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10));
  const oldest = new Date(Date.parse(today) - BACK * DAY).toISOString().slice(0, 10);
  const chosen = found?.find((one) => one.key === open) ?? null;
  const arrow = "size-12 rounded-xl border border-line bg-card text-2xl text-blue disabled:opacity-40";
  return (
    <Screen title={say("documents.title")} back={back}>
      <div className="flex items-center gap-2">
        <button
          type="button"
          className={arrow}
          aria-label={say("documents.earlier")}
          disabled={day <= oldest}
          onClick={() => shift(-1)}
        >
          ‹
        </button>
        <p className="grow text-center font-semibold">
          {day === today ? say("documents.today") : dayText(day, language)}
        </p>
        <button
          type="button"
          className={arrow}
          aria-label={say("documents.later")}
          disabled={day >= today}
          onClick={() => shift(1)}
        >
          ›
        </button>
      </div>
      {silence && <p className="text-sm text-grey">{silence}</p>}
      {found === undefined && <Card>{say("wait")}</Card>}
      {found?.length === 0 && <Card>{say("documents.empty")}</Card>}
      {found && found.length > 0 && (
        <p className="flex justify-between text-grey">
          <span>{say("documents.day", { n: found.length })}</span>
          <Money value={sum(found.filter(counts).map((one) => one.total))} />
        </p>
      )}
      {found?.map((one) => (
        <button
          key={one.key}
          type="button"
          onClick={() => setOpen(one.key)}
          className="flex flex-col gap-1 rounded-2xl border border-line bg-card px-4 py-3 text-left"
        >
          <span className="flex items-baseline justify-between gap-3">
            <span className="min-w-0 font-semibold">{one.customer_name || say("documents.elsewhere")}</span>
            <span className="font-semibold">
              <Money value={one.total} />
            </span>
          </span>
          <span className="flex flex-wrap items-baseline justify-between gap-x-3 text-sm">
            <span className="text-grey">
              {numberOf(one)} · {timeText(one.at)}
            </span>
            <Standing document={one} />
          </span>
        </button>
      ))}
      <Sheet open={chosen !== null} title={chosen ? numberOf(chosen) : ""} onClose={() => setOpen(null)}>
        {chosen && <Document of={chosen} />}
      </Sheet>
    </Screen>
  );
}

/** One sale, and what can be done with its invoice. */
function Document({ of }: { of: DocumentView }) {
  const say = useWords();
  const phone = usePhone();
  const [fetching, setFetching] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [mailing, setMailing] = useState(false);
  const [mailed, setMailed] = useState(false);
  const id = invoiceOf(of);

  async function openPdf(invoice: number) {
    setFetching(true);
    setTrouble("");
    try {
      await handOver(await phone.pdf(invoice), `${numberOf(of)}.pdf`);
    } catch (error) {
      setTrouble(failure(error, say));
    }
    setFetching(false);
  }

  return (
    <div className="flex flex-col gap-3">
      <Card title={of.customer_name || say("documents.elsewhere")} aside={timeText(of.at)}>
        <p className="text-sm text-grey">{say("documents.sale", { number: of.number ?? of.reference })}</p>
        <p className="text-2xl font-bold">
          <Money value={of.total} />
        </p>
        <p className="mt-1">
          <Standing document={of} />
        </p>
      </Card>
      {trouble && <Notice kind="refused">{trouble}</Notice>}
      {mailed && <Notice kind="done">✓ {say("documents.emailed")}</Notice>}
      {id === null && <p className="text-grey">{say("documents.pdfLater")}</p>}
      {mailing ? (
        <Mail
          of={of}
          onDone={() => {
            setMailing(false);
            setMailed(true);
          }}
        />
      ) : (
        <>
          <Link
            href={`/receipt/${of.key}`}
            className="flex min-h-12 items-center justify-center rounded-xl border border-line bg-card px-4 py-3 font-semibold text-blue"
          >
            {say("documents.receipt")}
          </Link>
          {canMail(of) && <Button onClick={() => setMailing(true)}>{say("documents.email")}</Button>}
          {id !== null && (
            <Button kind="main" busy={fetching} onClick={() => openPdf(id)}>
              {say(fetching ? "documents.fetching" : "documents.pdf")}
            </Button>
          )}
        </>
      )}
    </div>
  );
}

/** Kept like everything else, and so it needs no network. */
function Mail({ of, onDone }: { of: DocumentView; onDone: () => void }) {
  const say = useWords();
  const { record, busy, problem } = useRecording();
  const [wrong, setWrong] = useState(false);
  const own = useLive(async (store) => (await store.customers.get(of.customer))?.email ?? "", [of.customer]);
  if (own === undefined) return null;

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const to = String(new FormData(event.currentTarget).get("to")).trim();
    const bad = to ? !isAddress(to) : !own;
    setWrong(bad);
    const named: Named = invoiceOf(of) ?? { client_temp_id: of.key };
    if (!bad && (await record([emailInvoice(named, to === own ? "" : to)]))) onDone();
  }

  return (
    <form noValidate onSubmit={send} className="flex flex-col gap-3">
      <Field
        label={say("documents.to")}
        name="to"
        type="email"
        autoComplete="off"
        autoCapitalize="none"
        defaultValue={own}
        hint={say(own ? "documents.toHint" : "documents.toNone")}
        problem={wrong ? say("documents.toWrong") : undefined}
      />
      {problem && <Notice kind="refused">{say(problem)}</Notice>}
      <Button kind="main" type="submit" busy={busy}>
        {say("documents.email")}
      </Button>
    </form>
  );
}

/** The invoice's number; the sale's, or the provisional reference, until there is one. */
function numberOf(one: DocumentView): string {
  return one.invoice?.invoice_number ?? answered(one)?.invoice?.invoice_number ?? one.number ?? one.reference;
}

/** The invoice's id, known from the answer even before it is pulled. */
function invoiceOf(one: DocumentView): number | null {
  return one.invoice?.id ?? answered(one)?.invoice?.id ?? null;
}

function answered({ operation }: DocumentView): Sale | null {
  return (operation?.result?.entity as Sale | null | undefined) ?? null;
}

function counts(one: DocumentView): boolean {
  return (
    one.transaction?.status !== "VOIDED" && one.operation?.state !== "quarantined" && one.operation?.state !== "decided"
  );
}

function canMail(one: DocumentView): boolean {
  return counts(one) && (invoiceOf(one) !== null || one.operation !== null);
}

function isAddress(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text);
}
