package knowledge

import (
	"regexp"
	"slices"
	"strings"

	"partnerhub/knowledge/lexical"
)

// How much is quoted.
const (
	maxSentences = 3
	maxQuote     = 700 // characters in all
)

// quote picks the sentences that answer: the first of the best section, which by the library's convention is the direct answer,
// and those that hold the most of the question. A step list that answers "how do I" is quoted whole.
func quote(question string, hits []Hit, synonyms Synonyms) []Sentence {
	if steps := listOf(hits[0].Text); len(steps) > 0 && howTo(question) {
		out := []Sentence{}
		for _, s := range steps {
			out = append(out, Sentence{Text: s, From: 0})
		}
		return out
	}
	asked := map[string]bool{}
	for _, t := range lexical.Terms(question) {
		asked[t] = true
	}
	for _, t := range synonyms.Of(lexical.Terms(question)) {
		asked[t] = true
	}
	type scored struct {
		Sentence
		at    int
		score float64
	}
	var all []scored
	for i, text := range sentences(hits[0].Text) { // the others are for reading on: out of their place they answer other questions
		s := scored{Sentence{text, 0}, len(all), 0}
		terms := lexical.Terms(text)
		for _, t := range slices.Compact(slices.Sorted(slices.Values(terms))) {
			if asked[t] {
				s.score++
			}
		}
		s.score /= float64(len(terms) + 8) // a long sentence holds more words by chance
		if i == 0 {
			s.score += 1
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b scored) int {
		if a.score > b.score {
			return -1
		}
		if a.score < b.score {
			return 1
		}
		return 0
	})
	var picked []scored
	length := 0
	for _, s := range all {
		if len(picked) == maxSentences || s.score == 0 || length+len(s.Text) > maxQuote && len(picked) > 0 {
			break
		}
		picked = append(picked, s)
		length += len(s.Text)
	}
	slices.SortFunc(picked, func(a, b scored) int { return a.at - b.at })
	out := make([]Sentence, len(picked))
	for i, s := range picked {
		out[i] = s.Sentence
	}
	return out
}

var howToWords = regexp.MustCompile(`(?i)\b(how (do|can|to|should|would)|steps?|guide|walk me|instructions?|procedure)\b`)

func howTo(question string) bool { return howToWords.MatchString(question) }

var listItem = regexp.MustCompile(`^(\d+)[.)] +(.*)$`)

// listOf are the numbered steps of a section, with their numbers; none when it has fewer than two.
func listOf(text string) []string {
	var steps []string
	for line := range strings.Lines(text) {
		if m := listItem.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			steps = append(steps, m[1]+". "+plain(m[2]))
		} else if n := len(steps); n > 0 && strings.HasPrefix(line, "   ") && strings.TrimSpace(line) != "" {
			steps[n-1] += " " + plain(line)
		}
	}
	if len(steps) < 2 {
		return nil
	}
	return steps[:min(len(steps), 10)]
}

var sentenceEnd = regexp.MustCompile(`([.!?])\s+`)

// sentences cuts a section's paragraphs and list items; tables and code are no sentences.
func sentences(text string) []string {
	var out []string
	paragraph := ""
	flush := func() {
		for _, s := range strings.Split(sentenceEnd.ReplaceAllString(plain(paragraph), "$1\x00"), "\x00") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
		paragraph = ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", strings.HasPrefix(line, "|"), strings.HasPrefix(line, "```"):
			flush()
		case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "* "), listItem.MatchString(line):
			flush()
			paragraph = strings.TrimPrefix(strings.TrimPrefix(line, "- "), "* ")
		default:
			paragraph += " " + line
		}
	}
	flush()
	return out
}

var (
	markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	emphasis     = strings.NewReplacer("**", "", "__", "", "`", "")
)

// plain is a text without Markdown's marks.
func plain(s string) string {
	return strings.Join(strings.Fields(emphasis.Replace(markdownLink.ReplaceAllString(s, "$1"))), " ")
}
