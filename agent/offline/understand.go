package offline

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"partnerhub/agent/offline/classify"
	"partnerhub/agent/offline/period"
	"partnerhub/agent/offline/trigger"
	"partnerhub/domain"
	"partnerhub/prompts"
)

// understanding turns messages into frames. It does not change and may be shared.
type understanding struct {
	words   *lexicon
	model   *classify.Model
	rules   *classify.Model // tells a question about rules from every other message
	trigger *trigger.Rules
	trouble trouble // what calls a person
	zone    *time.Location
}

func newUnderstanding(p *prompts.Prompts, asked []string, zone *time.Location) *understanding {
	u := &understanding{words: newLexicon(p), zone: zone}
	rules, err := triggerOf(p)
	if err != nil { // the files are embedded, and a test compiles them
		panic(err)
	}
	u.trigger = rules
	u.words.learn(rules.Words())
	masked := func(text string) string {
		toks := split(text)
		s := u.words.names(toks, periods(text, toks, examplesAsOf, time.UTC, domain.Period{}))
		return s.masked()
	}
	var examples, either []classify.Example
	for _, e := range p.Examples {
		text := masked(e.Text)
		examples = append(examples, classify.Example{Text: text, Label: e.Intent})
		if Intent(e.Intent) == Rules {
			either = append(either, classify.Example{Text: text, Label: string(Rules)})
		} else if Intent(e.Intent) != Handoff {
			either = append(either, classify.Example{Text: text, Label: other})
		}
	}
	for _, q := range p.RuleQuestions {
		either = append(either, classify.Example{Text: masked(q.Text), Label: q.Intent})
	}
	for _, q := range asked {
		either = append(either, classify.Example{Text: masked(q), Label: string(Rules)})
	}
	var training sync.WaitGroup
	training.Go(func() { u.model = classify.Train(examples) })
	training.Go(func() { u.rules = classify.Train(either) })
	training.Go(func() { u.learnTrouble(p, asked) })
	training.Wait()
	return u
}

// maxFurthered bounds, in bytes, the question that a further one is searched with.
const maxFurthered = 300

// read understands a message in the light of the focus: one frame for each question in it.
func (u *understanding) read(text string, f focus, now time.Time) []Frame {
	toks := u.words.tokens(text)
	var before domain.Period
	if f.frame != nil {
		before, _ = domain.ParsePeriod(f.frame.Period, now, u.zone) // without one, nothing is before
	}
	found := periods(text, toks, now, u.zone, before)
	if category, sure := u.handoff(text, toks); category != "" {
		if whole := u.words.names(toks, found); !u.harmless(&whole, sure) {
			return []Frame{{Intent: Handoff, Category: category, Confidence: sure}}
		}
	}
	var frames []Frame
	parts := u.questions(toks, found)
	if len(parts) > 1 && u.proposes(toks, found) { // what is to be made is said with many numbers, and is one thing
		parts = []part{{toks: toks, periods: found}}
	}
	for i, part := range parts {
		s := u.words.names(part.toks, part.periods)
		s.further = i > 0
		for _, frame := range u.frame(&s, f, now) {
			if frame.Intent == Referees && frame.Note == "" {
				frame.Note = noteIn(text)
			}
			if len(part.toks) > 0 && (frame.Intent == Rules || frame.Intent.resource() != "") {
				asked := strings.TrimSpace(text[part.toks[0].start:part.toks[len(part.toks)-1].end])
				if frame.Intent == Rules {
					frame.Query = asked
					if s.furthers(f) && len(f.rule) < maxFurthered {
						frame.Query = f.rule + " " + asked
					}
				} else if u.goal(&s) {
					frame.Goal = asked
				}
			}
			frames = append(frames, frame)
			if frame.Intent.data() && frame.Ask == "" {
				f = focus{frame: &frame, earlier: f.frame, rows: f.rows, asked: f.asked}
			}
		}
	}
	return settle(frames)
}

// proposes reports whether a message as a whole asks for something to be made or called off.
func (u *understanding) proposes(toks []token, found []period.Match) bool {
	s := u.words.names(toks, found)
	ranked := u.model.Rank(s.masked())
	if len(ranked) == 0 || ranked[0].Confidence < max(minConfidence, u.model.Threshold()) {
		return false
	}
	switch Intent(ranked[0].Label) {
	case CreateTask, CreateCode, CancelTask, Nudge:
		return true
	}
	return false
}

// quoted is a note's words: "tagged 'whale'", "with the note \"VIP desk\"".
var quoted = regexp.MustCompile(`(?i)\b(?:tag|tagged|tags|note|noted|notes|labell?ed|marked)\b[^'"“‘«]{0,20}['"“‘«]([^'"”’»]{1,100})['"”’»]`)

