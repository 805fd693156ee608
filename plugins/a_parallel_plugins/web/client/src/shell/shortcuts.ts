import { useEffect, useEffectEvent } from "react";

export interface ShortcutEntry {
  keys: string;
  label: string;
}

const known = new Map<string, string>();
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** All shortcuts that work right now, for the help. */
export function activeShortcuts(): ShortcutEntry[] {
  return [...known].map(([keys, label]) => ({ keys, label }));
}

function matches(event: KeyboardEvent, keys: string): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1);
  const mod = MAC ? event.metaKey : event.ctrlKey;
  return (
    event.key.toLowerCase() === key &&
    parts.includes("mod") === mod &&
    parts.includes("alt") === event.altKey &&
    (parts.includes("shift") === event.shiftKey || key === "?")
  );
}

function typing(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return Boolean(element?.isContentEditable || element?.closest("input, textarea, select, [role=combobox], .xterm"));
}

/**
 * Runs `action` when the keys are pressed and lists them in the help.
 *
 * `keys` is such as `mod+k`, `shift+?` or `c`; those without `mod` do not work while somebody types.
 */
export function useShortcut(keys: string, label: string, action: () => void, enabled = true): void {
  const run = useEffectEvent(action);
  useEffect(() => {
    if (!enabled) return;
    known.set(keys, label);
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || !matches(event, keys)) return;
      if (!keys.includes("mod") && typing(event.target)) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", pressed);
    return () => {
      known.delete(keys);
      removeEventListener("keydown", pressed);
    };
  }, [keys, label, enabled]);
}
