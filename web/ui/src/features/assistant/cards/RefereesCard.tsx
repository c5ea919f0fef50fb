import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import type { RefereesResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";

/** Referees that match, with what tells them apart. */
export function RefereesCard({ title, data }: { title: string; data: RefereesResult }) {
  const { t, f } = useWords();
  return (
    <>
      <DataTable
        caption={title}
        className="max-h-96"
        columns={[
          { label: t.referee.uid },
          { label: t.referee.activity },
          { label: `${t.metrics.commission ?? ""}, USDT`, end: true },
        ]}
        rows={data.rows.map((r) => ({
          key: r.key,
          cells: [
            <span key="uid" className="block whitespace-nowrap">
              {r.key}
              <span className="block text-xs text-ink-2">
                {t.values[r.relation]} · {r.country === "unknown" ? t.values.unknown : f.country(r.country)}
              </span>
            </span>,
            <span key="activity" className="block whitespace-nowrap">
              {t.values[r.activity] ?? r.activity}
              <span className="block text-xs text-ink-2">{t.referee.since(f.shortDate(r.registeredAt, data.zone))}</span>
            </span>,
            <span key="figures" className="block">
              <Money value={r.commission} />
              <span className="block text-xs text-ink-2">{t.referee.traded(f.moneyShort(r.volume))}</span>
            </span>,
          ],
        }))}
      />
      <p className="mt-2 text-xs text-ink-2 tabular-nums">{t.referee.shown(data.rows.length, f.count(data.total))}</p>
    </>
  );
}
