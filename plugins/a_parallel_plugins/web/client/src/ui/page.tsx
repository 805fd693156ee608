import { type ReactNode, useId } from "react";
import { cn } from "@/lib/classes";
import { SidebarButton } from "@/shell/sidebar-button";

/** The frame of a view: a header that stays and a body that scrolls. */
export function Page({
  title,
  description,
  actions,
  wide,
  children,
}: {
  title: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** Uses the whole width instead of a column for reading. */
  wide?: boolean;
  children: ReactNode;
}) {
  const width = wide ? "" : "mx-auto max-w-4xl";
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ViewHeader actions={actions} className={wide ? "" : "mx-auto w-full max-w-4xl md:px-0"}>
        <h1 className="truncate text-[0.9375rem] font-semibold">{title}</h1>
        {description ? <p className="truncate text-xs text-muted-foreground">{description}</p> : null}
      </ViewHeader>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 py-5 md:px-6" tabIndex={-1}>
        <div className={width}>{children}</div>
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
    <header className="shrink-0 border-b border-border">
      <div className={cn("flex min-h-13 flex-wrap items-center gap-x-3 gap-y-1.5 px-3 py-2 md:px-6", className)}>
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
      <div className="mb-3 flex items-end gap-3">
        <div className="min-w-0 flex-1">
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
