package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// foldLock lets one compactor fold at a time. Two would be right too, but would wait for each other's rows.
const foldLock = 0x666f_6c64 // "fold"

// Fold moves what the batches appended to the deltas into the rollups, and returns how many rows it moved. A reader
// adds deltas and rollups in one snapshot, so figures are the same before and after. When another process is
// folding, it does nothing.
func (s *Store) Fold(ctx context.Context) (rows int64, err error) {
	// Rewards first, in transactions of their own: they do not wait for the rollups, nor do the rollups for a reward that cannot be posted.
	_, unpaid := s.foldTasks(ctx, time.Now())
	for try := 0; ; try++ {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			var mine bool
			if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, foldLock).Scan(&mine); err != nil || !mine {
				return err
			}
			days, lasts, err := foldDays(ctx, tx, `DELETE FROM delta RETURNING *`)
			if err != nil {
				return err
			}
			hours, err := foldHours(ctx, tx, `DELETE FROM delta_hour RETURNING *`)
			if err != nil {
				return err
			}
			counts, err := foldCounts(ctx, tx)
			if err != nil {
				return err
			}
			rows = days + hours + counts
			return lasts.save(ctx, tx)
		})
		// A batch that moves dates of the same accounts and this can wait for each other until PostgreSQL ends one of them.
		if !deadlocked(err) || try == maxYields {
			break
		}
	}
	if err == nil && rows >= sweepRows {
		err = s.sweepDeltas(ctx)
	}
	return rows, errors.Join(err, unpaid)
}

// sweepRows is how many rows must have been folded for the space of the deltas to be worth freeing at once.
const sweepRows = 10_000

// sweepDeltas frees the space of the folded deltas, so that readers of what is not folded yet do not wade through the dead
// rows of minutes: autovacuum comes by once a minute, which at full speed is millions of rows. It waits for nobody.
func (s *Store) sweepDeltas(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `VACUUM (SKIP_LOCKED, TRUNCATE off) delta, delta_hour, delta_count`)
	return err
}

const (
	daySums = `sum(earned1)::bigint, sum(earned2)::bigint, sum(earned3)::bigint, sum(rebate)::bigint, sum(volume)::bigint,
	sum(eligible_volume)::bigint, sum(fees)::bigint, sum(trades)::bigint, sum(executed)::bigint, sum(deposits)::bigint, sum(withdrawals)::bigint`

	hourSums = `sum(earned)::bigint, sum(rebate)::bigint, sum(volume)::bigint, sum(eligible_volume)::bigint, sum(fees)::bigint,
	sum(trades)::bigint, sum(deposits)::bigint, sum(withdrawals)::bigint`

	// hourFan turns a row of sums by referee into what each of its beneficiaries gets.
	hourFan = `CROSS JOIN LATERAL (VALUES (d.owner, 1::smallint, d.earned1, d.rebate), (d.u2, 2::smallint, d.earned2, 0), (d.u3, 2::smallint, d.earned3, 0)) AS f (partner, level, earned, rebate)`
)

