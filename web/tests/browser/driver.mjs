// Somebody with a phone in their hand: what they do there, and what they see.
import { PATIENCE, rows, start, tab } from "./browser.mjs";

export class Driver {
  mistakes = []; // what the browser complained of

  constructor(line, profile = process.env.PROFILE) {
    this.app = `http://127.0.0.1:${line.port}/app/`;
    this.profile = profile;
  }

  /** The browser is started; the phone may have been used before. */
  async pickUp() {
    const { page, kill } = await start(this.profile, this.mistakes);
    Object.assign(this, { page, kill });
    return this;
  }

  /** The same phone, in one more tab. */
  async another() {
    return Object.assign(Object.create(Driver.prototype), this, { page: await tab(this) });
  }

  async signIn(username = process.env.USERNAME) {
    await this.page.goto(this.app);
    await this.enter(username);
    await this.page.getByText("Everything is sent").waitFor();
    await this.page.getByRole("table").waitFor();
    await this.page.evaluate(() => navigator.serviceWorker.ready);
  }

  async enter(username) {
    await this.page.getByLabel("User name").fill(username);
    await this.page.getByLabel("Password").fill(process.env.PASSWORD);
    await this.page.getByRole("button", { name: "Sign in", exact: true }).click();
  }

  /** The app at an address of its own, as a link would lead there. */
  async at(place) {
    await this.page.evaluate((to) => {
      history.pushState(null, "", to);
    }, `/app/${place}`);
  }

  /** What the phone shows to be on the truck: { "14 kg cylinder": [full, empty] }. */
  async truck() {
    await this.at("");
    await this.page.getByRole("table").waitFor();
    const read = (all) => all.map((one) => one.innerText.split(/\s*\t\s*/));
    const lines = await this.page.locator("tbody tr").evaluateAll(read);
    return Object.fromEntries(lines.map(([name, full, empty]) => [name, [Number(full), Number(empty)]]));
  }

  /** Money by method, as shown. */
  async money() {
    await this.at("");
    const read = (all) => all.map((one) => one.innerText.split("\n"));
    const lines = await this.page.locator("main dl > div").evaluateAll(read);
    return Object.fromEntries(lines.map(([method, amount]) => [method, amount]));
  }

  /** The sales of today as the list shows them, the newest first: [number, total]. */
  async documents() {
    await this.at("documents");
    const row = this.page.locator("main > button");
    await row.first().waitFor();
    return row.evaluateAll((all) =>
      all.map((one) => {
        const text = one.innerText;
        return [/[A-Z0-9]+(-\d+)+/.exec(text.slice(text.indexOf("S$")))?.[0], /−?S\$[\d,.]+/.exec(text)[0]];
      }),
    );
  }

  /** Some to sell to: a few with a meter, and all with a rate for it. */
  async whom(count) {
    const [all, meters, rates] = [await this.rows("customers"), await this.rows("meters"), await this.rows("rates")];
    const metered = new Map(meters.filter((one) => !one.removed_on).map((one) => [one.customer, one]));
    const priced = new Set(rates.filter((one) => one.equipment === null).map((one) => one.customer));
    const found = all
      .filter((one) => one.is_active && (!metered.has(one.id) || priced.has(one.id)))
      .map((one) => ({ id: one.id, reading: Number(metered.get(one.id)?.current_reading ?? 0) }));
    const [some, others] = [found.filter((one) => one.reading), found.filter((one) => !one.reading)];
    return [...some.slice(0, 4), ...others].slice(0, count);
  }

  async sell(customer, number) {
    await this.prepare(customer, number);
    await this.page.getByRole("button", { name: "Save the sale" }).click();
    await this.page.getByText("Saved on this phone").first().waitFor();
  }

  /** A sale up to the button that saves it: fulls, an empty, the meter, and one way or another to pay. */
  async prepare({ id, reading }, number) {
    const size = number % 2 ? "9 kg cylinder" : "14 kg cylinder";
    await this.at(`customers/${id}/sale`);
    const fulls = this.page.getByLabel(`Full ${size} delivered`, { exact: true });
    const others = this.page.getByRole("button", { name: "Other sizes" });
    await fulls.or(others).first().waitFor();
    if (!(await fulls.isVisible())) await others.click();
    await fulls.fill(String(1 + (number % 2)));
    await this.page.getByLabel(`Empty ${size} taken back`, { exact: true }).fill("1");
    if (reading) await this.page.getByLabel("Reading now").fill(String(reading + 11.5 + number));
    await this.page.getByRole("button", { name: "To payment" }).click();
    await this.page
      .getByText(["Cash", "PayNow", "Later"][number % 3], { exact: true })
      .first()
      .click();
  }

  /** The newest document is mailed, from its own sheet. */
  async email(to) {
    await this.at("documents");
    await this.page.locator("main > button").first().click();
    await this.page.getByRole("button", { name: "Send by email" }).click();
    await this.page.getByLabel("To").fill(to);
    await this.page.getByRole("button", { name: "Send by email" }).click();
    await this.page.getByText("It is mailed as soon as").waitFor();
  }

  /** As somebody does who wants it gone: the button, as often as it can be pressed. */
  async sendAll() {
    await this.at("outbox");
    const until = Date.now() + 3 * PATIENCE;
    const now = this.page.getByRole("button", { name: /^(Send now|Ask again)$/ }); // neither, while it is sending
    for (;;) {
      const waits = (await this.rows("operations")).some((one) => one.state === "waiting" || one.counts);
      if (!waits) return;
      if (Date.now() > until) throw new Error("it was never all sent");
      await now.click({ timeout: 1_000 }).catch(() => {});
      await this.page.waitForTimeout(200);
    }
  }

  async queue() {
    const all = await this.rows("operations");
    return all.map(({ seq, client_temp_id, type, state, shown, result }) => ({
      seq,
      client_temp_id,
      type,
      state,
      total: shown?.document?.total ?? null,
      number: result?.number ?? null,
    }));
  }

  /** All rows of a table of the phone's own store. */
  rows(table) {
    return rows(this.page, table);
  }

  /** What is to be read on the screen. */
  read() {
    return this.page.locator("body").innerText();
  }
}
