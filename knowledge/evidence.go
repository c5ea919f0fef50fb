package knowledge

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"partnerhub/knowledge/lexical"
)

// scoreWeight is what the store's score, BM25's, counts beside the closest phrase of a section and the share of the question that it
// has, when hits are put in order.
const scoreWeight = 0.5

// sameCoverage is what another word that means the same covers of a word.
const sameCoverage = 0.85

// asked is a question, its telling words weighed by how much each tells.
type asked struct {
	terms  []string
	weight map[string]float64
	all    float64
	same   Synonyms
	vocab  *vocabulary
}

func newAsked(terms []string, same Synonyms, v *vocabulary) asked {
	q := asked{weight: map[string]float64{}, same: same, vocab: v}
	for _, t := range lexical.Telling(terms) {
		q.terms, q.weight[t] = append(q.terms, t), v.idf(t)
		q.all += q.weight[t]
	}
	return q
}

// phrase is how close a question comes to a way to ask: the share of the question that it holds, less what it holds besides.
func (q asked) phrase(terms []string) float64 {
	if len(terms) == 0 || q.all == 0 {
		return 0
	}
	has, total := map[string]bool{}, 0.0
	for _, t := range terms {
		if !has[t] && !lexical.Filler(t) {
			has[t] = true
			total += q.vocab.idf(t)
		}
	}
	covered, used := 0.0, 0.0
	for _, t := range q.terms {
		if has[t] {
			covered += q.weight[t]
			used += q.vocab.idf(t)
			continue
		}
		for _, o := range q.same[t] {
			if has[o] {
				covered += sameCoverage * q.weight[t]
				used += q.vocab.idf(o)
				break
			}
		}
	}
	if total == 0 {
		return 0
	}
	return covered / q.all * (0.6 + 0.4*min(1, used/total))
}

// judge sets what a hit is worth as evidence, by its words and by the closest of its phrases: its heading, the other words by which it
// is asked for, its sentences.
func (q asked) judge(h *Hit) {
	h.Phrase = q.phrase(lexical.Terms(h.Heading))
	for p := range strings.SplitSeq(h.Asked, ";") {
		h.Phrase = max(h.Phrase, q.phrase(lexical.Terms(p)))
	}
	for _, s := range sentences(h.Text) {
		h.Phrase = max(h.Phrase, 0.9*q.phrase(lexical.Terms(s)))
	}
	q.speak(h)
	h.Score = scoreWeight*h.Score + h.Phrase + h.Words
}

// What speaks for a hit: how much of the question it has in words, in one phrase, and in words that the library is about, and how
// many words there are to go by. The weights are a logistic regression's over the questions of eval/retrieval, those that are held
// out apart.
const (
	wordsSpeak   = 8.0
	phraseSpeaks = 4.7
	coreSpeaks   = 4.9
	lengthSpeaks = 5.1 // of six words and more
	doubt        = -11.2
)

// speak sets the share of the question that a hit has, and how likely it answers.
func (q asked) speak(h *Hit) {
	has := map[string]bool{}
	for _, text := range []string{h.Article.Title, h.Heading, h.Text, h.Asked} {
		for _, t := range lexical.Terms(text) {
			has[t] = true
		}
	}
	words, core := 0.0, 0.0
	for _, t := range q.terms {
		as, share := t, 1.0
		if !has[t] {
			i := slices.IndexFunc(q.same[t], func(o string) bool { return has[o] })
			if i < 0 {
				continue
			}
			as, share = q.same[t][i], sameCoverage
		}
		words += share * q.weight[t]
		if q.vocab.core[as] {
			core += q.weight[t]
		}
	}
	all := max(q.all, 1e-9)
	h.Words = words / all
	x := doubt + wordsSpeak*h.Words + phraseSpeaks*h.Phrase + coreSpeaks*core/all + lengthSpeaks*float64(min(len(q.terms), 6))/6
	h.Evidence = 1 / (1 + math.Exp(-x))
}

// rerank puts hits in the order of their worth.
func (q asked) rerank(hits []Hit, limit int) []Hit {
	for i := range hits {
		q.judge(&hits[i])
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(len(hits), limit)]
}

// minEvidence is below which a section is no evidence.
const minEvidence = 0.5

// Enough reports whether a hit is evidence.
func Enough(h Hit) bool { return h.Evidence >= minEvidence }
