// A driver's day without a network: what they were told is kept, and what became of it, as JSON for the test.
// SITE, CHROMIUM, PROFILE, USERNAME and PASSWORD say where, with what, and who.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Line, PATIENCE, rows, start } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOADED = { "14 kg cylinder": 25, "9 kg cylinder": 15 };
const [OFFLINE, LOSSY] = [10, 2]; // sales

const line = await Line.open(process.env.SITE);
const app = `http://127.0.0.1:${line.port}/app/`;
const told = { mistakes: [] };
let { page, kill, mistakes } = await start(process.env.PROFILE);

try {
  await signIn();
  line.mode = "down";
  await page.reload();
  told.truckBefore = await truck();
  await collect();
  const customers = await whom();
  for (let number = 0; number < OFFLINE; number += 1) await sell(customers[number], number);
  told.acknowledged = await queue();
  told.truckOffline = await truck();

  await prepare(customers[OFFLINE], OFFLINE);
  await page.getByRole("button", { name: "Save the sale" }).evaluate((button) => button.click());
  await kill(); // in the middle of it
  told.mistakes.push(...mistakes);

  ({ page, kill, mistakes } = await start(process.env.PROFILE));
  await page.goto(app);
  await truck();
  told.afterKill = await queue();
  told.documentsOffline = await documents();
  told.truckAfterKill = await truck();
  told.moneyOffline = await money();

  line.mode = "lossy";
  await sendAll();
  for (let number = 0; number < LOSSY; number += 1) await sell(customers[number], OFFLINE + 1 + number);
  await email();
  await sendAll();
  line.mode = "open";
  told.lost = [line.lost, line.calls];
  told.queue = await queue();
  told.documents = await documents();
  told.truck = await truck();
  told.money = await money();
  told.pdf = await pdf();
  told.closed = await closeDay();
  told.axe = await examine(customers[0]);
  told.keptAfterSignOut = await signOut();
  told.mistakes.push(...mistakes);
} catch (error) {
  const shown = await page
    .locator("body")
    .innerText()
    .catch(() => "");
  process.stderr.write(`${error.stack}\n--- the page at ${page.url()}:\n${shown}\n--- ${JSON.stringify(mistakes)}\n`);
  process.exitCode = 1;
} finally {
  await kill();
  line.close();
}
process.stdout.write(JSON.stringify(told));
process.exit();

async function signIn() {
  await page.goto(app);
  await page.getByLabel("User name").fill(process.env.USERNAME);
  await page.getByLabel("Password").fill(process.env.PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Everything is sent").waitFor();
  await page.getByRole("table").waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);
}

/** What the phone shows to be on the truck: { "14 kg cylinder": [full, empty] }. */
async function truck() {
  await at("");
  await page.getByRole("table").waitFor();
  const lines = await page.locator("tbody tr").evaluateAll((all) => all.map((one) => one.innerText.split(/\s*\t\s*/)));
  return Object.fromEntries(lines.map(([name, full, empty]) => [name, [Number(full), Number(empty)]]));
}

/** Money by method, as shown. */
async function money() {
  await at("");
  const lines = await page.locator("main dl > div").evaluateAll((all) => all.map((one) => one.innerText.split("\n")));
  return Object.fromEntries(lines.map(([method, amount]) => [method, amount]));
}

/** The sales of today as the list shows them, the newest first: [number, total]. */
async function documents() {
  await at("documents");
  const row = page.locator("main > button");
  await row.first().waitFor();
  return row.evaluateAll((all) =>
    all.map((one) => {
      const text = one.innerText;
      return [/[A-Z0-9]+(-\d+)+/.exec(text.slice(text.indexOf("S$")))?.[0], /−?S\$[\d,.]+/.exec(text)[0]];
    }),
  );
}

async function collect() {
  await page.getByRole("link", { name: "Depot" }).click();
  for (const [name, count] of Object.entries(LOADED)) await page.getByLabel(name, { exact: true }).fill(String(count));
  const check = page.getByRole("button", { name: "Check 40 items" });
  await check.click();
  await page.getByText("Is this what moved?").waitFor();
  await page.goBack(); // the hardware's button closes what is open, and no more
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await check.click();
  await page.getByRole("button", { name: "Confirm distribution" }).click();
  await page.getByText("Saved on this phone").waitFor();
}

/** Those to sell to: some with a meter, and all with a rate for it. */
async function whom() {
  const [all, meters, rates] = [await rows(page, "customers"), await rows(page, "meters"), await rows(page, "rates")];
  const metered = new Map(meters.filter((one) => !one.removed_on).map((one) => [one.customer, one]));
  const priced = new Set(rates.filter((one) => one.equipment === null).map((one) => one.customer));
  const found = all
    .filter((one) => one.is_active && (!metered.has(one.id) || priced.has(one.id)))
    .map((one) => ({ id: one.id, reading: Number(metered.get(one.id)?.current_reading ?? 0) }));
  const [some, others] = [found.filter((one) => one.reading), found.filter((one) => !one.reading)];
  return [...some.slice(0, 4), ...others].slice(0, OFFLINE + 1);
}

async function sell(customer, number) {
  await prepare(customer, number);
  await page.getByRole("button", { name: "Save the sale" }).click();
  await page.getByText("Saved on this phone").first().waitFor();
}

