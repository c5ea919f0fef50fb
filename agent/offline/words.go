package offline

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"partnerhub/agent/offline/period"
	"partnerhub/domain"
	"partnerhub/prompts"
	"partnerhub/spell"
)

// token is a word or number of a message.
type token struct {
	raw        string
	text       string // lower case, slips mended
	norm       string // singular
	number     int64  // -1: none
	start, end int
	sentence   bool // a mark that ends a sentence stands before it
	comma      bool // a comma stands before it
	inPeriod   bool
	unknown    bool // in no example and no phrase
	glue       byte // the one mark, - or _, between it and the word before; 0: none
}

// maxMessage bounds the work on one message, in bytes.
const maxMessage = 16 << 10

var numberWords = map[string]int64{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100}

// lexicon finds the phrases of prompts/lexicon.txt.
type lexicon struct {
	phrases map[string]map[string][]phrase // slot → first word → the longest first
	known   map[string]bool                // words that are spelled right
	common  []string                       // words worth mending a slip in, sorted
}

type phrase struct {
	value string
	words []string
	exact bool // the very form, not the singular
	weak  bool // only when nothing clearer is said
}

func newLexicon(p *prompts.Prompts) *lexicon {
	l := &lexicon{phrases: map[string]map[string][]phrase{}, known: map[string]bool{}}
	for _, w := range p.Words {
		slot := w.Slot
		if slot == "metrics" {
			slot = "metric"
		}
		if l.phrases[slot] == nil {
			l.phrases[slot] = map[string][]phrase{}
		}
		for _, text := range w.Phrases {
			text, weak := strings.CutPrefix(text, "~")
			text, exact := strings.CutPrefix(text, "=")
			ph := phrase{value: w.Value, weak: weak, exact: exact}
			for _, t := range split(text) {
				word := t.norm
				if exact {
					word = t.text
				}
				ph.words = append(ph.words, word)
				l.known[t.text] = true
				if len(word) >= 5 {
					l.common = append(l.common, word)
				}
			}
			if len(ph.words) == 0 {
				continue
			}
			first := l.phrases[slot]
			first[ph.words[0]] = append(first[ph.words[0]], ph)
		}
	}
	for _, first := range l.phrases {
		for _, list := range first {
			slices.SortStableFunc(list, func(a, b phrase) int { return len(b.words) - len(a.words) })
		}
	}
	for _, e := range slices.Concat(p.Examples, p.RuleQuestions) {
		for _, t := range split(e.Text) {
			l.known[t.text] = true
			if len(t.norm) >= 6 {
				l.common = append(l.common, t.norm)
			}
		}
	}
	slices.Sort(l.common)
	l.common = slices.Compact(l.common)
	return l
}

// learn adds words that are spelled right.
func (l *lexicon) learn(words []string) {
	for _, word := range words {
		for _, t := range split(word) {
			l.known[t.text] = true
			if len(t.text) >= 7 {
				l.common = append(l.common, t.text)
			}
		}
	}
	slices.Sort(l.common)
	l.common = slices.Compact(l.common)
}

