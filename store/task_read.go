package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
)

// Limits of what is read of tasks.
const (
	MaxListed   = 500 // participants of one task
	glanceDays  = 30
	maxSimulate = 366 // days
)

// statusAt is a task's state at $1 in SQL, as task.Life says it.
const statusAt = `CASE WHEN t.cancelled_at IS NOT NULL THEN 'cancelled' WHEN t.settled_at IS NOT NULL THEN 'settled'
	WHEN $1::timestamptz < t.starts_at THEN 'pending' WHEN $1::timestamptz < t.ends_at THEN 'active' ELSE 'closing' END`

// taskStats are the sums over a task's participants that the caller sees.
const taskStats = `LEFT JOIN LATERAL (SELECT coalesce(sum(p.paid_amount), 0)::bigint AS paid, count(*) FILTER (WHERE p.value > 0) AS started,
	count(*) FILTER (WHERE p.paid >= CASE WHEN t.type = 1 THEN t.max_repeats ELSE cardinality(t.thresholds) END) AS completed, count(*) FILTER (WHERE p.paid > p.reached) AS review
	FROM task_participant p WHERE (p.owner, p.task) = (t.owner, t.id)) s ON true`

// Tasks lists the caller's tasks. next is the cursor of the next page, "" on the last. It returns CodeInvalid on "cursor" and "limit".
func (s *Store) Tasks(ctx context.Context, c domain.Caller, q task.Query, now time.Time) (list []task.Task, next string, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return nil, "", err
	}
	before := int64(1) << 62
	if q.Cursor != "" {
		if before, err = strconv.ParseInt(q.Cursor, 10, 64); err != nil || before <= 0 {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	if q.Limit < 1 || q.Limit > task.MaxPage {
		return nil, "", domain.Invalid("limit", "want 1 to %d", task.MaxPage)
	}
	from := `task t WHERE t.owner = $2`
	if q.Side == task.Assigned {
		from = `task_participant m JOIN task t ON (t.owner, t.id) = (m.owner, m.task) WHERE m.uid = $2`
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `WITH t AS MATERIALIZED (SELECT t.* FROM `+from+` AND t.id < $3 AND ($4 = '' OR $4 = `+statusAt+`) ORDER BY t.id DESC LIMIT $5)
			SELECT `+taskColumns+`, t.created_at, s.paid, s.started, s.completed, s.review, u.uids FROM t `+taskStats+`
			LEFT JOIN LATERAL (SELECT array_agg(p.uid ORDER BY p.uid) AS uids FROM task_participant p WHERE (p.owner, p.task) = (t.owner, t.id) AND NOT t.direct AND t.owner = $2) u ON true
			ORDER BY t.id DESC`, now, c.UID, before, string(q.Status), q.Limit+1)
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, taskRow(now)); err != nil {
			return err
		}
		return ownPart(ctx, tx, c, list, now)
	})
	if err != nil || len(list) <= q.Limit {
		return list, "", err
	}
	list = list[:q.Limit]
	return list, strconv.FormatInt(list[q.Limit-1].ID, 10), nil
}

// taskRow reads a task as it is shown.
func taskRow(now time.Time) pgx.RowToFunc[task.Task] {
	return func(row pgx.CollectableRow) (out task.Task, err error) {
		var uids []int64
		t, err := scanTask(row, &out.CreatedAt, &out.Paid, &out.Started, &out.Completed, &out.Review, &uids)
		if err != nil {
			return out, err
		}
		out.ID, out.Spec, out.Owner, out.Status, out.SettlesAt, out.Participants = t.id, t.Spec, t.owner, t.State(now), t.settlesAt, t.participants
		out.Targets.UIDs = uids
		out.Funded, out.Refunded, out.Reserved = t.funded, t.refunded, t.funded-t.refunded-out.Paid
		out.CreatedAt = out.CreatedAt.UTC()
		for _, x := range []struct {
			from time.Time
			to   **time.Time
		}{{t.Settled, &out.SettledAt}, {t.Cancelled, &out.CancelledAt}, {t.nudgedAt, &out.NudgedAt}} {
			if !x.from.IsZero() {
				*x.to = &x.from
			}
		}
		return out, nil
	}
}

