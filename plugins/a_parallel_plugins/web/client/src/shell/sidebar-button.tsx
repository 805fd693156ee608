import { Menu, PanelLeftOpen } from "lucide-react";
import { text } from "@/i18n";
import { useNarrow } from "@/lib/media";
import { IconButton } from "@/ui/button";
import { show, useShown } from "./actions";

/** Brings the sidebar back where it is hidden. */
export function SidebarButton() {
  const narrow = useNarrow();
  const { sidebarHidden } = useShown();
  if (narrow) {
    return (
      <IconButton size="icon" label={text.shell.openSidebar} onClick={() => show({ sidebar: true })}>
        <Menu />
      </IconButton>
    );
  }
  if (!sidebarHidden) return null;
  return (
    <IconButton label={text.shell.openSidebar} shortcut="mod+b" onClick={() => show({ sidebarHidden: false })}>
      <PanelLeftOpen />
    </IconButton>
  );
}
