// eslint-disable-next-line no-control-regex
const COLOURS = /\x1b\[[0-9;]*m/g;
const ADDRESS = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::\d{1,5})?(?:\/[^\s'"<>)\]]*)?/gi;
const PORT = /\b(?:listening|running|started|serving|server)\b[^\n]{0,60}?\b(?:port|:)\s*:?(\d{2,5})\b/i;

/**
 * Finds where a program says that it serves, as an address for this browser: a server that listens on the machine
 * of a-parallel is reached under the name under which that is reached.
 */
export function addressIn(output: string, host: string, port?: number | string | null): string | null {
  const plain = output.replace(COLOURS, "");
  const named = plain.match(ADDRESS)?.[0];
  const found = named ?? withPort(plain.match(PORT)?.[1] ?? port);
  if (!found || !URL.canParse(found)) return null;
  const url = new URL(found);
  url.hostname = host;
  return url.href;
}

function withPort(port: number | string | null | undefined): string | null {
  const number = Number(port);
  return Number.isInteger(number) && number > 0 && number < 65_536 ? `http://localhost:${number}/` : null;
}
