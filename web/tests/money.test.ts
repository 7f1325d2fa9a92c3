import { describe, expect, it } from "vitest";
import cases from "../cases/money.json";
import paynow from "../cases/paynow.json";
import { cents, gstPercent, lineAmount, money, rates, readings, taxed, usageAmount } from "../src/core/money";
import { paynowCode, qr, sealed } from "../src/core/paynow";
import { usageOf } from "../src/core/sale";

const GST = [
  { since: "1994-04-01", percent: "3" },
  { since: "2003-01-01", percent: "4" },
  { since: "2004-01-01", percent: "5" },
  { since: "2007-07-01", percent: "7" },
  { since: "2023-01-01", percent: "8" },
  { since: "2024-01-01", percent: "9" },
];

describe("the cases that the server's tests run too", () => {
  it.each(cases.lines)("$quantity at $rate", ({ quantity, rate, amount }) => {
    expect(cents.text(lineAmount(quantity, rates.parse(rate)))).toBe(amount);
  });

  it.each(cases.usages)("$usage units at $rate", ({ usage, rate, amount }) => {
    expect(cents.text(usageAmount(readings.parse(usage), rates.parse(rate)))).toBe(amount);
  });

  it.each(cases.taxes)("GST of $amounts on $day", ({ day, inclusive, registered, amounts, ...expected }) => {
    const taxes = {
      gst_reg_no: registered === false ? "" : "M2-0012345-6",
      prices_include_gst: inclusive,
      gst_rates: GST,
    };
    const split = taxed(
      amounts.map((one) => cents.parse(one)),
      gstPercent(taxes, day),
      inclusive,
    );
    const { net, subtotal, tax, total } = split;
    expect({
      net: net.map((one) => cents.text(one)),
      subtotal: cents.text(subtotal),
      tax: cents.text(tax),
      total: cents.text(total),
    }).toEqual(expected);
  });

  it.each(cases.usage_of)("$digits digits: $previous to $current", ({ digits, previous, current, rollover, usage }) => {
    const found = usageOf({ digits, reading: readings.parse(previous) }, readings.parse(current), rollover);
    expect(found === null ? null : readings.text(found)).toBe(usage);
  });

  it.each(paynow)("PayNow for $reference", ({ code, amount, expires, ...rest }) => {
    expect(paynowCode({ ...rest, amount: cents.parse(amount), ...(expires ? { expires } : {}) })).toBe(code);
  });
});

describe("amounts", () => {
  it("are read exactly or not at all", () => {
    expect(cents.parse("12.5")).toBe(1250);
    expect(cents.parse("-0.05")).toBe(-5);
    expect(cents.parse("-0.00")).toBe(0);
    expect(cents.parse("12.500")).toBe(1250);
    for (const wrong of ["12.505", "", "abc", "1e3", "99999999999999999.00", "1,000.00"])
      expect(() => cents.parse(wrong)).toThrow();
  });

  it("are what a person types", () => {
    expect([cents.typed(" 1,234.5 "), cents.typed(".5"), cents.typed("7."), cents.typed("0")]).toEqual([
      123450, 50, 700, 0,
    ]);
    for (const wrong of ["", "-1", "1.005", "1,5", "x", ".", "12,34"]) expect(cents.typed(wrong)).toBeNull();
  });

  it("are shown as people write them", () => {
    expect([money(123450), money(-5), money(0)]).toEqual(["S$1,234.50", "−S$0.05", "S$0.00"]);
    expect([rates.shown(385000), rates.shown(23512)]).toEqual(["38.50", "2.3512"]);
    expect([readings.shown(1532400), readings.shown(100000000)]).toEqual(["1,532.4", "100,000"]);
  });
});

describe("PayNow", () => {
  it("is sealed as the standard says", () => {
    expect(sealed("123456789")).toBe("12345678929B1");
    const known =
      "00020101021126400009SG.PAYNOW010120213200002150HWCF030115204000053037025802SG5923NATIONAL HEALTHCARE GRO6009Singapore6304";
    expect(sealed(known)).toBe(`${known}DF3F`);
  });

  it("has a picture with a quiet zone", () => {
    const picture = qr("hello");
    expect(picture.length).toBe(picture[0]?.length);
    expect(picture.slice(0, 4).flat().some(Boolean)).toBe(false);
    expect(picture[4]?.slice(4, 11)).toEqual(Array(7).fill(true));
  });
});
