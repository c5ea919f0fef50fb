package knowledge

import (
	"cmp"
	_ "embed"
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
	terms   []string
	weight  map[string]float64
	all     float64
	wording map[string]float64 // all its words and pairs of neighbours, weighed
	outside [][]string         // subjects that it names and that a library like this does not hold
	same    Synonyms
	vocab   *vocabulary
	read    *readings
}

func newAsked(question string, terms []string, same Synonyms, v *vocabulary, r *readings) asked {
	q := asked{weight: map[string]float64{}, same: same, vocab: v, read: r}
	for _, t := range lexical.Telling(terms) {
		q.terms, q.weight[t] = append(q.terms, t), v.idf(t)
		q.all += q.weight[t]
	}
	q.wording = q.weigh(v.spoken(question, same))
	said := lexical.Spoken(question)
	for _, subject := range outside {
		if contains(said, subject) {
			q.outside = append(q.outside, subject)
		}
	}
	return q
}

//go:embed outside.txt
var outsideLines string

// outside are subjects that people ask about and that the library of a partner program does not hold.
var outside = func() (all [][]string) {
	for line := range strings.Lines(outsideLines) {
		if words := lexical.Spoken(line); len(words) > 0 && line[0] != '#' {
			all = append(all, words)
		}
	}
	return all
}()

// What counts in the wording of a question beside the words that tell: one that tells nothing, and two neighbours, of what they count
// on average.
const (
	quietWeight     = 0.5
	neighbourWeight = 0.6
)

func (q asked) weigh(spoken []string) map[string]float64 {
	out, before, last := map[string]float64{}, "", 0.0
	for i, t := range spoken {
		weight := quietWeight
		if !lexical.Stop(t) && !lexical.Filler(t) {
			weight = q.vocab.idf(t)
		}
		out[t] = weight
		if i > 0 {
			out[before+" "+t] = neighbourWeight * (last + weight) / 2
		}
		before, last = t, weight
	}
	return out
}

// alike is how much a question and a way to ask have in common in their wording: words that tell nothing, and which stand side by side,
// tell "tasks for me" from "tasks of mine". It is the cosine of their weights.
func (q asked) alike(way []string) float64 {
	weights := q.weigh(way)
	common, ours, theirs := 0.0, 1e-9, 1e-9
	for t, x := range q.wording {
		ours += x * x
		if y, ok := weights[t]; ok {
			common += x * y
			continue
		}
		for _, o := range q.same[t] {
			if y, ok := weights[o]; ok {
				common += sameCoverage * x * y
				break
			}
		}
	}
	for _, y := range weights {
		theirs += y * y
	}
	return common / math.Sqrt(ours*theirs)
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
	r := q.read.of(*h)
	h.Phrase = 0
	for _, way := range r.ways {
		h.Phrase = max(h.Phrase, q.phrase(way))
	}
	for _, s := range r.sentences {
		h.Phrase = max(h.Phrase, 0.9*q.phrase(s))
	}
	wording := 0.0
	for _, way := range r.spoken {
		wording = max(wording, q.alike(way))
	}
	q.speak(h, r, wording)
	h.Score = scoreWeight*h.Score + h.Phrase + h.Words + wording
}

// What speaks for a hit: how much of the question it has in words, in one phrase, in words that the library is about and in its wording,
// and how many words there are to go by. Against it speaks each subject from outside that it does not name. The weights are a
// logistic regression's over the questions of eval/retrieval.
const (
	wordsSpeak   = 6.3
	phraseSpeaks = 3.4
	coreSpeaks   = 2.1
	alikeSpeaks  = 1.9
	lengthSpeaks = 2.6 // of six words and more
	outsideDoubt = -3.4
	doubt        = -8.0
)

// speak sets the share of the question that a hit has, and how likely it answers.
func (q asked) speak(h *Hit, r *reading, wording float64) {
	words, core := 0.0, 0.0
	for _, t := range q.terms {
		as, share := t, 1.0
		if !r.has[t] {
			i := slices.IndexFunc(q.same[t], func(o string) bool { return r.has[o] })
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
	x := doubt + wordsSpeak*h.Words + phraseSpeaks*h.Phrase + coreSpeaks*core/all + alikeSpeaks*wording + lengthSpeaks*float64(min(len(q.terms), 6))/6
	for _, subject := range q.outside {
		if !r.names(subject) {
			x += outsideDoubt
		}
	}
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