// ownPart adds the caller's own part to those of the tasks that others created, and hides the creator's figures.
func ownPart(ctx context.Context, tx pgx.Tx, c domain.Caller, list []task.Task, now time.Time) error {
	for i := range list {
		t := &list[i]
		if t.Owner == c.UID {
			continue
		}
		rows, err := participantRows(ctx, tx, t, now, c.UID, `AND p.uid = $1`, c.UID)
		if err != nil {
			return err
		}
		if len(rows) == 1 {
			t.Mine = &rows[0]
		}
		t.Participants, t.Funded, t.Paid, t.Reserved, t.Refunded, t.Started, t.Completed, t.Review = 0, 0, 0, 0, 0, 0, 0, 0
		t.Targets = task.Targets{}
	}
	return nil
}

// participantRows reads a task's participants, up to MaxListed and one, those who earned and did the most first. where's parameters begin with $1,
// and are followed by two of its own. What is not folded yet is added.
func participantRows(ctx context.Context, tx pgx.Tx, t *task.Task, now time.Time, caller int64, where string, args ...any) ([]task.Participant, error) {
	n := strconv.Itoa(len(args) + 1)
	m := strconv.Itoa(len(args) + 2)
	rows, err := tx.Query(ctx, `SELECT p.uid, p.value + coalesce((SELECT sum(d.amount) FROM task_delta d WHERE (d.owner, d.task, d.uid) = (p.owner, p.task, p.uid)), 0)::bigint AS value,
			p.paid, p.paid_amount, p.final, p.open, coalesce(a.country, ''), CASE WHEN a.u1 = p.owner THEN 'direct' WHEN a.u1 IS NOT NULL THEN 'indirect' ELSE '' END
		FROM task_participant p LEFT JOIN account a ON a.uid = p.uid WHERE p.owner = $`+n+` AND p.task = $`+m+` `+where+`
		ORDER BY p.paid_amount DESC, value DESC, p.uid LIMIT `+strconv.Itoa(MaxListed+1), append(slices.Clone(args), t.Owner, t.ID)...)
	if err != nil {
		return nil, err
	}
	users := t.Type == task.Referral
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p task.Participant, err error) {
		var value int64
		var final *int64
		var open bool
		if err := row.Scan(&p.UID, &value, &p.Rewards, &p.Paid, &final, &open, &p.Country, &p.Relation); err != nil {
			return p, err
		}
		p.Progress, p.Steps = task.Amount{Value: value, Users: users}, t.Reached(value)
		p.Review = p.Rewards > p.Steps
		if p.UID == caller {
			p.Country, p.Relation = "", ""
		}
		if final != nil && value != *final {
			p.Late = &task.Amount{Value: value - *final, Users: users}
			p.Progress.Value = *final
		}
		if open {
			p.Next = t.NextOf(value, now)
		}
		return p, nil
	})
}

