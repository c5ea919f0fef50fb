import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import { PeriodPicker } from "../../components/PeriodPicker";
import { Failed, NoMatch, NothingYet } from "../../components/states";
import type { ComparisonResult } from "../../lib/contract";
import { sign } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { grain } from "../../lib/period";
import { comparisonQuery } from "../../lib/queries";
import { ChartSkeleton, MetricChart } from "./MetricChart";
import { Sections } from "./Sections";
import { Tiles, TilesSkeleton } from "./Tiles";
import { chartMetrics, tileMetrics } from "./tileMetrics";

const usual = "this_week";

/** What the partner earned in a period, against the period before. */
export function Overview() {
  const { t, f } = useWords();
  const { zone } = useRouteContext({ from: "/signed-in" }).session;
  useTitle(t.overview.title);
  const { period = usual, metric: asked } = useSearch({ from: "/signed-in/" });
  const metric = chartMetrics.find((m) => m === asked) ?? chartMetrics[0];
  const navigate = useNavigate({ from: "/" });
  const setPeriod = (p: string) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) });
  const setMetric = (m: string) => void navigate({ search: (s) => ({ ...s, metric: m === chartMetrics[0] ? undefined : m }), replace: true, resetScroll: false });
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery({
    ...comparisonQuery({ metrics: [...new Set([...tileMetrics, "totalReferrals", metric])].join(","), period, groupBy: grain(period) }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight">{t.overview.title}</h1>
          <p className="min-h-5 text-sm text-ink-2 tabular-nums">
            {data && !isPlaceholderData ? [f.range(data, data.zone), data.zone, t.figures.asOf(f.instant(data.asOf, data.zone))].join(" · ") : isPending || isPlaceholderData ? t.overview.refreshing : ""}
          </p>
        </div>
        <PeriodPicker period={period} zone={zone} onChange={setPeriod} />
      </div>
      <div className="@container mt-5" aria-busy={isPending || isPlaceholderData}>
        {data ? (
          <div className={isPlaceholderData ? "opacity-60 transition-opacity" : ""}>
            <Figures data={data} period={period} metric={metric} onMetric={setMetric} onLonger={() => setPeriod("last_30_days")} />
          </div>
        ) : isPending ? (
          <>
            <TilesSkeleton />
            <ChartSkeleton />
          </>
        ) : (
          <div className="card">
            <Failed error={error} onRetry={() => void refetch()} />
          </div>
        )}
      </div>
    </>
  );
}

interface FiguresProps {
  data: ComparisonResult;
  period: string;
  metric: string;
  onMetric: (m: string) => void;
  onLonger: () => void;
}

function Figures({ data, period, metric, onMetric, onLonger }: FiguresProps) {
  const { t } = useWords();
  const referrals = data.total.totalReferrals;
  if (referrals && sign(referrals.current) === 0) {
    return (
      <div className="card">
        <NothingYet title={t.overview.nothingYet} text={t.overview.nothingYetText} />
      </div>
    );
  }
  const quiet = tileMetrics.every((m) => sign(data.total[m]?.current ?? 0) === 0);
  return (
    <>
      <Tiles data={data} />
      {quiet ? (
        <div className="card mt-4">
          <NoMatch title={t.overview.noMatch} text={t.overview.noMatchText} clear={t.overview.showLonger} onClear={onLonger} />
        </div>
      ) : (
        <>
          {/* The figures of before stay while those of another metric are fetched. */}
          <MetricChart data={data} metric={data.metrics.includes(metric) ? metric : chartMetrics[0]} chosen={metric} onChoose={onMetric} />
          <Sections period={period} />
        </>
      )}
    </>
  );
}
