package period

import "time"

// span is a stretch of time as said: resolved when from is set, else fields that may leave the year, the month
// or the day open.
type span struct {
	from, to time.Time
	preset   string // the rolling preset that was meant
	grain    string // the unit of a resolved span, for "the week before"
	y, m, d  int    // 0: not said
	wd       int    // 1 Monday … 7 Sunday, 0: not said
	next     bool   // "next 5/19": the future one
}

func (s span) resolved() bool { return !s.from.IsZero() }

type parser struct {
	toks  []token
	today time.Time
	prev  *span // the match before, which "the week before" refers to
	depth int   // of atoms within atoms
}

// maxDepth bounds "the week before the week before …", which would otherwise take time exponential in its length.
const maxDepth = 3

// rule reads one way to say a span from token i on, and returns the token after it.
type rule func(p *parser, i int) (span, int, bool)

// atom reads one span, without "since" or "from … to". Of the ways to name one, the longest reading wins.
func (p *parser) atom(i int) (best span, next int, ok bool) {
	if p.depth == maxDepth {
		return span{}, 0, false
	}
	p.depth++
	defer func() { p.depth-- }()
	for _, r := range [...]rule{
		numericDate, monthFirst, dayFirst, yearFirst, bareYear, dayOfMonth, weekdayName, relativeUnit, rolling,
		namedDay, unitBefore, ago, ordinalOf, partOf, quarterOrHalf, weekNumber, weekOf, decade, samePeriod, toDate, future, holiday, theWeekend,
	} {
		if s, n, good := r(p, i); good && n > next {
			best, next, ok = s, n, true
		}
	}
	return best, next, ok
}

func (p *parser) at(i int) token {
	if i < 0 || i >= len(p.toks) {
		return token{}
	}
	return p.toks[i]
}

func (p *parser) is(i int, words ...string) bool {
	if i < 0 || i >= len(p.toks) {
		return false
	}
	t := &p.toks[i]
	for _, w := range words {
		if t.word == w && t.kind != number {
			return true
		}
	}
	return false
}

// opt steps over one of the words where it stands.
func (p *parser) opt(i int, words ...string) int {
	if p.is(i, words...) {
		return i + 1
	}
	return i
}

// unitAt reads day, week, … ; single letters only where they are glued to their number ("7d").
func (p *parser) unitAt(i int) (string, bool) {
	t := p.at(i)
	if t.kind != unit || t.end-t.start == 1 && (!t.glued || p.at(i-1).kind != number || p.at(i+1).glued && p.at(i+1).kind == number) {
		return "", false
	}
	return t.word, true
}

// numberAt reads a number in digits or words, up to 9999; ordinal tells "third" and "3rd" from "three".
func (p *parser) numberAt(i int) (n, next int, ordinal, ok bool) {
	t := p.at(i)
	if t.kind == number {
		return t.n, i + 1, t.ordinal, t.n <= 9999
	}
	total, part, last := 0, 0, 1000
	for ; ; i++ {
		t = p.at(i)
		switch {
		case t.kind == small && !ordinal && (last >= 20 && t.n < 20 && t.n > 0 && last < 100 || last >= 100):
			part += t.n
			last = t.n
			if t.n == 0 {
				last = 1
			}
			ordinal, ok = t.ordinal, true
			if t.n == 20 || t.n%10 == 0 && t.n >= 20 {
				last = 20
			}
		case t.kind == scale && ok && !ordinal && part > 0 && part < 100:
			part *= t.n
			if t.n == 1000 {
				total, part = total+part, 0
			}
			last = 100
		case ok && p.is(i, "and") && last == 100 && p.at(i+1).kind == small:
		case ok && p.is(i, "-") && last == 20 && p.at(i+1).kind == small && p.at(i+1).glued:
		default:
			return total + part, i, ordinal, ok
		}
	}
}

// count reads how many: a number, "a", "couple of", "few".
func (p *parser) count(i int) (n, next int, ok bool) {
	j := p.opt(i, "a", "the")
	switch {
	case p.is(j, "couple"):
		return 2, p.opt(j+1, "of"), true
	case p.is(j, "few"):
		return 3, j + 1, true
	case p.is(i, "a", "an"):
		return 1, i + 1, true
	}
	n, next, ordinal, ok := p.numberAt(i)
	return n, next, ok && !ordinal && n > 0
}

