import { SeriesChart } from "../../components/chart/SeriesChart";
import { Skeleton } from "../../components/Skeleton";
import type { ComparisonResult } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { overTime } from "../../lib/series";

const metric = "commission";

/** Commission per hour, day, week or month, beside the earlier period's. */
export function CommissionChart({ data }: { data: ComparisonResult }) {
  const { t, f } = useWords();
  const by = data.groupBy ?? "day";
  const heading = { hour: t.overview.perHour, day: t.overview.perDay, week: t.overview.perWeek, month: t.overview.perMonth }[by as "day"];
  const title = heading(t.metrics[metric] ?? metric);
  const points = overTime(data, metric).map((p) => ({
    ...p,
    label: by === "day" && data.rows.length <= 14 ? f.weekday(p.bucket) : f.bucket(p.bucket, by, data.zone),
    long: f.bucket(p.bucket, by, data.zone, true),
  }));
  return (
    <section className="card mt-4 min-w-0 p-4 sm:p-5" aria-labelledby="commission-chart">
      <h2 id="commission-chart" className="flex flex-wrap items-baseline gap-x-2 font-medium">
        {title}
        <span className="text-xs font-normal text-ink-3">USDT</span>
      </h2>
      <div className="mt-2">
        <SeriesChart
          title={`${title}, USDT`}
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
      <Skeleton className="h-6 w-44" />
      <Skeleton className="mt-3 h-6 w-56" />
      <Skeleton className="mt-2 h-64 w-full @4xl:h-80" />
    </div>
  );
}
