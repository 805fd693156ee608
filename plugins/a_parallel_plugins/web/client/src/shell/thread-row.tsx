import { Link } from "@tanstack/react-router";
import { Ellipsis, Pin } from "lucide-react";
import { type Thread, useGitSummary } from "@/data/threads";
import { text } from "@/i18n";
import { cost } from "@/lib/format";
import { Button } from "@/ui/button";
import { show } from "./actions";
import { GitMark, StatusIcon } from "./status";
import { ThreadMenu } from "./thread-menu";

/** One thread in the sidebar: status and title, below them its stage, git state and cost. */
export function ThreadRow({ thread }: { thread: Thread }) {
  const summary = useGitSummary(thread.mode === "worktree" ? thread : undefined);
  return (
    <li className="group/row relative">
      <Link
        to="/projects/$projectId/threads/$threadId"
        params={{ projectId: thread.projectId, threadId: thread.id }}
        onClick={() => show({ sidebar: false })}
        className="flex items-start gap-2 rounded-md px-2 py-1.5 hover:bg-accent/60 data-[status=active]:bg-accent pointer-coarse:pr-9"
      >
        <StatusIcon status={thread.status} className="mt-0.5" />
        <span className="grid min-w-0 flex-1">
          <span className="truncate text-[0.8125rem] leading-5">{thread.title}</span>
          <span className="flex items-center gap-1.5 overflow-hidden text-2xs whitespace-nowrap text-muted-foreground">
            {thread.pinned ? <Pin aria-label={text.shell.pinned} className="size-3" /> : null}
            <span>{text.threads.stages[thread.stage] ?? thread.stage}</span>
            <GitMark summary={summary} />
            {thread.cost > 0 ? <span className="tabular-nums">{cost(thread.cost)}</span> : null}
          </span>
        </span>
      </Link>
      <ThreadMenu thread={thread}>
        <Button
          variant="ghost"
          size="icon-xs"
          aria-label={text.threads.actions(thread.title)}
          className="absolute top-1.5 right-1 bg-accent opacity-0 group-hover/row:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100 pointer-coarse:bg-transparent pointer-coarse:opacity-100"
        >
          <Ellipsis />
        </Button>
      </ThreadMenu>
    </li>
  );
}
