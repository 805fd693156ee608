/** Splits a command line into the program and its arguments; quotes keep blanks, a backslash takes the next character as it is. */
export function words(line: string): string[] {
  const found: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let index = 0; index < line.length; index += 1) {
    const letter = line[index] ?? "";
    if (letter === "\\" && quote !== "'" && index + 1 < line.length) {
      index += 1;
      word = (word ?? "") + line[index];
    } else if (quote) {
      if (letter === quote) quote = "";
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= "";
    } else if (/\s/.test(letter)) {
      if (word !== null) found.push(word);
      word = null;
    } else {
      word = (word ?? "") + letter;
    }
  }
  if (word !== null) found.push(word);
  return found;
}

/** Reads `name<separator>value` lines; returns the first line that is none instead, if there is one. */
export function pairs(lines: string, separator: ":" | "="): { values: Record<string, string> } | { wrong: string } {
  const values: Record<string, string> = {};
  for (const line of lines.split("\n").map((one) => one.trim())) {
    if (!line) continue;
    const at = line.indexOf(separator);
    if (at < 1) return { wrong: line };
    values[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return { values };
}
