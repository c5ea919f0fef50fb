import { Progress } from "../../components/Progress";
import { sign } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import { amount, reach, type Participant, type Task } from "./data";

/** How far one participant is: a bar with the steps on it, what is missing for the next, and when it may be reached. */
export function ParticipantProgress({ task, mine, zone, label, brief = false }: { task: Task; mine: Participant; zone: string; label: string; brief?: boolean }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const { part, marks, most } = reach(task, mine.progress);
  const of = w.ofAll(amount(task, mine.progress, f, w), amount(task, most, f, w));
  const running = task.status === "active";
  const lines = [
    sign(mine.paid) > 0 ? w.earned(f.moneyShort(mine.paid)) : "",
    mine.next ? w.gap(amount(task, mine.next.gap, f, w), f.moneyShort(mine.next.reward)) : part >= 1 ? w.allReached : "",
    running && mine.next && Number(mine.progress) > 0 ? (mine.next.eta ? w.eta(f.instant(mine.next.eta, zone)) : w.noEta) : "",
  ].filter(Boolean);
  return (
    <div className={brief ? "min-w-44" : ""}>
      <p className="mb-1 flex flex-wrap items-baseline justify-between gap-x-3 text-xs tabular-nums">
        {!brief && <span className="text-ink-2">{label}</span>}
        <span className={brief ? "" : "font-medium"}>{of}</span>
      </p>
      <Progress part={part} label={label} text={of} marks={marks} done={part >= 1} />
      {lines.length > 0 && <p className={`mt-1 text-xs text-ink-2 tabular-nums ${brief ? "whitespace-normal" : ""}`}>{lines.join(" · ")}</p>}
    </div>
  );
}
