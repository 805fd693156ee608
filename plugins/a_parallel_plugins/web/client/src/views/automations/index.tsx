import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CalendarClock, FolderGit2, Plus } from "lucide-react";
import { useState } from "react";
import { automationsQuery } from "@/data/automations";
import { type Project, useProjects } from "@/data/projects";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CardList, Page } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { AutomationForm, type Editing } from "./form";
import { AutomationRow } from "./row";

/** All automations of the user. */
export default function AutomationsView() {
  const projects = useProjects();
  const { data: automations, error, refetch } = useQuery(automationsQuery);
  const [editing, setEditing] = useState<Editing | null>(null);
  const first = projects.data?.[0];
  const add = first ? (
    <Button variant="primary" onClick={() => setEditing({ project: first.id })}>
      <Plus />
      {text.automations.add}
    </Button>
  ) : null;
  return (
    <Page title={text.automations.title} description={text.automations.subtitle} actions={automations?.length ? add : null}>
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {!error && (!automations || !projects.data) ? <SkeletonList rows={4} /> : null}
      {automations && projects.data ? (
        automations.length > 0 ? (
          <CardList>
            {automations.map((automation) => (
              <AutomationRow
                key={automation.id}
                automation={automation}
                project={nameOf(projects.data, automation.projectId)}
                onEdit={() => setEditing({ project: automation.projectId, automation })}
              />
            ))}
          </CardList>
        ) : first ? (
          <EmptyState icon={CalendarClock} title={text.automations.emptyTitle} action={add}>
            {text.automations.emptyHelp}
          </EmptyState>
        ) : (
          <NoProject />
        )
      ) : null}
      <AutomationForm editing={editing} projects={projects.data ?? []} onClose={() => setEditing(null)} />
    </Page>
  );
}

function NoProject() {
  return (
    <EmptyState
      icon={FolderGit2}
      title={text.automations.noProjectTitle}
      action={
        <Button asChild variant="primary">
          <Link to="/">{text.shell.home}</Link>
        </Button>
      }
    >
      {text.automations.noProjectHelp}
    </EmptyState>
  );
}

function nameOf(projects: readonly Project[], id: string): string {
  return projects.find((project) => project.id === id)?.name ?? id;
}
