import "react-diff-view/style/index.css";
import "./diff.css";
import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { memo, useMemo, useState } from "react";
import { type FileDiff, type Scope, wholeDiffQuery } from "@/data/review";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Button } from "@/ui/button";
import { messageOf } from "@/api/errors";
import { FileButtons, type FileActions, LineCounts, PathText, StatusLetter } from "./file-list";
import { Lines, type View } from "./lines";
import { countLines, hunksOf } from "./parse";

interface Props extends Pick<FileActions, "onStage" | "onRevert"> {
  thread: string;
  file: FileDiff;
  scope: Scope;
  view: View;
  folded: boolean;
  onFold: (path: string) => void;
}

/** One changed file: its head, and its diff unless it is folded. */
export const FileSection = memo(function FileSection({ thread, file, scope, view, folded, onFold, onStage, onRevert }: Props) {
  const counts = useMemo(() => countLines(file.diff), [file.diff]);
  const label = folded ? text.review.unfold(file.path) : text.review.fold(file.path);
  return (
    <section aria-label={file.path} className="border-b border-border">
      <header className="group sticky top-0 z-10 flex h-10 items-center gap-1 border-b border-border bg-card pr-1.5 md:h-8">
        <button
          type="button"
          aria-expanded={!folded}
          title={label}
          className="flex h-full min-w-0 flex-1 items-center gap-2 pl-2 text-left"
          onClick={() => onFold(file.path)}
        >
          <ChevronRight className={cn("size-3.5 shrink-0 text-muted-foreground transition-transform", !folded && "rotate-90")} />
          <StatusLetter status={file.status} />
          <PathText path={file.path} className="flex-1 font-mono text-xs font-medium" />
          <LineCounts counts={counts} />
        </button>
        <FileButtons file={file} onStage={onStage} onRevert={onRevert} />
      </header>
      {folded ? null : <Body thread={thread} file={file} scope={scope} view={view} />}
    </section>
  );
});

interface Content {
  thread: string;
  file: FileDiff;
  scope: Scope;
  view: View;
}

function Body({ thread, file, scope, view }: Content) {
  const [wanted, setWanted] = useState(false);
  const whole = useQuery({ ...wholeDiffQuery(thread, file, scope), enabled: wanted });
  const diff = file.truncated ? whole.data : file.diff;
  if (diff === undefined) {
    return (
      <p className="flex flex-wrap items-center gap-3 px-4 py-3 text-xs text-muted-foreground">
        {whole.error ? messageOf(whole.error) : text.review.tooLarge}
        <Button size="sm" variant="outline" busy={whole.isFetching} onClick={() => (wanted ? void whole.refetch() : setWanted(true))}>
          {text.review.loadWhole}
        </Button>
      </p>
    );
  }
  return <Hunks thread={thread} file={file} scope={scope} diff={diff} view={view} />;
}

function Hunks({ diff, ...rest }: Content & { diff: string }) {
  const hunks = useMemo(() => hunksOf(diff), [diff]);
  if (hunks.length === 0) return <p className="px-4 py-3 text-xs text-muted-foreground">{text.review.noText}</p>;
  return <Lines hunks={hunks} {...rest} />;
}
