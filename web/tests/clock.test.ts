import { describe, expect, it } from "vitest";
import { businessDay, capturedDay, dayText, heardTime, now, stamp, timeText } from "../src/core/clock";

describe("the clock", () => {
  it("knows the day in Singapore, and puts a wrong clock right", () => {
    expect([businessDay("2026-11-20T15:59:59Z"), businessDay("2026-11-20T16:00:00Z")]).toEqual([
      "2026-11-20",
      "2026-11-21",
    ]);
    expect([dayText("2026-11-20", "en"), timeText("2026-11-20T06:05:00Z")]).toEqual(["20 Nov 2026", "14:05"]);
    const wrong = Date.now();
    heardTime(new Date(wrong - 3 * 86_400_000).toISOString(), wrong);
    expect(Math.abs(now().getTime() - (wrong - 3 * 86_400_000))).toBeLessThan(5000);
    expect(capturedDay(stamp(wrong))).toBe(businessDay(new Date(wrong - 3 * 86_400_000)));
    heardTime(new Date(wrong + 20_000).toISOString(), wrong); // that is only the way here
    expect(Math.abs(now().getTime() - wrong)).toBeLessThan(5000);
  });
});
