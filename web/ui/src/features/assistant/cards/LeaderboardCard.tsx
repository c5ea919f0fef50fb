import { DataTable } from "../../../components/DataTable";
import { FigureOf } from "../../../components/Money";
import type { LeaderboardResult } from "../../../lib/contract";
import { approx, isMoney } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { Meter } from "./Bars";
import { keyName } from "./groups";

/** A ranking, each row over a bar. */
export function LeaderboardCard({ title, data }: { title: string; data: LeaderboardResult }) {
  const { t, f } = useWords();
  const { metric, by, rows, zone } = data;
  const most = Math.max(...rows.map((r) => Math.abs(approx(r[metric]))), 0) || 1;
  const name = t.metrics[metric] ?? metric;
  return (
    <DataTable
      caption={title}
      className="max-h-96"
      columns={[{ label: t.groups[by] }, { label: isMoney(metric) ? `${name}, USDT` : name, end: true }, { label: "%", end: true }]}
      rows={rows.map((r) => ({
        key: r.key,
        cells: [
          <span key="key" className="block min-w-24">
            <span className="flex gap-2">
              <span className="min-w-4 text-ink-3">{r.rank}</span>
              {keyName(r.key, by, zone, t, f)}
            </span>
            <Meter part={Math.abs(approx(r[metric])) / most} className="mt-1" />
          </span>,
          <FigureOf key="value" metric={metric} value={r[metric] ?? 0} />,
          <span key="share" className="text-ink-2">
            {r.share === null ? "–" : f.percent(r.share)}
          </span>,
        ],
      }))}
    />
  );
}
