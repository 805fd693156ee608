import { useState } from "react";
import { messageOf } from "@/api/errors";
import { useOpenPullRequest } from "@/data/review";
import type { GitSummary, Thread } from "@/data/threads";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input, Textarea } from "@/ui/input";
import { Alert } from "@/ui/states";
import { toast } from "@/ui/toast";

interface Props {
  thread: Thread;
  summary: GitSummary | undefined;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function PullRequestDialog({ open, onOpenChange, ...rest }: Props) {
  const { branch, baseBranch } = rest.thread;
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title={text.review.pullRequestTitle}
        description={branch && baseBranch ? text.review.pullRequestHelp(branch, baseBranch) : undefined}
      >
        <Form {...rest} onDone={() => onOpenChange(false)} />
      </DialogContent>
    </Dialog>
  );
}

function Form({ thread, summary, onDone }: Pick<Props, "thread" | "summary"> & { onDone: () => void }) {
  const [title, setTitle] = useState(thread.title);
  const [body, setBody] = useState("");
  const request = useOpenPullRequest(thread.id);
  const push = summary !== undefined && (!summary.hasRemoteBranch || summary.unpushedCommitCount > 0);
  const submit = () =>
    request.mutate(
      { title: title.trim(), body, push },
      {
        onSuccess: ({ url }) => {
          onDone();
          const web = /^https?:\/\//.test(url);
          toast.success(text.review.pullRequestOpened, {
            detail: url,
            action: web ? { label: text.review.pullRequestShow, run: () => open(url, "_blank", "noopener,noreferrer") } : undefined,
          });
        },
      },
    );
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field label={text.review.pullRequestName}>
        {(ids) => <Input {...ids} value={title} required onChange={(event) => setTitle(event.target.value)} />}
      </Field>
      <Field label={text.review.pullRequestBody} help={push ? text.review.pullRequestPush : undefined}>
        {(ids) => <Textarea {...ids} value={body} className="min-h-32" onChange={(event) => setBody(event.target.value)} />}
      </Field>
      {request.isError ? <Alert tone="danger">{messageOf(request.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onDone}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={request.isPending} disabled={!title.trim()}>
          {text.review.pullRequestOpen}
        </Button>
      </DialogActions>
    </form>
  );
}
