import { useQuery } from "@tanstack/react-query";
import { Clock, LoaderCircle } from "lucide-react";
import { useEffect, useState } from "react";
import { api, call } from "@/api/client";
import { text } from "@/i18n";
import { duration } from "@/lib/format";
import type { Snapshot } from "./conversation/store";
import type { Message, Thread } from "./conversation/types";
import { useConversation } from "./conversation/use";

/** Says how long the agent has been at work, or was, or that it waits for its turn. */
export function RunLine({ thread, snapshot }: { thread: Thread; snapshot: Snapshot }) {
  const conversation = useConversation();
  const question = lastQuestion(snapshot, (id) => conversation.message(id));
  const running = thread.status === "running";
  const now = useNow(running);
  if (thread.status === "pending") return <Queued threadId={thread.id} />;
  if (running) {
    const since = question ? Math.max(0, now - new Date(question.timestamp).getTime()) : 0;
    return (
      <p role="status" className="flex h-7 items-center gap-1.5 px-1 text-xs text-muted-foreground">
        <LoaderCircle className="size-3.5 animate-spin text-primary" />
        {text.threads.working}
        <span aria-hidden className="tabular-nums">
          {since > 1000 ? duration(since) : null}
        </span>
      </p>
    );
  }
  const worked = snapshot.duration ?? between(question?.timestamp, thread.completedAt);
  if (worked === null || thread.status === "waiting" || thread.status === "idle") return <div className="h-2" />;
  return (
    <p className="flex h-7 items-center gap-1.5 px-1 text-xs text-muted-foreground">
      <Clock className="size-3.5" />
      {text.threads.worked(duration(worked))}
      {thread.status === "completed" ? null : ` · ${text.threads.statuses[thread.status] ?? thread.status}`}
    </p>
  );
}

function Queued({ threadId }: { threadId: string }) {
  const { data } = useQuery({
    queryKey: ["thread", threadId, "queue"],
    queryFn: () => call(api.GET("/api/threads/{thread}/queue", { params: { path: { thread: threadId } } })),
    refetchInterval: 3000,
  });
  return (
    <p role="status" className="flex h-7 items-center gap-1.5 px-1 text-xs text-muted-foreground">
      <LoaderCircle className="size-3.5 animate-spin" />
      {data?.queue ? text.threads.queued(data.queue.place) : text.threads.statuses.pending}
    </p>
  );
}

function lastQuestion({ newest }: Snapshot, message: (id: string) => Message | undefined): Message | undefined {
  const last = newest.findLast((id) => message(id)?.role === "user");
  return last === undefined ? undefined : message(last);
}

function between(start: string | undefined, end: string | null | undefined): number | null {
  if (!start || !end) return null;
  const passed = new Date(end).getTime() - new Date(start).getTime();
  return passed >= 0 ? passed : null;
}

function useNow(ticking: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
