import { useEffect, useSyncExternalStore } from "react";
import type { Schema } from "@/api/client";
import { loadOutput, type StartupCommand } from "@/data/commands";
import { live, type Topics } from "@/live/socket";

/** Characters of one piece, and how many pieces are kept of a command's output. */
const PIECE = 8_000;
const PIECES = 40;

/** What a command does, and the end of what it has written. Only the last piece still grows. */
export interface Output {
  running: boolean;
  exitCode: number | null;
  stopped: boolean;
  pieces: readonly string[];
  cut: boolean;
  next: number;
}

type Happening =
  | { kind: "status"; data: Topics["command:status"] }
  | { kind: "output"; data: Topics["command:output"] };

export const IDLE: Output = { running: false, exitCode: null, stopped: false, pieces: [], cut: false, next: 0 };

/** Adds text to pieces; whole lines go into a new piece when the last one is long, and the oldest pieces go. */
export function append(output: Output, data: string): Output {
  const pieces = [...output.pieces];
  const last = pieces.at(-1);
  if (last === undefined || (last.length >= PIECE && last.endsWith("\n"))) pieces.push(data);
  else pieces[pieces.length - 1] = last + data;
  const grown = pieces.at(-1) ?? "";
  const end = grown.lastIndexOf("\n") + 1;
  if (grown.length >= PIECE && end > 0 && end < grown.length) pieces.splice(-1, 1, grown.slice(0, end), grown.slice(end));
  const cut = output.cut || pieces.length > PIECES;
  return { ...output, pieces: pieces.slice(-PIECES), cut };
}

/** What an event makes of an output; what the output has already does not count twice. */
export function after(output: Output, { kind, data }: Happening): Output {
  if (kind === "output") {
    return data.index < output.next ? output : { ...append(output, data.data), next: data.index + 1 };
  }
  if (data.status === "running") return { ...IDLE, running: true };
  return { ...output, running: false, exitCode: data.exitCode ?? null, stopped: data.status === "stopped" };
}

export function fromAnswer(answer: Schema["OutputAnswer"]): Output {
  const output = { ...IDLE, running: answer.running, exitCode: answer.exitCode ?? null, cut: answer.cut, next: answer.next };
  return answer.data ? append(output, answer.data) : output;
}

/** The outputs of all commands that the page has shown; they grow while another view is shown, too. */
class Outputs {
  private readonly outputs = new Map<string, Output>();
  private readonly projects = new Map<string, string>();
  private readonly waiting = new Map<string, Happening[]>();
  private readonly listeners = new Set<() => void>();
  private started = false;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get(command: string): Output | undefined {
    return this.outputs.get(command);
  }

  /** Loads the output of a command unless that has been done. */
  want({ id, projectId }: StartupCommand): void {
    this.start();
    if (this.projects.has(id)) return;
    this.projects.set(id, projectId);
    void this.load(id, projectId);
  }

  clear(command: string): void {
    const output = this.outputs.get(command);
    if (output) this.set(command, { ...output, pieces: [], cut: false });
  }

  private start(): void {
    if (this.started) return;
    this.started = true;
    live.on("command:output", (data) => this.happened(data.commandId, { kind: "output", data }));
    live.on("command:status", (data) => this.happened(data.commandId, { kind: "status", data }));
    live.onState(() => {
      if (live.state !== "live") return;
      for (const [id, project] of this.projects) void this.load(id, project);
    });
  }

  /** What happens meanwhile is kept and counted afterwards. */
  private async load(id: string, project: string): Promise<void> {
    this.waiting.set(id, []);
    try {
      const answer = await loadOutput(project, id);
      const events = this.waiting.get(id) ?? [];
      this.set(id, events.reduce(after, fromAnswer(answer)));
    } catch {
      this.projects.delete(id); // it is asked for again when it is shown again
    } finally {
      this.waiting.delete(id);
    }
  }

  private happened(id: string, event: Happening): void {
    const waiting = this.waiting.get(id);
    const output = this.outputs.get(id);
    if (waiting) waiting.push(event);
    else if (output) this.set(id, after(output, event));
  }

  private set(id: string, output: Output): void {
    this.outputs.set(id, output);
    for (const listener of this.listeners) listener();
  }
}

export const outputs = new Outputs();

export function useOutput(command: StartupCommand): Output | undefined {
  useEffect(() => outputs.want(command), [command]);
  return useSyncExternalStore(outputs.subscribe, () => outputs.get(command.id));
}
