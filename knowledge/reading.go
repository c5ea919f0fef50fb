package knowledge

import (
	"slices"
	"strings"
	"sync"

	"partnerhub/knowledge/lexical"
)

// reading is a section taken apart into the words that questions are held against.
type reading struct {
	ways      [][]string // to ask for it: its heading, and the other words by which it is asked for
	spoken    [][]string // the same, with the words that tell nothing
	sentences [][]string
	has       map[string]bool // all its terms, those of its article's title among them
	all       []string        // its words in their order, with an empty one between texts
}

func read(title string, s Section) *reading {
	r := &reading{has: map[string]bool{}}
	for way := range strings.SplitSeq(s.Heading+";"+s.Asked, ";") {
		r.ways, r.spoken = append(r.ways, lexical.Terms(way)), append(r.spoken, lexical.Spoken(way))
	}
	for _, text := range sentences(s.Text) {
		r.sentences = append(r.sentences, lexical.Terms(text))
	}
	for _, text := range []string{title, s.Heading, s.Text, s.Asked} {
		for _, t := range lexical.Terms(text) {
			r.has[t] = true
		}
		r.all = append(append(r.all, lexical.Spoken(text)...), "")
	}
	return r
}

// names reports whether some words stand in a section, one behind the other.
func (r *reading) names(words []string) bool { return contains(r.all, words) }

func contains(text, words []string) bool {
	for i := 0; i+len(words) <= len(text); i++ {
		if slices.Equal(text[i:i+len(words)], words) {
			return true
		}
	}
	return false
}

// maxReadings bounds how many sections are kept taken apart.
const maxReadings = 5000

// readings keeps sections taken apart: the same ones are looked at for question after question.
type readings struct {
	mu  sync.Mutex
	all map[string]*reading // by the section's hash
}

func (r *readings) of(h Hit) *reading {
	key := string(h.Hash(h.Article.Title))
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.all[key]; known != nil {
		return known
	}
	if len(r.all) >= maxReadings || r.all == nil {
		r.all = map[string]*reading{}
	}
	made := read(h.Article.Title, h.Section)
	r.all[key] = made
	return made
}
