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

// Longest periods that may be cut by hour or day: a longer one would be a list nobody reads.
const (
	maxHours = 31 * 24
	maxDays  = 1100
)

// Metrics answers a query for the caller: figures of [From, To) whatever now is; rows by time run up to the bucket that
// holds now, zero ones included, and beyond it to the last with a figure. Groups are in order of the first metric, descending, ties by ascending key.
// Errors: those of q.Validate; CodeInvalid on groupBy when the period is too long for it.
func (s *Store) Metrics(ctx context.Context, c domain.Caller, q referral.Query, now time.Time) (res referral.Result, err error) {
	if err := q.Validate(); err != nil {
		return res, err
	}
	if n := q.Period.To.Sub(q.Period.From).Hours(); q.GroupBy == referral.ByHour && n > maxHours+1 || q.GroupBy == referral.ByDay && n > (maxDays+1)*24 {
		return res, domain.Invalid("groupBy", "the period is too long to be cut by %s: at most 31 days by hour, 3 years by day", q.GroupBy)
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		m := metricsQuery{store: s, tx: tx, partner: c.UID, q: q, now: now}
		if m.kept, err = keptMore(ctx, tx, c.UID); err != nil {
			return err
		}
		res, err = m.answer(ctx)
		return err
	})
	return res, err
}

// metricsQuery is one query on its way.
type metricsQuery struct {
	store   *Store
	tx      pgx.Tx
	partner int64
	q       referral.Query
	now     time.Time
	args    []any
	kept    bool // the partner is a large one, of whom more is kept: see Rank
}

// arg adds a parameter and returns its placeholder, with its type, since some stand where nothing else gives them one.
func (m *metricsQuery) arg(v any) string {
	i := slices.Index(m.args, v)
	if i < 0 {
		i = len(m.args)
		m.args = append(m.args, v)
	}
	typ := "text"
	switch v.(type) {
	case int64:
		typ = "bigint"
	case int16:
		typ = "smallint"
	case time.Time:
		typ = "timestamptz"
	}
	return fmt.Sprintf("$%d::%s", i+1, typ)
}

// uids adds a list of uids as a parameter.
func (m *metricsQuery) uids(uids []int64) string {
	texts := make([]string, len(uids))
	for i, uid := range uids {
		texts[i] = strconv.FormatInt(uid, 10)
	}
	return m.arg("{"+strings.Join(texts, ",")+"}") + "::bigint[]"
}

// date adds a day of the reporting zone as a parameter.
func (m *metricsQuery) date(t time.Time) string {
	return m.arg(m.store.day(t).Format(time.DateOnly)) + "::date"
}

func (m *metricsQuery) answer(ctx context.Context) (referral.Result, error) {
	res := referral.Result{Total: make([]int64, len(m.q.Metrics))}
	by := m.q.GroupBy
	if err := m.firstReferees(ctx); err != nil {
		return res, err
	}
	groups, err := m.figures(ctx)
	if err != nil {
		return res, err
	}
	total := groups[""]
	if by != referral.ByNone {
		if total, err = m.total(ctx, groups); err != nil {
			return res, err
		}
	}
	if total != nil {
		res.Total = total
	}
	if by == referral.ByNone {
		res.Rows = []referral.Row{{Values: res.Total}}
		return res, nil
	}
	keys, err := m.keys(ctx, groups)
	if err != nil {
		return res, err
	}
	res.Rows = make([]referral.Row, 0, len(keys))
	for _, k := range keys {
		v := groups[k]
		if v == nil {
			v = make([]int64, len(m.q.Metrics))
		}
		res.Rows = append(res.Rows, referral.Row{Key: k, Values: v})
	}
	if by.Time() {
		for i, metric := range m.q.Metrics {
			if d, _ := referral.MetricByName(metric); d.Column == referral.TotalColumn {
				if err := m.cumulate(ctx, res.Rows, i); err != nil {
					return res, err
				}
			}
		}
	} else {
		slices.SortFunc(res.Rows, func(a, b referral.Row) int {
			return cmp.Or(cmp.Compare(b.Values[0], a.Values[0]), compareKeys(a.Key, b.Key))
		})
	}
	if m.q.Limit > 0 && len(res.Rows) > m.q.Limit {
		res.Rows = res.Rows[:m.q.Limit]
	}
	return res, nil
}

