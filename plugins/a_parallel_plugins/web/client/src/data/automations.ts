import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, call, idempotencyKey, type Schema } from "@/api/client";
import { text } from "@/i18n";
import { queries } from "./query";

export type Automation = Schema["Automation"];
export type AutomationRun = Schema["AutomationRun"];
export type InboxItem = Schema["InboxItem"];
export type NewAutomation = Schema["NewAutomation"];
export type ServerZone = Schema["ServerZone"];
export type AutomationPatch = Schema["AutomationPatch"];

export const automationsQuery = queryOptions({
  queryKey: ["automations", "all"],
  queryFn: () => call(api.GET("/api/automations")),
});

/** The time zone of schedules that name none. */
export const serverZoneQuery = queryOptions({
  queryKey: ["server-zone"],
  queryFn: () => call(api.GET("/api/automations/zone")),
  staleTime: 60_000,
});

export function runsQuery(automation: string) {
  return queryOptions({
    queryKey: ["automations", "runs", automation],
    queryFn: () => call(api.GET("/api/automations/{automation}/runs", { params: { path: { automation } } })),
  });
}

/** Runs that wait for a person or have ended, newest first. */
export const inboxQuery = queryOptions({
  queryKey: ["automations", "inbox", "all"],
  queryFn: () => call(api.GET("/api/automations/inbox")),
  staleTime: 0,
});

/** Runs that nobody has looked at yet. */
export const pendingQuery = queryOptions({
  queryKey: ["automations", "inbox", "pending"],
  queryFn: () => call(api.GET("/api/automations/inbox", { params: { query: { triageStatus: "pending" } } })),
});

const changed = () => queries.invalidateQueries({ queryKey: ["automations"] });

/** Makes an automation, or changes the one with the given id. */
export function useSaveAutomation() {
  return useMutation({
    mutationFn: ({ id, body }: { id?: string; body: NewAutomation & AutomationPatch }): Promise<Automation> => {
      if (!id) {
        const { maxRunHistory: _kept, enabled: _on, ...fresh } = body;
        return call(api.POST("/api/automations", { body: fresh, headers: { "Idempotency-Key": idempotencyKey() } }));
      }
      const { projectId: _project, ...changes } = body;
      return call(api.PATCH("/api/automations/{automation}", { params: { path: { automation: id } }, body: changes }));
    },
    onSuccess: changed,
    meta: { failed: false },
  });
}

/** Pauses or resumes an automation; the list shows it at once. */
export function useEnableAutomation() {
  return useMutation({
    mutationFn: ({ id, enabled }: { id: string; enabled: boolean }) =>
      call(api.PATCH("/api/automations/{automation}", { params: { path: { automation: id } }, body: { enabled } })),
    onMutate: ({ id, enabled }) =>
      queries.setQueryData(automationsQuery.queryKey, (all) => all?.map((one) => (one.id === id ? { ...one, enabled } : one))),
    onSettled: changed,
  });
}

export function useDeleteAutomation() {
  return useMutation({
    mutationFn: (automation: string) => call(api.DELETE("/api/automations/{automation}", { params: { path: { automation } } })),
    onSuccess: changed,
  });
}

/** Starts a run now. */
export function useRunAutomation() {
  return useMutation({
    mutationFn: (automation: string) => call(api.POST("/api/automations/{automation}/trigger", { params: { path: { automation } } })),
    onSuccess: changed,
    meta: { failed: text.automations.runFailed },
  });
}

/** Says what the reader made of runs; the inbox shows it at once and takes it back if the server refuses. */
export function useTriage() {
  return useMutation({
    mutationFn: ({ runs, triageStatus }: { runs: string[]; triageStatus: Schema["TriageStatus"] }) =>
      Promise.all(
        runs.map((run) => call(api.PATCH("/api/automations/runs/{run}/triage", { params: { path: { run } }, body: { triageStatus } }))),
      ),
    onMutate: ({ runs, triageStatus }) =>
      queries.setQueryData(inboxQuery.queryKey, (all) =>
        all?.map((item) => (runs.includes(item.run.id) ? { ...item, run: { ...item.run, triageStatus } } : item)),
      ),
    onSettled: changed,
    meta: { failed: text.inbox.failedToMark },
  });
}
