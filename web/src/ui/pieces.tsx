/** What screens are made of. Nothing here is smaller than a thumb. */
import { type ComponentProps, type ReactNode, useEffect, useId, useRef } from "react";
import { type Cents, cents, money } from "../core/money";
import { qr } from "../core/paynow";
import { useWords } from "../words/language";

const KINDS = {
  main: "bg-flame text-on-colour", // one on a screen
  plain: "bg-card text-blue border border-line",
  danger: "bg-card text-red border border-red",
  quiet: "text-blue",
};

export function Button({
  kind = "plain",
  busy = false,
  className = "",
  children,
  ...rest
}: ComponentProps<"button"> & { kind?: keyof typeof KINDS; busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy}
      className={`min-h-12 min-w-12 rounded-xl px-4 py-3 font-semibold disabled:opacity-60 ${KINDS[kind]} ${className}`}
    >
      {children}
    </button>
  );
}

export function Card({ title, aside, children }: { title?: ReactNode; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="rounded-2xl border border-line bg-card p-4">
      {title && (
        <header className="mb-2 flex items-baseline justify-between gap-2">
          <h2 className="text-lg font-semibold">{title}</h2>
          {aside && <span className="text-sm text-grey">{aside}</span>}
        </header>
      )}
      {children}
    </section>
  );
}

/** A named input; `problem` says below it what is wrong. */
export function Field({
  label,
  hint,
  problem,
  ...rest
}: ComponentProps<"input"> & { label: string; hint?: string; problem?: string | undefined }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        {...rest}
        id={id}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem || hint ? `${id}-words` : undefined}
        className={`min-h-12 w-full rounded-xl border bg-card px-3 py-2 ${problem ? "border-red" : "border-grey"}`}
      />
      {(problem || hint) && (
        <p id={`${id}-words`} className={`text-sm ${problem ? "text-red" : "text-grey"}`}>
          {problem ?? hint}
        </p>
      )}
    </div>
  );
}

/** A named choice of many. */
export function Select({ label, children, ...rest }: ComponentProps<"select"> & { label: string }) {
  return (
    <label className="flex flex-col gap-1 font-medium">
      {label}
      <select {...rest} className="min-h-12 w-full rounded-xl border border-grey bg-card px-3 font-normal">
        {children}
      </select>
    </label>
  );
}

/** So many of something, by thumb or by typing. */
export function Stepper({
  name,
  value,
  onChange,
  most = 100_000,
}: {
  name: string;
  value: number;
  onChange: (value: number) => void;
  most?: number;
}) {
  const say = useWords();
  const set = (wanted: number) => onChange(Math.min(Math.max(wanted || 0, 0), most));
  const side = "h-14 w-12 shrink-0 text-2xl font-bold text-blue disabled:text-grey disabled:opacity-40";
  return (
    <div className="flex w-full max-w-48 rounded-xl border border-grey bg-card">
      <button
        type="button"
        className={side}
        disabled={value <= 0}
        aria-label={say("lessOf", { name })}
        onClick={() => set(value - 1)}
      >
        −
      </button>
      <input
        className={`h-14 min-w-0 grow border-x border-line bg-transparent text-center text-xl tabular-nums ${value ? "font-bold" : "text-grey"}`}
        inputMode="numeric"
        aria-label={name}
        value={value}
        onFocus={(event) => event.target.select()}
        onChange={(event) => set(Number.parseInt(event.target.value.replace(/\D/g, "").slice(0, 6), 10))}
      />
      <button
        type="button"
        className={side}
        disabled={value >= most}
        aria-label={say("moreOf", { name })}
        onClick={() => set(value + 1)}
      >
        +
      </button>
    </div>
  );
}