func noteIn(text string) string {
	if m := quoted.FindStringSubmatch(text); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}

// goal reports whether a question about resources says what they should help with.
func (u *understanding) goal(s *said) bool {
	return len(u.words.find("goal", s.toks)) > 0 || len(s.products) > 0
}

// minConfidence is how sure the classifier must be of an intent that no slot supports. A share among thirty
// intents; the examples held out while training set the model's own threshold, which is used when higher.
const minConfidence = 0.2

// frame understands one question.
func (u *understanding) frame(s *said, f focus, now time.Time) []Frame {
	if frames := u.both(s, f, now); frames != nil {
		return frames
	}
	ranked := slices.DeleteFunc(u.model.Rank(s.masked()), func(r classify.Score) bool { return Intent(r.Label) == Handoff }) // trigger decides that
	intent, confidence := Unclear, 0.0
	if len(ranked) > 0 && len(s.toks) > 0 { // an empty message is like the shortest examples
		intent, confidence = Intent(ranked[0].Label), ranked[0].Confidence
	}
	sure := confidence >= max(minConfidence, u.model.Threshold())
	if intent = u.decide(s, f, intent, sure); u.asksRule(s, f, intent, confidence) {
		intent = Rules
	}
	if intent.data() && s.future(now) {
		intent = OutOfScope // nobody knows what will be
	}
	frame := Frame{Intent: intent, Confidence: confidence}
	switch intent {
	case Refine:
		frame = u.refine(s, f, now)
		frame.Confidence = confidence
	case Metrics, Compare, Leaderboard, Referee, Referees:
		frame = u.fill(frame, s, f, now)
	case Activity, Trace, Rewards, Codes:
		frame = u.records(frame, s, f)
	case RootCause, Review, Anomalies:
		frame = u.analysis(frame, s, f, now)
	case Vague:
		frame.Ask = "metric"
		if s.rank == "referee" {
			frame.Ask = "users"
		}
		frame.Period = periodOf(s)
	}
	if frame.Intent == Referee && frame.UID == 0 && frame.Ask == "" {
		frame.Ask = "uid"
	}
	out := []Frame{frame}
	if frame.Intent == RootCause {
		out = frame.within()
	}
	if frame.Ask == "" && frame.Intent == Metrics && len(s.periods) > 1 && !slices.ContainsFunc(s.periods, s.denied) { // "yesterday and today"
		out = out[:0]
		for _, m := range s.periods[:min(len(s.periods), maxQuestions)] {
			one := frame
			one.Period = m.Arg
			if !slices.ContainsFunc(out, func(f Frame) bool { return f.Period == m.Arg }) { // "this week (Nov 16–22)"
				out = append(out, u.usual(one))
			}
		}
	}
	if frame.Ask == "" && (frame.Intent == Referee || frame.Intent == Metrics) && len(s.uid) > 1 {
		out = out[:0]
		for _, uid := range s.uid[:min(len(s.uid), maxQuestions)] {
			one := frame
			one.UID = uid
			out = append(out, one)
		}
	}
	return out
}

func periodOf(s *said) string {
	for i, m := range s.periods {
		if i != s.against && !s.denied(m) {
			return m.Arg
		}
	}
	return ""
}

// denied reports whether a period is taken back: "last week, not this week".
func (s *said) denied(m period.Match) bool {
	if len(s.periods) < 2 {
		return false
	}
	first := slices.IndexFunc(s.toks, func(t token) bool { return t.start < m.End && t.end > m.Start })
	return first > 0 && (s.word(first-1) == "not" || s.word(first-1) == "of" && s.word(first-2) == "instead")
}

