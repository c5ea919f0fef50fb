package knowledge

import (
	"cmp"
	"context"
	"slices"
	"time"

	"partnerhub/knowledge/lexical"
)

// Cluster is a group of questions that ask for much the same.
type Cluster struct {
	Count    int       `json:"count"`
	Examples []string  `json:"examples"` // the latest, at most five
	Last     time.Time `json:"last"`
}

// maxGaps is how many open questions are looked at, the latest.
const maxGaps = 2000

// sameTopic is the share of their telling words that two questions have in common when they are about the same.
const sameTopic = 0.5

// Gaps are the open questions by topic, the most asked first.
func (l *Library) Gaps(ctx context.Context) ([]Cluster, error) {
	open, err := l.store.OpenGaps(ctx, maxGaps)
	if err != nil {
		return nil, err
	}
	type group struct {
		Cluster
		terms map[string]bool
	}
	var groups []*group
	for _, g := range open {
		terms := lexical.Terms(g.Question)
		i := slices.IndexFunc(groups, func(x *group) bool { return shared(terms, x.terms) >= sameTopic })
		if i < 0 {
			x := &group{terms: map[string]bool{}, Cluster: Cluster{Last: g.AskedAt}}
			for _, t := range terms {
				x.terms[t] = true
			}
			groups, i = append(groups, x), len(groups)
		}
		x := groups[i]
		if x.Count++; len(x.Examples) < 5 && !slices.Contains(x.Examples, g.Question) {
			x.Examples = append(x.Examples, g.Question)
		}
	}
	out := make([]Cluster, len(groups))
	for i, x := range groups {
		out[i] = x.Cluster
	}
	slices.SortStableFunc(out, func(a, b Cluster) int { return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last)) })
	return out, nil
}

// shared is the share of the words of the shorter of two questions that the other has.
func shared(terms []string, of map[string]bool) float64 {
	seen, both := map[string]bool{}, 0
	for _, t := range terms {
		if !seen[t] && of[t] {
			both++
		}
		seen[t] = true
	}
	return float64(both) / float64(max(1, min(len(seen), len(of))))
}

// closeGaps asks the open questions again, and closes those that a new version answers. Those with a thumb down stay open: an answer
// was found then, too, and only a person can say that the new one is better.
func (l *Library) closeGaps(ctx context.Context, version int, at time.Time) ([]string, error) {
	open, err := l.store.OpenGaps(ctx, maxGaps)
	if err != nil {
		return nil, err
	}
	var ids []int64
	var closed []string
	for _, g := range open {
		if g.Cause != NoEvidence || g.Version == version {
			continue
		}
		hits, err := l.Search(ctx, g.Question, Filter{Locale: g.Locale, On: at}, 1)
		if err != nil {
			return nil, err
		}
		if len(hits) > 0 && Enough(hits[0]) {
			ids, closed = append(ids, g.ID), append(closed, g.Question)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return closed, l.store.CloseGaps(ctx, ids, version)
}
