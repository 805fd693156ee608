import type { ServerZone } from "@/data/automations";
import { text } from "@/i18n";

export function readable(zone: string): string {
  return zone.replaceAll("_", " ");
}

/** The name of the server's time zone if this browser can calculate with it, else null. */
export function known({ timezone }: ServerZone): string | null {
  if (!timezone) return null;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: timezone }).resolvedOptions().timeZone && timezone;
  } catch {
    return null;
  }
}

/** What people call the server's time zone: its name, else by how much it differs from UTC now. */
export function zoneName(server: ServerZone): string {
  return server.timezone ? readable(server.timezone) : offset(server.utcOffset);
}

/** Says whose clock the times are of. */
export function zoneText(chosen: string | null, server: ServerZone | undefined): string {
  if (chosen) return text.automations.inZone(readable(chosen));
  if (!server) return "";
  return known(server) ? text.automations.inServerZone(zoneName(server)) : text.automations.zoneUnknown(offset(server.utcOffset));
}

function offset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${two(hours)}:${two(rest)}`;
}
