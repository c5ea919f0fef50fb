import { useWords } from "../../../lib/i18n";
import { usePageWords } from "../../../lib/i18n/pages";
import { programsWords } from "../../../lib/i18n/pages/programs";
import type { ProgramsResult } from "../../../lib/contract";
import { Needs, tones } from "../../programs/Needs";
import type { CardProps } from "./CardView";
import { Tag } from "./Section";

/** How far the partner is in each program, and what the next tier still needs. */
export function ProgramsCard({ data }: CardProps<ProgramsResult>) {
  const { f } = useWords();
  const w = usePageWords(programsWords);
  if (data.rows.length === 0) return <p className="text-sm text-ink-2">{w.nothing}</p>;
  return (
    <ul className="divide-y divide-line">
      {data.rows.map((p) => (
        <li key={p.key} className="py-3 first:pt-1 last:pb-0">
          <div className="flex items-start justify-between gap-3">
            <div className="min-w-0">
              <p className="font-medium">{p.title}</p>
              <p className="text-xs text-ink-2 tabular-nums">{[f.range(p.period, data.zone), w.left(f.count(p.daysLeft))].join(" · ")}</p>
            </div>
            <Tag tone={tones[p.status]}>{w.statuses[p.status]}</Tag>
          </div>
          {p.tier && <p className="mt-2 text-sm font-medium">{w.youAre(p.tier, p.reward ?? "")}</p>}
          {p.needs.length > 0 && !p.eligible && <Needs title={w.eligibility} needs={p.needs} />}
          {p.next && <Needs title={w.toNext(`${p.next.name}: ${p.next.reward}`)} needs={p.next.needs} />}
        </li>
      ))}
    </ul>
  );
}
