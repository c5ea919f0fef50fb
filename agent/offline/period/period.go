// Package period finds the periods of time that a text in English speaks of: "this week", "Oct 1–15", "since
// Monday". It looks back: a day or month without a year is the latest one that has begun, because partners ask
// about what has happened. Weeks start on Monday. Periods are whole days of a zone, half-open.
package period

import (
	"fmt"
	"time"
)

// Match is one period found in a text.
type Match struct {
	// From and To are midnights in the zone; To is excluded. From is before To.
	From, To time.Time
	// Start and End are the bytes of the text that say so.
	Start, End int
	// Arg is the tools' period argument: a preset where the period is one, else YYYY-MM-DD..YYYY-MM-DD.
	Arg string
}

// Parse finds the periods in a text as of ref, from left to right, without overlaps.
func Parse(text string, ref time.Time, zone *time.Location) []Match {
	return ParseAfter(text, ref, zone, time.Time{}, time.Time{})
}

// ParseAfter is Parse for a text that follows on a period [from, to), which "the week before" in it refers to.
func ParseAfter(text string, ref time.Time, zone *time.Location, from, to time.Time) []Match {
	p := &parser{toks: tokenize(text), today: midnight(ref.In(zone))}
	if from.Before(to) {
		s := span{from: from.In(zone), to: to.In(zone)}
		for _, u := range []string{"day", "week", "month", "quarter", "year"} {
			if a, b := unitOf(midnight(s.from), u, 0); a.Equal(s.from) && b.Equal(s.to) {
				s.grain = u
			}
		}
		p.prev = &s
	}
	var out []Match
	for i := 0; i < len(p.toks); {
		s, next, ok := p.phrase(i)
		if !ok {
			i++
			continue
		}
		s, ok = p.resolve(s)
		if !ok || !s.from.Before(s.to) || s.from.Year() < 1 || s.to.Year() > 9999 {
			i++
			continue
		}
		p.prev = &s
		out = append(out, Match{From: s.from, To: s.to, Start: p.toks[i].start, End: p.toks[next-1].end, Arg: p.arg(s)})
		i = next
	}
	return out
}

// FirstDayPeriod is the first period that the input speaks of, as half-open days YYYY-MM-DD.
func FirstDayPeriod(input string, ref time.Time) (from, to string, ok bool) {
	m := Parse(input, ref, ref.Location())
	if len(m) == 0 {
		return "", "", false
	}
	return m[0].From.Format(time.DateOnly), m[0].To.Format(time.DateOnly), true
}

// arg names the preset that s is, or its days. A rolling preset is only named when rolling was meant: "since
// Monday" may be as long as the last three days, but does not roll.
func (p *parser) arg(s span) string {
	if s.preset != "" {
		return s.preset
	}
	for _, c := range presets {
		from, to := c.of(p)
		if from.Equal(s.from) && to.Equal(s.to) {
			return c.name
		}
	}
	return fmt.Sprintf("%s..%s", s.from.Format(time.DateOnly), s.to.Format(time.DateOnly))
}

// presets are the calendar presets of the tools' period argument.
var presets = []struct {
	name string
	of   func(*parser) (time.Time, time.Time)
}{
	{"today", func(p *parser) (time.Time, time.Time) { return p.unit("day", 0) }},
	{"yesterday", func(p *parser) (time.Time, time.Time) { return p.unit("day", -1) }},
	{"this_week", func(p *parser) (time.Time, time.Time) { return p.unit("week", 0) }},
	{"last_week", func(p *parser) (time.Time, time.Time) { return p.unit("week", -1) }},
	{"this_month", func(p *parser) (time.Time, time.Time) { return p.unit("month", 0) }},
	{"last_month", func(p *parser) (time.Time, time.Time) { return p.unit("month", -1) }},
	{"this_quarter", func(p *parser) (time.Time, time.Time) { return p.unit("quarter", 0) }},
	{"last_quarter", func(p *parser) (time.Time, time.Time) { return p.unit("quarter", -1) }},
	{"this_year", func(p *parser) (time.Time, time.Time) { return p.unit("year", 0) }},
	{"last_year", func(p *parser) (time.Time, time.Time) { return p.unit("year", -1) }},
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// unit is the calendar unit n away from the one that today is in.
func (p *parser) unit(u string, n int) (from, to time.Time) { return unitOf(p.today, u, n) }

// unitOf is the calendar unit n away from the one that t is in.
func unitOf(t time.Time, u string, n int) (from, to time.Time) {
	switch u {
	case "week":
		from = addDays(t, -(int(t.Weekday())+6)%7+7*n)
		return from, addDays(from, 7)
	case "fortnight":
		from = addDays(t, -(int(t.Weekday())+6)%7+14*n)
		return from, addDays(from, 14)
	case "weekend":
		from = addDays(t, -(int(t.Weekday())+6)%7+5+7*n)
		return from, addDays(from, 2)
	case "month":
		from = date(t, t.Year(), int(t.Month())+n, 1)
		return from, date(t, from.Year(), int(from.Month())+1, 1)
	case "quarter":
		from = date(t, t.Year(), (int(t.Month())-1)/3*3+1+3*n, 1)
		return from, date(t, from.Year(), int(from.Month())+3, 1)
	case "half":
		from = date(t, t.Year(), (int(t.Month())-1)/6*6+1+6*n, 1)
		return from, date(t, from.Year(), int(from.Month())+6, 1)
	case "year":
		from = date(t, t.Year()+n, 1, 1)
		return from, date(t, from.Year()+1, 1, 1)
	case "decade":
		from = date(t, t.Year()/10*10+10*n, 1, 1)
		return from, date(t, from.Year()+10, 1, 1)
	default:
		from = addDays(t, n)
		return from, addDays(from, 1)
	}
}

// add moves t by n units; a month too short for the day ends on its last.
func add(t time.Time, u string, n int) time.Time {
	switch u {
	case "week", "weekend":
		return addDays(t, 7*n)
	case "fortnight":
		return addDays(t, 14*n)
	case "month":
		return addMonths(t, n)
	case "quarter":
		return addMonths(t, 3*n)
	case "half":
		return addMonths(t, 6*n)
	case "year":
		return addMonths(t, 12*n)
	case "decade":
		return addMonths(t, 120*n)
	default:
		return addDays(t, n)
	}
}

func addMonths(t time.Time, n int) time.Time {
	first := date(t, t.Year(), int(t.Month())+n, 1)
	last := date(t, first.Year(), int(first.Month())+1, 0).Day()
	return date(t, first.Year(), int(first.Month()), min(t.Day(), last))
}

func addDays(t time.Time, n int) time.Time { return date(t, t.Year(), int(t.Month()), t.Day()+n) }

func date(like time.Time, y, m, d int) time.Time {
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, like.Location())
}

// validDate reports whether the month of the year has the day.
func validDate(y, m, d int) bool {
	return m >= 1 && m <= 12 && d >= 1 && d <= time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
