// What can go wrong between a phone and the office: one story each, chosen by the first word. What was read and kept is
// told as JSON for the test. SITE, CHROMIUM, PROFILE, USERNAME and PASSWORD say where, with what, and who.
import { PATIENCE, tell } from "./browser.mjs";
import { Driver } from "./driver.mjs";

const STORIES = { tabs, dead, updated, clock };
const DAY = 86_400_000;

let me;

await tell(async (line) => {
  me = await new Driver(line).pickUp();
  const told = await STORIES[process.argv[2]](line);
  return { ...told, mistakes: me.mistakes };
});

/** Both tabs sell and send over a bad line; then the one that is sending is closed. */
async function tabs(line) {
  const told = {};
  await me.signIn();
  const other = await me.another();
  await other.page.goto(other.app);
  told.before = await me.truck();
  const customers = await me.whom(8);
  line.mode = "down";
  for (let number = 0; number < 6; number += 1) await sell(number % 2 ? other : me, customers[number], number);
  await me.at("outbox");
  await other.at("outbox");
  line.mode = "lossy";
  await Promise.all([press(me, "Send now"), press(other, "Send now")]);
  await me.sendAll();
  told.together = await agreed(me, other);
  line.mode = "hang";
  await sell(me, customers[6], 6);
  await sell(other, customers[7], 7);
  await until(async () => line.hanging && ((await sends(me)) || (await sends(other))));
  const [sender, left] = (await sends(me)) ? [me, other] : [other, me];
  const [asked, most] = [line.pushes.length, line.most];
  await sender.page.close();
  await until(() => line.pushes.length > asked);
  line.mode = "open";
  await sent(left);
  const { pushes, lost } = line;
  return { ...told, ...(await asItIs(left)), pushes, lost, most };
}

/** The network is there, and nobody answers: first every call hangs, then it is refused. */
async function dead(line) {
  const told = {};
  await me.signIn();
  const customers = await me.whom(3);
  line.mode = "hang";
  told.sale = await timed(() => sell(me, customers[0], 0));
  await me.page.reload();
  await sell(me, customers[1], 1);
  told.thinksOnline = await me.page.evaluate(() => navigator.onLine);
  told.hanging = await untilRead("", /has not answered/);
  told.outbox = await untilRead("outbox", /has not answered/);
  told.list = await untilRead("documents", /has not answered/);
  told.kept = await me.queue();
  line.mode = "open"; // and nobody touches the phone
  await sent(me);
  line.mode = "down";
  await sell(me, customers[2], 2);
  told.refused = await untilRead("", /has not answered/);
  line.mode = "open";
  await me.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // back to the app
  await sent(me);
  told.back = await untilRead("", /Everything is sent/);
  return { ...told, ...(await asItIs(me)) };
}

/** Ten wait, and one is begun; the site has a newer app. It is taken in the middle of sending, and the network goes again. */
async function updated(line) {
  const told = {};
  await me.signIn();
  const customers = await me.whom(11);
  line.mode = "down";
  for (let number = 0; number < 10; number += 1) await sell(me, customers[number], number);
  told.waiting = await me.queue();
  await me.prepare(customers[10], 10);
  await me.at("");
  line.instead = await newer();
  line.mode = "files";
  await me.page.reload();
  const take = me.page.getByRole("button", { name: "Use it now" });
  await take.waitFor();
  told.offer = await read("");
  line.mode = "hang";
  await me.page.evaluate(() => dispatchEvent(new Event("online"))); // the hint that there may be a network
  await until(() => line.pushes.length);
  told.midway = line.pushes.at(-1);
  const loaded = me.page.waitForEvent("load");
  await take.click();
  await loaded;
  line.mode = "down";
  told.after = await read("");
  told.kept = await me.queue();
  await me.at(`customers/${customers[10].id}/sale`); // as it was left
  await me.page.getByRole("button", { name: "To payment" }).click();
  await me.page.getByRole("button", { name: "Save the sale" }).click();
  await me.page.getByText("Saved on this phone").first().waitFor();
  await me.page.reload();
  told.begun = await me.queue();
  line.mode = "lossy";
  await me.sendAll();
  return { ...told, ...(await asItIs(me)) };
}