// tokens splits a message into words and mends their slips.
func (l *lexicon) tokens(text string) []token {
	out := split(text)
	for i := range out {
		t := &out[i]
		if t.number >= 0 || l.known[t.text] || l.known[t.norm] {
			continue
		}
		if t.unknown = true; len(t.text) < 5 || !ascii(t.text) {
			continue
		}
		best := ""
		for _, w := range l.common {
			if w[0] == t.text[0] && (spell.Near(t.text, w, spell.Limit(w, t.text)) || t.norm != t.text && spell.Near(t.norm, w, spell.Limit(w, t.norm))) && (best == "" || len(w) == len(t.text) && len(best) != len(t.text)) {
				best = w
			}
		}
		if best != "" {
			t.text, t.norm, t.unknown = best, singular(best), false
		}
	}
	return out
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

func split(text string) []token {
	if len(text) > maxMessage {
		text = text[:maxMessage]
	}
	var out []token
	sentence, comma := true, false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			switch r {
			case '.', '?', '!', ';', '\n':
				// a point within a number or before a letter ends nothing
				if next := i + size; r != '.' || next == len(text) || text[next] == ' ' || text[next] == '\n' {
					sentence = true
				}
			case ',':
				comma = true
			}
			i += size
			continue
		}
		start, digit := i, unicode.IsDigit(r)
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
				break
			}
			// "7d" and "ABC123" stay whole
			i += size
		}
		if head := strings.ToLower(text[start:min(start+3, i)]); (head == "uid" || head == "top" || head == "vip") && i > start+3 && text[start+3] >= '0' && text[start+3] <= '9' {
			out = append(out, token{raw: text[start : start+3], text: head, norm: head, number: -1, start: start, end: start + 3, sentence: sentence, comma: comma})
			sentence, comma, start, digit = false, false, start+3, true // "UID10101", "top5", "vip2"
		}
		t := token{raw: text[start:i], start: start, number: -1, sentence: sentence, comma: comma}
		if n := len(out); n > 0 && start == out[n-1].end+1 && (text[start-1] == '-' || text[start-1] == '_') {
			t.glue = text[start-1]
		}
		t.text = strings.ToLower(t.raw)
		if digit {
			if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
				t.number = n
			}
		} else if n, ok := numberWords[t.text]; ok {
			t.number = n
		}
		// "today's", "I'm": the ending is no word of its own; "don't" keeps its not
		if rest := text[i:]; (!digit || strings.HasPrefix(rest, "'s") || strings.HasPrefix(rest, "’s")) && (strings.HasPrefix(rest, "'") || strings.HasPrefix(rest, "’")) {
			q := 1
			if rest[0] != '\'' {
				q = len("’")
			}
			j := i + q
			for j < len(text) && (text[j]|32) >= 'a' && (text[j]|32) <= 'z' {
				j++
			}
			if end := strings.ToLower(text[i+q : j]); end == "t" && strings.HasSuffix(t.text, "n") {
				t.text += "t"
				i = j
			} else if j-i-q <= 2 {
				i = j
			}
		}
		t.end = i
		if full, ok := short[t.text]; ok {
			t.text = full
		} else if t.text == "y" && len(out) == 0 && !strings.HasPrefix(text[i:], "day") {
			t.text = "why"
		}
		t.norm = singular(t.text)
		out = append(out, t)
		sentence, comma = false, false
		if negated := notForms[t.text]; negated {
			out = append(out, token{raw: "not", text: "not", norm: "not", number: -1, start: t.start, end: t.end})
		}
	}
	return out
}

// short are the abbreviations that are words here, but for those of periods, which the period parser reads itself.
var short = map[string]string{"wk": "week", "wks": "week", "mth": "month", "mths": "month", "n": "and", "w": "with", "diff": "difference", "avg": "average", "lvl": "level",
	"r": "are", "u": "you", "ur": "your", "abt": "about", "ppl": "people", "hows": "how", "whats": "what", "biz": "business", "perf": "performance", "promos": "promo", "acct": "account", "txn": "trade", "txns": "trade", "tradeid": "trade"}

// notForms are the short forms that hold a "not".
var notForms = map[string]bool{"dont": true, "doesnt": true, "didnt": true, "isnt": true, "arent": true, "wasnt": true, "werent": true, "hasnt": true, "havent": true, "hadnt": true}

func singular(w string) string {
	n := len(w)
	switch {
	case n > 4 && strings.HasSuffix(w, "ies"):
		return w[:n-3] + "y"
	case w == "ups":
		return "up" // of "sign-ups"
	case n > 3 && w[n-1] == 's' && w[n-2] != 's' && w[n-2] != 'u' && w[n-2] != 'i':
		return w[:n-1]
	}
	return w
}

// hit is a phrase of the lexicon found in a message.
type hit struct {
	value    string
	from, to int // tokens
	weak     bool
}

// find lists where phrases of a slot stand, the longest at each place, without overlaps and outside of periods.
func (l *lexicon) find(slot string, toks []token) []hit {
	var out []hit
	first := l.phrases[slot]
	for i := 0; i < len(toks); {
		n := 0
		for _, try := range [2]string{toks[i].text, toks[i].norm} {
			for _, ph := range first[try] {
				if len(ph.words) > n && ph.at(toks, i) {
					n = len(ph.words)
					if h := (hit{value: ph.value, from: i, to: i + n, weak: ph.weak}); len(out) > 0 && out[len(out)-1].from == i {
						out[len(out)-1] = h
					} else {
						out = append(out, h)
					}
					break
				}
			}
		}
		i += max(n, 1)
	}
	return out
}

func (ph phrase) at(toks []token, i int) bool {
	if i+len(ph.words) > len(toks) {
		return false
	}
	for k, w := range ph.words {
		t := toks[i+k]
		if t.inPeriod || k > 0 && t.sentence || t.norm != w && t.text != w || ph.exact && t.text != w {
			return false
		}
	}
	return true
}

// periods finds the periods of a message and marks their words. A message that follows on a question about the
// period before says "the week before" of that.
func periods(text string, toks []token, now time.Time, zone *time.Location, before domain.Period) []period.Match {
	found := period.ParseAfter(text, now, zone, before.From, before.To)
	for _, m := range found {
		for i := range toks {
			if toks[i].start < m.End && toks[i].end > m.Start {
				toks[i].inPeriod = true
			}
		}
	}
	return found
}
