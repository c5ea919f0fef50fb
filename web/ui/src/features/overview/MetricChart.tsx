import { SeriesChart } from "../../components/chart/SeriesChart";
import { Skeleton } from "../../components/Skeleton";
import type { ComparisonResult } from "../../lib/contract";
import { isMoney } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { overviewWords } from "../../lib/i18n/pages/overview";
import { overTime } from "../../lib/series";
import { chartMetrics } from "./tileMetrics";

interface Props {
  data: ComparisonResult;
  /** What is drawn. */
  metric: string;
  /** What was asked for, which may still be on its way. */
  chosen?: string;
  onChoose?: (metric: string) => void;
}

/** A metric per hour, day, week or month, beside the earlier period's. */
export function MetricChart({ data, metric, chosen = metric, onChoose }: Props) {
  const { t, f } = useWords();
  const w = usePageWords(overviewWords);
  const by = data.groupBy ?? "day";
  const heading = { hour: t.overview.perHour, day: t.overview.perDay, week: t.overview.perWeek, month: t.overview.perMonth }[by as "day"];
  const title = heading(t.metrics[metric] ?? metric);
  const unit = isMoney(metric) ? "USDT" : "";
  const points = overTime(data, metric).map((p) => ({
    ...p,
    label: by === "day" && data.rows.length <= 14 ? f.weekday(p.bucket) : f.bucket(p.bucket, by, data.zone),
    long: f.bucket(p.bucket, by, data.zone, true),
  }));
  return (
    <section className="card mt-4 min-w-0 p-4 sm:p-5" aria-labelledby="metric-chart">
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-2">
        <h2 id="metric-chart" className="flex flex-wrap items-baseline gap-x-2 font-medium">
          {title}
          <span className="text-xs font-normal text-ink-3">{unit}</span>
        </h2>
        {onChoose && (
          <select aria-label={w.chartOf} value={chosen} onChange={(e) => onChoose(e.target.value)} className="h-8 max-w-full rounded-sm border border-line-strong bg-surface px-2 text-sm">
            {chartMetrics.map((m) => (
              <option key={m} value={m}>
                {t.metrics[m]}
              </option>
            ))}
          </select>
        )}
      </div>
      <div className="mt-2">
        <SeriesChart
          title={unit ? `${title}, ${unit}` : title}
          metric={metric}
          by={t.groups[by]}
          points={points}
          // The bars of before are whole days, also the day up to whose hour the totals are compared.
          names={{ current: f.days(data, data.zone), earlier: f.days(data.compareTo, data.zone) }}
          className="h-64 @4xl:h-80"
        />
      </div>
    </section>
  );
}

export function ChartSkeleton() {
  return (
    <div className="card mt-4 p-4 sm:p-5" aria-hidden="true">
      <Skeleton className="h-8 w-44" />
      <Skeleton className="mt-3 h-6 w-56" />
      <Skeleton className="mt-2 h-64 w-full @4xl:h-80" />
    </div>
  );
}
