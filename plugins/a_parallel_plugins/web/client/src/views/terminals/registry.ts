import { useEffect, useSyncExternalStore } from "react";
import { live } from "@/live/socket";

/** A terminal of the user. The server keeps it, whatever becomes of this page. */
export interface TerminalTab {
  id: string;
  cwd: string;
  createdAt: string;
  /** Made by this page and not opened on the server yet: that needs to know its size. */
  fresh: boolean;
  /** Set once the shell has ended; null as code if nobody can say how. */
  ended?: { code: number | null };
  /** What the shell calls itself. */
  title?: string;
}

interface Listed {
  ptyId: string;
  cwd: string;
  createdAt: string;
}

interface State {
  tabs: readonly TerminalTab[];
  /** The server has told which terminals there are. */
  loaded: boolean;
}

/** The terminals that this page knows of: the server's list, and what has happened since (`websocket.md` §7). */
class Registry {
  state: State = { tabs: [], loaded: false };
  private started = false;
  private readonly listeners = new Set<() => void>();

  /** Asks the server, now and whenever the connection comes back. */
  start(): void {
    if (this.started) return;
    this.started = true;
    live.onAny("pty:list", (data) => this.listed((data as { terminals: Listed[] }).terminals));
    live.on("pty:exit", ({ ptyId, exitCode }) => this.patch(ptyId, { ended: { code: exitCode } }));
    live.onState(() => this.ask());
    this.ask();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Makes a tab; its terminal is opened as soon as it is shown. */
  create(cwd: string): TerminalTab {
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const tab: TerminalTab = { id, cwd, createdAt: new Date().toISOString(), fresh: true };
    this.change([...this.state.tabs, tab]);
    return tab;
  }

  /** Opens a fresh terminal on the server; false while there is no connection. */
  spawn(tab: TerminalTab, rows: number, cols: number): boolean {
    if (!live.send("pty:spawn", { id: tab.id, cwd: tab.cwd, rows, cols })) return false;
    this.patch(tab.id, { fresh: false });
    return true;
  }

  /** Ends a terminal and forgets its tab. */
  close(id: string): void {
    live.send("pty:kill", { id });
    this.change(this.state.tabs.filter((tab) => tab.id !== id));
  }

  patch(id: string, changes: Partial<TerminalTab>): void {
    if (!this.state.tabs.some((tab) => tab.id === id)) return;
    this.change(this.state.tabs.map((tab) => (tab.id === id ? { ...tab, ...changes } : tab)));
  }

  private ask(): void {
    if (live.state === "live") live.send("pty:list", {});
  }

  private listed(terminals: Listed[]): void {
    const there = new Map(terminals.map((one) => [one.ptyId, one]));
    const known = this.state.tabs.map((tab) =>
      tab.fresh || tab.ended || there.has(tab.id) ? tab : { ...tab, ended: { code: null } },
    );
    const ids = new Set(known.map(({ id }) => id));
    const others = terminals
      .filter(({ ptyId }) => !ids.has(ptyId))
      .map(({ ptyId, cwd, createdAt }): TerminalTab => ({ id: ptyId, cwd, createdAt, fresh: false }));
    this.state = { ...this.state, loaded: true };
    this.change([...known, ...others].sort((one, other) => one.createdAt.localeCompare(other.createdAt)));
  }

  private change(tabs: readonly TerminalTab[]): void {
    this.state = { ...this.state, tabs };
    for (const listener of this.listeners) listener();
  }
}

export const registry = new Registry();

export function useTerminals(): State {
  useEffect(() => registry.start(), []);
  return useSyncExternalStore(registry.subscribe, () => registry.state);
}

/** What a tab is called: the name of its directory, with a number if there are several there. */
export function nameOf(tab: TerminalTab, all: readonly TerminalTab[]): string {
  const same = all.filter(({ cwd }) => cwd === tab.cwd);
  const name = tab.cwd.split("/").filter(Boolean).at(-1) ?? "~";
  return same.length > 1 ? `${name} ${same.findIndex(({ id }) => id === tab.id) + 1}` : name;
}
