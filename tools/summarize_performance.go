package tools

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/anomalies"
	"partnerhub/domain/referral/explain"
)

type summaryArgs struct {
	Period period `json:"period" min:"1" max:"64"`
}

type summaryResult struct {
	span
	CompareTo    interval     `json:"compareTo"` // what was really compared with
	ToDate       bool         `json:"toDate"`
	Metrics      []string     `json:"metrics"`
	GroupBy      dimension    `json:"groupBy"`
	Rows         []object     `json:"rows"` // commission and volume over time
	Total        object       `json:"total"`
	Funnel       []object     `json:"funnel"`
	Contribution contribution `json:"contribution"`
	Causes       []object     `json:"causes"`  // of the change of commission, as in explain_change
	Drivers      []object     `json:"drivers"` // likewise
	Anomalies    alertSummary `json:"anomalies"`
	Next         []suggestion `json:"next"`
}

// contribution is who and what the period's commission came from, the most first.
type contribution struct {
	ByReferee    []object `json:"byReferee"`
	BySubPartner []object `json:"bySubPartner"`
	ByProduct    []object `json:"byProduct"`
	ByCountry    []object `json:"byCountry"`
}

type alertSummary struct {
	Rows  []anomalyRow `json:"rows"` // the most severe
	Total int          `json:"total"`
}

// suggestion is what to do next, with the figures that it rests on.
type suggestion struct {
	Key     string `json:"key"`
	Words   string `json:"words"`
	Figures object `json:"figures"`
}

// summaryMetrics are the totals of a review; the first two are its trend. The funnel is in the order in which people go
// through it.
var (
	summaryMetrics = []string{"commission", "volume", "eligibleVolume", "fees", "trades", "traders", "deposits", "withdrawals", "netDeposits",
		"totalReferrals", "newReferrals", "verified", "deposited", "firstTraders"}
	funnel = []string{"totalReferrals", "newReferrals", "verified", "deposited", "firstTraders", "traders"}
)

const (
	maxContributors = 5
	maxReviewAlerts = 5
	maxSuggestions  = 4
	// The longest periods whose trend is by day and by week.
	trendDays, trendWeeks = 31, 190
)

// SummarizePerformance is the business review of a period.
func SummarizePerformance(d Deps) Tool {
	return Define("summarize_performance",
		"A business review of a period: totals with their change, trend, where the commission came from, funnel from sign-up to active trader, "+
			"alerts, what drove the change, and what to do next. For single figures use query_metrics or compare_metrics.",
		func(ctx context.Context, c domain.Caller, in summaryArgs) (out summaryResult, err error) {
			now := d.now()
			p, err := d.read(in.Period, "period", now)
			if err != nil {
				return out, err
			}
			r := review{Deps: d, caller: c, in: in, period: p, earlier: p.Preceding(d.Zone), now: now, out: &out, raw: map[string]any{}}
			if err := r.load(ctx); err != nil {
				return out, err
			}
			r.totals()
			r.trend()
			if err := r.change(); err != nil {
				return out, err
			}
			r.alerts()
			r.newcomers()
			out.Next = r.next()
			return out, nil
		})
}

// review is one answer on its way, with the figures that advice can rest on.
type review struct {
	Deps
	caller  domain.Caller
	in      summaryArgs
	period  domain.Period
	earlier domain.Period
	now     time.Time
	out     *summaryResult
	figures []referral.AdviceFigure
	raw     map[string]any // the same figures as results have them

	// What was asked for, each about the same period.
	both                    comparison
	days                    referral.Result
	leaf                    leaves
	found                   []anomalies.Alert
	unwatched               bool // the period is too long for alerts
	notDeposited, notTraded int64
}

// load asks for everything at once: no question depends on the answer to another.
func (r *review) load(ctx context.Context) error {
	r.both.part, r.both.toDate = r.toDate(r.period, r.earlier, r.now)
	figures := func(to *referral.Result, p domain.Period, by referral.GroupBy, metrics []string) func() error {
		return func() (err error) {
			*to, err = r.Metrics.Metrics(ctx, r.caller, referral.Query{Metrics: metrics, Period: p, GroupBy: by}, r.now)
			return err
		}
	}
	no := false
	asks := []func() error{
		func() (err error) {
			r.leaf, err = r.leaves(ctx, r.caller, explainArgs{Metric: "commission"}, r.period, r.both.part)
			return err
		},
		func() (err error) {
			r.found, _, err = r.Deps.alerts(ctx, r.caller, r.period, r.now)
			if e := domain.AsError(err); err != nil && e.Field == "period" {
				r.unwatched, err = true, nil // a review of years has no alerts, and no advice that rests on them
			}
			return err
		},
		figures(&r.both.current, r.period, referral.ByNone, summaryMetrics),
		figures(&r.both.previous, r.both.part, referral.ByNone, summaryMetrics),
		figures(&r.days, r.period, r.trendUnit(), summaryMetrics[:2]),
		r.count(ctx, &r.notDeposited, referral.RefereeQuery{Deposited: &no}),
		r.count(ctx, &r.notTraded, referral.RefereeQuery{Activity: referral.Inactive}),
	}
	if r.both.toDate {
		asks = append(asks, figures(&r.both.whole, r.earlier, referral.ByNone, summaryMetrics))
	}
	return together(asks...)
}

