package period

import (
	"fmt"
	"slices"
	"time"
)

// which reads this, last, next … : how many units from now, and whether it was "past", which rolls.
func (p *parser) which(i int) (n, next int, past, ok bool) {
	switch {
	case p.is(i, "this"):
		return 0, i + 1, false, true
	case p.is(i, "last", "previous"):
		return -1, i + 1, false, true
	case p.is(i, "past"):
		return -1, i + 1, true, true
	case p.is(i, "next"):
		return 1, i + 1, false, true
	}
	return 0, i, false, false
}

// relativeUnit: this week, last month, the current calendar quarter, all week, of the month, month before last;
// "past month" rolls, and so does "over the last month".
func relativeUnit(p *parser, i int) (span, int, bool) {
	start := i
	i = p.opt(i, "the", "my", "all", "our")
	n, j, past, ok := p.which(i)
	if !ok {
		whole := p.opt(i, "whole")
		u, isUnit := p.unitAt(whole)
		if !isUnit || u == "hour" || u == "half" {
			return span{}, 0, false
		}
		// "the month before last"
		if p.is(whole+1, "before") && p.is(whole+2, "last", "previous") {
			return p.calendar(u, -2), whole + 3, true
		}
		// "the week before": before what was just spoken of, or before this one
		if p.is(whole+1, "before") || p.is(whole+1, "prior") {
			if s, n, ok := p.atom(whole + 2); ok && s.resolved() {
				return p.unitsBefore(s, u, 1), n, true
			}
			if p.prev != nil {
				return p.unitsBefore(*p.prev, u, 1), whole + 2, true
			}
			return p.calendar(u, -1), whole + 2, true
		}
		if p.is(start, "all", "my", "our") || whole > i ||
			p.is(start, "the") && p.is(start-1, "of", "for", "in", "over", "within", "during", "far", "throughout") && !p.is(whole+1, "of") {
			return p.calendar(u, 0), whole + 1, u != "decade"
		}
		if p.is(start, "the") && p.is(start-1, "and", "about") && p.ends(whole+1) && u != "decade" { // "and the quarter?"
			return p.calendar(u, 0), whole + 1, true
		}
		return span{}, 0, false
	}
	whole := p.opt(j, "whole", "calendar")
	u, isUnit := p.unitAt(whole)
	if p.prev != nil && p.is(i, "this") && p.is(whole, "one") && slices.Contains([]string{"day", "week", "month", "quarter", "year"}, p.prev.grain) { // "last quarter and this one"
		u, isUnit = p.prev.grain, true
	}
	if !isUnit || u == "hour" {
		return span{}, 0, false
	}
	end := whole + 1
	if p.is(i, "previous") && p.prev != nil && p.prev.grain == u {
		return p.unitsBefore(*p.prev, u, 1), end, true
	}
	if n == -1 && whole == j && (past || p.is(i, "last") && p.is(i-1, "the") && p.is(i-2, "over", "in", "within", "during") && !p.is(end, "of")) {
		switch u {
		case "day":
			return p.calendar("day", -1), end, true
		case "week":
			return p.rollingDays("last_7_days", 7), end, true
		case "month":
			return p.rollingMonths(1), end, true
		case "year":
			return p.rollingMonths(12), end, true
		case "fortnight":
			return p.rollingDays("last_14_days", 14), end, true
		}
	}
	if u == "weekend" && n == -1 && p.today.Weekday() == time.Sunday {
		n = 0 - 1
	}
	return p.calendar(u, n), end, true
}

// ends reports whether nothing but marks comes from token i on.
func (p *parser) ends(i int) bool {
	return !slices.ContainsFunc(p.toks[min(i, len(p.toks)):], func(t token) bool { return t.kind != mark })
}

func (p *parser) calendar(u string, n int) span {
	from, to := p.unit(u, n)
	return span{from: from, to: to, grain: u}
}

func (p *parser) rollingDays(preset string, n int) span {
	to := addDays(p.today, 1)
	return span{from: addDays(to, -n), to: to, preset: preset}
}

func (p *parser) rollingMonths(n int) span {
	to := addDays(p.today, 1)
	return span{from: addMonths(to, -n), to: to, preset: fmt.Sprintf("last_%d_months", n)}
}

