import { useEffect, useState } from "react";
import { type ChangeData, type HunkData, type HunkTokens, markEdits, type TokenNode, type TokenPath } from "react-diff-view";
import { highlight, languageOf, type Token } from "@/lib/highlight";

/** Beyond this many lines a diff stays plain: comparing words would hold the page up. */
const MOST_LINES = 3000;

type Side = "old" | "new";

/** A stretch of a line in one colour; `edit` if it is what changed within the line. */
export interface Piece extends TokenNode {
  type: "piece";
  value: string;
  color?: string;
  italic?: boolean;
  edit: boolean;
}

/** Colours the code and marks what changed within lines; the lines are plain until the grammar is there. */
export function useDiffTokens(hunks: HunkData[], path: string): HunkTokens | null {
  const [tokens, setTokens] = useState<{ of: HunkData[]; tokens: HunkTokens } | null>(null);
  useEffect(() => {
    let wanted = true;
    const show = (found: HunkTokens) => wanted && setTokens({ of: hunks, tokens: found });
    if (hunks.reduce((sum, { changes }) => sum + changes.length, 0) > MOST_LINES) return;
    const showPlain = () => show(pieces(hunks, plain(hunks, "old"), plain(hunks, "new")));
    const language = languageOf(path);
    if (language) {
      Promise.all([coloured(hunks, "old", language), coloured(hunks, "new", language)]).then(
        ([before, after]) => show(pieces(hunks, before, after)),
        showPlain,
      );
    } else {
      showPlain();
    }
    return () => {
      wanted = false;
    };
  }, [hunks, path]);
  return tokens?.of === hunks ? tokens.tokens : null;
}

function lineOf(change: ChangeData, side: Side): number | null {
  if (change.type === "normal") return side === "old" ? change.oldLineNumber : change.newLineNumber;
  return (change.type === "delete") === (side === "old") ? change.lineNumber : null;
}

/** Puts each line's stretches where its number says, so that the result can be asked for by line. */
function place(hunks: HunkData[], side: Side, tokensOf: (hunk: number, line: number, text: string) => Token[]): TokenPath[][] {
  const lines: TokenPath[][] = [];
  hunks.forEach((hunk, index) => {
    let line = 0;
    for (const change of hunk.changes) {
      const number = lineOf(change, side);
      if (number === null) continue;
      lines[number - 1] = tokensOf(index, line, change.content).map(({ text, ...style }) => [
        { type: "style", ...style },
        { type: "text", value: text },
      ]);
      line += 1;
    }
  });
  return Array.from(lines, (found) => found ?? []);
}

function plain(hunks: HunkData[], side: Side): TokenPath[][] {
  return place(hunks, side, (_hunk, _line, text) => [{ text }]);
}

async function coloured(hunks: HunkData[], side: Side, language: string): Promise<TokenPath[][]> {
  const found = await Promise.all(
    hunks.map(({ changes }) => {
      const lines = changes.filter((change) => lineOf(change, side) !== null);
      return highlight(lines.map(({ content }) => content).join("\n"), language);
    }),
  );
  return place(hunks, side, (hunk, line, text) => found[hunk]?.[line] ?? [{ text }]);
}

function pieces(hunks: HunkData[], before: TokenPath[][], after: TokenPath[][]): HunkTokens {
  const [old, fresh] = markEdits(hunks, { type: "block" })([before, after]);
  return { old: old.map(flatten), new: fresh.map(flatten) };
}

function flatten(line: TokenPath[]): Piece[] {
  return line.map((path) => {
    const style: Record<string, unknown> = path.find(({ type }) => type === "style") ?? {};
    const leaf = path.at(-1) as { value?: string } | undefined;
    return {
      type: "piece",
      value: leaf?.value ?? "",
      color: style.color as string | undefined,
      italic: style.italic as boolean | undefined,
      edit: path.some(({ type }) => type === "edit"),
    };
  });
}
