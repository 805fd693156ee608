import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/classes";
import { text } from "@/i18n";
import { Button } from "./button";

export const Dialog = Radix.Root;
export const DialogTrigger = Radix.Trigger;
export const DialogClose = Radix.Close;

function Overlay() {
  return <Radix.Overlay className="fixed inset-0 z-40 bg-black/40 dark:bg-black/60" />;
}

/** A dialog in the middle of the page; on a phone it fills the page from below. */
export function DialogContent({
  title,
  description,
  className,
  children,
  ...rest
}: Omit<ComponentProps<typeof Radix.Content>, "title"> & { title: ReactNode; description?: ReactNode }) {
  return (
    <Radix.Portal>
      <Overlay />
      <Radix.Content
        {...(description ? {} : { "aria-describedby": undefined })}
        className={cn(
          "fixed inset-x-0 bottom-0 z-50 flex max-h-[92dvh] flex-col rounded-t-xl border border-border bg-popover shadow-2xl outline-none data-[state=open]:animate-in sm:inset-x-auto sm:top-1/2 sm:bottom-auto sm:left-1/2 sm:w-[min(34rem,calc(100vw-2rem))] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-xl",
          className,
        )}
        {...rest}
      >
        <header className="py-1 pr-14 pl-5 pt-5.5 md:pt-4.5">
          <Radix.Title className="text-[0.9375rem] font-semibold">{title}</Radix.Title>
          {description ? (
            <Radix.Description className="mt-0.5 text-xs text-muted-foreground">{description}</Radix.Description>
          ) : null}
        </header>
        <div className="min-h-0 flex-1 overflow-y-auto px-5 pt-3 pb-5">{children}</div>
        {/* The last one, so that the focus begins with what the dialog is about. */}
        <Radix.Close asChild>
          <Button variant="ghost" size="icon-sm" aria-label={text.common.close} className="absolute top-4 right-3">
            <X />
          </Button>
        </Radix.Close>
      </Radix.Content>
    </Radix.Portal>
  );
}

/** The row of buttons at the end of a dialog. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <footer className="mt-5 flex flex-wrap justify-end gap-2">{children}</footer>;
}

/** A panel that slides in from a side, for small screens. */
export function Sheet({
  open,
  onOpenChange,
  side = "left",
  title,
  className,
  children,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  side?: "left" | "right";
  title: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Overlay />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            // On the panel itself: the first button would show its tooltip, the first field a phone's keyboard.
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
          tabIndex={-1}
          className={cn(
            "fixed inset-y-0 z-50 flex w-[min(20rem,86vw)] flex-col border-border bg-sidebar shadow-2xl outline-none data-[state=open]:animate-sheet",
            side === "left" ? "left-0 border-r" : "right-0 border-l [--from:100%]",
            className,
          )}
        >
          <Radix.Title className="sr-only">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
