import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";

export type Range = "day" | "week" | "month" | "all";
export type Grouping = "day" | "week" | "month";

export interface Scope {
  /** Undefined for all projects. */
  projectId: string | undefined;
  timeRange: Range;
}

/** Minutes west of UTC, as the server wants them. */
const zone = () => String(new Date().getTimezoneOffset());

export function overviewQuery({ projectId, timeRange }: Scope) {
  return queryOptions({
    queryKey: ["analytics", "overview", projectId, timeRange],
    queryFn: () => call(api.GET("/api/analytics/overview", { params: { query: { projectId, timeRange, tz: zone() } } })),
    staleTime: 10_000,
  });
}

export function timelineQuery({ projectId, timeRange }: Scope, groupBy: Grouping) {
  return queryOptions({
    queryKey: ["analytics", "timeline", projectId, timeRange, groupBy],
    queryFn: () => call(api.GET("/api/analytics/timeline", { params: { query: { projectId, timeRange, groupBy, tz: zone() } } })),
    staleTime: 10_000,
  });
}
