import { CalendarClock, ChartColumn, Inbox, Kanban, type LucideIcon, Play, Settings, SquareTerminal } from "lucide-react";
import { text } from "@/i18n";

export interface Place {
  to: "/board" | "/inbox" | "/automations" | "/analytics" | "/terminals" | "/commands" | "/settings";
  label: string;
  icon: LucideIcon;
}

/** The views that the sidebar and the palette lead to. */
export const PLACES: readonly Place[] = [
  { to: "/board", label: text.shell.board, icon: Kanban },
  { to: "/inbox", label: text.shell.inbox, icon: Inbox },
  { to: "/automations", label: text.shell.automations, icon: CalendarClock },
  { to: "/terminals", label: text.shell.terminals, icon: SquareTerminal },
  { to: "/commands", label: text.shell.startupCommands, icon: Play },
  { to: "/analytics", label: text.shell.analytics, icon: ChartColumn },
  { to: "/settings", label: text.shell.settings, icon: Settings },
];
