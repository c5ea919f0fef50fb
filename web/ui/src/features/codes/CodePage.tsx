import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouteContext, useSearch } from "@tanstack/react-router";
import { Pencil, QrCode } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button, buttonClass } from "../../components/Button";
import { Change } from "../../components/Change";
import { DataTable } from "../../components/DataTable";
import { PageHead } from "../../components/PageHead";
import { PeriodPicker } from "../../components/PeriodPicker";
import { RowsSkeleton } from "../../components/RecordTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { Tag } from "../../components/Tag";
import { isMoney } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { codesWords } from "../../lib/i18n/pages/codes";
import { commonWords } from "../../lib/i18n/pages/common";
import { grain } from "../../lib/period";
import { comparisonQuery } from "../../lib/queries";
import { MetricChart } from "../overview/MetricChart";
import { refereesQuery } from "../referees/data";
import { CodeDialog } from "./CodeForm";
import { Cohorts } from "./Cohorts";
import { codesQuery } from "./data";

const ShareDialog = lazy(() => import("./ShareDialog"));
const usual = "this_month";
const figures = ["commission", "volume", "traders", "totalReferrals", "newReferrals", "verified", "deposited", "firstTraders"] as const;

/** One code: its terms, what it brought over time, and who came through it. */
export function CodePage() {
  const { t, f } = useWords();
  const w = usePageWords(codesWords);
  const c = usePageWords(commonWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const { code } = useParams({ from: "/signed-in/partner/codes/$code" });
  const { period = usual } = useSearch({ from: "/signed-in/partner/codes/$code" });
  const navigate = useNavigate({ from: "/codes/$code" });
  const [editing, setEditing] = useState(false);
  const [sharing, setSharing] = useState(false);
  const { data, error, refetch } = useQuery({ ...codesQuery(period), placeholderData: keepPreviousData });
  const row = data?.rows.find((r) => r.key === code);
  const series = useQuery({ ...comparisonQuery({ metrics: figures.join(","), period, groupBy: grain(period), code }), placeholderData: keepPreviousData, enabled: !!row });

  return (
    <>
      <PageHead
        title={code}
        back={(icon) => (
          <Link to="/codes" aria-label={w.toCodes} title={w.toCodes} className="-ms-2 grid size-9 shrink-0 place-items-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink">
            {icon}
          </Link>
        )}
        badge={row?.default && <Tag tone="accent">{w.default}</Tag>}
        sub={row && data ? [`${w.rebates}: ${f.rate(row.spotRebateRate)} / ${f.rate(row.futuresRebateRate)}`, `${w.created} ${f.date(row.createdAt, data.zone)}`, row.note].filter(Boolean).join(" · ") : ""}
      >
        {row && (
          <>
            <PeriodPicker period={period} zone={session.zone} onChange={(p) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) })} />
            <Button onClick={() => setEditing(true)}>
              <Pencil className="size-4" aria-hidden="true" />
              {c.edit}
            </Button>
            <Button variant="primary" onClick={() => setSharing(true)}>
              <QrCode className="size-4" aria-hidden="true" />
              {w.share}
            </Button>
          </>
        )}
      </PageHead>
      <div className="@container mt-5">
        {error && !data ? (
          <div className="card">
            <Failed error={error} onRetry={() => void refetch()} />
          </div>
        ) : data && !row ? (
          <div className="card">
            <NothingYet title={w.gone} text={w.goneText}>
              <Link to="/codes" className={buttonClass()}>{w.toCodes}</Link>
            </NothingYet>
          </div>
        ) : series.error && !series.data ? (
          <div className="card">
            <Failed error={series.error} onRetry={() => void series.refetch()} />
          </div>
        ) : !series.data ? (
          <div role="status" aria-label={t.states.loading}>
            <Skeleton className="h-44 w-full rounded-lg" />
            <Skeleton className="mt-4 h-96 w-full rounded-lg" />
          </div>
        ) : (
          <div className={series.isPlaceholderData ? "opacity-60 transition-opacity" : ""}>
            <dl className="card grid grid-cols-2 gap-x-4 gap-y-5 p-4 sm:p-5 @2xl:grid-cols-4">
              {figures.map((m) => {
                const v = series.data.total[m];
                return (
                  v && (
                    <div key={m} className="min-w-0">
                      <dt className="text-xs text-ink-2">
                        {t.metrics[m]} {isMoney(m) && <span className="text-ink-3">USDT</span>}
                      </dt>
                      <dd>
                        <span className="block text-lg font-semibold tracking-tight tabular-nums" title={f.figure(m, v.current)}>{f.figureShort(m, v.current)}</span>
                        <Change value={v} className="text-xs" />
                      </dd>
                    </div>
                  )
                );
              })}
            </dl>
            <MetricChart data={series.data} metric="commission" />
            <Cohorts code={code} />
            <Through code={code} period={period} />
          </div>
        )}
      </div>
      <CodeDialog open={editing} code={row} onClose={() => setEditing(false)} />
      <Suspense>{sharing && <ShareDialog code={code} onClose={() => setSharing(false)} />}</Suspense>
    </>
  );
}

function Through({ code, period }: { code: string; period: string }) {
  const { t, f } = useWords();
  const w = usePageWords(codesWords);
  const { data, error, refetch } = useInfiniteQuery(refereesQuery({ code, period, sort: "commission", limit: 10 }));
  const page = data?.pages[0];
  return (
    <section className="card mt-4 min-w-0 p-4 sm:p-5" aria-labelledby="through">
      <div className="flex flex-wrap items-baseline justify-between gap-2">
        <h2 id="through" className="font-medium">{w.refereesOf}</h2>
        {page && page.total > 0 && (
          <Link to="/referees" search={{ code, period }} className="text-sm font-medium text-accent underline-offset-2 hover:underline">
            {w.allReferees} ({f.count(page.total)})
          </Link>
        )}
      </div>
      <p className="mb-3 text-xs text-ink-2">{w.topOf}</p>
      {error && !page ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : !page ? (
        <RowsSkeleton label={t.states.loading} rows={5} />
      ) : page.rows.length === 0 ? (
        <NothingYet title={w.nobody} text={w.nobodyText} />
      ) : (
        <DataTable
          caption={w.refereesOf}
          columns={[{ label: t.referee.uid }, { label: t.referee.activity }, { label: t.referee.registered }, { label: `${t.metrics.commission}, USDT`, end: true }, { label: `${t.metrics.volume}, USDT`, end: true }]}
          rows={page.rows.map((r) => ({
            key: r.key,
            cells: [
              <Link key="uid" to="/referees/$uid" params={{ uid: r.key }} className="font-medium text-accent underline-offset-2 hover:underline">{r.key}</Link>,
              t.values[r.activity],
              <span key="registered" className="whitespace-nowrap">{f.date(r.registeredAt, page.zone)}</span>,
              f.money(r.commission),
              <span key="volume" title={f.money(r.volume)}>{f.moneyShort(r.volume)}</span>,
            ],
          }))}
        />
      )}
    </section>
  );
}