/** The phone's clock is so many days wrong: found out without a network, told by the server, and set right again. */
async function clock(line) {
  const days = Number(process.argv[3]);
  const told = {};
  await me.page.addInitScript(() => {
    const Right = Date;
    const now = () => Right.now() + Number(localStorage.getItem("wrong") ?? 0);
    globalThis.Date = class extends Right {
      constructor(...given) {
        super(...(given.length ? given : [now()]));
      }
      static now = now;
    };
  });
  await me.signIn();
  told.right = await read("");
  const customers = await me.whom(4);
  told.earlierBefore = await documentsBefore(Math.abs(days));
  line.mode = "down";
  await me.page.evaluate((wrong) => localStorage.setItem("wrong", wrong), days * DAY);
  await me.page.reload();
  for (let number = 0; number < 3; number += 1) await sell(me, customers[number], number);
  told.unheard = await read("");
  line.mode = "open";
  await me.sendAll();
  told.heard = await untilRead("", /clock is/);
  told.outbox = await read("outbox");
  told.settings = await read("settings");
  line.mode = "down";
  await me.page.reload();
  await sell(me, customers[3], 3);
  told.known = await read("");
  told.offline = await me.documents();
  told.receipt = await read(`receipt/${(await me.queue()).at(-1).client_temp_id}`);
  line.mode = "open";
  await me.sendAll();
  told.earlier = await documentsBefore(Math.abs(days));
  told.captured = (await me.rows("operations")).map(({ captured_at, day }) => [captured_at, day]);
  told.device = (await me.rows("facts")).find(({ name }) => name === "device_id").value;
  Object.assign(told, await asItIs(me));
  await me.page.evaluate(() => localStorage.removeItem("wrong"));
  await me.page.reload();
  await me.truck();
  await me.page.getByText(/clock is/).waitFor({ state: "hidden" }); // once the server was heard again
  told.setRight = await read("");
  return told;
}

/** A person has one tab before them. */
async function sell(who, customer, number) {
  await who.page.bringToFront();
  await who.sell(customer, number);
}

async function asItIs(who) {
  const [truck, money, documents] = [await who.truck(), await who.money(), await who.documents()];
  return { queue: await who.queue(), truck, money, documents };
}

/** What both tabs show, once they show the same. */
async function agreed(...both) {
  const shown = [];
  await until(async () => {
    for (const [at, one] of both.entries()) shown[at] = await asItIs(one);
    return JSON.stringify(shown[0]) === JSON.stringify(shown[1]);
  });
  return shown[0];
}

/** Whether this tab is the one that sends, or has just pulled. */
function sends({ page }) {
  return page.evaluate(() =>
    navigator.locks.request(`mine-${crypto.randomUUID()}`, async ({ name }) => {
      const { held } = await navigator.locks.query();
      const { clientId } = held.find((one) => one.name === name);
      return held.some((one) => one.name.startsWith("hsh-lpg-sender-") && one.clientId === clientId);
    }),
  );
}

/** Though another tab is before it. */
function press({ page }, name) {
  return page.getByRole("button", { name }).evaluate((button) => button.click());
}

/** All is sent and pulled, and nobody has pressed anything. */
function sent(who) {
  return until(async () => (await who.rows("operations")).every((one) => one.state !== "waiting" && !one.counts));
}

/** The sales of so many days ago, as the list shows them. */
async function documentsBefore(days) {
  await me.at("documents");
  for (let day = 0; day < days; day += 1) await me.page.getByRole("button", { name: "The day before" }).click();
  await me.page.getByText(/^\d+ sales?$|No sale on this day/).waitFor();
  return me.page.locator("main").innerText();
}

/** The app as the next version would be: other words on its first screen, and so another script and another page. */
async function newer() {
  const [page, worker] = [await file("/app/"), await file("/app/sw.js")];
  const [name] = /assets\/index-[\w-]+\.js/.exec(page.text);
  const next = name.replace(".js", "-next.js");
  const script = await file(`/app/${name}`);
  script.text = replaced(script.text, "Serve a customer", "Serve the next customer");
  page.text = replaced(page.text, name, next);
  worker.text = replaced(replaced(worker.text, name, next), /(?<="revision":")\w+(?=","url":"index.html")/g, "next");
  const gone = { status: 404, headers: {}, text: "" };
  return new Map([
    ["/app/", page],
    ["/app/index.html", page],
    ["/app/sw.js", worker],
    [`/app/${next}`, script],
    [`/app/${name}`, gone],
  ]);
}

async function file(path) {
  const answer = await fetch(process.env.SITE + path);
  const stale = ["content-length", "content-encoding", "etag", "last-modified", "vary", "connection", "keep-alive"];
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !stale.includes(name)));
  return { status: answer.status, headers, text: await answer.text() };
}

function replaced(text, from, to) {
  const made = text.replaceAll(from, to);
  if (made === text) throw new Error(`${from} is not in the app any more`);
  return made;
}

/** What is to be read at a place. */
async function read(place) {
  await me.at(place);
  await me.page.locator("main h1").waitFor();
  await me.page.locator("main").getByText("One moment").waitFor({ state: "hidden" });
  await shot(place.split("/")[0] || "today");
  return me.read();
}

/** The same, once it says this. */
async function untilRead(place, words) {
  await me.at(place);
  await me.page.getByText(words).first().waitFor();
  return read(place);
}

async function shot(name) {
  const { SHOTS } = process.env;
  if (!SHOTS) return;
  await me.page.screenshot({
    path: `${SHOTS}/${process.argv.slice(2).join("")}-${Date.now()}-${name}.png`,
    fullPage: true,
  });
}

async function timed(work) {
  const since = Date.now();
  await work();
  return Date.now() - since;
}

async function until(holds) {
  const end = Date.now() + 2 * PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came about: ${holds}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}
