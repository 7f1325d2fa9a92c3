import { useState } from "react";
import { useLocation } from "wouter";
import { clockAhead, momentText } from "../core/clock";
import { outbox } from "../core/view";
import { SignIn } from "../screens/SignIn";
import { type Say, useSpeech, useWords } from "../words/language";
import { useLive, usePhone, useSender } from "./phone";
import { Badge, Button, Notice, Sheet } from "./pieces";

/** How what was recorded fares, in words: a way to the outbox. */
export function Sending() {
  const say = useWords();
  const [, go] = useLocation();
  const silence = useSilence();
  const box = useLive(outbox);
  if (!box) return <div className="min-h-14" />;
  const words = box.waiting ? say("sync.waiting", { n: box.waiting }) : say("sync.sent");
  return (
    <>
      <button
        type="button"
        onClick={() => go("/outbox")}
        className="flex min-h-14 items-center gap-3 rounded-2xl border border-line bg-card px-4 py-2 text-left"
      >
        <span className="flex grow flex-wrap gap-x-4">
          <Badge kind={box.waiting ? "waiting" : "done"}>{words}</Badge>
          {box.attention > 0 && <Badge kind="refused">{say("sync.attention", { n: box.attention })}</Badge>}
          {box.noted > 0 && <Badge kind="plain">{say("sync.noted", { n: box.noted })}</Badge>}
          {silence && <span className="text-sm text-grey">{silence}</span>}
        </span>
        <span aria-hidden="true" className="text-2xl leading-none text-grey">
          ›
        </span>
      </button>
      <Trouble />
    </>
  );
}

/** That the server does not answer, and since when; empty, where it does. */
export function useSilence(): string {
  const { say, language } = useSpeech();
  const { online } = useSender();
  const heard = useLive((store) => store.fact("pulled_at"));
  if (online !== false || heard === undefined) return "";
  if (!navigator.onLine) return say("sync.offline"); // the phone itself says that it has no network
  return heard ? say("sync.silentSince", { time: momentText(heard, language) }) : say("sync.silent");
}

/** How wrong this phone's clock is, as far as that is known; empty: it is right. */
export function clockWords(say: Say): string {
  const off = clockAhead();
  const minutes = Math.round(Math.abs(off) / 60_000);
  if (!minutes) return "";
  const [unit, n] = minutes < 120 ? ["minutes", 1] : minutes < 48 * 60 ? ["hours", 60] : ["days", 24 * 60];
  const much = say(`clock.${unit as "minutes" | "hours" | "days"}`, { n: Math.round(minutes / (n as number)) });
  return say("clock.wrong", { much, way: say(off > 0 ? "clock.ahead" : "clock.behind") });
}

/** What keeps the phone from sending, and what to do about it; nothing, where nothing does. */
export function Trouble() {
  const say = useWords();
  const { user } = usePhone();
  const [asked, setAsked] = useState(false);
  const status = useSender();
  const clock = clockWords(say);
  return (
    <>
      {clock && <Notice kind="waiting">{clock}</Notice>}
      {status.full && <Notice kind="refused">{say("sync.full")}</Notice>}
      {status.refused && <Notice kind="refused">{say("sync.refused", { detail: status.refused })}</Notice>}
      {status.signInNeeded && (
        <Notice kind="waiting">
          <p>{say("signIn.again")}</p>
          <Button className="mt-2 w-full" onClick={() => setAsked(true)}>
            {say("sync.signIn")}
          </Button>
        </Notice>
      )}
      <Sheet open={asked} title={say("signIn.title")} onClose={() => setAsked(false)}>
        <SignIn again={user.username} onPhone={() => location.reload()} />
      </Sheet>
    </>
  );
}
