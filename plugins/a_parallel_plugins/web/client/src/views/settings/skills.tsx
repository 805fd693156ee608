import { useMutation, useQuery } from "@tanstack/react-query";
import { Sparkles, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { text } from "@/i18n";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { CardList, Section } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";
import { ProjectChoice, useProjectChoice } from "./project-choice";
import { InstallForm, type Installing, reloadSkills, useInstall } from "./skills/install";

/** Skills of agents: installed ones, a way to install more, and some that are worth a try. */
export default function SkillsPage() {
  const { path, id, loaded, choose } = useProjectChoice();
  const { data: skills, error, refetch } = useQuery({
    queryKey: ["skills", path],
    queryFn: async () => (await call(api.GET("/api/skills", { params: { query: { projectPath: path } } }))).skills,
    enabled: loaded,
  });
  const install = useInstall();
  return (
    <>
      <Section title={text.settings.pages.skills} description={text.skills.help} actions={<ProjectChoice id={id} choose={choose} />}>
        <InstallForm install={install} />
        {error ? <ErrorState error={error} onRetry={() => void refetch()} className="py-6" /> : null}
        {!error && !skills ? <SkeletonList rows={3} /> : null}
        {skills?.length === 0 ? (
          <EmptyState icon={Sparkles} title={text.skills.empty} className="py-8">
            {text.skills.emptyHelp}
          </EmptyState>
        ) : null}
        {skills?.length ? <Installed skills={skills} /> : null}
      </Section>
      <Recommended installed={new Set(skills?.map((skill) => skill.name))} install={install} />
      <Memory path={path} />
    </>
  );
}

type Skill = Schema["Skill"];

function Installed({ skills }: { skills: Skill[] }) {
  const [removing, setRemoving] = useState<Skill | null>(null);
  const remove = useMutation({
    mutationFn: (name: string) => call(api.DELETE("/api/skills/{name}", { params: { path: { name } } })),
    onSuccess: reloadSkills,
  });
  return (
    <>
      <CardList>
        {skills.map((skill) => (
          <li key={`${skill.scope}/${skill.name}`} className="flex items-center gap-3 px-4 py-2.5">
            <div className="min-w-0 flex-1">
              <p className="flex items-center gap-2">
                <span className="truncate text-[0.8125rem] font-medium">{skill.name}</span>
                <Badge tone="outline">{text.skills.scopes[skill.scope]}</Badge>
              </p>
              <p className="line-clamp-2 text-xs text-muted-foreground">{skill.description}</p>
              <p className="truncate font-mono text-2xs text-muted-foreground">{skill.source}</p>
            </div>
            {skill.scope === "global" ? (
              <IconButton className="size-9 md:size-7" label={text.skills.removeOf(skill.name)} onClick={() => setRemoving(skill)}>
                <Trash2 />
              </IconButton>
            ) : null}
          </li>
        ))}
      </CardList>
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={text.skills.removeTitle(removing?.name ?? "")}
        action={text.settings.remove}
        onConfirm={() => removing && remove.mutateAsync(removing.name)}
      >
        {text.skills.removeHelp}
      </ConfirmDialog>
    </>
  );
}

function Recommended({ installed, install }: { installed: Set<string>; install: Installing }) {
  const { data: skills } = useQuery({
    queryKey: ["skills-recommended"],
    queryFn: async () => (await call(api.GET("/api/skills/recommended"))).skills,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!skills) return null;
  return (
    <Section title={text.settings.recommended}>
      <CardList>
        {skills.map(({ name, description, identifier }) => (
          <li key={identifier} className="flex items-center gap-3 px-4 py-2.5">
            <div className="min-w-0 flex-1">
              <p className="truncate text-[0.8125rem] font-medium">{name}</p>
              <p className="truncate text-xs text-muted-foreground">{description}</p>
            </div>
            {installed.has(name) ? (
              <Badge tone="success">{text.settings.installed}</Badge>
            ) : (
              <Button
                variant="outline"
                size="sm"
                aria-label={`${text.settings.install} ${name}`}
                disabled={install.isPending}
                busy={install.isPending && install.variables === identifier}
                onClick={() => install.mutate(identifier, { onError: (error) => toast.error(error, text.skills.installFailed) })}
              >
                {text.settings.install}
              </Button>
            )}
          </li>
        ))}
      </CardList>
    </Section>
  );
}

function Memory({ path }: { path: string | undefined }) {
  const { data: files } = useQuery({
    queryKey: ["skills", "memory", path],
    queryFn: async () => (await call(api.GET("/api/skills/memory", { params: { query: { projectPath: path } } }))).files,
  });
  if (!files) return null;
  return (
    <Section title={text.skills.memory} description={text.skills.memoryHelp}>
      {files.length === 0 ? <p className="text-xs text-muted-foreground">{text.skills.noMemory}</p> : null}
      <div className="grid gap-2">
        {files.map((file) => (
          <details key={file.path} className="rounded-lg border border-border bg-card">
            <summary className="cursor-pointer truncate px-3 py-2 font-mono text-xs">{file.path}</summary>
            <pre className="max-h-80 overflow-auto border-t border-border px-3 py-2 font-mono text-xs whitespace-pre-wrap" tabIndex={0}>
              {file.content}
            </pre>
          </details>
        ))}
      </div>
    </Section>
  );
}
