package knowledge

import (
	"fmt"
	"slices"
	"strings"

	"partnerhub/knowledge/lexical"
)

// Synonyms are groups of words that mean the same to partners, by their terms.
type Synonyms map[string][]string

// ParseSynonyms reads lines of words with commas between; # begins a remark. Only the first term of a phrase of several words
// that is not in the others counts, so phrases are best kept short. The error names the line.
func ParseSynonyms(text string) (Synonyms, error) {
	s := Synonyms{}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		var group []string
		for _, w := range strings.Split(line, ",") {
			terms := lexical.Terms(w)
			if len(terms) != 1 {
				return nil, fmt.Errorf("line %d: %q: want one telling word", n+1, strings.TrimSpace(w))
			}
			group = append(group, terms[0])
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
