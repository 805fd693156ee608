import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "@/api/client";

/** Something a plugin adds to the page; the server lists them at `/api/web/extensions`. */
export interface Extension {
  plugin: string;
  id: string;
  kind: "panel" | "thread_action" | "tool_card" | "settings";
  title: string;
  /** Address of an ES module below `/plugins/<plugin>/`. */
  module: string;
  /** Name of a Lucide icon, or empty. */
  icon: string;
  /** Names of tools whose calls a card shows. */
  tools: string[];
}

export const extensionsQuery = queryOptions({
  queryKey: ["plugins", "extensions"],
  queryFn: () => request<Extension[]>("/api/web/extensions").catch(() => []),
  staleTime: Number.POSITIVE_INFINITY,
});

/** All additions of one kind, of the plugins that run now. */
export function useExtensions(kind: Extension["kind"]): Extension[] {
  return useQuery(extensionsQuery).data?.filter((one) => one.kind === kind) ?? [];
}

/** A name for an extension that is the same after a reload. */
export function keyOf({ plugin, id }: Extension): string {
  return `${plugin}.${id}`;
}
