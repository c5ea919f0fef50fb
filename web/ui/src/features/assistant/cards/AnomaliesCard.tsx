import { useState } from "react";
import { Button } from "../../../components/Button";
import type { AnomaliesResult, Severity } from "../../../lib/contract";
import { DataTable } from "../../../components/DataTable";
import { TableSwitch } from "../../../components/TableSwitch";
import { useWords } from "../../../lib/i18n";
import { Alert, SeverityTag } from "./Alert";

/** So many are drawn until all are asked for. */
const first = 4;

/** What was out of the ordinary, the most severe first. */
export function AnomaliesCard({ title, data, period }: { title: string; data: AnomaliesResult; period?: unknown }) {
  const { t, f } = useWords();
  const [all, setAll] = useState(false);
  const { rows, zone } = data;
  if (rows.length === 0) return <p className="text-sm text-ink-2">{t.cards.noAlerts}</p>;
  const count = (s: Severity) => rows.filter((r) => r.severity === s).length;
  const shown = all ? rows : rows.slice(0, first);
  return (
    <TableSwitch
      header={
        <ul className="flex flex-wrap gap-1.5">
          {(["high", "medium", "low"] as const).map((s) => count(s) > 0 && <li key={s}>{<SeverityTag severity={s} count={count(s)} />}</li>)}
        </ul>
      }
      table={
        <DataTable
          caption={title}
          className="max-h-96"
          columns={[{ label: t.cards.alert }, { label: t.cards.since }, { label: t.cards.seen, end: true }, { label: t.cards.expected, end: true }, { label: t.cards.size, end: true }]}
          rows={rows.map((r) => ({
            key: r.key,
            cells: [
              `${t.cards.alertKind[r.kind]}, ${t.cards.subject[r.subject.type](String(r.subject.uid))}`,
              f.instant(r.since, zone),
              f.money(r.seen),
              `${f.money(r.expected.low)} – ${f.money(r.expected.high)}`,
              f.signedFigure(r.metric, r.size),
            ],
          }))}
        />
      }
    >
      <ul className="divide-y divide-line">
        {shown.map((r) => (
          <li key={r.key} className="py-3 first:pt-1 last:pb-0">
            <Alert alert={r} zone={zone} period={period} />
          </li>
        ))}
      </ul>
      {rows.length > first && (
        <Button variant="quiet" className="mt-2 w-full" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t.cards.fewer : t.cards.showAll(rows.length)}
        </Button>
      )}
      {data.total > rows.length && <p className="mt-2 text-xs text-ink-2 tabular-nums">{t.referee.shown(rows.length, f.count(data.total))}</p>}
    </TableSwitch>
  );
}
