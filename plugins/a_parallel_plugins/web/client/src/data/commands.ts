import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, call, type Schema } from "@/api/client";
import { text } from "@/i18n";
import { queries } from "./query";

export type StartupCommand = Schema["StartupCommand"];
export type CommandText = Schema["CommandText"];

export function commandsQuery(project: string) {
  return queryOptions({
    queryKey: ["commands", project],
    queryFn: () => call(api.GET("/api/projects/{id}/commands", { params: { path: { id: project } } })),
  });
}

const changed = (project: string) => queries.invalidateQueries({ queryKey: ["commands", project] });

/** Adds a command, or changes the one with the given id. */
export function useSaveCommand() {
  return useMutation({
    mutationFn: async ({ project, id, ...body }: CommandText & { project: string; id?: string }): Promise<unknown> =>
      id
        ? call(api.PUT("/api/projects/{id}/commands/{command}", { params: { path: { id: project, command: id } }, body }))
        : call(api.POST("/api/projects/{id}/commands", { params: { path: { id: project } }, body })),
    onSuccess: (_answer, { project }) => changed(project),
    meta: { failed: false },
  });
}

export function useDeleteCommand() {
  return useMutation({
    mutationFn: ({ projectId: id, id: command }: StartupCommand) =>
      call(api.DELETE("/api/projects/{id}/commands/{command}", { params: { path: { id, command } } })),
    onSuccess: (_answer, { projectId }) => changed(projectId),
    meta: { failed: text.commands.deleteFailed },
  });
}

/** Starts a command; one that runs is ended and started anew. */
export function useStartCommand() {
  return useMutation({
    mutationFn: ({ projectId: id, id: command }: StartupCommand) =>
      call(api.POST("/api/projects/{id}/commands/{command}/start", { params: { path: { id, command } } })),
    meta: { failed: text.commands.startFailed },
  });
}

export function useStopCommand() {
  return useMutation({
    mutationFn: ({ projectId: id, id: command }: StartupCommand) =>
      call(api.POST("/api/projects/{id}/commands/{command}/stop", { params: { path: { id, command } } })),
    meta: { failed: text.commands.stopFailed },
  });
}

export function loadOutput(project: string, command: string): Promise<Schema["OutputAnswer"]> {
  return call(api.GET("/api/projects/{id}/commands/{command}/output", { params: { path: { id: project, command } } }));
}
