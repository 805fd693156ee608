import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { api, call, type Schema } from "@/api/client";
import { queries } from "./query";

export type Project = Schema["Project"];

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: () => call(api.GET("/api/projects")),
});

export function useProjects() {
  return useQuery(projectsQuery);
}

export function useProject(id: string | undefined): Project | undefined {
  return useQuery({ ...projectsQuery, select: (all) => all.find((project) => project.id === id) }).data;
}

export function branchesQuery(projectId: string) {
  return queryOptions({
    queryKey: ["branches", projectId],
    queryFn: () => call(api.GET("/api/projects/{id}/branches", { params: { path: { id: projectId } } })),
    enabled: projectId !== "",
  });
}

/** The name of the branch that a thread's work is compared with; undefined while it is not known. */
export function useBase({ projectId, baseBranch }: Pick<Schema["Thread"], "projectId" | "baseBranch">): string | undefined {
  const branches = useQuery({ ...branchesQuery(projectId), enabled: !baseBranch }).data;
  return baseBranch ?? branches?.defaultBranch ?? undefined;
}

export function useAddProject() {
  return useMutation({
    mutationFn: (body: Schema["NewProject"]) => call(api.POST("/api/projects", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["projects"] }),
    meta: { failed: false },
  });
}

export function useChangeProject() {
  return useMutation({
    mutationFn: ({ id, ...body }: Schema["ProjectChanges"] & { id: string }) =>
      call(api.PATCH("/api/projects/{id}", { params: { path: { id } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["projects"] }),
  });
}

export function useRemoveProject() {
  return useMutation({
    mutationFn: (id: string) => call(api.DELETE("/api/projects/{id}", { params: { path: { id } } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["projects"] });
      await queries.invalidateQueries({ queryKey: ["threads"] });
    },
  });
}
