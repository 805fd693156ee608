import { useLocation, useNavigate } from "@tanstack/react-router";
import { Archive, CircleStop, Kanban, Pin, PinOff, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { type Thread, useChangeThread, useDeleteThread, useStopThread } from "@/data/threads";
import { text } from "@/i18n";
import { ConfirmDialog } from "@/ui/confirm";
import { Menu, MenuChoice, MenuContent, MenuGroup, MenuItem, MenuSeparator, MenuTrigger, SubMenu } from "@/ui/menu";

const STAGES = ["backlog", "in_progress", "review", "done"] as const;

/** What can be done with a thread from anywhere it is listed; `children` is the button. */
export function ThreadMenu({ thread, children, extra }: { thread: Thread; children: ReactNode; extra?: ReactNode }) {
  const [asking, setAsking] = useState<"archive" | "delete" | null>(null);
  const change = useChangeThread();
  const remove = useDeleteThread();
  const stop = useStopThread();
  const leave = useLeave(thread);
  const archive = async () => {
    await change.mutateAsync({ id: thread.id, archived: true });
    leave();
  };
  const busy = ["pending", "running", "waiting"].includes(thread.status);
  return (
    <>
      <Menu>
        <MenuTrigger asChild>{children}</MenuTrigger>
        <MenuContent align="end">
          {extra}
          <MenuItem
            icon={thread.pinned ? <PinOff /> : <Pin />}
            onSelect={() => change.mutate({ id: thread.id, pinned: !thread.pinned })}
          >
            {thread.pinned ? text.threads.unpin : text.threads.pin}
          </MenuItem>
          <SubMenu icon={<Kanban />} label={text.threads.stageIs(text.threads.stages[thread.stage] ?? thread.stage)}>
            <MenuGroup
              value={thread.stage}
              onValueChange={(stage) => change.mutate({ id: thread.id, stage: stage as (typeof STAGES)[number] })}
            >
              {STAGES.map((stage) => (
                <MenuChoice key={stage} value={stage}>
                  {text.threads.stages[stage]}
                </MenuChoice>
              ))}
            </MenuGroup>
          </SubMenu>
          {busy ? (
            <MenuItem icon={<CircleStop />} onSelect={() => stop.mutate(thread.id)}>
              {text.threads.stop}
            </MenuItem>
          ) : null}
          <MenuSeparator />
          <MenuItem
            icon={<Archive />}
            onSelect={() => (thread.mode === "worktree" || busy ? setAsking("archive") : void archive())}
          >
            {text.threads.archive}
          </MenuItem>
          <MenuItem icon={<Trash2 />} danger onSelect={() => setAsking("delete")}>
            {text.threads.delete}
          </MenuItem>
        </MenuContent>
      </Menu>
      <ConfirmDialog
        open={asking === "archive"}
        onOpenChange={() => setAsking(null)}
        title={text.threads.archiveTitle}
        action={text.threads.archive}
        danger={false}
        onConfirm={archive}
      >
        {text.threads.archiveHelp}
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === "delete"}
        onOpenChange={() => setAsking(null)}
        title={text.threads.deleteTitle}
        action={text.common.delete}
        onConfirm={async () => {
          await remove.mutateAsync(thread.id);
          leave();
        }}
      >
        {text.threads.deleteHelp}
      </ConfirmDialog>
    </>
  );
}

/** Returns how to leave the thread's own page, once the thread is gone from the lists. */
function useLeave(thread: Thread): () => void {
  const navigate = useNavigate();
  const path = useLocation({ select: (location) => location.pathname });
  return () => {
    if (path.includes(thread.id)) void navigate({ to: "/projects/$projectId", params: { projectId: thread.projectId } });
  };
}
