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
