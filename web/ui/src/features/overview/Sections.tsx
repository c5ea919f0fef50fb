import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { Change } from "../../components/Change";
import { DataTable } from "../../components/DataTable";
import { Skeleton } from "../../components/Skeleton";
import { Sparkline } from "../../components/Sparkline";
import { Failed } from "../../components/states";
import { Bars, Meter } from "../../components/Bars";
import type { ComparedRow, ComparisonResult } from "../../lib/contract";
import { Cohorts } from "../codes/Cohorts";
import { approx, isMoney, sign } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { overviewWords } from "../../lib/i18n/pages/overview";
import { grain } from "../../lib/period";
import { comparisonQuery } from "../../lib/queries";
import { comparedAt, lastIsOpen, passed } from "../../lib/series";

/** Every metric, in the order of the table. */
const everything = ["commission", "sharedCommission", "sharedReceived", "volume", "eligibleVolume", "fees", "trades", "traders", "deposits", "withdrawals", "netDeposits", "totalReferrals", "newReferrals", "verified", "deposited", "firstTraders"];

const steps = ["newReferrals", "deposited", "verified", "firstTraders"];

/** What stands under the chart: the funnel, the products, the countries, and every figure. */
export function Sections({ period }: { period: string }) {
  const { data, error, refetch } = useQuery(comparisonQuery({ metrics: everything.join(","), period, groupBy: grain(period) }));
  if (error && !data) {
    return (
      <div className="card mt-4">
        <Failed error={error} onRetry={() => void refetch()} />
      </div>
    );
  }
  return (
    <>
      <div className="mt-4 grid gap-4 @3xl:grid-cols-2">
        {data ? <Funnel data={data} /> : <SectionSkeleton className="h-56" />}
        <Products period={period} />
      </div>
      <Countries period={period} />
      <Cohorts />
      {data ? <Everything data={data} /> : <SectionSkeleton className="mt-4 h-[46rem]" />}
    </>
  );
}

const SectionSkeleton = ({ className }: { className: string }) => (
  <div className={`card p-4 sm:p-5 ${className}`} aria-hidden="true">
    <Skeleton className="h-6 w-40" />
    <Skeleton className="mt-4 h-24 w-full" />
  </div>
);

function Section({ id, title, note, className = "", children }: { id: string; title: string; note?: ReactNode; className?: string; children: ReactNode }) {
  return (
    <section className={`card min-w-0 p-4 sm:p-5 ${className}`} aria-labelledby={id}>
      <h2 id={id} className="font-medium">
        {title}
      </h2>
      {note && <p className="text-xs text-ink-2">{note}</p>}
      <div className="mt-3">{children}</div>
    </section>
  );
}

function Funnel({ data }: { data: ComparisonResult }) {
  const { t, f } = useWords();
  const w = usePageWords(overviewWords);
  const of = (m: string) => approx(data.total[m]?.current);
  const signUps = of("newReferrals");
  const most = Math.max(...steps.map(of), 1);
  return (
    <Section id="funnel" title={w.funnel} note={w.funnelNote}>
      <ol className="space-y-2.5 text-sm">
        {steps.map((m) => (
          <li key={m}>
            <div className="flex items-baseline justify-between gap-3">
              <span className="min-w-0">{t.metrics[m]}</span>
              <span className="shrink-0 tabular-nums">
                <span className="font-semibold">{f.count(of(m))}</span>
                <span className="ms-1 inline-block min-w-12 text-end text-ink-2">{signUps > 0 ? f.percent((of(m) / signUps) * 100) : "–"}</span>
              </span>
            </div>
            <Meter part={of(m) / most} className="mt-1" />
            <p className="mt-0.5 text-xs text-ink-2 tabular-nums">{w.before(f.count(data.total[m]?.previous ?? 0))}</p>
          </li>
        ))}
      </ol>
      <p className="mt-3 text-xs text-ink-2 tabular-nums">{w.tradersOf(f.count(of("traders")), f.count(of("totalReferrals")))}</p>
    </Section>
  );
}

function Products({ period }: { period: string }) {
  const { t, f } = useWords();
  const w = usePageWords(overviewWords);
  const { data, error, refetch } = useQuery(comparisonQuery({ metrics: "commission,volume,traders", period, groupBy: "product" }));
  if (error && !data) return <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>;
  if (!data) return <SectionSkeleton className="h-56" />;
  const bars = (metric: string) =>
    data.rows.map((r) => {
      const c = comparedAt(r, metric);
      return {
        key: r.key,
        label: t.values[r.key] ?? r.key,
        size: approx(c?.current),
        value: (
          <span className="inline-flex items-baseline gap-2">
            <span title={f.figure(metric, c?.current ?? 0)} className="font-semibold">{f.figureShort(metric, c?.current ?? 0)}</span>
            {c && <Change value={c} className="min-w-16 justify-end text-xs" />}
          </span>
        ),
      };
    });
  return (
    <Section id="products" title={w.products} note="USDT">
      <div className="space-y-4">
        {["commission", "volume"].map((m) => (
          <div key={m}>
            <h3 className="mb-1.5 text-xs font-medium text-ink-2">{t.metrics[m]}</h3>
            <Bars label={`${w.products}, ${t.metrics[m]}`} bars={bars(m)} />
          </div>
        ))}
      </div>
    </Section>
  );
}

