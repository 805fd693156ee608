import type { ITheme } from "@xterm/xterm";

const ANSI = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

let pencil: CanvasRenderingContext2D | null = null;

/** Returns a colour of the page's style sheet as `#rrggbb`, which is what the terminal understands. */
function hex(variable: string): string {
  pencil ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!pencil) return "#000000";
  pencil.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  pencil.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = pencil.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** The page's colours for a terminal. */
export function terminalTheme(): ITheme {
  const colours = ANSI.flatMap((name) => [
    [name, hex(`--ansi-${name}`)],
    [`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`, hex(`--ansi-bright-${name}`)],
  ]);
  return {
    ...(Object.fromEntries(colours) as ITheme),
    background: hex("--card"),
    foreground: hex("--foreground"),
    cursor: hex("--primary"),
    cursorAccent: hex("--card"),
    selectionBackground: `${hex("--ring")}55`,
  };
}
