package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
)

// The codes of a task's type and products in the tables.
const (
	referralTask = 1
	tradingTask  = 2

	spotBit    = 1 // spot and margin
	futuresBit = 2
)

var productBits = map[task.Product]int16{"": 0, task.Spot: spotBit, task.Futures: futuresBit, task.Both: spotBit | futuresBit}

func productBit(p referral.Product) int16 {
	if p == referral.Futures {
		return futuresBit
	}
	return spotBit
}

func typeCode(t task.Type) int16 {
	if t == task.Referral {
		return referralTask
	}
	return tradingTask
}

// taskValues works out the progress of participants from the facts: of each row of the query want, which returns owner, task, uid, type, products,
// starts_at, ends_at. A trade counts when it happened in the window, is eligible, and is not reversed, whenever it was; a new user
// counts who registered and passed advanced KYC in the window. It is SQL, where ingest adds in Go: what the two agree on is right.
func taskValues(want string) string {
	const (
		trade = `t.at >= w.starts_at AND t.at < w.ends_at AND t.eligible AND t.counts AND t.reversed_at IS NULL AND CASE WHEN t.product = 3 THEN 2 ELSE 1 END & w.products <> 0`
		key   = `SELECT w.owner, w.task, w.uid, `
	)
	return `WITH w AS MATERIALIZED (` + want + `)
		SELECT owner, task, uid, sum(v)::bigint AS value FROM (` +
		key + `0::bigint AS v FROM w
		UNION ALL ` + key + `t.volume FROM w JOIN trade t ON t.owner = w.uid AND t.owner <> 0 WHERE w.type = 2 AND ` + trade + `
		UNION ALL ` + key + `t.volume FROM w JOIN account a ON a.uid = w.uid JOIN trade t ON t.owner = a.u1 AND t.owner <> 0 AND t.referee = w.uid WHERE w.type = 2 AND ` + trade + `
		UNION ALL ` + key + `1 FROM w JOIN account a ON a.u1 = w.uid AND a.u1 <> 0
			WHERE w.type = 1 AND a.registered_at >= w.starts_at AND a.registered_at < w.ends_at AND a.verified_at >= w.starts_at AND a.verified_at < w.ends_at) x GROUP BY 1, 2, 3`
}

// participantWindows are what taskValues wants of stored participants.
const participantWindows = `SELECT owner, task, uid, type, products, starts_at, ends_at FROM task_participant`

// stepsReached is how many steps of task t the value reaches, as SQL.
func stepsReached(value string) string {
	return `CASE WHEN t.type = 1 THEN least(greatest(` + value + `, 0) / t.every_x, t.max_repeats)::integer ELSE (SELECT count(*) FROM unnest(t.thresholds) AS x (th) WHERE x.th <= ` + value + `)::integer END`
}

// rederiveTask sets the progress of a task's participants by the facts. Nothing of the task may be on its way in the deltas of others: the
// caller holds the structure lock alone, and the task lock.
func rederiveTask(ctx context.Context, tx pgx.Tx, owner, id int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM task_delta WHERE owner = $1 AND task = $2`, owner, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE task_participant p SET value = n.value, reached = `+stepsReached("n.value")+`
		FROM (`+taskValues(participantWindows+` WHERE owner = $1 AND task = $2`)+`) n JOIN task t ON (t.owner, t.id) = (n.owner, n.task)
		WHERE (p.owner, p.task, p.uid) = (n.owner, n.task, n.uid)`, owner, id)
	return err
}

// taskFact is what a trade adds to the progress of its owner and of its referee, where one of them takes part in a task.
type taskFact struct {
	owner, referee int64
	at             time.Time
	product        int16 // bit
	amount         domain.Money
}

// addTask notes a trade's contribution to tasks. A reversed trade has none, whenever it was reversed.
func (d *deltas) addTask(f *fact, sign int64) {
	if f.split.Eligible && f.reversedAt.IsZero() {
		d.tasks = append(d.tasks, taskFact{f.place.Path[0], f.place.Referee, f.at, productBit(f.trade.Product), domain.Money(sign) * f.trade.Volume})
	}
}

// taskWindow is a task that somebody takes part in.
type taskWindow struct {
	owner, task, uid int64
	products         int16
	from, to         time.Time
}

// appendTasks finds the tasks that the trades noted so far touch, and appends what they add to table task_delta.
//
// The race that the structure lock closes, which the caller holds: a batch looks for tasks, finds none, and commits after a task was
// made, extended or cut, whose progress was worked out without the batch. Those who do that hold the lock alone.
func (d *deltas) appendTasks(ctx context.Context, tx pgx.Tx) error {
	if len(d.tasks) == 0 {
		return nil
	}
	defer func() { d.tasks = d.tasks[:0] }()
	from, to := d.tasks[0].at, d.tasks[0].at
	seen := make(map[int64]bool, len(d.tasks))
	uids := make([]int64, 0, len(d.tasks))
	for i := range d.tasks {
		f := &d.tasks[i]
		if f.at.Before(from) {
			from = f.at
		}
		if f.at.After(to) {
			to = f.at
		}
		for _, uid := range [...]int64{f.owner, f.referee} {
			if !seen[uid] {
				seen[uid] = true
				uids = append(uids, uid)
			}
		}
	}
	var some bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM task_participant)`).Scan(&some); err != nil || !some {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT owner, task, uid, products, starts_at, ends_at FROM task_participant
		WHERE uid = ANY($1) AND type = 2 AND ends_at > $2 AND starts_at <= $3`, uids, from, to)
	if err != nil {
		return err
	}
	of := map[int64][]taskWindow{}
	var w taskWindow
	if _, err := pgx.ForEachRow(rows, []any{&w.owner, &w.task, &w.uid, &w.products, &w.from, &w.to}, func() error {
		of[w.uid] = append(of[w.uid], w)
		return nil
	}); err != nil || len(of) == 0 {
		return err
	}
	type key struct{ owner, task, uid int64 }
	sums := map[key]domain.Money{}
	for i := range d.tasks {
		f := &d.tasks[i]
		for _, uid := range [...]int64{f.owner, f.referee} {
			for _, w := range of[uid] {
				if w.products&f.product != 0 && !f.at.Before(w.from) && f.at.Before(w.to) {
					sums[key{w.owner, w.task, uid}] += f.amount
				}
			}
		}
	}
	out := make([][]any, 0, len(sums))
	for k, amount := range sums {
		if amount != 0 {
			out = append(out, []any{k.owner, k.task, k.uid, int64(amount), false})
		}
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"task_delta"}, []string{"owner", "task", "uid", "amount", "recount"}, pgx.CopyFromRows(out))
	return err
}

// recountTasks asks for the users of referral tasks to be counted again, of those that take part. The caller holds the structure lock alone.
func recountTasks(ctx context.Context, tx pgx.Tx, participants []int64) error {
	if len(participants) == 0 {
		return nil
	}
	slices.Sort(participants)
	_, err := tx.Exec(ctx, `INSERT INTO task_delta (owner, task, uid, amount, recount)
		SELECT owner, task, uid, 0, true FROM task_participant WHERE uid = ANY($1) AND type = 1`, slices.Compact(participants))
	return err
}
