package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"partnerhub/domain/referral"
)

// Referees are counted by referee_count, whole days of it, and the deltas that are not folded yet; what is left at either end of a period, and
// hours, by the indexes of the dates. A piece has what these know: day, at, below, code, country, and a number in the column of each date.

// countDates are the columns of table account that hold the dates, by those of referee_count.
var countDates = []struct{ count, date string }{
	{"registered", "registered_at"}, {"verified", "verified_at"}, {"deposited", "first_deposit_at"}, {"traded", "first_trade_at"},
}

// countColumn is the column of referee_count that a metric sums.
func countColumn(d referral.Metric) string {
	for _, c := range countDates {
		if c.date == d.Column {
			return c.count
		}
	}
	return "registered" // the total
}

// countDays read whole days from the rollup, under a condition on day.
func (m *metricsQuery) countDays(condition string) []string {
	var out []string
	for _, table := range []string{"referee_count", "delta_count"} {
		out = append(out, fmt.Sprintf(`SELECT day, NULL::timestamptz AS at, below, code, country, registered, verified, deposited, traded FROM %s WHERE partner = %s AND %s`, table, m.arg(m.partner), condition))
	}
	return out
}

// countAccounts read [a, b) from the accounts themselves: of the columns asked for.
func (m *metricsQuery) countAccounts(a, b time.Time, columns []string) (out []string) {
	if !a.Before(b) {
		return nil
	}
	me, zone, from, to := m.arg(m.partner), m.arg(m.store.zone.String()), m.arg(a), m.arg(b)
	for _, c := range countDates {
		if !slices.Contains(columns, c.count) {
			continue
		}
		counts := make([]string, len(countDates))
		for i, other := range countDates {
			counts[i] = fmt.Sprintf("%d::bigint AS %s", btoi(other == c), other.count)
		}
		for _, level := range m.levels() {
			below := [...]string{"", "0::bigint", "u1", "u2"}[level]
			out = append(out, fmt.Sprintf(`SELECT (%[1]s AT TIME ZONE %[2]s)::date AS day, %[1]s AS at, %[3]s AS below, code%[4]d AS code, country, %[5]s
				FROM account WHERE u%[4]d = %[6]s AND u%[4]d <> 0 AND %[1]s >= %[7]s AND %[1]s < %[8]s`, c.date, zone, below, level, strings.Join(counts, ", "), me, from, to))
		}
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// countsBefore read everybody who registered before the period.
func (m *metricsQuery) countsBefore() []string {
	day := m.midnight(m.q.Period.From)
	return append(m.countDays("day < "+m.date(day)), m.countAccounts(day, m.q.Period.From, []string{"registered"})...)
}

// registeredBefore counts them.
func (m *metricsQuery) registeredBefore() string {
	joins, where := m.groupFilter()
	return `SELECT coalesce(sum(g.registered), 0)::bigint FROM (` + strings.Join(m.countsBefore(), "\nUNION ALL ") + `) g` + joins + where
}

// countsSQL counts referees by the date on which it happened, each metric by its own date. A total by time counts the period's sign-ups
// here, and is cumulated afterwards.
func (m *metricsQuery) countsSQL(metrics []referral.Metric) string {
	columns := make([]string, len(metrics))
	before := false
	for i, d := range metrics {
		columns[i] = countColumn(d)
		before = before || d.Column == referral.TotalColumn && !m.q.GroupBy.Time()
	}
	from, to := m.q.Period.From, m.q.Period.To
	var pieces []string
	if a, b := m.ceil(from, m.midnight), m.midnight(to); m.q.GroupBy == referral.ByHour || !a.Before(b) {
		pieces = m.countAccounts(from, to, columns)
	} else {
		pieces = slices.Concat(m.countDays("day >= "+m.date(a)+" AND day < "+m.date(b)), m.countAccounts(from, a, columns), m.countAccounts(b, to, columns))
	}
	rows := "SELECT false AS earlier, x.* FROM (" + strings.Join(pieces, "\nUNION ALL ") + ") x"
	if len(pieces) == 0 { // nothing happens in no time
		rows = "SELECT false AS earlier, x.* FROM (" + m.countDays("false")[0] + ") x"
	}
	if before {
		rows += "\nUNION ALL SELECT true, x.* FROM (" + strings.Join(m.countsBefore(), "\nUNION ALL ") + ") x"
	}
	sums := make([]string, len(metrics))
	for i, d := range metrics {
		sums[i] = "coalesce(sum(g." + columns[i] + ") FILTER (WHERE NOT g.earlier), 0)::bigint"
		if d.Column == referral.TotalColumn {
			sums[i] = "coalesce(sum(g.registered), 0)::bigint"
		}
	}
	joins, where := m.groupFilter()
	return `SELECT ` + m.groupKey() + `, ` + strings.Join(sums, ", ") + ` FROM (` + rows + `) g` + joins + where + ` GROUP BY 1`
}

// groupKey groups rows g that say who the referees are, and when.
func (m *metricsQuery) groupKey() string {
	switch by := m.q.GroupBy; by {
	case referral.ByHour:
		return m.hourOf("g.at")
	case referral.ByDay:
		return "g.day::text"
	case referral.ByWeek, referral.ByMonth:
		return "date_trunc('" + string(by) + "', g.day::timestamp)::date::text"
	case referral.ByProduct:
		return "g.product::text"
	case referral.ByRelation:
		return "CASE WHEN g.below = 0 THEN 'direct' ELSE 'indirect' END"
	case referral.BySubPartner:
		return "coalesce(p.uid, 0)::text"
	case referral.ByCountry:
		return "g.country"
	case referral.ByCode:
		return "g.code"
	case byCohort:
		return "g.cohort::text || ' ' || g.day::text"
	}
	return "''"
}

// groupFilter are the conditions of the filters on such rows, but for the product's, and the join that the key and they need.
func (m *metricsQuery) groupFilter() (joins, where string) {
	f := m.q.Filter
	var conditions []string
	switch f.Relation {
	case referral.Direct:
		conditions = append(conditions, "g.below = 0")
	case referral.Indirect:
		conditions = append(conditions, "g.below <> 0")
	}
	if m.q.GroupBy == referral.BySubPartner || f.SubPartnerUID != 0 {
		joins = " LEFT JOIN partner p ON p.uid = g.below AND g.below <> 0"
	}
	if f.SubPartnerUID != 0 {
		conditions = append(conditions, "p.uid = "+m.arg(f.SubPartnerUID))
	}
	if f.Country != "" {
		conditions = append(conditions, "g.country = "+m.arg(f.Country))
	}
	if f.Code != "" {
		conditions = append(conditions, "g.code = "+m.arg(f.Code))
	}
	return joins, allOf("WHERE", conditions...)
}

// groupsSQL lists the groups that there is a referee of, whenever they registered.
func (m *metricsQuery) groupsSQL() string {
	if m.q.Filter.UID != 0 {
		return `SELECT ` + m.refereeKey("r") + ` FROM (` + m.referees() + `) r`
	}
	joins, where := m.groupFilter()
	return `SELECT ` + m.groupKey() + ` FROM (` + strings.Join(m.countDays("registered <> 0"), "\nUNION ALL ") + `) g` + joins + where + ` GROUP BY 1 HAVING sum(g.registered) > 0`
}

// refereeKeysSQL lists referees by ascending uid: all without a limit, else no more than can be among the first rows, of which known have figures.
func (m *metricsQuery) refereeKeysSQL(known int) string {
	sql := `SELECT r.uid::text FROM (` + m.referees() + `) r`
	if m.q.Limit == 0 || m.q.Limit > maxListed {
		return sql
	}
	return sql + fmt.Sprintf(` ORDER BY r.uid LIMIT %d`, m.q.Limit+known)
}

// maxListed is the largest limit for which not all referees are looked at.
const maxListed = 10_000
