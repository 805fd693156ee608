import { useDroppable } from "@dnd-kit/core";
import { Archive, PanelRightClose } from "lucide-react";
import { useState } from "react";
import type { Project } from "@/data/projects";
import type { Thread } from "@/data/threads";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Button, IconButton } from "@/ui/button";
import { Card } from "./card";
import { type ColumnId, columnName } from "./stages";

const PORTION = 50;

const DOTS: Record<ColumnId, string> = {
  backlog: "bg-muted-foreground",
  in_progress: "bg-info",
  review: "bg-warning",
  done: "bg-success",
  archived: "bg-border",
};

interface Props {
  id: ColumnId;
  threads: Thread[];
  projects: Map<string, Project>;
  dragging: boolean;
  folded?: boolean;
  onFold?: () => void;
}

/** One stage. The archived one can be folded to a strip; threads can be dropped on that too. */
export function Column({ id, threads, projects, dragging, folded, onFold }: Props) {
  const { setNodeRef, isOver } = useDroppable({ id });
  const [most, setMost] = useState(PORTION);
  const frame = cn("rounded-xl border bg-sidebar transition-colors", isOver ? "border-primary bg-primary-soft" : dragging ? "border-input border-dashed" : "border-transparent");
  if (folded) {
    return (
      <section ref={setNodeRef} aria-label={columnName(id)} className={cn("flex w-11 shrink-0 snap-center", frame)}>
        <button
          type="button"
          aria-expanded={false}
          title={text.board.showArchived}
          className="flex w-full flex-col items-center gap-2 rounded-xl py-3 text-xs text-muted-foreground hover:bg-accent hover:text-foreground"
          onClick={onFold}
        >
          <Archive className="size-4" />
          <span className="[writing-mode:vertical-rl]">{columnName(id)}</span>
          <span className="tabular-nums">{threads.length}</span>
        </button>
      </section>
    );
  }
  return (
    <section ref={setNodeRef} aria-label={columnName(id)} className={cn("flex w-[82vw] shrink-0 snap-center flex-col sm:w-72 md:min-w-60 md:flex-1 md:basis-0", frame)}>
      <header className="flex h-10 shrink-0 items-center gap-2 pr-1.5 pl-3">
        <span aria-hidden className={cn("size-2 rounded-full", DOTS[id])} />
        <h2 className="text-xs font-semibold">{columnName(id)}</h2>
        <span className="flex-1 text-xs text-muted-foreground tabular-nums">{threads.length}</span>
        {onFold ? (
          <IconButton size="icon-xs" className="size-9 md:size-6" label={text.board.hideArchived} aria-expanded onClick={onFold}>
            <PanelRightClose />
          </IconButton>
        ) : null}
      </header>
      <ul className="grid min-h-16 flex-1 grid-cols-[minmax(0,1fr)] content-start gap-2 overflow-y-auto px-2 pb-2" tabIndex={-1}>
        {threads.slice(0, most).map((thread) => (
          <li key={thread.id}>
            <Card thread={thread} project={projects.get(thread.projectId)} />
          </li>
        ))}
        {threads.length === 0 ? <li className="px-2 py-6 text-center text-xs text-muted-foreground">{text.board.emptyColumn}</li> : null}
        {threads.length > most ? (
          <li className="text-center">
            <Button size="sm" variant="ghost" onClick={() => setMost(most + PORTION)}>
              {text.board.showMore(Math.min(PORTION, threads.length - most))}
            </Button>
          </li>
        ) : null}
      </ul>
    </section>
  );
}
