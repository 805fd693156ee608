import { ChevronRight } from "lucide-react";
import { memo, useMemo, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Boundary } from "@/shell/boundary";
import { ExtensionToolCard, useToolCard } from "@/shell/extensions/tool-card";
import { Spinner } from "@/ui/spinner";
import type { Thread, ToolCall } from "../conversation/types";
import { countLines, hunksOf } from "./diff";
import { list, parseInput, relative, str, type ToolInput } from "./input";
import { kindOf } from "./kinds";

const remembered = new Map<string, boolean>();

/** One tool call: what it is about in one line, and what it did when opened. */
export const ToolCard = memo(function ToolCard({
  call,
  thread,
  directory,
  running,
}: {
  call: ToolCall;
  thread: Thread;
  directory: string | null;
  running: boolean;
}) {
  const kind = kindOf(call.name);
  const extension = useToolCard(call.name);
  const input = useMemo(() => parseInput(call.input), [call.input]);
  const [chosen, setChosen] = useState(() => remembered.get(call.id));
  // A plan that waits for an answer is shown below already.
  const standard = kind.open ? call.name !== "ExitPlanMode" || call.output !== null : extension !== undefined;
  const open = chosen ?? standard;
  const setOpen = (next: boolean) => {
    // The card is drawn anew when it scrolls back into view.
    remembered.set(call.id, next);
    setChosen(next);
  };
  const summary = relative(kind.summary(input), directory);
  const busy = running && call.output === null;
  const path = relative(str(input, "file_path", "notebook_path", "path"), directory);
  return (
    <section aria-label={`${kind.title} ${summary}`} className="overflow-hidden rounded-lg border border-border bg-card" data-tool={call.name}>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex h-9 w-full items-center gap-2 px-3 text-left text-[0.8125rem] hover:bg-accent/50 focus-visible:-outline-offset-2 md:h-8"
      >
        {busy ? <Spinner className="shrink-0 text-primary" /> : <kind.icon className="size-4 shrink-0 text-muted-foreground" />}
        <span className="shrink-0 font-medium">{kind.title}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-xs text-muted-foreground">{summary}</span>
        <Changes name={call.name} input={input} />
        <ChevronRight className={cn("size-3.5 shrink-0 text-muted-foreground transition-transform", open && "rotate-90")} />
      </button>
      {open ? (
        <div className="border-t border-border">
          <Boundary fallback={() => <p className="px-3 py-2 text-xs text-muted-foreground">{text.common.viewFailed}</p>}>
            {extension ? (
              <ExtensionToolCard extension={extension} call={call} thread={thread} />
            ) : (
              <kind.Body input={input} raw={call.input ?? ""} output={call.output} running={busy} path={path} />
            )}
          </Boundary>
        </div>
      ) : null}
    </section>
  );
});

function Changes({ name, input }: { name: string; input: ToolInput | null }) {
  const { added, removed } = useMemo(() => changes(name, input), [name, input]);
  if (!added && !removed) return null;
  return (
    <span className="shrink-0 font-mono text-2xs tabular-nums">
      {added ? <span className="text-success">+{added}</span> : null}{" "}
      {removed ? <span className="text-destructive">−{removed}</span> : null}
    </span>
  );
}

function changes(name: string, input: ToolInput | null): { added: number; removed: number } {
  if (name === "Write") {
    const content = str(input, "content").replace(/\n$/, "");
    return { added: content ? content.split("\n").length : 0, removed: 0 };
  }
  if (name !== "Edit" && name !== "MultiEdit") return { added: 0, removed: 0 };
  const edits = list(input, "edits");
  const all = edits.length > 0 ? edits : input ? [input] : [];
  return countLines(all.flatMap((edit) => hunksOf(str(edit, "old_string"), str(edit, "new_string"))));
}
