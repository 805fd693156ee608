import { Check, Minus } from "lucide-react";
import { Checkbox as RadixCheckbox, RadioGroup as RadixRadio, Switch as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/classes";

export function Switch({ className, ...rest }: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className={cn(
        "inline-flex h-5 w-9 shrink-0 items-center rounded-full bg-input p-0.5 transition-colors disabled:opacity-50 data-[state=checked]:bg-primary",
        className,
      )}
      {...rest}
    >
      <Radix.Thumb className="size-4 rounded-full bg-white shadow-sm transition-transform data-[state=checked]:translate-x-4" />
    </Radix.Root>
  );
}

export function Checkbox({ className, ...rest }: ComponentProps<typeof RadixCheckbox.Root>) {
  return (
    <RadixCheckbox.Root
      className={cn(
        "group inline-flex size-4 shrink-0 items-center justify-center rounded-sm border border-input bg-card data-[state=checked]:border-primary data-[state=checked]:bg-primary data-[state=checked]:text-primary-foreground data-[state=indeterminate]:border-primary data-[state=indeterminate]:text-primary disabled:opacity-50",
        className,
      )}
      {...rest}
    >
      <RadixCheckbox.Indicator>
        <Check className="hidden size-3 group-data-[state=checked]:block" strokeWidth={3} />
        <Minus className="hidden size-3 group-data-[state=indeterminate]:block" strokeWidth={3} />
      </RadixCheckbox.Indicator>
    </RadixCheckbox.Root>
  );
}

/** A row of choices of which one is always taken. */
export function Segmented<Value extends string>({
  value,
  onChange,
  options,
  label,
  className,
}: {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: ReactNode; title?: string }[];
  label: string;
  className?: string;
}) {
  return (
    <RadixRadio.Root
      value={value}
      onValueChange={onChange as (value: string) => void}
      aria-label={label}
      orientation="horizontal"
      className={cn("inline-flex items-center gap-0.5 rounded-lg bg-muted p-0.5", className)}
    >
      {options.map((option) => (
        <RadixRadio.Item
          key={option.value}
          value={option.value}
          aria-label={option.title}
          title={option.title}
          className="inline-flex h-7 flex-1 items-center justify-center gap-1.5 rounded-md px-2.5 text-xs font-medium whitespace-nowrap text-muted-foreground transition-colors hover:text-foreground data-[state=checked]:bg-card data-[state=checked]:text-foreground dark:data-[state=checked]:bg-input data-[state=checked]:shadow-sm [&_svg]:size-3.5"
        >
          {option.label}
        </RadixRadio.Item>
      ))}
    </RadixRadio.Root>
  );
}
