// Who uses a phone, and what the office decides meanwhile: a story each, chosen by the first word. What was read and kept
// is told as JSON for the test. SITE, CHROMIUM, PROFILE and PASSWORD say where, with what, and as whom.
import { PATIENCE, stores, tables, tell } from "./browser.mjs";
import { Driver } from "./driver.mjs";
import { Office } from "./office.mjs";

let me;
let admin;

await tell(async (line) => {
  const stories = { revoked, off, handover, noted, quarantined };
  admin = await Office.signIn("admin");
  me = await new Driver(line).pickUp();
  const told = await stories[process.argv[2]](line);
  return { ...told, ...(await asItIs()), mistakes: me.mistakes };
});

/** The sign-in is ended at the office while the phone is away, with a queue. */
async function revoked(line) {
  const told = {};
  const [first, second, third, fourth] = await outWith(line, 4);
  await me.sell(first, 0);
  await me.sell(second, 1);
  const { id } = await admin.one("sessions/?ordering=-id", (one) => one.user_name === "driver");
  await admin.call("POST", `sessions/${id}/revoke/`, {});
  await me.sell(third, 2);
  line.mode = "open";
  await sendNow();
  await me.page.getByRole("button", { name: "Sign in to send" }).waitFor();
  told.outbox = await look("outbox");
  told.today = await look("");
  await me.sell(fourth, 3);
  told.before = await me.queue();
  await me.page.reload(); // the app is started again
  await me.at("");
  await me.page.getByRole("button", { name: "Sign in to send" }).click();
  told.sheet = await me.page.getByRole("dialog").innerText();
  told.name = await me.page.getByLabel("User name").inputValue();
  await signInAgain();
  await me.page.getByText("Everything is sent").waitFor();
  return told;
}

/** Somebody is switched off while their phone is away, and on again later. */
async function off(line) {
  const told = {};
  const [first, second] = await outWith(line, 2);
  const { id } = await admin.user("driver");
  await me.sell(first, 0);
  await admin.call("PATCH", `users/${id}/`, { is_active: false });
  line.mode = "open";
  await me.sendAll();
  await me.page.getByRole("button", { name: "Sign in to send" }).waitFor();
  told.outbox = await look("outbox");
  await me.sell(second, 1);
  await me.sendAll();
  told.kept = await me.queue();
  await me.page.getByRole("button", { name: "Sign in to send" }).click();
  await me.enter("driver");
  await me.page.getByRole("alert").waitFor();
  told.sheet = await me.page.getByRole("dialog").innerText();
  await admin.call("PATCH", `users/${id}/`, { is_active: true });
  await signInAgain();
  await me.at("");
  await me.page.getByText("need a look").waitFor();
  told.today = await look("");
  for (const operation of told.kept) await admin.retry(operation);
  await settled("waiting", "blocked", "quarantined");
  return told;
}

/** One leaves a queue on the phone and signs out; another takes it; the first one comes back. */
async function handover(line) {
  const told = { seen: {} };
  const [first, second, third] = await outWith(line, 3);
  await me.sell(first, 0);
  await me.sell(second, 1);
  await me.prepare(third, 0); // and not saved
  told.own = await me.queue();
  told.asked = await signOut("Sign out, leave 2 unsent");
  await me.enter("driver2");
  await me.page.getByRole("alert").waitFor();
  told.noNetwork = await me.read();
  line.mode = "open";
  await me.signIn("driver2");
  const mine = ["", "customers", "documents", "depot", "close", "outbox", "settings"];
  const theirs = [`customers/${first.id}`, `customers/${third.id}/sale`, `receipt/${told.own[0].client_temp_id}`];
  for (const place of [...mine, ...theirs]) told.seen[place] = await look(place);
  const [whom] = await me.whom(1);
  await me.sell(whom, 0);
  await me.sendAll();
  told.other = await asItIs();
  told.stores = await stores(me.page);
  told.store = await tables(me.page, `hsh-lpg-${(await admin.user("driver2")).id}`);
  told.bookedBefore = (await admin.call("GET", "transactions/?ordering=-id")).results.map((one) => one.client_temp_id);
  told.askedOther = await signOut("Sign out");
  await me.signIn("driver");
  await me.at(`customers/${third.id}`);
  await me.page.getByRole("button", { name: "Go on with the sale" }).click();
  told.begun = await me.page.getByLabel("Full 14 kg cylinder delivered", { exact: true }).inputValue();
  return told;
}

