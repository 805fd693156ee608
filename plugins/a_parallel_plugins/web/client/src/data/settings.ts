import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, call, type Schema } from "@/api/client";
import { text } from "@/i18n";
import { queries } from "./query";

export const profileQuery = queryOptions({
  queryKey: ["profile"],
  queryFn: () => call(api.GET("/api/profile")),
});

export function useSaveProfile() {
  return useMutation({
    mutationFn: (body: Schema["ProfileChanges"]) => call(api.PUT("/api/profile", { body })),
    onSuccess: (saved) => {
      queries.setQueryData(profileQuery.queryKey, saved);
      void queries.invalidateQueries({ queryKey: ["github"] });
    },
    meta: { failed: false },
  });
}

export const githubStatusQuery = queryOptions({
  queryKey: ["github", "status"],
  queryFn: () => call(api.GET("/api/github/status")),
});

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async () => (await call(api.GET("/api/auth/tokens"))).tokens,
});

export const claudePluginsQuery = queryOptions({
  queryKey: ["claude-plugins"],
  queryFn: async () => (await call(api.GET("/api/plugins"))).plugins,
});

export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: async () => (await call(api.GET("/api/kernel/plugins"))).plugins,
  staleTime: 5_000,
});

/** Settings of a plugin with their JSON schema. */
export function pluginSettingsQuery(id: string) {
  return queryOptions({
    queryKey: ["plugins", "settings", id],
    queryFn: () => call(api.GET("/api/kernel/plugins/{id}/settings", { params: { path: { id } } })),
    staleTime: 0,
  });
}

/** Switches a plugin on or off; the server says why where it refuses. */
export function useSwitchPlugin() {
  return useMutation({
    mutationFn: ({ id, on }: { id: string; on: boolean }) => {
      const params = { path: { id } };
      return on
        ? call(api.POST("/api/kernel/plugins/{id}/enable", { params }))
        : call(api.POST("/api/kernel/plugins/{id}/disable", { params }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["plugins"] }),
    meta: { failed: text.plugins.switchFailed },
  });
}
