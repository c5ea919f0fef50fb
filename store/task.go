package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/notice"
	"partnerhub/domain/task"
)

// taskLock lets one transaction at a time fold progress, pay, settle or change tasks. The races that it closes: a reward is found due while
// another settles the task and gives its money back; two settlements each see the money in escrow; a tier is added while steps are counted.
const taskLock = 0x7461_736b // "task"

func lockTasks(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, taskLock)
	return err
}

// lockWindows keeps batches out as well, so that the window of a task can change: see appendTasks. The order is that of Rebuild.
func lockWindows(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, structureLock); err != nil {
		return err
	}
	return lockTasks(ctx, tx)
}

// escrowOf is where a task's money is until it is paid.
func escrowOf(owner, id int64) ledger.Account {
	return ledger.Account{Owner: owner, Kind: ledger.Escrow, Ref: strconv.FormatInt(id, 10)}
}

func fundTransfer(owner, id int64, key string, amount domain.Money, now time.Time) ledger.Transfer {
	e := escrowOf(owner, id)
	return ledger.Transfer{Key: "task:" + e.Ref + ":" + key, From: ledger.FundOf(owner), To: e, Amount: amount, Reason: ledger.TaskFund, Ref: e.Ref, At: now}
}

// target is a partner whom a task is for.
type target struct {
	uid      int64
	relation string // direct, indirect
	country  string
}

