import { Check, ChevronRight } from "lucide-react";
import { ContextMenu, DropdownMenu } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/classes";
import { Shortcut } from "./kbd";

const surface =
  "z-50 max-h-[min(24rem,var(--radix-dropdown-menu-content-available-height,24rem))] min-w-44 overflow-y-auto rounded-lg border border-border bg-popover p-1 shadow-xl data-[state=open]:animate-in";
const row =
  "flex min-h-9 items-center gap-2 rounded-md px-2 py-1 text-[0.8125rem] outline-none select-none md:min-h-7 data-[disabled]:opacity-45 data-[highlighted]:bg-accent [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted-foreground";

export const Menu = DropdownMenu.Root;
export const MenuTrigger = DropdownMenu.Trigger;
export const MenuGroup = DropdownMenu.RadioGroup;

export function MenuContent({ className, ...rest }: ComponentProps<typeof DropdownMenu.Content>) {
  return (
    <DropdownMenu.Portal>
      <DropdownMenu.Content sideOffset={4} collisionPadding={8} className={cn(surface, className)} {...rest} />
    </DropdownMenu.Portal>
  );
}

export function MenuItem({
  icon,
  shortcut,
  danger,
  className,
  children,
  ...rest
}: ComponentProps<typeof DropdownMenu.Item> & { icon?: ReactNode; shortcut?: string; danger?: boolean }) {
  return (
    <DropdownMenu.Item
      className={cn(row, danger && "text-destructive data-[highlighted]:bg-destructive-soft [&_svg]:text-destructive", className)}
      {...rest}
    >
      {icon}
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {shortcut ? <Shortcut keys={shortcut} /> : null}
    </DropdownMenu.Item>
  );
}

/** One choice of a `MenuGroup`. */
export function MenuChoice({
  hint,
  children,
  ...rest
}: ComponentProps<typeof DropdownMenu.RadioItem> & { hint?: ReactNode }) {
  return (
    <DropdownMenu.RadioItem className={row} {...rest}>
      <span className="grid min-w-0 flex-1">
        <span>{children}</span>
        {hint ? <span className="text-2xs text-muted-foreground">{hint}</span> : null}
      </span>
      <DropdownMenu.ItemIndicator>
        <Check />
      </DropdownMenu.ItemIndicator>
    </DropdownMenu.RadioItem>
  );
}

export function MenuCheck({ children, ...rest }: ComponentProps<typeof DropdownMenu.CheckboxItem>) {
  return (
    <DropdownMenu.CheckboxItem className={row} {...rest}>
      <span className="flex-1">{children}</span>
      <DropdownMenu.ItemIndicator>
        <Check />
      </DropdownMenu.ItemIndicator>
    </DropdownMenu.CheckboxItem>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2 py-1 text-2xs font-medium text-muted-foreground">{children}</DropdownMenu.Label>;
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="-mx-1 my-1 h-px bg-border" />;
}

export function SubMenu({ icon, label, children }: { icon?: ReactNode; label: ReactNode; children: ReactNode }) {
  return (
    <DropdownMenu.Sub>
      <DropdownMenu.SubTrigger className={row}>
        {icon}
        <span className="flex-1">{label}</span>
        <ChevronRight />
      </DropdownMenu.SubTrigger>
      <DropdownMenu.Portal>
        <DropdownMenu.SubContent className={surface} sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.SubContent>
      </DropdownMenu.Portal>
    </DropdownMenu.Sub>
  );
}

/** A menu for the secondary button; `items` are the same elements as of a `Menu`, built with `ContextItem`. */
export function ContextArea({ items, children }: { items: ReactNode; children: ReactNode }) {
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className={surface} collisionPadding={8}>
          {items}
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

export function ContextItem({
  icon,
  danger,
  children,
  ...rest
}: ComponentProps<typeof ContextMenu.Item> & { icon?: ReactNode; danger?: boolean }) {
  return (
    <ContextMenu.Item className={cn(row, danger && "text-destructive [&_svg]:text-destructive")} {...rest}>
      {icon}
      <span className="flex-1">{children}</span>
    </ContextMenu.Item>
  );
}
