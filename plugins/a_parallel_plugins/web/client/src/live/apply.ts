import { type GitSummary, patchThread, type Thread, threadsQuery } from "@/data/threads";
import { failureQuery } from "@/data/agents";
import { archivedQuery } from "@/data/archived";
import { queries } from "@/data/query";
import { live } from "./socket";

/** Lets events change the cache. What belongs to one view alone, that view listens for itself with `useTopic`. */
export function applyEvents(): void {
  live.onGap = () => void queries.invalidateQueries();
  live.on("agent:status", (data, threadId) => {
    const changes: Partial<Thread> = { status: data.status };
    if (data.stage) changes.stage = data.stage;
    changeThread(threadId, changes);
  });
  live.on("agent:result", (data, threadId) => {
    const changes: Partial<Thread> = { status: data.status, cost: data.cost };
    if (data.stage) changes.stage = data.stage;
    if (data.status !== "waiting") changes.completedAt = new Date().toISOString();
    changeThread(threadId, changes);
    if (data.status === "failed") failed(threadId);
  });
  live.on("agent:error", (_data, threadId) => failed(threadId));
  live.on("threads:message", ({ model, permissionMode }, threadId) => {
    const changes: Partial<Thread> = {};
    if (model) changes.model = model;
    if (permissionMode) changes.permissionMode = permissionMode;
    changeThread(threadId, changes);
  });
  live.on("threads:row", ({ thread }, threadId) => showRow(threadId, thread ?? null));
  afterAbsence(() => void queries.invalidateQueries({ queryKey: threadsQuery.queryKey }));
  live.on("git:status", ({ statuses }) => {
    const threads = queries.getQueryData(threadsQuery.queryKey) ?? [];
    for (const status of statuses as GitSummary[]) {
      const projectId = threads.find((thread) => thread.id === status.threadId)?.projectId;
      queries.setQueryData<Record<string, GitSummary>>(["git-status", projectId], (all) =>
        all ? { ...all, [status.threadId]: status } : all,
      );
    }
  });
  live.on("automation:run_started", () => void queries.invalidateQueries({ queryKey: ["automations"] }));
  live.on("automation:run_completed", () => void queries.invalidateQueries({ queryKey: ["automations"] }));
  live.on("kernel:plugins", () => void queries.invalidateQueries({ queryKey: ["plugins"] }));
}

/** Shows a row as it is after somebody has changed it; status and cost are told in their own order by the runs. */
function showRow(id: string, row: Thread | null): void {
  const known = queries.getQueryData(threadsQuery.queryKey)?.find((thread) => thread.id === id);
  const waits = row?.status === "pending" || known?.status === "pending";
  if (row && !row.archived && !waits && known?.pinned === row.pinned) {
    const { status: _status, cost: _cost, completedAt: _completedAt, ...changes } = row;
    patchThread(id, changes);
  } else if (known ?? row) {
    void queries.invalidateQueries({ queryKey: threadsQuery.queryKey });
    void queries.invalidateQueries({ queryKey: archivedQuery.queryKey });
  }
}

/** Lets the reason of a failure be asked for: the row is written before the event is told. */
function failed(id: string): void {
  void queries.invalidateQueries({ queryKey: failureQuery(id).queryKey });
}

/** Calls `action` when the connection is there again: rows are not told a second time. */
function afterAbsence(action: () => void): void {
  let away = false;
  live.onState(() => {
    if (live.state === "live" && away) action();
    away = live.state === "lost" || (away && live.state !== "live");
  });
}

/** Changes a thread's row, or loads the list if it is not in it: somebody else made it. */
function changeThread(id: string, changes: Partial<Thread>): void {
  const known = queries.getQueryData(threadsQuery.queryKey)?.some((thread) => thread.id === id);
  if (known) patchThread(id, changes);
  else void queries.invalidateQueries({ queryKey: threadsQuery.queryKey });
}
