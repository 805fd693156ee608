import { ArrowUpFromLine, Columns2, Ellipsis, GitBranch, GitMerge, GitPullRequest, History, Minus, Plus, RefreshCw, Rows2, Undo2 } from "lucide-react";
import { useState } from "react";
import { useBase } from "@/data/projects";
import { type FileDiff, refreshReview, type Scope, usePush } from "@/data/review";
import type { GitSummary, Thread } from "@/data/threads";
import { text } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/ui/menu";
import { Segmented } from "@/ui/switch";
import { toast } from "@/ui/toast";
import { type FileActions, LineCounts } from "./file-list";
import { sumLines } from "./parse";
import type { View } from "./lines";
import { MergeDialog } from "./merge";
import { PullRequestDialog } from "./pull-request";
import { SnapshotsDialog } from "./snapshots";

interface Props {
  thread: Thread;
  files: FileDiff[];
  summary: GitSummary | undefined;
  scope: Scope;
  onScope: (scope: Scope) => void;
  view: View;
  onView: (view: View) => void;
}

type Shown = "merge" | "pullRequest" | "snapshots" | null;

/** The top of the review: which branch it is, how much has changed, and where the work goes from here. */
export function Head({ thread, files, summary, scope, onScope, view, onView, ...actions }: Props & Pick<FileActions, "onStage" | "onRevert">) {
  const [shown, setShown] = useState<Shown>(null);
  const push = usePush(thread.id);
  const dialog = (which: Shown) => ({ open: shown === which, onOpenChange: (open: boolean) => setShown(open ? which : null) });
  const unpushed = summary?.unpushedCommitCount ?? 0;
  const base = useBase(thread) ?? text.review.base;
  const pushNow = () => push.mutate(undefined, { onSuccess: () => toast.success(text.review.pushed) });
  return (
    <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-border px-3 py-1.5">
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 items-center gap-1.5 text-xs">
          <GitBranch aria-hidden className="size-3.5 shrink-0 text-muted-foreground" />
          <bdi className="truncate font-mono" title={thread.branch ?? undefined}>
            {thread.branch ?? text.review.noBranch}
          </bdi>
        </p>
        <p className="flex items-center gap-1.5 text-2xs text-muted-foreground">
          {text.review.files(files.length)}
          <LineCounts counts={sumLines(files)} />
          {thread.baseBranch ? (
            <bdi className="truncate">
              {text.review.into} {thread.baseBranch}
            </bdi>
          ) : null}
        </p>
      </div>
      <Segmented<Scope>
        label={text.review.scope}
        className="order-last w-full min-w-0"
        value={scope}
        onChange={onScope}
        options={[
          { value: "uncommitted", label: text.review.uncommitted },
          { value: "base", label: <bdi className="truncate">{text.review.since(base)}</bdi>, title: text.review.allSince(base) },
        ]}
      />
      <Segmented<View>
        label={text.review.layout}
        value={view}
        onChange={onView}
        options={[
          { value: "unified", label: <Rows2 />, title: text.review.unified },
          { value: "split", label: <Columns2 />, title: text.review.split },
        ]}
      />
      <Button size="sm" variant={summary?.dirtyFileCount === 0 && unpushed > 0 ? "primary" : "outline"} className="h-9 md:h-7" busy={push.isPending} onClick={pushNow}>
        <ArrowUpFromLine />
        {text.review.pushCount(unpushed)}
      </Button>
      <Menu>
        <MenuTrigger asChild>
          <IconButton label={text.review.more} className="size-9 md:size-7">
            <Ellipsis />
          </IconButton>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem icon={<GitPullRequest />} onSelect={() => setShown("pullRequest")}>
            {text.review.pullRequest}
          </MenuItem>
          <MenuItem icon={<GitMerge />} disabled={thread.mode !== "worktree" || !thread.branch} onSelect={() => setShown("merge")}>
            {text.review.merge}
          </MenuItem>
          <MenuItem icon={<History />} onSelect={() => setShown("snapshots")}>
            {text.review.snapshots}
          </MenuItem>
          <MenuSeparator />
          <AllFiles files={files} {...actions} />
          <MenuItem icon={<RefreshCw />} onSelect={() => void refreshReview(thread.id)}>
            {text.review.refresh}
          </MenuItem>
        </MenuContent>
      </Menu>
      <PullRequestDialog thread={thread} summary={summary} {...dialog("pullRequest")} />
      <MergeDialog thread={thread} summary={summary} {...dialog("merge")} />
      <SnapshotsDialog thread={thread.id} {...dialog("snapshots")} />
    </div>
  );
}

function AllFiles({ files, onStage, onRevert }: { files: FileDiff[] } & Pick<FileActions, "onStage" | "onRevert">) {
  if (files.length === 0 || !onStage || !onRevert) return null;
  const paths = (staged: boolean) => files.filter((file) => file.staged === staged).map(({ path }) => path);
  return (
    <>
      <MenuItem icon={<Plus />} disabled={paths(false).length === 0} onSelect={() => onStage(paths(false), true)}>
        {text.review.stageAll}
      </MenuItem>
      <MenuItem icon={<Minus />} disabled={paths(true).length === 0} onSelect={() => onStage(paths(true), false)}>
        {text.review.unstageAll}
      </MenuItem>
      <MenuItem icon={<Undo2 />} danger onSelect={() => onRevert(files.map(({ path }) => path))}>
        {text.review.revertAll}
      </MenuItem>
    </>
  );
}
