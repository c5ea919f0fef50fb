import { DataTable } from "../../../components/DataTable";
import { TableSwitch } from "../../../components/TableSwitch";
import type { SummaryResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { Meter } from "./Bars";

/** The steps that a newcomer takes; the other counts of the funnel are of everybody. */
const steps = ["newReferrals", "deposited", "verified", "firstTraders"];

/** From sign-up to first trade within the period, and who trades of all. */
export function Funnel({ data }: { data: SummaryResult }) {
  const { t, f } = useWords();
  const of = (key: string) => data.funnel.find((s) => s.key === key);
  const shown = steps.flatMap((key) => of(key) ?? []);
  const most = Math.max(...shown.map((s) => s.current), 1);
  const signUps = of("newReferrals")?.current ?? 0;
  const share = (n: number) => (signUps > 0 ? f.percent((n / signUps) * 100) : "–");
  const [traders, all] = [of("traders"), of("totalReferrals")];
  return (
    <TableSwitch
      header={<p className="text-xs text-ink-2">{t.cards.funnelNote}</p>}
      table={
        <DataTable
          caption={t.cards.funnel}
          columns={[{ label: t.cards.step }, { label: t.figures.current, end: true }, { label: t.figures.earlier, end: true }]}
          rows={data.funnel.map((s) => ({ key: s.key, cells: [t.metrics[s.key] ?? s.key, f.count(s.current), f.count(s.previous)] }))}
        />
      }
    >
      <ol className="space-y-2 text-sm">
        {shown.map((s) => (
          <li key={s.key}>
            <div className="flex items-baseline justify-between gap-3">
              <span className="min-w-0 text-ink-2">{t.metrics[s.key]}</span>
              <span className="shrink-0 tabular-nums">
                {f.count(s.current)} <span className="ms-1 inline-block min-w-12 text-end text-ink-2">{share(s.current)}</span>
              </span>
            </div>
            <Meter part={s.current / most} className="mt-1" />
          </li>
        ))}
      </ol>
      {traders && all && <p className="mt-2.5 text-xs text-ink-2 tabular-nums">{t.cards.tradersOf(f.count(traders.current), f.count(all.current))}</p>}
    </TableSwitch>
  );
}
