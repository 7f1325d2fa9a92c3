/** Keeps the app itself, so that it starts without a network. Nothing of /api/ ever passes through its hands. */
declare let self: ServiceWorkerGlobalScope & {
  __WB_MANIFEST: { url: string; revision: string | null }[];
};

const shell = self.__WB_MANIFEST;
const files = new Set(shell.map((file) => new URL(file.url, self.location.href).pathname));
const page = new URL("index.html", self.location.href).pathname;
const kept = `shell-${shell.map((file) => file.revision ?? file.url).join("|")}`;

self.addEventListener("install", (event) => {
  const anew = [...files].map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(kept).then((cache) => cache.addAll(anew)));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const other of await caches.keys()) if (other !== kept) await caches.delete(other);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  const wanted = request.mode === "navigate" ? page : address.pathname;
  if (request.method !== "GET" || address.origin !== self.location.origin || !files.has(wanted)) return;
  event.respondWith(caches.open(kept).then(async (cache) => (await cache.match(wanted)) ?? fetch(request)));
});

export {};
