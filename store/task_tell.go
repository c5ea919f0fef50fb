package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/notice"
	"partnerhub/domain/task"
	"partnerhub/domain/webhook"
)

// payment is a reward that was written, and its transfer.
type payment struct {
	owner, task, uid int64
	step             int64
	title            string
	kind             int16 // of the task
	ledger.Transfer
}

func transfersOf(paid []payment) []ledger.Transfer {
	out := make([]ledger.Transfer, len(paid))
	for i, p := range paid {
		out[i] = p.Transfer
	}
	return out
}

// titleOf is a task's title, or what it is where it has none.
func titleOf(title string, kind int16) string {
	switch {
	case title != "":
		return title
	case kind == referralTask:
		return "Referral task"
	}
	return "Trading task"
}

func taskLink(id int64) string { return fmt.Sprintf("/tasks/%d", id) }

// rewardTold is what a notice of a reward holds.
type rewardTold struct {
	TaskID int64        `json:"taskId"`
	Title  string       `json:"title"`
	UID    int64        `json:"uid"`
	Step   int64        `json:"step"`
	Amount domain.Money `json:"amount"`
}

// tellPaid tells of rewards: a notice to the creator and to the participant, and to the exchange. The notices are returned, so that
// they go out with others of the transaction.
func tellPaid(ctx context.Context, tx pgx.Tx, paid []payment) ([]notice.Notice, error) {
	var notices []notice.Notice
	events := make([]webhook.Event, len(paid))
	for i, p := range paid {
		data := notice.JSON(rewardTold{p.task, titleOf(p.title, p.kind), p.uid, p.step, p.Amount})
		key := fmt.Sprintf("task_reward:%d:%d:%d", p.task, p.uid, p.step)
		for _, to := range []int64{p.uid, p.owner} {
			notices = append(notices, notice.Notice{Owner: to, Kind: notice.TaskReward, Key: key, Data: data, Link: taskLink(p.task), At: p.At})
		}
		events[i] = webhook.Event{Owner: p.uid, Type: webhook.TaskReward, Key: key, Data: data, At: p.At}
	}
	return notices, emit(ctx, tx, events)
}

// tellTargets are notices of one kind to all who take part in a task. data is the same for all; key makes it come once.
func tellTargets(ctx context.Context, tx pgx.Tx, t storedTask, kind notice.Kind, key string, data any, now time.Time) ([]notice.Notice, error) {
	rows, err := tx.Query(ctx, `SELECT uid FROM task_participant WHERE owner = $1 AND task = $2`, t.owner, t.id)
	if err != nil {
		return nil, err
	}
	body := notice.JSON(data)
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n notice.Notice, err error) {
		n = notice.Notice{Kind: kind, Key: fmt.Sprintf("%s:%d%s", kind, t.id, key), Data: body, Link: taskLink(t.id), At: now}
		err = row.Scan(&n.Owner)
		return n, err
	})
}

// taskTold is what a notice of a task holds.
type taskTold struct {
	TaskID   int64         `json:"taskId"`
	Title    string        `json:"title"`
	Type     task.Type     `json:"type,omitempty"`
	Start    *time.Time    `json:"start,omitempty"`
	End      *time.Time    `json:"end,omitempty"`
	From     int64         `json:"from,omitempty"` // who created it
	Paid     *domain.Money `json:"paid,omitempty"`
	Refunded *domain.Money `json:"refunded,omitempty"`
}

// told is what a notice of t holds at the least.
func (t *storedTask) told() taskTold {
	return taskTold{TaskID: t.id, Title: titleOf(t.Title, typeCode(t.Type)), Type: t.Type, Start: &t.Spec.Start, End: &t.Spec.End, From: t.owner}
}

// tell sends notices to the targets of a task.
func tell(ctx context.Context, tx pgx.Tx, t storedTask, kind notice.Kind, key string, now time.Time) error {
	notices, err := tellTargets(ctx, tx, t, kind, key, t.told(), now)
	if err != nil {
		return err
	}
	return notify(ctx, tx, notices)
}

// tellEnded are the notices of a task that was settled or cancelled: to its creator and its targets, these without the sums.
func tellEnded(ctx context.Context, tx pgx.Tx, t storedTask, kind notice.Kind, refunded domain.Money, now time.Time) ([]notice.Notice, error) {
	data := t.told()
	notices, err := tellTargets(ctx, tx, t, kind, "", data, now)
	if err != nil {
		return nil, err
	}
	paid := t.funded - t.refunded - refunded
	data.Paid, data.Refunded = &paid, &refunded
	return append(notices, notice.Notice{Owner: t.owner, Kind: kind, Key: fmt.Sprintf("%s:%d", kind, t.id), Data: notice.JSON(data), Link: taskLink(t.id), At: now}), nil
}

