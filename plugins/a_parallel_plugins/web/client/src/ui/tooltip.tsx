import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { Shortcut } from "./kbd";

export const TipProvider = Tooltip.Provider;

/** Explains its child on hover and focus. */
export function Tip({
  label,
  shortcut,
  side = "bottom",
  children,
}: {
  label: ReactNode;
  shortcut?: string;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactNode;
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex max-w-72 items-center gap-2 rounded-md border border-border bg-popover px-2 py-1 text-xs shadow-lg data-[state=delayed-open]:animate-in"
        >
          {label}
          {shortcut ? <Shortcut keys={shortcut} /> : null}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
