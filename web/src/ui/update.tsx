/** The service worker: kept up to date, and asked before a new version takes over. */
import { useEffect, useState } from "react";
import { useWords } from "../words/language";
import { Button, Notice } from "./pieces";

let registration: Promise<ServiceWorkerRegistration> | null = null;

/** From the start of the app on, signed in or not: so that it starts without a network next time. */
export function keepApp(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  registration = navigator.serviceWorker.register("/app/sw.js", { scope: "/app/" });
  registration.catch(() => {}); // no network at the first start, or a browser that keeps nothing
}

/** Says that a new version is there, with a button that takes it. Until then the old one goes on. */
export function Update() {
  const say = useWords();
  const [ready, setReady] = useState<ServiceWorker | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    const until = { signal: gone.signal };
    registration?.then(
      (kept) => {
        const look = () => setReady(navigator.serviceWorker.controller ? kept.waiting : null);
        const watch = () => kept.installing?.addEventListener("statechange", look, until);
        if (gone.signal.aborted) return;
        look();
        watch(); // it may have been found before this screen was there
        kept.addEventListener("updatefound", watch, until);
        navigator.serviceWorker.addEventListener("controllerchange", look, until); // another tab has taken it
      },
      () => {},
    );
    return () => gone.abort();
  }, []);
  if (!ready) return null;
  const take = () => {
    setBusy(true);
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    ready.postMessage("take over");
  };
  return (
    <Notice kind="waiting">
      <p>{say("app.update")}</p>
      <Button className="mt-2 w-full" busy={busy} onClick={take}>
        {say("app.updateNow")}
      </Button>
    </Notice>
  );
}
