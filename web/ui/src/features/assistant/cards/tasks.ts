import type { TaskParticipantRow, TaskRow } from "../../../lib/contract";
import type { Participant, Task } from "../../tasks/data";

// The tools name a task's and a participant's fields for a model; the pages' parts want them as the pages do.

export const participantOf = (r: TaskParticipantRow): Participant => ({
  uid: Number(r.key), progress: r.progress, steps: r.steps, rewards: r.steps, paid: r.earned, review: r.review ?? false, late: r.late, next: r.next && { ...r.next, step: r.steps + 1 }, glance: r.last30Days,
});

export function taskOf({ key, ...r }: TaskRow): Task {
  // Only a participant's own view has them.
  const mine = r.progress === undefined ? undefined : participantOf({ ...r, key: "", progress: r.progress, steps: r.steps ?? 0, earned: r.earned ?? "0" });
  return {
    ...r, id: Number(key), createdBy: 0, createdAt: r.start, targets: {}, mine,
    participants: r.participants ?? 0, started: r.started ?? 0, completed: r.completed ?? 0, review: r.toReview ?? 0,
    funded: r.funded ?? "0", paid: r.paid ?? "0", reserved: r.reserved ?? "0", refunded: r.refunded ?? "0",
  };
}
