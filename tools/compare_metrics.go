package tools

import (
	"context"
	"strconv"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type compareArgs struct {
	metricsArgs
	CompareTo period `json:"compareTo,omitempty" max:"64" jsonschema:"the earlier period; by default the one before, to date."`
}

type compareResult struct {
	span
	CompareTo interval  `json:"compareTo"` // what was really compared with
	ToDate    bool      `json:"toDate"`    // that is a part, as much of the earlier period as has passed of this one
	Metrics   []string  `json:"metrics"`
	GroupBy   dimension `json:"groupBy,omitempty"`
	Filters   filters   `json:"filters"`
	Rows      []object  `json:"rows"`
	Total     object    `json:"total"`
}

// CompareMetrics sets a period beside an earlier one. A period that is not over yet is compared with as much of the
// earlier one as has passed of it (SPEC 2); the whole earlier period then stands beside it.
func CompareMetrics(d Deps) Tool {
	return Define("compare_metrics",
		"Figures of a period beside those of an earlier one, with the change and its percentage. A period that is not over yet is "+
			"compared with the same elapsed part of the earlier one. Same arguments as query_metrics, and the earlier period.",
		func(ctx context.Context, c domain.Caller, in compareArgs) (out compareResult, err error) {
			q, err := in.query()
			if err != nil {
				return out, err
			}
			return d.compareMetrics(ctx, c, in, q)
		})
}

func (d Deps) compareMetrics(ctx context.Context, c domain.Caller, in compareArgs, q referral.Query) (out compareResult, err error) {
	now := d.now()
	if q.Period, err = d.read(in.Period, "period", now); err != nil {
		return out, err
	}
	whole, err := d.earlier(q.Period, in.CompareTo, now)
	if err != nil {
		return out, err
	}
	both, err := d.compare(ctx, c, q, whole, now)
	if err != nil {
		return out, err
	}
	return compareResult{
		span: d.span(q.Period, now), CompareTo: d.interval(both.part), ToDate: both.toDate,
		Metrics: q.Metrics, GroupBy: in.GroupBy, Filters: in.filters,
		Rows: both.rows(q), Total: both.changes(q.Metrics, both.current.Total, both.previous.Total, both.whole.Total),
	}, nil
}

// comparison holds the answers about the two periods, and about the whole of the earlier one where only a part is compared.
type comparison struct {
	part                     domain.Period
	toDate                   bool
	current, previous, whole referral.Result
}

// earlier is the period to compare with: the argument compareTo, or else the one before p.
func (d Deps) earlier(p domain.Period, compareTo period, now time.Time) (domain.Period, error) {
	if compareTo == "" {
		return p.Preceding(d.Zone), nil
	}
	return d.read(compareTo, "compareTo", now)
}

// toDate is the part of the earlier period that p is compared with, and whether it is a part (SPEC 2). An earlier period
// that is itself not over yet has no more to show than p: both are taken as they are.
func (d Deps) toDate(p, earlier domain.Period, now time.Time) (part domain.Period, toDate bool) {
	if p.Contains(now) && !now.Before(earlier.To) {
		return p.ToDate(earlier, now, d.Zone), true
	}
	return earlier, false
}

func (d Deps) compare(ctx context.Context, c domain.Caller, q referral.Query, earlier domain.Period, now time.Time) (out comparison, err error) {
	out.part, out.toDate = d.toDate(q.Period, earlier, now)
	if !q.GroupBy.Time() && q.GroupBy != referral.ByReferee {
		q.Limit = 0 // the rows of the two periods are matched before the first ones are taken
	}
	if out.current, err = d.Metrics.Metrics(ctx, c, q, now); err != nil {
		return out, err
	}
	if q.GroupBy == referral.ByReferee { // of a million, the earlier figures of the first ones alone
		q.Limit, q.UIDs = 0, []int64{}
		for _, r := range out.current.Rows {
			uid, err := strconv.ParseInt(r.Key, 10, 64)
			if err != nil {
				return out, err
			}
			q.UIDs = append(q.UIDs, uid)
		}
	}
	q.Period = out.part
	if out.previous, err = d.Metrics.Metrics(ctx, c, q, now); err != nil || !out.toDate {
		return out, err
	}
	q.Period = earlier
	out.whole, err = d.Metrics.Metrics(ctx, c, q, now)
	return out, err
}

// rows matches the rows of the periods: buckets of time by their position, all others by key. The store lists every
// group of either period, also those without figures, in order of the current one's; a group that appeared between
// the questions comes last.
func (c comparison) rows(q referral.Query) []object {
	if q.GroupBy.Time() {
		return c.buckets(q.Metrics)
	}
	zero := make([]int64, len(q.Metrics))
	byKey := func(rows []referral.Row) map[string][]int64 {
		out := make(map[string][]int64, len(rows))
		for _, r := range rows {
			out[r.Key] = r.Values
		}
		return out
	}
	current, previous, whole := byKey(c.current.Rows), byKey(c.previous.Rows), byKey(c.whole.Rows)
	listed := c.current.Rows
	for _, r := range c.previous.Rows {
		if current[r.Key] == nil {
			listed = append(listed, referral.Row{Key: r.Key, Values: zero})
		}
	}
	rows := make([]object, min(len(listed), q.Limit))
	for i := range rows {
		r, was, all := listed[i], previous[listed[i].Key], whole[listed[i].Key]
		if was == nil {
			was = zero
		}
		if all == nil {
			all = zero
		}
		rows[i] = append(object{{"key", r.Key}}, c.changes(q.Metrics, r.Values, was, all)...)
	}
	return rows
}

// buckets sets the first bucket of one period beside the first of the other, and so on. Where one period has more of
// them, the key of the other's is empty.
func (c comparison) buckets(metrics []string) []object {
	zero := make([]int64, len(metrics))
	at := func(rows []referral.Row, i int) referral.Row {
		if i < len(rows) {
			return rows[i]
		}
		return referral.Row{Values: zero}
	}
	rows := make([]object, max(len(c.current.Rows), len(c.previous.Rows)))
	for i := range rows {
		current, previous, whole := at(c.current.Rows, i), at(c.previous.Rows, i), at(c.whole.Rows, i)
		rows[i] = append(object{{"key", current.Key}, {"previousKey", previous.Key}}, c.changes(metrics, current.Values, previous.Values, whole.Values)...)
	}
	return rows
}

// changes are the figures of one row, each beside the earlier one.
func (c comparison) changes(metrics []string, current, previous, whole []int64) object {
	o := make(object, len(metrics))
	for i, name := range metrics {
		change := object{
			{"current", figure(name, current[i])}, {"previous", figure(name, previous[i])},
			{"delta", figure(name, current[i]-previous[i])}, {"percent", domain.Percent(current[i], previous[i])},
		}
		if c.toDate {
			change = append(change, member{"whole", figure(name, whole[i])})
		}
		o[i] = member{name, change}
	}
	return o
}
