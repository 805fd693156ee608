import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Lock } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { api, call, idempotencyKey } from "@/api/client";
import { messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { useTopic } from "@/live/hooks";
import { Button } from "@/ui/button";
import { Combobox } from "@/ui/combobox";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Progress } from "@/ui/states";
import { toast } from "@/ui/toast";
import { FolderPicker } from "./folder-picker";

interface CloneStep {
  phase: string;
  percent: number | null;
  detail: string;
}

interface Repository {
  full_name: string;
  clone_url: string;
  private: boolean;
}

function nameOf(url: string): string {
  return (url.split(/[/:]/).at(-1) ?? "").replace(/\.git$/, "");
}

/** Clones a repository and registers the clone as a project, showing how far git is. */
export function Clone({ address = "", onAdded }: { address?: string; onAdded: (projectId: string) => void }) {
  const [url, setUrl] = useState(address);
  const [into, setInto] = useState("");
  const [named, setNamed] = useState<string | null>(null);
  const [cloneId] = useState(idempotencyKey);
  const [step, setStep] = useState<CloneStep | null>(null);
  const shown = useShown();
  const name = named ?? nameOf(url);
  const cancel = useMutation({
    mutationFn: () => call(api.DELETE("/api/github/clones/{id}", { params: { path: { id: cloneId } } })),
  });
  const clone = useMutation({
    mutationFn: () =>
      call(api.POST("/api/github/clone", { body: { cloneUrl: url.trim(), destinationPath: into, name, cloneId } })),
    onMutate: () => cancel.reset(),
    onSuccess: async (project) => {
      await queries.invalidateQueries({ queryKey: ["projects"] });
      if (shown.current) onAdded(project.id);
      else toast.success(text.setup.cloned(project.name));
    },
    onError: (error) => {
      if (!shown.current) toast.error(error, text.setup.cloneFailed);
    },
    onSettled: () => setStep(null),
    meta: { failed: false },
  });
  const problem = clone.error && !cancel.isSuccess ? messageOf(clone.error) : null;
  useTopic("github:clone_progress", (progress, id) => {
    if (id !== cloneId) return;
    setStep({ phase: progress.phase, percent: progress.percent ?? null, detail: progress.detail ?? "" });
  });
  if (clone.isPending) {
    return (
      <div className="grid gap-3">
        <p className="truncate text-[0.8125rem] font-medium">{text.setup.cloning(name)}</p>
        <Progress value={step?.percent ?? null} label={text.setup.cloning(name)} />
        <p className="flex h-4 gap-2 text-xs text-muted-foreground tabular-nums">
          <span role="status">{step?.phase ?? text.setup.connecting}</span>
          <span className="truncate">{step?.detail}</span>
        </p>
        <Button variant="outline" className="justify-self-end" busy={cancel.isPending} onClick={() => cancel.mutate()}>
          {text.setup.cancelClone}
        </Button>
      </div>
    );
  }
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        clone.mutate();
      }}
    >
      <Repositories value={url} onChange={setUrl} />
      <Field label={text.setup.cloneUrl} error={problem}>
        {(ids) => (
          <Input {...ids} type="url" required value={url} placeholder={text.setup.cloneUrlHelp} onChange={(event) => setUrl(event.target.value)} />
        )}
      </Field>
      <Field label={text.setup.cloneInto}>{(ids) => <FolderPicker id={ids.id} value={into} onChange={setInto} />}</Field>
      <Field label={text.setup.name}>
        {(ids) => <Input {...ids} value={name} onChange={(event) => setNamed(event.target.value)} required />}
      </Field>
      <Button type="submit" variant="primary" className="justify-self-end" disabled={!url || !into}>
        {text.setup.clone}
      </Button>
    </form>
  );
}

/** Whether the form is still there when the clone ends: it may be closed meanwhile, and git goes on. */
function useShown() {
  const shown = useRef(true);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  return shown;
}

function Repositories({ value, onChange }: { value: string; onChange: (url: string) => void }) {
  const status = useQuery({ queryKey: ["github", "status"], queryFn: () => call(api.GET("/api/github/status")) });
  const connected = status.data?.connected ?? false;
  const found = useQuery({
    queryKey: ["github", "repos", "all"],
    queryFn: () => call(api.GET("/api/github/repos", { params: { query: { per_page: 100, sort: "updated" } } })),
    enabled: connected,
  });
  if (!status.data) return null;
  if (!connected) {
    return (
      <p className="text-xs text-muted-foreground">
        <Link to="/settings/$page" params={{ page: "github" }} className="underline underline-offset-2">
          {text.setup.connectGithub}
        </Link>
      </p>
    );
  }
  const repositories = (found.data?.repos ?? []) as unknown as Repository[];
  return (
    <Field label={text.setup.repositories}>
      {(ids) => (
        <Combobox
          {...ids}
          value={value}
          onChange={onChange}
          placeholder={text.setup.repositorySearch}
          options={repositories.map((one) => ({
            value: one.clone_url,
            label: one.full_name,
            hint: one.private ? <Lock /> : undefined,
          }))}
        />
      )}
    </Field>
  );
}
