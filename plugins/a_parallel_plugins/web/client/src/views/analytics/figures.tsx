import type { Schema } from "@/api/client";
import { text } from "@/i18n";
import { cost, count } from "@/lib/format";
import { Card } from "@/ui/page";

/** The sums of a time, one to a card. */
export function Figures({ overview }: { overview: Schema["Overview"] }) {
  const figures = [
    { label: text.statistics.created, value: count(overview.createdCount) },
    { label: text.statistics.completed, value: count(overview.completedCount), help: text.statistics.completedHelp },
    { label: text.statistics.review, value: count(overview.movedToReviewCount) },
    { label: text.statistics.done, value: count(overview.movedToDoneCount) },
    { label: text.statistics.archived, value: count(overview.movedToArchivedCount) },
    { label: text.statistics.cost, value: cost(overview.totalCost), help: text.statistics.costHelp },
  ];
  return (
    <dl className="mb-8 grid grid-cols-2 gap-3 md:grid-cols-3">
      {figures.map(({ label, value, help }) => (
        <Card key={label} className="px-4 py-3">
          <dt className="text-xs text-muted-foreground">{label}</dt>
          <dd className="mt-0.5 text-2xl font-semibold tracking-tight tabular-nums">{value}</dd>
          {help ? <dd className="text-2xs text-muted-foreground">{help}</dd> : null}
        </Card>
      ))}
    </dl>
  );
}
