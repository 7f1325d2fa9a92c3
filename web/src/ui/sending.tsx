import { useState } from "react";
import { useLocation } from "wouter";
import { outbox } from "../core/view";
import { SignIn } from "../screens/SignIn";
import { useWords } from "../words/language";
import { useLive, usePhone, useSender } from "./phone";
import { Badge, Button, Notice, Sheet } from "./pieces";

/** How what was recorded fares, in words: a way to the outbox. */
export function Sending() {
  const say = useWords();
  const [, go] = useLocation();
  const { online } = useSender();
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
          {online === false && <span className="text-sm text-grey">{say("sync.offline")}</span>}
        </span>
        <span aria-hidden="true" className="text-2xl leading-none text-grey">
          ›
        </span>
      </button>
      <Trouble />
    </>
  );
}

/** What keeps the phone from sending, and what to do about it; nothing, where nothing does. */
export function Trouble() {
  const say = useWords();
  const { user } = usePhone();
  const [asked, setAsked] = useState(false);
  const status = useSender();
  return (
    <>
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
