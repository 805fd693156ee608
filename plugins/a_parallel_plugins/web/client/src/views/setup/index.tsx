import { useQuery } from "@tanstack/react-query";
import { Check, CircleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { DEMO, setupQuery, useProviderChoice } from "@/data/agents";
import { useProjects } from "@/data/projects";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { show } from "@/shell/actions";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { Alert, SkeletonList } from "@/ui/states";
import { AddProject } from "./add-project";

const INSTALL = "npm install -g @anthropic-ai/claude-code";

/** The first minutes: an agent, a project, a thread. */
export default function SetupView() {
  const status = useQuery(setupQuery);
  const projects = useProjects();
  const { available, chosen } = useProviderChoice();
  const [added, setAdded] = useState<string | null>(null);
  const agentReady = status.data?.available === true || (chosen ?? "") !== "" || available.length > 0;
  const projectId = added ?? projects.data?.[0]?.id;
  if (projects.isPending) {
    return (
      <Page title={text.setup.title}>
        <SkeletonList rows={3} />
      </Page>
    );
  }
  return (
    <Page title={text.setup.title} description={text.setup.subtitle}>
      <ol className="grid gap-3">
        <Step number={1} title={text.setup.agentTitle} help={text.setup.agentHelp} done={agentReady} open>
          <Agent />
        </Step>
        <Step number={2} title={text.setup.projectTitle} help={text.setup.projectHelp} done={projectId !== undefined} open={projectId === undefined}>
          <AddProject onAdded={setAdded} />
        </Step>
        <Step number={3} title={text.setup.startTitle} help={text.setup.startHelp} done={false} open={projectId !== undefined}>
          <Button variant="primary" onClick={() => show({ newThread: projectId ?? "" })}>
            {text.setup.start}
          </Button>
        </Step>
      </ol>
    </Page>
  );
}

function Step({
  number,
  title,
  help,
  done,
  open,
  children,
}: {
  number: number;
  title: string;
  help: string;
  done: boolean;
  open: boolean;
  children: ReactNode;
}) {
  return (
    <li className={cn("rounded-xl border border-border p-4 md:p-5", (open || done) && "bg-card")}>
      <div className="flex items-start gap-3">
        <span
          className={cn(
            "grid size-6 shrink-0 place-items-center rounded-full text-xs font-semibold",
            done ? "bg-success-soft text-success" : "bg-primary-soft text-primary",
          )}
        >
          {done ? <Check className="size-3.5" strokeWidth={3} /> : number}
        </span>
        <div className="min-w-0 flex-1">
          <h2 className="text-sm font-semibold">{title}</h2>
          <p className="text-xs text-muted-foreground">{help}</p>
          {open ? <div className="mt-4">{children}</div> : null}
        </div>
      </div>
    </li>
  );
}

function Agent() {
  const status = useQuery(setupQuery);
  const { available, chosen, choose } = useProviderChoice();
  if (status.isPending) return <SkeletonList rows={1} />;
  if (status.data?.available) {
    return (
      <p className="flex items-center gap-2 text-[0.8125rem]">
        <Check className="size-4 text-success" />
        {text.setup.agentFound(/\d+\.\d+\S*/.exec(status.data.version ?? "")?.[0])}
      </p>
    );
  }
  return (
    <div className="grid gap-3">
      <Alert tone="warning">
        <p className="flex items-center gap-2 font-medium">
          <CircleAlert className="size-4 shrink-0" /> {text.setup.agentMissing}
        </p>
        {status.data?.error ? <p className="mt-1 text-xs">{status.data.error}</p> : null}
      </Alert>
      <div className="text-[0.8125rem]">
        <p>{text.setup.installHelp}</p>
        <code className="mt-1 block overflow-x-auto rounded-md bg-muted px-2.5 py-1.5 font-mono text-xs">{INSTALL}</code>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Button variant="outline" busy={status.isFetching} onClick={() => void status.refetch()}>
          {text.setup.lookAgain}
        </Button>
        {available.includes(DEMO) ? (
          chosen === DEMO ? (
            <p className="flex items-center gap-1.5 text-xs text-success">
              <Check className="size-4" /> {text.setup.demoChosen}
            </p>
          ) : (
            <Button onClick={() => choose(DEMO)}>{text.setup.demo}</Button>
          )
        ) : null}
      </div>
      {available.includes(DEMO) ? <p className="text-xs text-muted-foreground">{text.setup.demoHelp}</p> : null}
    </div>
  );
}
