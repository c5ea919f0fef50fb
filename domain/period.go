package domain

import (
	"strconv"
	"strings"
	"time"
)

// Period is half-open, [From, To), in UTC instants. To is the period's end also when it is not over yet.
type Period struct {
	From, To time.Time
	preset   string // the words it came from, "" for an explicit range; Preceding follows the calendar by it
}

// PeriodGrammar says what ParsePeriod accepts; tool schemas and error messages quote it.
const PeriodGrammar = "today, yesterday, this_week, last_week, this_month, last_month, this_quarter, last_quarter, " +
	"this_year, last_year, last_N_days, last_N_weeks, last_N_months (rolling, today included), " +
	"or YYYY-MM-DD..YYYY-MM-DD (the second date excluded)"

// The years that a period or an event may lie in.
const (
	MinYear = 2000
	MaxYear = 2100
)

// ParsePeriod reads a preset or a range of dates in the reporting zone, as of now.
// The error is CodeInvalid on the field "period".
func ParsePeriod(s string, now time.Time, zone *time.Location) (Period, error) {
	if from, to, ok := strings.Cut(s, ".."); ok {
		return parseRange(from, to, zone)
	}
	today := StartOfDay(now.In(zone))
	monday := addDays(today, -(int(today.Weekday())+6)%7)
	month := Midnight(today.Year(), today.Month(), 1, zone)
	quarter := Midnight(today.Year(), (today.Month()-1)/3*3+1, 1, zone)
	year := Midnight(today.Year(), 1, 1, zone)
	var from, to time.Time
	switch s {
	case "today":
		from, to = today, addDays(today, 1)
	case "yesterday":
		from, to = addDays(today, -1), today
	case "this_week":
		from, to = monday, addDays(monday, 7)
	case "last_week":
		from, to = addDays(monday, -7), monday
	case "this_month":
		from, to = month, addMonths(month, 1)
	case "last_month":
		from, to = addMonths(month, -1), month
	case "this_quarter":
		from, to = quarter, addMonths(quarter, 3)
	case "last_quarter":
		from, to = addMonths(quarter, -3), quarter
	case "this_year":
		from, to = year, addMonths(year, 12)
	case "last_year":
		from, to = addMonths(year, -12), year
	default:
		n, unit, ok := rolling(s)
		if !ok {
			return Period{}, Invalid("period", "%q is not a period: want %s", clip(s), PeriodGrammar)
		}
		to = addDays(today, 1)
		switch unit {
		case "days":
			from = addDays(to, -n)
		case "weeks":
			from = addDays(to, -7*n)
		case "months":
			from = monthsBefore(to, n)
		}
	}
	return Period{From: from.UTC(), To: to.UTC(), preset: s}, nil
}

// rolling reads last_N_days, last_N_weeks and last_N_months: N from 1 to 10 years' worth.
func rolling(s string) (n int, unit string, ok bool) {
	rest, ok := strings.CutPrefix(s, "last_")
	if !ok {
		return 0, "", false
	}
	num, unit, ok := strings.Cut(rest, "_")
	limit := map[string]int{"days": 3660, "weeks": 520, "months": 120}[unit]
	n, err := strconv.Atoi(num)
	if !ok || err != nil || n < 1 || n > limit || strconv.Itoa(n) != num {
		return 0, "", false
	}
	return n, unit, true
}

func parseRange(from, to string, zone *time.Location) (Period, error) {
	f, err := parseDate(from, zone)
	if err != nil {
		return Period{}, err
	}
	t, err := parseDate(to, zone)
	if err != nil {
		return Period{}, err
	}
	if !f.Before(t) {
		return Period{}, Invalid("period", "%s..%s is empty: the second date is excluded and must be later", from, to)
	}
	if f.AddDate(10, 0, 1).Before(t) {
		return Period{}, Invalid("period", "longer than ten years")
	}
	return Period{From: f.UTC(), To: t.UTC()}, nil
}

