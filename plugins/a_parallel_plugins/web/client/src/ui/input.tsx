import type { ComponentProps } from "react";
import { cn } from "@/lib/classes";

export const fieldClasses =
  "w-full rounded-md border border-input bg-card px-2.5 text-base md:text-[0.8125rem] transition-colors disabled:opacity-60 aria-invalid:border-destructive focus-visible:outline-offset-0";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={cn(fieldClasses, "h-9 md:h-8", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={cn(fieldClasses, "min-h-20 py-2 leading-relaxed", className)} {...rest} />;
}
