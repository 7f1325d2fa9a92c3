// A real Chromium with a profile that outlives it, and the line between the phone and the site.
import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import { chromium } from "playwright-core";

export const PATIENCE = 30_000; // milliseconds
const LONGEST = 360_000; // the site's test gives up a little later

/**
 * What a phone is reached through: open; down, so that it refuses; `hang`, so that no answer ever comes; `files`, so that
 * only the app itself comes; or `lossy`: a third of the answers is lost. What is not refused, the site does.
 */
export class Line {
  lost = 0;
  calls = 0;
  port = 0;
  instead = new Map(); // what comes at an address and is not the site's own: { status, headers, text }
  pushes = []; // what each asked to be done: numbers of the queue
  most = 0; // calls of push and pull that were under way at once
  #mode = "open";
  #hanging = new Set();
  #syncing = 0;

  get mode() {
    return this.#mode;
  }

  /** Whoever waits for an answer that never comes is let go, as by a server that is started again. */
  set mode(mode) {
    this.#mode = mode;
    for (const socket of this.#hanging) socket.destroy();
    this.#hanging.clear();
  }

  get hanging() {
    return this.#hanging.size;
  }

  static async open(site) {
    const line = new Line();
    const server = createServer((asked, answer) => line.pass(new URL(site), asked, answer));
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    line.port = server.address().port;
    line.close = () => server.close();
    return line;
  }

  pass(site, asked, answer) {
    const { method, headers, url: path } = asked;
    const isCall = path.startsWith("/api/");
    if (this.mode === "down" || (this.mode === "files" && isCall)) return asked.socket.destroy();
    const other = this.instead.get(path);
    if (other) return answer.writeHead(other.status, other.headers).end(other.text);
    const loses = this.mode === "lossy" && isCall && this.calls++ % 3 === 0;
    const hangs = this.mode === "hang";
    if (hangs) this.#hanging.add(asked.socket);
    if (path.startsWith("/api/v1/sync/p")) this.#watch(asked, answer);
    const onward = request({ host: site.hostname, port: site.port, path, method, headers }, (said) => {
      if (hangs) return said.resume();
      if (!loses) {
        answer.writeHead(said.statusCode, said.headers);
        return said.pipe(answer);
      }
      said.resume().on("end", () => {
        this.lost += 1;
        asked.socket.destroy();
      });
    });
    onward.on("error", () => asked.socket.destroy());
    asked.pipe(onward);
  }

  /** A push or a pull: what it carries, and how many there are at once. */
  #watch(asked, answer) {
    this.most = Math.max(this.most, ++this.#syncing);
    answer.on("close", () => {
      this.#syncing -= 1;
    });
    let body = "";
    asked.on("data", (part) => {
      body += part;
    });
    asked.on("end", () => body && this.pushes.push(JSON.parse(body).operations.map((one) => one.seq)));
  }
}

const started = []; // pages, and how to end their browsers

/** Runs what a script is about; what it answers is printed as JSON, and what went wrong with what was on the screens. */
export async function tell(scenario) {
  const line = await Line.open(process.env.SITE);
  try {
    process.stdout.write(JSON.stringify(await Promise.race([scenario(line), tooLong()])));
  } catch (error) {
    const said = [error.stack];
    for (const { page, mistakes } of started) {
      const shown = page.locator("body").innerText({ timeout: 1_000 });
      said.push(`--- ${page.url()}:`, await shown.catch(() => "gone"), ...mistakes);
    }
    process.stderr.write(said.join("\n"));
    process.exitCode = 1;
  } finally {
    await Promise.all(started.map(({ kill }) => kill()));
    line.close();
  }
  process.exit();
}

function tooLong() {
  return new Promise((_, fail) => setTimeout(() => fail(new Error("it takes too long")), LONGEST));
}

/** A browser on that profile, and its page. `kill` ends it as a battery that falls out does. */
export async function start(profile, mistakes) {
  const own = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--window-size=360,740"];
  const quiet = ["--no-first-run", "--no-default-browser-check", "--disable-component-update", "--disable-sync"];
  const here = [
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=en-SG",
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
  ];
  const args = [...own, ...quiet, ...here, "about:blank"];
  const child = spawn(process.env.CHROMIUM, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((tell) => child.on("exit", tell));
  const kill = async () => {
    try {
      process.kill(-child.pid, "SIGKILL"); // all of its processes
    } catch {} // gone already
    await ended;
  };
  process.on("exit", () => void kill()); // also for a mistake that nobody waits for
  const address = await listening(child);
  const browser = await chromium.connectOverCDP(address);
  const context = browser.contexts()[0];
  const page = context.pages()[0] ?? (await context.newPage());
  await watched(page, kill, mistakes);
  return { page, kill };
}

/** One more tab of the same browser. */
export async function tab({ page, kill, mistakes }) {
  const other = await page.context().newPage();
  await watched(other, kill, mistakes);
  return other;
}

async function watched(page, kill, mistakes) {
  page.setDefaultTimeout(PATIENCE);
  await page.setViewportSize({ width: 360, height: 740 });
  page.on("pageerror", (error) => mistakes.push(error.message));
  page.on("console", (said) => {
    if (said.type() === "error" && !/Failed to load resource/.test(said.text())) mistakes.push(said.text());
  });
  started.push({ page, kill, mistakes });
}

function listening(child) {
  return new Promise((tell, fail) => {
    let said = "";
    child.stderr.on("data", (part) => {
      said += part;
      const address = /ws:\/\/\S+/.exec(said)?.[0];
      if (address) tell(address);
    });
    child.on("exit", () => fail(new Error(`Chromium did not start: ${said}`)));
  });
}

/** All rows of a table as the disk has them, in the store of who is signed in, else of anybody. */
export async function rows(page, table) {
  const [person] = await tables(page, "hsh-lpg", ["person"]);
  const store = person?.[0] ? `hsh-lpg-${person[0]}` : (await stores(page))[0];
  const [found] = await tables(page, store, [table]);
  return found;
}

/** Each person's, by name. */
export function stores(page) {
  return page.evaluate(async () => {
    const names = (await indexedDB.databases()).map((one) => one.name);
    return names.filter((name) => /^hsh-lpg-\d+$/.test(name));
  });
}

/** These tables of one store, or all that it has; nothing, where there is no such store. */
export function tables(page, store, names = null) {
  return page.evaluate(
    async ([name, wanted]) => {
      const done = (asked) =>
        new Promise((tell, fail) => {
          asked.onsuccess = () => tell(asked.result);
          asked.onerror = () => fail(asked.error);
        });
      if (!(await indexedDB.databases()).some((one) => one.name === name)) return [];
      const open = await done(indexedDB.open(name));
      const read = (table) => done(open.transaction(table).objectStore(table).getAll());
      const found = await Promise.all((wanted ?? [...open.objectStoreNames]).map(read));
      open.close();
      return found;
    },
    [store, names],
  );
}
