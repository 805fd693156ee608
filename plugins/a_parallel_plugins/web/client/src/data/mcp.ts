import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, call, type Schema } from "@/api/client";
import { queries } from "./query";

export type McpServer = Schema["McpServer"];

/** MCP servers in force in a project; the CLI looks at each, which takes seconds. */
export function mcpQuery(projectPath: string) {
  return queryOptions({
    queryKey: ["mcp", projectPath],
    queryFn: async () => (await call(api.GET("/api/mcp/servers", { params: { query: { projectPath, status: true } } }))).servers,
  });
}

export const recommendedServersQuery = queryOptions({
  queryKey: ["mcp-recommended"],
  queryFn: async () => (await call(api.GET("/api/mcp/recommended"))).servers,
  staleTime: Number.POSITIVE_INFINITY,
});

export const reloadServers = () => queries.invalidateQueries({ queryKey: ["mcp"] });

export function useAddServer(failed?: false) {
  return useMutation({
    mutationFn: (body: Schema["NewServer"]) => call(api.POST("/api/mcp/servers", { body })),
    onSuccess: reloadServers,
    meta: { failed },
  });
}

export function useRemoveServer(projectPath: string) {
  return useMutation({
    mutationFn: ({ name, scope }: McpServer) =>
      call(api.DELETE("/api/mcp/servers/{name}", { params: { path: { name }, query: { projectPath, scope: scope ?? undefined } } })),
    onSuccess: reloadServers,
  });
}
