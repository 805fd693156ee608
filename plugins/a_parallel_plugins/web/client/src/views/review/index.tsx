import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { GitCommitVertical } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useBase } from "@/data/projects";
import { diffQuery, type FileDiff, refreshReview, type Scope, summaryQuery, useRevert, useStage } from "@/data/review";
import type { GitSummary, Thread } from "@/data/threads";
import { text } from "@/i18n";
import { useTopic } from "@/live/hooks";
import { useStored } from "@/lib/storage";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";
import { CommentsBar } from "./comments-bar";
import { CommitBox } from "./commit";
import { FileSection } from "./file-diff";
import { type FileActions, FileList } from "./file-list";
import { Head } from "./head";
import type { View } from "./lines";

/** Milliseconds in which further changes of the same burst are waited for. */
const BURST = 400;

/** The review pane, beside the conversation of a thread or, on a phone, instead of it. */
export default function ReviewPane({ thread }: { thread: Thread }) {
  const [scope, setScope] = useStored<Scope>("review.scope", "uncommitted");
  const diff = useQuery(diffQuery(thread.id, scope));
  const summary = useQuery(summaryQuery(thread.id)).data;
  const [view, setView] = useStored<View>("review.view", "unified");
  const [reverting, setReverting] = useState<string[] | null>(null);
  const { mutate: stageFiles } = useStage(thread.id);
  const revert = useRevert(thread.id);
  useFollowing(thread.id);
  const files = useMemo(() => inOrder(diff.data ?? []), [diff.data]);
  const onStage = useCallback((paths: string[], staged: boolean) => stageFiles({ paths, staged }), [stageFiles]);
  const onRevert = useCallback((paths: string[]) => setReverting(paths), []);
  // What is committed can be neither staged nor reverted.
  const actions = scope === "base" ? {} : { onStage, onRevert };
  return (
    <div className="@container flex h-full min-h-0 flex-col bg-background" aria-label={text.review.title}>
      <Head thread={thread} files={files} summary={summary} scope={scope} onScope={setScope} view={view} onView={setView} {...actions} />
      {diff.isPending ? (
        <SkeletonList className="flex-1 content-start p-3" />
      ) : diff.isError ? (
        <ErrorState className="flex-1" error={diff.error} onRetry={() => void diff.refetch()} />
      ) : files.length === 0 ? (
        <Nothing thread={thread} summary={summary} scope={scope} onScope={setScope} />
      ) : (
        <Files key={scope} thread={thread.id} files={files} scope={scope} view={view} {...actions} />
      )}
      <CommentsBar thread={thread.id} />
      {files.length > 0 && scope === "uncommitted" ? <CommitBox thread={thread.id} files={files} /> : null}
      <ConfirmDialog
        open={reverting !== null}
        onOpenChange={() => setReverting(null)}
        title={text.review.revertTitle(reverting?.length ?? 1, reverting?.[0] ?? "")}
        action={text.review.revertAction}
        onConfirm={async () => {
          await revert.mutateAsync(reverting ?? []);
          toast.success(text.review.reverted);
        }}
      >
        {text.review.revertHelp}
      </ConfirmDialog>
    </div>
  );
}

function inOrder(files: FileDiff[]): FileDiff[] {
  return [...files].sort((one, other) => Number(other.staged) - Number(one.staged) || one.path.localeCompare(other.path));
}

interface NothingProps {
  thread: Thread;
  summary: GitSummary | undefined;
  scope: Scope;
  onScope: (scope: Scope) => void;
}

function Nothing({ thread, summary, scope, onScope }: NothingProps) {
  const unpushed = summary?.unpushedCommitCount ?? 0;
  const base = useBase(thread) ?? text.review.base;
  if (scope === "base") {
    return (
      <EmptyState icon={GitCommitVertical} title={text.review.nothingSince(base)} className="flex-1 justify-center">
        {text.review.emptyHelp}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={GitCommitVertical}
      title={text.review.emptyTitle}
      className="flex-1 justify-center"
      action={<Button onClick={() => onScope("base")}>{text.review.showSince(base)}</Button>}
    >
      {unpushed > 0 ? text.review.emptyUnpushed(unpushed) : text.review.emptyHelp}
    </EmptyState>
  );
}

interface FilesProps extends Pick<FileActions, "onStage" | "onRevert"> {
  thread: string;
  files: FileDiff[];
  scope: Scope;
  view: View;
}

/** The list of files, and their diffs one below the other; only diffs near the ones in sight are in the page. */
function Files({ thread, files, scope, view, onStage, onRevert }: FilesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string | null>(null);
  const virtual = useVirtualizer({
    count: files.length,
    getScrollElement: () => frame.current,
    getItemKey: (index) => files[index]?.path ?? index,
    estimateSize: () => 240,
    overscan: 1,
  });
  const fold = useCallback((path: string) => {
    setFolded((before) => {
      const after = new Set(before);
      if (!after.delete(path)) after.add(path);
      return after;
    });
  }, []);
  const open = (path: string) => {
    setCurrent(path);
    if (folded.has(path)) fold(path);
    virtual.scrollToIndex(files.findIndex((file) => file.path === path), { align: "start" });
  };
  const items = virtual.getVirtualItems();
  return (
    <div className="flex min-h-0 flex-1 flex-col @3xl:flex-row">
      <FileList
        files={files}
        current={current}
        onOpen={open}
        onStage={onStage}
        onRevert={onRevert}
        className="max-h-[30%] min-h-20 shrink-0 border-b border-border bg-card @3xl:max-h-none @3xl:w-64 @3xl:border-r @3xl:border-b-0"
      />
      <div ref={frame} className="min-h-0 min-w-0 flex-1 overflow-y-auto" tabIndex={-1}>
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          <div className="absolute inset-x-0 top-0" style={{ paddingTop: items[0]?.start ?? 0 }}>
            {items.map(({ key, index }) => {
              const file = files[index];
              return file ? (
                <div key={key} data-index={index} ref={virtual.measureElement}>
                  <FileSection thread={thread} file={file} scope={scope} view={view} folded={folded.has(file.path)} onFold={fold} onStage={onStage} onRevert={onRevert} />
                </div>
              ) : null;
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

/** Looks again whenever the server says that the thread's directory may have changed. */
function useFollowing(thread: string): void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const soon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void refreshReview(thread), BURST);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useTopic("git:status", ({ statuses }) => statuses.some((one) => one.threadId === thread) && soon());
  useTopic("agent:tool_output", (_data, id) => id === thread && soon());
  useTopic("agent:result", (_data, id) => id === thread && soon());
}
