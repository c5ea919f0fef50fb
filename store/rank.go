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

// Rank brings what is kept of large partners up to date with what was folded, and the sorted lists on with the calendar. When another process
// folds or ranks, it does nothing. A reader adds what is not taken up yet, so that it sees no difference. Each list that moves on is a
// transaction of its own, so that folds do not wait for all of them.
func (s *Store) Rank(ctx context.Context, now time.Time) error {
	wanted, err := s.wantedLists(now)
	if err != nil {
		return err
	}
	for more := true; more; {
		if err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
			var mine bool
			if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, foldLock).Scan(&mine); err != nil || !mine {
				more = false
				return err
			}
			if err := s.takeUp(ctx, tx); err != nil {
				return err
			}
			more, err = rollOne(ctx, tx, wanted)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// rollOne moves one list on with the calendar, and says whether there was one to move.
func rollOne(ctx context.Context, tx pgx.Tx, wanted []rankList) (bool, error) {
	rows, err := tx.Query(ctx, `SELECT partner, list, sort, days, first, past FROM rank_list WHERE partner IN (SELECT partner FROM large_partner WHERE ready) ORDER BY 1, 2`)
	if err != nil {
		return false, err
	}
	lists := map[int64][]rankList{}
	var l rankList
	if _, err := pgx.ForEachRow(rows, []any{&l.partner, &l.list, &l.sort, &l.days, &l.first, &l.past}, func() error {
		lists[l.partner] = append(lists[l.partner], l)
		return nil
	}); err != nil {
		return false, err
	}
	for partner, there := range lists {
		if rolled, err := rollList(ctx, tx, partner, there, wanted); rolled || err != nil {
			return rolled, err
		}
	}
	return false, nil
}

// takeUp adds to what is kept of large partners what was folded.
func (s *Store) takeUp(ctx context.Context, tx pgx.Tx) error {
	var some bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rank_delta)`).Scan(&some); err != nil || !some {
		return err
	}
	// Only who holds the fold lock writes these rows, so that each statement sees the same.
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{takeUpSums, nil}, {takeUpLastTrades, nil}, {takeUpGroups, nil}, {takeUpDays, nil}, {takeUpTraders, []any{s.zone.String()}}, {dropDays, nil},
		{`DELETE FROM rank_delta WHERE ` + ofReady, nil},
	} {
		if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("taking up what was folded: %w", err)
		}
	}
	return nil
}

const (
	rankDeltaColumns = `partner, level, below, referee, day, product, commission, shared, volume, eligible_volume, fees, trades, executed, deposits, withdrawals`

	// ofReady leaves out the partners of whom what is kept is being made: it comes to meet their rows.
	ofReady = `partner IN (SELECT partner FROM large_partner WHERE ready)`

	takeUpSums = `INSERT INTO referee_rank AS t (partner, list, referee, value)
		SELECT l.partner, l.list, d.referee, sum(CASE l.sort WHEN 'commission' THEN d.commission ELSE d.volume END)::bigint
		FROM (SELECT * FROM rank_delta WHERE ` + ofReady + `) d
		JOIN rank_list l ON l.partner = d.partner AND l.sort <> 'lastTradeAt' AND d.day >= l.first AND d.day < l.past
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
		ON CONFLICT (partner, list, referee) DO UPDATE SET value = t.value + excluded.value`

	takeUpLastTrades = `INSERT INTO referee_rank AS t (partner, list, referee, value)
		SELECT l.partner, l.list, a.uid, (extract(epoch FROM a.last_trade_at) * 1000000)::bigint
		FROM (SELECT DISTINCT partner, referee FROM rank_delta WHERE executed > 0 AND ` + ofReady + `) r
		JOIN rank_list l ON l.partner = r.partner AND l.sort = 'lastTradeAt'
		JOIN account a ON a.uid = r.referee AND a.last_trade_at IS NOT NULL
		ORDER BY 1, 2, 3
		ON CONFLICT (partner, list, referee) DO UPDATE SET value = greatest(t.value, excluded.value)`

	// groupOf joins to rows r who the referee is. What is the partner's code at the start of the path, is the code with which the path's first account registered.
	groupOf = `JOIN account a ON a.uid = r.referee LEFT JOIN account b ON b.uid = r.below AND r.below <> 0`
	codeOf  = `CASE WHEN r.below = 0 THEN a.signup_code ELSE coalesce(b.signup_code, '') END`

	groupSums = `sum(r.commission)::bigint, sum(r.shared)::bigint, sum(r.volume)::bigint, sum(r.eligible_volume)::bigint, sum(r.fees)::bigint,
		sum(r.trades)::bigint, sum(r.deposits)::bigint, sum(r.withdrawals)::bigint`

	addGroups = `ON CONFLICT (partner, day, below, code, country, product) DO UPDATE SET commission = t.commission + excluded.commission, shared = t.shared + excluded.shared,
		volume = t.volume + excluded.volume, eligible_volume = t.eligible_volume + excluded.eligible_volume, fees = t.fees + excluded.fees,
		trades = t.trades + excluded.trades, deposits = t.deposits + excluded.deposits, withdrawals = t.withdrawals + excluded.withdrawals`

	takeUpGroups = `INSERT INTO group_day AS t (partner, day, below, code, country, product, commission, shared, volume, eligible_volume, fees, trades, deposits, withdrawals)
		SELECT r.partner, r.day, r.below, ` + codeOf + `, a.country, r.product, ` + groupSums + `
		FROM rank_delta r ` + groupOf + ` WHERE r.` + ofReady + ` GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 ` + addGroups

	// A new day of a referee has no prev until takeUpTraders links it.
	takeUpDays = `INSERT INTO trader_day AS t (partner, referee, day, below, executed)
		SELECT partner, referee, day, max(below), sum(executed)::bigint FROM rank_delta WHERE ` + ofReady + `
		GROUP BY 1, 2, 3 HAVING sum(executed) <> 0 ORDER BY 1, 2, 3
		ON CONFLICT (partner, referee, day) DO UPDATE SET executed = t.executed + excluded.executed`

	// takeUpTraders links the days that are new, or are none any more, and those behind them, and counts the links. The parameter is the zone.
	takeUpTraders = `WITH changed AS MATERIALIZED (
			SELECT DISTINCT t.partner, t.referee, t.day FROM rank_delta d JOIN trader_day t USING (partner, referee, day) WHERE t.prev IS NULL OR t.executed <= 0),
		touched AS (
			SELECT partner, referee, day FROM changed
			UNION SELECT c.partner, c.referee, n.day FROM changed c CROSS JOIN LATERAL (
				SELECT t.day FROM trader_day t WHERE t.partner = c.partner AND t.referee = c.referee AND t.day > c.day AND t.executed > 0 ORDER BY t.day LIMIT 1) n),
		was AS MATERIALIZED (SELECT t.partner, t.referee, t.day, t.prev AS was, coalesce((SELECT p.day FROM trader_day p
				WHERE p.partner = t.partner AND p.referee = t.referee AND p.day < t.day AND p.executed > 0 ORDER BY p.day DESC LIMIT 1), '-infinity') AS prev
			FROM touched JOIN trader_day t USING (partner, referee, day)),
		r AS (
			UPDATE trader_day t SET prev = w.prev FROM was w WHERE (t.partner, t.referee, t.day) = (w.partner, w.referee, w.day)
			RETURNING t.partner, t.referee, t.day, t.below, w.was, w.prev, t.executed > 0 AS trades)
		INSERT INTO trader_count AS t (partner, day, prev, below, code, country, cohort, traders)
		SELECT r.partner, r.day, l.prev, r.below, ` + codeOf + `, a.country, date_trunc('month', a.registered_at AT TIME ZONE $1::text)::date, sum(l.n)::bigint
		FROM r ` + groupOf + ` CROSS JOIN LATERAL (VALUES (r.was, -1), (r.prev, CASE WHEN r.trades THEN 1 ELSE 0 END)) l (prev, n)
		WHERE l.prev IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(l.n) <> 0 ORDER BY 1, 2, 3
		ON CONFLICT (partner, day, prev, below, code, country, cohort) DO UPDATE SET traders = t.traders + excluded.traders`

	// Days on which, after all, the referee was none of the partner's.
	dropDays = `DELETE FROM trader_day t USING (SELECT DISTINCT partner, referee, day FROM rank_delta) d
		WHERE (t.partner, t.referee, t.day) = (d.partner, d.referee, d.day) AND t.executed <= 0`
)

// micros is a time as microseconds since 1970.
func micros(column string) string { return "(extract(epoch FROM " + column + ") * 1000000)::bigint" }

// among reports whether there is a list of the same order over the same days.
func (l rankList) among(lists []rankList) bool {
	return slices.ContainsFunc(lists, func(x rankList) bool {
		return x.sort == l.sort && x.days == l.days && x.first.Equal(l.first) && x.past.Equal(l.past)
	})
}

// rollList turns one of the lists of a partner that are there into one that should be there now, and says whether there was one. Lists of the
// calendar go and come as a whole: a new one is of a time that has just begun, or the one of the time that has just ended is it already. Rolling
// ones lose the days that leave and get those that enter.
func rollList(ctx context.Context, tx pgx.Tx, partner int64, there, wanted []rankList) (bool, error) {
	free := int32(1)
	for _, l := range there {
		if l.days == 0 && !l.among(wanted) {
			return true, dropList(ctx, tx, partner, l.list)
		}
		free = max(free, l.list+1)
	}
	for _, w := range wanted {
		if w.among(there) {
			continue
		}
		was := rankList{partner: partner, list: free, sort: w.sort, span: span{w.first, w.first}} // empty
		if i := slices.IndexFunc(there, func(l rankList) bool { return w.days > 0 && l.days == w.days && l.sort == w.sort }); i >= 0 {
			was = there[i]
		}
		if err := addList(ctx, tx, partner, was.list, w); err != nil {
			return false, err
		}
		return true, shiftSums(ctx, tx, was, w)
	}
	return false, nil
}

func addList(ctx context.Context, tx pgx.Tx, partner int64, list int32, w rankList) error {
	_, err := tx.Exec(ctx, `INSERT INTO rank_list (partner, list, sort, days, first, past) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (partner, list) DO UPDATE SET first = excluded.first, past = excluded.past`, partner, list, string(w.sort), w.days, w.first, w.past)
	return err
}

func dropList(ctx context.Context, tx pgx.Tx, partner int64, list int32) error {
	if _, err := tx.Exec(ctx, `DELETE FROM referee_rank WHERE partner = $1 AND list = $2`, partner, list); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM rank_list WHERE partner = $1 AND list = $2`, partner, list)
	return err
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
