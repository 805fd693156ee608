import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "a-parallel.theme"; // read by public/theme.js before anything else runs
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let theme: Theme = read();

function read(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

function apply(): void {
  document.documentElement.classList.toggle("dark", isDark());
  for (const listener of listeners) listener();
}

system.addEventListener("change", apply);

export function isDark(): boolean {
  return theme === "dark" || (theme === "system" && system.matches);
}

export function setTheme(next: Theme): void {
  theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // The choice then lasts as long as the page.
  }
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}

/** Follows whether the page is dark, for what cannot use CSS, such as terminals and charts. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}
