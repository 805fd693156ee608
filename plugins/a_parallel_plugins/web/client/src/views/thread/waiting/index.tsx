import type { Snapshot } from "../conversation/store";
import type { Thread } from "../conversation/types";
import { useConversation } from "../conversation/use";
import { waitingCall } from "../conversation/waiting";
import { PermissionCard } from "./permission";
import { PlanCard } from "./plan";
import { QuestionCard } from "./question";

const LOOK_BACK = 40;

/** What the agent waits for, with the ways to answer. */
export function WaitingCard({ thread, snapshot }: { thread: Thread; snapshot: Snapshot }) {
  const conversation = useConversation();
  const { waiting, newest } = snapshot;
  if (thread.status !== "waiting" || !waiting) return null;
  const call = waitingCall(waiting, newest.slice(-LOOK_BACK).map((id) => conversation.message(id)));
  if (waiting.reason === "question") return <QuestionCard key={call?.id} input={call?.input ?? null} />;
  if (waiting.reason === "plan") return <PlanCard key={call?.id} input={call?.input ?? null} />;
  return <PermissionCard key={call?.id} thread={thread} toolName={waiting.toolName ?? call?.name ?? ""} call={call} />;
}
