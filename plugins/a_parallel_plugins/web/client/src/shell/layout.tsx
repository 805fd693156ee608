import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { text } from "@/i18n";
import { live } from "@/live/socket";
import { useNarrow } from "@/lib/media";
import { Sheet } from "@/ui/dialog";
import { show, useShown } from "./actions";
import { Boundary } from "./boundary";
import { ConnectionNotice } from "./connection";
import { Palette } from "./palette";
import { ShortcutHelp } from "./shortcut-help";
import { useShortcut } from "./shortcuts";
import { Sidebar } from "./sidebar";
import { isDark, setTheme } from "./theme";

const NewThreadDialog = lazy(() => import("@/views/thread/new-thread"));
const AddProjectDialog = lazy(() => import("@/views/setup/add-project"));

/** The frame around every view of somebody who is signed in. */
export function Layout() {
  const narrow = useNarrow();
  const { sidebar, sidebarHidden } = useShown();
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, []);
  useGlobalShortcuts(() => show(narrow ? { sidebar: !sidebar } : { sidebarHidden: !sidebarHidden }));
  return (
    <div className="flex h-full flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-md focus:bg-popover focus:px-3 focus:py-2"
      >
        {text.shell.skip}
      </a>
      <ConnectionNotice />
      <div className="flex min-h-0 flex-1">
        {narrow ? (
          <Sheet open={sidebar} onOpenChange={(open) => show({ sidebar: open })} title={text.shell.navigation}>
            <Sidebar />
          </Sheet>
        ) : sidebarHidden ? null : (
          <aside className="w-66 shrink-0 border-r border-border">
            <Sidebar onHide={() => show({ sidebarHidden: true })} />
          </aside>
        )}
        <div className="flex min-w-0 flex-1 flex-col">
          <main id="main" tabIndex={-1} className="min-h-0 flex-1 outline-none">
            <View />
          </main>
        </div>
      </div>
      <Palette />
      <ShortcutHelp />
      <Dialogs />
    </div>
  );
}

function View() {
  const path = useLocation({ select: (location) => location.pathname });
  return (
    <Boundary key={path}>
      <Outlet />
    </Boundary>
  );
}

function Dialogs() {
  const { newThread, addProject } = useShown();
  return (
    <Suspense>
      {newThread === null ? null : (
        <Boundary>
          <NewThreadDialog projectId={newThread} onClose={() => show({ newThread: null })} />
        </Boundary>
      )}
      {addProject ? (
        <Boundary>
          <AddProjectDialog onClose={() => show({ addProject: false })} />
        </Boundary>
      ) : null}
    </Suspense>
  );
}

function useGlobalShortcuts(toggleSidebar: () => void) {
  const navigate = useNavigate();
  useShortcut("mod+k", text.shell.palette, () => show({ palette: true }));
  useShortcut("mod+shift+o", text.shell.newThread, () => show({ newThread: "" }));
  useShortcut("mod+b", text.shell.toggleSidebar, toggleSidebar);
  useShortcut("mod+,", text.shell.settings, () => void navigate({ to: "/settings" }));
  useShortcut("mod+shift+l", text.shell.switchTheme, () => setTheme(isDark() ? "light" : "dark"));
  useShortcut("shift+?", text.shell.shortcuts, () => show({ shortcuts: true }));
}
