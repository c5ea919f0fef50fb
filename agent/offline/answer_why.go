package offline

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reasons are the parts of a result of explain_change, summarize_performance and list_anomalies.
type reasons struct {
	Causes       []cause          `json:"causes"`
	Rest         json.Number      `json:"rest"`
	Drivers      []row            `json:"drivers"`
	ByReferee    []row            `json:"byReferee"`
	BySubPartner []row            `json:"bySubPartner"`
	ByStatus     []row            `json:"byStatus"`
	Contribution map[string][]row `json:"contribution"`
	Anomalies    *struct {
		Rows  []alert `json:"rows"`
		Total int     `json:"total"`
	} `json:"anomalies"`
	Next []struct {
		Words string `json:"words"`
	} `json:"next"`
}

// cause is a part of a change that is worth saying.
type cause struct {
	Dimensions map[string]string `json:"dimensions"`
	Delta      json.Number       `json:"delta"`
	Status     string            `json:"status"`
	Others     bool              `json:"others"`
}

// alert is a row of list_anomalies.
type alert struct {
	Kind    string `json:"kind"`
	Subject struct {
		Type string `json:"type"`
		UID  int64  `json:"uid"`
	} `json:"subject"`
	Metric   string    `json:"metric"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Ongoing  bool      `json:"ongoing"`
	Expected struct {
		Low   json.Number `json:"low"`
		Usual json.Number `json:"usual"`
		High  json.Number `json:"high"`
	} `json:"expected"`
	Seen json.Number `json:"seen"`
}

// How many causes, drivers, alerts and suggestions are told; the card has them all.
const (
	toldCauses  = 3
	toldDrivers = 2
	toldParts   = 2
	toldAlerts  = 3
	toldNext    = 2
)

func (p *Planner) renderChange(f Frame, r result) string {
	m := or(r.Metric, strings.Join(f.Metrics, ""))
	when, only := p.when(f, r), p.only(f)
	var c change
	if json.Unmarshal(fields(r.Total)[m], &c) != nil {
		return p.prompts.Answer("error.internal")
	}
	said := []string{"metric", label(m), "lower_metric", lower(label(m)), "period", when, "filters", only, "current", value(m, c.Current.String()),
		"previous", value(m, c.Previous.String()), "in_earlier", within(p.earlier(f, r)), "changed", p.moved(m, c), "causes", p.causes(m, r.Causes, r.Rest.String())}
	switch {
	case sign(c.Current.String()) == 0 && sign(c.Previous.String()) == 0 && len(r.Rows) == 0:
		return p.prompts.Answer("explain.nothing", said...)
	case sign(c.Delta.String()) == 0:
		return p.prompts.Answer("explain.same", said...)
	case len(r.Causes) == 0:
		return strings.Join(append([]string{p.prompts.Answer("explain.plain", said...)}, p.behind(m, r)...), "\n\n")
	}
	return strings.Join(append([]string{p.prompts.Answer("explain.change", said...)}, p.behind(m, r)...), "\n\n")
}

// earlier is what was compared with, in words: "last week (9–15 Nov 2026)".
func (p *Planner) earlier(f Frame, r result) string {
	name := "the period before"
	switch {
	case f.CompareTo != "" && !strings.Contains(f.CompareTo, ".."):
		name = periodName(f.CompareTo)
	case f.CompareTo == "" && presetBefore[f.Period] != "":
		name = presetBefore[f.Period]
	}
	if r.CompareTo == nil {
		return name
	}
	answer := "compare.earlier"
	if r.ToDate {
		answer = "compare.earlier.part"
	}
	return p.prompts.Answer(answer, "name", name, "dates", p.dates(r.CompareTo.From, r.CompareTo.To))
}

// within puts "in" before what was compared with, where English wants it.
func within(earlier string) string {
	for _, adverb := range []string{"last ", "yesterday", "today", "the day before"} {
		if strings.HasPrefix(earlier, adverb) {
			return earlier
		}
	}
	return "in " + earlier
}

// presetBefore names the calendar's period before.
var presetBefore = map[string]string{"today": "yesterday", "yesterday": "the day before", "this_week": "last week", "last_week": "the week before",
	"this_month": "last month", "last_month": "the month before", "this_quarter": "last quarter", "last_quarter": "the quarter before",
	"this_year": "last year", "last_year": "the year before"}

// moved is "fell by 41.20 USDT (−12.3 %) to 293.10 USDT".
func (p *Planner) moved(m string, c change) string {
	name, percent := "explain.rose", ""
	if sign(c.Delta.String()) < 0 {
		name = "explain.fell"
	}
	if c.Percent != "" {
		percent = " (" + signed(c.Percent.String()) + " %)"
	}
	return p.prompts.Answer(name, "delta", value(m, strings.TrimPrefix(c.Delta.String(), "-")), "percent", percent, "current", value(m, c.Current.String()))
}

// delta is a change with its sign and unit.
func delta(m, v string) string {
	if sign(v) > 0 {
		return "+" + value(m, v)
	}
	return value(m, v)
}

// causes are the first few with their deltas, and what all else came to, so that the deltas said sum to the whole.
func (p *Planner) causes(m string, causes []cause, rest string) string {
	var said []string
	left := rest
	for i, c := range causes {
		if i >= toldCauses {
			left = sum(left, c.Delta.String())
			continue
		}
		status := ""
		if c.Status == "entered" || c.Status == "left" {
			status = " " + p.prompts.Answer("explain.cause."+c.Status)
		}
		said = append(said, p.prompts.Answer("explain.cause", "delta", delta(m, c.Delta.String()), "what", p.about(c), "status", status))
	}
	if sign(left) != 0 {
		said = append(said, p.prompts.Answer("explain.rest", "delta", delta(m, left)))
	}
	return strings.Join(said, ", ")
}

// about says whom a cause is about: "UID 201171 (futures)".
func (p *Planner) about(c cause) string {
	var words []string
	for _, dim := range []string{"referee", "sub_partner", "code", "country", "relation", "product"} {
		key, ok := c.Dimensions[dim]
		switch {
		case !ok:
		case dim == "relation":
			words = append(words, key+" referees")
		default:
			words = append(words, p.key(dim, key))
		}
	}
	what := strings.Join(words, "")
	if len(words) > 1 {
		what = words[0] + " (" + strings.Join(words[1:], ", ") + ")"
	}
	if c.Others {
		return p.prompts.Answer("explain.others", "what", what)
	}
	return what
}

// behind are the sentences about what drove a change, and about who came and went.
func (p *Planner) behind(m string, r result) []string {
	var out, drivers []string
	ranked := slices.DeleteFunc(slices.Clone(r.Drivers), func(d row) bool { return sign(d.text("delta")) == 0 })
	slices.SortStableFunc(ranked, func(a, b row) int {
		return compareDecimals(strings.TrimPrefix(b.text("delta"), "-"), strings.TrimPrefix(a.text("delta"), "-"))
	})
	for _, d := range ranked[:min(len(ranked), toldDrivers)] {
		drivers = append(drivers, p.prompts.Answer("explain.driver."+d.text("key"), "previous", decimal(d.text("previous"), 0), "current", decimal(d.text("current"), 0),
			"delta", delta(m, d.text("delta"))))
	}
	if len(drivers) > 0 {
		out = append(out, p.prompts.Answer("explain.drivers", "drivers", strings.Join(drivers, ", ")))
	}
	for _, list := range []struct {
		template, dim string
		rows          []row
	}{{"explain.referees", "referee", r.ByReferee}, {"explain.subPartners", "sub_partner", r.BySubPartner}} {
		var said []string
		for _, part := range list.rows {
			if key := part.text("key"); key != "" && part.text("count") == "" && sign(part.text("delta")) != 0 && len(said) < toldParts {
				said = append(said, p.key(list.dim, key)+" "+delta(m, part.text("delta")))
			}
		}
		if len(said) > 0 {
			out = append(out, p.prompts.Answer(list.template, "rows", strings.Join(said, ", ")))
		}
	}
	by := map[string]row{}
	for _, s := range r.ByStatus {
		by[s.text("key")] = s
	}
	if entered, left := by["entered"], by["left"]; entered != nil || left != nil {
		out = append(out, p.prompts.Answer("explain.moves", "entered", or(entered.text("count"), "0"), "enteredDelta", delta(m, or(entered.text("delta"), "0")),
			"left", or(left.text("count"), "0"), "leftDelta", delta(m, or(left.text("delta"), "0"))))
	}
	return out
}

// reviewed are the figures of a review that its first sentence tells.
var reviewed = []string{"commission", "volume", "traders", "newReferrals", "netDeposits"}

func (p *Planner) renderReview(f Frame, r result) string {
	total := fields(r.Total)
	var values []string
	of := map[string]change{}
	for m, raw := range total {
		var c change
		if json.Unmarshal(raw, &c) == nil {
			of[m] = c
		}
	}
	for _, m := range reviewed {
		c, ok := of[m]
		if !ok {
			continue
		}
		percent := ""
		if c.Percent != "" {
			percent = " (" + signed(c.Percent.String()) + " %)"
		}
		values = append(values, p.prompts.Answer("review.value", "lower_metric", lower(label(m)), "value", value(m, c.Current.String()), "percent", percent))
	}
	if len(values) == 0 {
		return p.prompts.Answer("error.internal")
	}
	out := []string{p.prompts.Answer("review.head", "Period", capital(p.when(f, r)), "values", enumerate(values), "earlier", p.earlier(f, r))}
	var leaders []string
	for _, by := range []struct{ list, dim string }{{"byReferee", "referee"}, {"bySubPartner", "sub_partner"}, {"byProduct", "product"}, {"byCountry", "country"}} {
		if rows := r.Contribution[by.list]; len(rows) > 0 && rows[0].text("share") != "" && sign(rows[0].text("share")) > 0 {
			leaders = append(leaders, p.prompts.Answer("review.leader", "what", p.key(by.dim, rows[0].text("key")), "share", decimal(rows[0].text("share"), 2)+" %"))
		}
	}
	if len(leaders) > 0 {
		out = append(out, p.prompts.Answer("review.from", "leaders", enumerate(leaders)))
	}
	if len(r.Causes) > 0 && sign(of["commission"].Delta.String()) != 0 {
		out = append(out, p.prompts.Answer("review.cause", "causes", p.causes("commission", r.Causes[:min(len(r.Causes), toldNext)], "0")))
	}
	count := func(m string) string { return decimal(or(of[m].Current.String(), "0"), 0) }
	out = append(out, p.prompts.Answer("review.funnel", "newReferrals", count("newReferrals"), "verified", count("verified"), "deposited", count("deposited"), "firstTraders", count("firstTraders")))
	if a := r.Anomalies; a != nil && len(a.Rows) > 0 {
		out = append(out, p.prompts.Answer("review.alerts", "total", strconv.Itoa(a.Total), "first", lower(p.alert(a.Rows[0]))))
	} else if a != nil {
		out = append(out, p.prompts.Answer("review.calm"))
	}
	var words []string
	for _, n := range r.Next[:min(len(r.Next), toldNext)] {
		words = append(words, n.Words)
	}
	if len(words) > 0 {
		out = append(out, p.prompts.Answer("review.next", "words", strings.Join(words, " ")))
	}
	return strings.Join(out, "\n\n")
}

func (p *Planner) renderAnomalies(f Frame, r result) string {
	var total int
	if json.Unmarshal(r.Total, &total) != nil {
		total = len(r.Rows)
	}
	only := ""
	if f.Kind != "" {
		only = " (" + strings.ReplaceAll(f.Kind, "_", " ") + ")"
	}
	var told []string
	for _, row := range r.Rows[:min(len(r.Rows), toldAlerts)] {
		var a alert
		if raw, err := json.Marshal(row); err == nil && json.Unmarshal(raw, &a) == nil {
			told = append(told, p.alert(a))
		}
	}
	name := "anomalies.some"
	switch total {
	case 0:
		name = "anomalies.none"
	case 1:
		name = "anomalies.one"
	}
	return p.prompts.Answer(name, "period", p.when(f, r), "filters", only, "total", strconv.Itoa(total), "alerts", strings.Join(told, " "))
}

// alert is a sentence.
func (p *Planner) alert(a alert) string {
	who := "UID " + strconv.FormatInt(a.Subject.UID, 10)
	switch a.Subject.Type {
	case "sub_partner":
		who = "sub-partner " + strconv.FormatInt(a.Subject.UID, 10)
	case "book":
		who = "all your referees"
	}
	name := "anomalies." + a.Kind
	until := ""
	if !a.Ongoing {
		name += ".over"
		until = p.day(a.Until.Add(-time.Nanosecond), true)
	}
	return p.prompts.Answer(name, "who", who, "Who", capital(who), "since", p.day(a.Since, true), "until", until, "seen", value(a.Metric, a.Seen.String()),
		"usual", value(a.Metric, a.Expected.Usual.String()), "low", value(a.Metric, a.Expected.Low.String()), "high", value(a.Metric, a.Expected.High.String()))
}
