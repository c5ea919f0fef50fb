package agent

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/referral"
)

// facts are what an answer may say: the figures of this run's results, what follows from them by one step of
// arithmetic, and what the partner wrote (SPEC A16).
type facts struct {
	numbers  []fact
	dates    map[string]bool // 2026-11-16
	months   map[string]bool // 2026-11
	times    map[string]bool // 08:00
	spans    []span
	ranks    int             // places of the longest list
	ranked   map[string]int  // places of rows by their keys
	lists    int             // rankings among the results
	keys     map[string]bool // of rows: what a clause can speak of
	have     map[string]bool // metrics that results have
	money    bool            // one of them is in USDT
	compared string          // first day of the period that the result being read compares with
	text     string          // user's text and results as they are, in lower case: names, codes, words for periods
	asked    string          // user's text and the arguments, in lower case, _ as space
	now      time.Time
	zone     *time.Location
}

type fact struct {
	value   float64 // may be negative
	digits  string  // of an integer, exact
	metric  string  // of the table of metrics, "" for anything else
	percent bool
	change  bool // its sign says up or down
	uid     bool
	count   bool   // of rows, places, limits: never money
	ratio   bool   // how many times one is the other
	points  bool   // a difference of percentages
	of      string // key of its row
	when    string // first day of the period that it is of
	said    bool   // by the partner
	quoted  bool   // in a text of a result
	note    bool   // in a text that somebody wrote to remember by
}

// place is where in a result a figure stands.
type place struct{ key, metric, of, when string }

type span struct{ from, to string } // dates

// newFacts gathers them. It reads the results as JSON, so it knows which metric a figure is of.
func newFacts(user string, steps []conversation.Step, now time.Time, zone *time.Location) *facts {
	f := &facts{dates: map[string]bool{}, months: map[string]bool{}, times: map[string]bool{}, keys: map[string]bool{}, ranked: map[string]int{}, have: map[string]bool{}, now: now, zone: zone}
	f.addDate(now.In(zone))
	f.text = strings.ToLower(user)
	f.asked = lastFor(f.text)
	f.addText(user, fact{said: true})
	totals := map[string][]float64{} // by metric, over all results
	for _, s := range steps {
		for _, c := range s.Calls {
			f.asked += " " + strings.ToLower(strings.ReplaceAll(c.Args, "_", " "))
			f.text += " " + strings.ToLower(c.Args) + " " + strings.ToLower(c.Result)
			f.walk(decodeJSON(c.Args), place{})
			if isError(c.Result) {
				continue
			}
			result := decodeJSON(c.Result)
			f.walk(result, place{when: firstDayOf(result)})
			if object, ok := result.(map[string]any); ok {
				f.derive(object, totals)
			}
		}
	}
	for metric, values := range totals { // two calls for two periods: their difference
		if len(values) > 8 {
			values = values[:8]
		}
		for i, a := range values {
			for _, b := range values[i+1:] {
				f.addChange(metric, a, b)
				f.addChange(metric, b, a)
			}
		}
	}
	return f
}

