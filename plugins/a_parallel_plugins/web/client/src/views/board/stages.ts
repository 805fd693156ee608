import type { DragEndEvent, KeyboardCoordinateGetter } from "@dnd-kit/core";
import type { Thread } from "@/data/threads";
import { text } from "@/i18n";

export const STAGES = ["backlog", "in_progress", "review", "done"] as const;
export type Stage = (typeof STAGES)[number];
export type ColumnId = Stage | "archived";

export const COLUMNS: readonly ColumnId[] = [...STAGES, "archived"];

export function columnOf(thread: Thread): ColumnId {
  return thread.archived ? "archived" : (STAGES.find((stage) => stage === thread.stage) ?? "backlog");
}

export function columnName(column: ColumnId): string {
  return column === "archived" ? text.board.archived : (text.threads.stages[column] ?? column);
}

/** What must change for a thread to be in a column; null if it is there already. */
export function changesFor(thread: Thread, column: ColumnId): { archived?: boolean; stage?: Stage } | null {
  if (columnOf(thread) === column) return null;
  if (column === "archived") return { archived: true };
  return thread.archived ? { archived: false, stage: column } : { stage: column };
}

/** Threads of each column: pinned ones first, then the newest. */
export function inColumns(threads: readonly Thread[]): Record<ColumnId, Thread[]> {
  const columns: Record<ColumnId, Thread[]> = { backlog: [], in_progress: [], review: [], done: [], archived: [] };
  for (const thread of threads) columns[columnOf(thread)].push(thread);
  for (const list of Object.values(columns)) {
    list.sort((one, other) => Number(other.pinned) - Number(one.pinned) || other.createdAt.localeCompare(one.createdAt));
  }
  return columns;
}

export function threadOf(active: DragEndEvent["active"]): Thread {
  return active.data.current?.thread as Thread;
}

/** With the arrow keys a card goes from column to column, not from pixel to pixel. */
export const byColumn: KeyboardCoordinateGetter = (event, { context, currentCoordinates }) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.code];
  if (event.code.startsWith("Arrow")) event.preventDefault();
  const card = context.collisionRect;
  if (step === undefined || !card) return undefined;
  const rects = COLUMNS.map((column) => context.droppableRects.get(column));
  const middle = card.left + card.width / 2;
  const at = rects.findIndex((rect) => rect && middle >= rect.left && middle <= rect.left + rect.width);
  const target = rects[Math.min(COLUMNS.length - 1, Math.max(0, at + step))];
  if (!target) return undefined;
  return { x: currentCoordinates.x + target.left + target.width / 2 - middle, y: currentCoordinates.y };
};