// unitsBefore moves a span back by n units. One that is as long as the unit stays whole.
func (p *parser) unitsBefore(s span, u string, n int) span {
	s, ok := p.resolve(s)
	if !ok {
		return span{}
	}
	if s.grain == u && u != "" {
		from, to := unitOf(s.from, u, -n)
		return span{from: from, to: to, grain: u}
	}
	if s.grain == "day" || s.grain == "" && addDays(s.from, 1).Equal(s.to) || u == "day" {
		from, to := unitOf(add(s.from, u, -n), "day", 0)
		if u == "week" || u == "month" || u == "quarter" || u == "year" {
			from, to = unitOf(add(s.from, u, -n), u, 0)
		}
		return span{from: from, to: to, grain: u}
	}
	return span{from: add(s.from, u, -n), to: s.from, grain: u}
}

// rolling: last 7 days, the past two weeks, previous 3 months, trailing 30 days, 30d, last few days, last 24 hours.
// Weeks, months and years roll with today included, as the presets do; quarters are whole ones.
func rolling(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the", "my")
	k, j, _, ok := p.which(i)
	if !ok && p.is(i, "recent", "most") {
		j, ok, k = p.opt(i+1, "recent"), true, -1
	}
	lead := ok
	if ok && k != -1 || p.is(i, "this") {
		return span{}, 0, false
	}
	n, j, ok := p.count(j)
	if !ok {
		return span{}, 0, false
	}
	j = p.opt(j, "-")
	j = p.opt(j, "whole", "calendar", "consecutive")
	u, ok := p.unitAt(j)
	end := j + 1
	if !ok || n > 5000 {
		return span{}, 0, false
	}
	if !lead {
		// "7 days" alone is a period when nothing follows that moves it, "a day" is not.
		if p.is(end, "ago", "before", "after", "from", "prior") || p.is(i, "a", "an") || p.is(i-1, "in", "every", "each", "than", "least", "within", "per") || n == 1 || u == "hour" && n < 24 {
			return span{}, 0, false
		}
		// "first 10 days of October", "3 days starting Monday" are read elsewhere.
		if p.is(i-1, "first", "next", "this") || p.is(end, "starting", "of", "in") || p.at(i).ordinal {
			return span{}, 0, false
		}
	}
	switch u {
	case "day":
		return p.rollingDays(fmt.Sprintf("last_%d_days", n), n), end, true
	case "hour":
		days := (n+23)/24 + 1 // the hours reach back into the day before
		return p.rollingDays(fmt.Sprintf("last_%d_days", days), days), end, true
	case "week":
		return p.rollingDays(fmt.Sprintf("last_%d_weeks", n), 7*n), end, n <= 520
	case "fortnight":
		return p.rollingDays(fmt.Sprintf("last_%d_weeks", 2*n), 14*n), end, n <= 260
	case "month":
		return p.rollingMonths(n), end, n <= 120
	case "year":
		s := p.rollingMonths(12 * n)
		if n > 10 {
			s.preset = ""
		}
		return s, end, n <= 1000
	case "quarter", "half":
		_, to := p.unit(u, -1)
		return span{from: add(to, u, -n), to: to}, end, n <= 400
	case "weekend":
		s := p.calendar("weekend", -1)
		s.from = addDays(s.from, -7*(n-1))
		return s, end, n <= 520
	case "decade":
		_, to := p.unit(u, -1)
		return span{from: add(to, u, -n), to: to}, end, n <= 10
	}
	return span{}, 0, false
}

// future: next 3 days, within 5 days, in two weeks' time, 2 years 1 month from now.
func future(p *parser, i int) (span, int, bool) {
	lead := p.at(i).word
	j := p.opt(i, "the")
	within := p.is(j, "next", "within")
	if !within && !p.is(j, "in") {
		return span{}, 0, false
	}
	j = p.opt(j+1, "the")
	j = p.opt(j, "next")
	end, t := j, p.today
	for {
		n, k, ok := p.count(end)
		if !ok || n > 1000 {
			break
		}
		u, ok := p.unitAt(k)
		if !ok || u == "hour" {
			return span{}, 0, false
		}
		t, end = add(t, u, n), k+1
		if end-j > 8 {
			break
		}
	}
	if end == j || !t.After(p.today) {
		return span{}, 0, false
	}
	if lead == "in" && !p.is(j-1, "next") {
		end = p.opt(end, "time")
		return span{from: t, to: addDays(t, 1), grain: "day"}, end, p.is(i, "in")
	}
	return span{from: p.today, to: t}, end, true
}