func parseDate(s string, zone *time.Location) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, Invalid("period", "%q is not a date: want YYYY-MM-DD", clip(s))
	}
	if t.Year() < MinYear || t.Year() > MaxYear {
		return t, Invalid("period", "%s is outside the years %d to %d", s, MinYear, MaxYear)
	}
	return Midnight(t.Year(), t.Month(), t.Day(), zone), nil
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// Midnight is the start of a calendar day in a zone. Days and months may be out of range, as for time.Date. Where the clock
// skips midnight, the day starts when the clock goes on: time.Date would name an hour of the day before.
func Midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if h := t.Hour(); h != 0 && h > 12 {
		t = t.Add(time.Duration(24-h)*time.Hour - time.Duration(t.Minute())*time.Minute)
	}
	return t
}

// StartOfDay is the midnight before t, in t's own location.
func StartOfDay(t time.Time) time.Time { return Midnight(t.Year(), t.Month(), t.Day(), t.Location()) }

// addDays moves a midnight by calendar days.
func addDays(t time.Time, n int) time.Time {
	return Midnight(t.Year(), t.Month(), t.Day()+n, t.Location())
}

// addMonths moves the first of a month by months.
func addMonths(t time.Time, n int) time.Time {
	return Midnight(t.Year(), t.Month()+time.Month(n), 1, t.Location())
}

// monthsBefore is the same day n months earlier, or the last day of that month when it is shorter.
func monthsBefore(t time.Time, n int) time.Time {
	first := addMonths(t, -n)
	last := addDays(addMonths(first, 1), -1).Day()
	return addDays(first, min(t.Day(), last)-1)
}

// Preceding is the period before: the calendar's for a calendar preset, else one of the same number of days
// that ends where p begins.
func (p Period) Preceding(zone *time.Location) Period {
	from, to := p.From.In(zone), p.To.In(zone)
	var before time.Time
	switch p.preset {
	case "this_month", "last_month":
		before = addMonths(from, -1)
	case "this_quarter", "last_quarter":
		before = addMonths(from, -3)
	case "this_year", "last_year":
		before = addMonths(from, -12)
	default:
		if n, unit, ok := rolling(p.preset); ok && unit == "months" {
			before = monthsBefore(from, n)
		} else {
			before = addDays(from, -daysBetween(from, to))
		}
	}
	return Period{From: before.UTC(), To: p.From}
}

// daysBetween counts calendar days, which a change of the clock does not lengthen.
func daysBetween(from, to time.Time) int {
	f := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	t := time.Date(to.Year(), to.Month(), to.Day(), 0, 0, 0, 0, time.UTC)
	return int(t.Sub(f) / (24 * time.Hour))
}

// ToDate is the part of earlier that matches what has elapsed of p at now: the same number of days and the
// same time of day, clamped to earlier's length. When p is over, or has not begun, it is earlier whole.
func (p Period) ToDate(earlier Period, now time.Time, zone *time.Location) Period {
	if !now.Before(p.To) || now.Before(p.From) {
		return earlier
	}
	n, from, start := now.In(zone), p.From.In(zone), earlier.From.In(zone)
	days := daysBetween(from, n)
	// From is a midnight for presets and ranges alike, so the time of day is now's.
	end := time.Date(start.Year(), start.Month(), start.Day()+days, n.Hour(), n.Minute(), n.Second(), n.Nanosecond(), zone)
	to := end.UTC()
	if to.After(earlier.To) {
		to = earlier.To
	}
	return Period{From: earlier.From, To: to}
}

// Contains reports whether t lies in [From, To).
func (p Period) Contains(t time.Time) bool { return !t.Before(p.From) && t.Before(p.To) }

// Arg is the period as a tool argument: the preset it came from, else its dates in the zone.
func (p Period) Arg(zone *time.Location) string {
	if p.preset != "" {
		return p.preset
	}
	return p.From.In(zone).Format(time.DateOnly) + ".." + p.To.In(zone).Format(time.DateOnly)
}
