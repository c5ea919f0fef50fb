package classify

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// feature is the hash of a word, of two neighbouring words, or of a few letters of a word.
type feature uint64

// The kinds of feature, hashed in so that "win" the word and "win" of "window" differ.
const (
	wordKind = iota + 1
	pairKind
	gramKind
	skipKind
)

func hash(kind byte, parts ...string) feature {
	h := uint64(14695981039346656037) ^ uint64(kind)
	h *= 1099511628211
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return feature(h)
}

// maxWords bounds the work on one text.
const maxWords = 200

// words are the lower-case words of a text, short forms spelled out; a number is "0", whatever it is, for its
// value says nothing about what is asked.
func words(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’'
	}) {
		w = strings.Trim(strings.ReplaceAll(w, "’", "'"), "'")
		if w == "" {
			continue
		}
		if w[0] >= '0' && w[0] <= '9' {
			w = "0"
		}
		if len(w) > 40 {
			w = w[:40]
		}
		base, not := Negated(w)
		if base, _, ok := strings.Cut(base, "'"); ok && base != "" { // "I've", "what's", "it'll"
			w = base
		}
		if not {
			out = append(out, base, "not")
		} else {
			out = append(out, w)
		}
		if len(out) >= maxWords {
			break
		}
	}
	return out
}

// Negated splits "hasn't", and "hasnt" as people type it.
func Negated(w string) (string, bool) {
	if base, ok := strings.CutSuffix(w, "n't"); ok && base != "" {
		if base == "ca" || base == "wo" {
			base = map[string]string{"ca": "can", "wo": "will"}[base]
		}
		return base, true
	}
	switch w {
	case "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "hasnt", "havent", "hadnt", "couldnt", "wouldnt", "shouldnt":
		return w[:len(w)-2], true
	case "cant", "cannot":
		return "can", true
	case "wont":
		return "will", true
	}
	return w, false
}

// Stem cuts the common endings of English, so that plurals and tenses meet.
func Stem(w string) string {
	n := len(w)
	switch {
	case n > 5 && strings.HasSuffix(w, "ies"):
		return w[:n-3] + "y"
	case n > 6 && strings.HasSuffix(w, "ing"):
		return strings.TrimSuffix(undouble(w[:n-3]), "e")
	case n > 5 && strings.HasSuffix(w, "ed"):
		return strings.TrimSuffix(undouble(w[:n-2]), "e")
	case n > 4 && strings.HasSuffix(w, "es"):
		return strings.TrimSuffix(w[:n-2], "e")
	case n > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss"):
		return strings.TrimSuffix(w[:n-1], "e")
	case n > 4:
		return strings.TrimSuffix(w, "e")
	}
	return w
}

func undouble(w string) string {
	if n := len(w); n > 3 && w[n-1] == w[n-2] && w[n-1] != 'l' && w[n-1] != 's' {
		return w[:n-1]
	}
	return w
}

// count are the features of a text with how often each occurs, by kind.
func count(text string) [skipKind + 1]map[feature]float64 {
	var out [skipKind + 1]map[feature]float64
	for i := range out {
		out[i] = map[feature]float64{}
	}
	prev, before := "^", ""
	for _, w := range words(text) {
		s := Stem(w)
		out[wordKind][hash(wordKind, s)]++
		out[pairKind][hash(pairKind, prev, s)]++
		if before != "" {
			out[skipKind][hash(skipKind, before, s)]++
		}
		before, prev = prev, s
		padded := " " + w + " "
		for n := 3; n <= 5; n++ {
			for i := 0; i+n <= len(padded); i++ {
				out[gramKind][hash(gramKind, padded[i:i+n])]++
			}
		}
	}
	out[pairKind][hash(pairKind, prev, "$")]++
	return out
}

// weights of the kinds: each kind's vector is scaled to this length before they are joined.
var kindWeight = [skipKind + 1]float64{wordKind: 1, pairKind: 0.5, gramKind: 1, skipKind: 0.3}

// entry is one feature of a vector.
type entry struct {
	at int32
	x  float32
}

// vector weighs a text's known features, each kind scaled to its weight and the whole to length 1; known is how
// much of the text they cover, 0 to 1.
func (m *Model) vector(text string) (v []entry, known float64) {
	var all, sum float64
	for kind, features := range count(text) {
		start, norm, seen := len(v), 0.0, 0.0
		for f, n := range features {
			weight := unseenWeight
			i, ok := m.index[f]
			if ok {
				weight = float64(m.telling[i])
			}
			x := (1 + math.Log(n)) * weight
			norm += x * x
			if ok {
				seen += x * x
				v = append(v, entry{i, float32(x)})
			}
		}
		if norm > 0 {
			scale := float32(kindWeight[kind] / math.Sqrt(norm))
			for i := start; i < len(v); i++ {
				v[i].x *= scale
			}
			sum += kindWeight[kind] * kindWeight[kind]
			all += kindWeight[kind] * kindWeight[kind] * seen / norm
		}
	}
	if sum > 0 {
		known = all / sum
		scale := float32(1 / math.Sqrt(sum))
		for i := range v {
			v[i].x *= scale
		}
	}
	// Maps have no order; sums of floats do.
	slices.SortFunc(v, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	return v, known
}
