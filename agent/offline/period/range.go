package period

import "time"

// phrase reads a span with what may lead to it or follow it: between A and B, from A to B, A–B, since A, A onwards.
func (p *parser) phrase(i int) (span, int, bool) {
	if p.is(i, "since") || p.is(i, "starting", "start") {
		j := p.opt(i+1, "from", "on")
		if s, n, ok := p.atom(j); ok {
			return p.since(s, n)
		}
	}
	if p.is(i, "after") || p.is(i, "year") && p.is(i+1, "after") {
		if s, n, ok := p.atom(i + 1); ok {
			if s, ok = p.resolve(s); ok && s.to.Before(p.today) {
				return span{from: s.to, to: addDays(p.today, 1)}, n, true
			}
		}
	}
	if p.is(i, "between") {
		if s, n, ok := p.fromTo(i+1, "and", "to", "-"); ok {
			return s, n, true
		}
	}
	if p.is(i, "from") {
		if s, n, ok := p.fromTo(i+1, "to", "-", "and", "until"); ok {
			return s, n, true
		}
	}
	if s, n, ok := p.fromTo(i, "to", "-"); ok {
		return s, n, true
	}
	s, n, ok := p.atom(i)
	if !ok {
		return span{}, 0, false
	}
	// "2026-10-01..2026-10-15", the tools' own way, which excludes the end
	if p.is(n, ".") && p.is(n+1, ".") && p.at(n+1).glued && s.d > 0 && s.y > 0 {
		if b, e, ok := numericDate(p, n+2); ok && b.d > 0 && b.y > 0 {
			a, ok1 := p.resolve(s)
			b, ok2 := p.resolve(b)
			return span{from: a.from, to: b.from}, e, ok1 && ok2
		}
	}
	if p.is(n, "onward") || p.is(n, "and", "or") && p.is(n+1, "after", "onward") {
		end := n + 1
		if !p.is(n, "onward") {
			end++
		}
		return p.untilNow(s, end)
	}
	if p.is(i-1, "from") && p.is(n, "on") && !p.at(n+1).timeLike() {
		return p.untilNow(s, n+1)
	}
	// "last week between Friday and Sunday"
	if s.grain == "week" && p.is(n, "between", "from") {
		if in, e, ok := p.withinWeek(s, n+1); ok {
			return in, e, true
		}
	}
	// "November between 19 and 20"
	if s.m > 0 && s.d == 0 && p.is(n, "between", "from") {
		a, j, ok := p.dayAt(n + 1)
		b, e, ok2 := p.dayAt(j + 1)
		if ok && ok2 && p.is(j, "and", "to", "-") && a < b {
			return p.join(span{y: s.y, m: s.m, d: a}, span{y: s.y, m: s.m, d: b}, e)
		}
	}
	return s, n, true
}

func (t token) timeLike() bool {
	return t.kind == month || t.kind == weekday || t.kind == number || t.kind == small
}

// since reads what may follow "since A".
func (p *parser) since(s span, next int) (span, int, bool) {
	// "since May 3 until May 9" is a range all the same
	if p.is(next, "to") {
		if b, n, ok := p.atom(next + 1); ok {
			return p.join(s, b, n)
		}
	}
	return p.untilNow(s, next)
}

// untilNow is from the span's beginning to the end of today.
func (p *parser) untilNow(s span, next int) (span, int, bool) {
	s, ok := p.resolve(s)
	to := addDays(p.today, 1)
	return span{from: s.from, to: to}, next, ok && s.from.Before(to)
}

func (p *parser) withinWeek(week span, i int) (span, int, bool) {
	a, b := p.at(i), p.at(i+2)
	if a.kind != weekday || b.kind != weekday || !p.is(i+1, "and", "to", "-") || a.n > b.n {
		return span{}, 0, false
	}
	return span{from: addDays(week.from, a.n-1), to: addDays(week.from, b.n)}, i + 3, true
}

// fromTo reads A, a word that joins, and B.
func (p *parser) fromTo(i int, joins ...string) (span, int, bool) {
	led := p.is(i-1, "between", "from")
	a, j, ok := p.atom(i)
	if !ok {
		i = p.opt(i, "the")
	}
	if p.is(i, "now") {
		a, j, ok = p.calendar("day", 0), i+1, true
	}
	if y, n, isYear := p.yearAt(i); !ok && isYear && y >= 1900 && y <= 2100 && p.is(n, joins...) {
		if _, e, isYear := p.yearAt(n + 1); isYear && !(p.is(n, "-") && p.is(e, "-")) { // "2014-2018"
			a, j, ok = span{y: y}, n, true
		} else if led {
			a, j, ok = span{y: y}, n, true
		}
	}
	bare := false
	if d, n, isDay := p.dayAt(i); !ok && isDay {
		// "between 3 and 12 of Sept", "4 till 23 of this month", "ninth and seventeenth of april"
		a, j, ok, bare = span{d: d}, n, true, true
	}
	if !ok {
		return span{}, 0, false
	}
	j = p.opt(j, ",")
	if !p.is(j, joins...) {
		return span{}, 0, false
	}
	k := p.opt(j+1, "the")
	if _, _, ok := p.atom(j + 1); ok {
		k = j + 1
	}
	if p.is(j, "to") && p.is(k, "to") { // "up to", "through to"
		k++
	}
	s, n, ok := p.rangeEnd(a, k, bare, led)
	if !ok {
		return span{}, 0, false
	}
	return p.join(a, s, n)
}