/** One of a few, all of them to be seen. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly (readonly [T, ReactNode, string?])[]; // and its language, if it is not the screen's
  value: T;
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="flex min-w-0 gap-1 rounded-2xl border border-line bg-card p-1">
      <legend className="sr-only">{label}</legend>
      {options.map(([option, words, lang]) => (
        <label
          key={option}
          lang={lang}
          className="flex min-h-12 grow basis-0 items-center justify-center rounded-xl px-1 text-center font-semibold text-grey has-checked:bg-blue has-checked:text-on-colour has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-blue"
        >
          <input
            type="radio"
            className="sr-only"
            name={name}
            checked={value === option}
            onChange={() => onChange(option)}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

/** S$1,234.50; within a table, where the head says S$, without it. */
export function Money({ value, bare = false }: { value: Cents; bare?: boolean }) {
  return <span className="tabular-nums whitespace-nowrap">{bare ? cents.shown(value) : money(value)}</span>;
}

const SIGNS = {
  done: ["✓", "text-green"],
  waiting: ["…", "text-amber"],
  refused: ["!", "text-red"],
  plain: ["", "text-grey"],
} as const;

/** A state in a word and a sign: colour never speaks alone. */
export function Badge({ kind, children }: { kind: keyof typeof SIGNS; children: ReactNode }) {
  const [sign, colour] = SIGNS[kind];
  return (
    <span className={`font-medium ${colour}`}>
      {sign && <span aria-hidden="true">{sign} </span>}
      {children}
    </span>
  );
}

const NOTICES = {
  done: "border-green text-green",
  waiting: "border-amber text-amber",
  refused: "border-red text-red",
};

/** Words that must be seen: what went wrong, waits, or is done. */
export function Notice({ kind, children }: { kind: keyof typeof NOTICES; children: ReactNode }) {
  return (
    <div role={kind === "refused" ? "alert" : "status"} className={`rounded-xl border-2 bg-card p-3 ${NOTICES[kind]}`}>
      {children}
    </div>
  );
}

/** A page over the page, from below. The hardware's back button closes it. */
export function Sheet({
  open,
  title,
  onClose,
  children,
}: {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const say = useWords();
  const sheet = useRef<HTMLDialogElement>(null);
  const closing = useRef(onClose);
  closing.current = onClose;
  useEffect(() => {
    const dialog = sheet.current;
    if (!open || !dialog) return;
    dialog.showModal();
    history.pushState({ ...history.state, sheet: true }, "");
    const back = () => closing.current();
    addEventListener("popstate", back);
    return () => {
      removeEventListener("popstate", back);
      if (history.state?.sheet) history.back();
      dialog.close();
    };
  }, [open]);
  return (
    <dialog
      ref={sheet}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="m-0 mt-auto max-h-[90dvh] w-full max-w-none rounded-t-2xl bg-ground p-4 pb-[max(1rem,env(safe-area-inset-bottom))] text-ink"
    >
      {open && (
        <>
          <header className="mb-3 flex items-center justify-between">
            <h2 className="text-xl font-bold">{title}</h2>
            <Button kind="quiet" onClick={onClose}>
              {say("close")}
            </Button>
          </header>
          {children}
        </>
      )}
    </dialog>
  );
}

/** A QR code, drawn here. Black on white at night too: scanners want it so. */
export function Qr({ text, label }: { text: string; label: string }) {
  const rows = qr(text);
  const dark = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
      className="w-full rounded-xl bg-white"
    >
      <path d={dark} fill="#000000" />
    </svg>
  );
}

/** A screen: its head, what it shows, and its main action where the thumb is. */
export function Screen({
  title,
  back,
  aside,
  action,
  children,
}: {
  title: ReactNode;
  back?: () => void;
  aside?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}) {
  const say = useWords();
  return (
    <main className="mx-auto flex min-h-dvh max-w-xl flex-col gap-3 px-4 pt-[max(0.75rem,env(safe-area-inset-top))] pb-52">
      <header className="flex min-h-12 items-center gap-2">
        {back && (
          <button
            type="button"
            onClick={back}
            aria-label={say("back")}
            className="-ml-3 size-12 shrink-0 text-2xl text-blue"
          >
            ‹
          </button>
        )}
        <h1 className="grow text-2xl font-bold">{title}</h1>
        {aside}
      </header>
      {children}
      {action && (
        <div className="fixed inset-x-0 bottom-[calc(4rem+env(safe-area-inset-bottom))] z-10 mx-auto max-w-xl bg-ground px-4 py-2 *:w-full">
          {action}
        </div>
      )}
    </main>
  );
}
