package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Activity reports how the caller's referees trade. The error is CodeInvalid on period when that is longer than
// referral.MaxActivityDays.
func (s *Store) Activity(ctx context.Context, c domain.Caller, q referral.ActivityQuery, now time.Time) (r referral.ActivityReport, err error) {
	if q.Period.To.Sub(q.Period.From) > referral.MaxActivityDays*24*time.Hour+time.Hour {
		return r, domain.Invalid("period", "at most %d days: trading habits are read from the trades themselves", referral.MaxActivityDays)
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		// Some hundred thousand referee-days and trades are grouped in memory; what does not fit goes to disk and takes twice as long.
		if _, err := tx.Exec(ctx, `SET LOCAL work_mem = '32MB'`); err != nil {
			return err
		}
		a := activityReport{
			metricsQuery: metricsQuery{store: s, tx: tx, partner: c.UID, now: now, q: referral.Query{
				Period: q.Period, GroupBy: referral.TrendUnit(q.Period), Filter: referral.Filter{Product: q.Product, Relation: q.Relation},
			}},
			earlier: q.Earlier, trend: map[string][]int64{}, out: &r,
		}
		for _, part := range []func(context.Context) error{a.states, a.times, a.traders, a.symbols} {
			if err := part(ctx); err != nil {
				return fmt.Errorf("referees' activity: %w", err)
			}
		}
		return nil
	})
	return r, err
}

// activityReport is one report on its way. The trend's buckets are those of metricsQuery.
type activityReport struct {
	metricsQuery
	earlier domain.Period
	trend   map[string][]int64 // volume, trades and traders by bucket
	out     *referral.ActivityReport
}

// bucket is a row of the trend to be.
func (a *activityReport) bucket(key string) []int64 {
	if a.trend[key] == nil {
		a.trend[key] = make([]int64, 3)
	}
	return a.trend[key]
}

// product is the condition on a row x of trades.
func (a *activityReport) product() string {
	if p := a.q.Filter.Product; p != "" {
		return "x.product = " + a.arg(productCode(p))
	}
	return "x.product <> 0"
}

// during is the query about another period.
func (a *activityReport) during(p domain.Period) *activityReport {
	b := *a
	b.q.Period = p
	return &b
}

// states counts the referees by what they are as of now.
func (a *activityReport) states(ctx context.Context) error {
	a.args = nil
	p, r := a.q.Period, a.out
	sql := `WITH unfolded AS (SELECT referee, max(last_at) AS at FROM delta WHERE ` + a.ours(a.arg(a.partner)) + ` GROUP BY referee)
		SELECT count(*), count(*) FILTER (WHERE x.at < ` + a.arg(referral.DormantBefore(a.now, a.store.zone)) + `), count(*) FILTER (WHERE x.at IS NULL),
			count(*) FILTER (WHERE x.registered_at >= ` + a.arg(p.From) + ` AND x.registered_at < ` + a.arg(p.To) + `)
		FROM (SELECT r.registered_at, greatest(a.last_trade_at, u.at) AS at FROM (` + a.referees() + `) r JOIN account a USING (uid) LEFT JOIN unfolded u ON u.referee = r.uid) x`
	return a.tx.QueryRow(ctx, sql, a.args...).Scan(&r.Total, &r.Dormant, &r.Inactive, &r.New)
}

// times sums the period by hour, from the rollup by hour, and cuts it by product, hour of the day, weekday and bucket of the
// trend.
func (a *activityReport) times(ctx context.Context) error {
	a.args = nil
	rows, err := a.tx.Query(ctx, `SELECT x.at, x.product, sum(x.volume)::bigint, sum(x.trades)::bigint
		FROM (`+strings.Join(a.coarsePieces(), " UNION ALL ")+`) x WHERE `+a.product()+` GROUP BY 1, 2`, a.args...)
	if err != nil {
		return err
	}
	r := a.out
	for _, p := range products[1:] {
		r.ByProduct = append(r.ByProduct, referral.Tendency{Key: string(p)})
	}
	for i := range r.Hours {
		r.Hours[i].Key = fmt.Sprintf("%02d:00", i)
	}
	for i := range r.Weekdays {
		r.Weekdays[i].Key = time.Weekday((i + 1) % 7).String()
	}
	var at time.Time
	var product int16
	var volume domain.Money
	var trades int64
	_, err = pgx.ForEachRow(rows, []any{&at, &product, &volume, &trades}, func() error {
		t := at.In(a.store.zone)
		parts := []*referral.Tendency{&r.ByProduct[product-1], &r.Hours[t.Hour()], &r.Weekdays[(int(t.Weekday())+6)%7]}
		for _, p := range parts {
			p.Volume += volume
			p.Trades += trades
		}
		r.Volume += volume
		r.Trades += trades
		b := a.bucket(a.bucketKey(a.bucketStart(t)))
		b[0] += int64(volume)
		b[1] += trades
		return nil
	})
	return err
}

// coarsePieces read the period by hour and product, knowing no referees.
func (a *activityReport) coarsePieces() []string {
	from, to := a.q.Period.From, a.q.Period.To
	x, y := a.ceil(from, a.store.hour), a.store.hour(to)
	if !x.Before(y) {
		return a.factPieces(from, to)
	}
	return slices.Concat(a.hourPieces(x, y), a.factPieces(from, x), a.factPieces(y, to))
}

