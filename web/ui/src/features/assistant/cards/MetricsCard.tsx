import { SeriesChart } from "../../../components/chart/SeriesChart";
import { DataTable } from "../../../components/DataTable";
import { FigureOf } from "../../../components/Money";
import type { MetricsResult } from "../../../lib/contract";
import { approx, isMoney } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { began } from "../../../lib/series";
import { Bars } from "./Bars";
import { isTime, keyName } from "./groups";

/** Bars up to here; more rows are a table. */
const mostBars = 8;

/** The figures of a period, with their series or parts. */
export function MetricsCard({ title, data }: { title: string; data: MetricsResult }) {
  const series = isTime(data.groupBy) && data.metrics.length === 1;
  if (series && data.rows.length > 0) return <Parts title={title} data={data} />;
  return (
    <div className="space-y-3">
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        {data.metrics.map((m) => (
          <Headline key={m} metric={m} data={data} />
        ))}
      </dl>
      {data.groupBy && data.rows.length > 0 && <Parts title={title} data={data} />}
    </div>
  );
}

function Headline({ metric, data }: { metric: string; data: MetricsResult }) {
  const { t } = useWords();
  return (
    <div className="min-w-0">
      <dt className={data.metrics.length === 1 ? "sr-only" : "text-xs text-ink-2"}>{t.metrics[metric] ?? metric}</dt>
      <dd className="flex items-baseline gap-1.5">
        <span className={`font-semibold tracking-tight ${data.metrics.length === 1 ? "text-2xl" : "text-xl"}`}>
          <FigureOf metric={metric} value={data.total[metric] ?? 0} />
        </span>
        {isMoney(metric) && <span className="text-xs text-ink-3">USDT</span>}
      </dd>
    </div>
  );
}

function Parts({ title, data }: { title: string; data: MetricsResult }) {
  const { t, f } = useWords();
  const { groupBy: by, rows, metrics, zone } = data;
  const first = metrics[0];
  if (!by || !first) return null;
  if (isTime(by)) {
    return (
      <SeriesChart
        title={title}
        metric={first}
        by={t.groups[by]}
        className="h-40"
        header={
          metrics.length > 1 ? (
            <span className="text-xs text-ink-2">{t.metrics[first] ?? first}</span>
          ) : (
            <dl>
              <Headline metric={first} data={data} />
            </dl>
          )
        }
        names={{ current: t.metrics[first] ?? first }}
        points={rows.map((r) => ({
          key: r.key,
          label: by === "day" && rows.length <= 7 ? f.weekday(r.key) : f.bucket(r.key, by, zone),
          long: f.bucket(r.key, by, zone, true),
          current: began(r.key, data) ? (r[first] ?? 0) : null,
        }))}
      />
    );
  }
  if (metrics.length === 1 && rows.length <= mostBars) {
    return (
      <Bars
        label={title}
        bars={rows.map((r) => ({
          key: r.key,
          label: keyName(r.key, by, zone, t, f),
          value: <FigureOf metric={first} value={r[first] ?? 0} />,
          size: approx(r[first]),
        }))}
      />
    );
  }
  return (
    <DataTable
      caption={title}
      className="max-h-72"
      columns={[{ label: t.groups[by] }, ...metrics.map((m) => ({ label: t.metrics[m] ?? m, end: true }))]}
      rows={rows.map((r) => ({
        key: r.key,
        cells: [keyName(r.key, by, zone, t, f), ...metrics.map((m) => <FigureOf key={m} metric={m} value={r[m] ?? 0} />)],
      }))}
    />
  );
}
