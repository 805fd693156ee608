import { MessageSquarePlus } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from "react";
import { type ChangeData, Decoration, Diff, type EventMap, Hunk, type HunkData, type RenderGutter, type RenderToken } from "react-diff-view";
import type { FileDiff, Scope } from "@/data/review";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CommentForm, CommentNote } from "./comment-note";
import { addComment, anchorOf, type Comment, useComments } from "./comments";
import { changesOf, firstLines, getChangeKey, lineNumber } from "./parse";
import { type Piece, useDiffTokens } from "./tokens";

export type View = "unified" | "split";

/** Lines that are shown at first, and that each press shows more. */
const PORTION = 300;

/** A file that is all new or all gone needs one column of numbers only. */
const TYPES = { added: "add", deleted: "delete", modified: "modify", renamed: "modify" } as const;

/** The lines of a diff, where one comments on them. */
export function Lines({ thread, file, scope, hunks, view }: { thread: string; file: FileDiff; scope: Scope; hunks: HunkData[]; view: View }) {
  const { path } = file;
  const [most, setMost] = useState(PORTION);
  const shown = useMemo(() => firstLines(hunks, most), [hunks, most]);
  const changes = useMemo(() => changesOf(shown), [shown]);
  const hidden = useMemo(() => changesOf(hunks).length - changes.length, [hunks, changes]);
  const tokens = useDiffTokens(shown, path);
  const { widgets, lost, open } = useCommenting(thread, path, scope, changes);
  const cursor = useCursor(changes, open);
  const gutterEvents = useMemo<EventMap>(() => ({ onClick: ({ change }) => change && open(change) }), [open]);
  return (
    <div
      ref={cursor.frame}
      role="group"
      tabIndex={0}
      aria-label={text.review.diffOf(path)}
      className="review-diff outline-offset-[-2px]"
      onKeyDown={cursor.pressed}
    >
      {lost.map((comment) => (
        <CommentNote key={comment.id} thread={thread} comment={comment} outdated />
      ))}
      <Diff
        diffType={TYPES[file.status]}
        viewType={view}
        hunks={shown}
        tokens={tokens}
        widgets={widgets}
        selectedChanges={cursor.selected}
        renderToken={renderToken}
        renderGutter={renderGutter}
        gutterEvents={gutterEvents}
      >
        {(all) =>
          all.flatMap((hunk, index) => [
            <Decoration key={`head-${index}`}>
              <bdi className="block truncate">{hunk.content}</bdi>
            </Decoration>,
            <Hunk key={index} hunk={hunk} />,
          ])
        }
      </Diff>
      {hidden > 0 ? (
        <div className="flex justify-center border-t border-border p-2">
          <Button size="sm" variant="outline" onClick={() => setMost(most + PORTION * 5)}>
            {text.review.moreLines(Math.min(hidden, PORTION * 5))}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

const renderToken: RenderToken = (token, renderDefault, index) => {
  if (token.type !== "piece") return renderDefault(token, index);
  const { value, color, italic, edit } = token as Piece;
  return (
    <span key={index} className={edit ? "diff-edit" : undefined} style={{ color, fontStyle: italic ? "italic" : undefined }}>
      {value}
    </span>
  );
};

const renderGutter: RenderGutter = ({ change, side, renderDefault }) => (
  <>
    {renderDefault()}
    {side === (change.type === "delete" ? "old" : "new") ? (
      <span
        aria-hidden
        title={text.review.commentOn(lineNumber(change))}
        className="diff-line-comment absolute inset-y-0 right-0 z-10 w-5 place-items-center rounded-sm bg-primary text-primary-foreground"
      >
        <MessageSquarePlus className="size-3" />
      </span>
    ) : null}
  </>
);

/** Comments of one file below their lines, and the form for the next one. */
function useCommenting(thread: string, path: string, scope: Scope, changes: ChangeData[]) {
  const all = useComments(thread);
  const [writing, setWriting] = useState<ChangeData | null>(null);
  return useMemo(() => {
    const widgets: Record<string, ReactNode> = {};
    const lost: Comment[] = [];
    const notes = new Map<string, ReactNode[]>();
    const below = (change: ChangeData, note: ReactNode) => {
      const key = getChangeKey(change);
      notes.set(key, [...(notes.get(key) ?? []), note]);
    };
    for (const comment of all.filter((one) => one.path === path)) {
      const anchor = anchorOf(comment, changes);
      if (anchor) below(anchor, <CommentNote key={comment.id} thread={thread} comment={comment} />);
      // A line that is committed, for example, is not among those that are not: that is no change of it.
      else if ((comment.scope ?? "uncommitted") === scope) lost.push(comment);
    }
    if (writing) {
      below(
        writing,
        <CommentForm
          key="form"
          label={text.review.commentOn(lineNumber(writing))}
          action={text.review.addComment}
          onCancel={() => setWriting(null)}
          onSubmit={(words) => {
            addComment(thread, path, scope, writing, words);
            setWriting(null);
          }}
        />,
      );
    }
    for (const [key, list] of notes) widgets[key] = <div>{list}</div>;
    return { widgets, lost, open: setWriting as (change: ChangeData) => void };
  }, [all, changes, path, scope, thread, writing]);
}

/** The line that the keyboard is at. */
function useCursor(changes: ChangeData[], open: (change: ChangeData) => void) {
  const frame = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const selected = useMemo(() => (at !== null && changes[at] ? [getChangeKey(changes[at])] : []), [at, changes]);
  const pressed = (event: KeyboardEvent) => {
    if (event.target !== frame.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const change = at === null ? undefined : changes[at];
    if (event.key === "Enter" && change) {
      event.preventDefault();
      open(change);
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = at === null ? 0 : Math.min(changes.length - 1, Math.max(0, at + step));
    setAt(next);
    const target = changes[next];
    if (target) frame.current?.querySelector(`[data-change-key="${getChangeKey(target)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return { frame, selected, pressed };
}
