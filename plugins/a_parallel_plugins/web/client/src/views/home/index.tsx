import { Link, Navigate } from "@tanstack/react-router";
import { Coffee, Folder, Plus } from "lucide-react";
import { type Project, useProjects } from "@/data/projects";
import { type Thread, useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { show } from "@/shell/actions";
import { Button } from "@/ui/button";
import { Page, Section } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { ThreadList } from "./thread-list";

const FEW = 6;

/** What needs somebody, what is going on, and the projects. */
export default function HomeView() {
  const projects = useProjects();
  const threads = useThreads();
  if (projects.data?.length === 0) return <Navigate to="/setup" />;
  const error = projects.error ?? threads.error;
  return (
    <Page
      title={text.home.greeting}
      actions={
        <Button variant="primary" onClick={() => show({ newThread: "" })}>
          <Plus /> {text.shell.newThread}
        </Button>
      }
    >
      {error ? (
        <ErrorState
          error={error}
          onRetry={() => {
            void projects.refetch();
            void threads.refetch();
          }}
        />
      ) : projects.isPending || threads.isPending ? (
        <SkeletonList rows={4} />
      ) : (
        <Overview threads={(threads.data ?? []).filter((thread) => !thread.archived)} projects={projects.data ?? []} />
      )}
    </Page>
  );
}

function Overview({ threads, projects }: { threads: Thread[]; projects: Project[] }) {
  const waiting = threads.filter(({ status }) => status === "waiting");
  const running = threads.filter(({ status }) => status === "running" || status === "pending");
  const finished = threads
    .filter(({ status }) => ["completed", "failed", "stopped", "interrupted"].includes(status))
    .toSorted((a, b) => (b.completedAt ?? b.createdAt).localeCompare(a.completedAt ?? a.createdAt))
    .slice(0, FEW);
  return (
    <>
      {waiting.length === 0 && running.length === 0 ? (
        <EmptyState icon={Coffee} title={text.home.nothing} className="py-8">
          {text.home.nothingHelp}
        </EmptyState>
      ) : null}
      <Threads title={text.home.waiting} threads={waiting} />
      <Threads title={text.home.running} threads={running} />
      <Threads title={text.home.finished} threads={finished} />
      <Section title={text.shell.projects}>
        <ul className="grid gap-3 sm:grid-cols-2">
          {projects.map((project) => (
            <ProjectCard
              key={project.id}
              project={project}
              count={threads.filter(({ projectId }) => projectId === project.id).length}
            />
          ))}
        </ul>
      </Section>
    </>
  );
}

function Threads({ title, threads }: { title: string; threads: Thread[] }) {
  if (threads.length === 0) return null;
  return (
    <Section title={title}>
      <ThreadList threads={threads} withProject />
    </Section>
  );
}

function ProjectCard({ project, count }: { project: Project; count: number }) {
  return (
    <li>
      <Link
        to="/projects/$projectId"
        params={{ projectId: project.id }}
        className="flex items-center gap-3 rounded-lg border border-border bg-card p-3.5 hover:border-input hover:bg-accent/40"
      >
        <span
          className="grid size-9 shrink-0 place-items-center rounded-lg bg-muted text-muted-foreground"
          style={project.color ? { backgroundColor: `${project.color}26`, color: project.color } : undefined}
        >
          <Folder className="size-4.5" />
        </span>
        <span className="grid min-w-0 flex-1">
          <span className="truncate text-[0.8125rem] font-medium">{project.name}</span>
          <span className="truncate font-mono text-2xs text-muted-foreground">{project.path}</span>
        </span>
        <span className="text-xs whitespace-nowrap text-muted-foreground">{text.home.threadCount(count)}</span>
      </Link>
    </li>
  );
}
