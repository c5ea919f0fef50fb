package offline

import (
	"slices"
	"strconv"
	"strings"

	"partnerhub/domain/referral"
)

// Periods of what is asked for without one.
const (
	activityPeriod = "last_30_days"
	tracePeriod    = "last_30_days"
	rewardsPeriod  = "last_7_days"
)

// tradeIDs finds "trade 987", "trade id T-12": a word with a digit in it behind "trade".
func (s *said) tradeIDs() {
	for i, t := range s.toks {
		if t.norm != "trade" && t.text != "tradeid" {
			continue
		}
		from := i + 1
		for slices.Contains([]string{"id", "number", "no", "nr", "with", "the", "called"}, s.word(from)) {
			from++
		}
		to := from + 1
		for to < len(s.toks) && s.toks[to].glue != 0 { // abc-778 is one
			to++
		}
		if from >= len(s.toks) || s.toks[from].inPeriod || s.toks[from].sentence {
			continue
		}
		id := s.toks[from].raw
		for _, t := range s.toks[from+1 : to] {
			id += string(t.glue) + t.raw
		}
		if strings.ContainsAny(id, "0123456789") && len(id) <= 128 {
			s.trade, s.trades = id, []hit{{value: "xtrade", from: from, to: to}}
			return
		}
	}
}

// about is the intent that the words themselves give away, whatever the message is like: a trade's id, a symbol, a trader's
// single trades; "" for none.
func (s *said) about(f focus, intent Intent, sure bool) Intent {
	open := !sure || intent.data() || intent == Refine || intent == Vague
	switch {
	case f.frame != nil && f.frame.Intent == Rewards && s.reward != "" && len(s.toks) <= 5:
		return Refine
	case intent == OutOfScope && s.trade != "":
		return Trace
	case !open:
	case s.trade != "":
		return Trace
	case intent == Codes && s.rank == "code" && (s.order != "" || s.has("top", "rank", "ranking")):
		return Leaderboard
	case s.topic == string(Activity):
		return Activity
	case s.topic == string(Trace) && (len(s.uid) > 0 || f.uid(s) != 0):
		return Trace
	}
	return ""
}

// records makes the frame of a question about activity, single trades, rewards or codes.
func (u *understanding) records(frame Frame, s *said, f focus) Frame {
	named := periodOf(s)
	if named == "today" && !s.has("today") { // "most active during the day"
		named = ""
	}
	switch frame.Intent {
	case Activity:
		frame = u.name(frame, s)
		frame = Frame{Intent: Activity, Confidence: frame.Confidence, Product: frame.Product, Relation: frame.Relation, Period: named}
		if named == "" {
			frame.Period, frame.PeriodAssumed = activityPeriod, true
		}
	case Trace:
		return u.trace(frame, s, f)
	case Rewards:
		frame.Kind, frame.Period = or(rewardOf(s), string(referral.RewardRebate)), named
		if named == "" {
			frame.Period, frame.PeriodAssumed = rewardsPeriod, true
		}
	case Codes:
		frame.Period = named
	}
	return frame
}

func rewardOf(s *said) string {
	if s.reward == "" && slices.Contains(s.metricNames(), "sharedReceived") {
		return string(referral.RewardShared)
	}
	return s.reward
}

// trace is about one trade, the trades of one referee, or, when nobody is named, about what the figure just shown is made of.
func (u *understanding) trace(frame Frame, s *said, f focus) Frame {
	if s.trade != "" {
		frame.TradeID = s.trade
		return frame
	}
	if f.frame != nil && f.frame.Intent == Trace && s.nth > 0 && s.nth <= len(f.rows) {
		frame.TradeID = f.rows[s.nth-1]
		return frame
	}
	if len(s.uid) > 0 {
		frame.UID = s.uid[0]
	} else {
		frame.UID = f.uid(s)
	}
	frame.Period = periodOf(s)
	switch {
	case frame.UID != 0:
		if frame.Period == "" && f.frame != nil {
			frame.Period = f.frame.Period
		}
		if frame.Period == "" {
			frame.Period, frame.PeriodAssumed = tracePeriod, true
		}
	case f.frame != nil && f.frame.Intent == Trace:
		again := *f.frame
		again.Confidence, again.Cursor = frame.Confidence, ""
		return again
	case f.frame != nil && f.frame.Intent.data() || len(s.metrics) > 0 && frame.Period != "":
		return u.compose(frame, s, f)
	default:
		frame.Ask = "trade"
	}
	return frame
}

