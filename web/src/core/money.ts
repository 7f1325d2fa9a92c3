/** Whole numbers with a unit, and the server's rounding: half a cent goes away from zero. */

export type Cents = number; // 1/100 of a dollar
export type Rate = number; // 1/10,000 of a dollar, of one cylinder or one unit of gas; also percent
export type Reading = number; // 1/1,000 of what a meter counts
export type Day = string; // 2026-11-20

export interface GstRate {
  since: Day;
  percent: string;
}

/** What the tax of a sale depends on, as pull gives it. */
export interface Taxes {
  gst_reg_no: string;
  prices_include_gst: boolean;
  gst_rates: GstRate[];
}

export interface Taxed {
  net: Cents[];
  subtotal: Cents;
  tax: Cents;
  total: Cents;
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

class Unit {
  constructor(
    private readonly places: number,
    private readonly least: number,
  ) {}

  /** What the API sent. Throws on anything that is no such number, or too big to be exact. */
  parse(text: string | number): number {
    const found = DECIMAL.exec(String(text));
    const digits = (found?.[3] ?? "").replace(/0+$/, "");
    const value = Number(`${found?.[2] ?? "NaN"}${digits.padEnd(this.places, "0")}`);
    if (digits.length > this.places || !Number.isSafeInteger(value)) throw new RangeError(`not exact: ${text}`);
    return found?.[1] && value ? -value : value;
  }

  /** What a person typed, 0 or more; null when it is no such number. */
  typed(text: string): number | null {
    const plain = text.trim().replace(/,(?=\d{3}(\D|$))/g, "");
    try {
      const value = this.parse(/^\.\d/.test(plain) ? `0${plain}` : plain.replace(/\.$/, ""));
      return value < 0 ? null : value;
    } catch {
      return null;
    }
  }

  /** As the API wants it. */
  text(value: number): string {
    const digits = String(Math.abs(value)).padStart(this.places + 1, "0");
    return `${value < 0 ? "-" : ""}${digits.slice(0, -this.places)}.${digits.slice(-this.places)}`;
  }

  /** For people: thousands apart, and no more places than say something. */
  shown(value: number): string {
    const [whole = "", part = ""] = this.text(Math.abs(value)).split(".");
    const said = part.slice(0, this.least) + part.slice(this.least).replace(/0+$/, "");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return `${value < 0 ? "−" : ""}${grouped}${said ? `.${said}` : ""}`;
  }
}

export const cents = new Unit(2, 2);
export const rates = new Unit(4, 2);
export const readings = new Unit(3, 0);

/** S$1,234.50 */
export function money(value: Cents): string {
  return value < 0 ? `−S$${cents.shown(-value)}` : `S$${cents.shown(value)}`;
}

/** value ÷ by, rounded to a whole number, halves away from zero. Exact at any size. */
function divided(value: bigint, by: bigint): number {
  const half = (value < 0n ? -value : value) * 2n + by;
  const rounded = Number(half / (by * 2n));
  if (!Number.isSafeInteger(rounded)) throw new RangeError("too much to be exact");
  return value < 0n && rounded ? -rounded : rounded;
}

/** What so many cost. */
export function lineAmount(quantity: number, rate: Rate): Cents {
  return divided(BigInt(quantity) * BigInt(rate), 100n);
}

/** What so much gas costs. */
export function usageAmount(usage: Reading, rate: Rate): Cents {
  return divided(BigInt(usage) * BigInt(rate), 100_000n);
}

export function sum(values: Iterable<number>): number {
  let whole = 0;
  for (const value of values) whole += value;
  return whole;
}

/** Percent on that day, as a Rate: 9 % is 90,000. 0 for a company that is not registered for GST. */
export function gstPercent(taxes: Taxes, day: Day): Rate {
  if (!taxes.gst_reg_no) return 0;
  const begun = taxes.gst_rates.filter((one) => one.since <= day).sort((a, b) => (a.since < b.since ? -1 : 1));
  const last = begun.at(-1);
  return last ? rates.parse(last.percent) : 0;
}

/** Split the lines' amounts as the prices were agreed: with GST in them, or before it. */
export function taxed(amounts: Cents[], percent: Rate, inclusive: boolean): Taxed {
  const together = sum(amounts);
  const rate = BigInt(percent);
  const whole = 1_000_000n; // 100 percent
  if (!inclusive) {
    const tax = divided(BigInt(together) * rate, whole);
    return { net: [...amounts], subtotal: together, tax, total: together + tax };
  }
  const tax = divided(BigInt(together) * rate, whole + rate);
  const net = amounts.map((amount) => divided(BigInt(amount) * whole, whole + rate));
  const sizes = amounts.map(Math.abs);
  const largest = sizes.indexOf(Math.max(...sizes));
  if (largest >= 0) net[largest] = (net[largest] ?? 0) + together - tax - sum(net); // what rounding left over
  return { net, subtotal: together - tax, tax, total: together };
}