// namedDay: today, yesterday, the day before yesterday, now, so far, the day before.
func namedDay(p *parser, i int) (span, int, bool) {
	day := func(n, next int) (span, int, bool) { return p.calendar("day", n), next, true }
	switch {
	case p.is(i, "today"):
		return day(0, i+1)
	case p.is(i, "yesterday"):
		return day(-1, i+1)
	case p.is(i, "tomorrow"):
		return day(1, i+1)
	case p.is(i, "this") && p.is(i+1, "morning", "afternoon", "evening"):
		return day(0, i+2)
	case p.is(i, "last") && p.is(i+1, "night", "evening"):
		return day(-1, i+2)
	}
	j := p.opt(i, "the")
	if p.is(j, "day") && p.is(j+1, "before", "prior") {
		if k := p.opt(j+2, "to"); p.is(k, "yesterday") {
			return day(-2, k+1)
		}
	}
	if j = p.opt(i, "the"); p.is(j, "day") && p.is(j+1, "after") && p.is(j+2, "tomorrow") {
		return day(2, j+3)
	}
	return span{}, 0, false
}

// ago: three days ago, a week ago, 2 thursdays ago, two years ago (a month of that year).
func ago(p *parser, i int) (span, int, bool) {
	n, j, ok := p.count(i)
	if !ok || n > 5000 {
		return span{}, 0, false
	}
	if wd := p.at(j); wd.kind == weekday && p.is(j+1, "ago") {
		t := p.lastWeekday(wd.n)
		t = addDays(t, -7*(n-1))
		return span{from: t, to: addDays(t, 1), grain: "day"}, j + 2, n < 1000
	}
	u, ok := p.unitAt(j)
	if !ok || !p.is(j+1, "ago", "back") || p.is(j+1, "before") {
		return span{}, 0, false
	}
	if u == "hour" {
		n, u = n/24, "day"
	}
	t := add(p.today, u, -n)
	if u == "year" {
		from, to := unitOf(t, "month", 0)
		return span{from: from, to: to, grain: "month"}, j + 2, true
	}
	return span{from: t, to: addDays(t, 1), grain: "day"}, j + 2, true
}

// unitBefore: two days before yesterday, 2 weeks before May 13 1999, 3 days from today, 3 days after Monday,
// 2 weeks starting May 20th.
func unitBefore(p *parser, i int) (span, int, bool) {
	n, j, ok := p.count(i)
	if !ok || n > 5000 {
		return span{}, 0, false
	}
	u, ok := p.unitAt(j)
	if !ok || u == "hour" {
		return span{}, 0, false
	}
	j = p.opt(j+1, ",")
	var sign int
	long := false
	switch {
	case p.is(j, "before"):
		sign = -1
	case p.is(j, "after"):
		sign = 1
	case p.is(j, "starting", "beginning", "start"):
		sign, long, j = 1, true, p.opt(j+1, "on", "from")-1
	case p.is(j, "from"):
		sign, long = 1, p.is(i-1, "for")
	default:
		return span{}, 0, false
	}
	if p.is(j+1, "that", "then") && p.prev != nil {
		s := p.unitsBefore(*p.prev, u, n)
		return s, j + 2, s.resolved() && sign < 0
	}
	var base span
	next := j + 2
	if p.is(j+1, "now") {
		base = p.calendar("day", 0)
	} else if base, next, ok = p.atom(j + 1); !ok {
		return span{}, 0, false
	}
	base, ok = p.resolve(base)
	if !ok {
		return span{}, 0, false
	}
	t := add(base.from, u, sign*n)
	if long {
		return span{from: base.from, to: t}, next, true
	}
	return span{from: t, to: addDays(t, 1), grain: "day"}, next, true
}

func (p *parser) lastWeekday(wd int) time.Time {
	back := (int(p.today.Weekday())+6)%7 + 1 - wd
	if back <= 0 {
		back += 7
	}
	return addDays(p.today, -back)
}

