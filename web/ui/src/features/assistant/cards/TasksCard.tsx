import { Link } from "@tanstack/react-router";
import type { TasksResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { usePageWords } from "../../../lib/i18n/pages";
import { tasksWords } from "../../../lib/i18n/pages/tasks";
import type { CardProps } from "./CardView";
import { Fact, Facts } from "./Section";
import { TaskLine } from "./TaskLine";
import { taskOf } from "./tasks";

/** The partner's tasks, or those for them: what each pays and how far it is. */
export function TasksCard({ data }: CardProps<TasksResult>) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  if (data.rows.length === 0) {
    return (
      <>
        <p className="text-sm font-medium">{w.nothing[data.side]}</p>
        <p className="mt-0.5 text-sm text-ink-2">{w.nothingText[data.side]}</p>
      </>
    );
  }
  const sums = ([["funded", w.funded], ["paid", w.paid], ["reserved", w.reserved], ["earned", w.paid]] as const).flatMap(([name, label]) => {
    const sum = data.total[name];
    return sum === undefined ? [] : [{ name, label, sum }];
  });
  return (
    <>
      <Facts short>
        {sums.map((s) => (
          <Fact key={s.name} name={`${s.label}, USDT`} strong>
            {f.money(s.sum)}
          </Fact>
        ))}
      </Facts>
      <ul className="mt-3 divide-y divide-line border-t border-line">
        {data.rows.map((r) => (
          <li key={r.key} className="py-3 last:pb-0">
            <TaskLine task={taskOf(r)} zone={data.zone} />
          </li>
        ))}
      </ul>
      {data.more && (
        <Link to="/tasks" search={{ side: data.side === "created" ? undefined : data.side }} className="mt-2 inline-block text-sm font-medium text-accent hover:underline">
          {w.toTasks}
        </Link>
      )}
    </>
  );
}
