import { Change } from "../../components/Change";
import { Skeleton } from "../../components/Skeleton";
import { Sparkline } from "../../components/Sparkline";
import type { ComparisonResult } from "../../lib/contract";
import { approx, isMoney } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { comparedAt, passed } from "../../lib/series";
import { tileMetrics } from "./tileMetrics";

const grid = "grid grid-cols-2 gap-3 @2xl:grid-cols-4";

export function Tiles({ data }: { data: ComparisonResult }) {
  return (
    <ul className={grid}>
      {tileMetrics.map((m) => (
        <Tile key={m} metric={m} data={data} />
      ))}
    </ul>
  );
}

function Tile({ metric, data }: { metric: string; data: ComparisonResult }) {
  const { t, f } = useWords();
  const total = data.total[metric];
  if (!total) return null;
  const series = passed(data).map((r) => approx(comparedAt(r, metric)?.current));
  return (
    <li className="card min-w-0 p-4">
      <h2 className="truncate text-sm text-ink-2">{t.metrics[metric]}</h2>
      <p className="mt-1 flex flex-wrap items-baseline gap-x-1.5" title={f.figure(metric, total.current)}>
        <span className="text-xl font-semibold tracking-tight tabular-nums">{f.figureShort(metric, total.current)}</span>
        {isMoney(metric) && <span className="text-xs text-ink-3">USDT</span>}
      </p>
      <p className="mt-1 flex flex-wrap items-baseline gap-x-2 text-xs text-ink-2">
        <Change value={total} />
        <span className="tabular-nums" title={f.figure(metric, total.previous)}>
          {t.figures.before(f.figureShort(metric, total.previous))}
        </span>
      </p>
      <Sparkline values={series} className="mt-3 h-8 w-full" />
    </li>
  );
}

export function TilesSkeleton() {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t.states.loading} className={grid}>
      {tileMetrics.map((m) => (
        <div key={m} className="card p-4">
          <Skeleton className="h-5 w-24" />
          <Skeleton className="mt-1 h-7 w-28" />
          <Skeleton className="mt-1 h-5 w-32" />
          <Skeleton className="mt-3 h-8 w-full" />
        </div>
      ))}
    </div>
  );
}
