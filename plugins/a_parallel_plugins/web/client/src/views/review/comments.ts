import { useSyncExternalStore } from "react";
import type { ChangeData } from "react-diff-view";
import type { Scope } from "@/data/review";
import { text } from "@/i18n";
import { store, stored } from "@/lib/storage";
import { getChangeKey, lineNumber } from "./parse";

/** What a person has written at a line of a diff and not sent yet. `code` is that line, to find it again. */
export interface Comment {
  id: string;
  path: string;
  /** The comparison in which it was written; missing in those that an earlier version has kept. */
  scope?: Scope;
  change: string;
  line: number;
  kind: ChangeData["type"];
  code: string;
  text: string;
}

const NONE: readonly Comment[] = [];
const kept = new Map<string, readonly Comment[]>();
const listeners = new Set<() => void>();

function read(thread: string): readonly Comment[] {
  const known = kept.get(thread) ?? stored<Comment[]>(`review.${thread}`, []);
  const comments = known.length > 0 ? known : NONE;
  kept.set(thread, comments);
  return comments;
}

/** Replaces the comments of a thread; this browser keeps them until they are sent. */
export function setComments(thread: string, comments: readonly Comment[]): void {
  kept.set(thread, comments);
  store(`review.${thread}`, comments);
  for (const listener of listeners) listener();
}

export function addComment(thread: string, path: string, scope: Scope, change: ChangeData, words: string): void {
  const comment: Comment = {
    id: crypto.randomUUID?.() ?? String(Math.random()),
    path,
    scope,
    change: getChangeKey(change),
    line: lineNumber(change),
    kind: change.type,
    code: change.content,
    text: words,
  };
  setComments(thread, [...read(thread), comment]);
}

export function useComments(thread: string): readonly Comment[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => read(thread),
  );
}

/**
 * Finds the line that a comment was written at: the same line, else the nearest one with the same text, since
 * lines move when others are added above them; else null.
 */
export function anchorOf(comment: Comment, changes: readonly ChangeData[]): ChangeData | null {
  const same = changes.filter(({ type, content }) => type === comment.kind && content === comment.code);
  const distance = (change: ChangeData) => Math.abs(lineNumber(change) - comment.line);
  return same.sort((one, other) => distance(one) - distance(other))[0] ?? null;
}

const SIGNS = { insert: "+", delete: "-", normal: " " };

/** Writes the one message that brings all comments to the agent. */
export function messageFor(comments: readonly Comment[]): string {
  const parts = comments.map((comment) => {
    const code = `${SIGNS[comment.kind]}${comment.code}`;
    const fence = fenceFor(code);
    const place = text.review.commentPlace(inline(comment.path), comment.line, comment.kind === "delete");
    return `**${place}**\n${fence}diff\n${code}\n${fence}\n${comment.text.trim()}`;
  });
  return [text.review.commentsIntro, ...parts].join("\n\n");
}

function longestTicks(value: string): number {
  return Math.max(0, ...(value.match(/`+/g) ?? []).map(({ length }) => length));
}

function fenceFor(value: string): string {
  return "`".repeat(Math.max(3, longestTicks(value) + 1));
}

/** Code within a line of Markdown, whatever it contains. */
function inline(value: string): string {
  const line = value.replace(/[\r\n]+/g, " ");
  const ticks = "`".repeat(longestTicks(line) + 1);
  const gap = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${ticks}${gap}${line}${gap}${ticks}`;
}
