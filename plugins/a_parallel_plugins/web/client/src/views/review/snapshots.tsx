import { useQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useState } from "react";
import { type Snapshot, snapshotsQuery, useRestore } from "@/data/review";
import { text } from "@/i18n";
import { ago, dateTime } from "@/lib/format";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Dialog, DialogContent } from "@/ui/dialog";
import { CardList } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";

/** What is kept of a thread's uncommitted work, with the way to bring it back. */
export function SnapshotsDialog({ thread, open, onOpenChange }: { thread: string; open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={text.review.snapshotsTitle} description={text.review.snapshotsHelp}>
        <Snapshots thread={thread} />
      </DialogContent>
    </Dialog>
  );
}

function Snapshots({ thread }: { thread: string }) {
  const snapshots = useQuery(snapshotsQuery(thread));
  const restore = useRestore(thread);
  const [asking, setAsking] = useState<Snapshot | null>(null);
  if (snapshots.isPending) return <SkeletonList rows={3} />;
  if (snapshots.isError) return <ErrorState error={snapshots.error} onRetry={() => void snapshots.refetch()} />;
  if (snapshots.data.length === 0) {
    return (
      <EmptyState icon={History} title={text.review.snapshotsEmpty} className="py-8">
        {text.review.snapshotsEmptyHelp}
      </EmptyState>
    );
  }
  const bringBack = async (snapshot: Snapshot) => {
    const { branch } = await restore.mutateAsync(snapshot.id);
    toast.success(branch ? text.review.restoredBranch(branch) : text.review.restored);
  };
  return (
    <>
      <CardList>
        {snapshots.data.map((snapshot) => (
          <li key={snapshot.id} className="flex items-center gap-3 px-3 py-2">
            <div className="min-w-0 flex-1">
              <p className="truncate text-[0.8125rem]" title={snapshot.message}>
                <bdi>{snapshot.message}</bdi>
              </p>
              <p className="text-2xs text-muted-foreground">
                {text.review.causes[snapshot.cause] ?? snapshot.cause} · <time title={dateTime(snapshot.createdAt)}>{ago(snapshot.createdAt)}</time> ·{" "}
                <span className="font-mono">{snapshot.commit.slice(0, 8)}</span>
              </p>
            </div>
            <Button size="sm" variant="outline" className="h-9 md:h-7" onClick={() => setAsking(snapshot)}>
              {text.review.restore}
            </Button>
          </li>
        ))}
      </CardList>
      <ConfirmDialog
        open={asking !== null}
        onOpenChange={() => setAsking(null)}
        title={text.review.restoreTitle}
        action={text.review.restore}
        danger={false}
        onConfirm={() => asking && bringBack(asking)}
      >
        {text.review.restoreHelp}
      </ConfirmDialog>
    </>
  );
}
