import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import type { SimulationResult } from "../../../lib/contract";
import { approx, sign } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { usePageWords } from "../../../lib/i18n/pages";
import { tasksWords } from "../../../lib/i18n/pages/tasks";
import { Meter } from "../../tasks/Meter";
import { Uid } from "./Ask";
import type { CardProps } from "./CardView";

/** What a task would have cost over the past, beside the most that it could cost. */
export function SimulationCard({ title, data }: CardProps<SimulationResult>) {
  const { t, f } = useWords();
  const w = usePageWords(tasksWords);
  const { total } = data;
  return (
    <div className="space-y-3">
      <div>
        <p className="text-xs text-ink-2">{w.wizard.simCost}</p>
        <p className="flex items-baseline gap-1.5 text-2xl font-semibold tracking-tight">
          <Money value={total.cost} />
          <span className="text-xs font-normal text-ink-3">USDT</span>
        </p>
      </div>
      <Meter label={w.wizard.worst} text={w.ofAll(f.money(total.cost), w.usdt(f.money(total.worstCase)))} part={sign(total.worstCase) === 0 ? 0 : approx(total.cost) / approx(total.worstCase)} />
      <Meter label={w.wizard.simQualified} text={w.wizard.simQualifiedOf(f.count(total.qualified), f.count(total.participants))} part={total.participants > 0 ? total.qualified / total.participants : 0} done />
      {data.rows.length > 0 && (
        <DataTable
          caption={title}
          className="max-h-72"
          columns={[{ label: t.referee.uid }, { label: w.step, end: true }, { label: `${w.reward}, USDT`, end: true }]}
          rows={data.rows.map((r) => ({ key: r.key, cells: [<Uid key="uid" uid={r.key} />, f.count(r.steps), <Money key="earned" value={r.earned} />] }))}
        />
      )}
    </div>
  );
}
