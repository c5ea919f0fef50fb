package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
)

// TaskWork is what a call of AdvanceTasks did.
type TaskWork struct {
	Folded  int64 // rows of progress
	Paid    int   // rewards
	Settled int   // tasks
}

// AdvanceTasks folds the progress that batches found, pays the rewards that it earned, tells of both, and settles the tasks whose grace is over at now. Two
// replicas may call it at once, and calling it again does nothing: each step is a transaction of its own, under the task lock.
//
// It is a step of serve's loop, not a queued job: what is due is a row of an index, which a loop finds as well as a queue would.
func (s *Store) AdvanceTasks(ctx context.Context, now time.Time) (done TaskWork, err error) {
	if done, err = s.foldTasks(ctx, now); err != nil {
		return done, err
	}
	if err := s.tellTasks(ctx, now); err != nil {
		return done, err
	}
	for {
		rows, err := s.pool.Query(ctx, `SELECT owner, id FROM task WHERE settled_at IS NULL AND cancelled_at IS NULL AND settles_at <= $1 ORDER BY settles_at LIMIT 100`, now)
		if err != nil {
			return done, err
		}
		due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k [2]int64, err error) {
			err = row.Scan(&k[0], &k[1])
			return k, err
		})
		if err != nil || len(due) == 0 {
			return done, err
		}
		for _, k := range due {
			settled, err := s.settleDue(ctx, k[0], k[1], now)
			if err != nil {
				return done, fmt.Errorf("settling task %d: %w", k[1], err)
			}
			if settled {
				done.Settled++
			}
		}
	}
}

// settleDue settles a task unless another was faster, or it was extended meanwhile.
func (s *Store) settleDue(ctx context.Context, owner, id int64, now time.Time) (settled bool, err error) {
	err = s.again(ctx, func(tx pgx.Tx) error {
		settled = false
		if err := lockTasks(ctx, tx); err != nil {
			return err
		}
		t, err := lockedTask(ctx, tx, domain.Partner(owner), id)
		if err != nil || !t.Settled.IsZero() || !t.Cancelled.IsZero() || now.Before(t.settlesAt) {
			return err
		}
		settled = true
		return settleTask(ctx, tx, t, `settled_at`, now)
	})
	return settled && err == nil, err
}

// foldTasks adds what batches found to the participants' progress, and pays the rewards that it earned. When another process does so, it does nothing.
func (s *Store) foldTasks(ctx context.Context, now time.Time) (done TaskWork, err error) {
	var some bool
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM task_delta) OR EXISTS (SELECT FROM task_participant WHERE open AND reached > paid)`).Scan(&some); err != nil || !some {
		return done, err
	}
	// Progress first: a reward that cannot be posted does not hold up what is known of the others.
	err = s.changeTasks(ctx, func(tx pgx.Tx) error {
		done.Folded, err = foldTaskDeltas(ctx, tx, now, ``)
		return err
	})
	if err != nil {
		return done, err
	}
	for {
		paid := 0
		err := s.changeTasks(ctx, func(tx pgx.Tx) error {
			paid, err = payAndPost(ctx, tx, now, ``)
			return err
		})
		var refused *domain.Error
		if errors.As(err, &refused) { // an escrow that is short, which only a damaged ledger has
			return done, errors.Join(err, s.payEach(ctx, now, &done))
		}
		done.Paid += paid
		if err != nil || paid < MaxPost {
			return done, err
		}
	}
}

// changeTasks is again for one who holds the task lock; when another holds it, it does nothing.
func (s *Store) changeTasks(ctx context.Context, f func(pgx.Tx) error) error {
	return s.again(ctx, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, taskLock).Scan(&mine); err != nil || !mine {
			return err
		}
		return f(tx)
	})
}

// payEach pays task by task, so that one that cannot be paid does not hold up the others.
func (s *Store) payEach(ctx context.Context, now time.Time, done *TaskWork) error {
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT owner, task FROM task_participant WHERE open AND reached > paid`)
	if err != nil {
		return err
	}
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k [2]int64, err error) {
		err = row.Scan(&k[0], &k[1])
		return k, err
	})
	for _, k := range due {
		_ = s.changeTasks(ctx, func(tx pgx.Tx) error { // the caller reports the first refusal
			paid, err := payAndPost(ctx, tx, now, `AND p.owner = $3 AND p.task = $4`, k[0], k[1])
			done.Paid += paid
			return err
		})
	}
	return err
}

