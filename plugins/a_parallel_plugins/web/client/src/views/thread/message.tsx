import { ChevronRight, CircleAlert, LoaderCircle } from "lucide-react";
import { memo, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { dateTime, time } from "@/lib/format";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/code";
import { Dialog, DialogContent } from "@/ui/dialog";
import { Markdown } from "@/ui/markdown";
import { Skeleton } from "@/ui/states";
import type { ImageAttachment, Message, Thread } from "./conversation/types";
import { useConversation } from "./conversation/use";
import { useResend } from "./composer/send";
import { ToolCard } from "./tools/card";

interface Props {
  id: string;
  message: Message | undefined;
  thread: Thread;
  directory: string | null;
  thinking: string | undefined;
  /** The agent is at work, so calls without output may still get one. */
  running: boolean;
}

/** One message of the conversation. */
export const MessageItem = memo(function MessageItem({ message, ...rest }: Props) {
  if (!message) return <Skeleton className="my-2 h-16" />;
  if (message.role === "user") return <UserMessage message={message} />;
  return <AgentMessage message={message} {...rest} />;
});

function UserMessage({ message }: { message: Message }) {
  const resend = useResend();
  const conversation = useConversation();
  return (
    <article aria-label={text.threads.you} className="group/message flex flex-col items-end pt-3 pb-1">
      <div className="max-w-[88%] rounded-2xl rounded-br-md bg-primary-soft px-3.5 py-2 md:max-w-[80%]">
        {message.images?.length ? <Images images={message.images} /> : null}
        <UserText>{message.content}</UserText>
        <Clipped message={message} />
      </div>
      <footer className="mt-1 flex h-5 items-center gap-1.5 text-2xs text-muted-foreground">
        {message.sending === "sending" ? (
          <>
            <LoaderCircle className="size-3 animate-spin" /> {text.threads.sending}
          </>
        ) : message.sending === "failed" ? (
          <>
            <CircleAlert className="size-3 text-destructive" />
            <span className="text-destructive">{text.threads.messageFailed}</span>
            <Button variant="link" size="sm" className="h-5 px-1" onClick={() => resend(message)}>
              {text.common.retry}
            </Button>
            <Button variant="link" size="sm" className="h-5 px-1" onClick={() => conversation.discard(message.id)}>
              {text.threads.remove}
            </Button>
          </>
        ) : (
          <Meta message={message} />
        )}
      </footer>
    </article>
  );
}

const LONG = 1200;

/** What somebody wrote, as it is; a long text is folded. */
function UserText({ children }: { children: string }) {
  const [open, setOpen] = useState(false);
  const long = children.length > LONG || children.split("\n").length > 14;
  return (
    <>
      <p className={cn("leading-relaxed break-words whitespace-pre-wrap", long && !open && "line-clamp-[10]")}>{children}</p>
      {long ? (
        <button type="button" onClick={() => setOpen(!open)} className="mt-1 text-xs font-medium text-primary">
          {open ? text.shell.showFewer : text.threads.showAll}
        </button>
      ) : null}
    </>
  );
}

function AgentMessage({ message, thread, directory, thinking, running }: Omit<Props, "message"> & { message: Message }) {
  return (
    <article aria-label={text.threads.agent} className="group/message grid grid-cols-[minmax(0,1fr)] gap-2 py-1.5">
      {thinking ? <Thinking>{thinking}</Thinking> : null}
      {message.content ? (
        <div>
          <Markdown>{message.content}</Markdown>
          <Clipped message={message} />
          <div className="flex h-5 items-center gap-1 text-2xs text-muted-foreground opacity-0 transition-opacity group-focus-within/message:opacity-100 group-hover/message:opacity-100">
            <Meta message={message} />
            <CopyButton value={message.content} className="size-5" />
          </div>
        </div>
      ) : null}
      {message.toolCalls.map((call) => (
        <ToolCard key={call.id} call={call} thread={thread} directory={directory} running={running} />
      ))}
      {message.toolCalls.some((call) => call.clipped) ? <Clipped message={{ ...message, clipped: true }} /> : null}
    </article>
  );
}

function Meta({ message }: { message: Message }) {
  return (
    <time dateTime={message.timestamp} title={dateTime(message.timestamp)}>
      {time(message.timestamp)}
    </time>
  );
}

function Thinking({ children }: { children: string }) {
  const [open, setOpen] = useState(false);
  return (
    <section className="text-[0.8125rem] text-muted-foreground">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex items-center gap-1 hover:text-foreground">
        <ChevronRight className={cn("size-3.5 transition-transform", open && "rotate-90")} />
        {text.threads.thinking}
      </button>
      {open ? (
        <div className="mt-1 border-l-2 border-border pl-3">
          <Markdown className="text-[0.8125rem]">{children}</Markdown>
        </div>
      ) : null}
    </section>
  );
}

function Clipped({ message }: { message: Message }) {
  const conversation = useConversation();
  const [busy, setBusy] = useState(false);
  if (!message.clipped) return null;
  const load = () => {
    setBusy(true);
    void conversation.loadWhole(message.id).finally(() => setBusy(false));
  };
  return (
    <p className="mt-1 flex items-center gap-1 text-xs text-muted-foreground">
      {text.threads.clipped}
      <Button variant="link" size="sm" className="px-1" busy={busy} onClick={load}>
        {text.threads.showAll}
      </Button>
    </p>
  );
}

function Images({ images }: { images: ImageAttachment[] }) {
  const [shown, setShown] = useState<number | null>(null);
  const addresses = images.map(({ source }) => `data:${source.media_type};base64,${source.data}`);
  return (
    <div className="mb-1.5 flex flex-wrap gap-1.5">
      {addresses.map((address, index) => (
        <button key={index} type="button" onClick={() => setShown(index)} className="overflow-hidden rounded-md border border-border">
          <img src={address} alt={text.threads.image(index + 1)} className="h-24 max-w-48 object-cover" />
        </button>
      ))}
      <Dialog open={shown !== null} onOpenChange={() => setShown(null)}>
        <DialogContent title={text.threads.image((shown ?? 0) + 1)} className="sm:w-fit sm:max-w-[92vw]">
          <img src={addresses[shown ?? 0]} alt={text.threads.image((shown ?? 0) + 1)} className="max-h-[78vh] max-w-full" />
        </DialogContent>
      </Dialog>
    </div>
  );
}