// Task is one of the tasks that the caller created or takes part in. It returns CodeNotFound on "taskId".
func (s *Store) Task(ctx context.Context, c domain.Caller, id int64, now time.Time) (d task.Detail, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return d, err
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		// A participant has no index on the task's id alone, but one on their own uid.
		rows, err := tx.Query(ctx, `WITH t AS MATERIALIZED (SELECT t.* FROM task t WHERE t.id = $2 AND (t.owner = $1 OR t.owner IN (SELECT p.owner FROM task_participant p WHERE p.uid = $1 AND p.task = $2)))
			SELECT `+taskColumns+`, t.created_at, s.paid, s.started, s.completed, s.review,
				(SELECT array_agg(p.uid ORDER BY p.uid) FROM task_participant p WHERE (p.owner, p.task) = (t.owner, t.id) AND NOT t.direct AND t.owner = $1) FROM t `+taskStats, c.UID, id)
		if err != nil {
			return err
		}
		d.Task, err = pgx.CollectExactlyOneRow(rows, taskRow(now))
		if errors.Is(err, pgx.ErrNoRows) {
			return errNoTask(id)
		}
		if err != nil {
			return err
		}
		one := []task.Task{d.Task}
		if err := ownPart(ctx, tx, c, one, now); err != nil {
			return err
		}
		if d.Task = one[0]; d.Task.Owner != c.UID {
			if d.Task.Mine != nil {
				d.Rows = []task.Participant{*d.Task.Mine}
			}
			return nil
		}
		d.Rows, err = participantRows(ctx, tx, &d.Task, now, c.UID, ``)
		return err
	})
	if err != nil {
		return d, err
	}
	if len(d.Rows) > MaxListed {
		d.Rows, d.More = d.Rows[:MaxListed], true
	}
	if d.Task.Owner != c.UID {
		return d, nil
	}
	if err := s.glance(ctx, c, d.Rows, now); err != nil {
		return d, err
	}
	if !now.Before(d.Task.End) && d.Task.End.After(d.Task.Start) {
		d.Return, err = s.taskReturn(ctx, c, d, now)
	}
	return d, err
}

// taskReturn compares what the caller had of a task's direct participants, those below them among them, while it ran with as long before.
func (s *Store) taskReturn(ctx context.Context, c domain.Caller, d task.Detail, now time.Time) (*task.Return, error) {
	t := d.Task
	during, err := s.bySubPartner(ctx, c, domain.Period{From: t.Start, To: t.End}, now)
	if err != nil {
		return nil, err
	}
	before, err := s.bySubPartner(ctx, c, domain.Period{From: t.Start.Add(t.Start.Sub(t.End)), To: t.Start}, now)
	if err != nil {
		return nil, err
	}
	r := &task.Return{Spent: t.Paid}
	for _, p := range d.Rows {
		r.Volume, r.VolumeBefore = r.Volume+during[p.UID].Volume, r.VolumeBefore+before[p.UID].Volume
		r.Commission, r.CommissionBefore = r.Commission+during[p.UID].Commission, r.CommissionBefore+before[p.UID].Commission
	}
	r.ExtraVolume, r.ExtraCommission = r.Volume-r.VolumeBefore, r.Commission-r.CommissionBefore
	r.Net = r.ExtraCommission - r.Spent
	return r, nil
}

// glance adds what the caller had of the direct ones among the participants in the last days.
func (s *Store) glance(ctx context.Context, c domain.Caller, rows []task.Participant, now time.Time) error {
	to := domain.StartOfDay(now.In(s.zone)).AddDate(0, 0, 1)
	of, err := s.bySubPartner(ctx, c, domain.Period{From: to.AddDate(0, 0, -glanceDays).UTC(), To: to.UTC()}, now)
	if err != nil {
		return err
	}
	for i := range rows {
		if g, ok := of[rows[i].UID]; ok && rows[i].Relation == "direct" {
			rows[i].Glance = &g
		}
	}
	return nil
}

// bySubPartner is what the caller had of each sub-partner and those below them.
func (s *Store) bySubPartner(ctx context.Context, c domain.Caller, p domain.Period, now time.Time) (map[int64]task.Glance, error) {
	res, err := s.Metrics(ctx, c, referral.Query{Metrics: []string{"commission", "volume", "traders"}, Period: p, GroupBy: referral.BySubPartner}, now)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]task.Glance, len(res.Rows))
	for _, r := range res.Rows {
		uid, err := strconv.ParseInt(r.Key, 10, 64)
		if err != nil {
			continue // those who are below no sub-partner
		}
		out[uid] = task.Glance{Commission: domain.Money(r.Values[0]), Volume: domain.Money(r.Values[1]), Traders: r.Values[2]}
	}
	return out, nil
}

