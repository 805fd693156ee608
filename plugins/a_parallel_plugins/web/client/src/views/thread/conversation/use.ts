import { createContext, use, useEffect, useMemo, useSyncExternalStore } from "react";
import { useConnection } from "@/live/hooks";
import { Conversation, type Snapshot } from "./store";

export const ConversationContext = createContext<Conversation | null>(null);

/** The conversation of the thread that is shown; below `ConversationContext` only. */
export function useConversation(): Conversation {
  const conversation = use(ConversationContext);
  if (!conversation) throw new Error("no conversation around this component");
  return conversation;
}

export function useSnapshot(conversation: Conversation): Snapshot {
  return useSyncExternalStore(conversation.subscribe, () => conversation.snapshot);
}

/** Opens the conversation of a thread while the component is shown. */
export function useOpenConversation(threadId: string): Conversation {
  const conversation = useMemo(() => new Conversation(threadId), [threadId]);
  useEffect(() => {
    conversation.open();
    return () => conversation.close();
  }, [conversation]);
  return conversation;
}

/** Loads the conversation anew after a gap that events could not fill. */
export function useRefreshAfterGap(conversation: Conversation): void {
  const state = useConnection();
  useEffect(() => {
    if (state === "live" && conversation.snapshot.state !== "loading") conversation.reconnected();
  }, [state, conversation]);
}
