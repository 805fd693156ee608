import { Pencil, Trash2 } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { text } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Textarea } from "@/ui/input";
import { type Comment, setComments, useComments } from "./comments";

/** A comment that has not been sent yet; it can be changed and removed. */
export function CommentNote({ thread, comment, outdated }: { thread: string; comment: Comment; outdated?: boolean }) {
  const all = useComments(thread);
  const [editing, setEditing] = useState(false);
  if (editing) {
    return (
      <CommentForm
        label={text.review.editComment}
        action={text.review.saveComment}
        initial={comment.text}
        onCancel={() => setEditing(false)}
        onSubmit={(words) => {
          setComments(thread, all.map((one) => (one.id === comment.id ? { ...one, text: words } : one)));
          setEditing(false);
        }}
      />
    );
  }
  return (
    <div className="border-y border-border bg-primary-soft/60 px-3 py-2">
      <div className="flex items-start gap-1">
        <div className="min-w-0 flex-1">
          {outdated ? (
            <p className="truncate font-mono text-2xs text-muted-foreground">
              {text.review.outdated}: {comment.code}
            </p>
          ) : null}
          <p className="text-[0.8125rem] leading-5 break-words whitespace-pre-wrap">{comment.text}</p>
        </div>
        <IconButton size="icon-xs" className="size-9 md:size-6" label={text.review.editComment} onClick={() => setEditing(true)}>
          <Pencil />
        </IconButton>
        <IconButton
          size="icon-xs"
          className="size-9 md:size-6"
          label={text.review.removeComment}
          onClick={() => setComments(thread, all.filter((one) => one.id !== comment.id))}
        >
          <Trash2 />
        </IconButton>
      </div>
    </div>
  );
}

/** Where a comment is written. */
export function CommentForm({
  label,
  action,
  initial = "",
  onSubmit,
  onCancel,
}: {
  label: string;
  action: string;
  initial?: string;
  onSubmit: (words: string) => void;
  onCancel: () => void;
}) {
  const [words, setWords] = useState(initial);
  const submit = () => words.trim() && onSubmit(words.trim());
  const pressed = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") onCancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  return (
    <form
      className="border-y border-border bg-muted p-2.5"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Textarea
        autoFocus
        aria-label={label}
        placeholder={text.review.commentPlaceholder}
        value={words}
        className="min-h-16"
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={pressed}
      />
      <div className="mt-2 flex justify-end gap-2">
        <Button size="sm" variant="ghost" onClick={onCancel}>
          {text.common.cancel}
        </Button>
        <Button size="sm" type="submit" disabled={!words.trim()}>
          {action}
        </Button>
      </div>
    </form>
  );
}
