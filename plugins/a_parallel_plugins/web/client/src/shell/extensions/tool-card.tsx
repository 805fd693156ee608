import type { Schema } from "@/api/client";
import { ExtensionHost } from "./host";
import { type Extension, useExtensions } from "./registry";

/** The card of a plugin for a tool, if there is one. */
export function useToolCard(name: string): Extension | undefined {
  return useExtensions("tool_card").find((one) => one.tools.includes(name));
}

export function ExtensionToolCard({
  extension,
  call,
  thread,
}: {
  extension: Extension;
  call: { id: string; name: string; input: string | null; output: string | null };
  thread: Schema["Thread"];
}) {
  return <ExtensionHost extension={extension} given={{ thread: describe(thread), call }} className="p-3" />;
}

/** What a plugin is told of a thread. */
export function describe({ id, projectId, title, status, branch, worktreePath }: Schema["Thread"]) {
  return { id, projectId, title, status, branch: branch ?? null, worktreePath: worktreePath ?? null };
}
