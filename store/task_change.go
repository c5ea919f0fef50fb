package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/notice"
	"partnerhub/domain/task"
)

// storedTask is a task's own row.
type storedTask struct {
	id int64
	task.Spec
	task.Life
	owner        int64
	participants int
	settlesAt    time.Time
	funded       domain.Money
	refunded     domain.Money
	nudgedAt     time.Time
}

// errNoTask is the error of a task that is not the caller's.
func errNoTask(id int64) error {
	return domain.Errorf(domain.CodeNotFound, "taskId", "there is no task %d of yours", id)
}

const taskColumns = `t.id, t.owner, t.type, t.title, t.direct, t.products, t.starts_at, t.ends_at, t.settles_at, t.thresholds, t.rewards, t.every_x, t.reward, t.max_repeats,
	t.participants, t.funded, t.refunded, t.settled_at, t.cancelled_at, t.nudged_at`

// scanTask reads taskColumns, and what follows them into more.
func scanTask(row pgx.CollectableRow, more ...any) (t storedTask, err error) {
	var kind, products int16
	var thresholds, rewards []int64
	var settled, cancelled, nudged *time.Time
	into := []any{&t.id, &t.owner, &kind, &t.Title, &t.Targets.DirectPartners, &products, &t.Spec.Start, &t.Spec.End, &t.settlesAt, &thresholds, &rewards, &t.EveryX, &t.Reward, &t.MaxRepeats,
		&t.participants, &t.funded, &t.refunded, &settled, &cancelled, &nudged}
	if err := row.Scan(append(into, more...)...); err != nil {
		return t, err
	}
	t.Type = task.Trading
	if kind == referralTask {
		t.Type = task.Referral
	}
	for p, bits := range productBits {
		if bits == products {
			t.Product = p
		}
	}
	for i := range thresholds {
		t.Tiers = append(t.Tiers, task.Tier{Threshold: domain.Money(thresholds[i]), Reward: domain.Money(rewards[i])})
	}
	t.Spec.Start, t.Spec.End, t.settlesAt = t.Spec.Start.UTC(), t.Spec.End.UTC(), t.settlesAt.UTC()
	t.Life.Start, t.Life.End = t.Spec.Start, t.Spec.End
	for _, x := range []struct {
		from *time.Time
		to   *time.Time
	}{{settled, &t.Settled}, {cancelled, &t.Cancelled}, {nudged, &t.nudgedAt}} {
		if x.from != nil {
			*x.to = x.from.UTC()
		}
	}
	return t, nil
}

// lockedTask reads a task of the caller's with the uids it is for. Who decides by it holds the task lock.
func lockedTask(ctx context.Context, tx pgx.Tx, c domain.Caller, id int64) (t storedTask, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return t, err
	}
	rows, err := tx.Query(ctx, `SELECT `+taskColumns+`, (SELECT array_agg(uid ORDER BY uid) FROM task_participant p WHERE (p.owner, p.task) = (t.owner, t.id) AND NOT t.direct)
		FROM task t WHERE t.owner = $1 AND t.id = $2`, c.UID, id)
	if err != nil {
		return t, err
	}
	var uids []int64
	t, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (storedTask, error) { return scanTask(row, &uids) })
	if errors.Is(err, pgx.ErrNoRows) {
		return t, errNoTask(id)
	}
	t.Targets.UIDs = uids
	return t, err
}

// extendTask gives a task a later end. The same end again changes nothing.
//
// Errors: CodeNotFound on "taskId"; CodeConflict on "status"; CodeInvalid on "end".
func (s *Store) extendTask(ctx context.Context, tx pgx.Tx, c domain.Caller, id int64, end, now time.Time) error {
	if err := lockWindows(ctx, tx); err != nil {
		return err
	}
	t, err := lockedTask(ctx, tx, c, id)
	if err != nil {
		return err
	}
	if err := t.State(now).Allow(task.Extend); err != nil {
		return err
	}
	end = end.UTC().Truncate(time.Microsecond)
	switch {
	case end.Equal(t.Spec.End):
		return nil
	case end.Before(t.Spec.End):
		return domain.Invalid("end", "a task can be extended, not cut short: it ends at %s", t.Spec.End.Format(time.RFC3339))
	case end.Sub(t.Spec.Start) > task.MaxLength:
		return domain.Invalid("end", "a task lasts a year at most")
	}
	if err := moveWindow(ctx, tx, t, end, end.Add(t.settlesAt.Sub(t.Spec.End))); err != nil {
		return err
	}
	t.Spec.End = end
	return tell(ctx, tx, t, notice.TaskChanged, ":"+end.Format(time.RFC3339Nano), now)
}

