package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain/referral"
)

// buildLock lets one replica make what is kept of large partners for the first time.
const buildLock = 0x6275_696c // "buil"

// buildChunk is how many referees are taken at once: a second or two of work.
const buildChunk = 20_000

// RankLarge begins to keep more of each partner with at least so many referees (see Rank), and returns how many partners are new.
//
// Folds do not wait for it: from when a partner is known as large, they copy its rows to rank_delta, where they stay meanwhile. What was
// folded before is then what is in the rollups less what is there, in any snapshot, so that the referees can be taken a part at a time.
// What a process that died has begun is begun again.
func (s *Store) RankLarge(ctx context.Context, least int, now time.Time) (n int, err error) {
	err = s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		var mine bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, buildLock).Scan(&mine); err != nil || !mine {
			return err
		}
		defer func() {
			unlock, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, unlocked := conn.Exec(unlock, `SELECT pg_advisory_unlock($1)`, buildLock)
			err = errors.Join(err, unlocked)
		}()
		// Rollup rows, a few for each day, not accounts.
		rows, err := conn.Query(ctx, `SELECT partner FROM referee_count GROUP BY 1 HAVING sum(registered) >= $1 AND partner NOT IN (SELECT partner FROM large_partner WHERE ready)
			UNION SELECT partner FROM large_partner WHERE NOT ready ORDER BY 1`, least)
		if err != nil {
			return err
		}
		large, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		for _, partner := range large {
			if err := s.keepLarge(ctx, conn.Conn(), partner, now); err != nil {
				return fmt.Errorf("beginning to keep more of partner %d: %w", partner, err)
			}
			n++
		}
		return nil
	})
	return n, err
}

// keepLarge makes all that is kept of a partner.
func (s *Store) keepLarge(ctx context.Context, conn *pgx.Conn, partner int64, now time.Time) error {
	wanted, err := s.wantedLists(now)
	if err != nil {
		return err
	}
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, foldLock); err != nil {
			return err
		}
		for _, table := range []string{"rank_list", "referee_rank", "rank_delta", "group_day", "trader_day", "trader_count"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE partner = $1`, partner); err != nil {
				return err
			}
		}
		for i, w := range wanted {
			if err := addList(ctx, tx, partner, int32(i+1), w); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO large_partner (partner, ready) VALUES ($1, false) ON CONFLICT DO NOTHING`, partner)
		return err
	}); err != nil {
		return err
	}
	keep := keepReferees(wanted)
	for level := 1; level <= 3; level++ {
		for last := int64(0); ; {
			rows, err := conn.Query(ctx, fmt.Sprintf(`SELECT uid FROM account WHERE u%[1]d = $1 AND u%[1]d <> 0 AND uid > $2 ORDER BY uid LIMIT $3`, level), partner, last, buildChunk)
			if err != nil {
				return err
			}
			uids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil {
				return err
			}
			if len(uids) == 0 {
				break
			}
			last = uids[len(uids)-1]
			if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				// What one part sums up fits there, where it else would go by way of files.
				if _, err := tx.Exec(ctx, `SET LOCAL work_mem = '256MB'`); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, keep, partner, uids, s.zone.String())
				return err
			}); err != nil {
				return err
			}
		}
	}
	_, err = conn.Exec(ctx, `UPDATE large_partner SET ready = true WHERE partner = $1`, partner)
	return err
}

// keepReferees makes what is kept of a partner ($1) about some referees ($2), for the first time, with lists numbered from 1. $3 is the zone. Rows of r are
// not summed up: what waits in rank_delta stands beside what it is taken from.
func keepReferees(lists []rankList) string {
	var sums, values []string
	last := 0
	for i, l := range lists {
		if l.sort == referral.SortLastTradeAt {
			last = i + 1
			continue
		}
		sums = append(sums, fmt.Sprintf("sum(%s) FILTER (WHERE day >= '%s' AND day < '%s')::bigint AS v%d", l.sort, l.first.Format(time.DateOnly), l.past.Format(time.DateOnly), i+1))
		values = append(values, fmt.Sprintf("(%d, s.v%[1]d)", i+1))
	}
	return `
	WITH r AS MATERIALIZED (
		SELECT referee, day, product, CASE $1::bigint WHEN owner THEN 0 WHEN u2 THEN owner ELSE u2 END AS below, ` + earned("$1::bigint") + ` AS commission, ` + shared("$1::bigint") + ` AS shared,
			volume, eligible_volume, fees, trades, executed, deposits, withdrawals
		FROM referee_day WHERE referee = ANY ($2::bigint[]) AND $1::bigint IN (owner, u2, u3)
		UNION ALL SELECT referee, day, product, below, -commission, -shared, -volume, -eligible_volume, -fees, -trades, -executed, -deposits, -withdrawals
		FROM rank_delta WHERE partner = $1 AND referee = ANY ($2::bigint[])),
	lists AS (
		INSERT INTO referee_rank (partner, list, referee, value)
		SELECT $1::bigint, v.list, s.referee, v.value FROM (SELECT referee, ` + strings.Join(sums, ", ") + ` FROM r GROUP BY 1) s
		CROSS JOIN LATERAL (VALUES ` + strings.Join(values, ", ") + `) v (list, value) WHERE v.value IS NOT NULL ORDER BY 2, 3),
	lasts AS (
		INSERT INTO referee_rank (partner, list, referee, value)
		SELECT $1::bigint, ` + strconv.Itoa(last) + `, a.uid, ` + micros("a.last_trade_at") + ` FROM account a WHERE a.uid = ANY ($2::bigint[]) AND a.last_trade_at IS NOT NULL),
	who AS MATERIALIZED (
		SELECT a.uid AS referee, ` + codeOf + ` AS code, a.country, date_trunc('month', a.registered_at AT TIME ZONE $3::text)::date AS cohort
		FROM (SELECT DISTINCT referee, below FROM r) r ` + groupOf + `),
	groups AS (
		INSERT INTO group_day AS t (partner, day, below, code, country, product, commission, shared, volume, eligible_volume, fees, trades, deposits, withdrawals)
		SELECT $1::bigint, r.day, r.below, w.code, w.country, r.product, ` + groupSums + ` FROM r JOIN who w USING (referee) GROUP BY 1, 2, 3, 4, 5, 6
		` + addGroups + `),
	days AS MATERIALIZED (
		SELECT referee, day, max(below) AS below, sum(executed)::bigint AS executed, coalesce(lag(day) OVER (PARTITION BY referee ORDER BY day), '-infinity') AS prev
		FROM r GROUP BY 1, 2 HAVING sum(executed) > 0),
	traded AS (INSERT INTO trader_day (partner, referee, day, below, executed, prev) SELECT $1::bigint, referee, day, below, executed, prev FROM days)
	INSERT INTO trader_count AS t (partner, day, prev, below, code, country, cohort, traders)
	SELECT $1::bigint, d.day, d.prev, d.below, w.code, w.country, w.cohort, count(*) FROM days d JOIN who w USING (referee) GROUP BY 1, 2, 3, 4, 5, 6, 7
	ON CONFLICT (partner, day, prev, below, code, country, cohort) DO UPDATE SET traders = t.traders + excluded.traders`
}
