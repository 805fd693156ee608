import { structuredPatch } from "diff";
import { memo, useMemo } from "react";
import { cn } from "@/lib/classes";
import { languageOf } from "@/lib/highlight";
import { Tokens, useTokens } from "@/ui/code";

interface Line {
  kind: "+" | "-" | " ";
  text: string;
}

/** Hunks between two texts, with three lines around each change. */
export function hunksOf(before: string, after: string): Line[][] {
  const patch = structuredPatch("a", "b", before, after, "", "", { context: 3 });
  return patch.hunks.map((hunk) =>
    hunk.lines
      .filter((line) => !line.startsWith("\\"))
      .map((line) => ({ kind: line.charAt(0) as Line["kind"], text: line.slice(1) })),
  );
}

export function countLines(hunks: Line[][]): { added: number; removed: number } {
  const lines = hunks.flat();
  return {
    added: lines.filter(({ kind }) => kind === "+").length,
    removed: lines.filter(({ kind }) => kind === "-").length,
  };
}

/** A small unified diff, as of an edit. The review pane has the large one. */
export const SmallDiff = memo(function SmallDiff({ before, after, path }: { before: string; after: string; path: string }) {
  const hunks = useMemo(() => hunksOf(before, after), [before, after]);
  return (
    <div tabIndex={0} role="group" aria-label={path} className="max-h-96 overflow-auto font-mono text-xs leading-5">
      {hunks.map((lines, index) => (
        <Hunk key={index} lines={lines} path={path} first={index === 0} />
      ))}
    </div>
  );
});

function Hunk({ lines, path, first }: { lines: Line[]; path: string; first: boolean }) {
  const tokens = useTokens(lines.map(({ text }) => text).join("\n"), languageOf(path) ?? undefined);
  return (
    <div className={cn("w-max min-w-full", !first && "border-t border-dashed border-border")}>
      {lines.map((line, index) => (
        <div
          key={index}
          className={cn("flex", line.kind === "+" && "bg-diff-add", line.kind === "-" && "bg-diff-delete")}
        >
          <span
            aria-hidden
            className={cn(
              "w-6 shrink-0 text-center text-muted-foreground select-none",
              line.kind === "+" && "text-success",
              line.kind === "-" && "text-destructive",
            )}
          >
            {line.kind === "-" ? "−" : line.kind}
          </span>
          <span className="pr-3 whitespace-pre">
            {tokens?.[index] ? <Tokens tokens={tokens[index]} /> : line.text}
          </span>
        </div>
      ))}
    </div>
  );
}
