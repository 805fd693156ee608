import { useQuery } from "@tanstack/react-query";
import { CircleAlert, Play } from "lucide-react";
import { failureQuery } from "@/data/agents";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { useSend } from "./composer/send";
import type { Thread } from "./conversation/types";

/** Says why the last run failed, and lets the agent go on. */
export function FailureNotice({ thread }: { thread: Thread }) {
  return thread.status === "failed" ? <Failed threadId={thread.id} /> : null;
}

function Failed({ threadId }: { threadId: string }) {
  const send = useSend();
  const { data: failure } = useQuery(failureQuery(threadId));
  return (
    <section
      aria-label={text.threads.failed}
      className="mb-2 flex items-start gap-2.5 rounded-xl border border-destructive/30 bg-destructive-soft px-3.5 py-2.5 text-[0.8125rem]"
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
      <div className="min-w-0 flex-1">
        <h2 className="font-semibold text-destructive">{text.threads.failed}</h2>
        {failure ? (
          <p tabIndex={0} className="max-h-32 overflow-y-auto break-words whitespace-pre-wrap">
            {text.threads.failures[failure] ?? failure}
          </p>
        ) : null}
      </div>
      <Button variant="outline" className="shrink-0" onClick={() => void send({ content: text.threads.continue })}>
        <Play /> {text.threads.resume}
      </Button>
    </section>
  );
}
