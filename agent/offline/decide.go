package offline

import (
	"slices"

	"partnerhub/agent/offline/period"
)

// decide settles the intent between what the words are like and what they name.
func (u *understanding) decide(s *said, f focus, intent Intent, sure bool) Intent {
	following := f.frame != nil
	if about := s.about(f, intent, sure); about != "" {
		return about
	}
	if reasoned := s.reasoned(f, intent); reasoned != "" {
		return reasoned
	}
	if named := s.named(f, intent); named != "" {
		return named
	}
	if s.corrects(f) && (intent == Metrics || intent == Refine || !sure || intent == Referees && s.rank == "" || intent == Review || intent == Compare && !s.compare || intent == Vague || intent == Rules && s.has("meant", "mean")) {
		return Refine
	}
	if s.comparesRates() && intent == RootCause {
		return Compare
	}
	if s.foreign() && !(s.strong() && len(s.periods) > 0) {
		if intent == OutOfScope {
			return intent
		}
		return Unclear
	}
	if !intent.data() && intent != Refine && intent != Vague && s.bare() {
		switch {
		case s.strong():
			intent, sure = Metrics, true
		case following && s.slots():
			intent, sure = Refine, true
		}
	}
	if !sure || intent == Referees && !s.states() && s.rank == "" && s.sort == "" && len(s.countries) == 0 && s.code == "" && s.sub == 0 && !s.has("list") && s.note == "" && s.vip == 0 {
		return s.unsure(intent, following)
	}
	switch intent {
	case Greeting, Thanks, About:
		if len(s.metrics) > 0 && len(s.periods) > 0 {
			return Metrics
		}
	case Refine:
		return s.followUp(following)
	case Vague:
		return s.vague(following)
	case Metrics:
		return s.aboutMetrics(following)
	case Compare:
		switch {
		case !s.compare && len(s.periods) == 0 && len(s.metrics) == 0 && !s.before && !following:
			return Vague
		case s.contrast() && len(s.metrics) > 0, len(s.metricNames()) > 1 && len(s.periods) > 1 && s.onePeriod():
			return Metrics
		}
	case Referee:
		if len(s.uid) == 0 && s.strong() && len(s.periods) > 0 && !s.pronoun {
			return Metrics
		}
		if len(s.metrics) > 0 && len(s.uid) > 0 && (s.sequence("how", "much") || s.sequence("what", "did") || s.sequence("how", "many")) {
			return Metrics
		}
	case Referees:
		switch {
		case following && f.frame.Intent == Referees && s.pronoun:
			return Refine
		case (s.counted || !s.people() && len(s.periods) > 0 && s.sort == "" && s.order == "" && !s.has("list", "show", "who", "which")) && !s.states() && s.strong():
			return Metrics
		case s.counted && !s.states():
			return s.counting()
		}
	}
	return intent
}

// resourceWords name the kinds of what is recommended.
var resourceWords = map[string]Intent{"promo": Events, "campaign": Events, "event": Events, "banner": Materials, "poster": Materials, "material": Materials, "flyer": Materials,
	"tutorial": Learning, "course": Learning, "webinar": Learning, "announcement": News}

