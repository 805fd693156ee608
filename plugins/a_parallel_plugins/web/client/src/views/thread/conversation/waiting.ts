import type { Message, ToolCall, Waiting } from "./types";

/** Derives what a waiting thread waits for from its messages, as events do not reach who comes later. */
export function waitingOf(messages: readonly Message[]): Waiting | null {
  const last = messages.findLast((message) => message.toolCalls.length > 0)?.toolCalls.at(-1);
  if (!last) return null;
  if (last.name === "AskUserQuestion") return { reason: "question" };
  if (last.name === "ExitPlanMode") return { reason: "plan" };
  return { reason: "permission", toolName: last.name };
}

/** Returns the tool call that waits, for showing what is asked. */
export function waitingCall(waiting: Waiting, messages: readonly (Message | undefined)[]): ToolCall | undefined {
  const name =
    waiting.reason === "question" ? "AskUserQuestion" : waiting.reason === "plan" ? "ExitPlanMode" : waiting.toolName;
  const calls = messages.flatMap((message) => message?.toolCalls ?? []);
  return calls.findLast((one) => one.name === name && one.output === null) ?? calls.findLast((one) => one.name === name);
}