// resolveTargets finds the partners that a spec names, by uid. It returns CodeInvalid on "targets" when there are none or too many, and on
// "targets.uids" with the uids that are not the caller's referees, or are no partners.
func resolveTargets(ctx context.Context, tx pgx.Tx, c domain.Caller, t task.Targets, now time.Time) ([]target, error) {
	if t.DirectPartners {
		rows, err := tx.Query(ctx, `SELECT a.uid, 'direct', a.country FROM account a JOIN partner p USING (uid)
			WHERE a.u1 = $1 AND a.u1 <> 0 AND p.enrolled_at <= $2 ORDER BY a.uid LIMIT $3`, c.UID, now, task.MaxTargets+1)
		if err != nil {
			return nil, err
		}
		out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (x target, err error) {
			err = row.Scan(&x.uid, &x.relation, &x.country)
			return x, err
		})
		switch {
		case err != nil:
			return nil, err
		case len(out) == 0:
			return nil, domain.Invalid("targets", "none of your direct referees is a partner")
		case len(out) > task.MaxTargets:
			return nil, domain.Invalid("targets", "more than %d direct partners: name those it is for by uid", task.MaxTargets)
		}
		return out, nil
	}
	rows, err := tx.Query(ctx, `SELECT n.uid, coalesce(a.u1, 0) = $2, coalesce($2 IN (a.u1, a.u2, a.u3), false), coalesce(a.country, ''), coalesce(p.enrolled_at <= $3, false)
		FROM (SELECT DISTINCT unnest($1::bigint[]) AS uid) n LEFT JOIN account a USING (uid) LEFT JOIN partner p USING (uid) ORDER BY 1`, t.UIDs, c.UID, now)
	if err != nil {
		return nil, err
	}
	var out []target
	var strangers, plain []string
	var x target
	var direct, related, partner bool
	if _, err := pgx.ForEachRow(rows, []any{&x.uid, &direct, &related, &x.country, &partner}, func() error {
		x.relation = "indirect"
		if direct {
			x.relation = "direct"
		}
		switch name := strconv.FormatInt(x.uid, 10); {
		case !related:
			strangers = append(strangers, name)
		case !partner:
			plain = append(plain, name)
		default:
			out = append(out, x)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	var wrong []string
	if len(strangers) > 0 {
		wrong = append(wrong, "not among your referees: "+strings.Join(strangers, ", "))
	}
	if len(plain) > 0 {
		wrong = append(wrong, "no partner: "+strings.Join(plain, ", "))
	}
	if wrong != nil {
		return nil, domain.Invalid("targets.uids", "%s", strings.Join(wrong, "; "))
	}
	return out, nil
}

// taskGrace is how long after their end new tasks count late events.
func taskGrace(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (time.Duration, error) {
	var text string
	err := db.QueryRow(ctx, `SELECT value FROM setting WHERE name = 'task_grace'`).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return task.DefaultGrace, nil
	}
	if err != nil {
		return 0, err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("the setting task_grace is %q, want a duration as 24h", text)
	}
	return d, nil
}

// createTask creates a task inside tx, which must be READ COMMITTED, and moves its worst case from the caller's fund into escrow. request, unless "",
// makes it happen once: the same request again returns the task that it made. agreed, unless nil, may refuse the targets. tx must be rolled back after an error:
// CodeInvalid on the field of the spec; CodeConflict on "balance" with what is Missing, and on "request" when it was used for another task.
func (s *Store) createTask(ctx context.Context, tx pgx.Tx, c domain.Caller, spec task.Spec, request string, now time.Time, agreed func([]target) error) (id int64, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return 0, err
	}
	spec = spec.Normal()
	if err := spec.Check(now); err != nil {
		return 0, err
	}
	if err := lockWindows(ctx, tx); err != nil {
		return 0, err
	}
	if id, err := requested(ctx, tx, c, spec, request); id != 0 || err != nil {
		return id, err
	}
	targets, err := resolveTargets(ctx, tx, c, spec.Targets, now)
	if err != nil {
		return 0, err
	}
	if agreed != nil {
		if err := agreed(targets); err != nil {
			return 0, err
		}
	}
	grace, err := taskGrace(ctx, tx)
	if err != nil {
		return 0, err
	}
	thresholds, rewards := tierArrays(spec.Tiers)
	worst := spec.WorstCase(len(targets))
	if err := tx.QueryRow(ctx, `INSERT INTO task (owner, type, title, direct, products, starts_at, ends_at, settles_at, thresholds, rewards, every_x, reward, max_repeats,
			participants, funded, request, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id`,
		c.UID, typeCode(spec.Type), spec.Title, spec.Targets.DirectPartners, productBits[spec.Product], spec.Start, spec.End, spec.End.Add(grace), thresholds, rewards,
		spec.EveryX, int64(spec.Reward), spec.MaxRepeats, len(targets), int64(worst), request, now).Scan(&id); err != nil {
		return 0, err
	}
	uids := make([]int64, len(targets))
	for i, t := range targets {
		uids[i] = t.uid
	}
	if _, err := tx.Exec(ctx, `INSERT INTO task_participant (owner, task, uid, type, products, starts_at, ends_at)
		SELECT t.owner, t.id, n.uid, t.type, t.products, t.starts_at, t.ends_at FROM task t, unnest($3::bigint[]) AS n (uid) WHERE t.owner = $1 AND t.id = $2`, c.UID, id, uids); err != nil {
		return 0, err
	}
	if err := rederiveTask(ctx, tx, c.UID, id); err != nil {
		return 0, err
	}
	if _, err := post(ctx, tx, []ledger.Transfer{fundTransfer(c.UID, id, "fund", worst, now)}); err != nil {
		return id, err
	}
	return id, tell(ctx, tx, storedTask{id: id, owner: c.UID, Spec: spec}, notice.TaskCreated, "", now)
}

func tierArrays(tiers []task.Tier) (thresholds, rewards []int64) {
	thresholds, rewards = make([]int64, len(tiers)), make([]int64, len(tiers))
	for i, t := range tiers {
		thresholds[i], rewards[i] = int64(t.Threshold), int64(t.Reward)
	}
	return thresholds, rewards
}

// requested is the task that a request made before, 0 for none.
func requested(ctx context.Context, tx pgx.Tx, c domain.Caller, spec task.Spec, request string) (int64, error) {
	if request == "" {
		return 0, nil
	}
	var id int64
	err := tx.QueryRow(ctx, `SELECT id FROM task WHERE owner = $1 AND request = $2`, c.UID, request).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	was, err := lockedTask(ctx, tx, c, id)
	if err != nil {
		return 0, err
	}
	// What may change later, the end and what there is to earn, is not held against it.
	a, b := was.Spec, spec
	b.Targets.UIDs = slices.Compact(b.Targets.UIDs)
	if a.Type != b.Type || a.Title != b.Title || a.Product != b.Product || !a.Start.Equal(b.Start) || a.Reward != b.Reward || a.EveryX != b.EveryX ||
		a.Targets.DirectPartners != b.Targets.DirectPartners || !a.Targets.DirectPartners && !slices.Equal(a.Targets.UIDs, b.Targets.UIDs) {
		return 0, domain.Errorf(domain.CodeConflict, "request", "%q was used for another task", request)
	}
	return id, nil
}

// CreateTask is createTask in a transaction of its own.
func (s *Store) CreateTask(ctx context.Context, c domain.Caller, spec task.Spec, request string, now time.Time) (id int64, err error) {
	err = s.again(ctx, func(tx pgx.Tx) error {
		id, err = s.createTask(ctx, tx, c, spec, request, now, nil)
		return err
	})
	return id, err
}
