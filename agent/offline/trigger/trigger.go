// Package trigger finds the signs in a partner's words that a person should take over. The signs are data: prompts/handoff.txt,
// whose head says how its patterns are written. How much each of them counts is learned from examples.
package trigger

import (
	"fmt"
	"slices"
	"strings"

	"partnerhub/agent/offline/classify"
)

// Line is a line of the data, and the section that it stands in.
type Line struct{ Section, Text string }

// Rules are the patterns, compiled. They do not change and may be shared.
type Rules struct {
	classes map[string]map[string]bool // by name, of stems
	classOf map[string]string          // of a stem: the first that has it
	signs   []sign
	words   []string // all words of the data, as written
}

// sign is a line of patterns: any of them is one.
type sign struct {
	mark     string
	patterns []pattern
}

type pattern struct {
	terms []term
}

// term is one place of a pattern.
type term struct {
	words    map[string]bool // stems, any of them
	number   bool            // or a number
	optional bool
	gap      int  // instead: up to so many words
	start    bool // instead: the beginning of a sentence
	end      bool // instead: its end
}

// Section of the classes of words.
const classesSection = "words"

// Gaps, in words, that * and ** may stand for.
const (
	shortGap = 4
	longGap  = 12
)

// Compile reads the data. The error names the line.
func Compile(lines []Line) (*Rules, error) {
	r := &Rules{classes: map[string]map[string]bool{}, classOf: map[string]string{}}
	for _, l := range lines {
		head, rest, ok := strings.Cut(l.Text, ":")
		if !ok {
			return nil, fmt.Errorf("%q: want \"name: words\" or \"+: patterns\"", l.Text)
		}
		if l.Section == classesSection {
			set := map[string]bool{}
			for _, w := range strings.Split(rest, ",") {
				r.add(set, strings.TrimSpace(w))
			}
			for stem := range set {
				if r.classOf[stem] == "" {
					r.classOf[stem] = "z" + head // like no word of a message
				}
			}
			r.classes[head] = set
			continue
		}
		mark, ok := map[string]string{"+": "for", "-": "against"}[head]
		if !ok {
			return nil, fmt.Errorf("%q: %q is neither + nor -", l.Text, head)
		}
		found := sign{mark: "z" + mark + strings.ReplaceAll(l.Section, "_", "")}
		for _, text := range strings.Split(rest, "|") {
			p, err := r.compile(strings.Fields(text))
			if err != nil {
				return nil, fmt.Errorf("%q: %w", strings.TrimSpace(text), err)
			}
			found.patterns = append(found.patterns, p)
		}
		r.signs = append(r.signs, found)
	}
	return r, nil
}

func (r *Rules) add(set map[string]bool, word string) {
	for _, w := range expand([]string{word}) {
		set[classify.Stem(w)] = true
	}
	r.words = append(r.words, word)
}

func (r *Rules) compile(fields []string) (p pattern, err error) {
	for _, f := range fields {
		t := term{words: map[string]bool{}}
		switch f {
		case "*":
			t.gap = shortGap
		case "**":
			t.gap = longGap
		case "^":
			t.start = true
		case "$":
			t.end = true
		case "!", "?!", "?", ",": // marks are no words
			continue
		default:
			rest, optional := strings.CutPrefix(f, "?")
			t.optional = optional
			for _, w := range strings.Split(rest, "/") {
				switch {
				case w == "#":
					t.number = true
				case strings.HasPrefix(w, "@"):
					set, ok := r.classes[w[1:]]
					if !ok {
						return p, fmt.Errorf("no class %s", w)
					}
					for s := range set {
						t.words[s] = true
					}
				default:
					r.add(t.words, w)
				}
			}
		}
		p.terms = append(p.terms, t)
	}
	if len(p.terms) == 0 {
		return p, fmt.Errorf("an empty pattern")
	}
	return p, nil
}

// Words are those of the data, as written: a speller must know them.
func (r *Rules) Words() []string { return r.words }

// Marks are the sentences of a message, as lower-case words, in words that say more: of each its class, where it has one, and
// behind them the signs that were found.
func (r *Rules) Marks(sentences [][]string) []string {
	text := make([][]word, len(sentences))
	var marks []string
	for i, s := range sentences {
		for _, w := range expand(s) {
			stem := classify.Stem(w)
			text[i] = append(text[i], word{stem: stem, number: w[0] >= '0' && w[0] <= '9'})
			if class := r.classOf[stem]; class != "" {
				w = class
			}
			marks = append(marks, w)
		}
	}
	for _, s := range r.signs {
		if slices.ContainsFunc(s.patterns, func(p pattern) bool { return p.in(text) }) {
			marks = append(marks, s.mark)
		}
	}
	return marks
}

type word struct {
	stem   string
	number bool
}

// expand spells out what is written as one: "cant" is "can not".
func expand(words []string) []string {
	var out []string
	for _, w := range words {
		base, not := classify.Negated(strings.ToLower(w))
		if base != "" {
			out = append(out, base)
		}
		if not {
			out = append(out, "not")
		}
	}
	return out
}

func (p pattern) in(text [][]word) bool {
	for _, s := range text {
		for at := 0; at <= len(s); at++ {
			if matches(p.terms, s, at) {
				return true
			}
		}
	}
	return false
}

// matches reports whether the terms match at a place of a sentence.
func matches(p []term, s []word, at int) bool {
	if len(p) == 0 {
		return true
	}
	t, rest := p[0], p[1:]
	switch {
	case t.start:
		return at == 0 && matches(rest, s, at)
	case t.end:
		return at == len(s) && matches(rest, s, at)
	case t.gap > 0:
		for n := 0; n <= t.gap && at+n <= len(s); n++ {
			if matches(rest, s, at+n) {
				return true
			}
		}
		return false
	case t.optional && matches(rest, s, at):
		return true
	}
	return at < len(s) && (t.words[s[at].stem] || t.number && s[at].number) && matches(rest, s, at+1)
}
