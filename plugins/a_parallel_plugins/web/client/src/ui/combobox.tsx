import { Check, ChevronDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import { cn } from "@/lib/classes";
import { text } from "@/i18n";
import { Command, CommandEmpty, CommandInput, CommandItem, CommandList } from "./command";
import { fieldClasses } from "./input";
import { Popover, PopoverContent, PopoverTrigger } from "./popover";

/** One of many choices, found by typing. */
export function Combobox({
  value,
  onChange,
  options,
  placeholder,
  icon,
  className,
  ...ids
}: {
  value: string | undefined;
  onChange: (value: string) => void;
  options: readonly { value: string; label: string; hint?: ReactNode }[];
  placeholder?: string;
  icon?: ReactNode;
  className?: string;
  id?: string;
  "aria-label"?: string;
}) {
  const [open, setOpen] = useState(false);
  const chosen = options.find((option) => option.value === value);
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger
        role="combobox"
        aria-expanded={open}
        className={cn(fieldClasses, "flex h-9 items-center gap-2 text-left md:h-8 [&_svg]:size-3.5 [&_svg]:shrink-0 [&_svg]:text-muted-foreground", className)}
        {...ids}
      >
        {icon}
        <span className={cn("min-w-0 flex-1 truncate", !chosen && "text-muted-foreground")}>
          {chosen?.label ?? (value || placeholder)}
        </span>
        <ChevronDown />
      </PopoverTrigger>
      <PopoverContent className="w-(--radix-popover-trigger-width) min-w-56 p-0" align="start">
        <Command>
          <CommandInput placeholder={text.common.search} />
          <CommandList>
            <CommandEmpty>{text.common.nothingFound}</CommandEmpty>
            {options.map((option) => (
              <CommandItem
                key={option.value}
                value={option.value}
                keywords={[option.label]}
                onSelect={() => {
                  onChange(option.value);
                  setOpen(false);
                }}
              >
                <span className="min-w-0 flex-1 truncate">{option.label}</span>
                {option.hint}
                {option.value === value ? <Check /> : null}
              </CommandItem>
            ))}
          </CommandList>
        </Command>
      </PopoverContent>
    </Popover>
  );
}