// fill makes the frame of a question that stands on its own: what it names, then what the question before had,
// then what is usual.
func (u *understanding) fill(frame Frame, s *said, f focus, now time.Time) Frame {
	prev := Frame{}
	if f.frame != nil {
		prev = *f.frame
	}
	frame.Metrics = s.metricNames()
	leaning := len(frame.Metrics) == 0 // without a metric of its own it is about what was just shown
	if frame.Intent == Metrics && s.counted && leaning && s.rank == "referee" {
		frame.Metrics, leaning = []string{"totalReferrals"}, false
	}
	if leaning && (frame.Intent == Metrics || frame.Intent == Compare || frame.Intent == Leaderboard) {
		frame.Metrics = prev.Metrics
		frame.setFilters(prev)
		if frame.Intent == Leaderboard {
			frame.UID, frame.SubPartnerUID, frame.Country, frame.Code = 0, 0, "", ""
		}
		if frame.Intent == Compare {
			frame.GroupBy = prev.GroupBy
		}
	}
	frame = u.name(frame, s)
	switch frame.Intent {
	case Metrics:
		if len(frame.Metrics) == 0 && frame.GroupBy != "" && frame.SubPartnerUID == 0 { // "my best day"
			frame.Metrics, frame.MetricAssumed = []string{"commission"}, true
		}
		if len(frame.Metrics) == 0 { // how a sub-partner performs
			frame.Metrics = []string{"commission", "volume", "traders"}
		}
		u.setPeriod(&frame, s, prev)
		if s.pronoun && frame.UID == 0 {
			frame.UID = f.uid(s)
		}
		frame = u.usual(frame)
	case Compare:
		if len(frame.Metrics) == 0 {
			frame.Ask, frame.Period = "compare", periodOf(s)
			return frame
		}
		u.setComparison(&frame, s, prev, now)
		if from, to, ok := strings.Cut(frame.Period, ".."); ok && s.has("from") && frame.CompareTo == "" {
			u.unitAgainstUnit(&frame, from, to, now)
		}
	case Leaderboard:
		if len(frame.Metrics) == 0 {
			frame.Metrics, frame.MetricAssumed = []string{"commission"}, true
		}
		frame.By = "referee"
		if s.rank != "" {
			frame.By = s.rank
		} else if prev.Intent == Codes {
			frame.By = "code"
		} else if g := prev.GroupBy; leaning && (g == "country" || g == "code" || g == "sub_partner") { // "just the top 3", of what was listed
			frame.By = g
		}
		for _, g := range values(s.groups) {
			if g == "country" || g == "code" || g == "sub_partner" || g == "referee" {
				frame.By = g
			}
		}
		if frame.By == "referee" && frame.Metrics[0] == "traders" { // "top traders" are those who trade the most
			if frame.Metrics = frame.Metrics[1:]; len(frame.Metrics) == 0 {
				frame.Metrics = []string{"volume"}
			}
		}
		u.setPeriod(&frame, s, prev)
		frame = frame.narrowed(s)
	case Referee:
		if frame.UID == 0 {
			frame.UID = f.uid(s)
		}
		frame.Period = periodOf(s)
		if frame.Period == "" && s.nth > 0 && (prev.Intent == Leaderboard || prev.Intent == Metrics) {
			frame.Period = prev.Period // in which they ranked
		}
		frame.Period = or(frame.Period, "last_30_days")
		frame.setFilters(Frame{UID: frame.UID})
		frame.Metrics = nil
	case Referees:
		frame = u.list(frame, s, f, prev)
	}
	if leaning && frame.Product != "" && len(s.products) == 0 && !byProduct(frame.Metrics) {
		frame.Product = ""
	}
	return frame
}

// maxRanked is how many are ranked of whom a filter leaves.
const maxRanked = 10

// narrowed is a ranking of some of the referees as a question that has filters, which a leaderboard has not: the figure by
// referee, or the list of them where that is asked for.
func (f Frame) narrowed(s *said) Frame {
	if f.By != "referee" || f.Country == "" && f.Code == "" && f.SubPartnerUID == 0 {
		return f
	}
	f.By = ""
	sorted := f.Metrics[0] == "commission" || f.Metrics[0] == "volume"
	if sorted && f.Limit == 0 && f.Product == "" && s.order != "" && !s.has("top", "rank", "ranking", "leaderboard", "who", "which") {
		f.Intent, f.Sort, f.Order, f.Metrics = Referees, f.Metrics[0], s.order, nil
		if f.PeriodAssumed {
			f.Period, f.PeriodAssumed = "", false
		}
		return f
	}
	f.Intent, f.GroupBy, f.Metrics, f.Limit = Metrics, "referee", f.Metrics[:1], or(f.Limit, maxRanked)
	return f
}

