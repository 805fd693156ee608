import { useVirtualizer } from "@tanstack/react-virtual";
import { Minus, Plus, Undo2 } from "lucide-react";
import { useMemo, useRef } from "react";
import type { FileDiff } from "@/data/review";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { useNarrow } from "@/lib/media";
import { IconButton } from "@/ui/button";
import { type Counts, countLines, splitPath } from "./parse";

/** Without `onStage` and `onRevert` there is nothing but reading. */
export interface FileActions {
  onOpen: (path: string) => void;
  onStage?: ((paths: string[], staged: boolean) => void) | undefined;
  onRevert?: ((paths: string[]) => void) | undefined;
}

type Row = { kind: "head"; staged: boolean; files: FileDiff[] } | { kind: "file"; file: FileDiff };

/** All changed files, what is staged first. Only what is in sight is in the page. */
export function FileList({ files, current, className, ...actions }: { files: FileDiff[]; current: string | null; className?: string } & FileActions) {
  const frame = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const rows = useMemo(() => rowsOf(files), [files]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => (narrow ? 40 : 28),
    overscan: 12,
  });
  return (
    <div ref={frame} className={cn("overflow-y-auto p-1", className)}>
      <ul aria-label={text.review.fileList} className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const row = rows[index];
          if (!row) return null;
          return (
            <li key={index} className="absolute inset-x-0" style={{ top: start, height: size }}>
              {row.kind === "head" ? (
                <Head staged={row.staged} files={row.files} {...actions} />
              ) : (
                <FileRow file={row.file} active={row.file.path === current} {...actions} />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function rowsOf(files: FileDiff[]): Row[] {
  const groups = [true, false].map((staged) => ({ staged, files: files.filter((file) => file.staged === staged) }));
  return groups
    .filter((group) => group.files.length > 0)
    .flatMap((group): Row[] => [
      { kind: "head", ...group },
      ...group.files.map((file): Row => ({ kind: "file", file })),
    ]);
}

function Head({ staged, files, onStage }: { staged: boolean; files: FileDiff[] } & FileActions) {
  const label = staged ? text.review.unstageAll : text.review.stageAll;
  return (
    <div className="flex h-full items-center gap-1.5 pr-1 pl-2 text-2xs font-medium text-muted-foreground">
      <span className="flex-1">
        {staged ? text.review.staged : text.review.changes} <span className="tabular-nums opacity-80">{files.length}</span>
      </span>
      {onStage ? (
        <IconButton size="icon-xs" className="size-9 md:size-6" label={label} onClick={() => onStage(files.map(({ path }) => path), !staged)}>
          {staged ? <Minus /> : <Plus />}
        </IconButton>
      ) : null}
    </div>
  );
}

function FileRow({ file, active, onOpen, onStage, onRevert }: { file: FileDiff; active: boolean } & FileActions) {
  const counts = useMemo(() => countLines(file.diff), [file.diff]);
  return (
    <div className={cn("group flex h-full items-center rounded-md pr-1 hover:bg-accent/60", active && "bg-accent")}>
      <button
        type="button"
        title={file.path}
        aria-current={active || undefined}
        className="flex h-full min-w-0 flex-1 items-center gap-2 pl-2 text-left"
        onClick={() => onOpen(file.path)}
      >
        <StatusLetter status={file.status} />
        <PathText path={file.path} className="flex-1 text-xs" />
        <LineCounts counts={counts} className={onStage && "md:group-focus-within:hidden md:group-hover:hidden"} />
      </button>
      {onStage ? (
        <span className="flex md:hidden md:group-focus-within:flex md:group-hover:flex">
          <FileButtons file={file} onStage={onStage} onRevert={onRevert} />
        </span>
      ) : null}
    </div>
  );
}

/** Stage or unstage, and revert. */
export function FileButtons({ file, onStage, onRevert }: { file: FileDiff } & Pick<FileActions, "onStage" | "onRevert">) {
  const { path, staged } = file;
  const label = staged ? text.review.unstage(path) : text.review.stage(path);
  if (!onStage || !onRevert) return null;
  return (
    <>
      <IconButton size="icon-xs" className="size-9 md:size-6" label={text.review.revert(path)} onClick={() => onRevert([path])}>
        <Undo2 />
      </IconButton>
      <IconButton size="icon-xs" className="size-9 md:size-6" label={label} onClick={() => onStage([path], !staged)}>
        {staged ? <Minus /> : <Plus />}
      </IconButton>
    </>
  );
}

const COLOURS: Record<string, string> = {
  added: "text-success",
  modified: "text-warning",
  deleted: "text-destructive",
  renamed: "text-info",
};

export function StatusLetter({ status }: { status: string }) {
  const label = text.review.statuses[status] ?? status;
  return (
    <span role="img" aria-label={label} title={label} className={cn("w-3 shrink-0 text-center font-mono text-2xs font-semibold", COLOURS[status])}>
      {text.review.statusLetters[status] ?? "?"}
    </span>
  );
}

/** A path of which the name is always seen; the directory gives way. Foreign text, so its direction stays its own. */
export function PathText({ path, className }: { path: string; className?: string }) {
  const [directory, name] = splitPath(path);
  return (
    <bdi className={cn("flex min-w-0 items-baseline gap-1.5", className)}>
      <span className="max-w-full shrink-0 truncate">{name}</span>
      {directory ? <span className="min-w-0 truncate text-2xs text-muted-foreground">{directory.slice(0, -1)}</span> : null}
    </bdi>
  );
}

export function LineCounts({ counts, className }: { counts: Counts; className?: string }) {
  return (
    <span className={cn("flex shrink-0 gap-1 font-mono text-2xs tabular-nums", className)}>
      {counts.added > 0 ? (
        <span className="text-success" title={text.review.added(counts.added)}>
          +{counts.added}
        </span>
      ) : null}
      {counts.deleted > 0 ? (
        <span className="text-destructive" title={text.review.deleted(counts.deleted)}>
          −{counts.deleted}
        </span>
      ) : null}
    </span>
  );
}