// rangeEnd reads the B of "A to B" in the light of A.
func (p *parser) rangeEnd(a span, k int, bare, led bool) (span, int, bool) {
	b, n, ok := p.atom(k)
	if bare {
		if !ok || b.d == 0 && b.grain != "day" || b.wd > 0 || !led && b.y == 0 && b.m == 0 {
			return span{}, 0, false
		}
		return b, n, true
	}
	if ok && !(a.m > 0 && a.d > 0 && b.y > 0 && b.m == 0) {
		return b, n, true
	}
	if p.is(k, "now", "date") {
		return p.calendar("day", 0), k + 1, true
	}
	if y, e, isYear := p.yearAt(k); isYear && y >= 1900 && y <= 2100 && (a.y > 0 || a.resolved()) {
		return span{y: y}, e, true
	}
	if d, e, isDay := p.dayAt(k); isDay && a.d > 0 && (a.m > 0 || led) && !(p.at(e).kind == unit) {
		b := span{m: a.m, y: a.y, d: d}
		if y, e2, ok := p.yearAfter(e); ok && !p.is(e, "-", "/", ".", "in") {
			b.y, e = y, e2
		}
		return b, e, true
	}
	return span{}, 0, false
}

// join makes one span of the two ends: what one of them leaves open is taken from the other. The end is included.
func (p *parser) join(a, b span, next int) (span, int, bool) {
	if a.resolved() && !b.resolved() {
		return p.joinFixed(a, b, next)
	}
	if !a.resolved() {
		if a.m == 0 && a.d > 0 { // "from 4 to 22 January", "between the 21st and the 23rd"
			switch {
			case b.m > 0:
				a.m, a.y = b.m, b.y
				if a.d > b.d && b.d > 0 {
					if a.m--; a.m == 0 {
						a.m = 12
						if a.y > 0 {
							a.y--
						}
					}
				}
			case b.resolved() && b.grain == "day" && b.y > 0:
				a.m, a.y = b.m, b.y
			}
		}
		if a.y == 0 && b.y > 0 && a.m > 0 {
			a.y = b.y
			if b.m > 0 && (a.m > b.m || a.m == b.m && b.d > 0 && a.d > b.d) {
				a.y--
			}
		}
	}
	from, ok := p.resolve(a)
	if !ok {
		return span{}, 0, false
	}
	return p.joinFixed(from, b, next)
}

// joinFixed ends a span that begins at a: a year, month or day that b leaves open is the first from a on.
func (p *parser) joinFixed(a, b span, next int) (span, int, bool) {
	if !b.resolved() {
		switch {
		case b.y > 0:
		case b.m > 0:
			b.y = a.from.Year()
			if s, ok := p.resolve(b); !ok || s.to.Before(a.from) || s.to.Equal(a.from) {
				b.y++
			}
			if b.next && b.y == p.today.Year() {
				b.y++
			}
		case b.d > 0 && b.wd == 0:
			b.y, b.m = a.from.Year(), int(a.from.Month())
			if b.d < a.from.Day() {
				if b.m++; b.m == 13 {
					b.y, b.m = b.y+1, 1
				}
			}
		case b.wd > 0 && b.d == 0:
			wd := (int(a.from.Weekday())+6)%7 + 1
			from := addDays(a.from, (b.wd-wd+7)%7)
			b = span{from: from, to: addDays(from, 1)}
		}
	}
	end, ok := p.resolve(b)
	if !ok || !a.from.Before(end.to) {
		return span{}, 0, false
	}
	return span{from: a.from, to: end.to}, next, true
}

// resolve fills in what a span leaves open: the latest that has begun, or for "next" the first to come.
func (p *parser) resolve(s span) (span, bool) {
	if s.resolved() {
		return s, s.from.Before(s.to)
	}
	if s.wd > 0 && s.d == 0 && s.m == 0 {
		from := p.lastWeekday(s.wd)
		if s.next {
			from, _ = p.unit("week", 1)
			from = addDays(from, s.wd-1)
		}
		return dayOf(from), true
	}
	if s.m < 0 || s.m > 12 || s.d < 0 || s.d > 31 || s.y < 0 || s.y > 9998 {
		return span{}, false
	}
	switch {
	case s.m == 0 && s.d == 0:
		return span{from: date(p.today, s.y, 1, 1), to: date(p.today, s.y+1, 1, 1), grain: "year"}, s.y > 0
	case s.d == 0:
		y := s.y
		if y == 0 {
			y = p.today.Year()
			if s.m > int(p.today.Month()) != s.next && (!s.next || s.m <= int(p.today.Month())) {
				if s.next {
					y++
				} else {
					y--
				}
			}
		}
		from := date(p.today, y, s.m, 1)
		return span{from: from, to: date(p.today, y, s.m+1, 1), grain: "month"}, true
	case s.m > 0 && s.y > 0:
		return dayOf(date(p.today, s.y, s.m, s.d)), validDate(s.y, s.m, s.d)
	case s.m > 0:
		for n := range 9 { // Feb 29 comes every eight years at the rarest
			y := p.today.Year() - n
			if s.next {
				y = p.today.Year() + n
			}
			from := date(p.today, y, s.m, s.d)
			if validDate(y, s.m, s.d) && from.After(p.today) == s.next {
				return dayOf(from), true
			}
		}
	default: // a day of the month, perhaps with its weekday
		for n := range 12 * 28 {
			m := date(p.today, p.today.Year(), int(p.today.Month())-n, 1)
			if !validDate(m.Year(), int(m.Month()), s.d) {
				continue
			}
			from := date(p.today, m.Year(), int(m.Month()), s.d)
			if !from.After(p.today) && (s.wd == 0 || (int(from.Weekday())+6)%7+1 == s.wd) {
				return dayOf(from), true
			}
		}
	}
	return span{}, false
}

func dayOf(from time.Time) span { return span{from: from, to: addDays(from, 1), grain: "day"} }