// yearAt reads a year of four digits or in words.
func (p *parser) yearAt(i int) (y, next int, ok bool) {
	t := p.at(i)
	if t.kind == number {
		return t.n, i + 1, t.digits == 4 && !t.ordinal && t.n >= 1000
	}
	if t.kind != small {
		return 0, 0, false
	}
	// "nineteen eighty six", "twenty fifteen"
	if a := t.n; a >= 11 && a <= 20 && !t.ordinal {
		if b, n, ordinal, ok := p.numberAt(i + 1); ok && !ordinal && b >= 10 && b < 100 && p.at(i+1).kind == small {
			return a*100 + b, n, true
		}
	}
	y, next, ordinal, ok := p.numberAt(i)
	return y, next, ok && !ordinal && y >= 1000
}

// yearAfter reads what says the year behind a month or quarter: "2016", ", 2016", "of 2016", "of '87", "last year".
func (p *parser) yearAfter(i int) (y, next int, ok bool) {
	j := p.opt(i, ",", "/", "-", ".")
	j = p.opt(j, "of", "in")
	if y, n, ok := p.yearAt(j); ok {
		return y, n, true
	}
	if k := p.opt(j, "'", "’"); p.is(k-1, "of", "'", "’") && p.at(k).kind == number && p.at(k).digits == 2 && !p.at(k).ordinal {
		return century(p.at(k).n), k + 1, true
	}
	j = p.opt(j, "the")
	if n, k, _, ok := p.which(j); ok && p.is(k, "year") {
		return p.today.Year() + n, k + 1, true
	}
	return 0, i, false
}

// century reads a year of two digits: until 29 it is of this century.
func century(yy int) int {
	if yy < 30 {
		return 2000 + yy
	}
	return 1900 + yy
}

// monthAt reads a month's name. Names that are words too ("may", "mar", "sun") need company that speaks of time.
func (p *parser) monthAt(i int) (int, bool) {
	t := p.at(i)
	if t.kind != month {
		return 0, false
	}
	if t.word == "may" || t.word == "march" {
		return t.n, p.spokenAsTime(i)
	}
	return t.n, true
}

// spokenAsTime tells the month in "in May" from the verb in "it may be".
func (p *parser) spokenAsTime(i int) bool {
	b, a := p.at(i-1), p.at(i+1)
	if len(p.toks) <= 2 || b.kind == number || b.kind == small || a.kind == small && (a.ordinal || p.at(i).capital) || b.kind == month || a.kind == month {
		return true
	}
	if a.kind == number && a.n <= 2100 {
		return true
	}
	if p.is(i-1, "in", "of", "for", "since", "last", "this", "next", "during", "from", "to", "by", "and", "between", "after", "before",
		"early", "mid", "late", "versus", "previous", "past", "-", "/", "over", "on", "with", "throughout", "vs", "than") {
		return true
	}
	return p.is(i+1, "to", "versus") && (p.at(i+2).kind == month || p.at(i+2).kind == number)
}

// dayAt reads the day of a month: 1 to 31, in digits or words.
func (p *parser) dayAt(i int) (d, next int, ok bool) {
	if p.at(i).kind == number && p.at(i).digits > 2 {
		return 0, 0, false
	}
	d, next, _, ok = p.numberAt(i)
	return d, next, ok && d >= 1 && d <= 31
}

