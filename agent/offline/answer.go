package offline

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// result is what the data tools return, together.
type result struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	CompareTo *struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	} `json:"compareTo"`
	ToDate  bool            `json:"toDate"`
	GroupBy string          `json:"groupBy"`
	Metric  string          `json:"metric"`
	By      string          `json:"by"`
	Rows    []row           `json:"rows"`
	Total   json.RawMessage `json:"total"`
	Error   *domain.Error   `json:"error"`
	sections
	reasons
}

type row map[string]json.RawMessage

// text is a field as a string: of a JSON string its content, of a number its digits.
func (r row) text(name string) string {
	var s string
	if raw := r[name]; len(raw) == 0 || string(raw) == "null" {
		return ""
	} else if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(r[name], &n) == nil {
		return n.String()
	}
	return ""
}

func fields(raw json.RawMessage) row {
	var r row
	if json.Unmarshal(raw, &r) != nil {
		return nil
	}
	return r
}

// change is a metric in a comparison.
type change struct {
	Current  json.Number `json:"current"`
	Previous json.Number `json:"previous"`
	Delta    json.Number `json:"delta"`
	Percent  json.Number `json:"percent"`
	Whole    json.Number `json:"whole"`
}

// render puts the results of a turn's calls into words. Every figure is one of a result.
func (p *Planner) render(calls []call, frames []Frame) string {
	var out []string
	for _, c := range calls {
		if text, ok := p.renderPrograms(c); ok && c.done {
			out = append(out, text)
			continue
		}
		if text, ok := p.renderTasks(c); ok && c.done {
			out = append(out, text)
			continue
		}
		if c.done && c.tool == handOff {
			out = append(out, p.renderHandoff(c.result))
			continue
		}
		if c.done && strings.HasPrefix(c.tool, proposes) {
			out = append(out, p.renderProposal(c.result))
			continue
		}
		frame, ok := frameOf(c.tool, c.args)
		if !c.done || !ok {
			continue
		}
		var r result
		if json.Unmarshal([]byte(c.result), &r) != nil {
			out = append(out, p.prompts.Answer("error.internal"))
			continue
		}
		if r.Error != nil {
			out = append(out, p.refusal(r.Error))
			continue
		}
		var text string
		switch frame.Intent {
		case Metrics:
			text = p.renderMetrics(frame, r)
		case Compare:
			text = p.renderComparison(frame, r)
		case Leaderboard:
			text = p.renderLeaderboard(frame, r)
		case Referees:
			text = p.renderReferees(frame, r)
		case Referee:
			text = p.renderReferee(frame, r)
		case Activity:
			text = p.renderActivity(frame, r)
		case Trace:
			text = p.renderTrace(frame, r)
		case Rewards:
			text = p.renderRewards(frame, r)
		case Codes:
			text = p.renderCodes(frame, r)
		case RootCause:
			text = p.renderChange(frame, r)
		case Review:
			text = p.renderReview(frame, r)
		case Anomalies:
			text = p.renderAnomalies(frame, r)
		case Rules:
			text = p.renderRules(c.result)
		case Events, Materials, Learning, News:
			text = p.renderResources(frame, r)
		}
		out = append(out, text)
		if i := slices.IndexFunc(frames, func(f Frame) bool { return f.Intent == frame.Intent && f.Period == frame.Period }); i >= 0 {
			if frames[i].MetricAssumed {
				out = append(out, p.prompts.Answer("default.metric", "lower_metric", lower(label(frame.Metrics[0]))))
			}
			if frames[i].PeriodAssumed {
				out = append(out, p.prompts.Answer("default.period", "period", periodName(frame.Period)))
			}
			if frames[i].Composed {
				out = append(out, p.prompts.Answer("trace.composed"))
			}
		}
	}
	if len(out) == 0 {
		return p.prompts.Answer("not_yet.tool")
	}
	return strings.Join(slices.Compact(out), " ")
}