// total is over all groups: their sum where each piece of activity is in one of them, else asked for again.
func (m *metricsQuery) total(ctx context.Context, groups map[string][]int64) ([]int64, error) {
	for _, name := range m.q.Metrics {
		if d, _ := referral.MetricByName(name); d.Of == referral.Referees || d.Column == referral.TradersColumn || m.q.UIDs != nil {
			whole := *m
			whole.q.GroupBy, whole.q.UIDs = referral.ByNone, nil
			figures, err := whole.figures(ctx)
			return figures[""], err
		}
	}
	sum := make([]int64, len(m.q.Metrics))
	for _, values := range groups {
		for i, v := range values {
			sum[i] += v
		}
	}
	return sum, nil
}

// compareKeys orders uids as numbers and everything else as text; no uid comes before every uid.
func compareKeys(a, b string) int {
	x, errA := strconv.ParseInt(a, 10, 64)
	y, errB := strconv.ParseInt(b, 10, 64)
	if (errA == nil || a == "") && (errB == nil || b == "") {
		return cmp.Compare(x, y)
	}
	return strings.Compare(a, b)
}

// ofTraders stands for the metric of activity that is counted by referee, where the others are not.
const ofTraders referral.Source = "traders"

// figures runs one statement for each source that the metrics come from, and puts the values side by side by key.
func (m *metricsQuery) figures(ctx context.Context) (map[string][]int64, error) {
	out := map[string][]int64{}
	type column struct {
		index int
		of    referral.Metric
	}
	bySource := map[referral.Source][]column{}
	for i, name := range m.q.Metrics {
		d, _ := referral.MetricByName(name)
		src := d.Of
		if src == referral.Moving {
			src = referral.Trading // the same rollups
		}
		if d.Column == referral.TradersColumn && (m.coarse(nil) || m.kept && m.countsTraders()) {
			src = ofTraders // beside it, the others would have to be read by referee too
		}
		bySource[src] = append(bySource[src], column{i, d})
	}
	for src, columns := range bySource {
		m.args = nil
		metrics := make([]referral.Metric, len(columns))
		for i, c := range columns {
			metrics[i] = c.of
		}
		var sql string
		switch src {
		case ofTraders:
			switch {
			case m.kept && m.countsTraders():
				sql = m.keptTradersSQL()
			case m.q.GroupBy == referral.ByNone && m.q.Filter.Product == "":
				sql = m.tradersSQL()
			default:
				sql = m.activitySQL(metrics)
			}
		case referral.Trading:
			if m.kept && m.keptByGroup(metrics) {
				sql = m.keptActivitySQL(metrics)
			} else {
				sql = m.activitySQL(metrics)
			}
		case referral.Referees:
			if m.q.GroupBy == referral.ByReferee || m.q.Filter.UID != 0 {
				sql = m.refereesSQL(metrics)
			} else {
				sql = m.countsSQL(metrics)
			}
		case referral.Own:
			sql = m.ownSQL()
		case referral.Tasks:
			sql = m.tasksSQL()
		}
		rows, err := m.tx.Query(ctx, sql, m.args...)
		if err != nil {
			return nil, fmt.Errorf("%s metrics: %w", src, err)
		}
		for rows.Next() {
			var key string
			values := make([]int64, len(columns))
			dest := []any{&key}
			for i := range values {
				dest = append(dest, &values[i])
			}
			if err := rows.Scan(dest...); err != nil {
				rows.Close()
				return nil, err
			}
			key = m.keyText(key)
			if out[key] == nil {
				out[key] = make([]int64, len(m.q.Metrics))
			}
			for i, c := range columns {
				out[key][c.index] += values[i]
			}
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("%s metrics: %w", src, err)
		}
	}
	return out, nil
}

// keyText turns a key as SQL gives it into a row's key.
func (m *metricsQuery) keyText(key string) string {
	switch m.q.GroupBy {
	case referral.ByHour:
		unix, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return key
		}
		return m.hourKey(time.Unix(unix, 0))
	case referral.ByProduct:
		if n, err := strconv.Atoi(key); err == nil && n < len(products) {
			return string(products[n])
		}
	case referral.BySubPartner:
		if key == "0" {
			return ""
		}
	}
	return key
}

// hourKey is RFC 3339 in the reporting zone.
func (m *metricsQuery) hourKey(t time.Time) string { return t.In(m.store.zone).Format(time.RFC3339) }

// bucketStart is the start of the bucket that holds t.
func (m *metricsQuery) bucketStart(t time.Time) time.Time {
	if m.q.GroupBy == referral.ByHour {
		return m.store.hour(t)
	}
	y, mo, d := t.In(m.store.zone).Date()
	switch m.q.GroupBy {
	case referral.ByWeek:
		d -= (int(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC).Weekday()) + 6) % 7
	case referral.ByMonth:
		d = 1
	}
	return domain.Midnight(y, mo, d, m.store.zone)
}