// tellTasks tells the exchange of progress, and creators of paid rewards that progress no longer reaches. When another process does so, or
// there is nothing to tell, it does nothing.
func (s *Store) tellTasks(ctx context.Context, now time.Time) error {
	until := now.Add(-task.ProgressEvery)
	var some bool
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM task_moved WHERE since <= $1) OR EXISTS (SELECT FROM task_participant WHERE paid - reached > flagged)`, until).Scan(&some); err != nil || !some {
		return err
	}
	return s.changeTasks(ctx, func(tx pgx.Tx) error {
		if err := tellProgress(ctx, tx, until, now); err != nil {
			return err
		}
		return tellReviews(ctx, tx, now)
	})
}

// progressTold is what the exchange is told of a participant's progress.
type progressTold struct {
	TaskID   int64        `json:"taskId"`
	From     int64        `json:"from"` // who created it
	UID      int64        `json:"uid"`
	Progress task.Amount  `json:"progress"`
	Steps    int64        `json:"steps"` // reached, of Of
	Of       int64        `json:"of"`
	Paid     domain.Money `json:"paid"`
}

// tellProgress tells of those who moved first before until, and how far they are by now: one event each, however much moved in between.
func tellProgress(ctx context.Context, tx pgx.Tx, until, now time.Time) error {
	rows, err := tx.Query(ctx, `
		WITH m AS (DELETE FROM task_moved WHERE since <= $1 RETURNING owner, task, uid, since)
		SELECT p.owner, p.task, p.uid, p.value, p.reached, p.paid_amount, t.type, CASE WHEN t.type = 1 THEN t.max_repeats ELSE cardinality(t.thresholds) END, m.since
		FROM m JOIN task_participant p USING (owner, task, uid) JOIN task t ON (t.owner, t.id) = (p.owner, p.task) ORDER BY p.uid, p.task`, until)
	if err != nil {
		return err
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e webhook.Event, err error) {
		var x progressTold
		var kind int16
		var since time.Time
		if err := row.Scan(&x.From, &x.TaskID, &x.UID, &x.Progress.Value, &x.Steps, &x.Paid, &kind, &x.Of, &since); err != nil {
			return e, err
		}
		x.Progress.Users = kind == referralTask
		key := fmt.Sprintf("task_progress:%d:%d:%d", x.TaskID, x.UID, since.UnixMicro())
		return webhook.Event{Owner: x.UID, Type: webhook.TaskProgress, Key: key, Data: notice.JSON(x), At: now}, nil
	})
	if err != nil {
		return err
	}
	return emit(ctx, tx, events)
}

// tellReviews tells creators of participants who were paid for steps that a reversal, or terms that came late, took back: once for each depth.
// The rewards stay.
func tellReviews(ctx context.Context, tx pgx.Tx, now time.Time) error {
	rows, err := tx.Query(ctx, `
		WITH f AS (UPDATE task_participant SET flagged = paid - reached WHERE paid - reached > flagged RETURNING owner, task, uid, reached, paid)
		SELECT f.owner, f.task, f.uid, f.reached + 1, t.title, t.type,
			(SELECT sum(r.amount)::bigint FROM task_reward r WHERE (r.owner, r.task, r.uid) = (f.owner, f.task, f.uid) AND r.step > f.reached AND r.step <= f.paid)
		FROM f JOIN task t ON (t.owner, t.id) = (f.owner, f.task)`)
	if err != nil {
		return err
	}
	notices, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n notice.Notice, err error) {
		var x rewardTold
		var title string
		var kind int16
		if err := row.Scan(&n.Owner, &x.TaskID, &x.UID, &x.Step, &title, &kind, &x.Amount); err != nil {
			return n, err
		}
		x.Title = titleOf(title, kind)
		n.Kind, n.Key = notice.TaskReview, fmt.Sprintf("task_review:%d:%d:%d", x.TaskID, x.UID, x.Step)
		n.Data, n.Link, n.At = notice.JSON(x), taskLink(x.TaskID), now
		return n, nil
	})
	if err != nil {
		return err
	}
	return notify(ctx, tx, notices)
}
