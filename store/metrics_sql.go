package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// columns that every piece of activity has, after what identifies it.
var activityColumns = []string{"commission", "shared", "volume", "eligible_volume", "fees", "trades", "executed", "deposits", "withdrawals"}

// levels are those that the relation filter leaves.
func (m *metricsQuery) levels() []int {
	switch m.q.Filter.Relation {
	case referral.Direct:
		return []int{1}
	case referral.Indirect:
		return []int{2, 3}
	}
	return []int{1, 2, 3}
}

// above is the column that holds the partner at a level.
func above(level int) string { return [...]string{"", "owner", "u2", "u3"}[level] }

// mine is the condition on activity at a level below the partner. Rows are kept by owner: those of the levels beyond the
// direct one are found by the owners below me. Where levels need not be told apart by statement, ours reads them at once.
func mine(level int, me string) string {
	if level == 1 {
		return "owner = " + me + " AND owner <> 0"
	}
	return fmt.Sprintf("owner = ANY (ARRAY(SELECT DISTINCT u1 FROM account WHERE u%[1]d = %[2]s AND u%[1]d <> 0)) AND %[3]s = %[2]s AND owner <> 0", level, me, above(level))
}

// ours is the condition on activity at the levels that the relation filter leaves. All levels are one scan: a scan for each would be
// planned, checked for the second wall and started three times.
func (m *metricsQuery) ours(me string) string {
	if m.q.UIDs != nil { // few, whose owners are found without looking for all of them
		uids := m.uids(m.q.UIDs)
		at := map[referral.Relation]string{"": me + " IN (owner, u2, u3)", referral.Direct: "owner = " + me, referral.Indirect: me + " IN (u2, u3)"}[m.q.Filter.Relation]
		return "referee = ANY (" + uids + ") AND owner = ANY (ARRAY(SELECT DISTINCT u1 FROM account WHERE uid = ANY (" + uids + "))) AND " + at + " AND owner <> 0"
	}
	const below = "SELECT u1 FROM account WHERE u%[2]d = %[1]s AND u%[2]d <> 0"
	indirect := fmt.Sprintf(below, me, 2) + " UNION " + fmt.Sprintf(below, me, 3)
	switch m.q.Filter.Relation {
	case referral.Direct:
		return mine(1, me)
	case referral.Indirect:
		return "owner = ANY (ARRAY(" + indirect + ")) AND " + me + " IN (u2, u3) AND owner <> 0"
	}
	return "owner = ANY (ARRAY(SELECT " + me + " UNION " + indirect + ")) AND " + me + " IN (owner, u2, u3) AND owner <> 0"
}

// levelOf is the level at which the partner stands above a row of activity.
func levelOf(me string) string {
	return fmt.Sprintf("CASE %[1]s WHEN owner THEN 1 WHEN u2 THEN 2 ELSE 3 END", me)
}

// earned is what a row of activity earned the partner.
func earned(me string) string {
	return fmt.Sprintf("CASE %[1]s WHEN owner THEN earned1 WHEN u2 THEN earned2 ELSE earned3 END", me)
}

// shared is what the partner paid back of it: the rebate comes out of the direct partner's share alone.
func shared(me string) string {
	return fmt.Sprintf("CASE WHEN owner = %s THEN rebate ELSE 0 END", me)
}

// coarse reports whether the rollup by partner and hour can answer: it knows no referees.
func (m *metricsQuery) coarse(metrics []referral.Metric) bool {
	for _, d := range metrics {
		if d.Column == referral.TradersColumn {
			return false
		}
	}
	switch m.q.GroupBy {
	case referral.ByReferee, referral.BySubPartner, referral.ByCountry, referral.ByCode, byCohort:
		return false
	}
	f := m.q.Filter
	return f == referral.Filter{Product: f.Product, Relation: f.Relation}
}

