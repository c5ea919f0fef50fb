package tools

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Pages are questions that the web app's pages and the REST API ask, and the assistant has other tools for. They are tools all the same: their
// arguments are checked and described by the same means, and their figures come from the same place.
func Pages(d Deps) []Tool {
	return []Tool{overview(d), cohorts(d), searchReferees(d), refereeDetail(d), exportMetrics(d)}
}

type overviewArgs struct {
	Period    period `json:"period,omitempty" max:"64" jsonschema:"by default this_month."`
	CompareTo period `json:"compareTo,omitempty" max:"64" jsonschema:"the earlier period; by default the preceding one, to date."`
}

type overviewResult struct {
	span
	CompareTo interval    `json:"compareTo"` // what was really compared with
	ToDate    bool        `json:"toDate"`
	Metrics   []metricDoc `json:"metrics"`
	Total     object      `json:"total"`    // of every metric
	SeriesBy  dimension   `json:"seriesBy"` // the unit of time that fits the period
	Series    []object    `json:"series"`
	Funnel    []object    `json:"funnel"`
	Countries []object    `json:"countries"` // those with the most commission
}

type metricDoc struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Unit  string `json:"unit"`
	Doc   string `json:"doc"`
}

// countryMetrics and countryRows are what the overview tells of countries; the rest is a query by country away.
var countryMetrics = []string{"commission", "volume", "traders", "newReferrals"}

const countryRows = 12

// overview is everything on the first page in one answer.
func overview(d Deps) Tool {
	return Define("overview", "Every metric of a period beside an earlier one, its course over time, the funnel and the countries.",
		func(ctx context.Context, c domain.Caller, in overviewArgs) (out overviewResult, err error) {
			now := d.now()
			if in.Period == "" {
				in.Period = "this_month"
			}
			p, err := d.read(in.Period, "period", now)
			if err != nil {
				return out, err
			}
			earlier, err := d.earlier(p, in.CompareTo, now)
			if err != nil {
				return out, err
			}
			metrics := referral.MetricNames()
			var both comparison
			var series, countries referral.Result
			unit := seriesUnit(p)
			ask := func(to *referral.Result, names []string, by referral.GroupBy, limit int) func() error {
				return func() (err error) {
					*to, err = d.Metrics.Metrics(ctx, c, referral.Query{Metrics: names, Period: p, GroupBy: by, Limit: limit}, now)
					return err
				}
			}
			err = together(
				func() (err error) {
					both, err = d.compare(ctx, c, referral.Query{Metrics: metrics, Period: p}, earlier, now)
					return err
				},
				ask(&series, metrics, unit, 0),
				ask(&countries, countryMetrics, referral.ByCountry, countryRows),
			)
			if err != nil {
				return out, err
			}
			out = overviewResult{
				span: d.span(p, now), CompareTo: d.interval(both.part), ToDate: both.toDate,
				Total:    both.changes(metrics, both.current.Total, both.previous.Total, both.whole.Total),
				SeriesBy: dimension(unit), Series: metricRows(metrics, series.Rows), Countries: metricRows(countryMetrics, countries.Rows),
			}
			for _, m := range referral.Metrics {
				out.Metrics = append(out.Metrics, metricDoc{m.Name, m.Label, string(m.Unit), m.Doc})
			}
			for _, m := range funnel {
				i := slices.Index(metrics, m)
				out.Funnel = append(out.Funnel, object{{"key", m}, {"current", both.current.Total[i]}, {"previous", both.previous.Total[i]}})
			}
			return out, nil
		})
}

// seriesUnit cuts a period into some dozens of points.
func seriesUnit(p domain.Period) referral.GroupBy {
	switch days := p.To.Sub(p.From).Hours() / 24; {
	case days > 366:
		return referral.ByMonth
	case days > 93:
		return referral.ByWeek
	case days > 3:
		return referral.ByDay
	}
	return referral.ByHour
}

// together asks at the same time what does not depend on each other, and returns the first error.
func together(asks ...func() error) error {
	errs := make([]error, len(asks))
	var all sync.WaitGroup
	for i, ask := range asks {
		all.Go(func() { errs[i] = ask() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type searchArgs struct {
	listArgs
	Q string `json:"q,omitempty" max:"64" jsonschema:"the beginning of a uid, or words in the code's note or the partner's own"`
}

func searchReferees(d Deps) Tool {
	return Define("search_referees", "list_referees with a search.", func(ctx context.Context, c domain.Caller, in searchArgs) (listResult, error) {
		return d.listReferees(ctx, c, in.listArgs, in.Q)
	})
}

type refereeDetailResult struct {
	span
	Referee   refereeDetails `json:"referee"`
	ByProduct []object       `json:"byProduct"`
	Timeline  []moment       `json:"timeline"` // the earliest first
	SeriesBy  dimension      `json:"seriesBy"`
	Series    []object       `json:"series"`
}

// moment is something that happened to a referee.
type moment struct {
	At   string `json:"at"`
	What string `json:"what"`
}

// refereeDetail is get_referee with what happened when, and the course of its figures.
func refereeDetail(d Deps) Tool {
	summary := d.getReferee
	return Define("referee_detail", "One referee, with what happened when, and figures over time.", func(ctx context.Context, c domain.Caller, in getRefereeArgs) (out refereeDetailResult, err error) {
		got, err := summary(ctx, c, in)
		if err != nil {
			return out, err
		}
		now := d.now()
		if in.Period == "" {
			in.Period = referral.DefaultActivityPeriod
		}
		p, err := d.read(in.Period, "period", now)
		if err != nil {
			return out, err
		}
		unit, names := seriesUnit(p), []string{"commission", "volume", "trades"}
		series, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: names, Period: p, GroupBy: unit, Filter: referral.Filter{UID: in.UID}}, now)
		if err != nil {
			return out, err
		}
		r := got.Rows[0]
		out = refereeDetailResult{span: got.span, Referee: r, ByProduct: got.ByProduct, SeriesBy: dimension(unit), Series: metricRows(names, series.Rows)}
		for _, m := range []moment{
			{r.RegisteredAt, "registered"}, {r.VerifiedAt, "verified"}, {r.FirstDepositAt, "firstDeposit"}, {r.FirstTradeAt, "firstTrade"}, {r.LastTradeAt, "lastTrade"},
		} {
			if m.At != "" && (m.What != "lastTrade" || m.At != r.FirstTradeAt) {
				out.Timeline = append(out.Timeline, m)
			}
		}
		slices.SortStableFunc(out.Timeline, func(a, b moment) int { return instantOf(a.At).Compare(instantOf(b.At)) })
		return out, nil
	})
}

func instantOf(text string) time.Time {
	t, _ := time.Parse(time.RFC3339, text) // our own
	return t
}

type exportArgs struct {
	compareArgs
	Compare bool `json:"compare,omitempty" jsonschema:"beside an earlier period"`
}

// exportMetrics is query_metrics, or compare_metrics, of every group where no limit is given.
func exportMetrics(d Deps) Tool {
	return Define("export_metrics", "query_metrics or compare_metrics, with every row.", func(ctx context.Context, c domain.Caller, in exportArgs) (any, error) {
		q, err := in.query()
		if err != nil {
			return nil, err
		}
		if in.Limit == 0 {
			q.Limit = math.MaxInt
		}
		if in.Compare || in.CompareTo != "" {
			return d.compareMetrics(ctx, c, in.compareArgs, q)
		}
		return d.queryMetrics(ctx, c, in.metricsArgs, q)
	})
}
