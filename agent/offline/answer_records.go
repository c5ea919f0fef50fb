package offline

import (
	"encoding/json"
	"strconv"
	"time"
)

// sections are the parts of a result beside its rows, of the tools about activity, trades, rewards and codes.
type sections struct {
	Counts     row    `json:"counts"`
	ByProduct  []row  `json:"byProduct"`
	Symbols    []row  `json:"symbols"`
	Hours      []row  `json:"hours"`
	Weekdays   []row  `json:"weekdays"`
	Trade      row    `json:"trade"`
	Verdict    row    `json:"verdict"`
	NextCursor string `json:"nextCursor"`
}

// most is the row with the largest volume, if any has some.
func most(rows []row) (top row, ok bool) {
	for _, r := range rows {
		if v := r.text("volume"); sign(v) > 0 && (!ok || compareDecimals(v, top.text("volume")) > 0) {
			top, ok = r, true
		}
	}
	return top, ok
}

func (p *Planner) renderActivity(f Frame, r result) string {
	count := func(name string) string { return decimal(r.Counts.text(name), 0) }
	when, only := p.when(f, r), p.only(f)
	earlier := ""
	if r.CompareTo != nil {
		earlier = p.dates(r.CompareTo.From, r.CompareTo.To)
	}
	out := p.prompts.Answer("activity.counts", "Period", capital(when), "filters", only, "active", count("active"), "total", count("total"), "before", count("activeBefore"),
		"earlier", earlier, "dormant", count("dormant"), "inactive", count("inactive"), "new", count("new"))
	product, traded := most(r.ByProduct)
	if !traded {
		return out + " " + p.prompts.Answer("activity.nothing")
	}
	share := func(r row) string { return decimal(r.text("share"), 2) + " %" }
	if symbol, ok := most(r.Symbols); ok && product.text("share") != "" && symbol.text("share") != "" {
		out += " " + p.prompts.Answer("activity.tendency", "product", product.text("key"), "share", share(product), "symbol", symbol.text("key"), "symbolShare", share(symbol))
	}
	hour, ok := most(r.Hours)
	if day, found := most(r.Weekdays); ok && found {
		out += " " + p.prompts.Answer("activity.time", "hour", hour.text("key"), "weekday", day.text("key"))
	}
	if average := fields(r.Total).text("averageTrade"); average != "" {
		out += " " + p.prompts.Answer("activity.size", "average", value("volume", average))
	}
	if key, c, ok := largestMove(r.Rows, "volume"); ok {
		out += " " + p.prompts.Answer("activity.mover", "uid", key, "change", p.direction("volume", c))
	}
	return out
}

func (p *Planner) renderTrace(f Frame, r result) string {
	metric := "commission"
	total := fields(r.Total)
	if total.text(metric) == "" {
		metric = "sharedReceived"
	}
	if t := r.Trade; t != nil {
		at, err := time.Parse(time.RFC3339, t.text("at"))
		if err != nil {
			return p.prompts.Answer("error.internal")
		}
		return p.prompts.Answer("trace.trade", "id", t.text("tradeId"), "uid", t.text("uid"), "product", t.text("product"), "symbol", t.text("symbol"),
			"volume", value("volume", t.text("volume")), "at", at.In(p.zone).Format("2 Jan 2006, 15:04"), "why", r.Verdict.text("text"))
	}
	uid := strconv.FormatInt(f.UID, 10)
	if len(r.Rows) == 0 {
		return p.prompts.Answer("trace.none", "uid", uid, "period", p.when(f, r))
	}
	name := "trace.all"
	if r.NextCursor != "" {
		name = "trace.some"
	}
	out := p.prompts.Answer(name, "metric", label(metric), "uid", uid, "period", p.when(f, r), "total", value(metric, total.text(metric)), "shown", strconv.Itoa(len(r.Rows)))
	top := r.Rows[0]
	for _, row := range r.Rows {
		if compareDecimals(row.text(metric), top.text(metric)) > 0 {
			top = row
		}
	}
	if sign(top.text(metric)) > 0 && len(r.Rows) > 1 {
		out += " " + p.prompts.Answer("trace.top", "id", top.text("key"), "value", value(metric, top.text(metric)))
	}
	return out
}

func (p *Planner) renderRewards(f Frame, r result) string {
	total := fields(r.Total)
	metric := map[string]string{"rebate": "commission", "shared": "sharedReceived", "task": "taskRewards"}[f.Kind]
	when := p.when(f, r)
	switch {
	case len(r.Rows) == 0:
		return p.prompts.Answer("rewards.none", "period", when, "what", p.prompts.Answer("rewards.what."+f.Kind))
	}
	out := p.prompts.Answer("rewards.sum", "What", capital(p.prompts.Answer("rewards.what."+f.Kind)), "period", when, "total", value(metric, total.text(metric)),
		"settled", value(metric, total.text("settled")), "unsettled", value(metric, total.text("unsettled")))
	last := r.Rows[0]
	if f.Kind == "task" {
		out = p.prompts.Answer("rewards.task", "period", when, "total", value(metric, total.text(metric)), "amount", value(metric, last.text("amount")), "id", last.text("taskId"), "title", last.text("title"))
	} else if day, err := time.Parse(time.DateOnly, last.text("day")); err == nil {
		out += " " + p.prompts.Answer("rewards.last", "day", day.Format("2 Jan 2006"), "amount", value(metric, last.text("amount")), "uid", last.text("uid"),
			"product", last.text("product"), "status", last.text("status"))
	}
	return out
}

func (p *Planner) renderCodes(f Frame, r result) string {
	total := fields(r.Total)
	f.Period = or(f.Period, "this_month") // the tool's default
	if len(r.Rows) == 0 {
		return p.prompts.Answer("codes.none")
	}
	name := "codes.many"
	if len(r.Rows) == 1 {
		name = "codes.one"
	}
	top := r.Rows[0]
	rates := func(r row) []string {
		percent := func(name string) string { return decimal(hundredfold(r.text(name)), 2) + " %" }
		return []string{"spot", percent("spotRebateRate"), "futures", percent("futuresRebateRate")}
	}
	out := p.prompts.Answer(name, append(rates(top), "codes", decimal(total.text("codes"), 0), "code", top.text("key"), "referees", decimal(total.text("referees"), 0),
		"period", p.when(f, r), "commission", value("commission", top.text("commission")))...)
	for _, row := range r.Rows {
		var yes bool
		if json.Unmarshal(row["default"], &yes) == nil && yes {
			return out + " " + p.prompts.Answer("codes.default", append(rates(row), "code", row.text("key"))...)
		}
	}
	return out
}
