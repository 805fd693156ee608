import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { useStored } from "@/lib/storage";

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: async () => (await call(api.GET("/api/setup/status"))).claudeCli,
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: () => call(api.GET("/api/agents/providers")),
});

/** The plugin that plays agents without a model. */
export const DEMO = "scripted";

export interface ProviderChoice {
  /** Providers that can start agents. */
  available: string[];
  /** What new threads use; undefined for the server's own default. */
  chosen: string | undefined;
  choose: (name: string) => void;
}

/** Which agent provider new threads of this browser use. */
export function useProviderChoice(): ProviderChoice {
  const { data } = useQuery(providersQuery);
  const [wanted, setWanted] = useStored<string | null>("provider", null);
  const available = (data ?? []).filter((one) => one.available).map((one) => one.name);
  const standard = data?.find((one) => one.default);
  const fallback = standard && !standard.available && available.includes(DEMO) ? DEMO : undefined;
  return { available, chosen: wanted !== null && available.includes(wanted) ? wanted : fallback, choose: setWanted };
}

/** Why the last run of a thread failed; null where nobody knows. */
export function failureQuery(thread: string) {
  return queryOptions({
    queryKey: ["thread", thread, "failure"],
    queryFn: async () => (await call(api.GET("/api/threads/{thread}/failure", { params: { path: { thread } } }))).failure,
    staleTime: 0,
  });
}

/** What agents may do in a project without asking. */
export function permissionRulesQuery(projectId: string) {
  return queryOptions({
    queryKey: ["permission-rules", projectId],
    queryFn: () => call(api.GET("/api/agents/permission-rules", { params: { query: { projectId } } })),
  });
}