// activitySQL sums trades, deposits and withdrawals of the partner's referees by key.
//
// Whole days come from the rollup by referee and day (or, where nobody asks for referees, by partner and hour) plus the
// deltas that are not folded yet; the rest of the period, at most a part of a day at either end, from the facts.
func (m *metricsQuery) activitySQL(metrics []referral.Metric) string {
	var pieces []string
	p := m.q.Period
	from, to := p.From, p.To
	switch {
	case m.coarse(metrics):
		if a, b := m.ceil(from, m.store.hour), m.store.hour(to); a.Before(b) {
			pieces = append(pieces, m.hourPieces(a, b)...)
			pieces = append(append(pieces, m.factPieces(from, a)...), m.factPieces(b, to)...)
			break
		}
		pieces = m.factPieces(from, to)
	case m.q.GroupBy == referral.ByHour: // no rollup has referees by hour
		pieces = m.factPieces(from, to)
	default:
		pieces = m.refereePieces()
	}
	key, joins, where := m.activityKey()
	rows := "(" + strings.Join(pieces, "\nUNION ALL ") + ")"
	if m.byAccount() {
		// What is told apart by who somebody is, is summed by referee first, whose numbers hash well: joins and texts then
		// meet one row a referee instead of one a day and product.
		rows = `(SELECT referee, level, owner, u2, NULL::smallint AS product, ` + activitySums("y") + ` FROM ` + rows + ` y` + m.productOnly("y") + ` GROUP BY 1, 2, 3, 4)`
	}
	outer := make([]string, len(metrics))
	distinct := false
	for i, d := range metrics {
		switch {
		case d.Column == referral.TradersColumn:
			outer[i], distinct = "count(*) FILTER (WHERE g.executed > 0)", true
		case d.Less != "":
			outer[i] = fmt.Sprintf("(sum(g.%s) - sum(g.%s))::bigint", d.Column, d.Less)
		default:
			outer[i] = fmt.Sprintf("sum(g.%s)::bigint", d.Column)
		}
	}
	group := "1"
	if distinct {
		group = "1, x.referee"
	}
	return `SELECT g.key, ` + strings.Join(outer, ", ") + ` FROM (SELECT ` + key + ` AS key, ` + activitySums("x") +
		` FROM ` + rows + ` x` + joins + where + ` GROUP BY ` + group + `) g GROUP BY g.key`
}

// activitySums adds up every column of activity of a source. PostgreSQL leaves out those that nobody asks for.
func activitySums(of string) string {
	out := make([]string, len(activityColumns))
	for i, c := range activityColumns {
		out[i] = fmt.Sprintf("sum(%s.%s)::bigint AS %s", of, c, c)
	}
	return strings.Join(out, ", ")
}

// byAccount reports whether the groups are told apart by who the referee is.
func (m *metricsQuery) byAccount() bool {
	switch m.q.GroupBy {
	case referral.ByReferee, referral.BySubPartner, referral.ByCountry, referral.ByCode:
		return true
	}
	return false
}

// productOnly is the condition of the product filter on a source.
func (m *metricsQuery) productOnly(of string) string {
	if m.q.Filter.Product == "" {
		return ""
	}
	return " WHERE " + of + ".product = " + m.arg(productCode(m.q.Filter.Product))
}

// refereePieces read the period by referee: whole days from the rollup, what is left at either end from the facts.
func (m *metricsQuery) refereePieces() []string {
	from, to := m.q.Period.From, m.q.Period.To
	a, b := m.ceil(from, m.midnight), m.midnight(to)
	if !a.Before(b) {
		return m.factPieces(from, to)
	}
	return slices.Concat(m.dayPieces(a, b), m.factPieces(from, a), m.factPieces(b, to))
}

// midnight is the start of t's day in the reporting zone.
func (m *metricsQuery) midnight(t time.Time) time.Time {
	return domain.StartOfDay(t.In(m.store.zone))
}

