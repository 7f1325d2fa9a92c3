/** The company's days, by a clock that is put right with what the server said last. */
import type { Day } from "./money";

const SINGAPORE = 8 * 3_600_000; // no daylight saving

const SLACK = 60_000; // small differences are the way here, not the clock

let ahead = 0; // of this phone's clock, in milliseconds

/** The server has just said what time it is. */
export function heardTime(server: string, now: number = Date.now()): void {
  const off = now - Date.parse(server);
  if (Number.isFinite(off)) ahead = Math.abs(off) > SLACK ? off : 0;
}

/**
 * The app has been started, and nothing was heard yet: the clock is as far off as it was last, but it cannot be earlier
 * than the server has said by then. If by the clock itself it is not, then somebody has set it.
 */
export function resumeTime(off: number, heard: number, now: number = Date.now()): void {
  ahead = off;
  if (now - ahead < heard - SLACK) ahead = now < heard - SLACK ? now - heard : 0;
}

/** How far this phone's clock is ahead, in milliseconds; 0 when it is right. */
export function clockAhead(): number {
  return ahead;
}

/** The right time, as far as that is known. */
export function now(): Date {
  return new Date(Date.now() - ahead);
}

/** The business day of a moment: its day in Singapore. */
export function businessDay(at: Date | string = now()): Day {
  return new Date(new Date(at).getTime() + SINGAPORE).toISOString().slice(0, 10);
}

/** When something happened that this phone's clock, right or wrong, has captured. */
export function capturedAt(at: string): string {
  return new Date(Date.parse(at) - ahead).toISOString();
}

/** 2026-11-20T09:30:00+08:00, by the phone's own clock: the server puts it right. */
export function stamp(at: number = Date.now()): string {
  return `${new Date(at + SINGAPORE).toISOString().slice(0, -1)}+08:00`;
}

const shownDay: Record<string, Intl.DateTimeFormat> = {};

/** 20 Nov 2026, as the language writes it. */
export function dayText(day: Day, language: string): string {
  shownDay[language] ??= new Intl.DateTimeFormat(language === "zh" ? "zh-SG" : "en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  return shownDay[language].format(new Date(`${day}T00:00:00Z`));
}

/** 14:05 today, with the date of any other day. */
export function momentText(at: Date | string, language: string): string {
  const day = businessDay(at);
  return day === businessDay() ? timeText(at) : `${dayText(day, language)}, ${timeText(at)}`;
}

/** 14:05, in Singapore. */
export function timeText(at: Date | string): string {
  return new Date(new Date(at).getTime() + SINGAPORE).toISOString().slice(11, 16);
}
