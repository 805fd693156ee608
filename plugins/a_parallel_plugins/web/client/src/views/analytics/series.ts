import type { Schema } from "@/api/client";
import type { Range } from "@/data/analytics";
import type { Thread } from "@/data/threads";

/** What happened in one stretch of time. */
export interface Point {
  date: string;
  created: number;
  completed: number;
  review: number;
  done: number;
  archived: number;
}

const MOST_FILLED = 62;
const DAY = 86_400_000;

/** Merges the lists of a timeline by date; days without anything are zero, not missing. */
export function pointsOf(timeline: Schema["Timeline"], range: Range): Point[] {
  const points = new Map<string, Point>();
  const at = (date: string) => {
    const point = points.get(date) ?? { date, created: 0, completed: 0, review: 0, done: 0, archived: 0 };
    points.set(date, point);
    return point;
  };
  for (const date of range !== "all" && timeline.groupBy === "day" ? days(timeline.timeRange) : []) at(date);
  for (const { date, count } of timeline.createdByDate) at(date).created = count;
  for (const { date, count } of timeline.completedByDate) at(date).completed = count;
  for (const { date, count } of timeline.movedToReviewByDate) at(date).review = count;
  for (const { date, count } of timeline.movedToDoneByDate) at(date).done = count;
  for (const { date, count } of timeline.movedToArchivedByDate) at(date).archived = count;
  return [...points.values()].sort((one, other) => (one.date < other.date ? -1 : 1));
}

/** The dates of the reader's days in a range. */
function days({ start, end }: Schema["TimeRange"]): string[] {
  const found: string[] = [];
  const last = localDate(new Date(end));
  for (let time = Date.parse(start); found.length < MOST_FILLED; time += DAY) {
    const date = localDate(new Date(time));
    if (date > last) break;
    if (date !== found.at(-1)) found.push(date);
  }
  return found;
}

function localDate(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
}

/** One line of a table of sums. */
export interface Sum {
  key: string;
  threads: number;
  cost: number;
}

/** Sums threads that were created in a range by a key, the dearest first. */
export function sumBy(threads: readonly Thread[], since: string, keyOf: (thread: Thread) => string): Sum[] {
  const sums = new Map<string, Sum>();
  for (const thread of threads) {
    if (thread.createdAt < since) continue;
    const key = keyOf(thread);
    const sum = sums.get(key) ?? { key, threads: 0, cost: 0 };
    sums.set(key, { key, threads: sum.threads + 1, cost: sum.cost + (thread.cost ?? 0) });
  }
  return [...sums.values()].sort((one, other) => other.cost - one.cost || other.threads - one.threads);
}
