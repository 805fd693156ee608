import {
  Bot,
  FilePen,
  FilePlus,
  FileSearch,
  FileText,
  Globe,
  ListTodo,
  type LucideIcon,
  MessageCircleQuestion,
  NotebookPen,
  Plug,
  Search,
  Sparkles,
  SquareTerminal,
  Telescope,
  Wrench,
} from "lucide-react";
import type { ComponentType } from "react";
import { text } from "@/i18n";
import {
  type BodyProps,
  EditBody,
  OutputBody,
  PlainBody,
  PlanBody,
  ProseBody,
  QuestionBody,
  ReadBody,
  ShellBody,
  TodoBody,
  WriteBody,
} from "./bodies";
import { list, str, type ToolInput } from "./input";

export interface ToolKind {
  icon: LucideIcon;
  title: string;
  /** One line that says what this call is about. */
  summary: (input: ToolInput | null) => string;
  Body: ComponentType<BodyProps>;
  /** Shown at once, since the reader wants to see it. */
  open?: boolean;
}

const path = (input: ToolInput | null) => str(input, "file_path", "notebook_path", "path");

const KINDS: Record<string, Omit<ToolKind, "title">> = {
  Agent: { icon: Bot, summary: (input) => str(input, "description"), Body: ProseBody },
  AskUserQuestion: {
    icon: MessageCircleQuestion,
    summary: (input) => str(list(input, "questions")[0] ?? null, "question"),
    Body: QuestionBody,
  },
  Bash: { icon: SquareTerminal, summary: (input) => str(input, "description") || str(input, "command"), Body: ShellBody },
  BashOutput: { icon: SquareTerminal, summary: (input) => str(input, "bash_id", "task_id"), Body: OutputBody },
  Edit: { icon: FilePen, summary: path, Body: EditBody, open: true },
  ExitPlanMode: { icon: Telescope, summary: () => "", Body: PlanBody, open: true },
  Glob: { icon: FileSearch, summary: (input) => str(input, "pattern"), Body: OutputBody },
  Grep: { icon: Search, summary: (input) => str(input, "pattern"), Body: OutputBody },
  MultiEdit: { icon: FilePen, summary: path, Body: EditBody, open: true },
  NotebookEdit: { icon: NotebookPen, summary: path, Body: WriteBody, open: true },
  Read: { icon: FileText, summary: path, Body: ReadBody },
  Skill: { icon: Sparkles, summary: (input) => str(input, "skill", "command", "name"), Body: PlainBody },
  Task: { icon: Bot, summary: (input) => str(input, "description"), Body: ProseBody },
  TodoWrite: { icon: ListTodo, summary: progress, Body: TodoBody, open: true },
  WebFetch: { icon: Globe, summary: (input) => str(input, "url"), Body: ProseBody },
  WebSearch: { icon: Globe, summary: (input) => str(input, "query"), Body: ProseBody },
  Write: { icon: FilePlus, summary: path, Body: WriteBody, open: true },
};

function progress(input: ToolInput | null): string {
  const todos = list(input, "todos");
  return `${todos.filter((todo) => todo.status === "completed").length}/${todos.length}`;
}

/** Returns how calls of a tool are shown. */
export function kindOf(name: string): ToolKind {
  const known = KINDS[name];
  if (known) return { ...known, title: text.threads.tools[name] ?? name };
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
  if (server && tool) return { icon: Plug, title: tool, summary: () => server, Body: PlainBody };
  return { icon: Wrench, title: name, summary: () => "", Body: PlainBody };
}
