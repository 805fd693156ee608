import { useNavigate } from "@tanstack/react-router";
import { Folder, FolderPlus, House, Keyboard, LogOut, Moon, Plus, Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { signOut, useSession } from "@/api/session";
import { useProjects } from "@/data/projects";
import { useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { Command, CommandEmpty, CommandGroup, CommandInput, CommandItem, CommandList } from "@/ui/command";
import { Shortcut } from "@/ui/kbd";
import { show, useShown } from "./actions";
import { PLACES } from "./navigation";
import { StatusIcon } from "./status";
import { isDark, setTheme } from "./theme";

const MOST = 50;

/** Everything one can go to or do, found by typing. */
export function Palette() {
  const { palette } = useShown();
  return (
    <Radix.Root open={palette} onOpenChange={(open) => show({ palette: open })}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40 dark:bg-black/60" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[max(1rem,12vh)] left-1/2 z-50 w-[min(38rem,calc(100vw-1.5rem))] -translate-x-1/2 overflow-hidden rounded-xl border border-border bg-popover shadow-2xl outline-none data-[state=open]:animate-in"
        >
          <Radix.Title className="sr-only">{text.shell.palette}</Radix.Title>
          <Entries />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Entries() {
  const navigate = useNavigate();
  const { mode } = useSession();
  const projects = useProjects().data ?? [];
  const threads = useThreads().data ?? [];
  const run = (action: () => unknown) => () => {
    show({ palette: false });
    action();
  };
  return (
    <Command loop>
      <CommandInput placeholder={text.shell.palettePlaceholder} />
      <CommandList className="max-h-[min(26rem,60vh)]">
        <CommandEmpty>{text.common.nothingFound}</CommandEmpty>
        <CommandGroup heading={text.shell.actions}>
          <Entry icon={<Plus />} label={text.shell.newThread} keys="mod+shift+o" onSelect={run(() => show({ newThread: "" }))} />
          <Entry icon={<FolderPlus />} label={text.shell.addProject} onSelect={run(() => show({ addProject: true }))} />
          <Entry icon={<Moon />} label={text.shell.switchTheme} onSelect={run(() => setTheme(isDark() ? "light" : "dark"))} />
          <Entry icon={<Keyboard />} label={text.shell.shortcuts} keys="shift+?" onSelect={run(() => show({ shortcuts: true }))} />
          {mode === "multi" ? <Entry icon={<LogOut />} label={text.shell.signOut} onSelect={run(signOut)} /> : null}
        </CommandGroup>
        <CommandGroup heading={text.shell.goTo}>
          <Entry icon={<House />} label={text.shell.home} onSelect={run(() => navigate({ to: "/" }))} />
          <Entry icon={<Search />} label={text.home.searchTitle} onSelect={run(() => navigate({ to: "/search" }))} />
          {PLACES.map(({ to, label, icon: Icon }) => (
            <Entry key={to} icon={<Icon />} label={label} onSelect={run(() => navigate({ to }))} />
          ))}
        </CommandGroup>
        <CommandGroup heading={text.shell.projects}>
          {projects.map((project) => (
            <Entry
              key={project.id}
              id={project.id}
              icon={<Folder />}
              label={project.name}
              onSelect={run(() => navigate({ to: "/projects/$projectId", params: { projectId: project.id } }))}
            />
          ))}
        </CommandGroup>
        <CommandGroup heading={text.shell.threads}>
          {threads.slice(0, MOST).map((thread) => (
            <Entry
              key={thread.id}
              id={thread.id}
              icon={<StatusIcon status={thread.status} />}
              label={thread.title}
              onSelect={run(() =>
                navigate({
                  to: "/projects/$projectId/threads/$threadId",
                  params: { projectId: thread.projectId, threadId: thread.id },
                }),
              )}
            />
          ))}
        </CommandGroup>
      </CommandList>
    </Command>
  );
}

function Entry({
  id,
  icon,
  label,
  keys,
  onSelect,
}: {
  id?: string;
  icon: ReactNode;
  label: string;
  keys?: string;
  onSelect: () => void;
}) {
  return (
    <CommandItem value={`${label} ${id ?? ""}`} onSelect={onSelect}>
      {icon}
      <span className="min-w-0 flex-1 truncate">{label}</span>
      {keys ? <Shortcut keys={keys} /> : null}
    </CommandItem>
  );
}
