import { DataTable } from "../../../components/DataTable";
import { TableSwitch } from "../../../components/TableSwitch";
import type { TimeOfDay } from "../../../lib/contract";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";

interface Props {
  title: string;
  rows: readonly TimeOfDay[];
  name: (key: string) => string;
  /** Under a cell. */
  short: (key: string) => string;
  /** Every how many cells one is labelled. */
  every: number;
}

/** Volume by the hour of the day or the day of the week: the more, the darker; squared, or the busy ones would not stand out. */
export function HeatStrip({ title, rows, name, short, every }: Props) {
  const { t, f } = useWords();
  const most = Math.max(...rows.map((r) => approx(r.volume)), 0);
  const busiest = rows.find((r) => most > 0 && approx(r.volume) === most);
  const said = rows.map((r) => `${name(r.key)}: ${f.moneyShort(r.volume)}`).join("; ");
  return (
    <TableSwitch
      header={<p className="text-xs text-ink-2 tabular-nums">{busiest ? t.cards.busiest(name(busiest.key), f.moneyShort(busiest.volume)) : t.figures.empty}</p>}
      table={
        <DataTable
          caption={title}
          className="max-h-80"
          columns={[{ label: title }, { label: t.metrics.volume ?? "", end: true }, { label: t.metrics.trades ?? "", end: true }]}
          rows={rows.map((r) => ({ key: r.key, cells: [name(r.key), f.money(r.volume), f.count(r.trades)] }))}
        />
      }
    >
      <div role="img" aria-label={`${title}, ${t.metrics.volume}, USDT. ${said}`}>
        <div className="grid h-9 auto-cols-fr grid-flow-col gap-0.5">
          {rows.map((r) => (
            <div
              key={r.key}
              title={`${name(r.key)}: ${f.moneyShort(r.volume)}`}
              className={`rounded-[3px] ${r === busiest ? "outline-2 outline-offset-1 outline-ink-2" : ""}`}
              style={{ background: `color-mix(in oklab, var(--accent) ${most > 0 ? Math.round((approx(r.volume) / most) ** 2 * 92) : 0}%, var(--sunken))` }}
            />
          ))}
        </div>
        <div className="mt-1.5 grid auto-cols-fr grid-flow-col gap-0.5 text-xs text-ink-2 tabular-nums">
          {rows.map((r, i) => (
            <span key={r.key} className="min-w-0 overflow-visible whitespace-nowrap">
              {i % every === 0 ? short(r.key) : ""}
            </span>
          ))}
        </div>
      </div>
    </TableSwitch>
  );
}
