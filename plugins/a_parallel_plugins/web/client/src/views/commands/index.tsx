import { useQueries } from "@tanstack/react-query";
import { FolderPlus, Play, Plus } from "lucide-react";
import { useState } from "react";
import { commandsQuery, type StartupCommand } from "@/data/commands";
import { type Project, useProjects } from "@/data/projects";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { show } from "@/shell/actions";
import { Button } from "@/ui/button";
import { ViewHeader } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { CommandForm, type Editing } from "./form";
import { OutputPane } from "./output-pane";
import { CommandRow } from "./row";

/** The startup commands of all projects, and what the chosen one writes. */
export default function CommandsView() {
  const projects = useProjects();
  const all = projects.data ?? [];
  const lists = useQueries({ queries: all.map(({ id }) => commandsQuery(id)) });
  const [chosen, setChosen] = useStored<string | null>("commands.current", null);
  const [editing, setEditing] = useState<Editing | null>(null);
  const commands = lists.flatMap(({ data }) => data ?? []);
  const current = commands.find(({ id }) => id === chosen) ?? commands[0];
  const failed = lists.find(({ isError }) => isError);
  const pending = projects.isPending || lists.some(({ isPending }) => isPending);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ViewHeader
        actions={
          all.length > 0 ? (
            <Button variant="primary" className="h-9 md:h-8" onClick={() => setEditing({ project: current?.projectId ?? all[0]?.id ?? "" })}>
              <Plus />
              {text.commands.add}
            </Button>
          ) : null
        }
      >
        <h1 className="truncate text-[0.9375rem] font-semibold">{text.commands.title}</h1>
        <p className="hidden truncate text-xs text-muted-foreground md:block">{text.commands.help}</p>
      </ViewHeader>
      {pending ? (
        <SkeletonList className="p-4" rows={3} />
      ) : failed ? (
        <ErrorState error={failed.error} onRetry={() => lists.forEach((list) => void list.refetch())} />
      ) : current ? (
        <div className="flex min-h-0 flex-1 flex-col md:flex-row">
          <div className="max-h-[45%] shrink-0 overflow-y-auto border-b border-border p-2 md:max-h-none md:w-88 md:border-r md:border-b-0" tabIndex={-1}>
            <Groups projects={all} commands={commands} current={current} onChoose={setChosen} onEdit={setEditing} />
          </div>
          <OutputPane key={current.id} command={current} />
        </div>
      ) : (
        <Nothing projects={all} onAdd={(project) => setEditing({ project })} />
      )}
      <CommandForm editing={editing} projects={all} onClose={() => setEditing(null)} />
    </div>
  );
}

interface GroupsProps {
  projects: Project[];
  commands: StartupCommand[];
  current: StartupCommand;
  onChoose: (id: string) => void;
  onEdit: (editing: Editing) => void;
}

function Groups({ projects, commands, current, onChoose, onEdit }: GroupsProps) {
  return projects.map(({ id, name, color }) => {
    const own = commands.filter(({ projectId }) => projectId === id);
    if (own.length === 0) return null;
    return (
      <section key={id} aria-label={name} className="mb-3">
        <h2 className="flex items-center gap-2 px-2 py-1 text-2xs font-medium text-muted-foreground">
          <span aria-hidden className="size-2 rounded-[3px] bg-muted-foreground/50" style={color ? { backgroundColor: color } : undefined} />
          {name}
        </h2>
        <ul className="grid gap-1">
          {own.map((command) => (
            <CommandRow
              key={command.id}
              command={command}
              active={command.id === current.id}
              onChoose={() => onChoose(command.id)}
              onEdit={() => onEdit({ project: id, command })}
            />
          ))}
        </ul>
      </section>
    );
  });
}

function Nothing({ projects, onAdd }: { projects: Project[]; onAdd: (project: string) => void }) {
  const [first] = projects;
  if (!first) {
    return (
      <EmptyState
        icon={FolderPlus}
        title={text.commands.noProjects}
        action={
          <Button variant="primary" onClick={() => show({ addProject: true })}>
            {text.shell.addProject}
          </Button>
        }
      >
        {text.commands.noProjectsHelp}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={Play}
      title={text.commands.none}
      action={
        <Button variant="outline" onClick={() => onAdd(first.id)}>
          {text.commands.add}
        </Button>
      }
    >
      {text.commands.noneHelp}
    </EmptyState>
  );
}
