import { Change, Delta } from "../../../components/Change";
import { SeriesChart } from "../../../components/chart/SeriesChart";
import { DataTable } from "../../../components/DataTable";
import { TableSwitch } from "../../../components/TableSwitch";
import type { ActivityResult, Tendency } from "../../../lib/contract";
import { less } from "../../../lib/decimal";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { began } from "../../../lib/series";
import { Uid } from "./Ask";
import { Bars } from "./Bars";
import { HeatStrip } from "./HeatStrip";
import { Pills } from "./Pills";
import { Fact, Facts, Section } from "./Section";

const symbolsShown = 6;

/** How active referees are, and what, when and how much they trade. */
export function ActivityCard({ data, period }: { data: ActivityResult; period?: unknown }) {
  const { t, f } = useWords();
  const { counts, total, zone } = data;
  const grown = { delta: counts.active - counts.activeBefore, percent: counts.activeBefore > 0 ? String(((counts.active - counts.activeBefore) / counts.activeBefore) * 100) : null };
  return (
    <div className="space-y-4">
      <div>
        <p className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
          <span className="text-2xl font-semibold tracking-tight tabular-nums">{f.count(counts.active)}</span>
          <span className="text-sm text-ink-2">{t.cards.activeOf(f.count(counts.total))}</span>
          <Change value={grown} />
        </p>
        <p className="text-xs text-ink-2 tabular-nums">
          {t.figures.before(f.count(counts.activeBefore))} ({f.range(data.compareTo, zone)})
        </p>
        <div className="mt-3">
          <Facts short>
            <Fact name={t.cards.newOnes} strong>{f.count(counts.new)}</Fact>
            <Fact name={t.values.dormant ?? ""} strong>{f.count(counts.dormant)}</Fact>
            <Fact name={t.values.inactive ?? ""} strong>{f.count(counts.inactive)}</Fact>
            <Fact name={`${t.metrics.volume}, USDT`} strong>
              <span title={f.money(total.volume)}>{f.moneyShort(total.volume)}</span>
            </Fact>
            <Fact name={t.metrics.trades ?? ""} strong>{f.count(total.trades)}</Fact>
            <Fact name={`${t.cards.averageTrade}, USDT`} strong>
              {total.averageTrade === null ? "–" : <span title={f.money(total.averageTrade)}>{f.moneyShort(total.averageTrade)}</span>}
            </Fact>
          </Facts>
        </div>
      </div>
      <Section title={t.cards.tradersOver}>
        <SeriesChart
          title={t.cards.tradersOver}
          metric="traders"
          by={t.groups[data.trendBy]}
          className="h-36"
          names={{ current: t.figures.current, earlier: t.figures.earlier }}
          points={data.trend.map((r, i) => ({
            key: r.key || `earlier-${i}`,
            label: f.bucket(r.key || r.previousKey, data.trendBy, zone),
            long: f.bucket(r.key || r.previousKey, data.trendBy, zone, true),
            current: r.key && began(r.key, data) ? r.traders : null,
            earlier: r.previousKey ? r.previousTraders : undefined,
          }))}
        />
      </Section>
      <Section title={t.cards.whatTraded}>
        <Pills
          label={t.cards.whatTraded}
          tabs={[
            { key: "product", label: t.groups.product, content: <Tendencies name={t.groups.product} rows={data.byProduct} /> },
            { key: "symbol", label: t.cards.symbols, content: <Tendencies name={t.cards.symbols} rows={data.symbols} count={data.symbolCount} /> },
          ]}
        />
      </Section>
      <Section title={t.cards.whenTraded}>
        <Pills
          label={t.cards.whenTraded}
          tabs={[
            { key: "hours", label: t.cards.hours, content: <HeatStrip title={`${t.cards.hours} (${zone})`} name={(k) => k} short={(k) => k.slice(0, 2)} every={6} rows={data.hours} /> },
            { key: "weekdays", label: t.cards.weekdays, content: <HeatStrip title={t.cards.weekdays} name={(k) => f.weekdayName(k)} short={(k) => f.weekdayName(k, true)} every={1} rows={data.weekdays} /> },
          ]}
        />
      </Section>
      {data.rows.length > 0 && (
        <Section title={t.cards.movers}>
          <ul className="space-y-1.5 text-sm">
            {data.rows.map((r) => (
              <li key={r.key} className="flex flex-wrap items-baseline justify-between gap-x-3">
                <Uid uid={r.key} period={period} named />
                <span className="flex items-baseline gap-2">
                  <Delta metric="volume" value={r.volume.delta} />
                  <span className="min-w-14 text-end text-xs text-ink-2 tabular-nums">{r.volume.percent === null ? t.cards.status.entered : f.signedPercent(r.volume.percent)}</span>
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function Tendencies({ name, rows, count = rows.length }: { name: string; rows: Tendency[]; count?: number }) {
  const { t, f } = useWords();
  if (rows.length === 0) return <p className="text-sm text-ink-2">{t.figures.empty}</p>;
  const label = (r: Tendency) => t.values[r.key] ?? r.key;
  return (
    <TableSwitch
      header={<p className="text-xs text-ink-2">{`${t.metrics.volume}, USDT`}</p>}
      table={
        <DataTable
          caption={`${t.cards.whatTraded}: ${name}`}
          className="max-h-80"
          columns={[{ label: name }, { label: t.metrics.volume ?? "", end: true }, { label: t.metrics.trades ?? "", end: true }, { label: t.metrics.traders ?? "", end: true }]}
          rows={rows.map((r) => ({ key: r.key, cells: [label(r), f.money(r.volume), f.count(r.trades), f.count(r.traders)] }))}
        />
      }
    >
      <Bars
        label={`${t.cards.whatTraded}: ${name}`}
        bars={[...rows]
          .sort((a, b) => (less(b.volume, a.volume).startsWith("-") ? -1 : 1))
          .slice(0, symbolsShown)
          .map((r) => ({
            key: r.key,
            label: label(r),
            value: (
              <span title={f.money(r.volume)}>
                {f.moneyShort(r.volume)} <span className="ms-1 inline-block min-w-12 text-end text-ink-2">{r.share === null ? "–" : f.percent(r.share)}</span>
              </span>
            ),
            size: approx(r.volume),
          }))}
      />
      {count > symbolsShown && <p className="mt-2 text-xs text-ink-2 tabular-nums">{t.referee.shown(symbolsShown, f.count(count))}</p>}
    </TableSwitch>
  );
}