// count asks how many of the period's sign-ups match.
func (r *review) count(ctx context.Context, to *int64, q referral.RefereeQuery) func() error {
	q.Registered, q.Period, q.Sort, q.Limit = r.period, r.period, referral.SortRegisteredAt, 1
	return func() error {
		page, err := r.Referees.Referees(ctx, r.caller, q, r.now)
		*to = page.Total
		return err
	}
}

func (r *review) totals() {
	both := r.both
	r.out.span, r.out.CompareTo, r.out.ToDate, r.out.Metrics = r.span(r.period, r.now), r.interval(both.part), both.toDate, summaryMetrics
	r.out.Total = both.changes(summaryMetrics, both.current.Total, both.previous.Total, both.whole.Total)
	for i, m := range summaryMetrics {
		r.add(m, m, both.current.Total[i])
		if p := domain.Percent(both.current.Total[i], both.previous.Total[i]); p != nil {
			r.addPercent(m+"Percent", *p)
		}
	}
	for _, m := range funnel {
		i := slices.Index(summaryMetrics, m)
		r.out.Funnel = append(r.out.Funnel, object{{"key", m}, {"current", both.current.Total[i]}, {"previous", both.previous.Total[i]}})
	}
	of := func(name string) int64 { return both.current.Total[slices.Index(summaryMetrics, name)] }
	if p := share(of("eligibleVolume"), of("volume")); p != nil {
		r.addPercent("eligibleShare", *p)
	}
	if p := share(of("deposited"), of("newReferrals")); p != nil {
		r.addPercent("depositedShare", *p)
	}
}

func (r *review) trendUnit() referral.GroupBy {
	switch days := r.period.To.Sub(r.period.From).Hours() / 24; {
	case days > trendWeeks+1:
		return referral.ByMonth
	case days > trendDays+1:
		return referral.ByWeek
	}
	return referral.ByDay
}

func (r *review) trend() {
	r.out.GroupBy, r.out.Rows = dimension(r.trendUnit()), metricRows(summaryMetrics[:2], r.days.Rows)
}

// change says where the commission came from, and what changed.
func (r *review) change() (err error) {
	e := explanation{in: explainArgs{Metric: "commission", Period: r.in.Period}, whole: r.earlier, zone: r.Deps, leaves: r.leaf}
	if e.summary, err = explain.Top(e.leaves.all, e.leaves.of); err != nil {
		return err
	}
	var whole explainResult
	if err := e.parts(&whole); err != nil {
		return err
	}
	r.out.Causes, r.out.Drivers = []object{}, whole.Drivers
	for _, f := range e.summary.Findings[:min(len(e.summary.Findings), 3)] {
		r.out.Causes = append(r.out.Causes, e.cause(f))
	}
	for _, split := range []struct {
		by   referral.GroupBy
		name string
		to   *[]object
	}{{referral.ByReferee, "topReferee", &r.out.Contribution.ByReferee}, {referral.BySubPartner, "topSubPartner", &r.out.Contribution.BySubPartner},
		{referral.ByProduct, "", &r.out.Contribution.ByProduct}, {referral.ByCountry, "topCountry", &r.out.Contribution.ByCountry}} {
		if *split.to, err = r.contributors(&e, split.by, split.name); err != nil {
			return err
		}
	}
	return r.movers(&e)
}

// contributors are the largest parts of the commission by a dimension, with their volume.
func (r *review) contributors(e *explanation, by referral.GroupBy, name string) ([]object, error) {
	parts, err := explain.ByDimension(e.leaves.all, "commission", by)
	if err != nil {
		return nil, err
	}
	volumes, err := explain.ByDimension(e.leaves.all, "volume", by)
	if err != nil {
		return nil, err
	}
	volume := map[string]int64{}
	for _, p := range volumes {
		volume[p.Key] = p.Current
	}
	parts = slices.DeleteFunc(parts, func(p explain.Part) bool {
		return p.Current == 0 && volume[p.Key] == 0 || by == referral.BySubPartner && p.Key == "" // direct referees are below none
	})
	slices.SortStableFunc(parts, func(a, b explain.Part) int {
		return cmp.Or(cmp.Compare(b.Current, a.Current), cmp.Compare(a.Key, b.Key))
	})
	rows := []object{}
	for _, p := range parts[:min(len(parts), maxContributors)] {
		rows = append(rows, object{{"key", p.Key}, {"commission", domain.Money(p.Current)}, {"volume", domain.Money(volume[p.Key])}, {"share", share(p.Current, e.summary.Current)}})
	}
	if len(parts) > 0 && name != "" {
		r.addText(name, parts[0].Key, parts[0].Key)
		if s := share(parts[0].Current, e.summary.Current); s != nil {
			r.addPercent(name+"Share", *s)
		}
	}
	return rows, nil
}

