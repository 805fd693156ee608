import { useQuery } from "@tanstack/react-query";
import { ChartNoAxesColumn } from "lucide-react";
import { lazy, Suspense } from "react";
import { type Grouping, overviewQuery, type Range, timelineQuery } from "@/data/analytics";
import { useProjects } from "@/data/projects";
import { text } from "@/i18n";
import { useStored } from "@/lib/storage";
import { Card, Page, Section } from "@/ui/page";
import { Select } from "@/ui/select";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { Segmented } from "@/ui/switch";
import { Figures } from "./figures";
import { type Point, pointsOf } from "./series";
import { PointsTable, Sums } from "./tables";

const Activity = lazy(() => import("./charts").then((charts) => ({ default: charts.Activity })));
const Stages = lazy(() => import("./charts").then((charts) => ({ default: charts.Stages })));

const ALL = "all";
const RANGES: readonly Range[] = ["day", "week", "month", "all"];
const GROUPINGS: readonly Grouping[] = ["day", "week", "month"];

/** Figures and charts about threads. */
export default function AnalyticsView() {
  const projects = useProjects().data ?? [];
  const [project, setProject] = useStored<string>("analytics.project", ALL);
  const [timeRange, setRange] = useStored<Range>("analytics.range", "month");
  const [groupBy, setGrouping] = useStored<Grouping>("analytics.groupBy", "day");
  const projectId = projects.some(({ id }) => id === project) ? project : undefined;
  const scope = { projectId, timeRange };
  const overview = useQuery(overviewQuery(scope));
  const timeline = useQuery(timelineQuery(scope, groupBy));
  const error = overview.error ?? timeline.error;
  return (
    <Page
      title={text.statistics.title}
      description={text.statistics.subtitle}
      actions={
        <>
          <Select
            aria-label={text.statistics.project}
            className="w-40"
            value={projectId ?? ALL}
            onChange={setProject}
            options={[{ value: ALL, label: text.statistics.allProjects }, ...projects.map(({ id, name }) => ({ value: id, label: name }))]}
          />
          <Segmented
            label={text.statistics.range}
            value={timeRange}
            onChange={setRange}
            options={RANGES.map((value) => ({ value, label: text.statistics.ranges[value] }))}
          />
        </>
      }
    >
      {error ? (
        <ErrorState error={error} onRetry={() => void Promise.all([overview.refetch(), timeline.refetch()])} />
      ) : (
        <>
          {overview.data ? <Figures overview={overview.data} /> : <Skeleton className="mb-8 h-40" />}
          <Section
            title={text.statistics.activity}
            description={text.statistics.activityHelp}
            actions={
              <Segmented
                label={text.statistics.groupBy}
                value={groupBy}
                onChange={setGrouping}
                options={GROUPINGS.map((value) => ({ value, label: text.statistics.groups[value] }))}
              />
            }
          >
            {timeline.data ? <Timeline points={pointsOf(timeline.data, timeRange)} /> : <Skeleton className="h-64" />}
          </Section>
          <div className="grid gap-x-6 md:grid-cols-2">
            <Section title={text.statistics.stages}>
              <Card className="p-4">
                <Suspense fallback={<Skeleton className="h-32" />}>
                  {overview.data ? <Stages spread={overview.data.currentStageDistribution} /> : <Skeleton className="h-32" />}
                </Suspense>
              </Card>
            </Section>
            {overview.data ? <Sums since={overview.data.timeRange.start} projectId={projectId} projects={projects} /> : null}
          </div>
        </>
      )}
    </Page>
  );
}

function Timeline({ points }: { points: Point[] }) {
  const empty = points.every(({ created, completed, review, done, archived }) => created + completed + review + done + archived === 0);
  if (empty) {
    return (
      <Card>
        <EmptyState icon={ChartNoAxesColumn} title={text.statistics.nothing} className="py-10">
          {text.statistics.nothingHelp}
        </EmptyState>
      </Card>
    );
  }
  return (
    <Card className="p-4">
      <Suspense fallback={<Skeleton className="h-64" />}>
        <Activity points={points} />
      </Suspense>
      <PointsTable points={points} />
    </Card>
  );
}