// traders counts who traded in the period and in the earlier one, by bucket and product, and finds who moved.
func (a *activityReport) traders(ctx context.Context) error {
	a.args = nil
	was := a.during(a.earlier)
	now := a.refereePieces()
	was.args = a.args
	before := was.refereePieces()
	a.args = was.args
	bucket := "x.day"
	if a.q.GroupBy == referral.ByWeek {
		bucket = "date_trunc('week', x.day::timestamp)::date"
	}
	rows, err := a.tx.Query(ctx, `
		WITH x AS (SELECT 0 AS side, n.* FROM (`+strings.Join(now, " UNION ALL ")+`) n UNION ALL SELECT 1, b.* FROM (`+strings.Join(before, " UNION ALL ")+`) b),
		p AS MATERIALIZED (SELECT side, referee, `+bucket+` AS bucket, product, sum(x.volume)::bigint AS volume, sum(x.executed) > 0 AS traded
			FROM x WHERE `+a.product()+` GROUP BY 1, 2, 3, 4),
		g AS MATERIALIZED (SELECT side, referee, bucket, sum(volume)::bigint AS volume, bool_or(traded) AS traded FROM p GROUP BY 1, 2, 3),
		r AS (SELECT referee, bool_or(traded) FILTER (WHERE side = 0) AS now, bool_or(traded) FILTER (WHERE side = 1) AS before,
			coalesce(sum(volume) FILTER (WHERE side = 0), 0)::bigint AS volume, coalesce(sum(volume) FILTER (WHERE side = 1), 0)::bigint AS earlier FROM g GROUP BY 1)
		SELECT 'all', 0, 0::bigint, count(*) FILTER (WHERE now), count(*) FILTER (WHERE before) FROM r
		UNION ALL SELECT 'product', 0, product - 1, count(*), 0
			FROM (SELECT product, referee FROM p WHERE side = 0 AND traded GROUP BY 1, 2) t GROUP BY product
		UNION ALL SELECT 'bucket', side, (bucket - DATE '1970-01-01')::bigint, count(*) FILTER (WHERE traded), 0 FROM g GROUP BY 2, 3
		UNION ALL (SELECT 'mover', 0, referee, volume, earlier FROM r WHERE volume <> earlier ORDER BY abs(volume - earlier) DESC, referee LIMIT `+strconv.Itoa(referral.TopMovers)+`)`, a.args...)
	if err != nil {
		return err
	}
	r := a.out
	traded := map[string]int64{} // in the earlier period, by bucket
	var kind string
	var side int
	var key, x, y int64
	if _, err := pgx.ForEachRow(rows, []any{&kind, &side, &key, &x, &y}, func() error {
		switch kind {
		case "all":
			r.Active, r.Before = x, y
		case "product":
			r.ByProduct[key].Traders = x
		case "bucket":
			date := time.Unix(key*86400, 0).UTC().Format(time.DateOnly)
			if side == 0 {
				a.bucket(date)[2] = x
			} else {
				traded[date] = x
			}
		case "mover":
			r.Movers = append(r.Movers, referral.Mover{UID: key, Current: domain.Money(x), Previous: domain.Money(y)})
		}
		return nil
	}); err != nil {
		return err
	}
	slices.SortFunc(r.Movers, func(m, n referral.Mover) int {
		return cmp.Or(cmp.Compare(max(n.Change(), -n.Change()), max(m.Change(), -m.Change())), cmp.Compare(m.UID, n.UID))
	})
	earlier := was.buckets()
	for i, key := range a.bucketKeys(a.trend) {
		b := a.bucket(key)
		row := referral.TrendRow{Key: key, Volume: domain.Money(b[0]), Trades: b[1], Traders: b[2]}
		if i < len(earlier) {
			row.Before = a.bucketKey(earlier[i])
			row.Traded = traded[row.Before]
		}
		r.Trend = append(r.Trend, row)
	}
	return nil
}

// symbols reads the period's trades themselves: nothing else knows symbols.
func (a *activityReport) symbols(ctx context.Context) error {
	a.args = nil
	from, to := a.arg(a.q.Period.From), a.arg(a.q.Period.To)
	var pieces []string
	for _, x := range []struct{ at, sign, executed string }{{"at", "", "true"}, {"reversed_at", "-", "false"}} {
		pieces = append(pieces, fmt.Sprintf(`SELECT symbol, referee, %[2]svolume AS volume, %[2]s1 AS trades, %[3]s AS executed, product FROM trade
			WHERE %[4]s AND %[1]s >= %[5]s AND %[1]s < %[6]s`, x.at, x.sign, x.executed, a.ours(a.arg(a.partner)), from, to))
	}
	rows, err := a.tx.Query(ctx, `
		SELECT symbol, sum(volume)::bigint, sum(trades)::bigint, count(*) FILTER (WHERE traded), count(*) OVER ()
		FROM (SELECT symbol, referee, sum(volume)::bigint AS volume, sum(trades) AS trades, bool_or(executed) AS traded
			FROM (`+strings.Join(pieces, " UNION ALL ")+`) x WHERE `+a.product()+` GROUP BY 1, 2) s
		GROUP BY 1 ORDER BY 2 DESC, symbol COLLATE "C" LIMIT `+strconv.Itoa(referral.TopSymbols), a.args...)
	if err != nil {
		return err
	}
	var t referral.Tendency
	_, err = pgx.ForEachRow(rows, []any{&t.Key, &t.Volume, &t.Trades, &t.Traders, &a.out.Symbols}, func() error {
		a.out.TopSymbols = append(a.out.TopSymbols, t)
		return nil
	})
	return err
}
