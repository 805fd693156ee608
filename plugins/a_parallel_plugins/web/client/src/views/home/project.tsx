import { Link, useParams } from "@tanstack/react-router";
import { FolderX, Kanban, MessagesSquare, Plus, Settings } from "lucide-react";
import { useProjects } from "@/data/projects";
import { useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { show } from "@/shell/actions";
import { Button } from "@/ui/button";
import { Page, Section } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { Archived } from "./archived";
import { ThreadList } from "./thread-list";

/** The threads of one project. */
export default function ProjectView() {
  const { projectId = "" } = useParams({ strict: false });
  const projects = useProjects();
  const threads = useThreads();
  const project = projects.data?.find((one) => one.id === projectId);
  if (projects.data && !project) {
    return (
      <Page title={null}>
        <EmptyState
          icon={FolderX}
          title={text.home.missing}
          action={
            <Button asChild variant="outline">
              <Link to="/">{text.shell.home}</Link>
            </Button>
          }
        >
          {text.home.missingHelp}
        </EmptyState>
      </Page>
    );
  }
  const mine = (threads.data ?? []).filter((thread) => thread.projectId === projectId && !thread.archived);
  return (
    <Page
      title={project?.name ?? ""}
      description={<span className="font-mono">{project?.path}</span>}
      actions={
        <>
          <Button asChild variant="ghost">
            <Link to="/projects/$projectId/board" params={{ projectId }}>
              <Kanban /> {text.home.board}
            </Link>
          </Button>
          <Button asChild variant="ghost">
            <Link to="/projects/$projectId/settings/$page" params={{ projectId, page: "general" }}>
              <Settings /> {text.home.settings}
            </Link>
          </Button>
          <Button variant="primary" onClick={() => show({ newThread: projectId })}>
            <Plus /> {text.shell.newThread}
          </Button>
        </>
      }
    >
      {threads.error ? (
        <ErrorState error={threads.error} onRetry={() => void threads.refetch()} />
      ) : threads.isPending ? (
        <SkeletonList />
      ) : mine.length === 0 ? (
        <EmptyState
          icon={MessagesSquare}
          title={text.shell.noThreads}
          action={
            <Button variant="primary" onClick={() => show({ newThread: projectId })}>
              {text.shell.newThread}
            </Button>
          }
        >
          {text.setup.startHelp}
        </EmptyState>
      ) : (
        <Section title={text.shell.threads}>
          <ThreadList threads={mine} />
        </Section>
      )}
      <Archived projectId={projectId} search="" />
    </Page>
  );
}
