package offline

import (
	"regexp"
	"strings"
	"unicode"

	"partnerhub/language"
)

// other is the label of what is no question about rules.
const other = "other"

// How sure the second reading must be that a question is about rules, a probability. The first one reads for one of some thirty wishes,
// most of which name figures, and takes "is commission paid on Sundays?" for a wish to see some; the second one has learned the ways
// to ask for each section of the library. Measured on the questions of eval/retrieval and on testdata.
const (
	ruleOverNothing = 0.35 // where the first reading found nothing to do
	ruleOverWish    = 0.52 // where it found something
	ruleOverForeign = 0.7  // where it found what the assistant does not do
	ruleOverTalk    = 0.7  // where it found a greeting, thanks or a question about the assistant
	ruleOverTrouble = 0.8  // where a complaint was found that is less than clear
	ruleSure        = 0.5  // more, where the first one is sure: this for each unit of its confidence above a half
	ruleOwn         = 0.1  // more, where it is about what is mine, or how much there is
	rulePeriod      = 0.25 // more, where a period is named
	ruleMetric      = 0.05 // more, where a metric is named and no period
	ruleFollowing   = 0.3  // more, where the question follows one about figures
	ruleResource    = 0.2  // more, where the kind of article is named that the first one would look for: "a campaign", "a banner"
	ruleShort       = 0.25 // more, where there are but two words
)

// What is asked for in other languages: how much there is, which the library cannot say, unless it is how much there may be.
var (
	howMuch = regexp.MustCompile(`(?i)\bcu[aá]nt[oa]s?\b|\bquant[oa]s?\b|\bberapa\b|bao nhiêu|сколько|多少`)
	mayBe   = regexp.MustCompile(`(?i)\bpued[oe]\b|\bposso\b|\bpode\b|\bboleh\b|\bbisa\b|có thể|можно|可以|最多`)
)

// otherTongue reports whether a question about rules is written in another language, which only the library may understand.
func (s *said) otherTongue() bool {
	words, letters := make([]string, len(s.toks)), 0
	for i, t := range s.toks {
		words[i] = t.raw
		for _, r := range t.raw {
			if r > unicode.MaxASCII && unicode.IsLetter(r) {
				letters++
			}
		}
	}
	text := strings.Join(words, " ")
	return (letters >= 2 && !s.strong() || language.Of(text) != "en") && (!howMuch.MatchString(text) || mayBe.MatchString(text))
}

// furthers reports whether a message goes on with a question about rules: "and for margin?", "what if they stop trading?". What narrows the
// figures of before goes on with those.
func (s *said) furthers(f focus) bool {
	if f.rule == "" || len(s.toks) > 8 || len(s.periods)+len(s.uid) > 0 || s.strong() || f.frame != nil && s.slots() {
		return false
	}
	switch s.word(0) {
	case "and", "but", "also", "or", "then":
		return true
	case "what", "how":
		return s.word(1) == "about" || s.word(1) == "if"
	}
	return false
}

// asksRule reports whether a question is about how things are for everybody, though the first reading takes it for something else. One
// word is too little to tell.
func (u *understanding) asksRule(s *said, f focus, intent Intent, confidence float64) bool {
	if s.otherTongue() || s.furthers(f) {
		return true
	}
	switch intent {
	case Rules, Handoff:
		return false
	}
	if f.asked != "" || s.corrects(f) || s.shareOf() && s.strong() || intent == Refine && s.slots() && len(s.toks) <= 4 || intent == Referees && s.states() {
		return false
	}
	if len(s.toks) < 2 || len(s.uid) > 0 || s.sub != 0 || s.code != "" || s.trade != "" || f.frame != nil && f.uid(s) != 0 {
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
	case Greeting, Thanks, About:
		least = ruleOverTalk
	}
	if intent.data() && (s.has("my") || s.counted) {
		least += ruleOwn
	}
	if intent.resource() != "" && s.resource() == intent {
		least += ruleResource
	}
	if len(s.toks) < 3 {
		least += ruleShort
	}
	switch {
	case f.frame != nil:
		least += ruleFollowing
	case len(s.periods) > 0:
		least += rulePeriod
	case s.strong() && intent.data():
		least += ruleMetric
	}
	return u.likeRule(s) >= least
}

// likeRule is how sure the second reading is that a message is a question about rules.
func (u *understanding) likeRule(s *said) float64 {
	for _, r := range u.rules.Rank(s.masked()) {
		if r.Label == string(Rules) {
			return r.Confidence
		}
	}
	return 0
}
