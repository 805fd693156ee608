import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, call, type Schema } from "@/api/client";
import { text } from "@/i18n";
import { queries } from "./query";

export type FileDiff = Schema["FileDiff"];
export type Snapshot = Schema["Snapshot"];
export type Merge = Schema["MergeBody"];

const of = (thread: string) => ({ params: { path: { thread } } });

/** What is compared: what is not committed yet, or everything that the work changes in its base branch. */
export type Scope = "uncommitted" | "base";

const compared = (scope: Scope) => (scope === "base" ? ({ against: "base" } as const) : {});

/** The changed files of a thread's directory, one entry for each path (`http-core.md` §7.3). */
export function diffQuery(thread: string, scope: Scope = "uncommitted") {
  const params = { path: { thread }, query: compared(scope) };
  return queryOptions({
    queryKey: ["diff", thread, scope],
    queryFn: () => call(api.GET("/api/git/{thread}/diff", { params })),
    staleTime: 0,
  });
}

/** One changed file with all of its text, for those that the list leaves out for their size. */
export function wholeDiffQuery(thread: string, file: FileDiff, scope: Scope) {
  const query = { path: file.path, ...(scope === "base" ? compared(scope) : { staged: file.staged }) };
  return queryOptions({
    queryKey: ["diff-whole", thread, scope, file.path, file.staged],
    queryFn: async () => {
      const [whole] = await call(api.GET("/api/git/{thread}/diff", { params: { path: { thread }, query } }));
      return whole?.diff ?? "";
    },
  });
}

/** What git says of one thread's directory, also of one that works in the project itself. */
export function summaryQuery(thread: string) {
  return queryOptions({
    queryKey: ["git-summary", thread],
    queryFn: () => call(api.GET("/api/git/{thread}/status", of(thread))),
    staleTime: 0,
  });
}

export function snapshotsQuery(thread: string) {
  return queryOptions({
    queryKey: ["snapshots", thread],
    queryFn: () => call(api.GET("/api/git/{thread}/snapshots", of(thread))),
    staleTime: 0,
  });
}

/** Loads what git says of a thread's directory anew. */
export function refreshReview(thread: string): Promise<unknown> {
  return Promise.all(
    ["diff", "diff-whole", "git-summary", "snapshots"].map((key) => queries.invalidateQueries({ queryKey: [key, thread] })),
  );
}

type IndexChange = "stage" | "unstage" | "revert";

export function changeIndex(thread: string, action: IndexChange, paths: string[]): Promise<unknown> {
  const body = { ...of(thread), body: { paths } };
  if (action === "stage") return call(api.POST("/api/git/{thread}/stage", body));
  if (action === "unstage") return call(api.POST("/api/git/{thread}/unstage", body));
  return call(api.POST("/api/git/{thread}/revert", body));
}

/** Stages or unstages files; the list shows it at once and takes it back if the server refuses. */
export function useStage(thread: string) {
  const key = diffQuery(thread).queryKey;
  return useMutation({
    mutationFn: ({ staged, paths }: { staged: boolean; paths: string[] }) =>
      changeIndex(thread, staged ? "stage" : "unstage", paths),
    onMutate: async ({ staged, paths }) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData(key);
      queries.setQueryData(key, (files) => files?.map((file) => (paths.includes(file.path) ? { ...file, staged } : file)));
      return { before };
    },
    onError: (_error, _variables, context) => {
      if (context?.before) queries.setQueryData(key, context.before);
    },
    onSettled: () => refreshReview(thread),
    meta: { failed: text.review.stageFailed },
  });
}

export function useRevert(thread: string) {
  return useMutation({
    mutationFn: (paths: string[]) => changeIndex(thread, "revert", paths),
    onSettled: () => refreshReview(thread),
    meta: { failed: text.review.revertFailed },
  });
}

export function useCommit(thread: string) {
  return useMutation({
    /** Stages `paths` first; if the commit fails they are unstaged again. */
    mutationFn: async ({ message, paths }: { message: string; paths: string[] }) => {
      if (paths.length > 0) await changeIndex(thread, "stage", paths);
      try {
        return await call(api.POST("/api/git/{thread}/commit", { ...of(thread), body: { message } }));
      } catch (error) {
        if (paths.length > 0) await changeIndex(thread, "unstage", paths);
        throw error;
      }
    },
    onSettled: () => refreshReview(thread),
    meta: { failed: text.review.commitFailed },
  });
}

export function useGenerateMessage(thread: string) {
  return useMutation({
    mutationFn: (includeUnstaged: boolean) =>
      call(api.POST("/api/git/{thread}/generate-commit-message", { ...of(thread), body: { includeUnstaged } })),
    meta: { failed: text.review.generateFailed },
  });
}

export function usePush(thread: string) {
  return useMutation({
    mutationFn: () => call(api.POST("/api/git/{thread}/push", of(thread))),
    onSettled: () => refreshReview(thread),
    meta: { failed: text.review.pushFailed },
  });
}

export function useOpenPullRequest(thread: string) {
  return useMutation({
    /** Pushes first where something is not pushed: the route itself does not. */
    mutationFn: async ({ push, ...body }: { title: string; body: string; push: boolean }) => {
      if (push) await call(api.POST("/api/git/{thread}/push", of(thread)));
      return call(api.POST("/api/git/{thread}/pr", { ...of(thread), body }));
    },
    onSettled: () => refreshReview(thread),
    meta: { failed: false },
  });
}

export function useMerge(thread: string) {
  return useMutation({
    mutationFn: (body: Merge) => call(api.POST("/api/git/{thread}/merge", { ...of(thread), body })),
    onSettled: async () => {
      await refreshReview(thread);
      await queries.invalidateQueries({ queryKey: ["threads"] });
      await queries.invalidateQueries({ queryKey: ["git-status"] });
    },
    meta: { failed: false },
  });
}

export function useRestore(thread: string) {
  return useMutation({
    mutationFn: (snapshot: string) =>
      call(api.POST("/api/git/{thread}/snapshots/{snapshot}/restore", { params: { path: { thread, snapshot } } })),
    onSettled: () => refreshReview(thread),
    meta: { failed: text.review.restoreFailed },
  });
}
