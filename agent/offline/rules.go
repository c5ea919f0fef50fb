package offline

import "unicode"

// other is the label of what is no question about rules.
const other = "other"

// How sure the second reading must be that a question is about rules, a probability. The first one reads for one of some thirty wishes,
// most of which name figures, and takes "is commission paid on Sundays?" for a wish to see some; the second one has learned the ways
// to ask for each section of the library. Measured on the questions of eval/retrieval and on testdata.
const (
	ruleOverNothing = 0.45 // where the first reading found nothing to do
	ruleOverWish    = 0.55 // where it found something
	ruleOverForeign = 0.8  // where it found what the assistant does not do
	ruleSure        = 0.5  // more, where the first one is sure: this for each unit of its confidence above a half
	ruleOwn         = 0.1  // more, where it is about what is mine, or how much there is
	rulePeriod      = 0.25 // more, where a period is named
	ruleMetric      = 0.05 // more, where a metric is named and no period
	ruleFollowing   = 0.3  // more, where the question follows one about figures
)

// otherTongue reports whether a message is written in letters of another language, which only the library may understand.
func (s *said) otherTongue() bool {
	letters := 0
	for _, t := range s.toks {
		for _, r := range t.raw {
			if r > unicode.MaxASCII && unicode.IsLetter(r) {
				letters++
			}
		}
	}
	return letters >= 2
}

// asksRule reports whether a question is about how things are for everybody, though the first reading takes it for something else. Two
// words are too few to tell.
func (u *understanding) asksRule(s *said, f focus, intent Intent, confidence float64) bool {
	switch intent {
	case Rules, Handoff, Greeting, Thanks, About:
		return false
	}
	if s.otherTongue() && !s.strong() {
		return true
	}
	if f.asked != "" || s.corrects(f) || s.shareOf() && s.strong() || intent == Refine && s.slots() && len(s.toks) <= 4 || intent == Referees && s.states() || intent.resource() != "" && s.resource() == intent {
		return false
	}
	if len(s.toks) < 3 || len(s.uid) > 0 || s.sub != 0 || s.code != "" || s.trade != "" || f.frame != nil && f.uid(s) != 0 {
		return false
	}
	if intent.data() && s.has("my") && s.has("see", "show", "list", "view", "check") && s.word(0) != "where" { // "can I see my codes?" wants to see them
		return false
	}
	least := ruleOverWish + ruleSure*max(0, confidence-0.5)
	switch intent {
	case Unclear, Vague, Refine:
		least = ruleOverNothing
	case OutOfScope:
		least = ruleOverForeign
	}
	if intent.data() && (s.has("my") || s.counted) {
		least += ruleOwn
	}
	switch {
	case f.frame != nil:
		least += ruleFollowing
	case len(s.periods) > 0:
		least += rulePeriod
	case s.strong() && intent.data():
		least += ruleMetric
	}
	for _, r := range u.rules.Rank(s.masked()) {
		if r.Label == string(Rules) {
			return r.Confidence >= least
		}
	}
	return false
}
