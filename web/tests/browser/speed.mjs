// How quick the phone is with thousands of customers on it: the first pull, starts without a network, and a search.
import { PATIENCE, tell } from "./browser.mjs";
import { Driver } from "./driver.mjs";

const [STARTS, ROUNDS, SLOW_ROUNDS] = process.argv.slice(2).map(Number);
const SLOW = 4; // times slower than this machine: a cheap phone
const PAST = 10_000; // operations of the months before, which stay on the phone
const TODAY = 60; // operations that wait: a day without a network
const HELD = 6; // the page of the first pull that is kept back for a while
const SOUGHT = ["golden", "s-03141", "jurong", "90316217", "大众茶"];

/** To be run in the page before all else: notes what is read from the disk, and when the truck can be seen. */
function watch(patience) {
  const seen = { rows: {}, changed: 0, drawn: 0, frames: [], letters: [] };
  /** What the disk answers. */
  seen.done = (asked) =>
    new Promise((tell, fail) => {
      asked.onsuccess = () => tell(asked.result);
      asked.onerror = () => fail(asked.error);
    });
  /** Calls back once what has just changed is on the screen. */
  seen.shown = (then) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => then(performance.now());
      port2.postMessage(null);
    });
  for (const source of [IDBObjectStore, IDBIndex])
    for (const name of ["get", "getAll", "getAllRecords", "openCursor"]) {
      const plain = source.prototype[name];
      if (!plain) continue;
      source.prototype[name] = function (...given) {
        const table = (this.objectStore ?? this).name;
        const asked = plain.apply(this, given);
        asked.addEventListener("success", () => {
          const count = Array.isArray(asked.result) ? asked.result.length : Number(asked.result != null);
          seen.rows[table] = (seen.rows[table] ?? 0) + count;
          seen.changed = performance.now();
        });
        return asked;
      };
    }
  /** When something is on the screen, in milliseconds since the navigation began. */
  seen.there = (what) =>
    new Promise((tell, fail) => {
      const look = new MutationObserver(() => {
        if (!document.querySelector(what)) return;
        look.disconnect();
        seen.shown(tell);
      });
      look.observe(document, { childList: true, subtree: true });
      setTimeout(fail, patience, new Error(`not there: ${what}`));
    });
  seen.truck = seen.there("main table tbody td");
  seen.truck.catch(() => {}); // such as before anybody has signed in
  /** Nothing is read or drawn any more, and there is nothing else to do. */
  seen.quiet = async () => {
    do {
      await new Promise((tell) => setTimeout(tell, 20));
      await scheduler.postTask(() => {}, { priority: "background" });
    } while (seen.drawn || performance.now() - seen.changed < 60);
  };
  window.seen = seen;
}

/** A phone with its browser just started, the page slowed down before it is there. */
async function pickedUp(driver, slow) {
  await driver.pickUp();
  driver.cdp = await driver.page.context().newCDPSession(driver.page);
  await driver.page.addInitScript(watch, PATIENCE);
  await driver.cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await slowedDown(driver, slow);
}

function slowedDown(driver, rate) {
  return driver.cdp.send("Emulation.setCPUThrottlingRate", { rate });
}

/** What the page's main thread has had of the CPU by now, in milliseconds. */
async function spent(driver) {
  const { metrics } = await driver.cdp.send("Performance.getMetrics");
  return metrics.find((one) => one.name === "TaskDuration").value * 1000;
}

/** What a fixed piece of work has of the CPU, the page slowed down or not: the yardstick, for a machine is quick or slow by the hour. */
async function yard(driver) {
  const had = await spent(driver);
  await driver.page.evaluate(() => {
    const words = Array.from({ length: 20_000 }, (_, number) => `${number % 997} Golden ${number}`.toLowerCase());
    return words.filter((word) => word.includes("97")).sort().length;
  });
  return (await spent(driver)) - had;
}

/** Something to wait for. */
function signal() {
  const made = {};
  made.given = new Promise((give) => {
    made.give = give;
  });
  return made;
}

