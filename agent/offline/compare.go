package offline

import (
	"time"

	"partnerhub/agent/offline/period"
	"partnerhub/domain"
)

// setComparison finds the two periods. "compared with last week" names the earlier one only; the later one is
// then that of the question before, or the one that follows it.
func (u *understanding) setComparison(frame *Frame, s *said, prev Frame, now time.Time) {
	var later, earlier string
	switch {
	case s.before && len(s.periods) == 0 && prev.Period != "" && prev.Intent != Referee:
		later = prev.Period
	case len(s.periods) >= 2:
		a, b := s.periods[0], s.periods[1]
		if s.against == 0 || s.against < 0 && a.From.Before(b.From) && !s.compareFirst() {
			a, b = b, a
		}
		later, earlier = a.Arg, b.Arg
	case len(s.periods) == 1 && s.since >= 0 && u.since(s.periods[0], now) != "": // "grown since last week"
		earlier = u.since(s.periods[0], now)
		later = following(earlier)
	case len(s.periods) == 1 && s.against == 0:
		earlier = s.periods[0].Arg
		if later = prev.Period; later == "" || later == earlier {
			later = following(earlier)
		}
	case len(s.periods) == 1:
		later = s.periods[0].Arg
		if prev.Period != "" && prev.Period != later && s.compare && len(s.metrics) == 0 && u.begins(later, now).Before(u.begins(prev.Period, now)) {
			later, earlier = prev.Period, later
		}
	case s.has("qoq") || s.overUnit("quarter"):
		later = "this_quarter"
	case s.has("yoy") || s.overUnit("year"):
		later = "this_year"
	case s.has("mom") || s.overUnit("month"):
		later = "this_month"
	case s.overUnit("day"):
		later = "today"
	case prev.Period != "" && prev.Intent != Referee:
		later = prev.Period
	default:
		later, frame.PeriodAssumed = "this_week", !s.has("wow") && !s.overUnit("week")
	}
	frame.Period, frame.CompareTo = u.running(later, now), earlier
	if frame.CompareTo != "" && u.precedes(frame.CompareTo, frame.Period, now) {
		frame.CompareTo = ""
	}
}

// since is the calendar preset, over by now, that a period until today begins with.
func (u *understanding) since(m period.Match, now time.Time) string {
	for _, preset := range []string{"yesterday", "last_week", "last_month", "last_quarter", "last_year"} {
		if u.begins(preset, now).Equal(m.From) {
			return preset
		}
	}
	return ""
}

// compareFirst: "is October better than September" names the later one first whatever the calendar says.
func (s *said) compareFirst() bool { return s.has("than", "versus", "vs", "against") }

// following is the calendar unit after the one named, as far as it has a name.
func following(earlier string) string {
	switch earlier {
	case "yesterday":
		return "today"
	case "last_month":
		return "this_month"
	case "last_quarter":
		return "this_quarter"
	case "last_year":
		return "this_year"
	}
	return "this_week"
}

func (u *understanding) begins(arg string, now time.Time) time.Time {
	p, err := domain.ParsePeriod(arg, now, u.zone)
	if err != nil {
		return now
	}
	return p.From
}

// precedes reports whether the earlier period is the one that the later one is compared with anyway.
func (u *understanding) precedes(earlier, later string, now time.Time) bool {
	a, err1 := domain.ParsePeriod(earlier, now, u.zone)
	b, err2 := domain.ParsePeriod(later, now, u.zone)
	if err1 != nil || err2 != nil {
		return false
	}
	before := b.Preceding(u.zone)
	return before.From.Equal(a.From) && before.To.Equal(a.To)
}

// running names the calendar preset that a period until today is the elapsed part of: "week to date" compares
// like this week, to date.
func (u *understanding) running(arg string, now time.Time) string {
	p, err := domain.ParsePeriod(arg, now, u.zone)
	today, err2 := domain.ParsePeriod("today", now, u.zone)
	if err != nil || err2 != nil || !p.To.Equal(today.To) {
		return arg
	}
	for _, preset := range []string{"this_week", "this_month", "this_quarter", "this_year"} {
		if c, err := domain.ParsePeriod(preset, now, u.zone); err == nil && c.From.Equal(p.From) && arg != "today" && len(arg) > 10 && arg[4] == '-' {
			return preset
		}
	}
	return arg
}
