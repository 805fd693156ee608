import type { ReactNode } from "react";

/** The frame of all cards that wait for an answer. */
export function WaitingFrame({ title, icon, children, actions }: { title: string; icon: ReactNode; children: ReactNode; actions: ReactNode }) {
  return (
    <section
      aria-label={title}
      className="mb-2 flex max-h-[min(26rem,48dvh)] flex-col overflow-hidden rounded-xl border border-warning/40 bg-card shadow-sm"
    >
      <h2 className="flex shrink-0 items-center gap-2 bg-warning-soft px-3.5 py-2 text-[0.8125rem] font-semibold text-warning [&_svg]:size-4">
        {icon}
        {title}
      </h2>
      <div className="min-h-0 flex-1 scroll-py-3 overflow-y-auto px-3.5 py-3">{children}</div>
      <div className="flex shrink-0 flex-wrap justify-end gap-2 border-t border-border px-3.5 py-2.5">{actions}</div>
    </section>
  );
}