// numericDate: 2016-11-07, 10/31/74, 22/04, 2019/aug/01, 31-Oct-74, 2016-11, 11/2016, 20161107.
func numericDate(p *parser, i int) (span, int, bool) {
	if p.is(i, "this", "next") && p.at(i+1).kind == number {
		s, n, ok := numericDate(p, i+1)
		s.next = p.is(i, "next")
		return s, n, ok && s.d > 0
	}
	a := p.at(i)
	if a.kind != number || a.ordinal || p.is(i-1, "$", "#", "€") && p.at(i).glued {
		return span{}, 0, false
	}
	if a.digits == 8 && validDate(a.n/10000, a.n/100%100, a.n%100) && a.n/10000 >= 1900 && a.n/10000 <= 2100 {
		return span{y: a.n / 10000, m: a.n / 100 % 100, d: a.n % 100}, i + 1, true
	}
	sep := p.at(i + 1)
	if sep.kind != mark || sep.word != "/" && sep.word != "-" && sep.word != "." {
		if b, c := p.at(i+1), p.at(i+2); a.digits == 4 && b.kind == number && c.kind == number && b.digits == 2 && c.digits == 2 && validDate(a.n, b.n, c.n) {
			return span{y: a.n, m: b.n, d: c.n}, i + 3, true
		}
		return span{}, 0, false
	}
	b := p.at(i + 2)
	if b.kind != number && b.kind != month || b.ordinal {
		return span{}, 0, false
	}
	if c := p.at(i + 4); p.is(i+3, sep.word) && p.at(i+3).glued && c.glued && c.kind == number && !c.ordinal && b.glued && sep.glued {
		if s, ok := threeParts(a, b, c); ok {
			return s, i + 5, true
		}
	}
	if b.kind == month {
		return span{}, 0, false // the month's own rules read it
	}
	switch {
	case a.digits == 4 && a.n >= 1900 && b.digits <= 2 && b.n >= 1 && b.n <= 12 && !(sep.word == "." && !b.glued):
		return span{y: a.n, m: b.n}, i + 3, true
	case b.digits == 4 && b.n >= 1900 && b.n <= 2100 && a.digits <= 2 && a.n >= 1 && a.n <= 12 && !(sep.word == "." && !b.glued):
		return span{y: b.n, m: a.n}, i + 3, true
	}
	// Two small numbers are a date when a slash stands between them, or when "on" or a weekday leads to them.
	if !sep.glued || !b.glued || a.digits > 2 || b.digits > 2 || a.n == 24 && b.n == 7 && sep.word == "/" {
		return span{}, 0, false
	}
	if sep.word != "/" && !p.is(i-1, "on") && p.at(i-1).kind != weekday {
		return span{}, 0, false
	}
	if p.is(i+3, "/", "%") && p.at(i+3).glued {
		return span{}, 0, false
	}
	if a.n >= 1 && a.n <= 12 && validDate(2000, a.n, b.n) {
		return span{m: a.n, d: b.n}, i + 3, true
	}
	if validDate(2000, b.n, a.n) {
		return span{m: b.n, d: a.n}, i + 3, true
	}
	return span{}, 0, false
}

// threeParts settles which of three numbers is the year, month first where both orders are valid.
func threeParts(a, b, c token) (span, bool) {
	var tries [3]span
	switch {
	case b.kind == month && a.digits == 4:
		tries[0] = span{y: a.n, m: b.n, d: c.n}
	case b.kind == month:
		tries[0] = span{y: fourDigits(c), m: b.n, d: a.n}
	case a.digits == 4:
		tries[0] = span{y: a.n, m: b.n, d: c.n}
		tries[1] = span{y: a.n, m: c.n, d: b.n}
	default:
		tries[0] = span{y: fourDigits(c), m: a.n, d: b.n}
		tries[1] = span{y: fourDigits(c), m: b.n, d: a.n}
		tries[2] = span{y: fourDigits(a), m: b.n, d: c.n}
	}
	for _, s := range tries {
		if s.y > 0 && validDate(s.y, s.m, s.d) {
			return s, true
		}
	}
	return span{}, false
}

func fourDigits(t token) int {
	switch t.digits {
	case 2:
		return century(t.n)
	case 4:
		return t.n
	}
	return 0
}

// monthFirst: October, Oct 2, Oct/2, October 2nd, 2016, May twenty nine, Dec31 , 1994, November 2016.
func monthFirst(p *parser, i int) (span, int, bool) {
	next := false
	was := 0
	i0 := i
	switch {
	case p.is(i, "next"):
		next, i = true, i+1
	case p.is(i, "last", "previous", "past"):
		was, i = -1, i+1
	case p.is(i, "this"):
		was, i = 1, i+1
	}
	m, ok := p.monthAt(i)
	if !ok {
		return span{}, 0, false
	}
	s := span{m: m, next: next}
	j := i + 1
	if y, n, ok := p.yearAfter(j); ok && !(p.is(j, "-") && p.at(n-1).kind == number && p.at(n-1).digits != 4) {
		s.y = y
		return s, n, true
	}
	k := p.opt(j, ".")
	k = p.opt(k, "/", "-")
	k = p.opt(k, "the")
	if d, n, ok := p.dayAt(k); ok && !(p.is(n, ":", "%") && p.at(n).glued) {
		s.d = d
		if p.is(n, "day") && p.at(n-1).ordinal {
			n++
		}
		if y, e, ok := p.yearAfter(n); ok && !p.is(n, "-", "/", ".", "in") {
			s.y, n = y, e
		}
		if s.y == 0 && was != 0 {
			s.y = p.today.Year()
		}
		return s, n, true
	}
	switch {
	case was > 0 || i0 == i && p.is(j, "this") && p.is(j+1, "year"):
		s.y = p.today.Year()
	case was < 0: // the latest that is over
		s.y = p.today.Year()
		if m >= int(p.today.Month()) {
			s.y--
		}
	}
	return s, j, true
}

