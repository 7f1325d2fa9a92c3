import { type FormEvent, useEffect, useState } from "react";
import { momentText } from "../core/clock";
import { APP_VERSION } from "../core/phone";
import { outbox } from "../core/view";
import { failure } from "../ui/failure";
import { handOver } from "../ui/files";
import { HowToInstall } from "../ui/install";
import { useLive, usePhone, useSender } from "../ui/phone";
import { Badge, Button, Card, Choice, Field, Notice, Screen, Sheet } from "../ui/pieces";
import { clockWords } from "../ui/sending";
import { useSpeech, useWords } from "../words/language";

export function Settings() {
  const { say, language, speak } = useSpeech();
  const { user } = usePhone();
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ") || user.username;
  return (
    <Screen title={say("settings.title")}>
      <Choice
        label={say("settings.language")}
        value={language}
        onChange={speak}
        options={[
          ["en", "English", "en"],
          ["zh", "中文", "zh-Hans"],
        ]}
      />
      <Device />
      <Card title={say("install.title")}>
        <HowToInstall />
      </Card>
      <Storage />
      <Recorded />
      <Card title={say("settings.who")}>
        <p>{user.depot_name ? say("settings.whoIs", { name, depot: user.depot_name }) : name}</p>
        <SignOut />
      </Card>
    </Screen>
  );
}

function Device() {
  const { say, language } = useSpeech();
  const phone = usePhone();
  const { online } = useSender();
  const heard = useLive((store) => store.fact("pulled_at"));
  const name = useLive((store) => store.fact("device_name"));
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<["done" | "refused", string] | null>(null);
  const clock = clockWords(say);

  async function rename(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get("name")).trim();
    if (!typed) return setSaid(["refused", say("settings.noName")]);
    setBusy(true);
    try {
      await phone.rename(typed);
      setSaid(["done", `✓ ${say("settings.renamed")}`]);
    } catch (error) {
      setSaid(["refused", failure(error, say)]);
    }
    setBusy(false);
  }

  return (
    <Card title={say("settings.phone")}>
      <dl className="grid grid-cols-[1fr_auto] gap-y-1">
        <dt className="text-grey">{say("settings.reference")}</dt>
        <dd className="text-right tabular-nums">{phone.deviceId.slice(0, 4).toUpperCase()}</dd>
        <dt className="text-grey">{say("settings.version")}</dt>
        <dd className="text-right tabular-nums">{APP_VERSION}</dd>
        <dt className="text-grey">{say("settings.contact")}</dt>
        <dd className="text-right">{heard ? momentText(heard, language) : say("settings.noContact")}</dd>
      </dl>
      {clock && <p className="mt-2 text-amber">{clock}</p>}
      {name !== undefined && (
        <form onSubmit={rename} className="mt-3 flex flex-col gap-2 border-t border-line pt-3">
          <Field
            label={say("settings.name")}
            hint={say("settings.nameHint")}
            name="name"
            maxLength={100}
            autoComplete="off"
            defaultValue={name ?? ""}
          />
          {said && <Notice kind={said[0]}>{said[1]}</Notice>}
          {online === false && <p className="text-sm text-grey">{say("error.notReached")}</p>}
          <Button type="submit" busy={busy}>
            {say("settings.rename")}
          </Button>
        </form>
      )}
    </Card>
  );
}

/** Whether the phone promises to keep what is recorded, and how much room there is. */
function Storage() {
  const say = useWords();
  const [kept, setKept] = useState<boolean | null>(null);
  const [room, setRoom] = useState<StorageEstimate | null>(null);
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    navigator.storage?.persisted?.().then(setKept, () => {});
    navigator.storage?.estimate?.().then(setRoom, () => {});
  }, []);
  const ask = async () => {
    const promised = (await navigator.storage?.persist?.()) ?? false;
    setKept(promised);
    setRefused(!promised);
  };
  const mega = (bytes = 0) => Math.round(bytes / 1_000_000).toLocaleString("en-SG");
  return (
    <Card title={say("settings.storage")}>
      {kept ? (
        <Badge kind="done">{say("settings.kept")}</Badge>
      ) : (
        <div className="flex flex-col gap-2">
          <p>{say("settings.notKept")}</p>
          {refused && <Notice kind="waiting">{say("settings.keepRefused")}</Notice>}
          <Button onClick={ask}>{say("settings.keep")}</Button>
        </div>
      )}
      {room?.quota && (
        <p className="mt-2 text-sm text-grey">
          {say("settings.room", { used: mega(room.usage), free: mega(room.quota - (room.usage ?? 0)) })}
        </p>
      )}
    </Card>
  );
}

function Recorded() {
  const say = useWords();
  const phone = usePhone();
  const [done, setDone] = useState(false);
  const save = async () => {
    const name = `hsh-lpg-${phone.user.username}-${phone.deviceId.slice(0, 4)}.json`;
    await handOver(await phone.exportQueue(), name);
    setDone(true);
  };
  return (
    <Card title={say("settings.queue")}>
      <div className="flex flex-col gap-2">
        <p className="text-grey">{say("settings.exportWhy")}</p>
        {done && <Notice kind="done">✓ {say("settings.exported")}</Notice>}
        <Button onClick={save}>{say("settings.export")}</Button>
      </div>
    </Card>
  );
}

function SignOut() {
  const say = useWords();
  const phone = usePhone();
  const { busy } = useSender();
  const box = useLive(outbox);
  const [asked, setAsked] = useState(false);
  const [going, setGoing] = useState(false);
  const unsent = box?.waiting ?? 0;
  const out = async () => {
    setGoing(true);
    await phone.signOut();
    location.replace("/app/");
  };
  return (
    <>
      <Button kind="danger" className="mt-3 w-full" onClick={() => setAsked(true)}>
        {say("settings.signOut")}
      </Button>
      <Sheet open={asked} title={say("settings.signOutTitle")} onClose={() => setAsked(false)}>
        <div className="flex flex-col gap-3">
          {unsent > 0 && <Notice kind="refused">{say("settings.unsent", { n: unsent })}</Notice>}
          <p>{say("settings.signOutWhy")}</p>
          <Button kind="danger" busy={going} onClick={out}>
            {unsent ? say("settings.anyway", { n: unsent }) : say("settings.signOut")}
          </Button>
          {unsent > 0 && (
            <Button kind="main" busy={busy} onClick={() => void phone.sync()}>
              {say(busy ? "settings.sending" : "settings.sendFirst")}
            </Button>
          )}
        </div>
      </Sheet>
    </>
  );
}
