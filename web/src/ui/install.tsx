/** The app as an app of the phone: whether it is one, and how it becomes one. */
import { useState, useSyncExternalStore } from "react";
import { useWords } from "../words/language";
import { Button, Card } from "./pieces";

interface Offer extends Event {
  prompt(): Promise<unknown>;
}

export type Installing =
  | "installed"
  | "offered" // the browser asks when it is told to
  | "by hand, iOS" // only the person can do it, from the share menu
  | "by hand"; // from the browser's own menu

let offer: Offer | null = null;
const listeners = new Set<() => void>();
const told = () => {
  for (const listener of listeners) listener();
};

/** From the start of the app on: the browser says only once that it would install it. */
export function listenForInstall(): void {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event as Offer;
    told();
  });
  addEventListener("appinstalled", () => {
    offer = null;
    void navigator.storage?.persist?.(); // browsers rather promise it to an app that is installed
    told();
  });
}

export async function install(): Promise<void> {
  const made = offer;
  offer = null;
  await made?.prompt();
  told();
}

export function installing(): Installing {
  const asApp = "standalone" in navigator && navigator.standalone === true; // iOS
  if (asApp || matchMedia("(display-mode: standalone)").matches) return "installed";
  if (offer) return "offered";
  return isApple() ? "by hand, iOS" : "by hand";
}

export function useInstalling(): Installing {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, installing);
}

const LATER = "hsh-lpg.install-later";

/** Asks to install the app, where that can be done here, until it is or somebody would rather not. */
export function InstallCard() {
  const say = useWords();
  const how = useInstalling();
  const [later, setLater] = useState(() => localStorage.getItem(LATER) !== null);
  if (later || how === "installed" || how === "by hand") return null;
  const putOff = () => {
    localStorage.setItem(LATER, "yes");
    setLater(true);
  };
  return (
    <Card title={say("install.title")}>
      <HowToInstall />
      <Button kind="quiet" className="mt-1 w-full" onClick={putOff}>
        {say("install.later")}
      </Button>
    </Card>
  );
}

/** Why, and how on this phone. */
export function HowToInstall() {
  const say = useWords();
  const how = useInstalling();
  if (how === "installed") return <p className="text-grey">{say("install.done")}</p>;
  return (
    <div className="flex flex-col gap-2">
      <p>{say("install.why")}</p>
      {how === "by hand, iOS" && (
        <>
          <p className="font-medium">{say("install.iosWhy")}</p>
          <p>{say("install.iosHow")}</p>
        </>
      )}
      {how === "by hand" && <p className="text-grey">{say("install.how")}</p>}
      {how === "offered" && <Button onClick={() => void install()}>{say("install.go")}</Button>}
    </div>
  );
}

function isApple(): boolean {
  const { userAgent, maxTouchPoints } = navigator;
  return /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
}