// dayFirst: 2 October, the 2nd of Oct 2016, fifteenth day of June, 15 of this month, 3rd of last month.
func dayFirst(p *parser, i int) (span, int, bool) {
	i = p.opt(i, "the")
	d, j, ok := p.dayAt(i)
	if !ok || p.is(i-1, "$", "€", "#") {
		return span{}, 0, false
	}
	if p.is(j, "day") {
		j++
	}
	of := p.is(j, "of")
	j = p.opt(j, "of", "-")
	if of {
		if s, n, ok := relativeUnit(p, j); ok && s.grain == "month" {
			return span{y: s.from.Year(), m: int(s.from.Month()), d: d}, n, true
		}
	}
	m, ok := p.monthAt(j)
	s := span{m: m, d: d}
	if !ok && (p.is(j, "this", "last", "previous") && p.at(j+1).kind == month) {
		in, n, _ := monthFirst(p, j)
		return span{y: in.y, m: in.m, d: d}, n, in.d == 0
	}
	if !ok {
		return span{}, 0, false
	}
	if y, n, ok := p.yearAfter(j + 1); ok && !(p.is(j+1, "-") && p.at(n-1).digits != 4) {
		s.y = y
		return s, n, true
	}
	return s, j + 1, true
}

// yearFirst: 2016 November, 2016, nov; 2016 Q3 and 2016 the third quarter.
func yearFirst(p *parser, i int) (span, int, bool) {
	y, j, ok := p.yearAt(i)
	if !ok || y > 2100 {
		return span{}, 0, false
	}
	j = p.opt(j, ",", "-", "/")
	j = p.opt(j, "the")
	if m, ok := p.monthAt(j); ok {
		return span{y: y, m: m}, j + 1, true
	}
	if s, n, ok := quarterOrHalf(p, j); ok && s.y == 0 {
		from, to := partOfYear(p.today, y, s.grain, s.d)
		return span{from: from, to: to, grain: s.grain}, n, true
	}
	return span{}, 0, false
}

// theWeekend: over the weekend, on the weekend. On a Saturday or Sunday it is this one, else the last.
func theWeekend(p *parser, i int) (span, int, bool) {
	if !p.is(i, "the") || !p.is(i+1, "weekend") || p.is(i+2, "before", "after") {
		return span{}, 0, false
	}
	if d := p.today.Weekday(); d == time.Saturday || d == time.Sunday {
		return p.calendar("weekend", 0), i + 2, true
	}
	return p.calendar("weekend", -1), i + 2, true
}

// bareYear: in 2016, the year 2008, =2019, or nothing else in the text. A number of four digits is rarely a
// year in a partner's message, so it needs a word that says so.
func bareYear(p *parser, i int) (span, int, bool) {
	j := p.opt(i, "the")
	if p.is(j, "year") {
		if n := p.at(j + 1); n.kind == number && !n.ordinal && n.digits >= 3 && n.digits <= 4 {
			return span{y: n.n}, j + 2, n.n > 0
		}
		if y, n, ok := p.yearAt(j + 1); ok {
			return span{y: y}, n, true
		}
	}
	y, n, ok := p.yearAt(i)
	if !ok || y < 1900 || y > 2100 {
		return span{}, 0, false
	}
	if len(p.toks) == n-i || p.is(i-1, "in", "during", "since", "=", "year", "for", "whole", "full", "all", "entire", "of", "throughout", "from", "between", "to", "and", "-", "versus", "vs", "until") {
		return span{y: y}, n, true
	}
	return span{}, 0, false
}

// dayOfMonth: the 21st, the 4th; a weekday before it is read by weekdayName.
func dayOfMonth(p *parser, i int) (span, int, bool) {
	if !p.is(i, "the") {
		return span{}, 0, false
	}
	d, n, ordinal, ok := p.numberAt(i + 1)
	if !ok || !ordinal || d < 1 || d > 31 {
		return span{}, 0, false
	}
	// "the first question", "the 2nd user": something is counted, not a day.
	if t := p.at(n); (t.kind == word || t.kind == unit || t.kind == weekday) && !p.is(n, "and", "to", "of", "until", "versus", "vs", "or", "this", "please") {
		return span{}, 0, false
	}
	if p.at(i+1).kind == small && !p.is(i-1, "on", "since", "from", "between", "and", "to") {
		return span{}, 0, false
	}
	return span{d: d}, n, true
}
