package offline

import (
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
)

// Periods of what is asked for without one.
const (
	changePeriod  = "this_week"
	reviewPeriod  = "last_30_days"
	anomalyPeriod = "last_7_days"
)

// analysis makes the frame of a question about the reasons of a change, the business as a whole, or what is out of the
// ordinary.
func (u *understanding) analysis(frame Frame, s *said, f focus, now time.Time) Frame {
	prev := Frame{}
	if f.frame != nil {
		prev = *f.frame
	}
	named := periodOf(s)
	switch frame.Intent {
	case RootCause:
		return u.change(frame, s, f, prev, now)
	case Review:
		frame.Period = or(named, s.regular())
		if frame.Period == "" && prev.Period != "" && prev.Intent != Referee {
			frame.Period = prev.Period
		}
		frame.Period, frame.PeriodAssumed = or(frame.Period, reviewPeriod), frame.Period == ""
	case Anomalies:
		frame.Kind, frame.Period = s.alert, named
		if named == "" && (prev.Intent == Review || prev.Intent == Anomalies) {
			frame.Period = prev.Period
		}
		frame.Period, frame.PeriodAssumed = or(frame.Period, anomalyPeriod), frame.Period == ""
	}
	return frame
}

// regular is the period of a regular report, the one under way: "weekly report".
func (s *said) regular() string {
	for word, period := range map[string]string{"daily": "today", "weekly": "this_week", "monthly": "this_month", "quarterly": "this_quarter", "yearly": "this_year", "annual": "this_year"} {
		if s.has(word) {
			return period
		}
	}
	return ""
}

// change asks why a figure changed: the one that is named, else that of the question before, else commission.
func (u *understanding) change(frame Frame, s *said, f focus, prev Frame, now time.Time) Frame {
	frame.Metrics = s.metricNames()
	if len(frame.Metrics) == 0 {
		frame.Metrics = prev.Metrics
		frame.setFilters(prev)
	}
	if len(frame.Metrics) == 0 {
		frame.Metrics, frame.MetricAssumed = []string{"commission"}, !s.has("commission")
	}
	frame.Metrics = frame.Metrics[:1]
	frame = u.name(frame, s)
	if s.pronoun && f.uid(s) != 0 && frame.UID == 0 && prev.Intent == Referee {
		frame.UID = f.uid(s)
	}
	frame.GroupBy, frame.Limit = "", 0
	if !byProduct(frame.Metrics) && len(s.products) == 0 {
		frame.Product = ""
	}
	if compared := prev.Intent == Compare || prev.Intent == RootCause; compared && len(s.periods) == 0 {
		frame.Period, frame.CompareTo = prev.Period, prev.CompareTo
		return frame
	}
	if prev.Intent == Referee || prev.Intent == Referees || prev.Intent == Codes {
		prev.Period = ""
	}
	u.setComparison(&frame, s, prev, now)
	if from, to, ok := strings.Cut(frame.Period, ".."); ok && s.has("from") && frame.CompareTo == "" {
		u.dayAgainstDay(&frame, from, to, now)
		u.unitAgainstUnit(&frame, from, to, now)
	}
	return frame
}

// dayAgainstDay reads a range of two days, in a question about a change, as the second one against the first: "from
// yesterday to today".
func (u *understanding) dayAgainstDay(frame *Frame, from, to string, now time.Time) {
	first, err1 := time.Parse(time.DateOnly, from)
	end, err2 := time.Parse(time.DateOnly, to)
	if second := first.AddDate(0, 0, 1); err1 == nil && err2 == nil && second.AddDate(0, 0, 1).Equal(end) {
		frame.Period = second.Format(time.DateOnly) + ".." + to
		if u.begins(frame.Period, now).Equal(u.begins("today", now)) {
			frame.Period = "today"
		}
	}
}

// unitAgainstUnit reads "from last quarter to this quarter", likewise, as the later one against the earlier.
func (u *understanding) unitAgainstUnit(frame *Frame, from, to string, now time.Time) {
	for _, unit := range []string{"week", "month", "quarter", "year"} {
		this, err := domain.ParsePeriod("this_"+unit, now, u.zone)
		if err == nil && u.begins("last_"+unit, now).In(u.zone).Format(time.DateOnly) == from && this.To.In(u.zone).Format(time.DateOnly) == to {
			frame.Period = "this_" + unit
		}
	}
}

// within adds, to the reasons of a change that is asked about somebody, how they themselves changed: reasons are found over
// the whole, by which explain_change splits it.
func (f Frame) within() []Frame {
	if f.UID == 0 && f.SubPartnerUID == 0 && f.Country == "" && f.Code == "" {
		return []Frame{f}
	}
	part := f
	part.Intent, part.GroupBy = Compare, "referee"
	if f.UID != 0 {
		part.GroupBy = "day"
	}
	f.UID, f.SubPartnerUID, f.Country, f.Code = 0, 0, "", ""
	return []Frame{part, f}
}

// refineAnalysis changes of such a question what a follow-up names.
func (u *understanding) refineAnalysis(frame Frame, s *said, now time.Time) Frame {
	switch frame.Intent {
	case Review:
		frame.Period = or(periodOf(s), frame.Period)
		return frame
	case Anomalies:
		frame.Period, frame.Kind = or(periodOf(s), frame.Period), or(s.alert, frame.Kind)
		if slices.Contains(s.all, "filter") {
			frame.Kind = ""
		}
		return frame
	}
	prev := frame
	if metrics := s.metricNames(); len(metrics) > 0 {
		frame.Metrics = metrics[:1]
	}
	frame = u.name(frame, s)
	if len(values(s.groups)) > 0 { // "by country": the change, cut so
		frame.Intent = Compare
	}
	if !byProduct(frame.Metrics) {
		frame.Product = ""
	}
	switch {
	case s.compare || s.before:
		u.setComparison(&frame, s, prev, now)
	case periodOf(s) != "":
		frame.Period, frame.CompareTo = periodOf(s), ""
	}
	return frame
}

// reasoned is the intent that words about reasons or alerts give away; "" for none.
func (s *said) reasoned(f focus, intent Intent) Intent {
	following := f.frame != nil
	switch {
	case following && f.frame.Intent == RootCause && intent == Compare && !s.strong(): // "and compared with last week?"
		return Refine
	case following && f.frame.Intent == Anomalies && s.alert != "" && len(s.toks) <= 4:
		return Refine
	case s.topic != string(RootCause):
		return ""
	case intent == Trace || intent == Anomalies || intent == Referees || !intent.data() && intent != Refine && intent != Vague && intent != Unclear:
		return ""
	case following || len(s.metrics) > 0 || len(s.periods) > 0:
		return RootCause
	}
	return ""
}
