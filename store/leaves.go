package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Leaves are what the caller's referees did in two periods, one row each, by product where the metrics have one. Only
// rows with a figure other than zero in either period come; for every metric and period they sum to what Metrics
// answers. They are in ascending order of referee and product. Errors: those of q.Validate.
func (s *Store) Leaves(ctx context.Context, c domain.Caller, q referral.LeafQuery) (leaves []referral.Leaf, err error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		m := metricsQuery{store: s, tx: tx, partner: c.UID, q: referral.Query{Filter: q.Filter}}
		metrics := make([]referral.Metric, len(q.Metrics))
		for i, name := range q.Metrics {
			metrics[i], _ = referral.MetricByName(name)
		}
		if q.Current.From.Equal(q.Current.To) && q.Previous.From.Equal(q.Previous.To) && metrics[0].Of != referral.Referees {
			return nil // nothing happens in no time
		}
		var sql string
		if metrics[0].Of == referral.Referees {
			sql = m.refereeLeavesSQL(q, metrics)
		} else {
			sql = m.activityLeavesSQL(q, metrics)
		}
		rows, err := tx.Query(ctx, sql, m.args...)
		if err != nil {
			return fmt.Errorf("leaves: %w", err)
		}
		leaves, err = collectLeaves(rows, len(metrics))
		return err
	})
	return leaves, err
}

func collectLeaves(rows pgx.Rows, metrics int) ([]referral.Leaf, error) {
	var leaves []referral.Leaf
	var l referral.Leaf
	var level, product int16
	values := make([]int64, 2*metrics)
	dest := []any{&l.Referee, &level, &product, &l.Country, &l.Code, &l.SubPartnerUID}
	for i := range values {
		dest = append(dest, &values[i])
	}
	_, err := pgx.ForEachRow(rows, dest, func() error {
		l.Relation, l.Product = referral.Direct, ""
		if level > 1 {
			l.Relation = referral.Indirect
		}
		if product > 0 {
			l.Product = products[product]
		}
		both := slices.Clone(values)
		l.Current, l.Previous = both[:metrics:metrics], both[metrics:]
		leaves = append(leaves, l)
		return nil
	})
	return leaves, err
}

// activityLeavesSQL sums trades, deposits and withdrawals of either period by referee, and by product unless a metric
// does not add up over products.
func (m *metricsQuery) activityLeavesSQL(q referral.LeafQuery, metrics []referral.Metric) string {
	product := "x.product"
	if slices.ContainsFunc(metrics, func(d referral.Metric) bool { return !d.ByProduct() }) {
		product = "0::smallint"
	}
	var periods []string
	for earlier, p := range []domain.Period{q.Current, q.Previous} {
		m.q.Period = p
		if pieces := m.refereePieces(); len(pieces) > 0 {
			periods = append(periods, fmt.Sprintf("SELECT %d AS earlier, p.* FROM (%s) p", earlier, strings.Join(pieces, "\nUNION ALL ")))
		}
	}
	_, joins, where := m.activityKey()
	var sums, some []string
	for earlier := range 2 {
		for _, d := range metrics {
			sum := func(column string) string {
				return fmt.Sprintf("coalesce(sum(x.%s) FILTER (WHERE x.earlier = %d), 0)::bigint", column, earlier)
			}
			of := sum(d.Column)
			switch {
			case d.Column == referral.TradersColumn:
				of = "(" + sum("executed") + " > 0)::int::bigint"
			case d.Less != "":
				of = "(" + of + " - " + sum(d.Less) + ")"
			}
			name := fmt.Sprintf("v%d", len(sums))
			sums = append(sums, of+" AS "+name)
			some = append(some, "g."+name+" <> 0")
		}
	}
	return `SELECT g.referee, g.level, g.product, a.country, CASE g.level WHEN 1 THEN a.code1 WHEN 2 THEN a.code2 ELSE a.code3 END, coalesce(p.uid, 0), ` + columnsOf("g.v", len(sums)) + `
		FROM (SELECT x.referee, x.level::smallint AS level, ` + product + ` AS product, ` + strings.Join(sums, ", ") + `
			FROM (` + strings.Join(periods, "\nUNION ALL ") + `) x` + joins + where + ` GROUP BY 1, 2, 3) g
		JOIN account a ON a.uid = g.referee
		LEFT JOIN partner p ON p.uid = CASE g.level WHEN 2 THEN a.u1 WHEN 3 THEN a.u2 END
		WHERE ` + strings.Join(some, " OR ") + ` ORDER BY 1, 3`
}

// refereeLeavesSQL says of each referee whether it counts in either period.
func (m *metricsQuery) refereeLeavesSQL(q referral.LeafQuery, metrics []referral.Metric) string {
	var counts, some []string
	for _, p := range []domain.Period{q.Current, q.Previous} {
		for _, d := range metrics {
			column, since := "registered_at", ""
			if d.Column != referral.TotalColumn {
				column, since = d.Column, " AND r."+d.Column+" >= "+m.arg(p.From)
			}
			counted := "(coalesce(r." + column + " < " + m.arg(p.To) + since + ", false))"
			counts = append(counts, counted+"::int::bigint")
			some = append(some, counted)
		}
	}
	return `SELECT r.uid, r.level::smallint, 0::smallint, r.country, r.code, r.sub_partner, ` + strings.Join(counts, ", ") + `
		FROM (` + m.referees() + `) r WHERE ` + strings.Join(some, " OR ") + ` ORDER BY 1`
}

// columnsOf lists name0 to name(n-1).
func columnsOf(name string, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", name, i)
	}
	return strings.Join(out, ", ")
}