// weekdayName: Friday (the latest one before today), this Friday, next Friday, Friday last week, Mon 13th,
// Friday 7/6, last week Monday.
func weekdayName(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	// "last week Monday", "previous week - Monday"
	if s, n, ok := relativeWeek(p, i); ok {
		k := p.opt(n, "-", ",", "on")
		if t := p.at(k); t.kind == weekday {
			from := addDays(s.from, t.n-1)
			return span{from: from, to: addDays(from, 1), grain: "day"}, k + 1, true
		}
	}
	n, j, _, rel := p.which(i)
	t := p.at(j)
	if t.kind != weekday || t.end-t.start == 3 && !rel && (t.word == "sat" || t.word == "sun" || t.word == "wed" || t.word == "mon") && !p.spokenAsTime(j) && p.at(j+1).kind != number {
		return span{}, 0, false
	}
	j++
	// "Friday of last week", "Monday this week"
	if s, e, ok := relativeWeek(p, p.opt(p.opt(j, ","), "of", "in")); ok {
		from := addDays(s.from, t.n-1)
		return span{from: from, to: addDays(from, 1), grain: "day"}, e, true
	}
	// "Sunday, Feb 10", "Friday (jun-15)", "Mon 13th", "Friday the 13th": the date decides
	k := p.opt(j, ",", "(")
	k = p.opt(k, "the")
	if s, e, ok := p.calendarDate(k); ok {
		s.next = false
		return s, p.opt(e, ")"), true
	}
	if d, e, ordinal, ok := p.numberAt(k); ok && d >= 1 && d <= 31 && (ordinal || k == j) && !p.is(e, ":", "%", "am", "pm") && p.at(e).kind != unit {
		return span{d: d, wd: t.n}, e, true
	}
	switch {
	case !rel:
		return span{wd: t.n}, j, true
	case n == 0:
		from, _ := p.unit("week", 0)
		from = addDays(from, t.n-1)
		return span{from: from, to: addDays(from, 1), grain: "day"}, j, true
	case n > 0:
		return span{wd: t.n, next: true}, j, true
	}
	from := p.lastWeekday(t.n)
	return span{from: from, to: addDays(from, 1), grain: "day"}, j, true
}

func relativeWeek(p *parser, i int) (span, int, bool) {
	s, n, ok := relativeUnit(p, i)
	return s, n, ok && s.grain == "week"
}

// calendarDate reads a date with at least a day and a month.
func (p *parser) calendarDate(i int) (span, int, bool) {
	for _, r := range []rule{numericDate, monthFirst, dayFirst} {
		if s, n, ok := r(p, i); ok && s.d > 0 && s.m > 0 {
			return s, n, true
		}
	}
	return span{}, 0, false
}

// samePeriod: same day last week, same time last month, the same period last year, this time last year.
func samePeriod(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "at")
	i = p.opt(i, "the")
	if !p.is(i, "same") && !(p.is(i, "this") && p.is(i+1, "time")) {
		return span{}, 0, false
	}
	i++
	what, ok := p.unitAt(i)
	if !ok && !p.is(i, "period", "time", "point", "span", "date", "stretch", "days", "window") {
		return span{}, 0, false
	}
	i++
	i = p.opt(i, "of", "in", "a", "the", "from")
	n, j, past, ok := p.which(i)
	if ok && past {
		ok = p.is(i, "past")
	}
	u, isUnit := p.unitAt(j)
	switch {
	case ok && isUnit:
		j++
	case isUnit && p.is(j+1, "ago", "before", "earlier", "prior"): // "same day a week ago"
		n, j = -1, j+2
	default:
		return span{}, 0, false
	}
	if what == "day" || what == "" && p.is(i-2, "date") {
		t := add(p.today, u, n)
		if p.prev != nil && p.prev.grain == "day" {
			t = add(p.prev.from, u, n)
		}
		return span{from: t, to: addDays(t, 1), grain: "day"}, j, true
	}
	if what != "" && what != u { // "the same week last month": the week that lies there
		from, to := unitOf(add(p.today, u, n), what, 0)
		return span{from: from, to: to, grain: what}, j, true
	}
	if p.prev != nil && p.prev.grain != u {
		return span{from: add(p.prev.from, u, n), to: add(p.prev.to, u, n), grain: p.prev.grain}, j, true
	}
	return p.calendar(u, n), j, true
}

// toDate: week to date, MTD, year-to-date, so far this month (which is this_month: the future holds nothing yet).
func toDate(p *parser, i int) (span, int, bool) {
	switch {
	case p.is(i, "wtd"):
		return p.untilToday("week"), i + 1, true
	case p.is(i, "mtd"):
		return p.untilToday("month"), i + 1, true
	case p.is(i, "qtd"):
		return p.untilToday("quarter"), i + 1, true
	case p.is(i, "ytd"):
		return p.untilToday("year"), i + 1, true
	case p.is(i, "so") && p.is(i+1, "far"):
		s, n, ok := relativeUnit(p, i+2)
		if ok {
			return s, n, true
		}
		s, n, ok = namedDay(p, i+2)
		return s, n, ok
	}
	j := p.opt(i, "the", "this", "my")
	u, ok := p.unitAt(j)
	if !ok || u == "hour" || u == "day" {
		return span{}, 0, false
	}
	j = p.opt(j+1, "-")
	if p.is(j, "to") {
		if j = p.opt(j+1, "-"); p.is(j, "date") {
			return p.untilToday(u), j + 1, true
		}
	}
	return span{}, 0, false
}

func (p *parser) untilToday(u string) span {
	from, _ := p.unit(u, 0)
	return span{from: from, to: addDays(p.today, 1)}
}
