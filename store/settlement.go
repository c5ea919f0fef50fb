package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
)

// Settlement is what a call of Settle did.
type Settlement struct {
	Until   time.Time // the newest settlement day, as midnight UTC
	Records int64     // written
	Posted  int       // transfers
	Carried int       // partners whose negative sum is more than their fund holds: it stays due
}

// accruedOf are the sums of owner and day in table due, by beneficiary; kind 1 is rebate, 2 shared.
const accruedOf = `SELECT b.partner, d.owner, d.day, b.kind, d.referee, d.product, b.amount FROM due JOIN referee_day d USING (owner, day)
	CROSS JOIN LATERAL (VALUES (d.owner, 1::smallint, d.earned1), (d.u2, 1::smallint, d.earned2), (d.u3, 1::smallint, d.earned3), (d.referee, 2::smallint, d.rebate)) b (partner, kind, amount)
	WHERE b.partner > 0 AND b.amount <> 0`

// unsettledOf is what accruedOf has beyond the records.
const unsettledOf = `SELECT partner, owner, day, kind, referee, product, sum(amount)::bigint AS amount FROM (` + accruedOf + `
	UNION ALL SELECT r.partner, r.owner, r.day, r.kind, r.referee, r.product, -r.amount FROM due JOIN settlement_record r USING (owner, day)) x
	GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(amount) <> 0`

// Settle settles what accrued for every day whose settlement is not after now (SPEC 2), and returns what it did. Days that were missed are
// settled in order, each under its own settlement day; what came late for a settled day goes into the next settlement. It reads
// the days alone that the compactor marked. Calling it again does nothing, and so does a second replica: it
// is one transaction, and the settlement day that is stored says how far it came.
//
// A partner's sum below zero is taken from the fund; when the fund holds less, it is carried to the first later settlement that covers it.
func (s *Store) Settle(ctx context.Context, now time.Time) (done Settlement, err error) {
	done.Until = s.day(referral.SettledBefore(now, s.zone))
	if last, err := settledOn(ctx, s.pool); err != nil || !last.Before(done.Until) {
		return done, err
	}
	if _, err := s.Fold(ctx); err != nil {
		return done, err
	}
	for try := 0; ; try++ {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			// The race that this lock closes: the compactor marks a day, finds the mark there, and settlement deletes it.
			// A second settlement waits here too, and then finds nothing to do.
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, foldLock); err != nil {
				return err
			}
			var zone string
			if err := tx.QueryRow(ctx, `SELECT value FROM setting WHERE name = 'zone'`).Scan(&zone); err != nil {
				return err
			}
			if zone != s.zone.String() {
				return errZone
			}
			last, err := settledOn(ctx, tx)
			if err != nil || !last.Before(done.Until) {
				return err
			}
			return s.settle(ctx, tx, last, &done)
		})
		// It locks the funds of partners who owe before it posts; a posting may lock in the other order.
		if !deadlocked(err) || try == maxYields {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("settlement: %w", err)
	}
	return done, err
}

