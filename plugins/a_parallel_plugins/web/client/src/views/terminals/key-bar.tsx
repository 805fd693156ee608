import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, ClipboardPaste, Copy } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { toast } from "@/ui/toast";
import type { Emulator, Key } from "./emulator";

const KEYS: readonly { key: Key; label: ReactNode }[] = [
  { key: "escape", label: "Esc" },
  { key: "tab", label: "Tab" },
];
const ARROWS: readonly { key: Key; label: ReactNode }[] = [
  { key: "left", label: <ArrowLeft /> },
  { key: "up", label: <ArrowUp /> },
  { key: "down", label: <ArrowDown /> },
  { key: "right", label: <ArrowRight /> },
];

/** The keys that the keyboard of a phone lacks. Pressing them leaves the keyboard where it is. */
export function KeyBar({ emulator }: { emulator: Emulator }) {
  const [control, setControl] = useState(false);
  useEffect(() => {
    emulator.onControlUsed = () => setControl(false);
  }, [emulator]);
  const toggle = () => {
    emulator.control = !control;
    setControl(!control);
  };
  const paste = () => {
    if (!navigator.clipboard?.readText) toast.info(text.terminals.pasteDenied);
    else emulator.paste().catch(() => toast.info(text.terminals.pasteDenied));
  };
  return (
    <div
      role="toolbar"
      aria-label={text.terminals.keys}
      className="flex shrink-0 items-center gap-1 overflow-x-auto border-t border-border bg-sidebar p-1.5 pb-[max(0.375rem,env(safe-area-inset-bottom))]"
    >
      {KEYS.map(({ key, label }) => (
        <Cap key={key} label={text.terminals.keyNames[key]} onPress={() => emulator.press(key)}>
          {label}
        </Cap>
      ))}
      <Cap label={text.terminals.keyNames.control} pressed={control} onPress={toggle}>
        Ctrl
      </Cap>
      {ARROWS.map(({ key, label }) => (
        <Cap key={key} label={text.terminals.keyNames[key]} onPress={() => emulator.press(key)}>
          {label}
        </Cap>
      ))}
      {["|", "/", "~", "-"].map((sign) => (
        <Cap key={sign} label={sign} onPress={() => emulator.terminal.input(sign)}>
          {sign}
        </Cap>
      ))}
      <Cap label={text.terminals.copy} onPress={() => void emulator.copy().then(() => toast.success(text.common.copied), toast.error)}>
        <Copy />
      </Cap>
      <Cap label={text.terminals.paste} onPress={paste}>
        <ClipboardPaste />
      </Cap>
    </div>
  );
}

function Cap({ label, pressed, onPress, children }: { label: string; pressed?: boolean; onPress: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      className={cn(
        "grid h-9 min-w-10 flex-1 shrink-0 place-items-center rounded-md border border-border bg-card px-1.5 text-xs font-medium active:bg-accent [&_svg]:size-4",
        pressed && "border-primary bg-primary text-primary-foreground",
      )}
      onPointerDown={(event) => event.preventDefault()}
      onClick={onPress}
    >
      {children}
    </button>
  );
}
