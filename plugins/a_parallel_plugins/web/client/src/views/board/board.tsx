import {
  type Announcements,
  type CollisionDetection,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  rectIntersection,
  TouchSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { archivedQuery } from "@/data/archived";
import type { Project } from "@/data/projects";
import { queries } from "@/data/query";
import { type Thread, useChangeThread } from "@/data/threads";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { ConfirmDialog } from "@/ui/confirm";
import { Card } from "./card";
import { Column } from "./column";
import { byColumn, type ColumnId, changesFor, columnName, inColumns, STAGES, threadOf } from "./stages";

/** Under the pointer where there is one; the keyboard has the card's own place. */
const under: CollisionDetection = (given) => (given.pointerCoordinates ? pointerWithin(given) : rectIntersection(given));

/** Columns between which threads are moved by pointer, by touch and by keyboard. */
export function Board({ threads, projects, scope }: { threads: Thread[]; projects: Project[]; scope: string[] }) {
  const [dragged, setDragged] = useState<Thread | null>(null);
  const [archiving, setArchiving] = useState<Thread | null>(null);
  const [open, setOpen] = useStored("board.archived", false);
  const archived = useQuery(archivedQuery);
  const move = useMove();
  const columns = useMemo(() => inColumns(threads), [threads]);
  const kept = (archived.data?.threads ?? []).filter((thread) => scope.includes(thread.projectId));
  const byId = useMemo(() => new Map(projects.map((project) => [project.id, project])), [projects]);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 200, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: byColumn }),
  );
  const dropped = ({ active, over }: DragEndEvent) => {
    setDragged(null);
    if (!over) return;
    const thread = threadOf(active);
    if (over.id === "archived" && !thread.archived) setArchiving(thread);
    else move(thread, over.id as ColumnId);
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={under}
      accessibility={{ announcements, screenReaderInstructions: { draggable: text.board.drag.how } }}
      onDragStart={({ active }) => setDragged(threadOf(active))}
      onDragCancel={() => setDragged(null)}
      onDragEnd={dropped}
    >
      <div className="flex min-h-0 flex-1 snap-x snap-mandatory gap-3 overflow-x-auto p-3 md:snap-none md:p-4" tabIndex={-1}>
        {STAGES.map((stage) => (
          <Column key={stage} id={stage} threads={columns[stage]} projects={byId} dragging={dragged !== null} />
        ))}
        <Column id="archived" threads={kept} projects={byId} dragging={dragged !== null} folded={!open} onFold={() => setOpen(!open)} />
      </div>
      <DragOverlay dropAnimation={null}>
        {dragged ? <Card thread={dragged} project={byId.get(dragged.projectId)} lifted /> : null}
      </DragOverlay>
      <ConfirmDialog
        open={archiving !== null}
        onOpenChange={() => setArchiving(null)}
        title={text.board.archiveTitle}
        action={text.threads.archive}
        danger={false}
        onConfirm={() => archiving && move(archiving, "archived")}
      >
        {text.threads.archiveHelp}
      </ConfirmDialog>
    </DndContext>
  );
}

function useMove(): (thread: Thread, column: ColumnId) => void {
  const change = useChangeThread();
  return (thread, column) => {
    const changes = changesFor(thread, column);
    if (!changes) return;
    change.mutate(
      { id: thread.id, ...changes },
      { onSettled: () => "archived" in changes && queries.invalidateQueries({ queryKey: archivedQuery.queryKey }) },
    );
  };
}

const announcements: Announcements = {
  onDragStart: ({ active }) => text.board.drag.start(threadOf(active).title),
  onDragOver: ({ active, over }) =>
    over ? text.board.drag.over(threadOf(active).title, columnName(over.id as ColumnId)) : text.board.drag.nowhere(threadOf(active).title),
  onDragEnd: ({ active, over }) =>
    over ? text.board.drag.end(threadOf(active).title, columnName(over.id as ColumnId)) : text.board.drag.cancel(threadOf(active).title),
  onDragCancel: ({ active }) => text.board.drag.cancel(threadOf(active).title),
};
