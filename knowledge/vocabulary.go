package knowledge

import (
	"context"
	"slices"
	"strings"
	"sync"
	"unicode"

	"partnerhub/knowledge/lexical"
	"partnerhub/spell"
)

// maxRead is how many sections the vocabulary is read from. A larger library's words are in the first ones, too.
const maxRead = 5000

// vocabulary is what a version of the library is written in.
type vocabulary struct {
	version  int
	sections int
	// documents says how many of the sections have a term.
	documents map[string]int
	// core are the terms of titles and headings: what the library is about. Others stand in it by the way.
	core map[string]bool
	// words are as they are spelled, by their first letter.
	words map[byte][]string
}

// vocabularies keeps those of the version that is served, by locale: a word that each article of a language has tells little, however few
// have it of all.
type vocabularies struct {
	mu   sync.Mutex
	last map[string]*vocabulary
}

// of returns the vocabulary of a version in a locale, "" for all together; the first to ask reads it.
func (v *vocabularies) of(ctx context.Context, s Store, version int, locale string) (*vocabulary, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if known := v.last[locale]; known != nil && known.version == version {
		return known, nil
	}
	texts, err := s.SectionTexts(ctx, version, locale, maxRead)
	if err != nil {
		return nil, err
	}
	if v.last == nil || len(v.last) > maxLocales {
		v.last = map[string]*vocabulary{}
	}
	v.last[locale] = newVocabulary(version, texts)
	return v.last[locale], nil
}

// maxLocales bounds how many locales' vocabularies are kept: who asks names the locale.
const maxLocales = 50

func newVocabulary(version int, texts []Text) *vocabulary {
	v := &vocabulary{version: version, sections: len(texts), documents: map[string]int{}, core: map[string]bool{}, words: map[byte][]string{}}
	known := map[string]bool{}
	for _, text := range texts {
		for _, t := range lexical.Terms(text.Heading) {
			v.core[t] = true
		}
		words, seen := lexical.Words(text.Heading+"\n"+text.Body), map[string]bool{}
		for _, w := range words {
			if t := lexical.Stem(w); !seen[t] {
				seen[t] = true
				v.documents[t]++
			}
			if len(w) >= shortest && !known[w] && !strings.ContainsFunc(w, unicode.IsDigit) {
				known[w] = true
				v.words[w[0]] = append(v.words[w[0]], w)
			}
		}
	}
	for _, words := range v.words {
		slices.Sort(words)
	}
	return v
}

// shortest is the length of the shortest word in which a slip is looked for.
const shortest = 5

// terms of a question, with its slips mended.
func (v *vocabulary) terms(question string, same Synonyms) []string {
	return v.mend(lexical.Words(question), same)
}

// spoken is a question in all its words, stemmed, with its slips mended.
func (v *vocabulary) spoken(question string, same Synonyms) []string {
	return v.mend(lexical.Spelled(question), same)
}

// mend stems words and mends slips: a word that the library does not know, and that is a slip away from one that it knows, is
// taken for that one, and two words that were written as one are taken apart. The first letter is believed: slips seldom hit it, and
// without it, other words are mended into the library's.
func (v *vocabulary) mend(words []string, same Synonyms) []string {
	var out []string
	for _, w := range words {
		t := lexical.Stem(w)
		if lexical.Unspaced(w) && v.documents[t] == 0 && same[t] == nil { // two letters of two words
			continue
		}
		if i := strings.IndexFunc(w, unicode.IsDigit); i >= 2 && v.documents[t] == 0 && v.documents[lexical.Stem(w[:i])] > 0 { // vip3
			out = append(out, lexical.Stem(w[:i]), w[i:])
			continue
		}
		if v.documents[t] > 0 || lexical.Stop(t) || lexical.Filler(t) || lexical.Common(t) || same[t] != nil || len(w) < shortest || strings.ContainsFunc(w, unicode.IsDigit) {
			out = append(out, t)
			continue
		}
		if a, b, ok := v.apart(w); ok {
			if out = append(out, a); b != "" {
				out = append(out, b)
			}
			continue
		}
		if known := v.mended(w); known != "" {
			t = lexical.Stem(known)
		}
		out = append(out, t)
	}
	return out
}

// mended is the library's word that is meant, "" for none: the likest in length, then the one of the most sections.
func (v *vocabulary) mended(word string) string {
	best, rank := "", 0
	for _, w := range v.words[word[0]] {
		limit := spell.Limit(w, word)
		if !spell.Near(word, w, limit) {
			continue
		}
		r := v.documents[lexical.Stem(w)] + 1
		if spell.Near(word, w, 1) {
			r += 1_000_000
		}
		if r > rank {
			best, rank = w, r
		}
	}
	return best
}

// apart cuts a word into two that the library knows; a second that tells nothing is left out.
func (v *vocabulary) apart(word string) (a, b string, ok bool) {
	for i := 3; i+2 <= len(word); i++ {
		if len(lexical.Words(word[i:])) == 0 && v.documents[lexical.Stem(word[:i])] > 0 { // cashout, signup
			return lexical.Stem(word[:i]), "", true
		}
		a, b = lexical.Stem(word[:i]), lexical.Stem(word[i:])
		if i+4 <= len(word) && v.documents[a] > 0 && v.documents[b] > 0 {
			return a, b, true
		}
	}
	return "", "", false
}

// idf is how much a term tells; one that no section has tells as much as the rarest, a little discounted: it may only be another
// way to say something that is there. What people say in any field tells little, unless the library is about it.
func (v *vocabulary) idf(term string) float64 {
	n := v.documents[term]
	idf := lexical.IDF(n, v.sections)
	if n == 0 {
		idf *= unknownWeight
	}
	if (lexical.Common(term) || strings.ContainsFunc(term, unicode.IsDigit)) && !v.core[term] {
		idf *= commonWeight
	}
	return idf
}

// What a word counts that no section has, and one that is said in any field.
const (
	unknownWeight = 0.7
	commonWeight  = 0.3
)
