import { type ReactNode, useId } from "react";
import { cn } from "@/lib/classes";
import { SidebarButton } from "@/shell/sidebar-button";

const WIDTHS = { text: "mx-auto w-full max-w-4xl", list: "mx-auto w-full max-w-5xl", all: "" };

/** The frame of a view: a header that stays and a body that scrolls. */
export function Page({
  title,
  description,
  actions,
  width = "text",
  children,
}: {
  title: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** A column for reading, a wider one with a list beside it, or all there is. */
  width?: keyof typeof WIDTHS;
  children: ReactNode;
}) {
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ViewHeader actions={actions} className={WIDTHS[width]}>
        <h1 className="truncate text-[0.9375rem] font-semibold">{title}</h1>
        {description ? (
          <p className={cn("line-clamp-2 text-xs break-words text-muted-foreground md:line-clamp-1", actions && "max-sm:hidden")}>{description}</p>
        ) : null}
      </ViewHeader>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 py-5 md:px-6" tabIndex={-1}>
        <div className={WIDTHS[width]}>{children}</div>
      </div>
    </div>
  );
}

/** The head of a view, with the way to the sidebar where that is hidden. `Page` has one; a view without `Page` needs it. */
export function ViewHeader({
  actions,
  className,
  children,
}: {
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  return (
    <header className="flex min-h-13 shrink-0 items-center border-b border-border px-3 py-2 md:px-6">
      <div className={cn("flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1.5", className)}>
        <SidebarButton />
        <div className="min-w-0 flex-1">{children}</div>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </div>
    </header>
  );
}

/** A titled part of a page, such as one group of settings. */
export function Section({
  title,
  description,
  actions,
  children,
}: {
  title: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="mb-8">
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className={cn("flex-1", description ? "min-w-[min(100%,16rem)]" : "min-w-0")}>
          <h2 id={id} className="text-[0.8125rem] font-semibold">
            {title}
          </h2>
          {description ? <p className="text-xs text-muted-foreground">{description}</p> : null}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}

export function Card({ className, children }: { className?: string; children: ReactNode }) {
  return <div className={cn("rounded-lg border border-border bg-card", className)}>{children}</div>;
}

/** Rows in a card, with lines between them. */
export function CardList({ children }: { children: ReactNode }) {
  return <ul className="divide-y divide-border overflow-hidden rounded-lg border border-border bg-card">{children}</ul>;
}
