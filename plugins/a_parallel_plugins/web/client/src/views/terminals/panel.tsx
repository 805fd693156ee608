import type { Thread } from "@/data/threads";

/** A terminal in the directory of a thread, beside its conversation. */
export default function TerminalPanel({ thread }: { thread: Thread }) {
  return <div className="p-4">{thread.worktreePath}</div>;
}
