package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/referral"
)

// keptMore reports whether more is kept of a partner than the rollups: see Rank.
func keptMore(ctx context.Context, tx pgx.Tx, partner int64) (kept bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM large_partner WHERE partner = $1 AND ready)`, partner).Scan(&kept)
	return kept, err
}

// wholeDays reports whether the period has any.
func (m *metricsQuery) wholeDays() bool {
	return m.ceil(m.q.Period.From, m.midnight).Before(m.midnight(m.q.Period.To))
}

// keptByGroup reports whether the sums of a large partner by who the referees are answer what the rollup by hour cannot: all but single referees
// and hours.
func (m *metricsQuery) keptByGroup(metrics []referral.Metric) bool {
	return m.q.GroupBy != referral.ByHour && m.q.GroupBy != referral.ByReferee && m.q.Filter.UID == 0 && m.wholeDays() && !m.coarse(metrics) &&
		!slices.ContainsFunc(metrics, func(d referral.Metric) bool { return d.Column == referral.TradersColumn })
}

// countsTraders reports whether the counts of a large partner's traders do, which do not know products either.
func (m *metricsQuery) countsTraders() bool {
	return m.q.GroupBy != referral.ByProduct && m.q.Filter.Product == "" && m.q.GroupBy != referral.ByHour && m.q.GroupBy != referral.ByReferee && m.q.Filter.UID == 0 && m.wholeDays()
}

// takenLater reads [a, b), whole days, of what was folded and is not taken up yet.
func (m *metricsQuery) takenLater(from, to string) string {
	return fmt.Sprintf(`SELECT referee, below AS owner, below AS u2, NULL::timestamptz AS at, day, level::int, product, commission, shared,
		volume, eligible_volume, fees, trades, executed, deposits, withdrawals
		FROM rank_delta WHERE partner = %s AND day >= %s AND day < %s`, m.arg(m.partner), from, to)
}

const (
	// belowOf and pathCode say who a referee x of account a is, as the tables of large partners do.
	belowOf  = `CASE x.level WHEN 1 THEN 0 WHEN 2 THEN x.owner ELSE x.u2 END`
	pathCode = `CASE x.level WHEN 1 THEN a.code1 WHEN 2 THEN a.code2 ELSE a.code3 END`
)

// keptActivitySQL sums activity by who the referees are, from what is kept so; what it does not have yet, and the parts of days, by referee.
func (m *metricsQuery) keptActivitySQL(metrics []referral.Metric) string {
	a, b := m.ceil(m.q.Period.From, m.midnight), m.midnight(m.q.Period.To)
	from, to := m.date(a), m.date(b)
	late := slices.Concat([]string{m.takenLater(from, to), m.dayPiece("delta", a, b)}, m.factPieces(m.q.Period.From, a), m.factPieces(b, m.q.Period.To))
	product := "true"
	if m.q.Filter.Product != "" {
		product = "product = " + m.arg(productCode(m.q.Filter.Product))
	} else if m.q.GroupBy == referral.ByProduct {
		product = "product <> 0"
	}
	rows := `SELECT day, below, code, country, product, commission, shared, volume, eligible_volume, fees, trades, deposits, withdrawals
			FROM group_day WHERE partner = ` + m.arg(m.partner) + ` AND day >= ` + from + ` AND day < ` + to + ` AND ` + product + `
		UNION ALL SELECT x.day, ` + belowOf + `, ` + pathCode + `, a.country, x.product, x.commission, x.shared, x.volume, x.eligible_volume, x.fees, x.trades, x.deposits, x.withdrawals
			FROM (` + strings.Join(late, "\nUNION ALL ") + `) x JOIN account a ON a.uid = x.referee WHERE ` + product
	sums := make([]string, len(metrics))
	for i, d := range metrics {
		sums[i] = "sum(g." + d.Column + ")::bigint"
		if d.Less != "" {
			sums[i] = fmt.Sprintf("(sum(g.%s) - sum(g.%s))::bigint", d.Column, d.Less)
		}
	}
	joins, where := m.groupFilter()
	return `SELECT ` + m.groupKey() + `, ` + strings.Join(sums, ", ") + ` FROM (` + rows + `) g` + joins + where + ` GROUP BY 1`
}

// keptTradersSQL counts the distinct referees with a trade in each group's days: on the first of them, before which they last traded on a day
// before the group's. Who traded on a part of a day, or in what is not taken up yet, is added if no other day of the group tells of them.
func (m *metricsQuery) keptTradersSQL() string {
	a, b := m.ceil(m.q.Period.From, m.midnight), m.midnight(m.q.Period.To)
	me, from, to := m.arg(m.partner), m.date(a), m.date(b)
	bucket := func(day string) string { // the first day of its group
		switch by := m.q.GroupBy; by {
		case referral.ByDay:
			return day
		case referral.ByWeek, referral.ByMonth:
			return "date_trunc('" + string(by) + "', " + day + "::timestamp)::date"
		case byCohort:
			return "date_trunc('month', " + day + "::timestamp)::date"
		}
		return "'-infinity'::date"
	}
	late := []string{m.takenLater(from, to), m.dayPiece("delta", a, b)}
	for _, facts := range [][]string{m.factPieces(m.q.Period.From, a), m.factPieces(b, m.q.Period.To)} {
		if len(facts) > 0 {
			late = append(late, facts[0]) // the trades as they happened
		}
	}
	days := `FROM trader_day t WHERE t.partner = ` + me + ` AND t.referee = w.referee AND t.day >= ` + from + ` AND t.day < ` + to + ` AND ` + bucket("t.day") + ` = w.day`
	joins, where := m.groupFilter()
	return `WITH late AS MATERIALIZED (
			SELECT x.referee, x.level, ` + belowOf + ` AS below, x.day, sum(x.executed) AS executed
			FROM (` + strings.Join(late, "\nUNION ALL ") + `) x WHERE x.executed <> 0 GROUP BY 1, 2, 3, 4),
		w AS (SELECT referee, level, below, ` + bucket("l.day") + ` AS day, bool_or(executed < 0) AS less FROM late l GROUP BY 1, 2, 3, 4),
		late_traders AS MATERIALIZED (SELECT w.referee, w.level, w.below, w.day,
			CASE WHEN w.less THEN EXISTS (SELECT FROM (SELECT t.day, t.executed ` + days + ` UNION ALL SELECT l.day, l.executed FROM late l WHERE l.referee = w.referee AND ` + bucket("l.day") + ` = w.day) d
					GROUP BY d.day HAVING sum(d.executed) > 0)::int - EXISTS (SELECT ` + days + `)::int
				ELSE 1 - EXISTS (SELECT ` + days + `)::int END AS traders
			FROM w)
		SELECT ` + m.groupKey() + `, sum(g.traders)::bigint FROM (
			SELECT ` + bucket("day") + ` AS day, below, code, country, cohort, traders FROM trader_count
				WHERE partner = ` + me + ` AND day >= ` + from + ` AND day < ` + to + ` AND prev < greatest(` + bucket("day") + `, ` + from + `)
			UNION ALL SELECT x.day, x.below, ` + pathCode + `, a.country, ` + m.cohortOf("a") + `, x.traders
				FROM late_traders x JOIN account a ON a.uid = x.referee WHERE x.traders <> 0) g` + joins + where + ` GROUP BY 1`
}

// firstReferees narrows a ranking of a large partner's referees to those whom a sorted list has first.
func (m *metricsQuery) firstReferees(ctx context.Context) error {
	sort := referral.RefereeSort(m.q.Metrics[0])
	if !m.kept || m.q.GroupBy != referral.ByReferee || m.q.Filter != (referral.Filter{}) || m.q.UIDs != nil || m.q.Limit == 0 || m.q.Limit > maxListed ||
		sort != referral.SortCommission && sort != referral.SortVolume {
		return nil
	}
	l := newRefereeList(m.store, m.tx, m.partner, referral.RefereeQuery{Period: m.q.Period, Sort: sort, Limit: m.q.Limit - 1}, refereeCursor{})
	l.kept = true
	list, err := l.rankList(ctx, sort)
	if err != nil || list == 0 {
		return err
	}
	if m.q.UIDs, err = l.ranked(ctx, list); m.q.UIDs == nil {
		m.q.UIDs = []int64{}
	}
	return err
}
