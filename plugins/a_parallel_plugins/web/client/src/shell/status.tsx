import { Circle, CircleAlert, CircleCheck, CircleDashed, CircleHelp, CirclePause, CircleSlash, type LucideIcon } from "lucide-react";
import type { GitSummary } from "@/data/threads";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Badge, type Tone } from "@/ui/badge";
import { Spinner } from "@/ui/spinner";

const STATUS: Record<string, { icon: LucideIcon; className: string }> = {
  idle: { icon: CircleDashed, className: "text-muted-foreground" },
  pending: { icon: Circle, className: "text-muted-foreground" },
  waiting: { icon: CircleHelp, className: "text-warning" },
  completed: { icon: CircleCheck, className: "text-success" },
  failed: { icon: CircleAlert, className: "text-destructive" },
  stopped: { icon: CirclePause, className: "text-muted-foreground" },
  interrupted: { icon: CircleSlash, className: "text-muted-foreground" },
};

/** A thread's status as an icon; its name is read aloud. */
export function StatusIcon({ status, className }: { status: string; className?: string }) {
  const label = text.threads.statuses[status] ?? status;
  if (status === "running") {
    return (
      <span role="img" aria-label={label} title={label} className={cn("text-primary", className)}>
        <Spinner />
      </span>
    );
  }
  const { icon: Icon, className: colour } = STATUS[status] ?? { icon: Circle, className: "text-muted-foreground" };
  return (
    <span role="img" aria-label={label} title={label} className={cn(colour, className)}>
      <Icon className="size-4" />
    </span>
  );
}

const STAGE_TONES: Record<string, Tone> = { backlog: "neutral", in_progress: "info", review: "warning", done: "success" };

export function StageBadge({ stage }: { stage: string }) {
  return <Badge tone={STAGE_TONES[stage] ?? "neutral"}>{text.threads.stages[stage] ?? stage}</Badge>;
}

const GIT_TONES: Record<string, string> = {
  dirty: "bg-warning",
  unpushed: "bg-info",
  pushed: "bg-primary",
  merged: "bg-success",
  clean: "bg-border",
};

/** What git says of a thread's worktree: a dot for the state, and how many lines changed. */
export function GitMark({ summary }: { summary: GitSummary | undefined }) {
  if (!summary || (summary.state === "clean" && !summary.linesAdded && !summary.linesDeleted)) return null;
  const label = text.threads.gitStates[summary.state] ?? summary.state;
  return (
    <span className="inline-flex items-center gap-1 font-mono text-2xs tabular-nums" title={label}>
      <span role="img" aria-label={label} className={cn("size-1.5 rounded-full", GIT_TONES[summary.state] ?? "bg-border")} />
      {summary.linesAdded ? <span className="text-success">+{summary.linesAdded}</span> : null}
      {summary.linesDeleted ? <span className="text-destructive">−{summary.linesDeleted}</span> : null}
    </span>
  );
}