// refusal says in words why a tool refused: by the argument at fault, else by the kind of error.
func (p *Planner) refusal(e *domain.Error) string {
	name := "error." + e.Field
	if e.Code != domain.CodeInvalid || !p.prompts.Has(name) {
		name = "error." + string(e.Code)
	}
	if !p.prompts.Has(name) {
		name = "error.other"
	}
	said := strings.Fields(e.Message)
	for i, w := range said {
		if m, ok := referral.MetricByName(w); ok { // "netDeposits is not kept by product"
			said[i] = lower(m.Label)
		}
	}
	return p.prompts.Answer(name, "message", strings.TrimSuffix(strings.Join(said, " "), "."))
}

func (p *Planner) renderMetrics(f Frame, r result) string {
	when, only := p.when(f, r), p.only(f)
	total := fields(r.Total)
	group := or(r.GroupBy, f.GroupBy)
	var values []string
	for _, m := range f.Metrics {
		if v := total.text(m); v != "" {
			values = append(values, lower(label(m))+" "+value(m, v))
		}
	}
	switch {
	case len(values) == 0 || len(f.Metrics) == 0:
		return p.prompts.Answer("query.empty", "lower_metric", lower(p.labels(f.Metrics)), "period", when, "filters", only)
	case group != "":
		if len(r.Rows) == 0 {
			return p.prompts.Answer("query.empty", "lower_metric", lower(p.labels(f.Metrics)), "period", when, "filters", only)
		}
		m := f.Metrics[0]
		text := p.prompts.Answer("query.grouped", "metric", label(m), "group", groupName(group), "period", when, "filters", only, "total", value(m, total.text(m)))
		if len(r.Rows) <= 4 {
			var rows []string
			for _, row := range r.Rows {
				rows = append(rows, p.key(group, row.text("key"))+" "+value(m, row.text(m)))
			}
			return text + " " + p.prompts.Answer("query.grouped.list", "rows", capital(strings.Join(rows, ", ")))
		}
		top := r.Rows[0]
		for _, row := range r.Rows {
			if compareDecimals(row.text(m), top.text(m)) > 0 {
				top = row
			}
		}
		return text + " " + p.prompts.Answer("query.grouped.top", "key", p.key(group, top.text("key")), "value", value(m, top.text(m)))
	case len(values) == 1:
		m := f.Metrics[0]
		return p.prompts.Answer("query.one", "metric", label(m), "period", when, "filters", only, "value", value(m, total.text(m)))
	}
	return p.prompts.Answer("query.many", "Period", capital(when), "filters", only, "values", enumerate(values))
}

func (p *Planner) renderComparison(f Frame, r result) string {
	when, only := p.when(f, r), p.only(f)
	earlier := p.earlier(f, r)
	total := fields(r.Total)
	var out []string
	for _, m := range f.Metrics {
		var c change
		if json.Unmarshal(total[m], &c) != nil {
			continue
		}
		out = append(out, p.changed("compare.one", m, c, "period", when, "filters", only, "in_earlier", within(earlier)))
		if r.ToDate && c.Whole != "" && len(f.Metrics) == 1 {
			out = append(out, p.prompts.Answer("compare.whole", "whole", value(m, c.Whole.String())))
		}
		if mover, c, ok := largestMove(r.Rows, m); ok && len(f.Metrics) == 1 && or(r.GroupBy, f.GroupBy) != "" {
			out = append(out, p.prompts.Answer("compare.mover", "key", p.key(or(r.GroupBy, f.GroupBy), mover), "change", p.direction(m, c)))
		}
	}
	if len(out) == 0 {
		return p.prompts.Answer("query.empty", "lower_metric", lower(p.labels(f.Metrics)), "period", when, "filters", only)
	}
	return strings.Join(out, " ")
}

func (p *Planner) changed(template, m string, c change, pairs ...string) string {
	if sign(c.Delta.String()) == 0 {
		template = "compare.same"
	}
	return p.prompts.Answer(template, append(pairs, "metric", label(m), "current", value(m, c.Current.String()), "previous", value(m, c.Previous.String()),
		"change", p.direction(m, c))...)
}

// direction is "up 5.70 USDT (+12.5 %)".
func (p *Planner) direction(m string, c change) string {
	name := "compare.up"
	if sign(c.Delta.String()) < 0 {
		name = "compare.down"
	}
	percent := ""
	if c.Percent != "" {
		percent = " (" + signed(c.Percent.String()) + " %)"
	}
	return p.prompts.Answer(name, "delta", value(m, strings.TrimPrefix(c.Delta.String(), "-")), "percent", percent)
}

