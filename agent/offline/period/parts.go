package period

import "time"

// quarterOrHalf: Q3, Q3 2016, third quarter of 2016, H2, first half of the year. Without a year it is the
// latest that has begun; the span then carries its number in d and its unit in grain, for yearFirst.
func quarterOrHalf(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	var n, j int
	var u string
	t := p.at(i)
	switch {
	case t.word == "q" && p.at(i+1).kind == number && p.at(i+1).glued:
		n, j, u = p.at(i+1).n, i+2, "quarter"
	case t.end-t.start == 1 && t.word == "hour" && p.at(i+1).kind == number && p.at(i+1).glued:
		n, j, u = p.at(i+1).n, i+2, "half"
	case t.word == "quarter" && p.at(i+1).kind == number:
		n, j, u = p.at(i+1).n, i+2, "quarter"
	default:
		v, k, ordinal, ok := p.numberAt(i)
		if !ok && p.is(i, "last") && p.is(k+1, "quarter", "half") && p.is(k+2, "of") {
			v, k, ordinal, ok = -1, i+1, true, true
		}
		switch {
		case ok && ordinal && p.is(k, "quarter"):
			n, j, u = v, k+1, "quarter"
		case ok && ordinal && p.is(k, "half"):
			n, j, u = v, k+1, "half"
		default:
			return span{}, 0, false
		}
	}
	limit := 2
	if u == "quarter" {
		limit = 4
	}
	if n == -1 {
		n = limit
	}
	if n < 1 || n > limit {
		return span{}, 0, false
	}
	// "first half of October", "second half of last month"
	if u == "half" && p.is(j, "of") {
		if s, e, ok := p.container(j + 1); ok && s.grain == "month" {
			mid := addDays(s.from, 15)
			if n == 1 {
				return span{from: s.from, to: mid}, e, true
			}
			return span{from: mid, to: s.to}, e, true
		}
	}
	y, e, ok := p.yearAfter(j)
	if k := p.opt(p.opt(j, "of"), "the"); !ok && k > j && p.is(k, "year") {
		y, e, ok = p.today.Year(), k+1, true
	}
	if ok {
		from, to := partOfYear(p.today, y, u, n)
		return span{from: from, to: to, grain: u, y: y, d: n}, e, true
	}
	from, to := partOfYear(p.today, p.today.Year(), u, n)
	if from.After(p.today) {
		from, to = partOfYear(p.today, p.today.Year()-1, u, n)
	}
	return span{from: from, to: to, grain: u, d: n}, j, true
}

func partOfYear(like time.Time, y int, u string, n int) (from, to time.Time) {
	months := 6
	if u == "quarter" {
		months = 3
	}
	from = date(like, y, (n-1)*months+1, 1)
	return from, date(like, y, n*months+1, 1)
}

// container reads what weeks and days are counted in: a month, quarter or year.
func (p *parser) container(i int) (span, int, bool) {
	i = p.opt(i, "the")
	if u, ok := p.unitAt(i); ok && (u == "week" || u == "month" || u == "quarter" || u == "year") {
		return p.calendar(u, 0), i + 1, true
	}
	for _, r := range []rule{relativeUnit, quarterOrHalf, yearFirst, monthFirst} {
		if s, n, ok := r(p, i); ok {
			if s.m > 0 && s.d == 0 || s.grain == "week" || s.grain == "month" || s.grain == "quarter" || s.grain == "half" || s.grain == "year" {
				g := s.grain
				if s, ok = p.resolve(s); ok {
					if g == "" {
						s.grain = "month"
					}
					return s, n, true
				}
			}
		}
	}
	if y, n, ok := p.yearAt(i); ok && y <= 2100 {
		return span{from: date(p.today, y, 1, 1), to: date(p.today, y+1, 1, 1), grain: "year"}, n, true
	}
	return span{}, 0, false
}