/** A new phone fetches all it needs; one page of it is kept back, and the driver looks around meanwhile. */
async function firstPull(driver, line) {
  const [held, comes] = [signal(), signal()];
  const pass = line.pass.bind(line);
  let [pages, begun] = [0, 0];
  line.pass = async (site, asked, answer) => {
    if (asked.url.startsWith("/api/v1/sync/pull/")) {
      begun ||= performance.now();
      pages += 1;
      if (pages === HELD) {
        comes.give();
        await held.given;
      }
    }
    pass(site, asked, answer);
  };
  await pickedUp(driver, SLOW);
  const { page } = driver;
  await page.goto(driver.app);
  await page.getByLabel("User name").waitFor();
  await driver.enter(process.env.USERNAME);
  await Promise.race([comes.given, page.getByRole("table").waitFor()]); // the table: it has come without that page
  const kept = performance.now();
  const meanwhile = {};
  for (const [place, words] of [
    ["customers", "Fetching your customers …"],
    ["settings", "Language"],
    ["", "Fetching your truck and customers …"],
  ]) {
    await page.locator(`nav a[href="/app/${place}"]`).click();
    await page.getByText(words).first().waitFor();
    meanwhile[place] = await driver.read();
  }
  await page.evaluate(() => {
    let last = performance.now();
    const beat = (now) => {
      window.seen.frames.push(now - last);
      last = now;
      requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  });
  const freed = performance.now();
  held.give();
  await page.getByRole("table").waitFor({ timeout: 3 * PATIENCE });
  const took = performance.now() - freed + (kept - begun);
  await page.getByText("Everything is sent").waitFor();
  const frame = await page.evaluate(() => Math.max(...window.seen.frames));
  const bytes = await page.evaluate(() => {
    const pulls = performance.getEntriesByType("resource").filter((one) => one.name.includes("/sync/pull/"));
    return pulls.reduce((sum, one) => sum + one.encodedBodySize, 0);
  });
  await page.evaluate(() => navigator.serviceWorker.ready);
  return { meanwhile, took, frame, pages, bytes };
}

/** All of it once more, as after a new version of the site: how long a screen may have to wait meanwhile. */
async function pulledAnew(driver) {
  const { page } = driver;
  const pulledAt = async () => (await driver.rows("facts")).find((one) => one.name === "pulled_at").value;
  const before = await pulledAt();
  await page.evaluate(
    async (name) => {
      const { done } = window.seen;
      const store = await done(indexedDB.open(name));
      await done(store.transaction("facts", "readwrite").objectStore("facts").delete("cursor"));
      store.close();
      document.dispatchEvent(new Event("visibilitychange"));
    },
    await storeOf(driver),
  );
  const waits = [];
  do {
    await page.locator('nav a[href="/app/settings"]').click();
    await page.getByText("Language").first().waitFor();
    const asked = performance.now();
    await page.locator('nav a[href="/app/"]').click();
    await page.getByRole("table").waitFor();
    waits.push(performance.now() - asked);
  } while ((await pulledAt()) === before);
  return Math.max(...waits);
}

async function storeOf(driver) {
  const { value } = (await driver.rows("facts")).find((one) => one.name === "user");
  return `hsh-lpg-${value.id}`;
}

/** A sale as the driver makes it, which has been made every day for months; then the network is gone, and those of today wait. */
async function aLongTime(driver, line) {
  const customers = await driver.rows("customers");
  const { id } = customers.find((one) => one.customer_code === "S-00001");
  await driver.sell({ id, reading: 0 }, 0);
  await driver.sendAll();
  line.mode = "down";
  await driver.page.evaluate(
    async ([name, past, today]) => {
      const { done } = window.seen;
      const store = await done(indexedDB.open(name));
      const writing = store.transaction("operations", "readwrite");
      const operations = writing.objectStore("operations");
      const [sale] = await done(operations.getAll());
      for (let seq = 2; seq <= past + today; seq += 1) {
        const one = { ...sale, seq, client_temp_id: crypto.randomUUID() };
        const ago = Math.ceil((past + 1 - seq) / today);
        const day = new Date(Date.parse(sale.day) - ago * 86_400_000).toISOString().slice(0, 10);
        const old = { ...one, day, state: seq % 30 ? "applied" : "noted" };
        operations.put(seq > past ? { ...one, state: "waiting", result: null, counts: 1 } : old);
      }
      await new Promise((tell) => {
        writing.oncomplete = tell;
      });
      store.close();
    },
    [await storeOf(driver), PAST, TODAY],
  );
}

/** From the navigation until the truck can be seen, on a phone that was off and has no network. */
async function aStart(driver, slow) {
  await driver.kill();
  await pickedUp(driver, slow);
  await driver.page.goto(driver.app);
  const loaded = await spent(driver);
  const took = await driver.page.evaluate(() => window.seen.truck);
  const cpu = await spent(driver);
  await driver.page.evaluate(() => window.seen.quiet());
  return { took, loaded, cpu, yard: await yard(driver), rows: await driver.page.evaluate(() => window.seen.rows) };
}

/** Each letter of each text: until what was found can be seen, and what the main thread did for it. */
async function searched(driver, slow, rounds) {
  const { page } = driver;
  await slowedDown(driver, slow);
  const opened = await page.evaluate(async () => {
    const begun = performance.now();
    document.querySelector('nav a[href="/app/customers"]').click();
    return (await window.seen.there("main input")) - begun;
  });
  await page.evaluate(() => {
    const { seen } = window;
    let typed = null;
    const mark = () => {
      const one = typed;
      seen.changed = performance.now();
      seen.drawn += 1;
      seen.shown((now) => {
        seen.drawn -= 1;
        if (one) one.took = now - one.at;
      });
    };
    seen.typing = (event) => {
      typed = { text: event.target.value, at: event.timeStamp, took: 0 };
      seen.letters.push(typed);
      mark();
    };
    seen.mark?.disconnect();
    seen.mark = new MutationObserver(mark);
    seen.mark.observe(document.querySelector("main"), { childList: true, subtree: true, characterData: true });
    document.querySelector("main input").addEventListener("input", seen.typing);
    seen.letters = [];
  });
  const before = await page.evaluate(() => window.seen.rows.customers);
  const box = page.getByRole("searchbox");
  const found = {};
  const letters = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const text of SOUGHT) {
      await box.fill("");
      await page.evaluate(() => window.seen.quiet());
      const yards = await yard(driver);
      for (const letter of text) {
        const had = await spent(driver);
        await page.keyboard.type(letter);
        await page.evaluate(() => window.seen.quiet());
        const cpu = (await spent(driver)) - had;
        const { text: typed, took } = await page.evaluate(() => window.seen.letters.at(-1));
        letters[typed] ??= [];
        letters[typed].push([took, cpu, cpu / yards]);
      }
      found[text] = await page.locator("main ul li").allInnerTexts();
    }
  }
  const read = (await page.evaluate(() => window.seen.rows.customers)) - before;
  await driver.at("");
  await page.getByRole("table").waitFor();
  return { opened, found, letters, read };
}

await tell(async (line) => {
  const driver = new Driver(line);
  const pulled = await firstPull(driver, line);
  const anew = await pulledAnew(driver);
  await slowedDown(driver, 1);
  const customers = (await driver.rows("customers")).length;
  await aLongTime(driver, line);
  const free = await aStart(driver, 1);
  const starts = [];
  while (starts.length < STARTS) starts.push(await aStart(driver, SLOW));
  const search = { 1: await searched(driver, 1, ROUNDS), [SLOW]: await searched(driver, SLOW, SLOW_ROUNDS) };
  return { pulled, anew, customers, past: PAST, today: TODAY, free, starts, search, mistakes: driver.mistakes };
});
