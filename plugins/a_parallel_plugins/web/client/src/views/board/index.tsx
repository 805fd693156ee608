import { useParams } from "@tanstack/react-router";
import { Filter, Kanban, Plus, Search } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { type Project, useProject, useProjects } from "@/data/projects";
import { type Thread, useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { show } from "@/shell/actions";
import { Button } from "@/ui/button";
import { Menu, MenuCheck, MenuContent, MenuTrigger } from "@/ui/menu";
import { ViewHeader } from "@/ui/page";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { Board } from "./board";
import { STAGES } from "./stages";

/** The threads of all projects, or of the one in the address, by stage. */
export default function BoardView() {
  const { projectId } = useParams({ strict: false });
  const only = useProject(projectId);
  const projects = useProjects().data ?? [];
  const threads = useThreads();
  const [filter, setFilter] = useState("");
  const [hidden, setHidden] = useStored<string[]>("board.hidden", []);
  const wanted = useDeferredValue(filter.trim().toLowerCase());
  const shown = useMemo(
    () => (threads.data ?? []).filter((thread) => !thread.archived && inScope(thread, projectId, hidden) && matches(thread, wanted)),
    [threads.data, projectId, hidden, wanted],
  );
  const scope = projectId ? [projectId] : projects.map(({ id }) => id).filter((id) => !hidden.includes(id));
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ViewHeader
        actions={
          <>
            <FilterField value={filter} onChange={setFilter} />
            {projectId ? null : <ProjectFilter projects={projects} hidden={hidden} onChange={setHidden} />}
            <Button variant="primary" className="h-9 md:h-8" onClick={() => show({ newThread: projectId ?? "" })}>
              <Plus />
              <span className="sr-only sm:not-sr-only">{text.board.newThread}</span>
            </Button>
          </>
        }
      >
        <h1 className="truncate text-[0.9375rem] font-semibold">{only ? `${only.name} · ${text.board.title}` : text.board.title}</h1>
      </ViewHeader>
      {threads.isPending ? (
        <Loading />
      ) : threads.isError ? (
        <ErrorState error={threads.error} onRetry={() => void threads.refetch()} />
      ) : shown.length === 0 && wanted !== "" ? (
        <EmptyState icon={Kanban} title={text.board.noMatch} />
      ) : (
        <Board threads={shown} projects={projects} scope={scope} />
      )}
    </div>
  );
}

function inScope(thread: Thread, projectId: string | undefined, hidden: string[]): boolean {
  return projectId ? thread.projectId === projectId : !hidden.includes(thread.projectId);
}

function matches(thread: Thread, wanted: string): boolean {
  return wanted === "" || `${thread.title} ${thread.branch ?? ""} ${thread.status}`.toLowerCase().includes(wanted);
}

function FilterField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label className="flex h-9 w-36 items-center gap-2 rounded-md border border-input bg-card px-2 focus-within:outline-2 focus-within:outline-ring md:h-8 md:w-52">
      <Search aria-hidden className="size-3.5 shrink-0 text-muted-foreground" />
      <span className="sr-only">{text.board.filter}</span>
      <input
        value={value}
        placeholder={text.board.filter}
        className="w-full min-w-0 bg-transparent text-base outline-none md:text-[0.8125rem]"
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function ProjectFilter({ projects, hidden, onChange }: { projects: Project[]; hidden: string[]; onChange: (hidden: string[]) => void }) {
  const count = projects.filter(({ id }) => !hidden.includes(id)).length;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="outline" className="h-9 md:h-8">
          <Filter />
          <span className="sr-only md:not-sr-only">{count === projects.length ? text.board.allProjects : `${count}/${projects.length}`}</span>
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {projects.map(({ id, name }) => (
          <MenuCheck
            key={id}
            checked={!hidden.includes(id)}
            onSelect={(event) => event.preventDefault()}
            onCheckedChange={(checked) => onChange(checked ? hidden.filter((other) => other !== id) : [...hidden, id])}
          >
            {name}
          </MenuCheck>
        ))}
      </MenuContent>
    </Menu>
  );
}

function Loading() {
  return (
    <div className="flex flex-1 gap-3 overflow-hidden p-4" role="status" aria-label={text.common.loading}>
      {STAGES.map((stage) => (
        <div key={stage} className="grid min-w-64 flex-1 content-start gap-2">
          <Skeleton className="h-7" />
          <Skeleton className="h-20" />
          <Skeleton className="h-20" />
        </div>
      ))}
    </div>
  );
}