// foldTaskDeltas adds deltas, those that where selects, to the progress, and returns how many they were. Where an endpoint wants to hear of
// progress, it notes who moved. where's parameters begin with $2. The caller holds the task lock.
func foldTaskDeltas(ctx context.Context, tx pgx.Tx, now time.Time, where string, args ...any) (n int64, err error) {
	err = tx.QueryRow(ctx, `
		WITH d AS MATERIALIZED (DELETE FROM task_delta `+where+` RETURNING *),
		s AS MATERIALIZED (SELECT owner, task, uid, sum(amount)::bigint AS amount, bool_or(recount) AS recount FROM d GROUP BY 1, 2, 3),
		n AS MATERIALIZED (
			SELECT s.owner, s.task, s.uid, CASE WHEN s.recount THEN
				(SELECT count(*) FROM account a WHERE a.u1 = p.uid AND a.u1 <> 0 AND a.registered_at >= p.starts_at AND a.registered_at < p.ends_at
					AND a.verified_at >= p.starts_at AND a.verified_at < p.ends_at) ELSE p.value + s.amount END AS value, p.value AS was
			FROM s JOIN task_participant p USING (owner, task, uid)),
		moved AS (
			UPDATE task_participant p SET value = n.value, reached = `+stepsReached("n.value")+`
			FROM n JOIN task t ON (t.owner, t.id) = (n.owner, n.task) WHERE (p.owner, p.task, p.uid) = (n.owner, n.task, n.uid)),
		noted AS (
			INSERT INTO task_moved (owner, task, uid, since) SELECT owner, task, uid, $1::timestamptz FROM n
			WHERE value <> was AND EXISTS (SELECT FROM webhook_endpoint WHERE disabled_at IS NULL AND (types = '{}' OR 'task.progress' = ANY (types)))
			ON CONFLICT DO NOTHING)
		SELECT count(*) FROM d`, append([]any{now}, args...)...).Scan(&n)
	return n, err
}

// payDue writes the rewards that are due, up to limit, and returns them with their transfers, which the caller posts. Steps are paid in order, so
// that what is paid are always the first ones. filter's parameters begin with $3. The caller holds the task lock.
func payDue(ctx context.Context, tx pgx.Tx, now time.Time, filter string, limit int, args ...any) (paid []payment, err error) {
	rows, err := tx.Query(ctx, `
		WITH due AS MATERIALIZED (
			SELECT p.owner, p.task, p.uid, t.title, t.type, k AS step, CASE WHEN t.type = 1 THEN k * t.every_x ELSE t.thresholds[k] END AS threshold, CASE WHEN t.type = 1 THEN t.reward ELSE t.rewards[k] END AS amount
			FROM task_participant p JOIN task t ON (t.owner, t.id) = (p.owner, p.task) CROSS JOIN LATERAL generate_series(p.paid + 1, p.reached) k
			WHERE p.open AND p.reached > p.paid `+filter+` ORDER BY p.owner, p.task, p.uid, k LIMIT $2),
		written AS (
			INSERT INTO task_reward (owner, task, uid, step, threshold, amount, paid_at) SELECT owner, task, uid, step, threshold, amount, $1::timestamptz FROM due
			ON CONFLICT DO NOTHING RETURNING owner, task, uid, step, amount),
		marked AS (
			UPDATE task_participant p SET paid = s.step, paid_amount = p.paid_amount + s.amount
			FROM (SELECT d.owner, d.task, d.uid, max(d.step) AS step, coalesce(sum(w.amount), 0)::bigint AS amount FROM due d LEFT JOIN written w USING (owner, task, uid, step) GROUP BY 1, 2, 3) s
			WHERE (p.owner, p.task, p.uid) = (s.owner, s.task, s.uid))
		SELECT w.owner, w.task, w.uid, w.step, w.amount, d.title, d.type FROM written w JOIN due d USING (owner, task, uid, step)`, append([]any{now, limit}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p payment, err error) {
		var amount domain.Money
		if err := row.Scan(&p.owner, &p.task, &p.uid, &p.step, &amount, &p.title, &p.kind); err != nil {
			return p, err
		}
		from := escrowOf(p.owner, p.task)
		p.Transfer = ledger.Transfer{Key: fmt.Sprintf("task:%s:%d:%d", from.Ref, p.uid, p.step), From: from, To: ledger.FundOf(p.uid), Amount: amount, Reason: ledger.TaskReward, Ref: from.Ref, At: now}
		return p, nil
	})
}

// payAndPost pays what is due, up to MaxPost rewards, and returns how many they were.
func payAndPost(ctx context.Context, tx pgx.Tx, now time.Time, filter string, args ...any) (int, error) {
	paid, err := payDue(ctx, tx, now, filter, MaxPost, args...)
	if err != nil || len(paid) == 0 {
		return 0, err
	}
	if _, err := post(ctx, tx, transfersOf(paid)); err != nil {
		return 0, err
	}
	notices, err := tellPaid(ctx, tx, paid)
	if err != nil {
		return 0, err
	}
	return len(paid), notify(ctx, tx, notices)
}
