import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { MessageCircleOff } from "lucide-react";
import { lazy, Suspense, useEffect } from "react";
import { ApiError } from "@/api/errors";
import { useProject } from "@/data/projects";
import { useThread } from "@/data/threads";
import { text } from "@/i18n";
import { useNarrow } from "@/lib/media";
import { Boundary } from "@/shell/boundary";
import { describe } from "@/shell/extensions/tool-card";
import { ExtensionHost, Origin } from "@/shell/extensions/host";
import { keyOf, useExtensions } from "@/shell/extensions/registry";
import { useShortcut } from "@/shell/shortcuts";
import { Button } from "@/ui/button";
import { ViewHeader } from "@/ui/page";
import { EmptyState, SkeletonList } from "@/ui/states";
import { Composer } from "./composer/composer";
import type { Thread } from "./conversation/types";
import { ConversationContext, useConversation, useOpenConversation, useRefreshAfterGap, useSnapshot } from "./conversation/use";
import { FailureNotice } from "./failure";
import { ThreadHeader } from "./header";
import { History } from "./history";
import { RunLine } from "./run-line";
import { Split } from "./split";
import { WaitingCard } from "./waiting";

const ReviewPane = lazy(() => import("@/views/review"));
const TerminalPanel = lazy(() => import("@/views/terminals/panel"));

/** The page of one thread. */
export default function ThreadView() {
  const { threadId } = useParams({ from: "/app/projects/$projectId/threads/$threadId" });
  return <Opened key={threadId} threadId={threadId} />;
}

function Opened({ threadId }: { threadId: string }) {
  const conversation = useOpenConversation(threadId);
  const snapshot = useSnapshot(conversation);
  useRefreshAfterGap(conversation);
  const listed = useThread(threadId);
  const thread = listed ?? snapshot.thread;
  useEffect(() => {
    if (thread) document.title = `${thread.title} · a-parallel`;
    return () => {
      document.title = "a-parallel";
    };
  }, [thread]);
  if (snapshot.error instanceof ApiError && snapshot.error.status === 404) return <Missing />;
  return (
    <ConversationContext value={conversation}>
      {thread ? (
        <Ready thread={thread} />
      ) : (
        <div className="flex h-full flex-col">
          <ViewHeader>{null}</ViewHeader>
          <SkeletonList className="p-6" rows={4} />
        </div>
      )}
    </ConversationContext>
  );
}

function Ready({ thread }: { thread: Thread }) {
  const conversation = useConversation();
  const snapshot = useSnapshot(conversation);
  const project = useProject(thread.projectId);
  const directory = thread.worktreePath ?? (thread.mode === "local" ? (project?.path ?? null) : null);
  const [panel, setPanel] = usePanel();
  const narrow = useNarrow();
  useShortcut("mod+shift+g", text.threads.panels.review ?? "", () => setPanel(panel === "review" ? null : "review"));
  useShortcut("mod+j", text.threads.panels.terminal ?? "", () => setPanel(panel === "terminal" ? null : "terminal"));
  const talk = (
    <div className="flex h-full min-h-0 flex-col">
      <History thread={thread} snapshot={snapshot} directory={directory} />
      <div className="shrink-0 px-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] md:px-6">
        <div className="mx-auto max-w-3xl">
          <RunLine thread={thread} snapshot={snapshot} />
          <FailureNotice thread={thread} />
          <WaitingCard thread={thread} snapshot={snapshot} />
          <Composer thread={thread} directory={directory} />
        </div>
      </div>
    </div>
  );
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ThreadHeader thread={thread} panel={panel} onPanel={setPanel} />
      {panel === null ? (
        <div className="min-h-0 flex-1">{talk}</div>
      ) : narrow ? (
        <div className="min-h-0 flex-1 overflow-hidden">
          <PanelContent thread={thread} panel={panel} />
        </div>
      ) : (
        <Split main={talk} side={<PanelContent thread={thread} panel={panel} />} />
      )}
    </div>
  );
}

function PanelContent({ thread, panel }: { thread: Thread; panel: string }) {
  const extension = useExtensions("panel").find((one) => keyOf(one) === panel);
  return (
    <Boundary key={panel}>
      <Suspense fallback={<SkeletonList className="p-4" />}>
        {panel === "review" ? <ReviewPane thread={thread} /> : null}
        {panel === "terminal" ? <TerminalPanel thread={thread} /> : null}
        {extension ? (
          <div className="h-full overflow-y-auto p-4">
            <h2 className="text-[0.8125rem] font-semibold">{extension.title}</h2>
            <Origin extension={extension} />
            <ExtensionHost className="mt-3" extension={extension} given={{ thread: describe(thread) }} />
          </div>
        ) : null}
      </Suspense>
    </Boundary>
  );
}

function Missing() {
  return (
    <div className="flex h-full flex-col">
      <ViewHeader>{null}</ViewHeader>
      <EmptyState
        icon={MessageCircleOff}
        title={text.threads.missing}
        action={
          <Button asChild variant="outline">
            <Link to="/">{text.shell.home}</Link>
          </Button>
        }
      >
        {text.threads.missingHelp}
      </EmptyState>
    </div>
  );
}

/** The panel beside the conversation is part of the address, so that a reload keeps it. */
function usePanel(): [string | null, (panel: string | null) => void] {
  const { panel } = useSearch({ from: "/app/projects/$projectId/threads/$threadId" });
  const navigate = useNavigate({ from: "/projects/$projectId/threads/$threadId" });
  return [
    panel ?? null,
    (next) => void navigate({ search: (search) => ({ ...search, panel: next ?? undefined }), replace: true }),
  ];
}
