import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronRight, Command, FolderPlus, LogOut, Moon, PanelLeftClose, Plus, Search, Sun } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { signOut, useSession } from "@/api/session";
import { type Project, useProjects } from "@/data/projects";
import { type Thread, useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { useStored } from "@/lib/storage";
import { useConnection } from "@/live/hooks";
import { IconButton } from "@/ui/button";
import { Skeleton } from "@/ui/states";
import { show } from "./actions";
import { ConnectionDot, connectionText } from "./connection";
import { InboxCount } from "./inbox-count";
import { PLACES } from "./navigation";
import { ThreadRow } from "./thread-row";
import { isDark, setTheme, useDark } from "./theme";

const FEW = 8;

export function Sidebar({ onHide }: { onHide?: () => void }) {
  const [filter, setFilter] = useState("");
  return (
    <div className="flex h-full min-h-0 flex-col bg-sidebar">
      <SidebarHeader onHide={onHide} />
      <nav aria-label={text.shell.navigation} className="px-2 pb-2">
        <ul className="grid grid-cols-3 gap-0.5 md:grid-cols-1">
          {PLACES.filter((place) => place.to !== "/settings").map(({ to, label, icon: Icon }) => (
            <li key={to}>
              <Link
                to={to}
                className="relative flex h-11 flex-col items-center justify-center gap-0.5 rounded-md px-2 text-2xs text-muted-foreground hover:bg-accent hover:text-foreground data-[status=active]:bg-accent data-[status=active]:font-medium data-[status=active]:text-foreground md:h-7 md:flex-row md:justify-start md:gap-2 md:text-[0.8125rem] [&_svg]:size-4"
              >
                <Icon />
                <span className="max-w-full truncate">{label}</span>
                {to === "/inbox" ? <InboxCount /> : null}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <label className="mx-3 mb-1 flex items-center gap-2 rounded-md border border-border bg-background px-2 focus-within:outline-2 focus-within:outline-ring">
        <Search aria-hidden className="size-3.5 text-muted-foreground" />
        <span className="sr-only">{text.shell.searchThreads}</span>
        <input
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          placeholder={text.shell.searchThreads}
          className="h-8 w-full min-w-0 bg-transparent text-base outline-none md:h-7 md:text-xs"
        />
      </label>
      <ThreadTree filter={useDeferredValue(filter.trim().toLowerCase())} />
      <SidebarFooter />
    </div>
  );
}

function SidebarHeader({ onHide }: { onHide?: () => void }) {
  return (
    <div className="flex h-13 shrink-0 items-center gap-1 px-3">
      <Link to="/" className="flex min-w-0 flex-1 items-center gap-2 rounded-md font-semibold tracking-tight">
        <img src="/favicon.svg" alt="" className="size-6" />
        <span className="truncate">a-parallel</span>
      </Link>
      <IconButton label={text.shell.palette} shortcut="mod+k" onClick={() => show({ palette: true, sidebar: false })}>
        <Command />
      </IconButton>
      <IconButton
        label={text.shell.newThread}
        shortcut="mod+shift+o"
        variant="primary"
        onClick={() => show({ newThread: "", sidebar: false })}
      >
        <Plus />
      </IconButton>
      {onHide ? (
        <IconButton label={text.shell.closeSidebar} shortcut="mod+b" onClick={onHide}>
          <PanelLeftClose />
        </IconButton>
      ) : null}
    </div>
  );
}

function ThreadTree({ filter }: { filter: string }) {
  const projects = useProjects();
  const threads = useThreads();
  if (projects.isPending || threads.isPending) {
    return (
      <div className="grid flex-1 content-start gap-2 p-3" role="status" aria-label={text.common.loading}>
        {[60, 85, 75, 90, 55].map((width) => (
          <Skeleton key={width} className="h-5" />
        ))}
      </div>
    );
  }
  const all = (threads.data ?? []).filter((thread) => !thread.archived && matches(thread, filter));
  const pinned = all.filter((thread) => thread.pinned);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-2 pt-2 pb-4">
      {pinned.length > 0 ? (
        <Group title={text.shell.pinned}>
          {pinned.map((thread) => (
            <ThreadRow key={thread.id} thread={thread} />
          ))}
        </Group>
      ) : null}
      <div className="flex items-center px-2 pt-1 pb-0.5">
        <h2 className="flex-1 text-2xs font-medium text-muted-foreground">{text.shell.projects}</h2>
        <IconButton size="icon-xs" label={text.shell.addProject} onClick={() => show({ addProject: true, sidebar: false })}>
          <FolderPlus />
        </IconButton>
      </div>
      {projects.data?.length === 0 ? (
        <p className="px-2 py-2 text-xs text-muted-foreground">{text.shell.noProjectsHelp}</p>
      ) : null}
      {filter && all.length === 0 ? <p className="px-2 py-3 text-xs text-muted-foreground">{text.shell.noMatch(filter)}</p> : null}
      {projects.data?.map((project) => (
        <ProjectBranch
          key={project.id}
          project={project}
          filtered={filter !== ""}
          threads={all.filter((thread) => thread.projectId === project.id && !thread.pinned)}
        />
      ))}
    </div>
  );
}

function matches(thread: Thread, filter: string): boolean {
  return filter === "" || `${thread.title} ${thread.branch ?? ""} ${thread.status}`.toLowerCase().includes(filter);
}

function Group({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="mb-2">
      <h2 className="px-2 pt-1 pb-0.5 text-2xs font-medium text-muted-foreground">{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

function ProjectBranch({ project, threads, filtered }: { project: Project; threads: Thread[]; filtered: boolean }) {
  const [closed, setClosed] = useStored(`closed.${project.id}`, false);
  const [all, setAll] = useState(false);
  if (filtered && threads.length === 0) return null;
  const open = filtered || !closed;
  const shown = all || filtered ? threads : threads.slice(0, FEW);
  return (
    <section className="mb-1">
      <div className="group flex items-center rounded-md hover:bg-accent/60">
        <button
          type="button"
          aria-expanded={open}
          aria-label={project.name}
          onClick={() => setClosed(!closed)}
          className="grid h-9 w-7 shrink-0 place-items-center text-muted-foreground md:h-7 md:w-6"
        >
          <ChevronRight className={cn("size-3.5 transition-transform", open && "rotate-90")} />
        </button>
        <Link
          to="/projects/$projectId"
          params={{ projectId: project.id }}
          title={project.path}
          onClick={() => show({ sidebar: false })}
          className="flex h-9 min-w-0 flex-1 items-center gap-2 text-[0.8125rem] font-medium data-[status=active]:text-primary md:h-7"
          activeOptions={{ exact: true }}
        >
          <span
            aria-hidden
            className="size-2 shrink-0 rounded-[3px] bg-muted-foreground/50"
            style={project.color ? { backgroundColor: project.color } : undefined}
          />
          <span className="truncate">{project.name}</span>
          {threads.length > 0 && !open ? <span className="text-2xs text-muted-foreground">{threads.length}</span> : null}
        </Link>
        <IconButton
          size="icon-xs"
          label={text.shell.newThread}
          className="mr-1 md:opacity-0 md:group-focus-within:opacity-100 md:group-hover:opacity-100"
          onClick={() => show({ newThread: project.id, sidebar: false })}
        >
          <Plus />
        </IconButton>
      </div>
      {open ? (
        <ul className="ml-3 border-l border-border pl-1">
          {shown.map((thread) => (
            <ThreadRow key={thread.id} thread={thread} />
          ))}
          {threads.length === 0 ? <li className="px-2 py-1 text-xs text-muted-foreground">{text.shell.noThreads}</li> : null}
          {threads.length > FEW && !filtered ? (
            <li>
              <button
                type="button"
                onClick={() => setAll(!all)}
                className="px-2 py-1 text-2xs font-medium text-muted-foreground hover:text-foreground"
              >
                {all ? text.shell.showFewer : text.shell.showAll(threads.length)}
              </button>
            </li>
          ) : null}
        </ul>
      ) : null}
    </section>
  );
}

function SidebarFooter() {
  const { mode, user } = useSession();
  const state = useConnection();
  const dark = useDark();
  const navigate = useNavigate();
  const settings = PLACES.find((place) => place.to === "/settings");
  return (
    <div className="flex shrink-0 items-center gap-1 border-t border-border px-3 py-2 pb-[max(0.5rem,env(safe-area-inset-bottom))]">
      <ConnectionDot />
      <span className="min-w-0 flex-1 truncate text-xs text-muted-foreground">
        {mode === "multi" && state === "live" ? (user?.name ?? "") : connectionText(state)}
      </span>
      <IconButton label={text.shell.switchTheme} side="top" onClick={() => setTheme(isDark() ? "light" : "dark")}>
        {dark ? <Sun /> : <Moon />}
      </IconButton>
      {settings ? (
        <IconButton
          label={settings.label}
          shortcut="mod+,"
          side="top"
          onClick={() => {
            show({ sidebar: false });
            void navigate({ to: "/settings" });
          }}
        >
          <settings.icon />
        </IconButton>
      ) : null}
      {mode === "multi" ? (
        <IconButton label={text.shell.signOut} side="top" onClick={() => void signOut()}>
          <LogOut />
        </IconButton>
      ) : null}
    </div>
  );
}
