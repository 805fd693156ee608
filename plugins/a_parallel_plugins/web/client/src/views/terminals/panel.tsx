import { Plus, SquareTerminal } from "lucide-react";
import { useEffect, useEffectEvent, useRef } from "react";
import { useProject } from "@/data/projects";
import type { Thread } from "@/data/threads";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { Button, IconButton } from "@/ui/button";
import { EmptyState, SkeletonList } from "@/ui/states";
import { Deck } from "./deck";
import { registry, useTerminals } from "./registry";

/** Terminals in the directory of a thread, beside its conversation. There is one as soon as the panel is shown. */
export default function TerminalPanel({ thread }: { thread: Thread }) {
  const project = useProject(thread.projectId);
  const directory = thread.mode === "worktree" ? (thread.worktreePath ?? null) : (project?.path ?? null);
  if (thread.mode !== "worktree" && !project) return <SkeletonList className="p-3" />;
  if (directory === null) {
    return (
      <EmptyState icon={SquareTerminal} title={text.terminals.noDirectory}>
        {text.terminals.noDirectoryHelp}
      </EmptyState>
    );
  }
  return <Terminals key={directory} thread={thread.id} directory={directory} />;
}

function Terminals({ thread, directory }: { thread: string; directory: string }) {
  const { tabs, loaded } = useTerminals();
  const [current, setCurrent] = useStored<string | null>(`terminals.${thread}`, null);
  const here = tabs.filter(({ cwd }) => cwd === directory);
  const first = useRef(true);
  const add = () => setCurrent(registry.create(directory).id);
  const begin = useEffectEvent(() => {
    if (first.current && here.length === 0) add();
    first.current = false;
  });
  useEffect(() => {
    if (loaded) begin();
  }, [loaded]);
  if (!loaded) return <SkeletonList className="p-3" rows={2} />;
  return (
    <Deck
      tabs={here}
      current={current}
      onCurrent={setCurrent}
      add={
        <IconButton className="size-9 md:size-7" label={text.terminals.open} onClick={add}>
          <Plus />
        </IconButton>
      }
    >
      <EmptyState
        icon={SquareTerminal}
        title={text.terminals.emptyTitle}
        action={
          <Button variant="primary" onClick={add}>
            {text.terminals.open}
          </Button>
        }
      >
        {text.terminals.emptyHelp}
      </EmptyState>
    </Deck>
  );
}