// foldDays adds the rows of source, which are of the form of table delta, to referee_day, and returns how many they were, and
// the accounts' last trades among them.
//
// The path of a rollup row is its referee's of today: when it changed, the deltas took every fact back from the former
// path and added it to the new one, so that each row in question is met here. A row whose sums are all zero is as good
// as none, and is removed, so that every order of arrival leaves the same rows.
func foldDays(ctx context.Context, tx pgx.Tx, source string) (moved int64, lasts lastTrades, err error) {
	rows, err := tx.Query(ctx, `
		WITH d AS (`+source+`),
		s (owner, day, referee, product, e1, e2, e3, rb, vo, ev, fe, tr, ex, de, wi, last_at, n) AS MATERIALIZED (
			SELECT owner, day, referee, product, `+daySums+`, max(last_at), count(*) FROM d GROUP BY 1, 2, 3, 4),
		day_rows AS (
			INSERT INTO referee_day AS t (owner, day, referee, product, u2, u3, earned1, earned2, earned3, rebate, volume, eligible_volume, fees, trades, executed, deposits, withdrawals)
			SELECT s.owner, s.day, s.referee, s.product, coalesce(a.u2, 0), coalesce(a.u3, 0), e1, e2, e3, rb, vo, ev, fe, tr, ex, de, wi
			FROM s LEFT JOIN account a ON a.uid = s.referee AND a.u1 = s.owner
			ORDER BY 1, 2, 3, 4
			ON CONFLICT (owner, day, referee, product) DO UPDATE SET u2 = excluded.u2, u3 = excluded.u3,
				earned1 = t.earned1 + excluded.earned1, earned2 = t.earned2 + excluded.earned2, earned3 = t.earned3 + excluded.earned3,
				rebate = t.rebate + excluded.rebate, volume = t.volume + excluded.volume, eligible_volume = t.eligible_volume + excluded.eligible_volume,
				fees = t.fees + excluded.fees, trades = t.trades + excluded.trades, executed = t.executed + excluded.executed,
				deposits = t.deposits + excluded.deposits, withdrawals = t.withdrawals + excluded.withdrawals
			RETURNING owner, day, referee, product, (earned1, earned2, earned3, rebate, volume, eligible_volume, fees, trades, executed, deposits, withdrawals) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) AS empty),
		due AS ( -- what settlement has to look at: see Settle
			INSERT INTO settlement_due (owner, day)
			SELECT DISTINCT owner, day FROM s WHERE owner <> 0 AND (e1, e2, e3, rb) <> (0, 0, 0, 0) ORDER BY 1, 2
			ON CONFLICT DO NOTHING),
		ranked AS ( -- what is kept of large partners has to take it up: see Rank
			INSERT INTO rank_delta (`+rankDeltaColumns+`)
			SELECT f.partner, f.level, f.below, d.referee, d.day, d.product, f.commission, f.shared, d.volume, d.eligible_volume, d.fees, d.trades, d.executed, d.deposits, d.withdrawals
			FROM d CROSS JOIN LATERAL (VALUES (d.owner, 1, 0, d.earned1, d.rebate), (d.u2, 2, d.owner, d.earned2, 0), (d.u3, 3, d.u2, d.earned3, 0)) f (partner, level, below, commission, shared)
			WHERE f.partner IN (SELECT partner FROM large_partner))
		SELECT owner, day::text, referee, product, NULL::timestamptz FROM day_rows WHERE empty
		UNION ALL SELECT sum(n)::bigint, NULL, referee, 0::smallint, max(last_at) FROM s GROUP BY referee`)
	if err != nil {
		return 0, lasts, err
	}
	var n, referee int64
	var day *string
	var product int16
	var last *time.Time
	batch := &pgx.Batch{}
	if _, err := pgx.ForEachRow(rows, []any{&n, &day, &referee, &product, &last}, func() error {
		if day != nil {
			batch.Queue(`DELETE FROM referee_day WHERE owner = $1 AND day = $2::text::date AND referee = $3 AND product = $4`, n, *day, referee, product)
			return nil
		}
		if moved += n; last != nil {
			lasts.uids, lasts.ats = append(lasts.uids, referee), append(lasts.ats, *last)
		}
		return nil
	}); err != nil {
		return 0, lasts, err
	}
	return moved, lasts, tx.SendBatch(ctx, batch).Close()
}

// lastTrades are the times of accounts' latest trades among some.
type lastTrades struct {
	uids []int64
	ats  []time.Time
}

// save moves the accounts' last trades on. It is the last of a fold: batches that change these accounts, and keep others waiting,
// wait for the rows that it locks.
func (l lastTrades) save(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE account a SET last_trade_at = n.at FROM unnest($1::bigint[], $2::timestamptz[]) AS n (uid, at)
		WHERE a.uid = n.uid AND n.at > coalesce(a.last_trade_at, '-infinity')`, l.uids, l.ats)
	return err
}

// foldHours is foldDays for rows of the form of table delta_hour, and partner_hour.
func foldHours(ctx context.Context, tx pgx.Tx, source string) (int64, error) {
	rows, err := tx.Query(ctx, `
		WITH d AS (`+source+`),
		s (partner, hour, product, level, earned, rebate, volume, eligible_volume, fees, trades, deposits, withdrawals, n) AS MATERIALIZED (
			SELECT partner, hour, product, level, `+hourSums+`, count(*) FROM d GROUP BY 1, 2, 3, 4),
		hour_rows AS (
			INSERT INTO partner_hour AS t (partner, hour, product, level, earned, rebate, volume, eligible_volume, fees, trades, deposits, withdrawals)
			SELECT partner, hour, product, level, earned, rebate, volume, eligible_volume, fees, trades, deposits, withdrawals FROM s ORDER BY 1, 2, 3, 4
			ON CONFLICT (partner, hour, product, level) DO UPDATE SET earned = t.earned + excluded.earned, rebate = t.rebate + excluded.rebate,
				volume = t.volume + excluded.volume, eligible_volume = t.eligible_volume + excluded.eligible_volume, fees = t.fees + excluded.fees,
				trades = t.trades + excluded.trades, deposits = t.deposits + excluded.deposits, withdrawals = t.withdrawals + excluded.withdrawals
			RETURNING partner, hour, product, level, (earned, rebate, volume, eligible_volume, fees, trades, deposits, withdrawals) = (0, 0, 0, 0, 0, 0, 0, 0) AS empty)
		SELECT partner, hour, product, level FROM hour_rows WHERE empty
		UNION ALL SELECT coalesce(sum(n), 0)::bigint, NULL, 0::smallint, 0::smallint FROM s`)
	if err != nil {
		return 0, err
	}
	var n, moved int64
	var hour *time.Time
	var product, level int16
	batch := &pgx.Batch{}
	if _, err := pgx.ForEachRow(rows, []any{&n, &hour, &product, &level}, func() error {
		if hour == nil {
			moved = n
		} else {
			batch.Queue(`DELETE FROM partner_hour WHERE partner = $1 AND hour = $2 AND product = $3 AND level = $4`, n, *hour, product, level)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	return moved, tx.SendBatch(ctx, batch).Close()
}