// ceil is the first bucket start at or after t.
func (m *metricsQuery) ceil(t time.Time, floor func(time.Time) time.Time) time.Time {
	f := floor(t)
	if f.Equal(t) {
		return t
	}
	// The next bucket starts within 25 hours (a day when the clock goes back) of this one.
	for step := time.Hour / 2; ; step += time.Hour / 2 {
		if n := floor(f.Add(step)); n.After(t) {
			return n
		}
	}
}

// activityKey is the expression by which activity is grouped, and the joins and conditions of the filters.
func (m *metricsQuery) activityKey() (key, joins, where string) {
	var conditions []string
	account, partner := false, false
	switch by := m.q.GroupBy; by {
	case referral.ByNone:
		key = "''"
	case referral.ByHour:
		key = m.hourOf("x.at")
	case referral.ByDay:
		key = "x.day::text"
	case referral.ByWeek, referral.ByMonth:
		key = "date_trunc('" + string(by) + "', x.day::timestamp)::date::text"
	case referral.ByProduct:
		key = "x.product::text"
		conditions = append(conditions, "x.product <> 0")
	case referral.ByRelation:
		key = "CASE WHEN x.level = 1 THEN 'direct' ELSE 'indirect' END"
	case referral.ByReferee:
		key = "x.referee::text"
	case referral.BySubPartner:
		key, partner = "coalesce(p.uid, 0)::text", true
	case referral.ByCountry:
		key, account = "a.country", true
	case referral.ByCode:
		key, account = "CASE x.level WHEN 1 THEN a.code1 WHEN 2 THEN a.code2 ELSE a.code3 END", true
	case byCohort:
		key, account = m.cohortOf("a")+"::text || ' ' || date_trunc('month', x.day::timestamp)::date::text", true
	}
	f := m.q.Filter
	if f.UID != 0 {
		conditions = append(conditions, "x.referee = "+m.arg(f.UID))
	}
	if m.q.UIDs != nil {
		conditions = append(conditions, "x.referee = ANY ("+m.uids(m.q.UIDs)+")")
	}
	if f.SubPartnerUID != 0 {
		partner = true
		conditions = append(conditions, "p.uid = "+m.arg(f.SubPartnerUID))
	}
	if f.Product != "" && !m.byAccount() { // else the sums by referee have it
		conditions = append(conditions, "x.product = "+m.arg(productCode(f.Product)))
	}
	if f.Country != "" {
		account = true
		conditions = append(conditions, "a.country = "+m.arg(f.Country))
	}
	if f.Code != "" {
		account = true
		conditions = append(conditions, "CASE x.level WHEN 1 THEN a.code1 WHEN 2 THEN a.code2 ELSE a.code3 END = "+m.arg(f.Code))
	}
	if account {
		joins += " JOIN account a ON a.uid = x.referee"
	}
	if partner {
		joins += " LEFT JOIN partner p ON p.uid = CASE x.level WHEN 2 THEN x.owner WHEN 3 THEN x.u2 END"
	}
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	return key, joins, where
}

// hourPieces read [a, b), whole hours, from the rollup by partner and hour.
func (m *metricsQuery) hourPieces(a, b time.Time) []string {
	me, from, to := m.arg(m.partner), m.arg(a), m.arg(b)
	zone := m.arg(m.store.zone.String())
	level := ""
	if ls := m.levels(); len(ls) < 3 {
		level = fmt.Sprintf(" AND level = %d", min(ls[0], 2))
	}
	var out []string
	for _, table := range []string{"partner_hour", "delta_hour"} {
		out = append(out, `SELECT 0::bigint AS referee, 0::bigint AS owner, 0::bigint AS u2, hour AS at, (hour AT TIME ZONE `+zone+`)::date AS day, level::int AS level, product,
			earned AS commission, rebate AS shared, volume, eligible_volume, fees, trades, 0::bigint AS executed, deposits, withdrawals
			FROM `+table+` WHERE partner = `+me+` AND hour >= `+from+` AND hour < `+to+level)
	}
	return out
}

