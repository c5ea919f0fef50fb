import { useState } from "react";
import { Button } from "../../../components/Button";
import { Change } from "../../../components/Change";
import { SeriesChart } from "../../../components/chart/SeriesChart";
import { DataTable } from "../../../components/DataTable";
import { Sparkline } from "../../../components/Sparkline";
import { TableSwitch } from "../../../components/TableSwitch";
import type { Contributor, GroupBy, SummaryResult } from "../../../lib/contract";
import { approx, isMoney } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { began } from "../../../lib/series";
import { Alert } from "./Alert";
import { Uid } from "./Ask";
import { Bars } from "./Bars";
import { Causes } from "./Causes";
import { Drivers } from "./ExplainCard";
import { Funnel } from "./Funnel";
import { keyName } from "./groups";
import { Pills } from "./Pills";
import { Section } from "./Section";

const tiles = ["commission", "volume", "traders", "newReferrals", "netDeposits", "trades"];
const trends = ["commission", "volume"];
const alertsShown = 2;

/** The business review of a period: totals, trend, where it came from, funnel, alerts, and what to do next. */
export function SummaryCard({ data, period }: { data: SummaryResult; period?: unknown }) {
  const { t } = useWords();
  const [allAlerts, setAllAlerts] = useState(false);
  const alerts = data.anomalies.rows;
  const change = data.total.commission?.delta ?? 0;
  return (
    <div className="space-y-4">
      <ul className="grid grid-cols-2 gap-2 @lg:grid-cols-3">
        {tiles.map((m) => (
          <Tile key={m} metric={m} data={data} />
        ))}
      </ul>
      <Section title={t.cards.trend}>
        <Trend data={data} />
      </Section>
      <Section title={t.cards.whereFrom}>
        <Contributions data={data} period={period} />
      </Section>
      <Section title={t.cards.funnel}>
        <Funnel data={data} />
      </Section>
      {(data.causes.length > 0 || (data.drivers?.length ?? 0) > 0) && (
        <Section title={t.cards.whyChanged}>
          <Pills
            label={t.cards.whyChanged}
            tabs={[
              ...(data.causes.length > 0 ? [{ key: "causes", label: t.cards.causes, content: <Causes metric="commission" causes={data.causes} zone={data.zone} /> }] : []),
              ...(data.drivers && data.drivers.length > 0 ? [{ key: "drivers", label: t.cards.drivers, content: <Drivers metric="commission" drivers={data.drivers} total={change} /> }] : []),
            ]}
          />
        </Section>
      )}
      <Section title={t.cards.alertCount(data.anomalies.total)}>
        {alerts.length === 0 && <p className="text-sm text-ink-2">{t.cards.noAlerts}</p>}
        <ul className="divide-y divide-line">
          {(allAlerts ? alerts : alerts.slice(0, alertsShown)).map((a) => (
            <li key={a.key} className="py-3 first:pt-0 last:pb-0">
              <Alert alert={a} zone={data.zone} period={period} />
            </li>
          ))}
        </ul>
        {alerts.length > alertsShown && (
          <Button variant="quiet" className="mt-2 w-full" aria-expanded={allAlerts} onClick={() => setAllAlerts(!allAlerts)}>
            {allAlerts ? t.cards.fewer : t.cards.showMost(alerts.length)}
          </Button>
        )}
      </Section>
      {data.next.length > 0 && (
        <Section title={t.cards.next}>
          <ol className="space-y-2 text-sm">
            {data.next.map((n, i) => (
              <li key={n.key} className="flex gap-2.5">
                <span aria-hidden="true" className="grid size-5 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-medium text-accent tabular-nums">
                  {i + 1}
                </span>
                <span className="min-w-0 wrap-anywhere">{n.words}</span>
              </li>
            ))}
          </ol>
        </Section>
      )}
    </div>
  );
}

