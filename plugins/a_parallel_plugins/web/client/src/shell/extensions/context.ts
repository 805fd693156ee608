import { request } from "@/api/client";
import { live } from "@/live/socket";
import { router } from "@/router";
import { isDark } from "@/shell/theme";
import { toast } from "@/ui/toast";
import type { Extension } from "./registry";

/** What the page hands to a plugin's module. Described for authors in docs/plugins; a change there is a promise. */
export interface ExtensionContext {
  /** Grows when something is added here; 1 is the first. */
  version: 1;
  plugin: string;
  /** The thread that is shown, for panels, thread actions and tool cards. */
  thread?: { id: string; projectId: string; title: string; status: string; branch: string | null; worktreePath: string | null };
  /** The call, for tool cards. */
  call?: { id: string; name: string; input: string | null; output: string | null };
  dark: boolean;
  /** Calls the server as the signed-in user and returns the JSON; throws an Error with the server's text. */
  request: typeof request;
  /** Listens to a topic of the socket; returns how to stop. */
  on: (topic: string, handler: (data: unknown, threadId: string) => void) => () => void;
  notify: (kind: "success" | "info" | "error", title: string) => void;
  navigate: (path: string) => void;
}

export function contextOf(extension: Extension, more: Pick<ExtensionContext, "thread" | "call">): ExtensionContext {
  return {
    version: 1,
    plugin: extension.plugin,
    dark: isDark(),
    request,
    on: (topic, handler) => live.onAny(topic, handler),
    notify: (kind, title) => (kind === "error" ? toast.error(new Error(title)) : toast[kind](title)),
    navigate: (path) => router.history.push(path),
    ...more,
  };
}

/** A module of a plugin. */
export interface ExtensionModule {
  /** Fills an element; may return how to clean up, and how to follow changes of the context. */
  mount?: (element: HTMLElement, context: ExtensionContext) => Mounted;
  /** Does what a thread action is for. */
  run?: (context: ExtensionContext) => unknown;
}

export type Mounted = void | (() => void) | { update?: (context: ExtensionContext) => void; unmount?: () => void };

/** Loads a module. It must lie below `/plugins/`, where the server puts a plugin's own files. */
export async function loadModule(extension: Extension): Promise<ExtensionModule> {
  const url = new URL(extension.module, location.origin);
  if (url.origin !== location.origin || !url.pathname.startsWith(`/plugins/${extension.plugin}/`)) {
    throw new Error(`${extension.module} does not lie below /plugins/${extension.plugin}/`);
  }
  return (await import(/* @vite-ignore */ url.href)) as ExtensionModule;
}