// compose shows the figure as the sum of its referees', each of whose trades can then be asked for.
func (u *understanding) compose(frame Frame, s *said, f focus) Frame {
	out := Frame{Intent: Metrics, Confidence: frame.Confidence, Composed: true}
	if s.strong() { // not the "made" of "what is it made of"
		out.Metrics = s.metricNames()
	}
	if f.frame != nil {
		out.setFilters(*f.frame)
		out.Period = f.frame.Period
		if len(out.Metrics) == 0 {
			out.Metrics = f.frame.Metrics
		}
	}
	out = u.name(out, s)
	out.Period = or(periodOf(s), out.Period)
	if out.Period == "" {
		out.Period, out.PeriodAssumed = "this_week", true
	}
	if len(out.Metrics) == 0 {
		out.Metrics = []string{"commission"}
	}
	out.Metrics, out.GroupBy, out.Limit = out.Metrics[:1], "referee", 10
	switch m, _ := referral.MetricByName(out.Metrics[0]); m.Of {
	case referral.Tasks:
		return Frame{Intent: Rewards, Confidence: frame.Confidence, Kind: string(referral.RewardTask), Period: out.Period, PeriodAssumed: out.PeriodAssumed}
	case referral.Own:
		return Frame{Intent: Rewards, Confidence: frame.Confidence, Kind: string(referral.RewardShared), Period: out.Period, PeriodAssumed: out.PeriodAssumed}
	case referral.Referees:
		out.GroupBy, out.Limit = "code", 0
		out.Product = ""
	}
	return out
}

// refineRecords changes of a list of trades, rewards or codes what a follow-up names.
func (u *understanding) refineRecords(frame Frame, s *said, f focus) Frame {
	period := periodOf(s)
	switch frame.Intent {
	case Trace:
		switch {
		case s.nth > 0 && s.nth <= len(f.rows):
			return Frame{Intent: Trace, TradeID: f.rows[s.nth-1]}
		case len(s.uid) > 0:
			return Frame{Intent: Trace, UID: s.uid[0], Period: or(period, or(frame.Period, tracePeriod))}
		}
		if id := s.bareNumber(); frame.TradeID != "" && id != "" {
			frame.TradeID = id
		}
		if frame.UID != 0 {
			frame.Period = or(period, frame.Period)
			frame.Limit = or(s.limit, frame.Limit)
		}
	case Rewards:
		frame.Period, frame.Kind, frame.Limit = or(period, frame.Period), or(rewardOf(s), frame.Kind), or(s.limit, frame.Limit)
	case Codes:
		frame.Period = or(period, frame.Period)
	}
	return frame
}

// pickTrace reads the answer to "which trade or referee?": the id of a trade, or a uid.
func pickTrace(asked Frame, text string) (Frame, bool) {
	toks := split(text)
	if asked.Ask != "trade" || len(toks) == 0 || len(toks) > 4 {
		return Frame{}, false
	}
	s := said{toks: toks}
	if s.tradeIDs(); s.trade != "" {
		return Frame{Intent: Trace, TradeID: s.trade, Confidence: 1}, true
	}
	last := toks[len(toks)-1]
	uid, err := strconv.ParseInt(last.raw, 10, 64)
	switch {
	case err == nil && uid > 0 && (len(toks) > 1 || len(last.raw) >= 5): // no trade said: a uid, or a number as long as one
		return Frame{Intent: Trace, UID: uid, Period: or(asked.Period, tracePeriod), Confidence: 1}, true
	case len(toks) == 1 && strings.ContainsAny(last.raw, "0123456789"):
		return Frame{Intent: Trace, TradeID: last.raw, Confidence: 1}, true
	}
	return Frame{}, false
}
