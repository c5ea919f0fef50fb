import { Progress } from "../../components/Progress";
import { approx, sign } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import type { Task } from "./data";

/** A share of a whole, in words and as a bar. */
export function Meter({ label, text, part, done = false }: { label: string; text: string; part: number; done?: boolean }) {
  return (
    <div className="min-w-0">
      <p className="mb-1 flex flex-wrap justify-between gap-x-2 text-xs">
        <span className="text-ink-2">{label}</span>
        <span className="tabular-nums">{text}</span>
      </p>
      <Progress part={part} label={label} text={text} done={done && part >= 1} />
    </div>
  );
}

/** What a task's creator watches: how many have completed it, and how much of the budget is paid. */
export function SpendingMeters({ task }: { task: Task }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  return (
    <>
      <Meter label={w.completed} text={w.completedOf(f.count(task.completed), f.count(task.participants))} part={task.participants > 0 ? task.completed / task.participants : 0} done />
      <Meter label={w.budget} text={w.spentOf(f.brief(task.paid), f.brief(task.funded))} part={sign(task.funded) === 0 ? 0 : approx(task.paid) / approx(task.funded)} />
    </>
  );
}
