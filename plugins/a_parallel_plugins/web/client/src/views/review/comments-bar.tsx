import { MessageSquare } from "lucide-react";
import { useState } from "react";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { toast } from "@/ui/toast";
import { useSend } from "../thread/composer/send";
import { messageFor, setComments, useComments } from "./comments";

/** Says how many comments wait, and sends them to the agent as one message. */
export function CommentsBar({ thread }: { thread: string }) {
  const comments = useComments(thread);
  const send = useSend();
  const [busy, setBusy] = useState(false);
  const [discarding, setDiscarding] = useState(false);
  if (comments.length === 0) return null;
  const submit = async () => {
    setBusy(true);
    const sent = await send({ content: messageFor(comments) });
    setBusy(false);
    if (!sent) return;
    setComments(thread, []);
    toast.success(text.review.commentsSent);
  };
  return (
    <div className="flex shrink-0 items-center gap-2 border-t border-border bg-primary-soft px-3 py-2">
      <MessageSquare aria-hidden className="size-4 shrink-0 text-primary" />
      <p className="min-w-0 flex-1 text-xs">
        <span className="font-medium">{text.review.pendingComments(comments.length)}</span>{" "}
        <span className="hidden text-muted-foreground sm:inline">{text.review.pendingHelp}</span>
      </p>
      <Button size="sm" variant="ghost" className="h-9 md:h-7" onClick={() => setDiscarding(true)}>
        {text.review.discardComments}
      </Button>
      <Button size="sm" className="h-9 bg-card md:h-7" busy={busy} onClick={() => void submit()}>
        {text.review.sendComments}
      </Button>
      <ConfirmDialog
        open={discarding}
        onOpenChange={setDiscarding}
        title={text.review.discardTitle}
        action={text.review.discardComments}
        onConfirm={() => setComments(thread, [])}
      >
        {text.review.discardHelp}
      </ConfirmDialog>
    </div>
  );
}
