import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { api, call, type Schema } from "@/api/client";
import { queries } from "./query";

export type Thread = Schema["Thread"];
export type ThreadPatch = Schema["ThreadPatch"];
export type GitSummary = Schema["GitSummary"];

/** All threads that are not archived, of all projects. Events keep it current; see live/apply.ts. */
export const threadsQuery = queryOptions({
  queryKey: ["threads"],
  queryFn: async (): Promise<Thread[]> => call(api.GET("/api/threads")) as Promise<Thread[]>,
});

export function useThreads() {
  return useQuery(threadsQuery);
}

/** The row of one thread out of the list; undefined while it loads or when it is archived. */
export function useThread(id: string | undefined): Thread | undefined {
  return useQuery({ ...threadsQuery, select: (all) => all.find((thread) => thread.id === id) }).data;
}

/** Changes rows of the list in the cache. */
export function patchThread(id: string, changes: Partial<Thread>): void {
  queries.setQueryData(threadsQuery.queryKey, (all) =>
    all?.map((thread) => (thread.id === id ? { ...thread, ...changes } : thread)),
  );
}

/** Archives, pins or moves a thread; the list shows it at once and takes it back if the server refuses. */
export function useChangeThread() {
  return useMutation({
    mutationFn: ({ id, ...body }: ThreadPatch & { id: string }) =>
      call(api.PATCH("/api/threads/{thread}", { params: { path: { thread: id } }, body })),
    onMutate: async ({ id, ...changes }) => {
      await queries.cancelQueries({ queryKey: threadsQuery.queryKey });
      const before = queries.getQueryData(threadsQuery.queryKey);
      patchThread(id, changes as Partial<Thread>);
      return { before };
    },
    onError: (_error, _variables, context) => {
      if (context?.before) queries.setQueryData(threadsQuery.queryKey, context.before);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: threadsQuery.queryKey }),
  });
}

export function useDeleteThread() {
  return useMutation({
    mutationFn: (id: string) => call(api.DELETE("/api/threads/{thread}", { params: { path: { thread: id } } })),
    onSuccess: (_answer, id) => {
      queries.setQueryData(threadsQuery.queryKey, (all) => all?.filter((thread) => thread.id !== id));
    },
  });
}

export function useStopThread() {
  return useMutation({
    mutationFn: (id: string) => call(api.POST("/api/threads/{thread}/stop", { params: { path: { thread: id } } })),
  });
}

/** Git summaries of the worktree threads of a project, by thread id. */
export function gitStatusQuery(projectId: string) {
  return queryOptions({
    queryKey: ["git-status", projectId],
    queryFn: async () => {
      const { statuses } = await call(api.GET("/api/git/status", { params: { query: { projectId } } }));
      return Object.fromEntries(statuses.map((status) => [status.threadId, status])) as Record<string, GitSummary>;
    },
    enabled: projectId !== "",
  });
}

export function useGitSummary(thread: Thread | undefined): GitSummary | undefined {
  return useQuery({ ...gitStatusQuery(thread?.projectId ?? ""), select: (all) => all[thread?.id ?? ""] }).data;
}
