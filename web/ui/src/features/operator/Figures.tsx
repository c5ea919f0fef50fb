import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { SeriesChart } from "../../components/chart/SeriesChart";
import { PeriodPicker } from "../../components/PeriodPicker";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { api } from "../../lib/api";
import { useWords } from "../../lib/i18n";
import type { Figures as Data } from "./contract";
import { Page, Section } from "./Page";

const usual = "last_7_days";

/** How the assistant does. */
export function Figures() {
  const { t, f } = useWords();
  const { session } = useRouteContext({ from: "/signed-in" });
  const { period = usual } = useSearch({ from: "/signed-in/figures" });
  const navigate = useNavigate({ from: "/figures" });
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["operator-figures", period],
    queryFn: ({ signal }) => api.get<Data>("/v1/operator/figures", { period }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  const text = data ? [f.range(data, data.zone), data.zone, t.figures.asOf(f.instant(data.asOf, data.zone))].join(" · ") : "";
  return (
    <Page
      title={t.operator.figures.title}
      text={text}
      aside={<PeriodPicker period={period} zone={session.zone} onChange={(p) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) })} />}
    >
      {data ? <Shown data={data} /> : isPending ? <Skeleton className="h-96 w-full rounded-lg" /> : <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>}
    </Page>
  );
}

function Shown({ data }: { data: Data }) {
  const { t, f } = useWords();
  const w = t.operator.figures;
  const share = (v: number | null) => (v === null ? w.none : f.percent((v * 100).toFixed(1)));
  const ms = (v: number | null) => (v === null ? w.none : `${f.count(Math.round(v))} ms`);
  const minutes = (v: number | null) => (v === null ? w.none : w.minutes(f.count(Math.round(v / 60))));
  const points = (pick: (d: Data["days"][number]) => number) =>
    data.days.map((d) => ({ key: d.day, label: f.bucket(d.day, "day", data.zone), long: f.bucket(d.day, "day", data.zone, true), current: Date.parse(d.day) > Date.parse(data.asOf) ? null : pick(d) }));
  return (
    <>
      <ul className="grid grid-cols-2 gap-3 @2xl:grid-cols-4">
        <Tile title={w.helpfulness} value={share(data.helpfulness)} note={w.votes(data.up, data.down)} />
        <Tile title={w.resolution} value={share(data.resolution)} note={w.resolved(data.resolved, data.conversations)} />
        <Tile title={w.handoffs} value={share(data.handoffRate)} note={w.tickets(data.handoffs)} />
        <Tile title={w.latency} value={ms(data.latencyP50Ms)} note={w.p99(ms(data.latencyP99Ms))} />
        <Tile title={w.answers} value={f.count(data.answers)} note={w.failed(data.failed, data.fallbacks)} />
        <Tile title={w.cost} value={`${f.moneyShort(data.costUsd)} USD`} note={data.costPerResolvedUsd === null ? w.noCostEach : w.costEach(f.moneyShort(data.costPerResolvedUsd))} />
        <Tile title={w.gaps} value={f.count(data.gaps)} note={w.gapsNote} />
        <Tile title={w.firstReply} value={minutes(data.firstReplySeconds)} note={`${w.toResolve}: ${minutes(data.timeToResolveSeconds)}`} />
      </ul>
      <Section title={w.perDay}>
        <SeriesChart title={w.perDay} metric="trades" by={t.groups.day} points={points((d) => d.answers)} names={{ current: w.answers }} />
      </Section>
      <div className="grid gap-4 @3xl:grid-cols-2">
        <Section title={w.outcome} note={w.outcomeNote}>
          <Bars rows={(["resolved", "unresolved", "abandoned", "unknown"] as const).map((k) => [w.outcomes[k], data[k]])} />
        </Section>
        <Section title={w.reasons}>
          {data.handoffReasons.length > 0 ? <Bars rows={data.handoffReasons.map((r) => [w.categories[r.topic] ?? r.topic, r.count])} /> : <p className="text-sm text-ink-2">{w.tickets(0)}</p>}
        </Section>
      </div>
      <Section title={w.downPerDay}>
        <SeriesChart title={w.downPerDay} metric="trades" by={t.groups.day} points={points((d) => d.down)} names={{ current: w.downPerDay }} className="h-40" />
      </Section>
    </>
  );
}

const Tile = ({ title, value, note }: { title: ReactNode; value: string; note: string }) => (
  <li className="card min-w-0 p-4">
    <h2 className="text-sm text-ink-2">{title}</h2>
    <p className="mt-1 text-xl font-semibold tracking-tight wrap-anywhere tabular-nums">{value}</p>
    <p className="mt-0.5 text-xs text-ink-2 tabular-nums">{note}</p>
  </li>
);

function Bars({ rows }: { rows: [string, number][] }) {
  const { f } = useWords();
  const most = Math.max(1, ...rows.map(([, n]) => n));
  return (
    <ul className="flex flex-col gap-2 text-sm">
      {rows.map(([label, n]) => (
        <li key={label}>
          <p className="flex justify-between gap-3">
            <span>{label}</span>
            <span className="tabular-nums">{f.count(n)}</span>
          </p>
          <div className="mt-1 h-1.5 rounded-full bg-sunken" aria-hidden="true">
            <div className="h-full rounded-full bg-accent" style={{ width: `${(n / most) * 100}%` }} />
          </div>
        </li>
      ))}
    </ul>
  );
}
