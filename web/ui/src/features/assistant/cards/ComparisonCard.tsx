import { Change } from "../../../components/Change";
import { SeriesChart } from "../../../components/chart/SeriesChart";
import { DataTable } from "../../../components/DataTable";
import { FigureOf } from "../../../components/Money";
import type { Compared, ComparisonResult } from "../../../lib/contract";
import { approx, isMoney } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { comparedAt, overTime } from "../../../lib/series";
import { Bars } from "./Bars";
import { isTime, keyName } from "./groups";

/** Each metric now and before, the change, and its parts. */
export function ComparisonCard({ title, data }: { title: string; data: ComparisonResult }) {
  const { t } = useWords();
  return (
    <div className="space-y-4">
      {data.metrics.map((m) => {
        const total = data.total[m];
        if (!total) return null;
        return (
          <div key={m}>
            {data.metrics.length > 1 && <h4 className="mb-1 text-sm font-medium">{t.metrics[m] ?? m}</h4>}
            <Three metric={m} value={total} data={data} />
          </div>
        );
      })}
      {data.groupBy && data.rows.length > 0 && <Parts title={title} data={data} />}
    </div>
  );
}

function Three({ metric, value, data }: { metric: string; value: Compared; data: ComparisonResult }) {
  const { t, f } = useWords();
  const unit = isMoney(metric) ? " USDT" : "";
  return (
    <>
      <dl className="flex flex-wrap gap-x-5 gap-y-2">
        <Cell label={t.figures.current}>
          <FigureOf metric={metric} value={value.current} />
        </Cell>
        <Cell label={t.figures.earlier}>
          <FigureOf metric={metric} value={value.previous} />
        </Cell>
        <div className="min-w-0">
          <dt className="text-xs text-ink-2">{t.figures.change}</dt>
          <dd className="mt-0.5">
            <Change value={value} className="text-base" />
            <span className="block text-xs text-ink-2 tabular-nums">{f.signedFigure(metric, value.delta)}</span>
          </dd>
        </div>
      </dl>
      <div className="mt-3">
        <Bars
          label={t.metrics[metric] ?? metric}
          bars={[
            { key: "now", label: f.range(data, data.zone), value: `${f.figureShort(metric, value.current)}${unit}`, size: approx(value.current) },
            { key: "before", label: f.range(data.compareTo, data.zone), value: `${f.figureShort(metric, value.previous)}${unit}`, size: approx(value.previous), muted: true },
          ]}
        />
      </div>
      {data.toDate && value.whole !== undefined && <p className="mt-2 text-xs text-ink-2 tabular-nums">{t.figures.wholeEarlier(`${f.figure(metric, value.whole)}${unit}`)}</p>}
    </>
  );
}

const Cell = ({ label, children }: { label: string; children: React.ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-xs text-ink-2">{label}</dt>
    <dd className="mt-0.5 text-base font-semibold tracking-tight">{children}</dd>
  </div>
);

function Parts({ title, data }: { title: string; data: ComparisonResult }) {
  const { t, f } = useWords();
  const { groupBy: by, metrics, zone } = data;
  const first = metrics[0];
  if (!by || !first) return null;
  if (isTime(by)) {
    return (
      <SeriesChart
        title={title}
        metric={first}
        by={t.groups[by]}
        className="h-40"
        names={{ current: t.figures.current, earlier: t.figures.earlier }}
        points={overTime(data, first).map((p) => ({
          ...p,
          label: by === "day" && data.rows.length <= 7 ? f.weekday(p.bucket) : f.bucket(p.bucket, by, zone),
          long: f.bucket(p.bucket, by, zone, true),
        }))}
      />
    );
  }
  return (
    <DataTable
      caption={title}
      className="max-h-72"
      columns={[{ label: t.groups[by] }, { label: t.figures.current, end: true }, { label: t.figures.earlier, end: true }, { label: t.figures.change, end: true }]}
      rows={data.rows.map((r) => {
        const c = comparedAt(r, first);
        return {
          key: r.key,
          cells: [
            keyName(r.key, by, zone, t, f),
            <FigureOf key="now" metric={first} value={c?.current ?? 0} />,
            <FigureOf key="before" metric={first} value={c?.previous ?? 0} />,
            c ? <Change key="change" value={c} /> : "–",
          ],
        };
      })}
    />
  );
}
