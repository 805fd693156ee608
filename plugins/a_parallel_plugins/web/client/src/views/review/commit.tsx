import { Sparkles } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { type FileDiff, useCommit, useGenerateMessage } from "@/data/review";
import { text } from "@/i18n";
import { store, stored } from "@/lib/storage";
import { Button } from "@/ui/button";
import { fieldClasses } from "@/ui/input";
import { cn } from "@/lib/classes";
import { toast } from "@/ui/toast";

/** Commits what is staged, or everything if nothing is. */
export function CommitBox({ thread, files }: { thread: string; files: FileDiff[] }) {
  const key = `commit.${thread}`;
  const [message, setMessage] = useState(() => stored(key, ""));
  const commit = useCommit(thread);
  const generate = useGenerateMessage(thread);
  const staged = files.filter((file) => file.staged).length;
  const change = (next: string) => {
    setMessage(next);
    store(key, next);
  };
  const submit = () => {
    if (!message.trim() || commit.isPending) return;
    const paths = staged > 0 ? [] : files.map(({ path }) => path);
    commit.mutate(
      { message: message.trim(), paths },
      {
        onSuccess: ({ output }) => {
          change("");
          toast.success(text.review.committed, { detail: output.split("\n")[0] });
        },
      },
    );
  };
  const write = () =>
    generate.mutate(staged === 0, {
      onSuccess: ({ title, body }) => change(body ? `${title}\n\n${body}` : title),
    });
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  return (
    <form
      className="shrink-0 border-t border-border bg-card p-2.5 pb-[max(0.625rem,env(safe-area-inset-bottom))]"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        aria-label={text.review.message}
        placeholder={text.review.messagePlaceholder}
        value={message}
        rows={1}
        className={cn(fieldClasses, "field-sizing-content block max-h-40 min-h-9 resize-none py-1.5 leading-relaxed md:min-h-8")}
        onChange={(event) => change(event.target.value)}
        onKeyDown={pressed}
      />
      <div className="mt-2 flex flex-wrap items-center justify-end gap-2">
        <Button variant="ghost" className="h-9 md:h-8" busy={generate.isPending} onClick={write}>
          {generate.isPending ? null : <Sparkles />}
          {text.review.generate}
        </Button>
        <Button type="submit" variant="primary" className="h-9 md:h-8" busy={commit.isPending} disabled={!message.trim()}>
          {staged > 0 ? text.review.commitStaged(staged) : text.review.commitAll}
        </Button>
      </div>
    </form>
  );
}
