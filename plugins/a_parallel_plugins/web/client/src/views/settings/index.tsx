import { Link, useParams } from "@tanstack/react-router";
import { FileQuestion } from "lucide-react";
import { Suspense } from "react";
import { type Session, useSession } from "@/api/session";
import { text } from "@/i18n";
import { Boundary } from "@/shell/boundary";
import { Page } from "@/ui/page";
import { EmptyState, SkeletonList } from "@/ui/states";
import { PAGES, type SettingsPage } from "./pages";

const GROUPS = ["personal", "agents", "server"] as const;

function allowed(page: SettingsPage, { mode, user }: Session): boolean {
  if (page.only === undefined) return true;
  return user?.role === "admin" && (page.only === "admin" || mode === "multi");
}

export default function SettingsView() {
  const { page: id } = useParams({ from: "/app/settings/$page" });
  const session = useSession();
  const pages = PAGES.filter((page) => allowed(page, session));
  const page = pages.find((one) => one.id === id);
  return (
    <Page title={text.settings.title} wide>
      <div className="mx-auto flex max-w-5xl flex-col gap-6 md:flex-row md:gap-10">
        <nav aria-label={text.settings.title} className="-mx-4 shrink-0 overflow-x-auto px-4 md:mx-0 md:w-44 md:px-0">
          <div className="flex gap-1 md:flex-col md:gap-4">
            {GROUPS.map((group) => (
              <div key={group} className="flex gap-1 md:block">
                <h2 className="hidden px-2 pb-1 text-2xs font-medium text-muted-foreground md:block">
                  {text.settings.groups[group]}
                </h2>
                {pages
                  .filter((one) => one.group === group)
                  .map(({ id: to, icon: Icon }) => (
                    <Link
                      key={to}
                      to="/settings/$page"
                      params={{ page: to }}
                      className="flex h-8 items-center gap-2 rounded-md px-2 text-[0.8125rem] whitespace-nowrap text-muted-foreground hover:bg-accent hover:text-foreground data-[status=active]:bg-accent data-[status=active]:font-medium data-[status=active]:text-foreground [&_svg]:size-4"
                    >
                      <Icon />
                      {text.settings.pages[to] ?? to}
                    </Link>
                  ))}
              </div>
            ))}
          </div>
        </nav>
        <div className="min-w-0 flex-1">
          {page ? (
            <Boundary key={page.id}>
              <Suspense fallback={<SkeletonList rows={3} />}>
                <page.component />
              </Suspense>
            </Boundary>
          ) : (
            <EmptyState icon={FileQuestion} title={text.shell.notFound}>
              {text.shell.notFoundHelp}
            </EmptyState>
          )}
        </div>
      </div>
    </Page>
  );
}
