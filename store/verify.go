package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Check is one thing that Verify proved, or found wrong.
type Check struct {
	Name       string `json:"name"`
	Rows       int64  `json:"rows"`       // looked at
	Mismatches int64  `json:"mismatches"` // wrong, missing or in excess
	Example    string `json:"example,omitempty"`
}

// Report is what Verify found.
type Report struct {
	Checks []Check `json:"checks"`
}

// OK reports whether nothing was wrong.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Mismatches > 0 })
}

// VerifyOptions say how much is verified.
type VerifyOptions struct {
	// Sample is the percentage of trades whose attribution is worked out again; 0 and 100: all.
	Sample float64
	// Progress, if not nil, is told of each check before it begins, and how many there are.
	Progress func(check string, done, total int)
}

// Verify proves that what is derived follows from the accepted events: structure, paths, attribution, dates, rollups
// (with the deltas that are not folded yet), and what waits; and that the ledger is whole. It reads one snapshot and locks nothing, so ingest goes on.
// The error is about the database; what is wrong is in the Report, and Rebuild puts it right.
func (s *Store) Verify(ctx context.Context, o VerifyOptions) (rep Report, err error) {
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, opts, func(tx pgx.Tx) error {
		v := verifying{tx: tx, sample: o.Sample}
		checks := v.checks(s.zone.String())
		for i, c := range checks {
			if o.Progress != nil {
				o.Progress(c.name, i, len(checks))
			}
			found, err := c.run(ctx)
			if err != nil {
				return fmt.Errorf("verify %s: %w", c.name, err)
			}
			found.Name = c.name
			rep.Checks = append(rep.Checks, found)
		}
		return nil
	})
	return rep, err
}

// verifying is a Verify under way.
type verifying struct {
	tx     pgx.Tx
	sample float64
}

type check struct {
	name string
	run  func(context.Context) (Check, error)
}

// checks lists what is verified. Each takes for granted what those before it proved.
func (v *verifying) checks(zone string) []check {
	return append([]check{
		{"accounts", v.same(accountsShould, accountsAre)},
		{"kyc", v.same(kycShould, kycIs)},
		{"rates", v.same(ratesShould, ratesAre)},
		{"partners", v.same(partnersShould, partnersAre)},
		{"vip", v.same(vipShould, vipIs)},
		{"latest vip", v.same(vipLatest, vipOfAccounts)},
		{"codes", v.same(codesShould, codesAre)},
		{"code versions", v.same(codeVersionsShould, codeVersionsAre)},
		{"rules", v.same(rulesShould, rulesAre)},
		{"void relations", v.voids},
		{"paths", v.count(pathMismatches)},
		{"waiting", v.count(waitingMismatches)},
		{"attribution", v.attribution},
		{"fees", v.count(feeMismatches)},
		{"transfers", v.same(transfersShould, transfersAre)},
		{"reversals", v.same(reversalsShould, reversalsAre)},
		{"dates", v.same(datesShould, datesAre)},
		{"referee_day", v.count(dayMismatches, zone)},
		{"referee_day paths", v.count(dayPathMismatches)},
		{"partner_hour", v.count(hourMismatches, zone)},
		{"partner_hour and referee_day", v.count(hourDayMismatches)},
		{"referee_count", v.count(countMismatches, zone)},
		{"sorted lists", v.same(listsShould, listsAre)},
		{"group_day", v.count(groupMismatches)},
		{"trader_day", v.same(tradersShould, tradersAre)},
		{"trader_count", v.same(traderCountsShould, traderCountsAre, zone)},
		{"ledger balances", v.same(balancesShould, balancesAre)},
		{"ledger sum", v.count(ledgerSum)},
		{"task escrows", v.count(escrowMismatches)},
		{"settlement postings", v.same(settlementsShould, settlementsAre)},
		{"settlement records", v.count(recordMismatches)},
	}, v.taskChecks()...)
}

// count runs a statement that returns how many rows it looked at, how many are wrong, and one of these.
func (v *verifying) count(sql string, args ...any) func(context.Context) (Check, error) {
	return func(ctx context.Context) (c Check, err error) {
		err = v.tx.QueryRow(ctx, sql, args...).Scan(&c.Rows, &c.Mismatches, &c.Example)
		return c, err
	}
}

// same compares two queries as sets of rows. A row that differs counts once.
func (v *verifying) same(should, is string, args ...any) func(context.Context) (Check, error) {
	return v.count(`WITH a AS MATERIALIZED (`+should+`), b AS MATERIALIZED (`+is+`),
		missing AS MATERIALIZED (TABLE a EXCEPT ALL TABLE b), extra AS MATERIALIZED (TABLE b EXCEPT ALL TABLE a)
		SELECT (SELECT count(*) FROM b), greatest((SELECT count(*) FROM missing), (SELECT count(*) FROM extra)),
			coalesce((SELECT 'missing: ' || min(m::text) FROM missing m), (SELECT 'too much: ' || min(e::text) FROM extra e), '')`, args...)
}

// voids looks for the loops again, and compares them with what is void.
func (v *verifying) voids(ctx context.Context) (c Check, err error) {
	rows, err := v.tx.Query(ctx, `SELECT uid, void FROM account WHERE void <> ''`)
	if err != nil {
		return c, err
	}
	are := map[int64]string{}
	var uid int64
	var why string
	if _, err := pgx.ForEachRow(rows, []any{&uid, &why}, func() error { are[uid] = why; return nil }); err != nil {
		return c, err
	}
	should := map[int64]string{}
	err = eachChunk(ctx, v.tx, "verify_account", pgx.RowTo[int64], func(uids []int64) error {
		c.Rows += int64(len(uids))
		loops, err := findLoops(ctx, v.tx, uids)
		maps.Copy(should, loops)
		return err
	}, `SELECT uid FROM account WHERE referrer <> 0`)
	for uid, why := range are {
		if should[uid] != why {
			c.Mismatches, c.Example = c.Mismatches+1, fmt.Sprintf("account %d is void: %s", uid, why)
		}
	}
	for uid, why := range should {
		if are[uid] == "" {
			c.Mismatches, c.Example = c.Mismatches+1, fmt.Sprintf("account %d should be void: %s", uid, why)
		}
	}
	return c, err
}

// attribution attributes trades again, by the code that ingest uses, and counts those that come out otherwise.
func (v *verifying) attribution(ctx context.Context) (c Check, err error) {
	sample := ""
	if v.sample > 0 && v.sample < 100 {
		sample = fmt.Sprintf(" TABLESAMPLE SYSTEM (%g)", v.sample)
	}
	err = eachChunk(ctx, v.tx, "verify_trade", scanTrade, func(facts []fact) error {
		changed, err := attributeFacts(ctx, v.tx, facts)
		if len(changed) > 0 {
			c.Example = "trade " + changed[0].is.trade.TradeID
		}
		c.Rows += int64(len(facts))
		c.Mismatches += int64(len(changed))
		return err
	}, `SELECT `+tradeColumns+` FROM trade`+sample)
	return c, err
}
