import Anser, { type AnserJsonEntry } from "anser";
import { memo } from "react";

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const LEVELS = [0, 95, 135, 175, 215, 255];
// Everything that moves the cursor, sets titles or asks the terminal; colours (…m) are left to the parser.
const CONTROL = /\x1b\[[0-9;?]*[A-HJKSTfhlnsu]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>()][0-9A-Z]?|[\x00-\x08\x0b\x0c\x0e-\x1a\x7f]/g;

/** Text of a program with its colours. Foreign text: it becomes text nodes only. */
export const Ansi = memo(function Ansi({ children }: { children: string }) {
  const entries = Anser.ansiToJson(overwritten(children.replace(CONTROL, "")), { use_classes: true, remove_empty: true });
  return entries.map((entry, index) => (
    <span key={index} style={styleOf(entry)}>
      {entry.content}
    </span>
  ));
});

/** Applies carriage returns: what a line said before its last one was overwritten. */
function overwritten(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.slice(line.lastIndexOf("\r", line.length - 2) + 1).replaceAll("\r", ""))
    .join("\n");
}

function styleOf(entry: AnserJsonEntry): React.CSSProperties | undefined {
  const reverse = entry.decorations.includes("reverse");
  const fg = colour(entry.fg, entry.fg_truecolor);
  const bg = colour(entry.bg, entry.bg_truecolor);
  const style: React.CSSProperties = {
    color: reverse ? (bg ?? "var(--background)") : fg,
    backgroundColor: reverse ? (fg ?? "var(--foreground)") : bg,
  };
  if (entry.decorations.includes("bold")) style.fontWeight = 600;
  if (entry.decorations.includes("dim")) style.opacity = 0.7;
  if (entry.decorations.includes("italic")) style.fontStyle = "italic";
  if (entry.decorations.includes("underline")) style.textDecoration = "underline";
  if (entry.decorations.includes("strikethrough")) style.textDecoration = "line-through";
  return style;
}

function colour(name: string | null, exact: string | null): string | undefined {
  if (!name) return undefined;
  if (name === "ansi-truecolor") return exact ? `rgb(${exact})` : undefined;
  const index = /^ansi-palette-(\d+)$/.exec(name)?.[1];
  if (index !== undefined) return palette(Number(index));
  const plain = name.replace(/^ansi-/, "");
  return `var(--ansi-${plain})`;
}

/** Colours 16 to 255 of xterm. */
function palette(index: number): string {
  if (index < 16) return `var(--ansi-${index > 7 ? "bright-" : ""}${NAMES[index % 8]})`;
  if (index > 231) {
    const grey = 8 + (index - 232) * 10;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const cube = index - 16;
  const [red, green, blue] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => LEVELS[level]);
  return `rgb(${red}, ${green}, ${blue})`;
}