// movers are who stopped and who started.
func (r *review) movers(e *explanation) error {
	parts, err := explain.ByDimension(e.leaves.all, "commission", referral.ByReferee)
	if err != nil {
		return err
	}
	var left, entered, lost, won int64
	for _, p := range parts {
		switch p.Status {
		case explain.Left:
			left++
			lost -= p.Delta
		case explain.Entered:
			entered++
			won += p.Delta
		}
	}
	r.add("left", "traders", left)
	r.add("leftCommission", "commission", lost)
	r.add("entered", "traders", entered)
	r.add("enteredCommission", "commission", won)
	return nil
}

func (r *review) alerts() {
	r.out.Anomalies.Rows = []anomalyRow{}
	if r.unwatched {
		return
	}
	var silent, drops, withdrawals int64
	var silentVolume, dropSize, withdrawn domain.Money
	var uids []string
	for _, a := range r.found {
		if r.out.Anomalies.Total++; len(r.out.Anomalies.Rows) < maxReviewAlerts {
			r.out.Anomalies.Rows = append(r.out.Anomalies.Rows, r.anomalyRow(a, r.in.Period))
		}
		switch {
		case a.Kind == anomalies.SilentTrader && a.Ongoing():
			silent++
			silentVolume += a.Expected
			uids = append(uids, uidKey(a.Subject.UID))
		case a.Kind == anomalies.VolumeDrop:
			drops++
			dropSize -= a.Size
		case a.Kind == anomalies.WithdrawalSpike:
			withdrawals++
			withdrawn += a.Size
		}
	}
	r.add("silentTraders", "traders", silent)
	r.add("silentVolume", "volume", int64(silentVolume))
	uids = uids[:min(len(uids), 3)]
	r.addText("silentUids", strings.Join(uids, ", "), uids)
	r.add("drops", "trades", drops)
	r.add("dropSize", "volume", int64(dropSize))
	r.add("withdrawalSpikes", "trades", withdrawals)
	r.add("withdrawalSize", "withdrawals", int64(withdrawn))
}

// newcomers are those of the period's sign-ups who went no further.
func (r *review) newcomers() {
	r.add("notDeposited", "newReferrals", r.notDeposited)
	r.add("notTraded", "newReferrals", r.notTraded)
}

// add notes a figure of the unit that the metric has.
func (r *review) add(name, metric string, v int64) {
	f := referral.AdviceFigure{Name: name, Value: v, Text: grouped(strconv.FormatInt(v, 10))}
	if m, _ := referral.MetricByName(metric); m.Unit == referral.USDT {
		f.Text = inUSDT(domain.Money(v))
	} else {
		f.Value = v * int64(domain.USDT)
	}
	r.figures, r.raw[name] = append(r.figures, f), figure(metric, v)
}

// addText notes what is no number: who is meant.
func (r *review) addText(name, text string, raw any) {
	r.figures, r.raw[name] = append(r.figures, referral.AdviceFigure{Name: name, Text: text}), raw
}

// addPercent notes a percentage, as domain.Percent writes it.
func (r *review) addPercent(name, percent string) {
	var v domain.Money
	if v.UnmarshalJSON([]byte(percent)) == nil {
		f := referral.AdviceFigure{Name: name, Value: int64(v), Text: strings.Replace(percent, "-", "−", 1) + " %"}
		r.figures, r.raw[name] = append(r.figures, f), percent
	}
}

// next applies the rules of prompts/advice.txt.
func (r *review) next() []suggestion {
	out := []suggestion{}
	for _, rule := range r.Advice {
		words, ok := rule.Apply(r.figures)
		if !ok {
			continue
		}
		s := suggestion{Key: rule.Name, Words: words, Figures: object{}}
		for _, name := range rule.Figures() {
			s.Figures = append(s.Figures, member{name, r.raw[name]})
		}
		if out = append(out, s); len(out) == maxSuggestions {
			break
		}
	}
	return out
}

// inUSDT is an amount for people: two decimals, rounded half away from zero, thousands apart.
func inUSDT(m domain.Money) string {
	const cent = domain.USDT / 100
	half := cent / 2
	if m < 0 {
		half = -half
	}
	s, negative := strings.CutPrefix(((m + half) / cent * cent).String(), "-")
	whole, rest, _ := strings.Cut(s, ".")
	s = grouped(whole) + "." + (rest + "00")[:2] + " USDT"
	if negative {
		s = "−" + s
	}
	return s
}

// grouped sets the thousands of an integer apart.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