// PreviewTask is what a task would mean: whom it is for, what it costs at most, and the fund before and after. It refuses what createTask refuses,
// but for a short balance, which it tells.
func (s *Store) PreviewTask(ctx context.Context, c domain.Caller, spec task.Spec, now time.Time) (p task.Preview, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return p, err
	}
	spec = spec.Normal()
	if err := spec.Check(now); err != nil {
		return p, err
	}
	grace, err := taskGrace(ctx, s.pool)
	if err != nil {
		return p, err
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		targets, err := resolveTargets(ctx, tx, c, spec.Targets, now)
		if err != nil {
			return err
		}
		p.TargetsHash = hashTargets(targets)
		p.Spec, p.Count, p.WorstCase, p.PerHead, p.SettlesAt = spec, len(targets), spec.WorstCase(len(targets)), spec.PerParticipant(), spec.End.Add(grace)
		if p.Before, err = balanceOf(ctx, tx, ledger.FundOf(c.UID)); err != nil {
			return err
		}
		p.After = p.Before - p.WorstCase
		p.Missing = max(-p.After, 0)
		for _, t := range targets[:min(len(targets), MaxListed)] {
			p.Targets = append(p.Targets, task.Participant{UID: t.uid, Relation: t.relation, Country: t.country, Progress: task.Amount{Users: spec.Type == task.Referral}})
		}
		p.MaxListed = len(targets) > MaxListed
		return nil
	})
	if err != nil {
		return p, err
	}
	return p, s.glance(ctx, c, p.Targets, now)
}

// SimulateTask is what a task would have cost, had it run over the last days, and who would have earned what. It needs no dates.
// It returns CodeInvalid on the field of the spec, and on "days" (1 to 366).
func (s *Store) SimulateTask(ctx context.Context, c domain.Caller, spec task.Spec, days int, now time.Time) (out task.Simulation, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return out, err
	}
	if days < 1 || days > maxSimulate {
		return out, domain.Invalid("days", "want 1 to %d", maxSimulate)
	}
	spec = spec.Normal()
	if err := spec.CheckTerms(); err != nil {
		return out, err
	}
	out.To = now.UTC().Truncate(time.Microsecond)
	out.From = out.To.AddDate(0, 0, -days)
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		// As the owner of the tables: a participant's own code may have brought users that are four referrals away from nobody, and
		// all that is told of them are sums. The targets are the caller's.
		targets, err := resolveTargets(ctx, tx, c, spec.Targets, now)
		if err != nil {
			return err
		}
		out.Count, out.WorstCase = len(targets), spec.WorstCase(len(targets))
		uids := make([]int64, len(targets))
		of := make(map[int64]target, len(targets))
		for i, t := range targets {
			uids[i], of[t.uid] = t.uid, t
		}
		rows, err := tx.Query(ctx, taskValues(`SELECT 0::bigint AS owner, 0::bigint AS task, u.uid, $2::smallint AS type, $3::smallint AS products, $4::timestamptz AS starts_at, $5::timestamptz AS ends_at FROM unnest($1::bigint[]) AS u (uid)`),
			uids, typeCode(spec.Type), productBits[spec.Product], out.From, out.To)
		if err != nil {
			return err
		}
		var owner, id, uid, value int64
		_, err = pgx.ForEachRow(rows, []any{&owner, &id, &uid, &value}, func() error {
			p := task.Participant{UID: uid, Relation: of[uid].relation, Country: of[uid].country, Progress: task.Amount{Value: value, Users: spec.Type == task.Referral}, Steps: spec.Reached(value)}
			p.Rewards, p.Paid = p.Steps, spec.Paying(p.Steps)
			if out.Cost += p.Paid; p.Steps > 0 {
				out.Qualified++
			}
			out.Rows = append(out.Rows, p)
			return nil
		})
		return err
	})
	slices.SortFunc(out.Rows, func(a, b task.Participant) int {
		switch {
		case a.Paid != b.Paid:
			return int(min(max(b.Paid-a.Paid, -1), 1))
		case a.Progress.Value != b.Progress.Value:
			return int(min(max(b.Progress.Value-a.Progress.Value, -1), 1))
		}
		return int(min(max(a.UID-b.UID, -1), 1))
	})
	out.Rows = out.Rows[:min(len(out.Rows), MaxListed)]
	return out, err
}