// name takes over the slots that a question names, whichever it is.
func (u *understanding) name(frame Frame, s *said) Frame {
	products, relations := values(s.products), values(s.relations)
	switch {
	case len(products) > 0 && slices.ContainsFunc(s.groups, func(h hit) bool { return h.value == "product" }): // "spot vs futures vs margin"
		frame.Product = ""
	case len(products) == 1 && s.excluded(s.products[0]) && frame.Intent != Leaderboard: // no filter says "all but": each stands apart
		frame.Product, frame.GroupBy = "", "product"
	case len(products) == 1 && s.shareOf() && frame.Intent == Metrics:
		frame.Product, frame.GroupBy = "", "product"
	case len(products) == 1:
		frame.Product = products[0]
	case len(products) > 1 && frame.Intent != Leaderboard:
		frame.Product, frame.GroupBy = "", "product"
	}
	switch {
	case len(relations) == 1 && s.shareOf() && frame.Intent == Metrics:
		frame.Relation, frame.GroupBy = "", "relation"
	case len(relations) == 1:
		frame.Relation = relations[0]
		if s.excluded(s.relations[0]) {
			frame.Relation = map[string]string{"direct": "indirect", "indirect": "direct"}[relations[0]]
		}
	case len(relations) > 1 && frame.Intent != Leaderboard && frame.Intent != Referees:
		frame.Relation, frame.GroupBy = "", "relation"
	}
	if groups := values(s.groups); len(groups) > 0 {
		frame.GroupBy = groups[0]
	} else if unit := s.eachOf(); unit != "" && (frame.Intent == Metrics || frame.Intent == Compare) {
		frame.GroupBy = unit
	} else if frame.Intent == Metrics && s.rank == "country" && s.has("which") {
		frame.GroupBy = "country" // "which countries do they come from"
	} else if frame.Intent == Metrics && s.has("trend", "develop", "curve", "chart", "history") {
		frame.GroupBy = "day"
	}
	if len(s.uid) > 0 {
		frame.UID = s.uid[0]
	}
	if s.sub != 0 {
		frame.SubPartnerUID = s.sub
	}
	if c := values(s.countries); len(c) > 0 {
		frame.Country = c[0]
	}
	if s.code != "" {
		frame.Code = s.code
	}
	if s.limit > 0 {
		frame.Limit = s.limit
	}
	return frame
}

// setPeriod takes the period named, else that of the question before, else the usual one.
func (u *understanding) setPeriod(frame *Frame, s *said, prev Frame) {
	if p := periodOf(s); p != "" {
		frame.Period = p
		return
	}
	if len(s.periods) > 0 {
		frame.Period = s.periods[0].Arg
		return
	}
	if prev.Period != "" && prev.Intent != Referee {
		frame.Period = prev.Period
		return
	}
	frame.PeriodAssumed = true
	switch frame.GroupBy {
	case "hour":
		frame.Period = "today"
	case "week":
		frame.Period = "this_quarter"
	case "month":
		frame.Period = "this_year"
	default:
		frame.Period = "this_week"
		if s.has("trend") {
			frame.Period = "last_30_days"
		}
	}
	if len(frame.Metrics) == 1 && frame.Metrics[0] == "totalReferrals" && frame.GroupBy == "" {
		frame.Period, frame.PeriodAssumed = "today", false // a stock: as of now
	}
}

// usual adjusts what does not go together.
func (u *understanding) usual(frame Frame) Frame {
	if frame.Period == "today" && frame.GroupBy == "day" {
		frame.GroupBy = "hour"
	}
	return frame
}

// list fills in the frame of a list of referees. Metric words in it are states: "verified users" are a filter.
func (u *understanding) list(frame Frame, s *said, f focus, prev Frame) Frame {
	metrics := frame.Metrics
	frame.Metrics, frame.GroupBy, frame.Product, frame.UID = nil, "", "", 0
	frame.KYC, frame.Deposited, frame.Traded, frame.Activity, frame.VIPMin = s.kyc, s.deposited, s.traded, s.activity, s.vip
	frame.Sort, frame.Order, frame.Note = s.sort, s.order, s.note
	yes, no := true, false
	if frame.Activity == "inactive" && periodOf(s) != "" && !s.has("never", "inactive") { // "without a trade last week" says nothing of before
		frame.Activity, frame.Traded = "", &no
	}
	if slices.Contains(metrics, "deposited") && frame.Deposited == nil {
		frame.Deposited = &yes
	}
	if slices.Contains(metrics, "verified") && frame.KYC == "" {
		frame.KYC = "advanced"
	}
	registered := slices.Contains(metrics, "newReferrals") || slices.Contains(s.metricNames(), "newReferrals")
	p := periodOf(s)
	if s.pronoun && f.frame != nil && p == "" { // "who are they?": those just counted
		frame.setFilters(Frame{Relation: prev.Relation, SubPartnerUID: prev.SubPartnerUID, Country: prev.Country, Code: prev.Code})
		switch {
		case slices.Contains(prev.Metrics, "newReferrals"):
			registered, p = true, prev.Period
		case slices.Contains(prev.Metrics, "verified"):
			frame.KYC = "advanced"
		case slices.Contains(prev.Metrics, "deposited"):
			frame.Deposited = &yes
		case slices.Contains(prev.Metrics, "traders"), slices.Contains(prev.Metrics, "firstTraders"):
			frame.Traded = &yes
			frame.Period = prev.Period
		}
	}
	if registered {
		frame.Registered = p
	} else if p != "" {
		frame.Period = p
	}
	return frame
}
