import { describe, expect, it } from "vitest";
import type { Schema } from "@/api/client";
import type { Thread } from "@/data/threads";
import { pointsOf, sumBy } from "@/views/analytics/series";

const TIMELINE: Schema["Timeline"] = {
  createdByDate: [{ date: "2026-03-02", count: 2 }],
  completedByDate: [{ date: "2026-03-03", count: 1 }],
  movedToReviewByDate: [],
  movedToDoneByDate: [{ date: "2026-03-02", count: 1 }],
  movedToArchivedByDate: [],
  timeRange: { start: "2026-03-01T12:00:00.000Z", end: "2026-03-04T12:00:00.000Z" },
  groupBy: "day",
};

describe("figures over time", () => {
  it("are merged by date, and days without any are there", () => {
    const points = pointsOf(TIMELINE, "week");
    expect(points.map(({ date, created, completed, done }) => [date, created, completed, done])).toEqual([
      ["2026-03-01", 0, 0, 0],
      ["2026-03-02", 2, 0, 1],
      ["2026-03-03", 0, 1, 0],
      ["2026-03-04", 0, 0, 0],
    ]);
  });

  it("are not filled in for a time without a beginning", () => {
    expect(pointsOf(TIMELINE, "all").map(({ date }) => date)).toEqual(["2026-03-02", "2026-03-03"]);
  });
});

describe("sums", () => {
  it("count threads of the time alone, the dearest first", () => {
    const thread = (model: string, cost: number, createdAt: string) => ({ model, cost, createdAt }) as Thread;
    const threads = [thread("opus", 1, "2026-03-02"), thread("haiku", 0.5, "2026-03-02"), thread("haiku", 1, "2026-03-03"), thread("opus", 9, "2026-01-01")];
    expect(sumBy(threads, "2026-03-01", ({ model }) => model)).toEqual([
      { key: "haiku", threads: 2, cost: 1.5 },
      { key: "opus", threads: 1, cost: 1 },
    ]);
  });
});
