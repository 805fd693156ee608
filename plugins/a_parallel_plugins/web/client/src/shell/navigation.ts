import { CalendarClock, ChartColumn, Inbox, Kanban, type LucideIcon, Play, Settings, SquareTerminal } from "lucide-react";
import { text } from "@/i18n";

export interface Place {
  to: "/board" | "/inbox" | "/automations" | "/analytics" | "/terminals" | "/commands" | "/settings";
  label: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
}

/** The views that the sidebar and the palette lead to. */
export const PLACES: readonly Place[] = [
  { to: "/board", label: text.shell.board, icon: Kanban, key: "b" },
  { to: "/inbox", label: text.shell.inbox, icon: Inbox, key: "i" },
  { to: "/automations", label: text.shell.automations, icon: CalendarClock, key: "a" },
  { to: "/terminals", label: text.shell.terminals, icon: SquareTerminal, key: "t" },
  { to: "/commands", label: text.shell.startupCommands, icon: Play, key: "c" },
  { to: "/analytics", label: text.shell.analytics, icon: ChartColumn, key: "y" },
  { to: "/settings", label: text.shell.settings, icon: Settings, key: "s" },
];