// decodeJSON keeps numbers as they are written; nil when s is not JSON.
func decodeJSON(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// uidKeys are the fields that hold uids; a row's key does too when it is a number.
var uidKeys = []string{"key", "uid", "subPartnerUid", "sub_partner", "referee", "account", "partner", "path"}

// percentKeys hold percentages; rateKeys hold fractions, which people say as percentages.
var (
	percentKeys = []string{"percent", "share"}
	rateKeys    = []string{"spotRebateRate", "futuresRebateRate", "rebateRate", "rate"}
	changeKeys  = []string{"delta", "percent"}
	countKeys   = []string{"limit", "rank", "total", "vipMin", "spotVip", "futuresVip", "days"}
)

// firstDayOf is the day on which a result's period begins, "" when it has none.
func firstDayOf(result any) string {
	object, _ := result.(map[string]any)
	if from, _ := object["from"].(string); len(from) >= 10 {
		return from[:10]
	}
	return ""
}

// walk takes in every figure and date below v, with the nearest metric and row above it.
func (f *facts) walk(v any, at place) {
	if _, ok := referral.MetricByName(at.key); ok {
		at.metric = at.key
	}
	switch v := v.(type) {
	case map[string]any:
		// A record of a settlement is keyed by its date, and spoken of by the day that it was earned on.
		if key, ok := v["key"].(string); ok && key != "" && v["day"] == nil {
			at.of = key
			f.keys[key] = true
			if rank, ok := number(v["rank"]); ok {
				if f.ranked[key] = int(rank); rank == 1 {
					f.lists++
				}
			}
		}
		earlier := firstDayOf(v["compareTo"])
		for name, value := range v {
			below := place{name, at.metric, at.of, at.when}
			switch name {
			case "previous", "whole":
				below.when = f.compared
			case "delta", "percent":
				below.when = ""
			}
			if earlier != "" {
				f.compared = earlier
			}
			f.walk(value, below)
		}
	case []any:
		if _, rows := first(v).(map[string]any); rows { // how many there are can be said
			f.ranks = max(f.ranks, len(v))
			f.numbers = append(f.numbers, fact{value: float64(len(v)), digits: strconv.Itoa(len(v)), count: true})
		}
		for _, item := range v {
			f.walk(item, at)
		}
	case json.Number:
		f.addNumber(v.String(), at)
	case string:
		switch {
		case decimal.MatchString(v):
			f.addNumber(v, at)
		case isoDate.MatchString(v):
			if t, err := time.Parse(time.RFC3339, v); err == nil {
				f.addDate(t)
				f.times[t.Format("15:04")] = true
			}
			if t, err := time.Parse(time.DateOnly, v[:10]); err == nil {
				f.addDate(t)
				if at.key == "to" || at.key == "until" { // excluded: people say the last day
					f.addDate(t.AddDate(0, 0, -1))
				}
			}
		default:
			f.addText(strings.ReplaceAll(v, "_", " "), fact{quoted: true, note: at.key == "note"}) // last_30_days
		}
	}
}

func first(items []any) any {
	if len(items) == 0 {
		return nil
	}
	return items[0]
}

var (
	decimal = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	isoDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$`)
)

func (f *facts) addNumber(s string, at place) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return
	}
	n := fact{
		value: v, metric: at.metric, of: at.of, when: at.when, percent: slices.Contains(percentKeys, at.key),
		change: slices.Contains(changeKeys, at.key), uid: slices.Contains(uidKeys, at.key), count: slices.Contains(countKeys, at.key),
	}
	if m, ok := referral.MetricByName(at.metric); ok {
		f.have[at.metric] = true
		f.money = f.money || m.Unit == referral.USDT
	}
	if !strings.Contains(s, ".") {
		n.digits = s
	}
	if slices.Contains(rateKeys, at.key) {
		f.numbers = append(f.numbers, fact{value: v * 100, percent: true})
	}
	f.numbers = append(f.numbers, n)
}

func (f *facts) addDate(t time.Time) {
	f.dates[t.Format(time.DateOnly)] = true
	f.months[t.Format("2006-01")] = true
}

// addText takes in what a text says: the partner's, an argument, or a title in a result. by says which.
func (f *facts) addText(s string, by fact) {
	found := scan(s)
	for _, d := range found.dates {
		for _, year := range d.years(f.now) {
			f.addDate(time.Date(year, time.Month(d.month), max(d.day, 1), 0, 0, 0, 0, time.UTC))
		}
	}
	for _, t := range found.times {
		f.times[t] = true
	}
	for _, n := range found.numbers {
		for _, v := range n.values {
			k := by
			k.value, k.digits, k.percent, k.points = v.value, n.digits, n.percent, n.points
			k.uid = by.said && (n.uid || len(n.digits) > 3 && !n.money)
			f.numbers = append(f.numbers, k)
		}
	}
}

// derive adds what one step of arithmetic over a result gives: shares of the total, sums of the first rows, the
// average of a row, and for a comparison how many times.
func (f *facts) derive(result map[string]any, totals map[string][]float64) {
	if from, ok := result["from"].(string); ok {
		to, _ := result["to"].(string)
		f.addSpan(from, to)
	}
	if c, ok := result["compareTo"].(map[string]any); ok {
		from, _ := c["from"].(string)
		to, _ := c["to"].(string)
		f.addSpan(from, to)
	}
	rows, _ := result["rows"].([]any)
	total, _ := result["total"].(map[string]any)
	when := firstDayOf(result)
	for metric, value := range total {
		if _, ok := referral.MetricByName(metric); !ok {
			continue
		}
		if parts, ok := value.(map[string]any); ok {
			current, ok1 := number(parts["current"])
			for _, name := range []string{"previous", "whole"} {
				if before, ok2 := number(parts[name]); ok1 && ok2 {
					f.addChange(metric, current, before)
				}
			}
			continue
		}
		sum, ok := number(value)
		if !ok {
			continue
		}
		totals[metric] = append(totals[metric], sum)
		running := 0.0
		var ranked []float64
		for i, row := range rows {
			fields, _ := row.(map[string]any)
			v, ok := number(fields[metric])
			if !ok {
				continue
			}
			running += v
			key, _ := fields["key"].(string)
			for _, before := range ranked { // how far the first ones are apart
				f.numbers = append(f.numbers, fact{value: math.Abs(before - v), metric: metric})
			}
			if len(ranked) < 4 {
				ranked = append(ranked, v)
			}
			if sum != 0 {
				f.numbers = append(f.numbers, fact{value: 100 * v / sum, percent: true, metric: metric, of: key},
					fact{value: 100 * running / sum, percent: true, metric: metric})
			}
			if i > 0 && math.Abs(running-sum) > 1e-6 { // else it is a row, or the total
				f.numbers = append(f.numbers, fact{value: running, metric: metric, when: when})
			}
			if len(rows) > 2 {
				f.numbers = append(f.numbers, fact{value: sum - v, metric: metric, when: when})
			}
		}
		if len(rows) > 1 {
			f.numbers = append(f.numbers, fact{value: sum / float64(len(rows)), metric: metric, when: when})
		}
	}
}

// addChange adds how far current is from previous: difference, percentage, how many times.
func (f *facts) addChange(metric string, current, previous float64) {
	f.numbers = append(f.numbers, fact{value: current - previous, metric: metric, change: true})
	if previous != 0 {
		f.numbers = append(f.numbers,
			fact{value: 100 * (current - previous) / math.Abs(previous), metric: metric, percent: true, change: true},
			fact{value: current / previous, metric: metric, ratio: true})
	}
}

func (f *facts) addSpan(from, to string) {
	if len(from) >= 10 && len(to) >= 10 {
		f.spans = append(f.spans, span{from[:10], to[:10]})
	}
}

func number(v any) (float64, bool) {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// hasPeriod reports whether a period's name is one that was asked for or that a result is of.
func (f *facts) hasPeriod(phrase string) bool {
	if strings.Contains(f.asked, phrase) || len(f.spans) == 0 {
		return true
	}
	p, err := domain.ParsePeriod(strings.ReplaceAll(phrase, " ", "_"), f.now, f.zone)
	if err != nil {
		return true // not a period that can be told
	}
	from, to := p.From.In(f.zone).Format(time.DateOnly), p.To.In(f.zone).Format(time.DateOnly)
	for _, s := range f.spans {
		// A day of a result by day, and the whole of what was compared to date, are of it too.
		if s.from == from || s.from <= from && to <= s.to && !strings.ContainsAny(phrase, "0123456789") {
			return true
		}
	}
	return false
}
