import { useParams } from "@tanstack/react-router";
import { useProject } from "@/data/projects";
import { Page } from "@/ui/page";

export default function ProjectView() {
  const { projectId } = useParams({ strict: false });
  const project = useProject(projectId);
  return <Page title={project?.name}>{null}</Page>;
}