// named is the intent that what is named leaves no doubt of, though the words are like another's; "" for none.
func (s *said) named(f focus, intent Intent) Intent {
	follows := f.frame != nil
	if intent == Referees || intent == Metrics || intent == Leaderboard || intent == Vague || intent == Unclear {
		if r := s.resource(); r != "" {
			return r
		}
	}
	switch {
	case intent == CreateCode && s.code != "" && s.has("delete", "remove", "rename"):
		return Rules // which no code can be
	case (intent == Leaderboard || intent == Compare || intent == Vague) && len(s.groups) == 1 && s.has("best", "worst", "strongest", "weakest", "highest", "lowest") && s.rank == "" &&
		slices.Contains([]string{"hour", "day", "week", "month"}, s.groups[0].value) && len(s.periods) < 2:
		return Metrics
	case intent == Leaderboard && s.has("dropped", "drop", "fell", "declined", "loser", "gainer", "grew") && len(s.products) == 0 && (s.rank == "referee" || s.rank == ""):
		return RootCause // whose part of the change is the largest
	case s.other && intent.data():
		return OutOfScope // somebody else's data
	case intent == Metrics && s.lacks() && !s.counted && s.rank == "referee" && len(s.periods) == 0:
		return Referees
	case (intent == Metrics || intent == Rewards) && (s.word(0) == "list" || s.word(0) == "who") && s.strong() && len(s.groups) == 0 && s.people():
		return Referees
	case s.general() && (intent == Rewards || intent == Codes || intent == RootCause || intent == Tasks || intent == Unclear || intent == Trace):
		return Rules
	case s.word(0) == "how" && (s.word(1) == "to" || s.sequence("do", "i") || s.sequence("can", "i")) && (intent == CreateTask || intent == CreateCode || intent == CancelTask || intent == Nudge):
		return Rules
	case intent == Programs && s.word(0) == "what" && (s.word(1) == "is" || s.word(1) == "are") && !s.has("my", "i"):
		return Rules
	case intent == Referees && s.rank == "sub_partner" && s.sub == 0 && !s.states() && s.sort == "" && len(s.periods) == 0 && s.word(0) != "how":
		return Leaderboard
	case (intent == Referees || intent == Referee) && s.sub != 0 && s.has("performance", "performing", "doing", "performed"):
		return Metrics
	case s.states() && s.counted && s.rank == "referee" && slices.Equal(s.metricNames(), []string{"traders"}):
		return Metrics
	case follows && len(s.uid) > 0 && len(s.metrics) == 0 && len(s.toks) <= 4 && s.has("about", "and") && (f.frame.Intent == Metrics || f.frame.Intent == Compare):
		return Refine
	case s.note != "" && intent != Rules, s.vip > 0 && (intent == Vague || intent == Unclear || intent == Metrics):
		return Referees
	case intent == Referees && s.topic == string(RootCause) && (len(s.metrics) > 0 || follows):
		return RootCause
	case follows && f.frame.Intent == Referees && s.counted && len(s.metrics) == 0 && (s.pronoun || s.has("there")): // "how many are there?"
		return Refine
	case s.word(0) == "sort" && s.sort != "" && follows && f.frame.Intent == Referees && s.rank == "":
		return Refine
	case s.word(0) == "sort" && s.sort != "" && (s.rank == "referee" || follows && f.frame.Intent == Referees):
		return Referees
	case follows && len(s.all) > 0 && len(s.toks) <= 6 && (intent == OutOfScope || intent == Unclear || intent == Vague):
		return Refine
	case intent == Review && len(s.uid) > 0:
		return Referee
	case intent == Review && s.sub != 0:
		return Metrics
	case intent == Leaderboard && s.order == "asc" && s.has("list", "referee") && s.sort != "":
		return Referees
	case intent == Leaderboard && follows && f.frame.Intent == Leaderboard && len(s.metrics) == 0 && len(s.periods) == 0 && s.rank == "" && len(s.groups) == 0 && s.limit > 0:
		return Refine
	case intent == Leaderboard && !follows && len(s.toks) <= 3 && len(s.metrics) == 0 && len(s.periods) == 0 && s.rank == "" && len(s.products) == 0 && s.limit == 0:
		return Vague
	case intent == Referees && s.strong() && s.has("list", "show") && !s.states() && s.sort == "" && s.amounts():
		return Metrics
	case follows && s.pronoun && f.frame.UID != 0 && len(s.metrics) == 0 && s.has("about", "detail", "who"):
		return Referee
	case intent == Rules && s.counted && s.rank == "referee" && s.everybody():
		return Metrics
	case intent == Metrics && len(s.metrics) > 0 && s.has(changers...) && s.sequence("from") && s.has("to"):
		return Compare
	case intent == Review && s.rank == "code":
		return Codes
	case len(s.uid) > 0 && (intent == Rules || intent == Unclear || intent == OutOfScope || intent == Vague) && !follows:
		return Referee
	case follows && len(s.uid) > 0 && f.frame.Intent == Referee && len(s.metrics) == 0 && len(s.toks) <= 6:
		return Refine
	case follows && len(s.periods) == 1 && s.onlyPeriod() && intent != Referee:
		return Refine
	case follows && s.nth > 0 && len(s.metrics) == 0 && len(s.toks) <= 7 && (intent == Vague || intent == Unclear || intent == Rules) && f.uid(s) != 0:
		return Refine
	case follows && f.frame.Intent == Trace && f.frame.TradeID != "" && len(s.toks) <= 4 && s.bareNumber() != "":
		return Refine
	}
	return ""
}

