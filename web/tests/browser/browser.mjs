// A real Chromium with a profile that outlives it, and the line between the phone and the site.
import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import { chromium } from "playwright-core";

export const PATIENCE = 30_000; // milliseconds

/** What a phone is reached through: open, down, or losing a third of the answers although the site has done its part. */
export class Line {
  mode = "open";
  lost = 0;
  calls = 0;
  port = 0;

  static async open(site) {
    const line = new Line();
    const server = createServer((asked, answer) => line.pass(new URL(site), asked, answer));
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    line.port = server.address().port;
    line.close = () => server.close();
    return line;
  }

  pass(site, asked, answer) {
    if (this.mode === "down") return asked.socket.destroy();
    const { method, headers, url: path } = asked;
    const loses = this.mode === "lossy" && path.startsWith("/api/") && this.calls++ % 3 === 0;
    const onward = request({ host: site.hostname, port: site.port, path, method, headers }, (said) => {
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
}

const started = []; // pages, and how to end their browsers

/** Runs what a script is about; what it answers is printed as JSON, and what went wrong with what was on the screens. */
export async function tell(scenario) {
  const line = await Line.open(process.env.SITE);
  try {
    process.stdout.write(JSON.stringify(await scenario(line)));
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
  const address = await listening(child);
  const browser = await chromium.connectOverCDP(address);
  const context = browser.contexts()[0];
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(PATIENCE);
  await page.setViewportSize({ width: 360, height: 740 });
  page.on("pageerror", (error) => mistakes.push(error.message));
  page.on("console", (said) => {
    if (said.type() === "error" && !/Failed to load resource/.test(said.text())) mistakes.push(said.text());
  });
  started.push({ page, kill, mistakes });
  return { page, kill };
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

/** All rows of a table of the phone's own store, as the disk has them. */
export function rows(page, table) {
  return page.evaluate(async (name) => {
    const done = (asked) =>
      new Promise((tell, fail) => {
        asked.onsuccess = () => tell(asked.result);
        asked.onerror = () => fail(asked.error);
      });
    const store = (await indexedDB.databases()).find((one) => one.name.startsWith("hsh-lpg-"));
    const open = await done(indexedDB.open(store.name));
    const found = await done(open.transaction(name).objectStore(name).getAll());
    open.close();
    return found;
  }, table);
}