// settledOn is the latest settlement day that is done, the zero time when none is.
func settledOn(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (last time.Time, err error) {
	err = db.QueryRow(ctx, `SELECT value::date FROM setting WHERE name = 'settled_on'`).Scan(&last)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return last, err
}

func (s *Store) settle(ctx context.Context, tx pgx.Tx, last time.Time, done *Settlement) error {
	*done = Settlement{Until: done.Until}
	var next *time.Time // the earliest settlement day that is open; nil: any
	if !last.IsZero() {
		d := last.AddDate(0, 0, 1)
		next = &d
	}
	if _, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE settling ON COMMIT DROP AS
		WITH due AS MATERIALIZED (SELECT owner, day FROM settlement_due WHERE day < $1::date)
		SELECT x.*, greatest(x.day + 1, $2::date) AS settled_on FROM (`+unsettledOf+`) x`, done.Until, next); err != nil {
		return err
	}
	sums, err := settlementSums(ctx, tx)
	if err != nil {
		return err
	}
	plan := planSettlement(sums, s.zone)
	done.Posted, done.Carried = len(plan.transfers), plan.carried
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE settling s SET settled_on = m.until FROM unnest($1::bigint[], $2::date[], $3::date[]) m (partner, since, until)
			WHERE s.partner = m.partner AND s.settled_on = m.since`, []any{plan.moved.partner, plan.moved.since, plan.moved.until}},
		{`WITH kept AS (DELETE FROM settling s USING unnest($2::bigint[], $3::date[]) c (partner, settled_on)
				WHERE (s.partner, s.settled_on) = (c.partner, c.settled_on) RETURNING s.owner, s.day)
			DELETE FROM settlement_due d WHERE d.day < $1::date AND NOT EXISTS (SELECT FROM kept k WHERE (k.owner, k.day) = (d.owner, d.day))`,
			[]any{done.Until, plan.kept.partner, plan.kept.since}},
	} {
		if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
			return err
		}
	}
	tag, err := tx.Exec(ctx, `INSERT INTO settlement_record (partner, settled_on, day, kind, referee, product, owner, amount)
		SELECT partner, settled_on, day, kind, referee, product, owner, amount FROM settling`)
	if err != nil {
		return err
	}
	done.Records = tag.RowsAffected()
	for rest := plan.transfers; len(rest) > 0; {
		n := min(MaxPost, len(rest))
		if _, err := post(ctx, tx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	if err := tellSettled(ctx, tx, plan.transfers, done.Until, last.IsZero()); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO setting (name, value) VALUES ('settled_on', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, done.Until.Format(time.DateOnly))
	return err
}

// settlementSum is what one settlement day brings a partner.
type settlementSum struct {
	partner   int64
	settledOn time.Time
	amount    domain.Money
	balance   domain.Money // of the fund before all of them; read, and locked, where a sum is below zero
}

// settlementSums reads them by partner and day.
func settlementSums(ctx context.Context, tx pgx.Tx) ([]settlementSum, error) {
	rows, err := tx.Query(ctx, `WITH sums AS MATERIALIZED (SELECT partner, settled_on, sum(amount)::bigint AS amount FROM settling GROUP BY 1, 2),
		funds AS MATERIALIZED (SELECT a.owner, a.balance FROM ledger_account a
			WHERE a.kind = 1 AND a.ref = '' AND a.owner IN (SELECT partner FROM sums WHERE amount < 0) ORDER BY a.owner FOR NO KEY UPDATE)
		SELECT s.partner, s.settled_on, s.amount, coalesce(f.balance, 0) FROM sums s LEFT JOIN funds f ON f.owner = s.partner ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (x settlementSum, err error) {
		err = row.Scan(&x.partner, &x.settledOn, &x.amount, &x.balance)
		return x, err
	})
}

// partnerDays are settlement days of partners, and for those that are carried the day that takes them up.
type partnerDays struct {
	partner []int64
	since   []time.Time
	until   []time.Time
}

type settlementPlan struct {
	transfers   []ledger.Transfer // by partner and day
	moved, kept partnerDays       // carried to a later day of this run; not settled yet
	carried     int               // partners in kept
}

// planSettlement turns sums, by partner and day, into transfers, so that no fund ever is below zero.
func planSettlement(sums []settlementSum, zone *time.Location) (plan settlementPlan) {
	for len(sums) > 0 {
		partner, balance := sums[0].partner, sums[0].balance
		var open []time.Time // days that are carried
		var carry domain.Money
		for ; len(sums) > 0 && sums[0].partner == partner; sums = sums[1:] {
			x := sums[0]
			net := carry + x.amount
			if net < 0 && balance+net < 0 {
				open, carry = append(open, x.settledOn), net
				continue
			}
			for _, since := range open {
				plan.moved.partner, plan.moved.since, plan.moved.until = append(plan.moved.partner, partner), append(plan.moved.since, since), append(plan.moved.until, x.settledOn)
			}
			open, carry, balance = nil, 0, balance+net
			if net != 0 {
				plan.transfers = append(plan.transfers, settlementTransfer(partner, x.settledOn, net, zone))
			}
		}
		for _, since := range open {
			plan.kept.partner, plan.kept.since = append(plan.kept.partner, partner), append(plan.kept.since, since)
		}
		if len(open) > 0 {
			plan.carried++
		}
	}
	return plan
}

// settlementTransfer posts a settlement day's sum, under a key that the day has once.
func settlementTransfer(partner int64, settledOn time.Time, net domain.Money, zone *time.Location) ledger.Transfer {
	day := settledOn.Format(time.DateOnly)
	y, m, d := settledOn.Date()
	t := ledger.Transfer{
		Key: "settlement:" + day, From: ledger.Account{Owner: partner, Kind: ledger.Platform}, To: ledger.FundOf(partner), Amount: net,
		Reason: ledger.Settlement, Ref: day, At: referral.SettlementOf(domain.Midnight(y, m, d-1, zone), zone),
	}
	if net < 0 {
		t.From, t.To, t.Amount = t.To, t.From, -net
	}
	return t
}
