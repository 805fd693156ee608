import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/classes";
import { Spinner } from "./spinner";
import { Tip } from "./tooltip";

const buttonClasses = cva(
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:pointer-events-none disabled:opacity-50 aria-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-primary text-primary-foreground hover:bg-primary/90",
        secondary: "bg-accent text-accent-foreground hover:bg-accent/70",
        outline: "border border-input bg-card hover:bg-accent",
        ghost: "text-muted-foreground hover:bg-accent hover:text-accent-foreground data-[state=open]:bg-accent",
        danger: "bg-destructive text-destructive-foreground hover:bg-destructive/90",
        link: "text-primary underline-offset-4 hover:underline",
      },
      size: {
        sm: "h-9 px-2.5 text-xs md:h-7",
        md: "h-9 px-3 text-[0.8125rem] md:h-8",
        lg: "h-10 px-4 text-sm",
        icon: "size-9 md:size-8",
        "icon-sm": "size-9 md:size-7",
        "icon-xs": "size-8 md:size-6 [&_svg]:size-3.5",
      },
    },
    defaultVariants: { variant: "secondary", size: "md" },
  },
);

export type ButtonProps = ComponentProps<"button"> &
  VariantProps<typeof buttonClasses> & {
    /** Renders the child element instead, with the looks of a button. */
    asChild?: boolean;
    /** Shows a spinner and takes no clicks. */
    busy?: boolean;
  };

export function Button({ className, variant, size, asChild, busy, children, disabled, ...rest }: ButtonProps) {
  const classes = cn(buttonClasses({ variant, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={classes} {...rest}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button type="button" className={classes} disabled={disabled || busy} {...rest}>
      {busy ? <Spinner /> : null}
      {busy && size?.startsWith("icon") ? null : children}
    </button>
  );
}

/** A button that is only an icon: its label is read aloud and shown as a tooltip. */
export function IconButton({
  label,
  shortcut,
  size = "icon-sm",
  variant = "ghost",
  side,
  ...rest
}: ButtonProps & { label: string; shortcut?: string; side?: "top" | "right" | "bottom" | "left" }) {
  return (
    <Tip label={label} shortcut={shortcut} side={side}>
      <Button aria-label={label} size={size} variant={variant} {...rest} />
    </Tip>
  );
}
