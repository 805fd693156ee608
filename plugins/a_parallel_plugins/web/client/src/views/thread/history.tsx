import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, MessagesSquare } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Spinner } from "@/ui/spinner";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { toast } from "@/ui/toast";
import type { Snapshot } from "./conversation/store";
import type { Message, Thread } from "./conversation/types";
import { useConversation } from "./conversation/use";
import { MessageItem } from "./message";

const NEAR_END = 120;
const LINE = 22;
const CHARACTERS = 95;

/** A guess that measuring corrects; the closer it is, the calmer the scrollbar. */
function guess(message: Message | undefined): number {
  if (!message) return 80;
  const lines = message.content === "" ? 0 : message.content.length / CHARACTERS + message.content.split("\n").length;
  return 24 + Math.min(lines, 400) * LINE + message.toolCalls.length * 44;
}

/** The conversation: only what is in view is in the document, however long it is. */
export function History({ thread, snapshot, directory }: { thread: Thread; snapshot: Snapshot; directory: string | null }) {
  const conversation = useConversation();
  const scroller = useRef<HTMLDivElement>(null);
  const [atEnd, endOfMessages] = useInView(NEAR_END);
  const [following, setFollowing] = useState(true);
  const { ids, jump, hasNewer } = snapshot;
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => guess(conversation.message(ids[index] ?? "")),
    getItemKey: (index) => ids[index] ?? index,
    overscan: 6,
    paddingStart: 24,
    paddingEnd: 24,
    anchorTo: "end",
    followOnAppend: following,
    scrollEndThreshold: NEAR_END,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;

  const filled = ids.length > 0;
  useLayoutEffect(() => {
    if (filled) virtualizer.scrollToEnd({ behavior: "auto" });
  }, [filled, virtualizer]);

  const inView = useEffectEvent(() => {
    if (filled) conversation.seen(ids, first, last);
  });
  // Not on every change: what failed to load is asked for again when somebody scrolls, not at once and for ever.
  useEffect(() => inView(), [first, last, ids.length, ids[0]]);
  // Only after a page that closes the gap is shown: what it adds is to be read, not to be skipped.
  useEffect(() => setFollowing(!hasNewer), [hasNewer]);
  useLayoutEffect(() => {
    if (jump?.to === "end") virtualizer.scrollToEnd({ behavior: "auto" });
    else if (jump) virtualizer.scrollToOffset(0, { behavior: "auto" });
  }, [jump, virtualizer]);
  const toStart = () => conversation.toStart().catch((error: unknown) => toast.error(error, text.threads.startFailed));
  const pressed = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || (event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    if (event.key === "End") conversation.toEnd();
    else void toStart();
  };

  if (snapshot.state === "loading") return <Loading />;
  if (snapshot.state === "error") {
    return <ErrorState className="flex-1" error={snapshot.error} onRetry={conversation.refresh} />;
  }
  if (!filled) {
    return (
      <div className="min-h-0 flex-1">
        <EmptyState icon={MessagesSquare} title={text.threads.emptyTitle}>
          {text.threads.emptyHelp}
        </EmptyState>
      </div>
    );
  }
  const running = thread.status === "running";
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-label={text.threads.conversation}
        className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto focus-visible:-outline-offset-2 [overflow-anchor:none]"
        onKeyDown={pressed}
      >
        {snapshot.loadingOlder ? (
          <div role="status" aria-label={text.threads.loadingOlder} className="absolute top-2 left-1/2 z-10 -translate-x-1/2 rounded-full border border-border bg-popover p-1.5 shadow">
            <Spinner />
          </div>
        ) : null}
        <div className="relative w-full" style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const id = ids[item.index] ?? "";
            return (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className="absolute top-0 left-0 w-full px-4 md:px-6"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <div className="mx-auto max-w-3xl">
                  <MessageItem
                    id={id}
                    message={conversation.message(id)}
                    thread={thread}
                    directory={directory}
                    thinking={snapshot.thinking.get(id)}
                    running={running}
                  />
                </div>
              </div>
            );
          })}
          <div ref={endOfMessages} aria-hidden className="absolute bottom-0 h-px w-full" />
        </div>
      </div>
      {atEnd && !hasNewer ? null : (
        <div className="mx-auto flex w-full max-w-3xl shrink-0 justify-end gap-2 px-3 pt-1.5">
          {snapshot.hasOlder ? (
            <Jump label={text.threads.jumpToStart} icon={<ArrowUp />} onClick={() => void toStart()} />
          ) : null}
          <Jump label={text.threads.jumpToEnd} icon={<ArrowDown />} onClick={conversation.toEnd} />
        </div>
      )}
    </div>
  );
}

/** Tells whether the element with the ref is in view of what scrolls it, or is so many pixels below it. */
function useInView(pixels: number): [boolean, (element: HTMLElement | null) => (() => void) | undefined] {
  const [inView, setInView] = useState(true);
  const observe = useCallback(
    (element: HTMLElement | null) => {
      if (!element) return;
      const seen = (entries: IntersectionObserverEntry[]) => setInView(entries.at(-1)?.isIntersecting ?? true);
      const margin = { root: element.closest("[role=log]"), rootMargin: `0px 0px ${pixels}px` };
      const observer = new IntersectionObserver(seen, margin);
      observer.observe(element);
      return () => observer.disconnect();
    },
    [pixels],
  );
  return [inView, observe];
}

function Jump({ label, icon, onClick }: { label: string; icon: ReactNode; onClick: () => void }) {
  return (
    <Button variant="outline" size="icon" aria-label={label} title={label} className="rounded-full" onClick={onClick}>
      {icon}
    </Button>
  );
}

function Loading() {
  return (
    <div role="status" aria-label={text.common.loading} className="min-h-0 flex-1 overflow-hidden px-4 py-6">
      <div className="mx-auto grid max-w-3xl gap-3">
        <Skeleton className="ml-auto h-14 w-2/3 rounded-2xl" />
        <Skeleton className="h-4 w-11/12" />
        <Skeleton className="h-4 w-4/5" />
        <Skeleton className="h-4 w-3/5" />
        <Skeleton className="h-9" />
        <Skeleton className="h-9" />
      </div>
    </div>
  );
}
