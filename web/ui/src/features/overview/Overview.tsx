import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { PeriodPicker } from "../../components/PeriodPicker";
import { Failed, NoMatch, NothingYet } from "../../components/states";
import type { ComparisonResult } from "../../lib/contract";
import { sign } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { grain } from "../../lib/period";
import { comparisonQuery } from "../../lib/queries";
import { CommissionChart, ChartSkeleton } from "./CommissionChart";
import { Tiles, TilesSkeleton } from "./Tiles";
import { tileMetrics } from "./tileMetrics";

const usual = "this_week";

/** What the partner earned in a period, against the period before. */
export function Overview({ zone }: { zone: string }) {
  const { t, f } = useWords();
  useTitle(t.overview.title);
  const { period = usual } = useSearch({ from: "/signed-in/" });
  const navigate = useNavigate({ from: "/" });
  const setPeriod = (p: string) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) });
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery({
    ...comparisonQuery({ metrics: [...tileMetrics, "totalReferrals"].join(","), period, groupBy: grain(period) }),
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
            <Figures data={data} onLonger={() => setPeriod("last_30_days")} />
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

function Figures({ data, onLonger }: { data: ComparisonResult; onLonger: () => void }) {
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
        <CommissionChart data={data} />
      )}
    </>
  );
}