// ordinalOf: first week of 2015, third week of October, last Friday of the month, the first 10 days of Oct, last
// day of last month. A week belongs to the month or year that its Thursday is in (ISO 8601).
func ordinalOf(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	n, j, ordinal, ok := p.numberAt(i)
	switch {
	case p.is(i, "last", "final"):
		n, j = -1, i+1
	case !ok || !ordinal:
		return span{}, 0, false
	}
	many := 1
	if m, k, ordinal, ok := p.numberAt(j); ok && !ordinal {
		many, j = m, k
	} else if p.is(j, "few") {
		many, j = 3, j+1
	} else if p.is(j, "couple") {
		many, j = 2, p.opt(j+1, "of")
	}
	wd := p.at(j)
	u, isUnit := p.unitAt(j)
	if !isUnit && wd.kind != weekday || !p.is(j+1, "of", "in") || many > 366 || n > 366 {
		return span{}, 0, false
	}
	in, end, ok := p.container(j + 2)
	if !ok {
		return span{}, 0, false
	}
	var from, to time.Time
	switch {
	case wd.kind == weekday:
		from = addDays(in.from, (wd.n-1-(int(in.from.Weekday())+6)%7+7)%7+7*(n-1))
		if n < 0 {
			last := addDays(in.to, -1)
			from = addDays(last, -((int(last.Weekday())+6)%7-(wd.n-1)+7)%7)
		}
		to = addDays(from, 1)
	case u == "week":
		first, _ := unitOf(addDays(in.from, 3), "week", 0) // the week of the 4th is the first whose Thursday is in it
		from = addDays(first, 7*(n-1))
		if n < 0 {
			from, _ = unitOf(addDays(in.to, -4), "week", 0)
			from = addDays(from, -7*(many-1))
		}
		to = addDays(from, 7*many)
	case n < 0:
		from, to = add(in.to, u, -many), in.to
	default:
		from = add(in.from, u, (n-1)*many)
		to = add(from, u, many)
	}
	if from.Before(addDays(in.from, -7)) || to.After(addDays(in.to, 7)) {
		return span{}, 0, false
	}
	s := span{from: from, to: to, grain: u}
	if wd.kind == weekday {
		s.grain = "day"
	}
	return s, end, true
}

// partOf: early October, mid last month, end of September, beginning of the year: the first, middle and last third.
func partOf(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	var third int
	switch {
	case p.is(i, "early", "start"):
		third = 0
	case p.is(i, "mid"):
		third = 1
	case p.is(i, "late", "end"):
		third = 2
	default:
		return span{}, 0, false
	}
	j := p.opt(i+1, "-")
	if (p.is(i, "start", "end")) && !p.is(j, "of") {
		return span{}, 0, false
	}
	j = p.opt(j, "of")
	s, end, ok := p.container(j)
	if !ok || s.grain == "week" {
		return span{}, 0, false
	}
	if s.grain != "month" {
		from := addMonths(s.from, third*int(s.to.Sub(s.from).Hours()/24/30)/3)
		to := addMonths(s.from, (third+1)*int(s.to.Sub(s.from).Hours()/24/30)/3)
		return span{from: from, to: to}, end, true
	}
	from, to := addDays(s.from, 10*third), addDays(s.from, 10*third+10)
	if third == 2 {
		to = s.to
	}
	return span{from: from, to: to}, end, true
}

// weekNumber: week 27, week 1 of 2018, week 27 of last year (ISO 8601).
func weekNumber(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	if !p.is(i, "week") || p.at(i).end-p.at(i).start == 1 {
		return span{}, 0, false
	}
	t := p.at(i + 1)
	if t.kind != number || t.n < 1 || t.n > 53 || t.ordinal {
		return span{}, 0, false
	}
	y, end, ok := p.yearAfter(i + 2)
	if !ok {
		y, end = p.today.Year(), i+2
	}
	first, _ := unitOf(date(p.today, y, 1, 4), "week", 0)
	if from := addDays(first, 7*(t.n-1)); !ok && from.After(p.today) {
		first, _ = unitOf(date(p.today, y-1, 1, 4), "week", 0)
	}
	from := addDays(first, 7*(t.n-1))
	return span{from: from, to: addDays(from, 7), grain: "week"}, end, true
}