// dayPieces read [a, b), whole days, from the rollup by referee and day.
func (m *metricsQuery) dayPieces(a, b time.Time) []string {
	return []string{m.dayPiece("referee_day", a, b), m.dayPiece("delta", a, b)}
}

// dayPiece reads [a, b), whole days, from the rollup by referee and day, or from the deltas that are not in it yet.
func (m *metricsQuery) dayPiece(table string, a, b time.Time) string {
	me, from, to := m.arg(m.partner), m.date(a), m.date(b)
	return fmt.Sprintf(`SELECT referee, owner, u2, NULL::timestamptz AS at, day, %s AS level, product, %s AS commission, %s AS shared,
		volume, eligible_volume, fees, trades, executed, deposits, withdrawals
		FROM %s WHERE %s AND day >= %s AND day < %s`, levelOf(me), earned(me), shared(me), table, m.ours(me), from, to)
}

// factPieces read [a, b) from the trades and transfers themselves.
func (m *metricsQuery) factPieces(a, b time.Time) []string {
	if !a.Before(b) {
		return nil
	}
	me, from, to, zone := m.arg(m.partner), m.arg(a), m.arg(b), m.arg(m.store.zone.String())
	var out []string
	for _, x := range []struct{ at, sign, executed string }{{"at", "", "1"}, {"reversed_at", "-", "0"}} {
		out = append(out, fmt.Sprintf(`SELECT referee, owner, u2, %[1]s AS at,
			(%[1]s AT TIME ZONE %[6]s)::date AS day, %[2]s AS level, product, %[3]s(%[10]s) AS commission, %[3]s(%[4]s) AS shared, %[3]svolume AS volume,
			CASE WHEN eligible THEN %[3]svolume ELSE 0 END AS eligible_volume, %[3]sfee_paid AS fees, %[3]s1::bigint AS trades, %[5]s::bigint AS executed, 0::bigint AS deposits, 0::bigint AS withdrawals
			FROM trade WHERE %[7]s AND %[1]s >= %[8]s AND %[1]s < %[9]s`,
			x.at, levelOf(me), x.sign, shared(me), x.executed, zone, m.ours(me), from, to, earned(me)))
	}
	return append(out, fmt.Sprintf(`SELECT referee, owner, u2, at,
		(at AT TIME ZONE %[2]s)::date, %[1]s, 0::smallint, 0, 0, 0, 0, 0, 0, 0, CASE WHEN withdrawal THEN 0 ELSE amount END, CASE WHEN withdrawal THEN amount ELSE 0 END
		FROM transfer WHERE %[3]s AND at >= %[4]s AND at < %[5]s`, levelOf(me), zone, m.ours(me), from, to))
}

// referees is a query of the partner's referees that pass the filters, with the level at which they stand.
func (m *metricsQuery) referees() string {
	me := m.arg(m.partner)
	f := m.q.Filter
	var conditions []string
	if f.UID != 0 {
		conditions = append(conditions, "r.uid = "+m.arg(f.UID))
	}
	if m.q.UIDs != nil {
		conditions = append(conditions, "r.uid = ANY ("+m.uids(m.q.UIDs)+")")
	}
	if f.Country != "" {
		conditions = append(conditions, "r.country = "+m.arg(f.Country))
	}
	if f.Code != "" {
		conditions = append(conditions, "r.code = "+m.arg(f.Code))
	}
	if f.SubPartnerUID != 0 {
		conditions = append(conditions, "r.sub_partner = "+m.arg(f.SubPartnerUID))
	}
	var levels []string
	for _, l := range m.levels() {
		sub := [...]string{"", "0::bigint", "u1", "u2"}[l]
		levels = append(levels, fmt.Sprintf(`SELECT uid, %d AS level, country, code%d AS code, %s AS below, registered_at, verified_at, first_deposit_at, first_trade_at
			FROM account WHERE u%d = %s AND u%d <> 0`, l, l, sub, l, me, l))
	}
	sql := `SELECT * FROM (SELECT r.*, coalesce(p.uid, 0) AS sub_partner FROM (` + strings.Join(levels, " UNION ALL ") + `) r LEFT JOIN partner p ON p.uid = r.below AND r.below <> 0) r`
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return sql
}

