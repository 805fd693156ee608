import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId, useState } from "react";
import { messageOf } from "@/api/errors";
import { branchesQuery } from "@/data/projects";
import { useMerge } from "@/data/review";
import { type GitSummary, type Thread, useThread } from "@/data/threads";
import { text } from "@/i18n";
import { useTopic } from "@/live/hooks";
import { StatusIcon } from "@/shell/status";
import { Button } from "@/ui/button";
import { Combobox } from "@/ui/combobox";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Alert } from "@/ui/states";
import { Checkbox } from "@/ui/switch";
import { toast } from "@/ui/toast";

interface Props {
  thread: Thread;
  summary: GitSummary | undefined;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Merges the branch of a thread; an agent resolves conflicts if that is wished. */
export function MergeDialog({ open, onOpenChange, ...rest }: Props) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={text.review.mergeTitle} description={text.review.mergeHelp(rest.thread.branch ?? "")}>
        <Form {...rest} onDone={() => onOpenChange(false)} />
      </DialogContent>
    </Dialog>
  );
}

function Form({ thread, summary, onDone }: Pick<Props, "thread" | "summary"> & { onDone: () => void }) {
  const branches = useQuery(branchesQuery(thread.projectId)).data;
  const [target, setTarget] = useState(thread.baseBranch ?? undefined);
  const [push, setPush] = useState(false);
  const [cleanup, setCleanup] = useState(false);
  const [resolve, setResolve] = useState(false);
  const merge = useMerge(thread.id);
  const into = target ?? branches?.defaultBranch ?? undefined;
  const names = (branches?.branches ?? []).filter((name) => name !== thread.branch);
  const start = (more: { resolve?: boolean; confirmed?: boolean } = {}) =>
    merge.mutate(
      { targetBranch: into, push, cleanup, resolve, confirmed: false, ...more },
      {
        onSuccess: ({ threadId }) => {
          if (threadId) return;
          toast.success(text.review.merged);
          onDone();
        },
      },
    );
  const resolver = merge.data?.threadId;
  if (resolver) return <AtWork threadId={resolver} projectId={thread.projectId} onDone={onDone} />;
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <Field label={text.review.mergeTarget}>
        {(ids) => <Combobox {...ids} value={into} onChange={setTarget} options={names.map((name) => ({ value: name, label: name }))} />}
      </Field>
      <Option checked={push} onChange={setPush} label={text.review.mergePush} />
      <Option checked={cleanup} onChange={setCleanup} label={text.review.mergeCleanup} />
      <Option checked={resolve} onChange={setResolve} label={text.review.mergeResolve} help={text.review.mergeResolveHelp} />
      {summary && summary.dirtyFileCount > 0 ? <Alert tone="warning">{text.review.mergeDirty}</Alert> : null}
      {merge.isError ? <Refusal error={merge.error} resolve={resolve} cleanup={cleanup} onStart={start} /> : null}
      <DialogActions>
        <Button variant="outline" onClick={onDone}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={merge.isPending} disabled={!into}>
          {text.review.mergeAction}
        </Button>
      </DialogActions>
    </form>
  );
}

/** The server's words about a merge that it refused, with the way on where there is one. */
function Refusal({ error, resolve, cleanup, onStart }: { error: unknown; resolve: boolean; cleanup: boolean; onStart: (more: { resolve?: boolean; confirmed?: boolean }) => void }) {
  const message = messageOf(error);
  return (
    <Alert tone="danger">
      <p className="break-words whitespace-pre-wrap">{message}</p>
      {!resolve && /conflict/i.test(message) ? (
        <Button size="sm" variant="outline" className="mt-2" onClick={() => onStart({ resolve: true })}>
          {text.review.mergeResolveNow}
        </Button>
      ) : null}
      {cleanup && /confirm/i.test(message) ? (
        <Button size="sm" variant="outline" className="mt-2" onClick={() => onStart({ confirmed: true })}>
          {text.review.mergeConfirm}
        </Button>
      ) : null}
    </Alert>
  );
}

function Option({ checked, onChange, label, help }: { checked: boolean; onChange: (checked: boolean) => void; label: string; help?: ReactNode }) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <Checkbox id={id} className="mt-0.5" checked={checked} onCheckedChange={(next) => onChange(next === true)} />
      <label htmlFor={id} className="text-[0.8125rem]">
        {label}
        {help ? <span className="block text-xs text-muted-foreground">{help}</span> : null}
      </label>
    </div>
  );
}

/** How the agent that resolves the conflicts gets on. */
function AtWork({ threadId, projectId, onDone }: { threadId: string; projectId: string; onDone: () => void }) {
  const thread = useThread(threadId);
  const [said, setSaid] = useState("");
  useTopic("agent:message", (data, id) => id === threadId && setSaid(data.content));
  const status = thread?.status ?? "running";
  const ended = status === "completed" || status === "failed" || status === "stopped";
  return (
    <div className="grid gap-3">
      <div className="flex items-center gap-2 text-[0.8125rem] font-medium" role="status">
        <StatusIcon status={status} />
        {!ended ? text.review.mergeAtWork : status === "completed" ? text.review.mergeDone : text.review.mergeFailed}
      </div>
      {said ? <p className="max-h-40 overflow-y-auto rounded-md bg-muted p-3 text-xs break-words whitespace-pre-wrap">{said}</p> : null}
      {ended ? null : <p className="text-xs text-muted-foreground">{text.review.mergeAtWorkHelp}</p>}
      <DialogActions>
        <Button asChild variant="outline">
          <Link to="/projects/$projectId/threads/$threadId" params={{ projectId, threadId }}>
            {text.review.mergeThread}
          </Link>
        </Button>
        <Button variant="primary" onClick={onDone}>
          {text.common.close}
        </Button>
      </DialogActions>
    </div>
  );
}
