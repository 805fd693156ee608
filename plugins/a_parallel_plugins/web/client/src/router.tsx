import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { FileQuestion } from "lucide-react";
import { currentSession, loadSession } from "@/api/session";
import { text } from "@/i18n";
import { ViewFailed } from "@/shell/boundary";
import { Layout } from "@/shell/layout";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/states";

const root = createRootRoute({
  beforeLoad: async () => {
    await loadSession();
  },
  component: Outlet,
  notFoundComponent: NotFound,
});

function NotFound() {
  return (
    <main className="pt-[10vh]">
      <EmptyState
        icon={FileQuestion}
        title={text.shell.notFound}
        action={
          <Button asChild variant="outline">
            <Link to="/">{text.shell.home}</Link>
          </Button>
        }
      >
        {text.shell.notFoundHelp}
      </EmptyState>
    </main>
  );
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? { next: search.next } : {},
  beforeLoad: () => {
    if (currentSession()?.user) throw redirect({ to: "/" });
  },
  component: lazyRouteComponent(() => import("@/views/sign-in")),
});

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: ({ location }) => {
    if (!currentSession()?.user) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: Layout,
});

/** What a thread's page shows beside the conversation. */
export type ThreadPanel = "review" | "terminal" | (string & {});

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  component: lazyRouteComponent(() => import("@/views/home")),
});
const setup = createRoute({
  getParentRoute: () => app,
  path: "/setup",
  component: lazyRouteComponent(() => import("@/views/setup")),
});
const project = createRoute({
  getParentRoute: () => app,
  path: "/projects/$projectId",
  component: lazyRouteComponent(() => import("@/views/home/project")),
});
const projectThreads = createRoute({
  getParentRoute: () => app,
  path: "/projects/$projectId/threads",
  component: lazyRouteComponent(() => import("@/views/home/project")),
});
const thread = createRoute({
  getParentRoute: () => app,
  path: "/projects/$projectId/threads/$threadId",
  validateSearch: (search: Record<string, unknown>): { panel?: ThreadPanel; message?: string } => ({
    ...(typeof search.panel === "string" ? { panel: search.panel } : {}),
    ...(typeof search.message === "string" ? { message: search.message } : {}),
  }),
  component: lazyRouteComponent(() => import("@/views/thread")),
});
const projectSettingsIndex = createRoute({
  getParentRoute: () => app,
  path: "/projects/$projectId/settings",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/projects/$projectId/settings/$page", params: { ...params, page: "general" }, replace: true });
  },
});
const projectSettings = createRoute({
  getParentRoute: () => app,
  path: "/projects/$projectId/settings/$page",
  component: lazyRouteComponent(() => import("@/views/settings/project")),
});
const projectBoard = createRoute({
  getParentRoute: () => app,
  path: "/projects/$projectId/board",
  component: lazyRouteComponent(() => import("@/views/board")),
});
const board = createRoute({
  getParentRoute: () => app,
  path: "/board",
  component: lazyRouteComponent(() => import("@/views/board")),
});
const terminals = createRoute({
  getParentRoute: () => app,
  path: "/terminals",
  component: lazyRouteComponent(() => import("@/views/terminals")),
});
const commands = createRoute({
  getParentRoute: () => app,
  path: "/commands",
  component: lazyRouteComponent(() => import("@/views/commands")),
});
const automations = createRoute({
  getParentRoute: () => app,
  path: "/automations",
  component: lazyRouteComponent(() => import("@/views/automations")),
});
const inbox = createRoute({
  getParentRoute: () => app,
  path: "/inbox",
  component: lazyRouteComponent(() => import("@/views/inbox")),
});
const analytics = createRoute({
  getParentRoute: () => app,
  path: "/analytics",
  component: lazyRouteComponent(() => import("@/views/analytics")),
});
const search = createRoute({
  getParentRoute: () => app,
  path: "/search",
  component: lazyRouteComponent(() => import("@/views/search")),
});
const settingsIndex = createRoute({
  getParentRoute: () => app,
  path: "/settings",
  beforeLoad: () => {
    throw redirect({ to: "/settings/$page", params: { page: "appearance" } });
  },
});
const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings/$page",
  component: lazyRouteComponent(() => import("@/views/settings")),
});

const views = [
  home,
  setup,
  project,
  projectThreads,
  thread,
  projectSettingsIndex,
  projectSettings,
  projectBoard,
  board,
  terminals,
  commands,
  automations,
  inbox,
  analytics,
  search,
  settingsIndex,
  settings,
];

export const router = createRouter({
  routeTree: root.addChildren([signIn, app.addChildren(views)]),
  defaultPreload: "intent",
  defaultErrorComponent: ({ error, reset }) => <ViewFailed error={error} onRetry={reset} />,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
