import { useCallback } from "react";
import { api, call, idempotencyKey, type Schema } from "@/api/client";
import { ApiError } from "@/api/errors";
import { patchThread } from "@/data/threads";
import { text } from "@/i18n";
import { toast } from "@/ui/toast";
import type { Conversation } from "../conversation/store";
import type { ImageAttachment, Message } from "../conversation/types";
import { useConversation } from "../conversation/use";

export interface Outgoing {
  content: string;
  images?: ImageAttachment[];
  model?: Schema["Model"];
  permissionMode?: Schema["PermissionMode"];
  files?: string[];
}

const TRIES = 5;
const outbox = new Map<string, Outgoing>();

/** Returns how to send a message: it is shown at once, and sent once however often the connection breaks. */
export function useSend(): (outgoing: Outgoing) => Promise<boolean> {
  const conversation = useConversation();
  return useCallback((outgoing: Outgoing) => send(conversation, `local-${idempotencyKey()}`, outgoing), [conversation]);
}

/** Returns how to send a message again that failed. */
export function useResend(): (message: Message) => void {
  const conversation = useConversation();
  return (message) => {
    const outgoing = outbox.get(message.id);
    if (outgoing) void send(conversation, message.id, outgoing);
  };
}

async function send(conversation: Conversation, id: string, outgoing: Outgoing): Promise<boolean> {
  const message: Message = {
    id,
    role: "user",
    content: outgoing.content,
    images: outgoing.images,
    timestamp: new Date().toISOString(),
    toolCalls: [],
  };
  outbox.set(id, outgoing);
  conversation.outbox({ ...message, sending: "sending" });
  try {
    await deliver(conversation.threadId, id, outgoing);
  } catch (error) {
    conversation.outbox({ ...message, sending: "failed" });
    toast.error(error, text.threads.sendFailed);
    return false;
  }
  outbox.delete(id);
  conversation.answered();
  conversation.outbox(message);
  if (outgoing.model) patchThread(conversation.threadId, { model: outgoing.model });
  if (outgoing.permissionMode) patchThread(conversation.threadId, { permissionMode: outgoing.permissionMode });
  return true;
}

/** Sends until there is an answer; the key lets the server see that it is one message. */
async function deliver(thread: string, key: string, { content, images, model, permissionMode, files }: Outgoing) {
  const body = {
    content,
    images: images ?? [],
    fileReferences: (files ?? []).map((path) => ({ path })),
    ...(model ? { model } : {}),
    ...(permissionMode ? { permissionMode } : {}),
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await call(
        api.POST("/api/threads/{thread}/message", {
          params: { path: { thread } },
          headers: { "Idempotency-Key": key },
          body: body as Schema["NewMessage"],
        }),
      );
      return;
    } catch (error) {
      if (error instanceof ApiError || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}
