import { useSyncExternalStore } from "react";
import { store, stored } from "@/lib/storage";

/** What the shell can be asked to show, from anywhere. */
interface Shown {
  palette: boolean;
  shortcuts: boolean;
  /** Project of the new thread, "" for a choice, null while the dialog is closed. */
  newThread: string | null;
  addProject: boolean;
  /** The sidebar over the page, on a phone. */
  sidebar: boolean;
  /** No sidebar beside the page, on a wide screen; remembered. */
  sidebarHidden: boolean;
}

let shown: Shown = {
  palette: false,
  shortcuts: false,
  newThread: null,
  addProject: false,
  sidebar: false,
  sidebarHidden: stored("sidebar.hidden", false),
};
const listeners = new Set<() => void>();

export function show(changes: Partial<Shown>): void {
  shown = { ...shown, ...changes };
  if (changes.sidebarHidden !== undefined) store("sidebar.hidden", changes.sidebarHidden);
  for (const listener of listeners) listener();
}

export function useShown(): Shown {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}
