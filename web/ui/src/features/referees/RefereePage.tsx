import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouteContext, useSearch } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import type { ReactNode } from "react";
import { Bars } from "../../components/Bars";
import { Button, buttonClass } from "../../components/Button";
import { Change } from "../../components/Change";
import { PageHead } from "../../components/PageHead";
import { PeriodPicker } from "../../components/PeriodPicker";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { Tag } from "../../components/Tag";
import { ApiError } from "../../lib/api";
import type { ComparisonResult, RefereeDetail, RefereeProfile } from "../../lib/contract";
import { approx, isMoney, sign } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { refereesWords } from "../../lib/i18n/pages/referees";
import { grain } from "../../lib/period";
import { comparisonQuery } from "../../lib/queries";
import { useAssistant } from "../assistant/AssistantProvider";
import { MetricChart } from "../overview/MetricChart";
import { refereeQuery } from "./data";
import { Note } from "./NoteEditor";

const usual = "last_30_days";
const figures = ["commission", "volume", "eligibleVolume", "fees", "trades", "deposits", "withdrawals", "sharedCommission"] as const;

/** One referee: who it is, since when, and what they brought. */
export function RefereePage() {
  const { t, f } = useWords();
  const w = usePageWords(refereesWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const { uid } = useParams({ from: "/signed-in/partner/referees/$uid" });
  const { period = usual } = useSearch({ from: "/signed-in/partner/referees/$uid" });
  const navigate = useNavigate({ from: "/referees/$uid" });
  const { ask } = useAssistant();
  const { data, error, isPlaceholderData, refetch } = useQuery({ ...refereeQuery(uid, period), placeholderData: keepPreviousData });
  const { data: series } = useQuery({
    ...comparisonQuery({ metrics: [...figures].join(","), period, groupBy: grain(period), uid: Number(uid) }),
    placeholderData: keepPreviousData,
    enabled: !error,
  });
  const setPeriod = (p: string) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) });
  const r = data?.referee;
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 422);

  return (
    <>
      <PageHead
        title={w.detail(uid)}
        back={(icon) => (
          <Link to="/referees" aria-label={w.toList} title={w.toList} className="-ms-2 grid size-9 shrink-0 place-items-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink">
            {icon}
          </Link>
        )}
        badge={
          r && (
            <span className="flex gap-1.5">
              <Tag tone={r.activity === "active" ? "up" : "plain"}>{t.values[r.activity]}</Tag>
              {r.partner && <Tag tone="accent">{w.partnerTag}</Tag>}
            </span>
          )
        }
        sub={data && !missing ? (isPlaceholderData ? t.overview.refreshing : [f.range(data, data.zone), data.zone, t.figures.asOf(f.instant(data.asOf, data.zone))].join(" · ")) : ""}
      >
        {!missing && <PeriodPicker period={period} zone={session.zone} onChange={setPeriod} />}
        {r && (
          <Button onClick={() => ask(w.question(uid))}>
            <Sparkles className="size-4 text-accent" aria-hidden="true" />
            {w.ask}
          </Button>
        )}
      </PageHead>
      <div className="@container mt-5">
        {missing ? (
          <div className="card">
            <NothingYet title={w.gone} text={w.goneText}>
              <Link to="/referees" className={buttonClass("secondary")}>{w.toList}</Link>
            </NothingYet>
          </div>
        ) : error && !data ? (
          <div className="card">
            <Failed error={error} onRetry={() => void refetch()} />
          </div>
        ) : data && r ? (
          <div className={isPlaceholderData ? "opacity-60 transition-opacity" : ""}>
            <Figures r={r} series={series} />
            {series && sign(r.trades) !== 0 && <MetricChart data={series} metric="commission" />}
            {sign(r.trades) === 0 && (
              <div className="card mt-4">
                <NothingYet title={w.noTrades} text="">
                  {period !== "last_90_days" && <Button onClick={() => setPeriod("last_90_days")}>{w.longer}</Button>}
                </NothingYet>
              </div>
            )}
            <div className="mt-4 grid gap-4 @3xl:grid-cols-2">
              <Timeline r={r} zone={data.zone} />
              <Profile r={r} data={data} />
            </div>
          </div>
        ) : (
          <Waiting />
        )}
      </div>
    </>
  );
}

