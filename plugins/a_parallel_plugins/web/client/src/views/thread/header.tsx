import { Link } from "@tanstack/react-router";
import { Blocks, Copy, Ellipsis, GitBranch, GitPullRequestArrow, MessagesSquare, SquareTerminal } from "lucide-react";
import type { ReactNode } from "react";
import { useProject } from "@/data/projects";
import { useGitSummary } from "@/data/threads";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { cost } from "@/lib/format";
import { useNarrow } from "@/lib/media";
import { contextOf, loadModule } from "@/shell/extensions/context";
import { type Extension, keyOf, useExtensions } from "@/shell/extensions/registry";
import { describe } from "@/shell/extensions/tool-card";
import { GitMark, StageBadge, StatusIcon } from "@/shell/status";
import { ThreadMenu } from "@/shell/thread-menu";
import { IconButton } from "@/ui/button";
import { MenuItem, MenuSeparator } from "@/ui/menu";
import { ViewHeader } from "@/ui/page";
import { toast } from "@/ui/toast";
import type { Thread } from "./conversation/types";

interface Panels {
  panel: string | null;
  onPanel: (panel: string | null) => void;
}

export function ThreadHeader({ thread, panel, onPanel }: { thread: Thread } & Panels) {
  const project = useProject(thread.projectId);
  const summary = useGitSummary(thread.mode === "worktree" ? thread : undefined);
  return (
    <ViewHeader className="flex-nowrap" actions={<Actions thread={thread} panel={panel} onPanel={onPanel} />}>
      <h1 className="flex min-w-0 items-center gap-2 text-[0.9375rem] leading-5 font-semibold">
        <StatusIcon status={thread.status} />
        <span className="truncate">{thread.title}</span>
      </h1>
      <div className="mt-0.5 flex min-w-0 items-center gap-1.5 overflow-hidden text-2xs md:gap-2 whitespace-nowrap text-muted-foreground">
        {project ? (
          <Link to="/projects/$projectId" params={{ projectId: project.id }} className="truncate hover:text-foreground">
            {project.name}
          </Link>
        ) : null}
        <StageBadge stage={thread.stage} />
        {thread.branch ? (
          <span className="hidden min-w-0 items-center gap-1 md:flex" title={thread.branch}>
            <GitBranch className="size-3 shrink-0" />
            <span className="truncate font-mono">{thread.branch}</span>
          </span>
        ) : null}
        <GitMark summary={summary} />
        {thread.cost > 0 ? (
          <span className="tabular-nums" title={text.threads.costTitle}>
            {cost(thread.cost)}
          </span>
        ) : null}
      </div>
    </ViewHeader>
  );
}

function Actions({ thread, panel, onPanel }: { thread: Thread } & Panels) {
  const narrow = useNarrow();
  const panels = useExtensions("panel");
  const toggle = (id: string) => onPanel(panel === id ? null : id);
  return (
    <div className="flex items-center gap-0.5">
      {narrow && panel !== null ? (
        <PanelButton active={false} label={text.threads.conversation} onClick={() => onPanel(null)}>
          <MessagesSquare />
        </PanelButton>
      ) : null}
      <PanelButton active={panel === "review"} label={text.threads.panels.review ?? ""} shortcut="mod+shift+g" onClick={() => toggle("review")}>
        <GitPullRequestArrow />
      </PanelButton>
      <PanelButton active={panel === "terminal"} label={text.threads.panels.terminal ?? ""} shortcut="mod+j" onClick={() => toggle("terminal")}>
        <SquareTerminal />
      </PanelButton>
      {narrow
        ? null
        : panels.map((one) => (
            <PanelButton key={keyOf(one)} active={panel === keyOf(one)} label={one.title} onClick={() => toggle(keyOf(one))}>
              {panels.length === 1 ? <Blocks /> : <span className="text-xs font-semibold">{one.title.slice(0, 2)}</span>}
            </PanelButton>
          ))}
      <ThreadMenu thread={thread} extra={<Extra thread={thread} panels={narrow ? panels : []} onPanel={onPanel} />}>
        <IconButtonTrigger label={text.threads.actions(thread.title)} />
      </ThreadMenu>
    </div>
  );
}

function IconButtonTrigger({ label, ...rest }: { label: string }) {
  return (
    <IconButton label={label} className="size-9 md:size-8" {...rest}>
      <Ellipsis />
    </IconButton>
  );
}

function PanelButton({
  active,
  label,
  shortcut,
  onClick,
  children,
}: {
  active: boolean;
  label: string;
  shortcut?: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <IconButton
      label={label}
      shortcut={shortcut}
      aria-pressed={active}
      className={cn("size-9 md:size-8", active && "bg-primary-soft text-primary hover:bg-primary-soft")}
      onClick={onClick}
    >
      {children}
    </IconButton>
  );
}

/** What this page adds to a thread's menu: actions of plugins, and what is handy to copy. */
function Extra({ thread, panels, onPanel }: { thread: Thread; panels: Extension[]; onPanel: (panel: string) => void }) {
  const actions = useExtensions("thread_action");
  const copy = (value: string) => navigator.clipboard.writeText(value).then(() => toast.success(text.common.copied), toast.error);
  const { branch, worktreePath } = thread;
  return (
    <>
      {panels.map((one) => (
        <MenuItem key={keyOf(one)} icon={<Blocks />} onSelect={() => onPanel(keyOf(one))}>
          {one.title}
        </MenuItem>
      ))}
      {actions.map((one) => (
        <MenuItem key={keyOf(one)} icon={<Blocks />} onSelect={() => void run(one, thread)}>
          {one.title}
        </MenuItem>
      ))}
      {branch ? (
        <MenuItem icon={<Copy />} onSelect={() => copy(branch)}>
          {text.threads.copyBranch}
        </MenuItem>
      ) : null}
      {worktreePath ? (
        <MenuItem icon={<Copy />} onSelect={() => copy(worktreePath)}>
          {text.threads.copyPath}
        </MenuItem>
      ) : null}
      {panels.length > 0 || actions.length > 0 || branch ? <MenuSeparator /> : null}
    </>
  );
}

async function run(extension: Extension, thread: Thread): Promise<void> {
  try {
    const module = await loadModule(extension);
    if (!module.run) throw new Error(`${extension.module} exports no function run`);
    await module.run(contextOf(extension, { thread: describe(thread) }));
  } catch (error) {
    toast.error(error, extension.title);
  }
}