/** What the books cannot hold is booked all the same, and somebody looks at it. */
async function noted(line) {
  const [short, retired, dearer] = await outWith(line, 3, (one) => !one.reading);
  const { vehicle } = await admin.user("driver");
  const [small, big] = await sizes();
  await admin.holds(vehicle, big, 0);
  await admin.holds(vehicle, small, 9);
  await admin.call("PATCH", `customers/${retired.id}/`, { is_active: false });
  const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10); // in Singapore
  const rate = { equipment: small, rate: "99.0000", effective_from: today };
  await admin.call("POST", `customers/${dearer.id}/rates/`, rate);
  await me.sell(short, 0);
  await me.sell(retired, 1);
  await me.sell(dearer, 3);
  line.mode = "open";
  await me.sendAll();
  return { today: await look(""), outbox: await look("outbox"), chinese: await inChinese("outbox") };
}

/** The office has given customers to another depot, and the phone, which has not heard of it, has sold to them. */
async function quarantined(line) {
  const told = {};
  const [moved, other, plain] = await outWith(line, 3, (one) => !one.reading);
  const [{ depot }, elsewhere] = [await admin.user("driver"), await admin.user("driver2")];
  for (const { id } of [moved, other]) await admin.call("PATCH", `customers/${id}/`, { depot: elsewhere.depot });
  told.names = (await me.rows("customers"))
    .filter(({ id }) => [moved.id, other.id].includes(id))
    .map(({ name }) => name);
  told.before = await asItIs();
  await me.sell(moved, 0);
  await me.email("kopitiam@shops.example");
  await me.sell(other, 1);
  await me.sell(plain, 3);
  line.mode = "open";
  await settled("waiting");
  told.undecided = await asItIs();
  Object.assign(told.undecided, { today: await look(""), outbox: await look("outbox") });
  const supervisor = await Office.signIn("supervisor");
  const [sale, , another] = told.undecided.queue;
  await admin.call("PATCH", `customers/${moved.id}/`, { depot });
  await supervisor.retry(sale);
  const { id } = await supervisor.exception(another);
  await supervisor.call("POST", `sync/exceptions/${id}/resolve/`, { note: "Booked at the counter." });
  await settled("waiting", "blocked", "quarantined");
  return { ...told, today: await look(""), outbox: await look("outbox"), chinese: await inChinese("outbox") };
}

/** Signed in, with all that is needed, and then without a network: some to sell to. */
async function outWith(line, count, these = () => true) {
  await me.signIn("driver");
  line.mode = "down";
  await me.page.reload();
  await me.truck();
  return (await me.whom(Number.POSITIVE_INFINITY)).filter(these).slice(0, count);
}

/** The equipment that `sell` is about. */
async function sizes() {
  const all = await me.rows("equipment");
  return ["9 kg cylinder", "14 kg cylinder"].map((name) => all.find((one) => one.name === name).id);
}

async function sendNow() {
  await me.at("outbox");
  await me.page.getByRole("button", { name: /^(Send now|Ask again)$/ }).click();
}

/** In the sheet that asks for it; the app begins anew then. */
function signInAgain() {
  return Promise.all([me.page.waitForEvent("load"), me.enter("driver")]);
}

/** What the dialog asks; then it is done. */
async function signOut(button) {
  await me.at("settings");
  await me.page.getByRole("button", { name: "Sign out" }).click();
  const asked = me.page.getByRole("dialog").filter({ has: me.page.getByRole("button", { name: button }) });
  const said = await asked.innerText();
  await asked.getByRole("button", { name: button }).click();
  await me.page.getByLabel("Password").waitFor();
  return said;
}

/** Asks until nothing of the queue stands like this any more. */
async function settled(...states) {
  const until = Date.now() + PATIENCE;
  while ((await me.queue()).some(({ state }) => states.includes(state))) {
    if (Date.now() > until) throw new Error(`something is still ${states}`);
    await sendNow();
    await me.page.waitForTimeout(200);
  }
}

/** What is to be read at a place, once it has come to rest there. */
async function look(place) {
  await me.at(place);
  await me.page.locator("main h1").waitFor();
  let [before, said] = ["", await me.read()];
  while (said !== before || /One moment|请稍候/.test(said)) {
    await me.page.waitForTimeout(100);
    [before, said] = [said, await me.read()];
  }
  const { SHOTS } = process.env;
  const name = `${process.argv[2]}-${Date.now()}-${place.replaceAll("/", "-")}`;
  if (SHOTS) await me.page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  return said;
}

async function inChinese(place) {
  await me.page.evaluate(() => localStorage.setItem("hsh-lpg.language", "zh"));
  await me.page.reload();
  const said = await look(place);
  await me.page.evaluate(() => localStorage.setItem("hsh-lpg.language", "en"));
  await me.page.reload();
  return said;
}

async function asItIs() {
  const [queue, documents] = [await me.queue(), await look("documents")];
  return { queue, documents, truck: await me.truck(), money: await me.money() };
}