// resource is the kind of article that a word names, "" for none.
func (s *said) resource() Intent {
	for _, t := range s.toks {
		if r := resourceWords[t.norm]; r != "" && len(s.periods) == 0 && len(s.uid) == 0 {
			return r
		}
	}
	return ""
}

// lacks reports whether a state is named that only a list of referees can show: what they have not done, or no longer do.
func (s *said) lacks() bool {
	return s.kyc == "none" || s.deposited != nil && !*s.deposited || s.traded != nil && !*s.traded || s.activity == "dormant" || s.activity == "inactive"
}

// people reports whether all that is asked for are referees who did something.
func (s *said) people() bool {
	return !slices.ContainsFunc(s.metricNames(), func(m string) bool { return m != "newReferrals" && m != "verified" && m != "deposited" })
}

// general reports whether a question is about how things are for everybody, not about the partner's own records: "when
// are rewards credited?", "how many codes can I have?", "why do VIP 3 users earn me nothing?".
func (s *said) general() bool {
	if len(s.periods)+len(s.uid) > 0 || s.code != "" || s.trade != "" {
		return false
	}
	switch s.word(0) {
	case "when":
		return slices.Contains([]string{"is", "are", "do", "doe", "does", "will"}, s.toks[min(1, len(s.toks)-1)].text) && !s.has("my", "last")
	case "why":
		return len(s.toks) > 1 && slices.Contains([]string{"do", "does"}, s.toks[1].text) && !s.has("my")
	}
	return s.counted && (s.sequence("can", "i") || s.sequence("can", "a") || s.sequence("may", "i") || s.has("allowed", "maximum", "max", "limit"))
}

// amounts reports whether a sum of money is asked for of the referees: "withdrawals of my referees".
func (s *said) amounts() bool {
	return slices.ContainsFunc(s.metrics, func(h hit) bool {
		return slices.Contains([]string{"withdrawals", "deposits", "volume", "fees", "netDeposits", "commission"}, h.value) && slices.Contains([]string{"of", "from", "by"}, s.word(h.to)) && !h.weak
	})
}

// onlyPeriod reports whether nothing but a period is said, as in "and last week?".
func (s *said) onlyPeriod() bool {
	return !slices.ContainsFunc(s.toks, func(t token) bool {
		return !t.inPeriod && !slices.Contains([]string{"and", "for", "in", "what", "about", "how", "the", "same", "now", "then", "ok", "previou", "previous", "hbu", "again", "please", "pls"}, t.text)
	})
}

// bareNumber is a number that stands alone, as the id of another trade does.
func (s *said) bareNumber() string {
	for _, t := range s.toks {
		if t.number > 0 && !t.inPeriod && t.raw[0] >= '0' && t.raw[0] <= '9' {
			return t.raw
		}
	}
	return ""
}

// corrects reports whether the message puts right, or leans on, the question before: "no, last month", "volume, not
// commission", "now deposits".
func (s *said) corrects(f focus) bool {
	if f.frame == nil || len(s.toks) > 8 || !s.slots() && len(s.metrics) == 0 {
		return false
	}
	switch s.word(0) {
	case "no", "nope", "sorry", "actually", "oops", "rather":
		return true
	}
	if s.has("instead", "meant", "mean", "same", "likewise", "ditto") || slices.ContainsFunc(s.periods, s.denied) || len(s.replaced()) > 0 {
		return true
	}
	return len(s.toks) <= 3 && len(s.periods) == 0 && len(s.metrics) > 0 && slices.Contains([]string{"now", "and", "also", "then", "ok", "by"}, s.word(0))
}

// onePeriod reports whether all periods named are the same one: "volume this week vs eligible volume this week".
func (s *said) onePeriod() bool {
	return !slices.ContainsFunc(s.periods, func(m period.Match) bool { return m.Arg != s.periods[0].Arg })
}

// comparesRates: "week over week", "mom": how much something changed, not why.
func (s *said) comparesRates() bool {
	return s.topic == "" && s.rated()
}