// tradersSQL counts the referees who traded in the period. Of most, the time of their last trade tells; the days of those who
// traded after the period, too, are looked at only if there are any.
func (m *metricsQuery) tradersSQL() string {
	me, from, to := m.arg(m.partner), m.arg(m.q.Period.From), m.arg(m.q.Period.To)
	var lasts []string
	for _, l := range m.levels() {
		lasts = append(lasts,
			fmt.Sprintf("SELECT uid, last_trade_at AS at FROM account WHERE u%[1]d = %[2]s AND u%[1]d <> 0 AND last_trade_at >= %[3]s", l, me, from),
			// Not folded yet. The path of a delta may be a former one.
			fmt.Sprintf("SELECT referee, last_at FROM delta WHERE %[1]s AND last_at >= %[2]s AND referee IN (SELECT uid FROM account WHERE u%[3]d = %[4]s)", mine(l, me), from, l, me))
	}
	return `WITH last AS MATERIALIZED (SELECT uid, bool_or(at < ` + to + `) AS within FROM (` + strings.Join(lasts, "\nUNION ALL ") + `) l GROUP BY uid)
		SELECT '', (SELECT count(*) FROM last WHERE within) + (SELECT count(DISTINCT referee) FROM (` + strings.Join(m.refereePieces(), "\nUNION ALL ") + `) x
			WHERE EXISTS (SELECT FROM last WHERE NOT within) AND x.executed > 0 AND x.referee IN (SELECT uid FROM last WHERE NOT within))`
}

// refereeKey groups referees by what they are.
func (m *metricsQuery) refereeKey(r string) string {
	switch m.q.GroupBy {
	case referral.ByReferee:
		return r + ".uid::text"
	case referral.BySubPartner:
		return r + ".sub_partner::text"
	case referral.ByCountry:
		return r + ".country"
	case referral.ByCode:
		return r + ".code"
	case referral.ByRelation:
		return "CASE WHEN " + r + ".level = 1 THEN 'direct' ELSE 'indirect' END"
	}
	return "''"
}

// hourOf is the start of the hour of the reporting zone that a time lies in, in unix seconds as text.
func (m *metricsQuery) hourOf(at string) string {
	return fmt.Sprintf("extract(epoch FROM %[1]s - make_interval(mins => extract(minute FROM %[1]s AT TIME ZONE %[2]s)::int, secs => extract(second FROM %[1]s AT TIME ZONE %[2]s)::float8))::bigint::text",
		at, m.arg(m.store.zone.String()))
}

// refereesSQL counts referees by the date on which it happened, each metric by its own date.
func (m *metricsQuery) refereesSQL(metrics []referral.Metric) string {
	to := m.arg(m.q.Period.To)
	referees := m.referees()
	parts := make([]string, len(metrics))
	for i, d := range metrics {
		column, since := d.Column, ""
		if column == referral.TotalColumn {
			column = "registered_at"
		}
		// A total by time counts the period's sign-ups here, and is cumulated afterwards.
		if d.Column != referral.TotalColumn || m.q.GroupBy.Time() {
			since = " AND r." + column + " >= " + m.arg(m.q.Period.From)
		}
		key := m.refereeKey("r")
		at := "r." + column
		switch by := m.q.GroupBy; by {
		case referral.ByHour:
			key = m.hourOf(at)
		case referral.ByDay, referral.ByWeek, referral.ByMonth:
			key = fmt.Sprintf("date_trunc('%s', %s AT TIME ZONE %s)::date::text", by, at, m.arg(m.store.zone.String()))
		}
		counts := make([]string, len(metrics))
		for j := range counts {
			counts[j] = "0::bigint"
			if j == i {
				counts[j] = "count(*)"
			}
		}
		parts[i] = fmt.Sprintf(`SELECT %s, %s FROM referees r WHERE %s < %s%s GROUP BY 1`, key, strings.Join(counts, ", "), at, to, since)
	}
	return `WITH referees AS (` + referees + `) ` + strings.Join(parts, " UNION ALL ")
}

