package period

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"partnerhub/spell"
)

// token is a word, a number or a mark of the text, lower-cased and with its typing errors mended.
type token struct {
	kind       kind
	word       string // canonical: "weeks", "wk" and "weeek" are all "week"
	n          int    // of a number, or the value of a month, a weekday, a number word
	digits     int    // how many digits a number was written with
	ordinal    bool
	capital    bool // the word began with a capital
	start, end int  // bytes of the text
	glued      bool // nothing between it and the token before
}

type kind uint8

const (
	mark kind = iota
	word
	number // digits
	small  // a number word: one … ninety, first … ninetieth
	scale  // hundred, thousand
	month
	weekday
	unit // day, week, month, quarter, year, weekend, hour, half, fortnight, decade
)

// maxText bounds the work on one text, in bytes; a message has at most 4,000 characters.
const maxText = 16 << 10

func tokenize(text string) []token {
	if len(text) > maxText {
		text = text[:maxText]
	}
	var out []token
	last := -1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		start := i
		switch {
		case unicode.IsSpace(r):
			i += size
			continue
		case r >= '0' && r <= '9':
			for i < len(text) && text[i] >= '0' && text[i] <= '9' {
				i++
			}
			t := token{kind: number, start: start, digits: i - start, n: atoi(text[start:i])}
			if s := ordinalSuffix(text[i:]); s > 0 {
				t.ordinal, i = true, i+s
			}
			t.end = i
			out = append(out, glue(t, last))
		case unicode.IsLetter(r):
			for i < len(text) {
				r, size := utf8.DecodeRuneInString(text[i:])
				if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) {
					break
				}
				i += size
			}
			t := token{start: start, end: i, capital: unicode.IsUpper(r)}
			t.set(strings.ToLower(text[start:i]))
			out = append(out, glue(t, last))
			// "today's", "the 1970's": the genitive says nothing about time.
			if n := genitive(text[i:]); n > 0 {
				i += n
			}
		default:
			i += size
			if r == '–' || r == '—' || r == '−' || r == '‐' || r == '‑' {
				r = '-'
			}
			out = append(out, glue(token{kind: mark, word: string(r), start: start, end: i}, last))
		}
		last = i
	}
	return out
}

func glue(t token, last int) token {
	t.glued = t.start == last
	return t
}

func atoi(s string) int {
	n := 0
	for _, c := range s {
		if n > 1e8 {
			return 1e9
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func ordinalSuffix(s string) int {
	if len(s) < 2 || len(s) > 2 && (s[2]|32 >= 'a' && s[2]|32 <= 'z') {
		return 0
	}
	switch strings.ToLower(s[:2]) {
	case "st", "nd", "rd", "th":
		return 2
	}
	return 0
}

func genitive(s string) int {
	for _, g := range []string{"'s", "’s", "'S", "’S"} {
		if strings.HasPrefix(s, g) {
			r, _ := utf8.DecodeRuneInString(s[len(g):])
			if !unicode.IsLetter(r) {
				return len(g)
			}
		}
	}
	return 0
}

func (t *token) set(w string) {
	t.kind, t.word = word, w
	e, ok := lexicon[w]
	if !ok {
		e, ok = mend(w)
	}
	if ok {
		t.kind, t.word, t.n, t.ordinal = e.kind, e.word, e.n, e.ordinal
	}
}

type entry struct {
	kind    kind
	word    string
	n       int
	ordinal bool
}

// lexicon is what the grammar knows; every other word only separates.
var lexicon = makeLexicon()

func makeLexicon() map[string]entry {
	l := map[string]entry{}
	for i, names := range []string{"january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
		"august aug", "september sep sept", "october oct", "november nov", "december dec"} {
		for _, n := range strings.Fields(names) {
			l[n] = entry{kind: month, word: n, n: i + 1}
		}
	}
	for i, names := range []string{"monday mondays mon", "tuesday tuesdays tue tues", "wednesday wednesdays wed weds",
		"thursday thursdays thu thur thurs", "friday fridays fri", "saturday saturdays sat", "sunday sundays sun"} {
		for _, n := range strings.Fields(names) {
			l[n] = entry{kind: weekday, word: n, n: i + 1}
		}
	}
	for _, names := range []string{"day days d dys dayz", "week weeks wk wks w wek weke", "month months mth mths mnth mo mos", "quarter quarters qtr qtrs",
		"year years yr yrs y", "weekend weekends", "hour hours hr hrs h", "fortnight fortnights", "decade decades"} {
		f := strings.Fields(names)
		for _, n := range f {
			l[n] = entry{kind: unit, word: f[0]}
		}
	}
	cardinals := strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	ordinals := strings.Fields("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth")
	for i, c := range cardinals {
		l[c] = entry{kind: small, word: c, n: i}
		l[ordinals[i]] = entry{kind: small, word: ordinals[i], n: i, ordinal: true}
	}
	for i, c := range strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety") {
		l[c] = entry{kind: small, word: c, n: (i + 2) * 10}
		l[strings.TrimSuffix(c, "y")+"ieth"] = entry{kind: small, word: c, n: (i + 2) * 10, ordinal: true}
	}
	l["hundred"] = entry{kind: scale, word: "hundred", n: 100}
	l["thousand"] = entry{kind: scale, word: "thousand", n: 1000}
	for names, to := range map[string]string{
		"today tdy 2day todays tonight tody toay tday": "today", "yesterday yday ystd yest yesterdays": "yesterday", "tomorrow tmr tmrw tomorrows": "tomorrow",
		"this current ongoing present tihs ths thsi": "this", "last lst latest lsat": "last", "previous prev prior preceding": "previous",
		"past trailing": "past", "next coming upcoming following": "next", "until till til thru through": "to",
		"since": "since", "ago": "ago", "few several": "few", "couple": "couple", "versus vs against": "versus",
		"onwards onward forward": "onward", "calendar full whole entire complete": "whole", "start beginning": "start", "end": "end",
		"early": "early", "mid middle": "mid", "late": "late", "half": "half", "commencing starting": "starting",
		"earlier before": "before", "after later": "after",
	} {
		for _, n := range strings.Fields(names) {
			l[n] = entry{kind: word, word: to}
		}
	}
	return l
}

// mendable are the words worth mending a slip of the fingers in: long enough that no other common word is near.
var mendable = strings.Fields("yesterday today tomorrow month months quarter quarters weekend january february " +
	"april august september october november december monday tuesday wednesday thursday friday saturday sunday " +
	"previous current weeks")

// mend finds the known word that w was meant to be: one slip off, two in a long word, the first letter right.
func mend(w string) (entry, bool) {
	if len(w) < 5 || len(w) > 12 {
		return entry{}, false
	}
	for _, m := range mendable {
		if m[0] == w[0] && spell.Near(w, m, spell.Limit(m, w)) {
			return lexicon[m], true
		}
	}
	return entry{}, false
}
