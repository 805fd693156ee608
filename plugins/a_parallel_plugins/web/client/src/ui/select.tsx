import { Check, ChevronDown } from "lucide-react";
import { Select as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/classes";
import { fieldClasses } from "./input";

export interface Option<Value extends string> {
  value: Value;
  label: ReactNode;
  hint?: ReactNode;
  disabled?: boolean;
}

/** One of a few choices. For long or searched lists use `Combobox`. */
export function Select<Value extends string>({
  value,
  onChange,
  options,
  placeholder,
  className,
  disabled,
  ...ids
}: {
  value: Value | undefined;
  onChange: (value: Value) => void;
  options: readonly Option<Value>[];
  placeholder?: string;
  className?: string;
  disabled?: boolean;
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}) {
  return (
    <Radix.Root value={value ?? ""} onValueChange={onChange as (value: string) => void} disabled={disabled}>
      <Radix.Trigger
        className={cn(fieldClasses, "flex h-9 items-center justify-between gap-2 text-left md:h-8 data-[placeholder]:text-muted-foreground", className)}
        {...ids}
      >
        <span className="truncate">
          <Radix.Value placeholder={placeholder} />
        </span>
        <Radix.Icon asChild>
          <ChevronDown className="size-3.5 shrink-0 text-muted-foreground" />
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-72 min-w-(--radix-select-trigger-width) overflow-hidden rounded-lg border border-border bg-popover p-1 shadow-xl data-[state=open]:animate-in"
        >
          <Radix.Viewport>
            {options.map((option) => (
              <Radix.Item
                key={option.value}
                value={option.value}
                disabled={option.disabled}
                className="flex min-h-9 items-center gap-2 rounded-md px-2 py-1 text-[0.8125rem] outline-none select-none md:min-h-7 data-[disabled]:opacity-45 data-[highlighted]:bg-accent"
              >
                <span className="grid flex-1">
                  <Radix.ItemText>{option.label}</Radix.ItemText>
                  {option.hint ? <span className="text-2xs text-muted-foreground">{option.hint}</span> : null}
                </span>
                <Radix.ItemIndicator>
                  <Check className="size-4 text-muted-foreground" />
                </Radix.ItemIndicator>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
