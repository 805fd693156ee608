import { useQuery } from "@tanstack/react-query";
import { archivedQuery } from "@/data/archived";
import type { Project } from "@/data/projects";
import { type Thread, useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { cost } from "@/lib/format";
import { Card, Section } from "@/ui/page";
import { type Point, type Sum, sumBy } from "./series";

const CELL = "py-1.5 text-right tabular-nums";

/** What threads cost, by project and by model. */
export function Sums({ since, projectId, projects }: { since: string; projectId: string | undefined; projects: readonly Project[] }) {
  const live = useThreads().data ?? [];
  const archived = (useQuery(archivedQuery).data?.threads ?? []) as Thread[];
  const threads = [...live, ...archived].filter((thread) => !projectId || thread.projectId === projectId);
  const names = Object.fromEntries(projects.map(({ id, name }) => [id, name]));
  return (
    <>
      <SumTable title={text.statistics.byModel} sums={sumBy(threads, since, ({ model }) => model)} names={text.threads.models} />
      {projectId ? null : <SumTable title={text.statistics.byProject} sums={sumBy(threads, since, (thread) => thread.projectId)} names={names} />}
    </>
  );
}

function SumTable({ title, sums, names }: { title: string; sums: Sum[]; names: Record<string, string> }) {
  const most = Math.max(...sums.map((sum) => sum.cost), 0);
  return (
    <Section title={title} description={text.statistics.byHelp}>
      <Card className="px-4 py-2">
        {sums.length === 0 ? <p className="py-2 text-xs text-muted-foreground">{text.statistics.nothing}</p> : null}
        {sums.length > 0 ? (
          <table className="w-full text-xs">
            <thead className="text-muted-foreground">
              <tr>
                <th className="py-1.5 text-left font-normal">{text.statistics.columns.name}</th>
                <th className={`${CELL} font-normal`}>{text.statistics.columns.threads}</th>
                <th className={`${CELL} w-20 font-normal`}>{text.statistics.columns.cost}</th>
              </tr>
            </thead>
            <tbody>
              {sums.map((sum) => (
                <tr key={sum.key} className="border-t border-border">
                  <th className="w-1/2 max-w-0 py-1.5 text-left font-medium" scope="row">
                    <span className="block truncate">{names[sum.key] ?? sum.key}</span>
                    <span className="mt-1 block h-1 rounded-full bg-primary" style={{ width: `${most > 0 ? Math.max(2, (100 * sum.cost) / most) : 0}%` }} />
                  </th>
                  <td className={CELL}>{sum.threads}</td>
                  <td className={CELL}>{cost(sum.cost)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : null}
      </Card>
    </Section>
  );
}

/** The figures behind the bars, for those who read rather than look. */
export function PointsTable({ points }: { points: Point[] }) {
  const said = points.filter(({ created, completed, review, done, archived }) => created + completed + review + done + archived > 0);
  const columns = ["created", "completed", "review", "done", "archived"] as const;
  return (
    <details className="mt-3 border-t border-border pt-2 text-xs">
      <summary className="cursor-pointer text-muted-foreground">{text.statistics.showTable}</summary>
      <div className="mt-2 overflow-x-auto" tabIndex={0} role="region" aria-label={text.statistics.activity}>
        <table className="w-full whitespace-nowrap">
          <thead className="text-muted-foreground">
            <tr>
              <th className="py-1 pr-3 text-left font-normal">{text.statistics.date}</th>
              {columns.map((column) => (
                <th key={column} className="py-1 pl-3 text-right font-normal">
                  {text.statistics[column]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {said.map((point) => (
              <tr key={point.date} className="border-t border-border">
                <th scope="row" className="py-1 pr-3 text-left font-normal tabular-nums">
                  {point.date}
                </th>
                {columns.map((column) => (
                  <td key={column} className="py-1 pl-3 text-right tabular-nums">
                    {point[column]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