// moveWindow gives a task another end and works out its progress again.
func moveWindow(ctx context.Context, tx pgx.Tx, t storedTask, end, settles time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE task SET ends_at = $3, settles_at = $4 WHERE owner = $1 AND id = $2`, t.owner, t.id, end, settles); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE task_participant SET ends_at = $3 WHERE owner = $1 AND task = $2`, t.owner, t.id, end); err != nil {
		return err
	}
	return rederiveTask(ctx, tx, t.owner, t.id)
}

// topUpTask gives a task's participants more to earn, and moves what that costs at most into escrow. Saying the same again changes nothing.
// tx must be rolled back after an error.
//
// Errors: CodeNotFound on "taskId"; CodeConflict on "status", and on "balance" with what is Missing; CodeInvalid on "maxRepeats" and "tiers".
func (s *Store) topUpTask(ctx context.Context, tx pgx.Tx, c domain.Caller, id int64, more task.More, now time.Time) error {
	if err := lockTasks(ctx, tx); err != nil {
		return err
	}
	t, err := lockedTask(ctx, tx, c, id)
	if err != nil {
		return err
	}
	if err := t.State(now).Allow(task.TopUp); err != nil {
		return err
	}
	next, err := t.With(more)
	if err != nil {
		return err
	}
	extra := next.WorstCase(t.participants) - t.WorstCase(t.participants)
	if extra == 0 {
		return nil
	}
	thresholds, rewards := tierArrays(next.Tiers)
	if _, err := tx.Exec(ctx, `UPDATE task SET thresholds = $3, rewards = $4, max_repeats = $5, funded = funded + $6 WHERE owner = $1 AND id = $2`,
		c.UID, id, thresholds, rewards, next.MaxRepeats, int64(extra)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE task_participant p SET reached = `+stepsReached("p.value")+` FROM task t
		WHERE (t.owner, t.id) = ($1, $2) AND (p.owner, p.task) = (t.owner, t.id)`, c.UID, id); err != nil {
		return err
	}
	// What is funded only grows, so that each key comes once.
	if _, err := post(ctx, tx, []ledger.Transfer{fundTransfer(c.UID, id, "fund:"+(t.funded+extra).String(), extra, now)}); err != nil {
		return err
	}
	return tell(ctx, tx, t, notice.TaskChanged, ":"+(t.funded+extra).String(), now)
}

// cancelTask ends a task at once: what its participants earned until now is paid, and the rest goes back. Cancelling it again changes nothing.
//
// Errors: CodeNotFound on "taskId"; CodeConflict on "status" of a settled task; CodeBusy while rewards are being paid.
func (s *Store) cancelTask(ctx context.Context, tx pgx.Tx, c domain.Caller, id int64, now time.Time) error {
	if err := lockWindows(ctx, tx); err != nil {
		return err
	}
	t, err := lockedTask(ctx, tx, c, id)
	if err != nil {
		return err
	}
	state := t.State(now)
	if state == task.Cancelled {
		return nil
	}
	if err := state.Allow(task.Cancel); err != nil {
		return err
	}
	if end := now.UTC().Truncate(time.Microsecond); end.Before(t.Spec.End) {
		if end.Before(t.Spec.Start) {
			end = t.Spec.Start // an empty window
		}
		if err := moveWindow(ctx, tx, t, end, end); err != nil {
			return err
		}
	}
	return settleTask(ctx, tx, t, `cancelled_at`, now)
}

// nudgeTask tells the participants of a task again.
//
// Errors: CodeNotFound on "taskId"; CodeConflict on "status"; CodeBusy when they were told less than task.NudgeEvery ago.
func (s *Store) nudgeTask(ctx context.Context, tx pgx.Tx, c domain.Caller, id int64, now time.Time) error {
	if err := lockTasks(ctx, tx); err != nil {
		return err
	}
	t, err := lockedTask(ctx, tx, c, id)
	if err != nil {
		return err
	}
	if err := t.State(now).Allow(task.Nudge); err != nil {
		return err
	}
	if err := nudgeable(t.nudgedAt, now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE task SET nudged_at = $3 WHERE owner = $1 AND id = $2`, c.UID, id, now); err != nil {
		return err
	}
	return tell(ctx, tx, t, notice.TaskNudge, ":"+now.UTC().Format(time.RFC3339), now)
}