func largestMove(rows []row, m string) (key string, c change, ok bool) {
	for _, r := range rows {
		var one change
		if json.Unmarshal(r[m], &one) != nil || sign(one.Delta.String()) == 0 {
			continue
		}
		if !ok || compareDecimals(strings.TrimPrefix(one.Delta.String(), "-"), strings.TrimPrefix(c.Delta.String(), "-")) > 0 {
			key, c, ok = r.text("key"), one, true
		}
	}
	return key, c, ok
}

func (p *Planner) renderLeaderboard(f Frame, r result) string {
	when, only := p.when(f, r), p.only(f)
	m := r.Metric
	if m == "" && len(f.Metrics) > 0 {
		m = f.Metrics[0]
	}
	by := or(r.By, f.By)
	ranked := slices.DeleteFunc(slices.Clone(r.Rows), func(row row) bool { return sign(row.text(m)) == 0 })
	if len(ranked) == 0 {
		return p.prompts.Answer("leaderboard.empty", "lower_metric", lower(label(m)), "period", when, "filters", only)
	}
	first := ranked[0]
	share := ""
	if s := first.text("share"); s != "" {
		share = " " + p.prompts.Answer("leaderboard.share", "percent", decimal(s, 2)+" %")
	}
	out := []string{p.prompts.Answer("leaderboard.one", "leader", capital(p.key(by, first.text("key"))), "lower_metric", lower(label(m)), "period", when,
		"filters", only, "value", value(m, first.text(m)), "share", share)}
	var next []string
	for _, row := range ranked[1:min(len(ranked), 3)] {
		next = append(next, p.key(by, row.text("key"))+" with "+value(m, row.text(m)))
	}
	if len(next) > 0 {
		out = append(out, p.prompts.Answer("leaderboard.next", "rows", enumerate(next)))
	}
	if total := fields(r.Total).text(m); total != "" {
		out = append(out, p.prompts.Answer("leaderboard.total", "total", value(m, total)))
	}
	return strings.Join(out, " ")
}

func (p *Planner) renderReferees(f Frame, r result) string {
	var total json.Number
	if json.Unmarshal(r.Total, &total) != nil {
		total = json.Number(strconv.Itoa(len(r.Rows)))
	}
	name := "referees.some"
	switch {
	case total == "0":
		name = "referees.none"
	case total == "1":
		name = "referees.one"
	case total.String() == strconv.Itoa(len(r.Rows)):
		name = "referees.all"
	}
	return p.prompts.Answer(name, "total", decimal(total.String(), 0), "shown", decimal(strconv.Itoa(len(r.Rows)), 0), "filters", p.listFilters(f))
}

// refereeFigures are the figures of get_referee that the sentence tells, where they are there and not nothing.
var refereeFigures = []string{"commission", "volume", "trades", "deposits", "withdrawals"}

func (p *Planner) renderReferee(f Frame, r result) string {
	if len(r.Rows) == 0 {
		return p.prompts.Answer("referee.none", "uid", strconv.FormatInt(f.UID, 10))
	}
	one := r.Rows[0]
	relation, country, registered := "", "", one.text("registeredAt")
	if v := one.text("relation"); v != "" {
		relation = " " + v
		if v == string(referral.Indirect) {
			relation = "n " + v
		}
	}
	if c := one.text("country"); c != "" {
		country = " from " + p.country(c)
	}
	if t, err := time.Parse(time.RFC3339, registered); err == nil {
		registered = p.day(t, true)
	}
	var values []string
	for _, m := range refereeFigures {
		if v := one.text(m); v != "" && (sign(v) != 0 || m == "commission" || m == "volume") {
			values = append(values, lower(label(m))+" "+value(m, v))
		}
	}
	return p.prompts.Answer("referee.one", "uid", one.text("key"), "relation", relation, "country", country, "registered", registered,
		"activity", or(one.text("activity"), "known"), "Period", capital(p.when(f, r)), "values", enumerate(values))
}
