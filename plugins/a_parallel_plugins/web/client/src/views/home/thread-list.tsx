import { Link } from "@tanstack/react-router";
import { Ellipsis, GitBranch } from "lucide-react";
import type { ReactNode } from "react";
import { useProject } from "@/data/projects";
import { type Thread, useGitSummary } from "@/data/threads";
import { text } from "@/i18n";
import { ago, cost } from "@/lib/format";
import { GitMark, StageBadge, StatusIcon } from "@/shell/status";
import { ThreadMenu } from "@/shell/thread-menu";
import { Button } from "@/ui/button";
import { CardList } from "@/ui/page";

/** Threads as rows of a page, with more room than the sidebar has. */
export function ThreadList({ threads, withProject }: { threads: readonly Thread[]; withProject?: boolean }) {
  return (
    <CardList>
      {threads.map((thread) => (
        <Row key={thread.id} thread={thread} withProject={withProject} />
      ))}
    </CardList>
  );
}

function Row({ thread, withProject }: { thread: Thread; withProject?: boolean }) {
  const project = useProject(withProject ? thread.projectId : undefined);
  const summary = useGitSummary(thread.mode === "worktree" && !thread.archived ? thread : undefined);
  return (
    <li className="relative flex items-center gap-1 pr-2 hover:bg-accent/40">
      <Link
        to="/projects/$projectId/threads/$threadId"
        params={{ projectId: thread.projectId, threadId: thread.id }}
        className="flex min-w-0 flex-1 items-center gap-3 py-2.5 pr-1 pl-4 focus-visible:-outline-offset-2"
      >
        <StatusIcon status={thread.status} />
        <span className="grid min-w-0 flex-1 gap-0.5">
          <span className="line-clamp-2 text-[0.8125rem] font-medium break-words sm:line-clamp-1 sm:break-all">{thread.title}</span>
          <span className="flex min-w-0 items-center gap-2 overflow-hidden text-2xs whitespace-nowrap text-muted-foreground">
            <span className="sm:hidden">
              <StageBadge stage={thread.stage} />
            </span>
            {project ? <span className="truncate">{project.name}</span> : null}
            <span>{text.threads.statuses[thread.status] ?? thread.status}</span>
            <time dateTime={thread.completedAt ?? thread.createdAt}>{ago(thread.completedAt ?? thread.createdAt)}</time>
            {thread.branch ? (
              <Mark>
                <GitBranch className="size-3 shrink-0" />
                <span className="truncate font-mono">{thread.branch}</span>
              </Mark>
            ) : null}
          </span>
        </span>
        <GitMark summary={summary} />
        {thread.cost > 0 ? <span className="hidden text-xs text-muted-foreground tabular-nums sm:inline">{cost(thread.cost)}</span> : null}
        <span className="hidden sm:inline">
          <StageBadge stage={thread.stage} />
        </span>
      </Link>
      <ThreadMenu thread={thread}>
        <Button variant="ghost" size="icon-sm" aria-label={text.threads.actions(thread.title)}>
          <Ellipsis />
        </Button>
      </ThreadMenu>
    </li>
  );
}

function Mark({ children }: { children: ReactNode }) {
  return <span className="hidden min-w-0 items-center gap-1 md:flex">{children}</span>;
}
