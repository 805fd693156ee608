import { Cron } from "croner";
import cronstrue from "cronstrue";
import { text } from "@/i18n";
import { dateTime } from "@/lib/format";

/** Nicknames that the description does not know, as the fields that they stand for. */
const NICKNAMES: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Returns what a schedule means in words; null if it is not understood. */
export function describe(schedule: string): string | null {
  const pattern = schedule.trim();
  if (isDate(pattern)) return text.automations.once(dateTime(pattern));
  if (nextRuns(pattern, undefined, 1) === null) return null;
  try {
    return cronstrue.toString(NICKNAMES[pattern.toLowerCase()] ?? pattern, { use24HourTimeFormat: true, verbose: false });
  } catch {
    return pattern; // valid, but beyond what can be said in words
  }
}

/** Returns the next times of a schedule in a time zone (the browser's without one); null if it is not understood. */
export function nextRuns(schedule: string, timezone: string | undefined, most: number): Date[] | null {
  if (!schedule.trim()) return null;
  try {
    return new Cron(schedule.trim(), { timezone, paused: true }).nextRuns(most);
  } catch {
    return null;
  }
}

function isDate(pattern: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T/.test(pattern) && !Number.isNaN(Date.parse(pattern));
}
