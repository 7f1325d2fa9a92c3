import { describe, expect, it } from "vitest";
import {
  businessDay,
  capturedAt,
  clockAhead,
  dayText,
  heardTime,
  momentText,
  now,
  resumeTime,
  stamp,
  timeText,
} from "../src/core/clock";

const DAY = 86_400_000;

describe("the clock", () => {
  it("knows the day in Singapore, and puts a wrong clock right", () => {
    expect([businessDay("2026-11-20T15:59:59Z"), businessDay("2026-11-20T16:00:00Z")]).toEqual([
      "2026-11-20",
      "2026-11-21",
    ]);
    expect([dayText("2026-11-20", "en"), timeText("2026-11-20T06:05:00Z")]).toEqual(["20 Nov 2026", "14:05"]);
    const wrong = Date.now();
    heardTime(new Date(wrong - 3 * DAY).toISOString(), wrong);
    expect(Math.abs(now().getTime() - (wrong - 3 * DAY))).toBeLessThan(5000);
    expect(capturedAt(stamp(wrong))).toBe(new Date(wrong - 3 * DAY).toISOString());
    heardTime(new Date(wrong + 20_000).toISOString(), wrong); // that is only the way here
    expect(Math.abs(now().getTime() - wrong)).toBeLessThan(5000);
  });

  it.each([
    ["is right", 0, 60_000, 0],
    ["a little slow", 0, -20_000, 0],
    ["still ahead", 3 * DAY, 3 * DAY + 60_000, 3 * DAY],
    ["still behind", -3 * DAY, -3 * DAY + 60_000, -3 * DAY],
    ["was ahead, and is set", 3 * DAY, 60_000, 0],
    ["has gone back since", 0, -3 * DAY, -3 * DAY],
  ])("is started again without a network: it %s", (_, off, passed, found) => {
    const heard = Date.parse("2026-11-20T06:05:00Z");
    resumeTime(off, heard, heard + passed);
    expect(clockAhead()).toBe(found);
    resumeTime(0, 0);
  });

  it("names the day of a moment that is not today's", () => {
    expect([momentText("2020-11-20T06:05:00Z", "en"), momentText(now(), "en")]).toEqual([
      "20 Nov 2020, 14:05",
      timeText(now()),
    ]);
  });
});
