import { FolderGit2, GitBranch, Plus, Server, SquareTerminal } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { useProjects } from "@/data/projects";
import { useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { Button, IconButton } from "@/ui/button";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuTrigger } from "@/ui/menu";
import { ViewHeader } from "@/ui/page";
import { EmptyState, SkeletonList } from "@/ui/states";
import { Deck, focusTerminal } from "./deck";
import { registry, useTerminals } from "./registry";

const WORKTREES = 12;

/** All terminals of the user. */
export default function TerminalsView() {
  const { tabs, loaded } = useTerminals();
  const [current, setCurrent] = useStored<string | null>("terminals.current", null);
  const add = (cwd: string) => setCurrent(registry.create(cwd).id);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ViewHeader>
        <h1 className="truncate text-[0.9375rem] font-semibold">{text.terminals.title}</h1>
      </ViewHeader>
      <div className="min-h-0 flex-1">
        {loaded ? (
          <Deck
            tabs={tabs}
            current={current}
            onCurrent={setCurrent}
            add={
              <NewTerminal onOpen={add}>
                <IconButton className="size-9 md:size-7" label={text.terminals.open}>
                  <Plus />
                </IconButton>
              </NewTerminal>
            }
          >
            <EmptyState
              icon={SquareTerminal}
              title={text.terminals.emptyTitle}
              action={
                <NewTerminal onOpen={add}>
                  <Button variant="primary">{text.terminals.open}</Button>
                </NewTerminal>
              }
            >
              {text.terminals.emptyHelp}
            </EmptyState>
          </Deck>
        ) : (
          <SkeletonList className="p-4" rows={3} />
        )}
      </div>
    </div>
  );
}

/** Asks where a new terminal is to start; `children` is the button. */
function NewTerminal({ onOpen, children }: { onOpen: (cwd: string) => void; children: ReactNode }) {
  const projects = useProjects().data ?? [];
  const threads = (useThreads().data ?? []).filter((thread) => thread.worktreePath && !thread.archived).slice(0, WORKTREES);
  const chosen = useRef(false);
  const open = (cwd: string) => {
    chosen.current = true;
    onOpen(cwd);
  };
  const closed = (event: Event) => {
    if (!chosen.current) return;
    chosen.current = false;
    event.preventDefault(); // the new terminal has the focus, not the button
    focusTerminal();
  };
  return (
    <Menu>
      <MenuTrigger asChild>{children}</MenuTrigger>
      <MenuContent align="start" className="max-w-80" onCloseAutoFocus={closed}>
        {projects.length > 0 ? <MenuLabel>{text.terminals.projects}</MenuLabel> : null}
        {projects.map(({ id, name, path }) => (
          <MenuItem key={id} icon={<FolderGit2 />} onSelect={() => open(path)}>
            {name}
          </MenuItem>
        ))}
        {threads.length > 0 ? <MenuLabel>{text.terminals.worktrees}</MenuLabel> : null}
        {threads.map(({ id, title, worktreePath }) => (
          <MenuItem key={id} icon={<GitBranch />} onSelect={() => open(worktreePath ?? "")}>
            {title}
          </MenuItem>
        ))}
        {projects.length === 0 ? (
          <MenuItem icon={<Server />} onSelect={() => open("")}>
            {text.terminals.serverDirectory}
          </MenuItem>
        ) : null}
      </MenuContent>
    </Menu>
  );
}
