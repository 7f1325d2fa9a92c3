/** The service worker: kept up to date, and asked before a new version takes over. */
import { useEffect, useState } from "react";
import { useWords } from "../words/language";
import { Button } from "./pieces";

let registration: Promise<ServiceWorkerRegistration> | null = null;

/** From the start of the app on, signed in or not: so that it starts without a network next time. */
export function keepApp(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  registration = navigator.serviceWorker.register("/app/sw.js", { scope: "/app/" });
  registration.catch(() => {}); // no network at the first start, or a browser that keeps nothing
}

/** A line that says that a new version is there, and a button that takes it. Until then the old one goes on. */
export function Update() {
  const say = useWords();
  const [ready, setReady] = useState<ServiceWorker | null>(null);
  useEffect(() => {
    let gone = false;
    registration?.then(
      (kept) => {
        const look = () => !gone && setReady(navigator.serviceWorker.controller ? kept.waiting : null);
        look();
        kept.addEventListener("updatefound", () => kept.installing?.addEventListener("statechange", look));
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, []);
  if (!ready) return null;
  const take = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    ready.postMessage("take over");
  };
  return (
    <div
      role="status"
      className="fixed inset-x-0 top-0 z-20 flex items-center justify-between gap-2 border-b border-line bg-card px-4 py-2"
    >
      <span>{say("app.update")}</span>
      <Button onClick={take}>{say("app.updateNow")}</Button>
    </div>
  );
}
