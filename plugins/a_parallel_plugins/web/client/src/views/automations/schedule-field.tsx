import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type ServerZone, serverZoneQuery } from "@/data/automations";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Combobox } from "@/ui/combobox";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { ZONES } from "./draft";
import { describe, nextRuns } from "./schedule";
import { known, readable, zoneName, zoneText } from "./zone";

const SERVER = "server";
const SHOWN = 4;
const OPTIONS = ZONES.map((zone) => ({ value: zone, label: readable(zone) }));

/** A cron expression with frequent ones to choose, its meaning in words, and the times that come next. */
export function ScheduleField({
  schedule,
  timezone,
  error,
  onSchedule,
  onTimezone,
}: {
  schedule: string;
  timezone: string | null;
  error: string | null;
  onSchedule: (schedule: string) => void;
  onTimezone: (timezone: string | null) => void;
}) {
  const said = useMemo(() => describe(schedule), [schedule]);
  const server = useQuery(serverZoneQuery).data;
  const named = server ? text.automations.serverZoneNamed(zoneName(server)) : text.automations.serverZone;
  const options = useMemo(() => [{ value: SERVER, label: named }, ...OPTIONS], [named]);
  const problem = error ?? (schedule.trim() && said === null ? text.automations.badSchedule : null);
  return (
    <div className="grid gap-3">
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={text.automations.schedule} help={said ?? text.automations.scheduleHelp} error={problem}>
          {(ids) => (
            <Input {...ids} className="font-mono" spellCheck={false} value={schedule} onChange={(event) => onSchedule(event.target.value)} />
          )}
        </Field>
        <Field label={text.automations.timezone}>
          {({ id }) => (
            <Combobox id={id} value={timezone ?? SERVER} options={options} onChange={(value) => onTimezone(value === SERVER ? null : value)} />
          )}
        </Field>
      </div>
      <Presets value={schedule} onChange={onSchedule} />
      {said ? <NextRuns schedule={schedule} timezone={timezone} server={server} /> : null}
    </div>
  );
}

function Presets({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <div role="group" aria-label={text.automations.presets} className="flex flex-wrap gap-1.5">
      {Object.entries(text.automations.presetNames).map(([schedule, name]) => (
        <button
          key={schedule}
          type="button"
          aria-pressed={value.trim() === schedule}
          onClick={() => onChange(schedule)}
          className={cn(
            "h-9 rounded-full border border-border px-3 text-xs md:h-7 md:px-2.5",
            value.trim() === schedule ? "border-primary bg-primary-soft font-medium text-primary" : "text-muted-foreground hover:bg-accent",
          )}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function NextRuns({ schedule, timezone, server }: { schedule: string; timezone: string | null; server: ServerZone | undefined }) {
  const zone = timezone ?? (server ? known(server) : null) ?? undefined;
  const next = useMemo(() => nextRuns(schedule, zone, SHOWN) ?? [], [schedule, zone]);
  const format = useMemo(
    () =>
      new Intl.DateTimeFormat(undefined, {
        weekday: "short",
        day: "numeric",
        month: "short",
        hour: "2-digit",
        minute: "2-digit",
        timeZone: zone,
      }),
    [zone],
  );
  return (
    <div className="rounded-lg bg-muted px-3 py-2 text-xs">
      <p className="font-medium">{text.automations.nextRuns}</p>
      {next.length > 0 ? (
        <ol className="mt-1 grid grid-cols-2 gap-x-4 gap-y-0.5 text-muted-foreground tabular-nums">
          {next.map((time) => (
            <li key={time.getTime()}>{format.format(time)}</li>
          ))}
        </ol>
      ) : (
        <p className="mt-1 text-muted-foreground">{text.automations.neverAgain}</p>
      )}
      <p className="mt-1 text-2xs text-muted-foreground">{zoneText(timezone, server)}</p>
    </div>
  );
}
