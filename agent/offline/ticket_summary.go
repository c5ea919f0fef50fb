package offline

import (
	"slices"
	"strings"

	"partnerhub/domain/handoff"
)

// How much of a conversation a ticket's summary quotes.
const (
	askedBefore  = 3   // messages before the one that goes to a person
	quotedLength = 240 // characters of each of them, and of what the data says
)

// summary is what whoever takes a ticket reads first, taken from the transcript word by word: what the partner says now, what they
// asked before it, and what they were shown for it.
func (p *Planner) summary(all []turn, frame Frame) string {
	current, before := all[len(all)-1], all[:len(all)-1]
	var lines []string
	line := func(name, value string) { lines = append(lines, p.prompts.Answer("summary."+name, "text", value)) }
	if frame.Category == string(handoff.Unanswered) {
		line("offered", "")
	} else {
		line("says", oneLine(current.text, handoff.MaxSummary/2))
	}
	var asked []string
	for i := len(before) - 1; i >= 0 && len(asked) < askedBefore; i-- {
		if text := oneLine(before[i].text, quotedLength); text != "" && !slices.Contains(asked, text) && p.offerTaken(all[:i+1]) == "" {
			asked = append(asked, text)
		}
	}
	for _, text := range slices.Backward(asked) {
		line("asked", text)
	}
	// Not of calls that are still to be made, and none of asking back.
	shown := slices.DeleteFunc(slices.Clone(current.calls), func(c call) bool { return !c.done || c.tool == askUser })
	if len(shown) == 0 && frame.Category == string(handoff.Finance) && len(before) > 0 { // the complaint is about what was shown just before
		if said := oneLine(before[len(before)-1].said, quotedLength); said != "" {
			line("told", said)
		}
	}
	for _, c := range shown {
		if said := oneLine(p.render([]call{c}, nil), quotedLength); said != "" {
			line("shown", said)
		}
	}
	return clipped(strings.Join(lines, "\n"), handoff.MaxSummary)
}

// oneLine is a text without breaks, of so many characters at most.
func oneLine(text string, limit int) string {
	return clipped(strings.Join(strings.Fields(text), " "), limit)
}

func clipped(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return text
}
