import type { ComponentProps } from "react";
import { Change, Delta } from "../../../components/Change";
import { DataTable } from "../../../components/DataTable";
import { FigureOf } from "../../../components/Money";
import { TableSwitch } from "../../../components/TableSwitch";
import type { Driver, ExplainResult, GroupBy, Part } from "../../../lib/contract";
import { sum } from "../../../lib/decimal";
import { isMoney } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { AskMore } from "./Ask";
import { Causes } from "./Causes";
import { keyName } from "./groups";
import { Pills } from "./Pills";
import { Fact, Facts, Section } from "./Section";
import { Waterfall } from "./Waterfall";

/** More parts than these are summed up in the drawing; the table has them all. */
const drawn = 6;

/** Why a figure changed: the change, its causes, and its exact parts by one dimension at a time. */
export function ExplainCard({ data }: { data: ExplainResult }) {
  const { t, f } = useWords();
  const { metric } = data;
  const total = data.total[metric];
  if (!total) return null;
  const splits: [GroupBy, Part[] | undefined][] = [
    ["referee", data.byReferee],
    ["sub_partner", data.bySubPartner],
    ["product", data.byProduct],
    ["country", data.byCountry],
    ["code", data.byCode],
  ];
  const tabs: ComponentProps<typeof Pills>["tabs"][number][] = splits.flatMap(([by, parts]) => (parts && parts.length > 0 ? [{ key: by, label: t.groups[by], content: <Parts key={by} by={by} parts={parts} data={data} /> }] : []));
  if (data.drivers && data.drivers.length > 0) tabs.unshift({ key: "drivers", label: t.cards.drivers, content: <Drivers metric={metric} drivers={data.drivers} total={total.delta} /> });
  return (
    <div className="space-y-4">
      <div>
        <p className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
          <span className="flex items-baseline gap-1.5 text-2xl font-semibold tracking-tight">
            <span>
              <FigureOf metric={metric} value={total.current} />
            </span>
            {isMoney(metric) && <span className="text-xs font-normal text-ink-3">USDT</span>}
          </span>
          <span className="flex items-baseline gap-2">
            <Change value={total} className="text-base" />
            <span className="text-sm text-ink-2 tabular-nums">{f.signedFigure(metric, total.delta)}</span>
          </span>
        </p>
        <p className="mt-0.5 text-xs text-ink-2 tabular-nums">
          {t.figures.before(f.figure(metric, total.previous))} ({f.range(data.compareTo, data.zone)})
          {data.toDate && total.whole !== undefined && <> · {t.figures.wholeEarlier(f.figure(metric, total.whole))}</>}
        </p>
      </div>
      {data.causes.length > 0 && (
        <Section title={t.cards.causes}>
          <Causes metric={metric} causes={data.causes} rest={data.rest} zone={data.zone} />
        </Section>
      )}
      {tabs.length > 0 && (
        <Section title={t.cards.splitBy}>
          <Pills label={t.cards.splitBy} tabs={tabs} />
        </Section>
      )}
      {data.byStatus.length > 0 && (
        <Section title={t.cards.whoMoved}>
          <Facts short>
            {data.byStatus.map((s) => (
              <Fact key={s.key} name={t.cards.statusCount(t.cards.status[s.key as "stayed"], f.count(s.count ?? 0))}>
                <Delta metric={metric} value={s.delta} />
              </Fact>
            ))}
          </Facts>
        </Section>
      )}
    </div>
  );
}

function Parts({ by, parts, data }: { by: GroupBy; parts: Part[]; data: ExplainResult }) {
  const { t, f } = useWords();
  const { metric, zone } = data;
  const total = data.total[metric]?.delta ?? 0;
  const name = (p: Part, alone = true) => (p.count !== undefined ? t.cards.others(p.count) : keyName(p.key, by, zone, t, f, alone));
  const first = parts.length > drawn ? parts.slice(0, drawn - 1) : parts;
  const rest = parts.slice(first.length);
  const label = `${t.cards.splitBy}: ${t.groups[by]}`;
  const note = (p: Part) => p.status && p.status !== "stayed" && <span className="ms-1.5 text-xs text-ink-2">{t.cards.status[p.status]}</span>;
  const more = (p: Part) => <AskMore call={p.drill}>{p.drill?.tool === "trace_commission" ? t.cards.trades : t.cards.within}</AskMore>;
  return (
    <TableSwitch
      table={
        <DataTable
          caption={label}
          className="max-h-96"
          columns={[{ label: t.groups[by] }, { label: t.cards.nowAndBefore, end: true }, { label: t.figures.change, end: true }]}
          rows={parts.map((p) => ({
            key: p.key,
            cells: [name(p, false), <NowAndBefore key="figures" now={f.figure(metric, p.current)} before={f.figure(metric, p.previous)} />, f.signedFigure(metric, p.delta)],
          }))}
        />
      }
    >
      <Waterfall
        label={label}
        metric={metric}
        total={total}
        steps={[
          ...first.map((p) => ({ key: p.key, label: <>{name(p)}{note(p)}</>, delta: p.delta, share: p.share, more: more(p) })),
          ...(rest.length > 0 ? [{ key: "rest", label: t.cards.others(rest.reduce((n, p) => n + (p.count ?? 1), 0)), delta: sum(...rest.map((p) => p.delta)) }] : []),
        ]}
      />
    </TableSwitch>
  );
}

export function Drivers({ metric, drivers, total }: { metric: string; drivers: Driver[]; total: string | number }) {
  const { t, f } = useWords();
  const size = (d: Driver, v: Driver["current"]) => {
    if (v === null) return "–";
    if (d.key === "active_referees") return f.count(v);
    return d.key === "volume_each" ? f.moneyShort(v) : f.rate(v);
  };
  return (
    <TableSwitch
      table={
        <DataTable
          caption={t.cards.drivers}
          columns={[{ label: t.cards.drivers }, { label: t.cards.nowAndBefore, end: true }, { label: t.figures.change, end: true }]}
          rows={drivers.map((d) => ({
            key: d.key,
            cells: [t.cards.driver[d.key], <NowAndBefore key="size" now={size(d, d.current)} before={size(d, d.previous)} />, f.signedFigure(metric, d.delta)],
          }))}
        />
      }
    >
      <Waterfall
        label={t.cards.drivers}
        metric={metric}
        total={total}
        steps={drivers.map((d) => ({
          key: d.key,
          label: t.cards.driver[d.key],
          delta: d.delta,
          share: d.share,
          more: d.current !== null && d.previous !== null && <span>{`${size(d, d.previous)} → ${size(d, d.current)}`}</span>,
        }))}
      />
    </TableSwitch>
  );
}

/** One column instead of two, where there is room for three. */
const NowAndBefore = ({ now, before }: { now: string; before: string }) => (
  <>
    {now}
    <span className="block text-xs text-ink-2">{before}</span>
  </>
);