// weekOf: the week of October 5, the week of the 18th, week commencing Feb 4, w/c Feb 4, month of September 16th.
func weekOf(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	u, ok := p.unitAt(i)
	j := i + 1
	switch {
	case p.is(i, "w") && p.is(i+1, "/") && p.is(i+2, "c"):
		u, j = "week", i+3
	case p.at(i).word == "week" && p.is(i+1, "/"):
		if !p.is(i+2, "c") {
			return span{}, 0, false
		}
		u, j = "week", i+3
	case ok && p.is(j, "of", "starting", "beginning", "start", "containing"):
		j = p.opt(j+1, "on")
	default:
		return span{}, 0, false
	}
	for _, r := range []rule{numericDate, monthFirst, dayFirst, dayOfMonth, namedDay, weekdayName} {
		if s, n, ok := r(p, j); ok && (s.d > 0 || s.resolved() || s.wd > 0) {
			if s, ok = p.resolve(s); ok {
				from, to := unitOf(s.from, u, 0)
				return span{from: from, to: to, grain: u}, n, true
			}
		}
	}
	return span{}, 0, false
}

// decade: the 1970's, the seventies.
func decade(p *parser, i int) (span, int, bool) {
	t := p.at(i)
	y := 0
	switch j := p.opt(i+1, "'", "’"); {
	case t.kind == number && t.n%10 == 0 && t.digits == 4 && p.is(j, "s") && p.at(j).glued && p.at(i+1).glued:
		y, i = t.n, j
	case t.kind == number && t.n%10 == 0 && t.digits == 2 && p.is(j, "s") && p.at(j).glued && p.is(i-1, "the", "in") && p.at(i+1).glued:
		y, i = century(t.n), j
	case t.kind == word:
		switch t.word {
		case "seventies":
			y = 1970
		case "eighties":
			y = 1980
		case "nineties":
			y = 1990
		case "noughties":
			y = 2000
		}
	}
	if y == 0 {
		return span{}, 0, false
	}
	return span{from: date(p.today, y, 1, 1), to: date(p.today, y+10, 1, 1), grain: "decade"}, i + 1, true
}

// holidays that campaigns are named after; each is the latest that has begun, or the one of the year said.
var holidays = []struct {
	words []string
	on    func(like time.Time, y int) time.Time
}{
	{[]string{"christmas", "eve"}, fixed(12, 24)},
	{[]string{"christmas", "day"}, fixed(12, 25)},
	{[]string{"christmas"}, fixed(12, 25)},
	{[]string{"xmas"}, fixed(12, 25)},
	{[]string{"new", "year", "eve"}, fixed(12, 31)},
	{[]string{"new", "year", "day"}, fixed(1, 1)},
	{[]string{"halloween"}, fixed(10, 31)},
	{[]string{"valentine", "day"}, fixed(2, 14)},
	{[]string{"independence", "day"}, fixed(7, 4)},
	{[]string{"labor", "day"}, nth(9, time.Monday, 1, 0)},
	{[]string{"memorial", "day"}, func(l time.Time, y int) time.Time { return addDays(nth(6, time.Monday, 1, 0)(l, y), -7) }},
	{[]string{"martin", "luther", "king", "day"}, nth(1, time.Monday, 3, 0)},
	{[]string{"thanksgiving"}, nth(11, time.Thursday, 4, 0)},
	{[]string{"black", "friday"}, nth(11, time.Thursday, 4, 1)},
	{[]string{"cyber", "monday"}, nth(11, time.Thursday, 4, 4)},
	{[]string{"singles", "day"}, fixed(11, 11)},
}

func fixed(m, d int) func(time.Time, int) time.Time {
	return func(like time.Time, y int) time.Time { return date(like, y, m, d) }
}

func nth(m int, wd time.Weekday, n, after int) func(time.Time, int) time.Time {
	return func(like time.Time, y int) time.Time {
		first := date(like, y, m, 1)
		return addDays(first, (int(wd)-int(first.Weekday())+7)%7+7*(n-1)+after)
	}
}

func holiday(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	for _, h := range holidays {
		j := i
		for _, w := range h.words {
			if !p.is(j, w) {
				break
			}
			j++
		}
		if j-i < len(h.words) {
			continue
		}
		if h.words[len(h.words)-1] != "day" {
			j = p.opt(j, "day")
		}
		y, end, ok := p.yearAfter(j)
		if !ok {
			if y, end = p.today.Year(), j; h.on(p.today, y).After(p.today) {
				y--
			}
		}
		t := h.on(p.today, y)
		return span{from: t, to: addDays(t, 1), grain: "day"}, end, true
	}
	return span{}, 0, false
}
