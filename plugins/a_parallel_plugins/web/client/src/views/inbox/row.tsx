import { Link } from "@tanstack/react-router";
import { CheckCheck, EyeOff, Mail } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import type { InboxItem } from "@/data/automations";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { ago, dateTime } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { Markdown } from "@/ui/markdown";

const FOLDED = 240;

/** A run: whose it is, how it ended, and its last words. */
export function InboxRow({ item, onTriage }: { item: InboxItem; onTriage: (status: Schema["TriageStatus"]) => void }) {
  const { run, automation, thread } = item;
  const [open, setOpen] = useState(false);
  const unread = run.triageStatus === "pending";
  const at = run.completedAt ?? run.startedAt;
  const summary = run.summary ?? "";
  return (
    <li className="flex gap-3 px-3 py-3 md:px-4">
      <span className={cn("mt-1.5 size-2 shrink-0 rounded-full", unread ? "bg-primary" : "bg-transparent")}>
        {unread ? <span className="sr-only">{text.inbox.unread}</span> : null}
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Link
            to="/projects/$projectId/threads/$threadId"
            params={{ projectId: thread.projectId, threadId: thread.id }}
            className={cn("min-w-0 truncate text-[0.8125rem] underline-offset-4 hover:underline", unread && "font-semibold")}
          >
            {automation.name}
          </Link>
          {run.completedAt ? null : <Badge tone="warning">{text.inbox.waits}</Badge>}
          {run.status === "failed" ? <Badge tone="danger">{text.inbox.failed}</Badge> : null}
          {run.triageStatus === "dismissed" ? <Badge>{text.inbox.dismissed}</Badge> : null}
          <time dateTime={at} title={dateTime(at)} className="text-2xs text-muted-foreground">
            {ago(at)}
          </time>
        </div>
        <div className={cn("mt-1 text-[0.8125rem] text-muted-foreground [&_:is(h1,h2,h3)]:mt-0 [&_:is(h1,h2,h3)]:mb-1 [&_:is(h1,h2,h3)]:text-[0.8125rem]", !open && "line-clamp-3")}>
          {summary ? <Markdown>{summary}</Markdown> : text.inbox.noSummary}
        </div>
        {summary.length > FOLDED ? (
          <button type="button" aria-expanded={open} className="mt-1 text-xs font-medium text-primary" onClick={() => setOpen(!open)}>
            {open ? text.shell.showFewer : text.common.more}
          </button>
        ) : null}
      </div>
      <div className="-my-1.5 flex shrink-0 gap-0.5 max-md:-mr-1.5 max-md:flex-col">
        {unread ? (
          <>
            <IconButton className="size-9 md:size-7" label={text.inbox.markRead} onClick={() => onTriage("reviewed")}>
              <CheckCheck />
            </IconButton>
            <IconButton label={text.inbox.dismiss} onClick={() => onTriage("dismissed")}>
              <EyeOff />
            </IconButton>
          </>
        ) : (
          <IconButton className="size-9 md:size-7" label={text.inbox.markUnread} onClick={() => onTriage("pending")}>
            <Mail />
          </IconButton>
        )}
      </div>
    </li>
  );
}
