import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import type { TaskResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { usePageWords } from "../../../lib/i18n/pages";
import { tasksWords } from "../../../lib/i18n/pages/tasks";
import { ParticipantProgress } from "../../tasks/MyProgress";
import { Uid } from "./Ask";
import type { CardProps } from "./CardView";
import { Fact, Facts, Section } from "./Section";
import { TaskLine } from "./TaskLine";
import { participantOf, taskOf } from "./tasks";

/** One task with its participants, and what it brought once it is over. */
export function TaskCard({ title, data }: CardProps<TaskResult>) {
  const { t, f } = useWords();
  const w = usePageWords(tasksWords);
  const task = taskOf(data.task);
  return (
    <div className="space-y-3.5">
      <TaskLine task={task} zone={data.zone} />
      {data.rows.length > 0 && (
        <Section title={w.participants}>
          <DataTable
            caption={`${title}: ${w.participants}`}
            className="max-h-96"
            columns={[{ label: t.referee.uid }, { label: w.next }, { label: `${w.paid}, USDT`, end: true }]}
            rows={data.rows.map((r) => ({
              key: r.key,
              cells: [
                <Uid key="uid" uid={r.key} />,
                <ParticipantProgress key="progress" task={task} mine={participantOf(r)} zone={data.zone} label={w.progressOf(r.key)} brief />,
                <Money key="paid" value={r.earned} />,
              ],
            }))}
          />
          {data.total > data.rows.length && <p className="mt-2 text-xs text-ink-2 tabular-nums">{t.referee.shown(data.rows.length, f.count(data.total))}</p>}
        </Section>
      )}
      {data.return && (
        <Section title={w.returned}>
          <Facts>
            {([[w.paid, data.return.spent], [w.extraVolume, data.return.extraVolume], [w.extraCommission, data.return.extraCommission], [w.net, data.return.net]] as const).map(([name, v]) => (
              <Fact key={name} name={`${name}, USDT`}>
                {f.money(v)}
              </Fact>
            ))}
          </Facts>
        </Section>
      )}
    </div>
  );
}
