import { Bar, BarChart, CartesianGrid, Cell, Pie, PieChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { text } from "@/i18n";
import type { Point } from "./series";

const SERIES = [
  { key: "created", label: text.statistics.created, colour: "var(--primary)" },
  { key: "completed", label: text.statistics.completed, colour: "var(--info)" },
  { key: "review", label: text.statistics.review, colour: "var(--warning)" },
  { key: "done", label: text.statistics.done, colour: "var(--success)" },
] as const;

const STAGE_COLOURS: Record<string, string> = {
  backlog: "var(--input)",
  in_progress: "var(--info)",
  review: "var(--warning)",
  done: "var(--success)",
  archived: "var(--muted-foreground)",
};

const TOOLTIP = {
  contentStyle: {
    background: "var(--popover)",
    border: "1px solid var(--border)",
    borderRadius: 8,
    fontSize: 12,
    padding: "6px 10px",
  },
  labelStyle: { color: "var(--foreground)", fontWeight: 600 },
  itemStyle: { color: "var(--foreground)", padding: 0 },
  cursor: { fill: "var(--muted)", opacity: 0.6 },
} as const;

const TICK = { fill: "var(--muted-foreground)", fontSize: 11 } as const;

/** "24 Nov" for a date; weeks and months stay as they are. */
function short(date: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return date;
  return new Date(`${date}T12:00`).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** Bars of what happened when. */
export function Activity({ points }: { points: Point[] }) {
  return (
    <div aria-hidden>
      <div className="h-64">
        <ResponsiveContainer width="100%" height="100%">
          <BarChart data={points} barGap={1} barCategoryGap="12%" margin={{ top: 8, right: 4, bottom: 0, left: -20 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--border)" />
            <XAxis dataKey="date" tickFormatter={short} tick={TICK} tickLine={false} axisLine={false} minTickGap={24} />
            <YAxis allowDecimals={false} tick={TICK} tickLine={false} axisLine={false} width={48} />
            <Tooltip {...TOOLTIP} labelFormatter={(date) => short(String(date))} />
            {SERIES.map(({ key, label, colour }) => (
              <Bar key={key} dataKey={key} name={label} fill={colour} radius={[3, 3, 0, 0]} maxBarSize={14} isAnimationActive={false} />
            ))}
          </BarChart>
        </ResponsiveContainer>
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted-foreground">
        {SERIES.map(({ key, label, colour }) => (
          <li key={key} className="flex items-center gap-1.5">
            <span className="size-2.5 rounded-sm" style={{ backgroundColor: colour }} />
            {label}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** How the threads are spread over the stages now. */
export function Stages({ spread }: { spread: Record<string, number> }) {
  const slices = Object.entries(spread)
    .filter(([, count]) => count > 0)
    .map(([stage, count]) => ({ stage, name: text.statistics.stageNames[stage] ?? stage, count }));
  const colour = (stage: string) => STAGE_COLOURS[stage] ?? "var(--ring)";
  return (
    <div className="flex items-center gap-4">
      <div className="size-32 shrink-0" aria-hidden>
        <ResponsiveContainer width="100%" height="100%">
          <PieChart accessibilityLayer={false}>
            <Pie
              data={slices}
              dataKey="count"
              nameKey="name"
              innerRadius={38}
              outerRadius={60}
              paddingAngle={2}
              stroke="none"
              rootTabIndex={-1}
              isAnimationActive={false}
            >
              {slices.map(({ stage }) => (
                <Cell key={stage} fill={colour(stage)} />
              ))}
            </Pie>
            <Tooltip {...TOOLTIP} />
          </PieChart>
        </ResponsiveContainer>
      </div>
      <ul className="grid min-w-0 flex-1 gap-1 text-xs">
        {slices.map(({ stage, name, count }) => (
          <li key={stage} className="flex items-center gap-2">
            <span className="size-2.5 shrink-0 rounded-sm" style={{ backgroundColor: colour(stage) }} />
            <span className="min-w-0 flex-1 truncate text-muted-foreground">{name}</span>
            <span className="font-medium tabular-nums">{count}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
