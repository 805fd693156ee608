import { useParams } from "@tanstack/react-router";
import { useProject } from "@/data/projects";
import { text } from "@/i18n";
import { Page } from "@/ui/page";

export default function ProjectSettingsView() {
  const { projectId } = useParams({ strict: false });
  const project = useProject(projectId);
  return <Page title={`${project?.name ?? ""} · ${text.shell.projectSettings}`}>{null}</Page>;
}
