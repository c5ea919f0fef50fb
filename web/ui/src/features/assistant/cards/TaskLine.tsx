import { Link } from "@tanstack/react-router";
import { approx, sign } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { usePageWords } from "../../../lib/i18n/pages";
import { tasksWords } from "../../../lib/i18n/pages/tasks";
import { termsOf, titleOf, tones, type Task } from "../../tasks/data";
import { Meter } from "../../tasks/Meter";
import { ParticipantProgress } from "../../tasks/MyProgress";
import { Tag } from "./Section";

/** A task in a few lines: its page, when it runs, what it pays, and how far it is. */
export function TaskLine({ task, zone }: { task: Task; zone: string }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  return (
    <>
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <Link to="/tasks/$id" params={{ id: String(task.id) }} className="rounded-sm text-sm font-medium wrap-anywhere text-accent hover:underline">
            {titleOf(task, w)}
          </Link>
          <p className="text-xs text-ink-2 tabular-nums">{[w.types[task.type], f.range({ from: task.start, to: task.end }, zone)].join(" · ")}</p>
        </div>
        <Tag tone={tones[task.status]}>{w.states[task.status]}</Tag>
      </div>
      <p className="mt-1 text-xs text-ink-2">{termsOf(task, f, w)}</p>
      <div className="mt-2 space-y-2">
        {task.mine ? (
          <ParticipantProgress task={task} mine={task.mine} zone={zone} label={w.progress} />
        ) : (
          <>
            <Meter label={w.completed} text={w.completedOf(f.count(task.completed), f.count(task.participants))} part={task.participants > 0 ? task.completed / task.participants : 0} done />
            <Meter label={w.budget} text={w.spentOf(f.brief(task.paid), f.brief(task.funded))} part={sign(task.funded) === 0 ? 0 : approx(task.paid) / approx(task.funded)} />
          </>
        )}
      </div>
    </>
  );
}
