import { type ChangeData, getChangeKey, type HunkData, parseDiff } from "react-diff-view";
import type { FileDiff } from "@/data/review";

export interface Counts {
  added: number;
  deleted: number;
}

/** Counts the lines that a diff adds and deletes; of its head nothing counts. */
export function countLines(diff: string): Counts {
  const counts = { added: 0, deleted: 0 };
  const start = diff.search(/^@@ /m);
  if (start < 0) return counts;
  for (const line of diff.slice(start).split("\n")) {
    if (line.startsWith("+")) counts.added += 1;
    else if (line.startsWith("-")) counts.deleted += 1;
  }
  return counts;
}

export function sumLines(files: readonly FileDiff[]): Counts {
  return files.map(({ diff }) => countLines(diff)).reduce(
    (sum, one) => ({ added: sum.added + one.added, deleted: sum.deleted + one.deleted }),
    { added: 0, deleted: 0 },
  );
}

/** Hunks of one file's diff; none for a binary file or one of which only the name or the mode changed. */
export function hunksOf(diff: string): HunkData[] {
  const start = diff.search(/^@@ /m);
  if (start < 0) return [];
  // A head of our own: names with spaces, quotes and backslashes confuse the parser, and nobody needs them here.
  const [file] = parseDiff(`diff --git a/f b/f\n--- a/f\n+++ b/f\n${diff.slice(start)}`);
  return file?.hunks ?? [];
}

/** The number that a line is called by: the new one, or the old one of a deleted line. */
export function lineNumber(change: ChangeData): number {
  return change.type === "normal" ? change.newLineNumber : change.lineNumber;
}

export function changesOf(hunks: readonly HunkData[]): ChangeData[] {
  return hunks.flatMap(({ changes }) => changes);
}

/** The hunks up to `most` lines, the last one cut where necessary. */
export function firstLines(hunks: readonly HunkData[], most: number): HunkData[] {
  const shown: HunkData[] = [];
  let left = most;
  for (const hunk of hunks) {
    if (left <= 0) break;
    shown.push(hunk.changes.length <= left ? hunk : { ...hunk, changes: hunk.changes.slice(0, left) });
    left -= hunk.changes.length;
  }
  return shown;
}

export { getChangeKey };

/** Splits a path into its directory, with the slash at its end, and its name. */
export function splitPath(path: string): [string, string] {
  const slash = path.lastIndexOf("/") + 1;
  return [path.slice(0, slash), path.slice(slash)];
}
