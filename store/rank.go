package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// rankedPeriods are those by which the referees of large partners are kept sorted: what the pages offer.
var rankedPeriods = []struct {
	preset string
	days   int // of a rolling one
}{
	{"today", 0}, {"yesterday", 0}, {"this_week", 0}, {"last_week", 0}, {"this_month", 0}, {"last_month", 0},
	{"last_7_days", 7}, {"last_30_days", 30}, {"last_90_days", 90},
}

// rankList is a list of a partner that is kept sorted, over [first, past).
type rankList struct {
	partner int64
	list    int32
	sort    referral.RefereeSort
	days    int
	span
}

// wantedLists are the lists that there should be now, without partner and number.
func (s *Store) wantedLists(now time.Time) ([]rankList, error) {
	var out []rankList
	for _, x := range rankedPeriods {
		p, err := domain.ParsePeriod(x.preset, now, s.zone)
		if err != nil {
			return nil, err
		}
		for _, sort := range []referral.RefereeSort{referral.SortCommission, referral.SortVolume} {
			out = append(out, rankList{sort: sort, days: x.days, span: span{s.day(p.From), s.day(p.To)}})
		}
	}
	epoch := time.Unix(0, 0).UTC()
	return append(out, rankList{sort: referral.SortLastTradeAt, span: span{epoch, epoch}}), nil
}

// RankLarge begins to keep the referees sorted of each partner with at least so many, and returns how many partners are new. The first
// time takes a scan of their rollups; folds wait meanwhile.
func (s *Store) RankLarge(ctx context.Context, least int, now time.Time) (n int, err error) {
	rows, err := s.pool.Query(ctx, `
		SELECT partner FROM (SELECT u1, count(*) FROM account WHERE u1 <> 0 GROUP BY 1 UNION ALL SELECT u2, count(*) FROM account WHERE u2 <> 0 GROUP BY 1
			UNION ALL SELECT u3, count(*) FROM account WHERE u3 <> 0 GROUP BY 1) a (partner, n)
		GROUP BY 1 HAVING sum(n) >= $1 AND partner NOT IN (SELECT partner FROM rank_list) ORDER BY 1`, least)
	if err != nil {
		return 0, err
	}
	large, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, err
	}
	wanted, err := s.wantedLists(now)
	if err != nil {
		return 0, err
	}
	for _, partner := range large {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, foldLock); err != nil {
				return err
			}
			// Another replica may have been first. From now on what is folded for the partner is kept for the lists, too.
			var known bool
			if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rank_list WHERE partner = $1)`, partner).Scan(&known); err != nil || known {
				return err
			}
			n++
			return rollLists(ctx, tx, partner, nil, wanted)
		})
		if err != nil {
			return n, fmt.Errorf("ranking the referees of %d: %w", partner, err)
		}
	}
	return n, nil
}

// Rank brings the sorted lists up to date with what was folded, and on with the calendar. When another process folds or ranks, it does
// nothing. A reader adds what is not in the lists yet, so that it sees no difference.
func (s *Store) Rank(ctx context.Context, now time.Time) error {
	wanted, err := s.wantedLists(now)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, foldLock).Scan(&mine); err != nil || !mine {
			return err
		}
		if err := rankDeltas(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT partner, list, sort, days, first, past FROM rank_list ORDER BY 1, 2`)
		if err != nil {
			return err
		}
		lists := map[int64][]rankList{}
		var l rankList
		if _, err := pgx.ForEachRow(rows, []any{&l.partner, &l.list, &l.sort, &l.days, &l.first, &l.past}, func() error {
			lists[l.partner] = append(lists[l.partner], l)
			return nil
		}); err != nil {
			return err
		}
		for partner, there := range lists {
			if !upToDate(there, wanted) {
				if err := rollLists(ctx, tx, partner, there, wanted); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// rankDeltas adds to the lists what was folded.
func rankDeltas(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		WITH d AS MATERIALIZED (DELETE FROM rank_delta RETURNING *),
		sums AS (
			INSERT INTO referee_rank AS t (partner, list, referee, value)
			SELECT l.partner, l.list, d.referee, sum(CASE l.sort WHEN 'commission' THEN d.commission ELSE d.volume END)::bigint
			FROM d JOIN rank_list l ON l.partner = d.partner AND l.sort <> 'lastTradeAt' AND d.day >= l.first AND d.day < l.past
			GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
			ON CONFLICT (partner, list, referee) DO UPDATE SET value = t.value + excluded.value)
		INSERT INTO referee_rank AS t (partner, list, referee, value)
		SELECT l.partner, l.list, a.uid, `+micros("a.last_trade_at")+`
		FROM (SELECT DISTINCT partner, referee FROM d) r
		JOIN rank_list l ON l.partner = r.partner AND l.sort = 'lastTradeAt'
		JOIN account a ON a.uid = r.referee AND a.last_trade_at IS NOT NULL
		ORDER BY 1, 2, 3
		ON CONFLICT (partner, list, referee) DO UPDATE SET value = greatest(t.value, excluded.value)`)
	return err
}

// micros is a time as microseconds since 1970.
func micros(column string) string { return "(extract(epoch FROM " + column + ") * 1000000)::bigint" }

// among reports whether there is a list of the same order over the same days.
func (l rankList) among(lists []rankList) bool {
	return slices.ContainsFunc(lists, func(x rankList) bool {
		return x.sort == l.sort && x.days == l.days && x.first.Equal(l.first) && x.past.Equal(l.past)
	})
}

func upToDate(there, wanted []rankList) bool {
	return len(there) == len(wanted) && !slices.ContainsFunc(wanted, func(w rankList) bool { return !w.among(there) })
}

// rollLists turns the lists of a partner that are there into those that should be there now. Lists of the calendar go and come as a whole: a
// new one is of a time that has just begun. Rolling ones lose the days that leave and get those that enter.
func rollLists(ctx context.Context, tx pgx.Tx, partner int64, there, wanted []rankList) error {
	free := int32(1)
	for _, l := range there {
		free = max(free, l.list+1)
		if l.days > 0 || l.among(wanted) {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM referee_rank WHERE partner = $1 AND list = $2`, partner, l.list); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM rank_list WHERE partner = $1 AND list = $2`, partner, l.list); err != nil {
			return err
		}
	}
	for _, w := range wanted {
		if w.among(there) {
			continue
		}
		was := rankList{partner: partner, list: free, sort: w.sort, span: span{w.first, w.first}} // empty
		if i := slices.IndexFunc(there, func(l rankList) bool { return w.days > 0 && l.days == w.days && l.sort == w.sort }); i >= 0 {
			was = there[i]
		} else {
			free++
		}
		if _, err := tx.Exec(ctx, `INSERT INTO rank_list (partner, list, sort, days, first, past) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (partner, list) DO UPDATE SET first = excluded.first, past = excluded.past`, partner, was.list, string(w.sort), w.days, w.first, w.past); err != nil {
			return err
		}
		if w.sort != referral.SortLastTradeAt {
			if err := shiftSums(ctx, tx, was, w); err != nil {
				return err
			}
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO referee_rank (partner, list, referee, value) SELECT $1, $2, uid, `+micros("last_trade_at")+`
			FROM account WHERE $1 IN (u1, u2, u3) AND last_trade_at IS NOT NULL`, partner, was.list); err != nil {
			return err
		}
	}
	return nil
}

