import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";

/** Archived threads, newest first; one page of them. */
export const archivedQuery = queryOptions({
  queryKey: ["threads-archived"],
  queryFn: () => call(api.GET("/api/threads/archived", { params: { query: { limit: "200" } } })),
  staleTime: 0,
});
