import { useProjects } from "@/data/projects";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { Select } from "@/ui/select";

/** Which project the settings of agents are shown for: `path` is undefined without one. */
export function useProjectChoice(): { path: string | undefined; loaded: boolean; id: string | undefined; choose: (id: string) => void } {
  const { data: projects } = useProjects();
  const [id, choose] = useStored<string | null>("settings.project", null);
  const project = projects?.find((one) => one.id === id) ?? projects?.[0];
  return { path: project?.path, id: project?.id, loaded: projects !== undefined, choose };
}

export function ProjectChoice({ id, choose }: { id: string | undefined; choose: (id: string) => void }) {
  const projects = useProjects().data ?? [];
  if (projects.length < 2) return null;
  return (
    <Select
      aria-label={text.settings.project}
      className="w-40"
      value={id}
      onChange={choose}
      options={projects.map((project) => ({ value: project.id, label: project.name }))}
    />
  );
}