// ownSQL sums what came back to the caller on trades of their own, which are kept under their referrer: whole days from the
// rollup, the rest, and every hour, from the facts.
func (m *metricsQuery) ownSQL() string {
	me := m.arg(m.partner)
	var pieces []string
	facts := func(a, b time.Time) {
		if !a.Before(b) {
			return
		}
		from, to := m.arg(a), m.arg(b)
		for _, x := range []struct{ at, sign string }{{"at", ""}, {"reversed_at", "-"}} {
			pieces = append(pieces, fmt.Sprintf(`SELECT %[1]s AS t, (%[1]s AT TIME ZONE %[2]s)::date AS day, product, %[3]srebate AS rebate FROM trade
				WHERE owner = (SELECT u1 FROM account WHERE uid = %[4]s AND u1 <> 0) AND owner <> 0 AND referee = %[4]s AND %[1]s >= %[5]s AND %[1]s < %[6]s`, x.at, m.arg(m.store.zone.String()), x.sign, me, from, to))
		}
	}
	a, b := m.ceil(m.q.Period.From, m.midnight), m.midnight(m.q.Period.To)
	if m.q.GroupBy == referral.ByHour || !a.Before(b) {
		facts(m.q.Period.From, m.q.Period.To)
	} else {
		from, to := m.date(a), m.date(b)
		for _, table := range []string{"referee_day", "delta"} {
			pieces = append(pieces, fmt.Sprintf(`SELECT NULL::timestamptz AS t, day, product, rebate FROM %s WHERE referee = %s AND day >= %s AND day < %s`, table, me, from, to))
		}
		facts(m.q.Period.From, a)
		facts(b, m.q.Period.To)
	}
	key := "''"
	switch by := m.q.GroupBy; by {
	case referral.ByProduct:
		key = "product::text"
	case referral.ByHour:
		key = m.hourOf("t")
	case referral.ByDay:
		key = "day::text"
	case referral.ByWeek, referral.ByMonth:
		key = "date_trunc('" + string(by) + "', day::timestamp)::date::text"
	}
	product := ""
	if f := m.q.Filter.Product; f != "" {
		product = " AND product = " + m.arg(productCode(f))
	}
	return fmt.Sprintf("SELECT %s, sum(rebate)::bigint FROM (%s) x WHERE product <> 0%s GROUP BY 1", key, strings.Join(pieces, "\nUNION ALL "), product)
}

// tasksSQL sums what tasks paid the partner.
func (m *metricsQuery) tasksSQL() string {
	key := "''"
	day := func() string { return fmt.Sprintf("(paid_at AT TIME ZONE %s)::date", m.arg(m.store.zone.String())) } // a parameter that is not used is refused
	switch by := m.q.GroupBy; by {
	case referral.ByHour:
		key = m.hourOf("paid_at")
	case referral.ByDay:
		key = day() + "::text"
	case referral.ByWeek, referral.ByMonth:
		key = "date_trunc('" + string(by) + "', " + day() + "::timestamp)::date::text"
	}
	return fmt.Sprintf("SELECT %s, sum(amount)::bigint FROM task_reward WHERE uid = %s AND paid_at >= %s AND paid_at < %s GROUP BY 1",
		key, m.arg(m.partner), m.arg(m.q.Period.From), m.arg(m.q.Period.To))
}