// slots reports whether anything is named that narrows, cuts or points.
func (s *said) slots() bool {
	return len(s.periods)+len(s.products)+len(s.relations)+len(s.groups)+len(s.countries)+len(s.uid) > 0 ||
		s.limit > 0 || s.code != "" || s.sub != 0 || s.sort != "" || len(s.all) > 0
}

// states reports whether a state of referees is named, by which only a list can be narrowed.
func (s *said) states() bool {
	return s.activity != "" || s.deposited != nil || s.traded != nil || s.kyc != ""
}

// unsure decides for words that are like several intents or like none: by what they name, if that says enough.
func (s *said) unsure(intent Intent, following bool) Intent {
	switch {
	case s.strong() && s.compare:
		return Compare
	case s.strong() && intent != Leaderboard && intent != Referees:
		return Metrics
	case s.strong():
		return intent
	case following && (s.slots() || len(s.metrics) > 0):
		return Refine
	case intent.data() && s.slots():
		return intent
	case len(s.metrics) > 0 && len(s.periods) > 0:
		return Metrics
	}
	return Unclear
}

// followUp decides for what sounds like a follow-up, also where there is nothing to follow.
func (s *said) followUp(following bool) Intent {
	switch {
	case s.further && s.strong():
		return Metrics
	case following && s.compare && (len(s.periods) > 0 || s.before):
		return Compare
	case following:
		return Refine
	case s.compare && len(s.metrics) > 0:
		return Compare
	case len(s.metrics) > 0:
		return Metrics
	case len(s.uid) > 0:
		return Referee
	case s.limit > 0 || s.has("top"):
		return Leaderboard
	}
	return Vague
}

func (s *said) vague(following bool) Intent {
	switch {
	case s.strong() && len(s.periods) > 1 && s.has(changers...):
		return Compare
	case s.strong(), s.counted && s.everybody():
		return Metrics
	case following && (s.slots() || len(s.metrics) > 0) && s.rank == "":
		return Refine
	case len(s.uid) > 0:
		return Referee
	}
	return Vague
}

func (s *said) aboutMetrics(following bool) Intent {
	switch {
	case s.compare && (len(s.periods) > 0 || s.before || s.rated() && len(s.metrics) > 0) && !s.contrast():
		return Compare
	case s.has("top", "leaderboard", "ranking", "rank"):
		return Leaderboard
	case len(s.metrics) > 0:
		return Metrics
	case following && (s.slots() || s.pronoun):
		return Refine
	case s.counted && s.rank == "referee":
		return s.counting()
	case len(s.uid) > 0:
		return Referee
	}
	return Vague
}

// foreign reports whether more than three words in ten of a longer message are in none of the examples: it is then
// like none of them, whatever its other words are like.
func (s *said) foreign() bool {
	words, unknown := 0, 0
	for _, t := range s.toks {
		if t.inPeriod || t.number >= 0 {
			continue
		}
		if words++; t.unknown && t.raw != s.code {
			unknown++
		}
	}
	return words >= 6 && 10*unknown > 3*words
}

// changers are words for a change. They compare when two periods stand by them.
var changers = []string{"difference", "differ", "change", "changed", "grow", "grew", "grown", "growth", "increase", "decrease", "higher", "lower", "better", "worse"}

// contrast reports whether products or relations are set against each other, within one period: "spot vs futures".
func (s *said) contrast() bool {
	set := len(values(s.products)) > 1 || len(values(s.relations)) > 1
	for _, g := range s.groups {
		set = set || g.value == "product" || g.value == "relation"
	}
	return set && len(s.periods) < 2 && s.against < 0 && !s.before && (!s.has("compare") || len(s.periods) == 1) && !s.has(changers...)
}

// counting settles "how many users": with a state they are counted from the list, with "do I have" they are all,
// else it is not said which.
func (s *said) counting() Intent {
	switch {
	case s.states():
		return Referees
	case s.everybody():
		return Metrics
	}
	return Vague
}

// everybody reports whether "how many" is about all referees there are, or all of a kind.
func (s *said) everybody() bool {
	return s.sequence("do", "i", "have") || s.sequence("have", "i") || len(s.countries)+len(s.relations) > 0 || s.sub != 0 || s.code != ""
}