// nudgeable returns CodeBusy when a nudge, the zero time for none, is not past for long enough.
func nudgeable(last, now time.Time) error {
	next := last.Add(task.NudgeEvery)
	if last.IsZero() || !now.Before(next) {
		return nil
	}
	return domain.Errorf(domain.CodeBusy, "taskId", "the participants were told %s ago: again from %s", now.Sub(last).Round(time.Minute), next.UTC().Format(time.RFC3339))
}

// ExtendTask is extendTask in a transaction of its own.
func (s *Store) ExtendTask(ctx context.Context, c domain.Caller, id int64, end, now time.Time) error {
	return s.again(ctx, func(tx pgx.Tx) error { return s.extendTask(ctx, tx, c, id, end, now) })
}

// TopUpTask is topUpTask in a transaction of its own.
func (s *Store) TopUpTask(ctx context.Context, c domain.Caller, id int64, more task.More, now time.Time) error {
	return s.again(ctx, func(tx pgx.Tx) error { return s.topUpTask(ctx, tx, c, id, more, now) })
}

// CancelTask is cancelTask in a transaction of its own.
func (s *Store) CancelTask(ctx context.Context, c domain.Caller, id int64, now time.Time) error {
	return s.again(ctx, func(tx pgx.Tx) error { return s.cancelTask(ctx, tx, c, id, now) })
}

// NudgeTask is nudgeTask in a transaction of its own.
func (s *Store) NudgeTask(ctx context.Context, c domain.Caller, id int64, now time.Time) error {
	return s.again(ctx, func(tx pgx.Tx) error { return s.nudgeTask(ctx, tx, c, id, now) })
}

// settleTask ends a task inside tx, whose caller holds the task lock: what is due is paid, and what is left in escrow goes back, in one posting.
// ended is the column that says so.
func settleTask(ctx context.Context, tx pgx.Tx, t storedTask, ended string, now time.Time) error {
	if _, err := foldTaskDeltas(ctx, tx, now, `WHERE owner = $2 AND task = $3`, t.owner, t.id); err != nil {
		return err
	}
	paid, err := payDue(ctx, tx, now, `AND p.owner = $3 AND p.task = $4`, MaxPost-1, t.owner, t.id)
	if err != nil {
		return err
	}
	if len(paid) == MaxPost-1 {
		return domain.Errorf(domain.CodeBusy, "taskId", "rewards of the task are being paid: try again")
	}
	escrow := escrowOf(t.owner, t.id)
	left, err := balanceOf(ctx, tx, escrow) // nobody else pays from it: they would hold the task lock
	if err != nil {
		return err
	}
	transfers := transfersOf(paid)
	for _, p := range transfers {
		left -= p.Amount
	}
	if left < 0 {
		return fmt.Errorf("the escrow of task %d lacks %s", t.id, -left)
	}
	if _, err := tx.Exec(ctx, `UPDATE task SET `+ended+` = $3, refunded = refunded + $4 WHERE owner = $1 AND id = $2`, t.owner, t.id, now, int64(left)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE task_participant SET open = false, final = value WHERE owner = $1 AND task = $2`, t.owner, t.id); err != nil {
		return err
	}
	if left > 0 {
		transfers = append(transfers, ledger.Transfer{Key: "task:" + escrow.Ref + ":refund", From: escrow, To: ledger.FundOf(t.owner), Amount: left, Reason: ledger.TaskRefund, Ref: escrow.Ref, At: now})
	}
	if len(transfers) > 0 {
		if _, err := post(ctx, tx, transfers); err != nil {
			return err
		}
	}
	notices, err := tellPaid(ctx, tx, paid)
	if err != nil {
		return err
	}
	kind := notice.TaskSettled
	if ended == "cancelled_at" {
		kind = notice.TaskCancelled
	}
	last, err := tellEnded(ctx, tx, t, kind, left, now)
	if err != nil {
		return err
	}
	return notify(ctx, tx, append(notices, last...))
}
