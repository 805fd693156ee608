import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Check, GitBranch, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { type Project, useChangeProject, useProject, useRemoveProject } from "@/data/projects";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Button, IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { CardList, Page, Section } from "@/ui/page";
import { SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";
import { PermissionRules } from "./permission-rules";

const COLOURS = ["#4f5bd5", "#0e8a5f", "#b7791f", "#c2410c", "#be185d", "#7c3aed", "#0369a1", "#64748b"];

/** Name, colour and worktrees of a project. */
export default function ProjectSettingsView() {
  const { projectId } = useParams({ strict: false });
  const project = useProject(projectId);
  return (
    <Page title={project ? `${project.name} · ${text.home.settings}` : text.home.settings} description={project ? <span className="font-mono">{project.path}</span> : undefined}>
      {project ? (
        <>
          <General key={project.id} project={project} />
          <PermissionRules projectId={project.id} />
          <Worktrees projectId={project.id} />
          <Removal project={project} />
        </>
      ) : (
        <SkeletonList rows={3} />
      )}
    </Page>
  );
}

function General({ project }: { project: Project }) {
  const change = useChangeProject();
  const [name, setName] = useState(project.name);
  const save = () => change.mutate({ id: project.id, name }, { onSuccess: () => toast.success(text.common.saved) });
  return (
    <Section title={text.home.general}>
      <form
        className="mb-4 flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Field label={text.home.name} className="max-w-sm flex-1">
          {(ids) => <Input {...ids} value={name} required onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Button type="submit" busy={change.isPending} disabled={name === project.name || !name.trim()}>
          {text.common.save}
        </Button>
      </form>
      <fieldset>
        <legend className="mb-1.5 text-xs font-medium">{text.home.color}</legend>
        <div className="flex flex-wrap gap-2">
          <Swatch colour={null} chosen={!project.color} onChoose={() => change.mutate({ id: project.id, color: null })} />
          {COLOURS.map((colour) => (
            <Swatch
              key={colour}
              colour={colour}
              chosen={project.color?.toLowerCase() === colour}
              onChoose={() => change.mutate({ id: project.id, color: colour })}
            />
          ))}
        </div>
      </fieldset>
    </Section>
  );
}

function Swatch({ colour, chosen, onChoose }: { colour: string | null; chosen: boolean; onChoose: () => void }) {
  return (
    <button
      type="button"
      aria-pressed={chosen}
      aria-label={colour ?? text.home.colorNone}
      onClick={onChoose}
      className={cn("grid size-9 place-items-center rounded-full border md:size-8 border-border text-white", !colour && "bg-muted text-foreground")}
      style={colour ? { backgroundColor: colour } : undefined}
    >
      {chosen ? <Check className="size-4" /> : null}
    </button>
  );
}

type Worktree = Schema["Worktree"];

function Worktrees({ projectId }: { projectId: string }) {
  const found = useQuery({
    queryKey: ["worktrees", projectId],
    queryFn: () => call(api.GET("/api/worktrees", { params: { query: { projectId } } })),
  });
  const [asked, setAsked] = useState<Worktree | null>(null);
  const remove = useMutation({
    mutationFn: (worktreePath: string) => call(api.DELETE("/api/worktrees", { body: { projectId, worktreePath, confirmed: false } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["worktrees", projectId] }),
  });
  return (
    <Section title={text.home.worktrees} description={text.home.worktreesHelp}>
      {found.isPending ? <SkeletonList rows={2} /> : null}
      {found.data ? (
        <CardList>
          {found.data.map((worktree) => (
            <li key={worktree.path} className="flex items-center gap-3 px-4 py-2.5">
              <GitBranch className="size-4 shrink-0 text-muted-foreground" />
              <span className="grid min-w-0 flex-1">
                <span className="truncate font-mono text-xs">{worktree.branch}</span>
                <span className="truncate font-mono text-2xs text-muted-foreground">{worktree.path}</span>
              </span>
              {worktree.isMain ? (
                <span className="text-2xs text-muted-foreground">{text.home.worktreeMain}</span>
              ) : (
                <IconButton label={text.home.worktreeRemove} onClick={() => setAsked(worktree)}>
                  <Trash2 />
                </IconButton>
              )}
            </li>
          ))}
        </CardList>
      ) : null}
      <ConfirmDialog
        open={asked !== null}
        onOpenChange={() => setAsked(null)}
        title={text.home.worktreeRemoveTitle}
        action={text.home.worktreeRemove}
        onConfirm={() => asked && remove.mutateAsync(asked.path)}
      >
        <p className="font-mono text-xs break-all">{asked?.path}</p>
        <p className="mt-2">{text.home.worktreeRemoveHelp}</p>
      </ConfirmDialog>
    </Section>
  );
}

function Removal({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  const remove = useRemoveProject();
  const navigate = useNavigate();
  return (
    <Section title={text.home.danger}>
      <Button variant="outline" className="text-destructive" onClick={() => setAsking(true)}>
        <Trash2 /> {text.home.deleteProject}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={text.home.deleteProjectTitle}
        action={text.home.worktreeRemove}
        onConfirm={async () => {
          await remove.mutateAsync(project.id);
          void navigate({ to: "/" });
        }}
      >
        {text.home.deleteProjectHelp(project.name)}
      </ConfirmDialog>
    </Section>
  );
}