const fewCountries = 6;

function Countries({ period }: { period: string }) {
  const { t, f } = useWords();
  const w = usePageWords(overviewWords);
  const [all, setAll] = useState(false);
  const { data, error, refetch } = useQuery(comparisonQuery({ metrics: "commission,volume,traders,newReferrals,totalReferrals", period, groupBy: "country" }));
  if (error && !data) return <div className="card mt-4"><Failed error={error} onRetry={() => void refetch()} /></div>;
  if (!data) return <SectionSkeleton className="mt-4 h-72" />;
  const value = (r: ComparedRow, m: string) => comparedAt(r, m)?.current ?? 0;
  const rows = [...data.rows].sort((a, b) => approx(value(b, "commission")) - approx(value(a, "commission")) || approx(value(b, "totalReferrals")) - approx(value(a, "totalReferrals")));
  const total = approx(data.total.commission?.current);
  const name = (key: string) => (key === "unknown" ? t.values.unknown : f.country(key));
  return (
    <Section id="countries" title={w.countries} className="mt-4">
      {rows.length === 0 ? (
        <p className="text-sm text-ink-2">{w.noCountries}</p>
      ) : (
        <>
          <DataTable
            caption={w.countries}
            columns={[
              { label: t.groups.country },
              { label: `${t.metrics.commission}, USDT`, end: true },
              { label: t.figures.change, end: true },
              { label: w.share, end: true },
              { label: `${t.metrics.volume}, USDT`, end: true },
              { label: t.metrics.traders ?? "", end: true },
              { label: t.metrics.newReferrals ?? "", end: true },
              { label: t.metrics.totalReferrals ?? "", end: true },
            ]}
            rows={(all ? rows : rows.slice(0, fewCountries)).map((r) => {
              const c = comparedAt(r, "commission");
              const share = total > 0 ? approx(c?.current) / total : 0;
              return {
                key: r.key,
                cells: [
                  <Link key="country" to="/referees" search={{ country: r.key, period }} className="font-medium whitespace-nowrap text-accent underline-offset-2 hover:underline">
                    {name(r.key)}
                  </Link>,
                  <span key="commission" title={f.money(c?.current ?? 0)}>{f.moneyShort(c?.current ?? 0)}</span>,
                  c ? <Change key="change" value={c} className="text-xs" /> : "",
                  <span key="share" className="inline-flex w-32 items-center justify-end gap-2">
                    <span className="w-16"><Meter part={Math.max(share, 0)} /></span>
                    {total > 0 ? f.percent(share * 100) : "–"}
                  </span>,
                  <span key="volume" title={f.money(value(r, "volume"))}>{f.brief(value(r, "volume"))}</span>,
                  f.count(value(r, "traders")),
                  f.count(value(r, "newReferrals")),
                  f.count(value(r, "totalReferrals")),
                ],
              };
            })}
          />
          {rows.length > fewCountries && (
            <Button variant="quiet" className="mt-2 -ms-3" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? w.fewer : w.allCountries(f.count(rows.length))}
            </Button>
          )}
        </>
      )}
    </Section>
  );
}

function Everything({ data }: { data: ComparisonResult }) {
  const { t, f } = useWords();
  const w = usePageWords(overviewWords);
  return (
    <Section id="everything" title={w.everything} note={w.everythingNote} className="mt-4">
      <DataTable
        caption={w.everything}
        columns={[{ label: w.metric }, { label: t.figures.current, end: true }, { label: t.figures.change, end: true }, { label: t.figures.earlier, end: true }, { label: w.trend, end: true }]}
        rows={everything.flatMap((m) => {
          const c = data.total[m];
          if (!c) return [];
          const series = passed(data).map((r) => approx(comparedAt(r, m)?.current));
          return [
            {
              key: m,
              cells: [
                <span key="name" className="block min-w-32">
                  {t.metrics[m]}
                  {isMoney(m) && <span className="text-xs text-ink-3"> USDT</span>}
                  <span className="block text-xs text-ink-2 max-sm:hidden">{w.about[m]}</span>
                </span>,
                <span key="current" className={`font-semibold ${sign(c.current) < 0 ? "text-down" : ""}`} title={f.figure(m, c.current)}>{f.figureShort(m, c.current)}</span>,
                <Change key="change" value={c} className="text-xs" />,
                <span key="previous" className="text-ink-2" title={f.figure(m, c.previous)}>{f.figureShort(m, c.previous)}</span>,
                <Sparkline key="trend" values={series} open={lastIsOpen(data)} className="ms-auto h-6 w-24" />,
              ],
            },
          ];
        })}
      />
    </Section>
  );
}