// span is [first, past), dates at midnight UTC.
type span struct{ first, past time.Time }

// without are the parts of a that b does not have.
func (a span) without(b span) (out []span) {
	before := span{a.first, slices.MinFunc([]time.Time{a.past, b.first}, time.Time.Compare)}
	behind := span{slices.MaxFunc([]time.Time{a.first, b.past}, time.Time.Compare), a.past}
	for _, part := range []span{before, behind} {
		if part.first.Before(part.past) {
			out = append(out, part)
		}
	}
	return out
}

// shiftSums turns the sums over the days that a list was about into those over the days of now.
func shiftSums(ctx context.Context, tx pgx.Tx, was, now rankList) error {
	for _, part := range now.without(was.span) {
		if err := addSums(ctx, tx, was, part, ""); err != nil {
			return err
		}
	}
	for _, part := range was.without(now.span) {
		if err := addSums(ctx, tx, was, part, "-"); err != nil {
			return err
		}
	}
	return nil
}

func addSums(ctx context.Context, tx pgx.Tx, l rankList, part span, sign string) error {
	var days []string
	for level := 1; level <= 3; level++ {
		value := fmt.Sprintf("earned%d", level)
		if l.sort == referral.SortVolume {
			value = "volume"
		}
		days = append(days, fmt.Sprintf(`SELECT referee, %s AS value FROM referee_day WHERE %s AND day >= $3 AND day < $4`, value, mine(level, "$1::bigint")))
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO referee_rank AS t (partner, list, referee, value)
		SELECT $1, $2, referee, `+sign+`sum(value)::bigint FROM (`+strings.Join(days, " UNION ALL ")+`) d GROUP BY referee ORDER BY referee
		ON CONFLICT (partner, list, referee) DO UPDATE SET value = t.value + excluded.value`, l.partner, l.list, part.first, part.past)
	return err
}
