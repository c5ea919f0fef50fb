package knowledge

import (
	"fmt"
	"slices"

	"partnerhub/knowledge/lexical"
)

// Synonyms are groups of words that mean the same to partners, by their terms.
type Synonyms map[string][]string

// NewSynonyms makes them of groups of words. The error names the word that is not one telling word.
func NewSynonyms(groups [][]string) (Synonyms, error) {
	s := Synonyms{}
	for _, words := range groups {
		group := make([]string, len(words))
		for i, w := range words {
			terms := lexical.Terms(w)
			if len(terms) != 1 {
				return nil, fmt.Errorf("synonyms: %q: want one telling word", w)
			}
			group[i] = terms[0]
		}
		for _, t := range group {
			for _, o := range group {
				if o != t && !slices.Contains(s[t], o) {
					s[t] = append(s[t], o)
				}
			}
		}
	}
	return s, nil
}

// Among are the synonyms of these terms alone.
func (s Synonyms) Among(terms []string) Synonyms {
	out := Synonyms{}
	for _, t := range terms {
		if same := s[t]; same != nil {
			out[t] = same
		}
	}
	return out
}

// Of are the terms that mean the same as some of these, without these themselves.
func (s Synonyms) Of(terms []string) []string {
	var out []string
	for _, t := range terms {
		for _, o := range s[t] {
			if !slices.Contains(terms, o) && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}
