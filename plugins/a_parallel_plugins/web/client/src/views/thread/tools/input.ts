/** The parts of tool inputs that the cards know; anything may be missing, since the agent writes it. */
export interface ToolInput {
  [key: string]: unknown;
}

/** Parses a tool's input; null if it is no object, or was clipped. */
export function parseInput(text: string | null): ToolInput | null {
  if (!text) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ToolInput) : null;
  } catch {
    return null;
  }
}

export function str(input: ToolInput | null, ...keys: string[]): string {
  for (const key of keys) {
    const value = input?.[key];
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
  }
  return "";
}

export function list(input: ToolInput | null, key: string): ToolInput[] {
  const value = input?.[key];
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is ToolInput => typeof one === "object" && one !== null);
}

/** Shortens a path that lies in the working directory. */
export function relative(path: string, directory: string | null | undefined): string {
  return directory && path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path;
}
