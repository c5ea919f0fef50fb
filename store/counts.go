package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// countsOf sums, of rows c of the form of table account with a column sign, how many referees each partner above got on which day: a row is told
// once as it was, with sign -1, and once as it is. The days are cut by a zone, a parameter.
func countsOf(zone string) string {
	return `SELECT p.partner, (e.at AT TIME ZONE ` + zone + `)::date AS day, p.below, p.code, c.country,
			sum(c.sign * e.registered)::bigint AS registered, sum(c.sign * e.verified)::bigint AS verified,
			sum(c.sign * e.deposited)::bigint AS deposited, sum(c.sign * e.traded)::bigint AS traded
		FROM c CROSS JOIN LATERAL (VALUES (c.u1, 0::bigint, c.code1), (c.u2, c.u1, c.code2), (c.u3, c.u2, c.code3)) p (partner, below, code)
		CROSS JOIN LATERAL (VALUES (c.registered_at, 1, 0, 0, 0), (c.verified_at, 0, 1, 0, 0), (c.first_deposit_at, 0, 0, 1, 0), (c.first_trade_at, 0, 0, 0, 1)) e (at, registered, verified, deposited, traded)
		WHERE p.partner <> 0 AND e.at IS NOT NULL GROUP BY 1, 2, 3, 4, 5
		HAVING (sum(c.sign * e.registered), sum(c.sign * e.verified), sum(c.sign * e.deposited), sum(c.sign * e.traded)) <> (0, 0, 0, 0)`
}

const (
	countColumns = `partner, day, below, code, country, registered, verified, deposited, traded`

	// allCounts is what table referee_count should hold. Its parameter is the zone.
	allCounts = `WITH c AS (SELECT 1 AS sign, u1, u2, u3, code1, code2, code3, country, registered_at, verified_at, first_deposit_at, first_trade_at FROM account WHERE u1 <> 0) `
)

// foldCounts moves what the batches added to the counts of referees into referee_count, and returns how many rows these were. A row of zeros is removed.
func foldCounts(ctx context.Context, tx pgx.Tx) (moved int64, err error) {
	rows, err := tx.Query(ctx, `
		WITH d AS (DELETE FROM delta_count RETURNING *),
		s AS MATERIALIZED (SELECT partner, day, below, code, country, sum(registered)::bigint AS registered, sum(verified)::bigint AS verified,
			sum(deposited)::bigint AS deposited, sum(traded)::bigint AS traded, count(*) AS n FROM d GROUP BY 1, 2, 3, 4, 5),
		folded AS (
			INSERT INTO referee_count AS t (`+countColumns+`) SELECT `+countColumns+` FROM s ORDER BY 1, 2, 3, 4, 5
			ON CONFLICT (partner, day, below, code, country) DO UPDATE SET registered = t.registered + excluded.registered, verified = t.verified + excluded.verified,
				deposited = t.deposited + excluded.deposited, traded = t.traded + excluded.traded
			RETURNING partner, day, below, code, country, (registered, verified, deposited, traded) = (0, 0, 0, 0) AS empty)
		SELECT partner, day::text, below, code, country FROM folded WHERE empty
		UNION ALL SELECT coalesce(sum(n), 0)::bigint, NULL, 0, '', '' FROM s`)
	if err != nil {
		return 0, err
	}
	var n, below int64
	var day *string
	var code, country string
	batch := &pgx.Batch{}
	if _, err := pgx.ForEachRow(rows, []any{&n, &day, &below, &code, &country}, func() error {
		if day == nil {
			moved = n
		} else {
			batch.Queue(`DELETE FROM referee_count WHERE partner = $1 AND day = $2::text::date AND below = $3 AND code = $4 AND country = $5`, n, *day, below, code, country)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	return moved, tx.SendBatch(ctx, batch).Close()
}
