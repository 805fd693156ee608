import type { Schema } from "@/api/client";
import type { Automation } from "@/data/automations";

export const MODELS: readonly Schema["Model"][] = ["sonnet", "opus", "haiku"];
export const PERMISSIONS: readonly Schema["PermissionMode"][] = ["plan", "autoEdit", "confirmEdit"];
export const MISSED: readonly Schema["MissedPolicy"][] = ["skip", "one", "all"];
export const OVERLAPS: readonly Schema["OverlapPolicy"][] = ["skip", "queue", "parallel"];

/** What is in the form. */
export interface Draft {
  projectId: string;
  name: string;
  prompt: string;
  schedule: string;
  timezone: string | null;
  model: Schema["Model"];
  permissionMode: Schema["PermissionMode"];
  mode: Schema["AutomationMode"];
  baseBranch: string | null;
  missedPolicy: Schema["MissedPolicy"];
  overlapPolicy: Schema["OverlapPolicy"];
  jitter: number;
  maxRunHistory: number;
}

/** Returns the form for an automation, or an empty one. */
export function draftOf(projectId: string, automation?: Automation): Draft {
  return {
    projectId: automation?.projectId ?? projectId,
    name: automation?.name ?? "",
    prompt: automation?.prompt ?? "",
    schedule: automation?.schedule ?? "0 9 * * MON-FRI",
    timezone: automation ? (automation.timezone ?? null) : ownZone(),
    model: known(MODELS, automation?.model, "sonnet"),
    permissionMode: known(PERMISSIONS, automation?.permissionMode, "autoEdit"),
    mode: automation?.mode === "merge" ? "merge" : "default",
    baseBranch: automation?.baseBranch ?? null,
    missedPolicy: known(MISSED, automation?.missedPolicy, "skip"),
    overlapPolicy: known(OVERLAPS, automation?.overlapPolicy, "skip"),
    jitter: automation?.jitter ?? 0,
    maxRunHistory: automation?.maxRunHistory ?? 20,
  };
}

/** Names of time zones, as schedules may have them. */
export const ZONES = [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];

/** Returns the browser's time zone, or null for the server's where the browser has no proper name for its own. */
function ownZone(): string | null {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return ZONES.includes(zone) ? zone : null;
}

function known<Value extends string>(values: readonly Value[], value: string | null | undefined, fallback: Value): Value {
  return values.find((one) => one === value) ?? fallback;
}
