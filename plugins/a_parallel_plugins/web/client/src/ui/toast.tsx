import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { Toast } from "radix-ui";
import { useSyncExternalStore } from "react";
import { messageOf } from "@/api/errors";
import { text } from "@/i18n";

type Kind = "success" | "error" | "info";

interface Entry {
  id: number;
  kind: Kind;
  title: string;
  detail?: string;
  action?: { label: string; run: () => void };
}

let entries: readonly Entry[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Entry[]) {
  entries = next;
  for (const listener of listeners) listener();
}

function show(kind: Kind, title: string, more?: { detail?: string; action?: Entry["action"] }): void {
  last += 1;
  change([...entries.slice(-3), { id: last, kind, title, ...more }]);
}

/** Short notices at the edge of the page; may be called from anywhere. */
export const toast = {
  success: (title: string, more?: { detail?: string; action?: Entry["action"] }) => show("success", title, more),
  info: (title: string, more?: { detail?: string; action?: Entry["action"] }) => show("info", title, more),
  /** Shows what went wrong; the server's own words where it has some. */
  error: (error: unknown, title: string = text.common.failed) => show("error", title, { detail: messageOf(error) }),
};

const ICONS = {
  success: <CircleCheck className="text-success" />,
  error: <CircleAlert className="text-destructive" />,
  info: <Info className="text-info" />,
};

/** Where toasts appear; once in the page. */
export function Toaster() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => entries,
  );
  return (
    <Toast.Provider duration={6000} swipeDirection="right">
      {shown.map((entry) => (
        <Toast.Root
          key={entry.id}
          type={entry.kind === "error" ? "foreground" : "background"}
          onOpenChange={(open) => open || change(entries.filter((other) => other.id !== entry.id))}
          className="flex items-start gap-2.5 rounded-lg border border-border bg-popover p-3 shadow-xl data-[state=open]:animate-in [&>svg]:mt-0.5 [&>svg]:size-4 [&>svg]:shrink-0"
        >
          {ICONS[entry.kind]}
          <div className="min-w-0 flex-1">
            <Toast.Title className="text-[0.8125rem] font-medium">{entry.title}</Toast.Title>
            {entry.detail ? (
              <Toast.Description className="mt-0.5 line-clamp-4 text-xs break-words text-muted-foreground">
                {entry.detail}
              </Toast.Description>
            ) : null}
            {entry.action ? (
              <Toast.Action asChild altText={entry.action.label}>
                <button type="button" className="mt-1 text-xs font-medium text-primary" onClick={entry.action.run}>
                  {entry.action.label}
                </button>
              </Toast.Action>
            ) : null}
          </div>
          <Toast.Close aria-label={text.common.close} className="text-muted-foreground hover:text-foreground">
            <X className="size-3.5" />
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="fixed right-0 bottom-0 max-md:top-0 max-md:bottom-auto z-[60] flex w-[min(24rem,100vw)] flex-col gap-2 p-4 outline-none" />
    </Toast.Provider>
  );
}