function Tile({ metric, data }: { metric: string; data: SummaryResult }) {
  const { t, f } = useWords();
  const total = data.total[metric];
  if (!total) return null;
  const series = data.rows.filter((r) => metric in r && began(r.key, data)).map((r) => approx(r[metric]));
  return (
    <li className="flex min-w-0 flex-col rounded-md border border-line px-3 py-2.5">
      <h5 className="text-xs text-ink-2">
        {t.metrics[metric]} {isMoney(metric) && <span className="text-ink-3">USDT</span>}
      </h5>
      <p className="text-base font-semibold tracking-tight wrap-anywhere tabular-nums" title={f.figure(metric, total.current)}>
        {f.figureShort(metric, total.current)}
      </p>
      <Change value={total} className="text-xs" />
      <p className="text-xs text-ink-2 tabular-nums" title={f.figure(metric, total.previous)}>
        {t.figures.before(f.figureShort(metric, total.previous))}
      </p>
      {series.length > 1 && <Sparkline values={series} open={Date.parse(data.to) > Date.parse(data.asOf)} className="mt-2 h-6 w-full" />}
    </li>
  );
}

function Trend({ data }: { data: SummaryResult }) {
  const { t, f } = useWords();
  const { groupBy: by, zone } = data;
  return (
    <Pills
      label={t.cards.trend}
      tabs={trends.map((m) => ({
        key: m,
        label: t.metrics[m] ?? m,
        content: (
          <SeriesChart
            title={`${t.cards.trend}: ${t.metrics[m] ?? m}`}
            metric={m}
            by={t.groups[by]}
            className="h-36"
            names={{ current: t.metrics[m] ?? m }}
            points={data.rows.map((r) => ({ key: r.key, label: f.bucket(r.key, by, zone), long: f.bucket(r.key, by, zone, true), current: began(r.key, data) ? (r[m] ?? 0) : null }))}
          />
        ),
      }))}
    />
  );
}

function Contributions({ data, period }: { data: SummaryResult; period?: unknown }) {
  const { t } = useWords();
  const by: [GroupBy, Contributor[]][] = [
    ["product", data.contribution.byProduct],
    ["referee", data.contribution.byReferee],
    ["sub_partner", data.contribution.bySubPartner],
    ["country", data.contribution.byCountry],
  ];
  return (
    <Pills
      label={t.cards.whereFrom}
      tabs={by.flatMap(([g, rows]) =>
        rows.length === 0
          ? []
          : [
              {
                key: g,
                label: t.groups[g],
                content: <Contributors key={g} by={g} rows={rows} zone={data.zone} period={period} />,
              },
            ],
      )}
    />
  );
}

function Contributors({ by, rows, zone, period }: { by: GroupBy; rows: Contributor[]; zone: string; period?: unknown }) {
  const { t, f } = useWords();
  const title = `${t.cards.whereFrom}: ${t.groups[by]}`;
  const name = (key: string) => keyName(key, by, zone, t, f);
  return (
    <TableSwitch
      header={<p className="text-xs text-ink-2">{`${t.metrics.commission}, USDT`}</p>}
      table={
        <DataTable
          caption={title}
          columns={[{ label: t.groups[by] }, { label: t.metrics.commission ?? "", end: true }, { label: t.metrics.volume ?? "", end: true }]}
          rows={rows.map((r) => ({ key: r.key, cells: [name(r.key), f.money(r.commission), f.money(r.volume)] }))}
        />
      }
    >
      <Bars
        label={title}
        bars={rows.map((r) => ({
          key: r.key,
          label: by === "referee" ? <Uid uid={r.key} period={period} named /> : name(r.key),
          value: (
            <span title={f.money(r.commission)}>
              {f.moneyShort(r.commission)} <span className="ms-1 inline-block min-w-12 text-end text-ink-2">{r.share === null ? "–" : f.percent(r.share)}</span>
            </span>
          ),
          size: approx(r.commission),
        }))}
      />
    </TableSwitch>
  );
}
