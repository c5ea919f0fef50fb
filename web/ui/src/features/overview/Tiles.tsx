import { Change } from "../../components/Change";
import { Skeleton } from "../../components/Skeleton";
import { Sparkline } from "../../components/Sparkline";
import type { ComparisonResult } from "../../lib/contract";
import { approx, isMoney } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { comparedAt, lastIsOpen, passed } from "../../lib/series";
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
    <li className="card flex min-w-0 flex-col p-4">
      <h2 className="flex flex-wrap items-baseline gap-x-1.5 text-sm text-ink-2">
        {t.metrics[metric]}
        {isMoney(metric) && <span className="text-xs text-ink-3">USDT</span>}
      </h2>
      <p className="mt-1 text-xl font-semibold tracking-tight wrap-anywhere tabular-nums" title={f.figure(metric, total.current)}>
        {f.figureShort(metric, total.current)}
      </p>
      <Change value={total} className="mt-1" />
      <p className="text-xs text-ink-2 tabular-nums" title={f.figure(metric, total.previous)}>
        {t.figures.before(f.figureShort(metric, total.previous))}
      </p>
      <div className="mt-auto pt-3">
        <Sparkline values={series} open={lastIsOpen(data)} className="h-8 w-full" />
      </div>
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
          <Skeleton className="mt-1 h-5 w-16" />
          <Skeleton className="h-[1.125rem] w-24" />
          <Skeleton className="mt-3 h-8 w-full" />
        </div>
      ))}
    </div>
  );
}
