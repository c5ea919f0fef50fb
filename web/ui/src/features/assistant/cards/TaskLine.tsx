import { Link } from "@tanstack/react-router";
import { useWords } from "../../../lib/i18n";
import { usePageWords } from "../../../lib/i18n/pages";
import { tasksWords } from "../../../lib/i18n/pages/tasks";
import { termsOf, titleOf, tones, type Task } from "../../tasks/data";
import { SpendingMeters } from "../../tasks/Meter";
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
          <SpendingMeters task={task} />
        )}
      </div>
    </>
  );
}