/** A sale up to the button that saves it: fulls, an empty, the meter, and one way or another to pay. */
async function prepare({ id, reading }, number) {
  const size = number % 2 ? "9 kg cylinder" : "14 kg cylinder";
  await at(`customers/${id}/sale`);
  const fulls = page.getByLabel(`Full ${size} delivered`, { exact: true });
  await fulls.waitFor();
  await fulls.fill(String(1 + (number % 2)));
  await page.getByLabel(`Empty ${size} taken back`, { exact: true }).fill("1");
  if (reading) await page.getByLabel("Reading now").fill(String(reading + 11.5 + number));
  await page.getByRole("button", { name: "To payment" }).click();
  await page
    .getByText(["Cash", "PayNow", "Later"][number % 3], { exact: true })
    .first()
    .click();
}

/** One full cylinder is counted too few; what the app then says. */
async function closeDay() {
  const counted = await truck();
  await at("close");
  for (const [name, [full, empty]] of Object.entries(counted)) {
    const missing = name === "14 kg cylinder" ? 1 : 0;
    await page.getByLabel(`${name}, Full`, { exact: true }).fill(String(full - missing));
    await page.getByLabel(`${name}, Empty`, { exact: true }).fill(String(empty));
  }
  const blind = await page.locator("main").innerText();
  await page.getByRole("button", { name: "Check the count" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Close the day" }).click();
  await page.getByText("What differs").waitFor();
  return { blind, said: await page.locator("main").innerText() };
}

/** The app at an address of its own, as a link would lead there. */
async function at(place) {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
  }, `/app/${place}`);
}

/** The newest document is mailed, from its own sheet. */
async function email() {
  await at("documents");
  await page.locator("main > button").first().click();
  await page.getByRole("button", { name: "Send by email" }).click();
  await page.getByLabel("To").fill("kopitiam@shops.example");
  await page.getByRole("button", { name: "Send by email" }).click();
  await page.getByText("It is mailed as soon as").waitFor();
}

/** The newest document's PDF: under which name it is handed over. */
async function pdf() {
  await at("documents");
  await page.locator("main > button").first().click();
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Open PDF" }).click();
  return (await coming).suggestedFilename();
}

async function queue() {
  const all = await rows(page, "operations");
  return all.map(({ seq, client_temp_id, type, state, shown, result }) => ({
    seq,
    client_temp_id,
    type,
    state,
    total: shown?.document.total ?? null,
    number: result?.number ?? null,
  }));
}

/** As somebody does who wants it gone: the button, as often as it can be pressed. */
async function sendAll() {
  await at("outbox");
  const until = Date.now() + 3 * PATIENCE;
  const now = page.getByRole("button", { name: "Send now" });
  for (;;) {
    const waits = (await rows(page, "operations")).some((one) => one.state === "waiting" || one.counts);
    if (!waits) return;
    if (Date.now() > until) throw new Error("it was never all sent");
    if (await now.isEnabled().catch(() => false)) await now.click();
    await page.waitForTimeout(200);
  }
}

/** How much of what was recorded is still there afterwards. */
async function signOut() {
  await at("settings");
  await page.locator("main section button").last().click();
  await page.locator("dialog[open] button").last().click();
  await page.locator("input[name=password]").waitFor();
  await page.reload();
  await page.locator("input[name=password]").waitFor();
  return (await rows(page, "operations")).length;
}

/** What axe finds serious on any screen, in both languages, by day and by night; and what a thumb would miss. */
async function examine(customer) {
  const [sold] = (await rows(page, "operations")).filter((one) => one.type === "transaction.create");
  const places = {
    today: () => at(""),
    depot: () => at("depot"),
    "depot, checking": async () => {
      await page.locator("main ul input").first().fill("3");
      await page.locator("main > div button").last().click();
    },
    documents: () => at("documents"),
    document: () => page.locator("main > button").first().click(),
    "document, mailing": () => page.locator("dialog[open] a + button").click(),
    "day close": () => at("close"),
    outbox: async () => {
      await at("outbox");
      await page.locator("main summary").click();
    },
    settings: () => at("settings"),
    "settings, signing out": () => page.locator("main section button").last().click(),
    customers: () => at("customers"),
    customer: () => at(`customers/${customer.id}`),
    sale: () => at(`customers/${customer.id}/sale`),
    payment: () => at(`customers/${customer.id}/pay`),
    receipt: () => at(`receipt/${sold.client_temp_id}`),
  };
  const found = [];
  for (const language of ["en", "zh"]) {
    await page.evaluate((chosen) => localStorage.setItem("hsh-lpg.language", chosen), language);
    await page.goto(app);
    await page.evaluate(AXE);
    for (const [place, go] of Object.entries(places)) {
      await go();
      await page.waitForFunction(() => document.querySelector("main h1")?.textContent);
      await page.waitForTimeout(100);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        for (const { id, impact, nodes } of violations)
          if (impact === "serious" || impact === "critical")
            found.push(`${place}, ${language}, ${colorScheme}: ${id}: ${nodes.map((node) => node.html).join(" ")}`);
        if (process.env.SHOTS)
          await page.screenshot({
            path: `${process.env.SHOTS}/${place.replace(", ", "-")}-${language}-${colorScheme}.png`,
          });
      }
      found.push(...(await small()).map((what) => `${place}, ${language}: too small for a thumb: ${what}`));
    }
  }
  return found;
}

/** What can be touched and is less than 48 px high, or, other than a field, wide. */
function small() {
  return page.evaluate(() =>
    [...document.querySelectorAll("button, a[href], input, select, summary")]
      .map((one) => (one.matches("input[type=radio], input[type=checkbox]") ? one.closest("label") : one))
      .filter((one) => {
        const { width, height } = one.getBoundingClientRect();
        const least = one.matches("input") ? height : Math.min(width, height);
        return height && least < 47.5;
      })
      .map((one) => one.outerHTML.slice(0, 160)),
  );
}
