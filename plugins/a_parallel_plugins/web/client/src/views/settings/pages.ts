import {
  Blocks,
  Cable,
  GitBranch,
  KeyRound,
  type LucideIcon,
  Palette,
  PlugZap,
  Sparkles,
  UserRound,
  Users,
} from "lucide-react";
import { type ComponentType, lazy } from "react";

export interface SettingsPage {
  id: string;
  group: "personal" | "agents" | "server";
  icon: LucideIcon;
  component: ComponentType;
  /** Who may see it; everybody by default. */
  only?: "admin" | "multi-admin";
}

/** The pages of the settings in the order of their list; titles are in the catalogue under `settings.pages`. */
export const PAGES: readonly SettingsPage[] = [
  { id: "appearance", group: "personal", icon: Palette, component: lazy(() => import("./appearance")) },
  { id: "profile", group: "personal", icon: UserRound, component: lazy(() => import("./profile")) },
  { id: "github", group: "personal", icon: GitBranch, component: lazy(() => import("./github")) },
  { id: "tokens", group: "personal", icon: KeyRound, component: lazy(() => import("./tokens")) },
  { id: "mcp", group: "agents", icon: Cable, component: lazy(() => import("./mcp")) },
  { id: "skills", group: "agents", icon: Sparkles, component: lazy(() => import("./skills")) },
  { id: "claude-plugins", group: "agents", icon: PlugZap, component: lazy(() => import("./claude-plugins")) },
  { id: "plugins", group: "server", icon: Blocks, component: lazy(() => import("./plugins")), only: "admin" },
  { id: "users", group: "server", icon: Users, component: lazy(() => import("./users")), only: "multi-admin" },
];
