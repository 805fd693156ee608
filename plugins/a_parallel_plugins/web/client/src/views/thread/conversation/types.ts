import type { Schema } from "@/api/client";

export type Thread = Schema["Thread"];
export type ImageAttachment = Schema["ImageAttachment"];

export interface ToolCall {
  id: string;
  messageId: string;
  name: string;
  /** JSON text; not valid JSON when it was clipped. */
  input: string | null;
  output: string | null;
  clipped?: boolean;
}

export interface Message {
  id: string;
  role: string;
  content: string;
  images?: ImageAttachment[] | null;
  model?: string | null;
  permissionMode?: string | null;
  timestamp: string;
  toolCalls: ToolCall[];
  /** The text was too long to be sent whole. */
  clipped?: boolean;
  /** Set on a message of this page that the server has not confirmed. */
  sending?: "sending" | "failed";
}

export interface Waiting {
  reason: "question" | "plan" | "permission";
  /** Tool whose call waits for leave. */
  toolName?: string;
}
