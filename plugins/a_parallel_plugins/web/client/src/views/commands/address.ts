const COLOURS = /\x1b\[[0-9;]*m/g;
const ADDRESS = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::\d{1,5})?(?:\/[^\s'"<>)\]]*)?/gi;
const PORT = /\b(?:listening|running|started|serving|server)\b[^\n]{0,60}?(?:\bport\s*:?\s*|\s:)(\d{2,5})\b/i;

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Finds where a program says that it serves, as an address for this browser: a server that listens on the machine
 * of a-parallel is reached from elsewhere under the name under which that is reached.
 */
export function addressIn(output: string, host: string, port?: number | string | null): string | null {
  const plain = output.replace(COLOURS, "");
  const named = plain.match(ADDRESS)?.[0];
  const found = named ?? withPort(plain.match(PORT)?.[1] ?? port);
  if (!found || !URL.canParse(found)) return null;
  const url = new URL(found);
  const anywhere = url.hostname === "0.0.0.0" || url.hostname === "[::]";
  if (!LOCAL.test(host)) url.hostname = host;
  else if (anywhere) url.hostname = "localhost";
  return url.href;
}

function withPort(port: number | string | null | undefined): string | null {
  const number = Number(port);
  return Number.isInteger(number) && number > 0 && number < 65_536 ? `http://localhost:${number}/` : null;
}
