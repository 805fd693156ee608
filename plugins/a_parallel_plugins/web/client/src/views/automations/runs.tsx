import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Automation, type AutomationRun, runsQuery } from "@/data/automations";
import { text } from "@/i18n";
import { dateTime, duration } from "@/lib/format";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ErrorState, SkeletonList } from "@/ui/states";

const SHOWN = 10;
const TONES: Record<string, Tone> = { running: "info", completed: "success", failed: "danger" };

/** The runs of an automation, newest first. */
export function Runs({ automation }: { automation: Automation }) {
  const [all, setAll] = useState(false);
  const { data: runs, error, refetch } = useQuery(runsQuery(automation.id));
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} className="py-4" />;
  if (!runs) return <SkeletonList rows={2} className="px-4 pb-3" />;
  return (
    <div className="border-t border-border bg-muted/40 px-3 py-2 md:px-14">
      {runs.length === 0 ? <p className="py-1 text-xs text-muted-foreground">{text.automations.noRuns}</p> : null}
      <ul aria-label={text.automations.runsOf(automation.name)}>
        {runs.slice(0, all ? undefined : SHOWN).map((run) => (
          <Run key={run.id} run={run} projectId={automation.projectId} />
        ))}
      </ul>
      {runs.length > SHOWN && !all ? (
        <Button variant="link" size="sm" className="px-0" onClick={() => setAll(true)}>
          {text.shell.showAll(runs.length)}
        </Button>
      ) : null}
    </div>
  );
}

function Run({ run, projectId }: { run: AutomationRun; projectId: string }) {
  const took = run.completedAt ? Date.parse(run.completedAt) - Date.parse(run.startedAt) : null;
  return (
    <li className="flex items-center gap-3 py-1.5 text-xs">
      <Badge tone={TONES[run.status] ?? "neutral"}>{text.automations.runStatuses[run.status] ?? run.status}</Badge>
      <Link
        to="/projects/$projectId/threads/$threadId"
        params={{ projectId, threadId: run.threadId }}
        className="shrink-0 tabular-nums underline-offset-4 hover:underline"
      >
        {dateTime(run.startedAt)}
      </Link>
      {took !== null ? <span className="shrink-0 text-muted-foreground tabular-nums">{duration(took)}</span> : null}
      <span className="hidden min-w-0 flex-1 truncate text-muted-foreground md:block">{run.summary}</span>
    </li>
  );
}