function Figures({ r, series }: { r: RefereeDetail; series?: ComparisonResult }) {
  const { t, f } = useWords();
  return (
    <dl className="card grid grid-cols-2 gap-x-4 gap-y-5 p-4 sm:p-5 @2xl:grid-cols-4">
      {figures.map((m) => {
        const c = series?.total[m];
        return (
          <div key={m} className="min-w-0">
            <dt className="text-xs text-ink-2">
              {t.metrics[m]} {isMoney(m) && <span className="text-ink-3">USDT</span>}
            </dt>
            <dd>
              <span className="block text-lg font-semibold tracking-tight wrap-anywhere tabular-nums" title={f.figure(m, r[m])}>{f.figureShort(m, r[m])}</span>
              <span className="block min-h-5">{c && <Change value={c} className="text-xs" />}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Timeline({ r, zone }: { r: RefereeDetail; zone: string }) {
  const { t, f } = useWords();
  const w = usePageWords(refereesWords);
  const steps = (["registeredAt", "verifiedAt", "firstDepositAt", "firstTradeAt", "lastTradeAt"] as const)
    .map((key) => ({ key, at: r[key] }))
    .sort((a, b) => (a.at ? Date.parse(a.at) : Infinity) - (b.at ? Date.parse(b.at) : Infinity));
  return (
    <section className="card p-4 sm:p-5" aria-labelledby="timeline">
      <h2 id="timeline" className="font-medium">{w.timeline}</h2>
      <ol className="mt-3">
        {steps.map(({ key, at }, i) => (
          <li key={key} className="relative flex gap-3 pb-4 last:pb-0">
            {i < steps.length - 1 && <span aria-hidden="true" className="absolute start-[5px] top-4 bottom-0 w-px bg-line" />}
            <span aria-hidden="true" className={`mt-1.5 size-[11px] shrink-0 rounded-full border-2 ${at ? "border-accent bg-accent" : "border-line-strong bg-surface"}`} />
            <div className="min-w-0 text-sm">
              <p className={at ? "font-medium" : "text-ink-2"}>{w.events[key]}</p>
              <p className="text-xs text-ink-2 tabular-nums">
                {at ? <time dateTime={at} title={f.stamp(at, zone)}>{f.instant(at, zone)}</time> : w.notYet}
                {key === "registeredAt" && ` · ${w.withCode(r.code)}`}
                {key === "verifiedAt" && at && ` · ${t.values[r.kyc]}`}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Profile({ r, data }: { r: RefereeDetail; data: RefereeProfile }) {
  const { t, f } = useWords();
  const w = usePageWords(refereesWords);
  const facts: [string, ReactNode][] = [
    [t.referee.relation, <>{t.values[r.relation]}{r.subPartnerUid && <span className="block text-xs text-ink-2">{w.through(String(r.subPartnerUid))}</span>}</>],
    [t.referee.country, r.country === "unknown" ? t.values.unknown : f.country(r.country)],
    [t.referee.code, <>{r.code}{r.note && <span className="block text-xs text-ink-2">{r.note}</span>}</>],
    [t.referee.kyc, t.values[r.kyc]],
    [t.referee.vip, `${r.spotVip} / ${r.futuresVip}`],
    [t.referee.rebate, `${f.rate(r.spotRebateRate)} / ${f.rate(r.futuresRebateRate)}`],
  ];
  return (
    <section className="card min-w-0 p-4 sm:p-5" aria-labelledby="profile">
      <h2 id="profile" className="font-medium">{w.profile}</h2>
      <dl className="mt-3 grid grid-cols-2 gap-x-4 gap-y-3 text-sm">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-xs text-ink-2">{name}</dt>
            <dd className="wrap-anywhere tabular-nums">{value}</dd>
          </div>
        ))}
        <div className="col-span-2">
          <dt className="text-xs text-ink-2">{t.referee.note}</dt>
          <dd>
            <Note uid={r.key} note={r.ownNote} />
          </dd>
        </div>
      </dl>
      {data.byProduct.length > 0 && (
        <div className="mt-4 border-t border-line pt-3">
          <h3 className="mb-2 text-xs text-ink-2">{t.referee.byProduct}</h3>
          <Bars label={t.referee.byProduct} bars={data.byProduct.map((p) => ({ key: p.key, label: t.values[p.key] ?? p.key, value: <span title={f.money(p.commission)}>{f.moneyShort(p.commission)}</span>, size: approx(p.commission) }))} />
        </div>
      )}
    </section>
  );
}

function Waiting() {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t.states.loading}>
      <Skeleton className="h-44 w-full rounded-lg @2xl:h-40" />
      <Skeleton className="mt-4 h-96 w-full rounded-lg" />
    </div>
  );
}
