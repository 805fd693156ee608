import { useDraggable } from "@dnd-kit/core";
import { Link } from "@tanstack/react-router";
import { Ellipsis, GripVertical, Pin } from "lucide-react";
import type { KeyboardEventHandler, MouseEventHandler, TouchEventHandler } from "react";
import type { Project } from "@/data/projects";
import { type Thread, useGitSummary } from "@/data/threads";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { ago, cost, dateTime } from "@/lib/format";
import { GitMark, StatusIcon } from "@/shell/status";
import { ThreadMenu } from "@/shell/thread-menu";
import { Button } from "@/ui/button";

interface Props {
  thread: Thread;
  project: Project | undefined;
  /** It is the copy that follows the pointer. */
  lifted?: boolean;
}

/** A thread on the board. The pointer moves it by any place, the keyboard by its handle. */
export function Card({ thread, project, lifted }: Props) {
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, isDragging } = useDraggable({
    id: lifted ? `${thread.id}-lifted` : thread.id,
    data: { thread },
    disabled: lifted,
  });
  return (
    <div
      ref={setNodeRef}
      onMouseDown={listeners?.onMouseDown as MouseEventHandler}
      onTouchStart={listeners?.onTouchStart as TouchEventHandler}
      className={cn(
        "group relative touch-manipulation rounded-lg border border-border bg-card p-2.5 select-none",
        isDragging && "opacity-40",
        lifted ? "cursor-grabbing shadow-2xl" : "cursor-grab hover:border-input",
      )}
    >
      <div className="flex items-start gap-2 pr-5 pointer-coarse:pr-14">
        <StatusIcon status={thread.status} className="mt-0.5 shrink-0" />
        <Link
          to="/projects/$projectId/threads/$threadId"
          params={{ projectId: thread.projectId, threadId: thread.id }}
          draggable={false}
          className="line-clamp-3 min-w-0 text-[0.8125rem] leading-5 font-medium wrap-anywhere hover:text-primary"
        >
          {thread.title}
        </Link>
      </div>
      <Facts thread={thread} project={project} />
      <div className="absolute top-1.5 right-1 flex rounded-md bg-card pointer-coarse:top-0.5 pointer-coarse:items-center">
        <button
          type="button"
          ref={setActivatorNodeRef}
          {...attributes}
          aria-label={text.board.move(thread.title)}
          onKeyDown={listeners?.onKeyDown as KeyboardEventHandler}
          className="grid size-6 cursor-grab place-items-center rounded-md bg-card text-muted-foreground opacity-0 group-hover:opacity-100 focus-visible:opacity-100 pointer-fine:absolute pointer-fine:right-full pointer-coarse:size-8 pointer-coarse:opacity-100"
        >
          <GripVertical className="size-3.5" />
        </button>
        <ThreadMenu thread={thread}>
          <Button variant="ghost" size="icon-xs" aria-label={text.threads.actions(thread.title)} className="pointer-coarse:size-8">
            <Ellipsis />
          </Button>
        </ThreadMenu>
      </div>
    </div>
  );
}

function Facts({ thread, project }: { thread: Thread; project: Project | undefined }) {
  const summary = useGitSummary(thread.mode === "worktree" && !thread.archived ? thread : undefined);
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-2.5 gap-y-1 text-2xs text-muted-foreground">
      {project ? (
        <span className="flex min-w-0 items-center gap-1.5">
          <span
            aria-hidden
            className="size-2 shrink-0 rounded-[3px] bg-muted-foreground/50"
            style={project.color ? { backgroundColor: project.color } : undefined}
          />
          <span className="max-w-28 truncate">{project.name}</span>
        </span>
      ) : null}
      {thread.pinned ? <Pin aria-label={text.shell.pinned} className="size-3" /> : null}
      <GitMark summary={summary} />
      {thread.cost > 0 ? <span className="tabular-nums">{cost(thread.cost)}</span> : null}
      <time className="ml-auto" dateTime={thread.createdAt} title={dateTime(thread.createdAt)}>
        {ago(thread.createdAt)}
      </time>
    </div>
  );
}