func (m *metricsQuery) bucketKey(start time.Time) string {
	if m.q.GroupBy == referral.ByHour {
		return m.hourKey(start)
	}
	return start.In(m.store.zone).Format(time.DateOnly)
}

func (m *metricsQuery) nextBucket(start time.Time) time.Time {
	l := start.In(m.store.zone)
	switch m.q.GroupBy {
	case referral.ByHour:
		return m.store.hour(start.Add(time.Hour + time.Hour/2)) // past a change of the clock, too
	case referral.ByDay:
		return domain.Midnight(l.Year(), l.Month(), l.Day()+1, m.store.zone)
	case referral.ByWeek:
		return domain.Midnight(l.Year(), l.Month(), l.Day()+7, m.store.zone)
	default:
		return domain.Midnight(l.Year(), l.Month()+1, 1, m.store.zone)
	}
}

// buckets are the starts of the buckets from the period's first to the one that holds now, or the period's last.
func (m *metricsQuery) buckets() []time.Time {
	switch {
	case m.now.Before(m.q.Period.From):
		return nil
	case m.now.Before(m.q.Period.To):
		return m.bucketsUntil(m.now.Add(1))
	}
	return m.bucketsUntil(m.q.Period.To)
}

func (m *metricsQuery) bucketsUntil(end time.Time) []time.Time {
	var out []time.Time
	for b := m.bucketStart(m.q.Period.From); b.Before(end); b = m.nextBucket(b) {
		out = append(out, b)
	}
	return out
}

// bucketKeys are the keys of buckets, and of those after them up to the last with a figure: events may be ahead of the
// clock, and the rows must add up to the total.
func (m *metricsQuery) bucketKeys(groups map[string][]int64) []string {
	end := len(m.buckets())
	var keys []string
	for i, b := range m.bucketsUntil(m.q.Period.To) { // in order; as text, 02:00+02:00 would come after 02:00+01:00, the hour that follows it
		keys = append(keys, m.bucketKey(b))
		if slices.ContainsFunc(groups[keys[i]], func(v int64) bool { return v != 0 }) {
			end = max(end, i+1)
		}
	}
	return keys[:end]
}

// keys lists the groups: those with figures, and the zero ones that belong there (SPEC 5). Buckets of time are in order.
func (m *metricsQuery) keys(ctx context.Context, groups map[string][]int64) ([]string, error) {
	if m.q.GroupBy.Time() {
		return m.bucketKeys(groups), nil
	}
	set := make(map[string]bool, len(groups))
	switch by := m.q.GroupBy; by {
	case referral.ByProduct:
		for _, p := range products[1:] {
			set[string(p)] = true
		}
	case referral.ByRelation:
		set[string(referral.Direct)], set[string(referral.Indirect)] = true, true
	default:
		// Referees without any figure matter only where fewer than the limit have a positive one.
		for k, v := range groups {
			if v[0] > 0 {
				set[k] = true
			}
		}
		if by == referral.ByReferee && m.q.Limit > 0 && len(set) >= m.q.Limit {
			break
		}
		m.args = nil
		sql := m.groupsSQL()
		if by == referral.ByReferee {
			sql = m.refereeKeysSQL(len(groups))
		}
		if by == referral.ByCode {
			sql += ` UNION SELECT code FROM referral_code WHERE uid = ` + m.arg(m.partner)
		}
		rows, err := m.tx.Query(ctx, sql, m.args...)
		if err != nil {
			return nil, err
		}
		var k string
		if _, err := pgx.ForEachRow(rows, []any{&k}, func() error { set[m.keyText(k)] = true; return nil }); err != nil {
			return nil, err
		}
	}
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	return keys, nil
}

// cumulate turns sign-ups per bucket into referees by each bucket's end.
func (m *metricsQuery) cumulate(ctx context.Context, rows []referral.Row, column int) error {
	m.args = nil
	var n int64
	sql := m.registeredBefore()
	if m.q.Filter.UID != 0 {
		m.args = nil
		sql = `SELECT count(*) FROM (` + m.referees() + `) r WHERE r.registered_at < ` + m.arg(m.q.Period.From)
	}
	if err := m.tx.QueryRow(ctx, sql, m.args...).Scan(&n); err != nil {
		return err
	}
	for i := range rows {
		n += rows[i].Values[column]
		rows[i].Values[column] = n
	}
	return nil
}
