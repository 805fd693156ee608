import { useState } from "react";

/** Reads a small setting of this browser. */
export function stored<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`a-parallel.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function store(key: string, value: unknown): void {
  try {
    localStorage.setItem(`a-parallel.${key}`, JSON.stringify(value));
  } catch {
    // Storage may be full or forbidden; the setting then lasts as long as the page.
  }
}

/** State that this browser remembers. */
export function useStored<T>(key: string, fallback: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => stored(key, fallback));
  return [
    value,
    (next: T) => {
      store(key, next);
      setValue(next);
    },
  ];
}
