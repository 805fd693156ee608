import { Link, useParams } from "@tanstack/react-router";
import { Blocks, FileQuestion, type LucideIcon } from "lucide-react";
import { Suspense, useEffect, useRef } from "react";
import { type Session, useSession } from "@/api/session";
import { text } from "@/i18n";
import { Boundary } from "@/shell/boundary";
import { ExtensionHost, Origin } from "@/shell/extensions/host";
import { keyOf, useExtensions } from "@/shell/extensions/registry";
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
  const extensions = useExtensions("settings");
  const extension = extensions.find((one) => keyOf(one) === id);
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the list scrolls sideways; what is open is to be seen.
    list.current?.querySelector("[data-status=active]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [id]);
  return (
    <Page title={text.settings.title} width="list">
      <div className="flex flex-col gap-6 md:flex-row md:gap-10">
        <nav ref={list} aria-label={text.settings.title} className="-mx-4 shrink-0 overflow-x-auto px-4 md:mx-0 md:w-44 md:px-0">
          <div className="flex gap-1 md:flex-col md:gap-4">
            {GROUPS.map((group) => (
              <div key={group} className="flex gap-1 md:block">
                <h2 className="hidden px-2 pb-1 text-2xs font-medium text-muted-foreground md:block">
                  {text.settings.groups[group]}
                </h2>
                {pages
                  .filter((one) => one.group === group)
                  .map((one) => <Entry key={one.id} to={one.id} icon={one.icon} label={text.settings.pages[one.id] ?? one.id} />)}
                {group === "server"
                  ? extensions.map((one) => <Entry key={keyOf(one)} to={keyOf(one)} icon={Blocks} label={one.title} />)
                  : null}
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
          ) : extension ? (
            <section>
              <h2 className="text-[0.8125rem] font-semibold">{extension.title}</h2>
              <Origin extension={extension} />
              <ExtensionHost className="mt-4" extension={extension} given={NOTHING} />
            </section>
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

/** A settings section of a plugin is about no thread. */
const NOTHING = {};

function Entry({ to, icon: Icon, label }: { to: string; icon: LucideIcon; label: string }) {
  return (
    <Link
      to="/settings/$page"
      params={{ page: to }}
      className="flex h-9 items-center gap-2 rounded-md px-2 md:h-8 text-[0.8125rem] whitespace-nowrap text-muted-foreground hover:bg-accent hover:text-foreground data-[status=active]:bg-accent data-[status=active]:font-medium data-[status=active]:text-foreground [&_svg]:size-4"
    >
      <Icon />
      {label}
    </Link>
  );
}
