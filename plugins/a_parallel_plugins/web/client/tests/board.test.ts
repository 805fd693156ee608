import { describe, expect, it } from "vitest";
import type { Thread } from "@/data/threads";
import { changesFor, columnOf, inColumns } from "@/views/board/stages";

function thread(changes: Partial<Thread>): Thread {
  return { id: "1", stage: "review", archived: false, pinned: false, createdAt: "2026-01-01", ...changes } as Thread;
}

describe("the board", () => {
  it("puts each thread into one column", () => {
    expect(columnOf(thread({}))).toBe("review");
    expect(columnOf(thread({ archived: true }))).toBe("archived");
    expect(columnOf(thread({ stage: "of a plugin" }))).toBe("backlog");
  });

  it("shows pinned threads first, then new ones", () => {
    const threads = [thread({ id: "old" }), thread({ id: "new", createdAt: "2026-02-01" }), thread({ id: "pinned", pinned: true, createdAt: "2025-01-01" })];
    expect(inColumns(threads).review.map(({ id }) => id)).toEqual(["pinned", "new", "old"]);
  });

  it("changes what the column means", () => {
    expect(changesFor(thread({}), "review")).toBeNull();
    expect(changesFor(thread({}), "done")).toEqual({ stage: "done" });
    expect(changesFor(thread({}), "archived")).toEqual({ archived: true });
    expect(changesFor(thread({ archived: true }), "review")).toEqual({ archived: false, stage: "review" });
  });
});
