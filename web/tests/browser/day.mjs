// A driver's day without a network: what they were told is kept, and what became of it, as JSON for the test.
// SITE, CHROMIUM, PROFILE, USERNAME and PASSWORD say where, with what, and who.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tell } from "./browser.mjs";
import { Driver } from "./driver.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOADED = { "14 kg cylinder": 25, "9 kg cylinder": 15 };
const [OFFLINE, LOSSY] = [10, 2]; // sales

let me;

await tell(async (line) => {
  const told = {};
  me = new Driver(line);
  await me.pickUp();
  await me.signIn();
  line.mode = "down";
  await me.page.reload();
  told.truckBefore = await me.truck();
  await collect();
  const customers = await me.whom(OFFLINE + 1);
  for (let number = 0; number < OFFLINE; number += 1) await me.sell(customers[number], number);
  told.acknowledged = await me.queue();
  told.truckOffline = await me.truck();

  await me.prepare(customers[OFFLINE], OFFLINE);
  await me.page.getByRole("button", { name: "Save the sale" }).evaluate((button) => button.click());
  await me.kill(); // in the middle of it

  await me.pickUp();
  await me.page.goto(me.app);
  await me.truck();
  told.afterKill = await me.queue();
  told.documentsOffline = await me.documents();
  told.truckAfterKill = await me.truck();

  line.mode = "lossy";
  await me.sendAll();
  for (let number = 0; number < LOSSY; number += 1) await me.sell(customers[number], OFFLINE + 1 + number);
  await me.email("kopitiam@shops.example");
  await me.sendAll();
  line.mode = "open";
  told.lost = [line.lost, line.calls];
  told.queue = await me.queue();
  told.documents = await me.documents();
  told.truck = await me.truck();
  told.money = await me.money();
  told.pdf = await pdf();
  told.closed = await closeDay();
  told.axe = await examine(customers[0]);
  told.keptAfterSignOut = await signOut();
  told.axe.push(...(await seen({ "signing in": () => {}, "signing in, refused": refused })));
  told.mistakes = me.mistakes;
  return told;
});

async function collect() {
  await me.page.getByRole("link", { name: "Depot" }).click();
  for (const [name, count] of Object.entries(LOADED))
    await me.page.getByLabel(name, { exact: true }).fill(String(count));
  const check = me.page.getByRole("button", { name: "Check 40 items" });
  await check.click();
  await me.page.getByText("Is this what moved?").waitFor();
  await me.page.goBack(); // the hardware's button closes what is open, and no more
  await me.page.getByRole("dialog").waitFor({ state: "hidden" });
  await check.click();
  await me.page.getByRole("button", { name: "Confirm distribution" }).click();
  await me.page.getByText("Saved on this phone").waitFor();
}

/** One full cylinder is counted too few; what the app then says. */
async function closeDay() {
  const counted = await me.truck();
  await me.at("close");
  for (const [name, [full, empty]] of Object.entries(counted)) {
    const missing = name === "14 kg cylinder" ? 1 : 0;
    await me.page.getByLabel(`${name}, Full`, { exact: true }).fill(String(full - missing));
    await me.page.getByLabel(`${name}, Empty`, { exact: true }).fill(String(empty));
  }
  const blind = await me.page.locator("main").innerText();
  await me.page.getByRole("button", { name: "Check the count" }).click();
  await me.page.getByRole("dialog").getByRole("button", { name: "Close the day" }).click();
  await me.page.getByText("What differs").waitFor();
  return { blind, said: await me.page.locator("main").innerText() };
}

/** The newest document's PDF: under which name it is handed over. */
async function pdf() {
  await me.at("documents");
  await me.page.locator("main > button").first().click();
  const coming = me.page.waitForEvent("download");
  await me.page.getByRole("button", { name: "Open PDF" }).click();
  return (await coming).suggestedFilename();
}

/** How much of what was recorded is still there afterwards. */
async function signOut() {
  await me.at("settings");
  await me.page.locator("main section button").last().click();
  await me.page.locator("dialog[open] button").last().click();
  await me.page.locator("input[name=password]").waitFor();
  await me.page.reload();
  await me.page.locator("input[name=password]").waitFor();
  return (await me.rows("operations")).length;
}

/** Somebody mistypes their password. */
async function refused() {
  await me.page.locator("input[name=username]").fill(process.env.USERNAME);
  await me.page.locator("input[name=password]").fill("not-this-one");
  await me.page.locator("button[type=submit]").click();
  await me.page.getByRole("alert").waitFor();
}

/** What is found on any screen of somebody who is signed in. */
async function examine(customer) {
  const [sold] = (await me.rows("operations")).filter((one) => one.type === "transaction.create");
  const places = {
    today: () => me.at(""),
    depot: () => me.at("depot"),
    "depot, checking": async () => {
      await me.page.locator("main ul input").first().fill("3");
      await me.page.locator("main > div button").last().click();
    },
    documents: () => me.at("documents"),
    document: () => me.page.locator("main > button").first().click(),
    "document, mailing": () => me.page.locator("dialog[open] a + button").click(),
    "day close": () => me.at("close"),
    outbox: async () => {
      await me.at("outbox");
      await me.page.locator("main summary").click();
    },
    settings: () => me.at("settings"),
    "settings, signing out": () => me.page.locator("main section button").last().click(),
    customers: () => me.at("customers"),
    customer: () => me.at(`customers/${customer.id}`),
    sale: () => me.at(`customers/${customer.id}/sale`),
    "sale, payment": async () => {
      await me.page.locator("main input").first().fill("1");
      await me.page.locator("main > div button").last().click();
    },
    payment: () => me.at(`customers/${customer.id}/pay`),
    receipt: () => me.at(`receipt/${sold.client_temp_id}`),
  };
  return seen(places);
}

/** What axe finds serious at these places, in both languages, by day and by night; and what a thumb would miss. */
async function seen(places) {
  const found = [];
  for (const language of ["en", "zh"]) {
    await me.page.evaluate((chosen) => localStorage.setItem("hsh-lpg.language", chosen), language);
    await me.page.goto(me.app);
    await me.page.evaluate(AXE);
    for (const [place, go] of Object.entries(places)) {
      await go();
      await me.page.waitForFunction(() => document.querySelector("h1")?.textContent);
      await me.page.waitForTimeout(100);
      for (const colorScheme of ["light", "dark"]) {
        await me.page.emulateMedia({ colorScheme });
        const { violations } = await me.page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        for (const { id, impact, nodes } of violations)
          if (impact === "serious" || impact === "critical")
            found.push(`${place}, ${language}, ${colorScheme}: ${id}: ${nodes.map((node) => node.html).join(" ")}`);
        if (process.env.SHOTS)
          await me.page.screenshot({
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
  return me.page.evaluate(() =>
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
