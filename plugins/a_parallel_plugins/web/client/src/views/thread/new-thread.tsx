import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Bot, Folder, FolderPlus, GitBranch, ListPlus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { api, call, idempotencyKey, type Schema } from "@/api/client";
import { useProviderChoice } from "@/data/agents";
import { branchesQuery, useProjects } from "@/data/projects";
import { queries } from "@/data/query";
import { threadsQuery } from "@/data/threads";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { show } from "@/shell/actions";
import { Button } from "@/ui/button";
import { Combobox } from "@/ui/combobox";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { EmptyState } from "@/ui/states";
import { Segmented } from "@/ui/switch";
import { ModelPicker, ModePicker, type Model, type PermissionMode } from "./composer/pickers";
import { Prompt } from "./composer/prompt";
import type { ImageAttachment } from "./conversation/types";

type Where = Schema["ThreadMode"];

const LAST = "project.last";
const TITLE_MOST = 200;

export default function NewThreadDialog({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  const projects = useProjects();
  const none = projects.data?.length === 0;
  return (
    <Dialog open onOpenChange={(open) => open || onClose()}>
      <DialogContent title={text.shell.newThread} className="sm:w-[min(42rem,calc(100vw-2rem))]">
        {none ? <NoProject onClose={onClose} /> : <Form given={projectId} onClose={onClose} />}
      </DialogContent>
    </Dialog>
  );
}

function NoProject({ onClose }: { onClose: () => void }) {
  const add = () => {
    onClose();
    show({ addProject: true });
  };
  return (
    <EmptyState icon={FolderPlus} title={text.shell.noProjects} action={<Button variant="primary" onClick={add}>{text.shell.addProject}</Button>}>
      {text.shell.noProjectsHelp}
    </EmptyState>
  );
}

function Form({ given, onClose }: { given: string; onClose: () => void }) {
  const projects = useProjects().data ?? [];
  const [last, setLast] = useStored(LAST, "");
  const [picked, setPicked] = useState(given);
  const projectId = picked || (projects.some((one) => one.id === last) ? last : (projects[0]?.id ?? ""));
  const project = projects.find((one) => one.id === projectId);
  const branches = useQuery(branchesQuery(projectId));
  const bare = branches.data?.branches.length === 0;
  const [wanted, setWanted] = useStored<Where>("thread.mode", "worktree");
  const mode = bare ? "local" : wanted;
  const [chosenBase, setBase] = useState<string | null>(null);
  const base = chosenBase ?? branches.data?.defaultBranch ?? undefined;
  const [model, setModel] = useStored<Model>("thread.model", "sonnet");
  const [permissionMode, setPermissionMode] = useStored<PermissionMode>("thread.permission", "autoEdit");
  const [prompt, setPrompt] = useState("");
  const [title, setTitle] = useState("");
  const [images, setImages] = useState<ImageAttachment[]>([]);
  const [files, setFiles] = useState<string[]>([]);
  const provider = useProviderChoice();
  const [key] = useState(idempotencyKey);
  const navigate = useNavigate();
  const baseBranch = mode === "worktree" && base ? { baseBranch: base } : {};
  const headers = { "Idempotency-Key": key };

  const finish = async (id: string) => {
    setLast(projectId);
    await queries.invalidateQueries({ queryKey: threadsQuery.queryKey });
    onClose();
    void navigate({ to: "/projects/$projectId/threads/$threadId", params: { projectId, threadId: id } });
  };
  const start = useMutation({
    mutationFn: () => {
      const fileReferences = files.filter((file) => prompt.includes(`@${file}`)).map((path) => ({ path }));
      const chosen = provider.chosen ? { provider: provider.chosen } : {};
      const body = { projectId, title, mode, model, permissionMode, prompt, images, fileReferences, ...baseBranch, ...chosen };
      return call(api.POST("/api/threads", { headers, body: body as Schema["NewRun"] }));
    },
    onSuccess: ({ id }) => finish(id),
  });
  const shelve = useMutation({
    mutationFn: () =>
      call(
        api.POST("/api/threads/idle", {
          headers,
          body: { projectId, title: title || prompt.slice(0, TITLE_MOST), mode, prompt, ...baseBranch },
        }),
      ),
    onSuccess: ({ id }) => finish(id),
  });
  const empty = prompt.trim() === "" && images.length === 0;
  const submit = () => {
    if (!empty && projectId && !start.isPending) start.mutate();
  };

  return (
    <div className="grid gap-4">
      <Prompt
        label={text.threads.newThread.prompt}
        placeholder={text.threads.newThread.promptPlaceholder}
        value={prompt}
        onChange={setPrompt}
        images={images}
        onImages={setImages}
        onMention={(file) => setFiles([...files, file])}
        directory={project?.path ?? null}
        onSubmit={submit}
        rows={4}
        autoFocus
        tools={
          <>
            <ModelPicker value={model} onChange={setModel} />
            <ModePicker value={permissionMode} onChange={setPermissionMode} />
          </>
        }
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={text.threads.newThread.project}>
          {(ids) => (
            <Combobox
              {...ids}
              icon={<Folder />}
              value={projectId}
              onChange={(next) => {
                setPicked(next);
                setBase(null);
              }}
              options={projects.map(({ id, name }) => ({ value: id, label: name }))}
            />
          )}
        </Field>
        <Field label={text.threads.newThread.title}>
          {(ids) => (
            <Input {...ids} value={title} maxLength={TITLE_MOST} placeholder={text.threads.newThread.titleHelp} onChange={(event) => setTitle(event.target.value)} />
          )}
        </Field>
        <Labelled label={text.threads.newThread.mode} help={bare ? text.threads.newThread.noCommits : text.threads.newThread.modeHints[mode]}>
          <Segmented
            className="w-full"
            label={text.threads.newThread.mode}
            value={mode}
            onChange={setWanted}
            options={(["worktree", "local"] as const)
              .filter((value) => !bare || value === "local")
              .map((value) => ({ value, label: text.threads.modes[value] }))}
          />
        </Labelled>
        {mode === "worktree" ? (
          <Field label={text.threads.newThread.base}>
            {(ids) => (
              <Combobox
                {...ids}
                icon={<GitBranch />}
                value={base}
                onChange={setBase}
                placeholder={text.threads.newThread.branchUnknown}
                options={(branches.data?.branches ?? []).map((branch) => ({ value: branch, label: branch }))}
              />
            )}
          </Field>
        ) : null}
        {provider.available.length > 1 ? (
          <Field label={text.threads.newThread.provider}>
            {(ids) => (
              <Combobox
                {...ids}
                icon={<Bot />}
                value={provider.chosen ?? provider.available[0]}
                onChange={provider.choose}
                options={provider.available.map((name) => ({ value: name, label: name }))}
              />
            )}
          </Field>
        ) : null}
      </div>
      <DialogActions>
        <Button variant="ghost" disabled={prompt.trim() === "" || !projectId} busy={shelve.isPending} onClick={() => shelve.mutate()}>
          <ListPlus /> {text.threads.newThread.backlog}
        </Button>
        <Button variant="primary" disabled={empty || !projectId} busy={start.isPending} onClick={submit}>
          {text.threads.newThread.create}
        </Button>
      </DialogActions>
    </div>
  );
}

function Labelled({ label, help, children }: { label: string; help?: string; children: ReactNode }) {
  return (
    <div className="grid content-start gap-1.5">
      <span className="text-xs font-medium">{label}</span>
      {children}
      {help ? <p className="text-xs text-muted-foreground">{help}</p> : null}
    </div>
  );
}
