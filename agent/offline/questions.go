package offline

import (
	"slices"

	"partnerhub/agent/offline/period"
)

// maxQuestions bounds the calls that one message makes.
const maxQuestions = 5

// settle keeps what is asked for: beside a question about data, a greeting needs no answer, and an unclear rest
// is left out. What must be refused is refused alone.
func settle(frames []Frame) []Frame {
	if i := slices.IndexFunc(frames, func(f Frame) bool { return f.Intent == OutOfScope }); i >= 0 {
		return frames[i : i+1]
	}
	// "commission is up 40 % this week, who caused it?" asks for the reasons alone.
	for i := 1; i < len(frames); i++ {
		if was := frames[i-1]; frames[i].Intent == RootCause && was.Intent == Metrics && slices.Equal(was.Metrics, frames[i].Metrics) && was.Period == frames[i].Period {
			frames = slices.Delete(slices.Clone(frames), i-1, i)
			break
		}
	}
	var data []Frame
	for _, f := range frames {
		if f.Intent.tooled() && f.Ask == "" && len(data) < maxQuestions {
			data = append(data, f)
		}
	}
	if len(data) > 0 {
		return data
	}
	best := 0
	for i, f := range frames {
		if f.Intent != Greeting && f.Intent != Thanks && (frames[best].Intent == Greeting || frames[best].Intent == Thanks) {
			best = i
		}
	}
	return frames[best : best+1]
}

// maxSplit is how many words a message of several questions has at most; a longer one is taken whole.
const maxSplit = 80

type part struct {
	toks    []token
	periods []period.Match
}

// questions cuts a message where one question ends and another begins. "commission and volume this week" is one,
// "commission this week and deposits today" two.
func (u *understanding) questions(toks []token, found []period.Match) []part {
	if len(toks) > maxSplit {
		return []part{{toks: toks, periods: found}}
	}
	var parts []part
	start := 0
	take := func(end int) {
		if end > start {
			parts = append(parts, cut(toks[start:end], found))
			start = end
		}
	}
	for i := 1; i < len(toks); i++ {
		t := toks[i]
		if t.inPeriod && toks[i-1].inPeriod && !t.sentence {
			continue
		}
		joint := t.norm == "and" || t.norm == "also" || t.norm == "plus" || t.norm == "then" || t.comma
		if !t.sentence && !joint {
			continue
		}
		left := u.words.names(toks[start:i], cut(toks[start:i], found).periods)
		right := u.words.names(toks[i:], cut(toks[i:], found).periods)
		if t.sentence && (core(&left) && core(&right) || !core(&left) && len(left.periods) == 0) || joint && separate(&left, &right) {
			take(i)
		}
	}
	take(len(toks))
	if len(parts) == 0 {
		parts = []part{{}}
	}
	return parts
}

func cut(toks []token, found []period.Match) part {
	p := part{toks: toks}
	if len(toks) == 0 {
		return p
	}
	for _, m := range found {
		if m.Start >= toks[0].start-12 && slices.ContainsFunc(toks, func(t token) bool { return t.inPeriod && t.start < m.End && t.end > m.Start }) {
			p.periods = append(p.periods, m)
		}
	}
	return p
}

var rankers = []string{"top", "who", "rank", "ranking", "leaderboard", "biggest", "best", "list", "which"}

// core reports whether the words could be a question of their own.
func core(s *said) bool {
	return len(s.metrics) > 0 || s.has(rankers...) || s.has("detail", "compare", "why") || len(s.uid) > 0
}

// separate reports whether the words before and after an "and" are two questions.
func separate(a, b *said) bool {
	if !core(a) || !core(b) {
		return false
	}
	if a.has(comparers...) && len(a.periods) < 2 && len(b.metrics) == 0 { // "compare this week and last week"
		return false
	}
	if len(b.periods) == 1 && b.against == 0 && len(a.metrics) > 0 && !a.compare { // "deposits this week and withdrawals, compared with last week"
		return false
	}
	ranked := func(s *said) bool { return s.has(rankers...) }
	switch {
	case len(a.periods) > 0 && len(b.periods) > 0:
		return a.periods[0].Arg != b.periods[0].Arg || ranked(a) != ranked(b)
	case ranked(b) && !ranked(a) && len(a.metrics) > 0 && (b.has("who", "top", "rank", "ranking", "leaderboard", "biggest", "best")):
		return true
	case len(a.products) > 0 && len(b.products) > 0 && len(a.metrics) > 0 && len(b.metrics) > 0:
		return a.products[0].value != b.products[0].value
	case len(a.uid) > 0 && !a.strong() && b.strong() && len(b.uid) == 0:
		return true
	case b.has("compare") && len(a.metrics) > 0 && len(b.metrics) > 0:
		return true
	}
	return false
}
