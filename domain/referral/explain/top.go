package explain

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Attribute is one part of what a finding is about.
type Attribute struct {
	Dim referral.GroupBy
	Key string // as in Part; "" of sub_partner: those below no sub-partner
}

// Finding is a cause that is worth saying, ready for a sentence.
type Finding struct {
	Attributes []Attribute // one or two
	// Its figures, in micro-USDT or as counts; Delta = Current − Previous.
	Current, Previous, Delta int64
	// Share is Delta over the total delta: above 1 where others made up for it, below 0 where it went the other way.
	// Truncated to millionths, at most ±1000; 0 where the total did not change.
	Share  domain.Rate
	Status Status
	// Others says that an earlier finding is a part of these attributes: the figures are over the others among them.
	Others bool
}

// Summary is a change in a few findings. The findings have no leaf in common, so that their deltas and Rest sum to Delta.
type Summary struct {
	Metric                   string
	Current, Previous, Delta int64
	Findings                 []Finding // what explains most first
	Rest                     int64     // the delta of all else
}

// The constants of Top, as shares of what there is to explain.
const (
	maxFindings   = 5
	findingCost   = 0.05  // a finding must explain that much …
	attributeCost = 0.03  // … and that much more for a second attribute
	leastMatter   = 0.005 // … or, if that is more, of the figure itself: what hardly changed has no causes
	minDrift      = 0.1   // a smaller common drift is none
	driftReferees = 8     // fewer referees in both periods show no common drift
)

// Top picks the few causes that say most about a change with the least. Each has its exact delta; what they leave is
// Rest.
//
// It is the search of Causes turned to money and to words. What a leaf is expected to be is what it was, scaled by the
// drift common to all: the median ratio of the referees who were there in both periods, where it is clear. Under one cause
// all leaves move alike (the ripple effect), so that an attribute explains as much of what was not expected, in
// micro-USDT, as goes away when its leaves are held against their own common ratio instead of the expected one; those
// who all entered or all left are explained whole. That is explanatory power and surprise in one figure (Bhagwan et
// al., Adtributor, 2014: much of the change, and unlike the rest): of a product that fell because of one trader the
// trader explains more, of a product in which everybody fell the product does. A finding costs a share of what there
// is to explain, a second attribute some more (Adtributor's succinctness). The best is taken, its leaves set aside,
// and again, at most five times.
//
// The result does not depend on the order of the leaves. The error is domain.CodeInvalid on metric.
func Top(leaves []Leaf, metric string) (Summary, error) {
	of, err := figure(metric)
	if err != nil {
		return Summary{}, err
	}
	t := newTop(merge(leaves), of)
	s := Summary{Metric: metric}
	for i := range t.leaves {
		s.Current += t.now[i]
		s.Previous += t.before[i]
	}
	s.Delta = s.Current - s.Previous
	s.Rest = s.Delta
	for range maxFindings {
		e, ok := t.best()
		if !ok {
			break
		}
		f := t.take(e)
		f.Share = share(f.Delta, s.Delta)
		s.Rest -= f.Delta
		s.Findings = append(s.Findings, f)
	}
	return s, nil
}

// top is the state of the search: leaves, their figures, and every element of one or two attributes by its leaves.
type top struct {
	leaves      []Leaf
	now, before []int64
	surprise    []float64 // by leaf: how far it is from what was expected
	toExplain   float64   // their sum
	size        float64   // the figure itself, of the larger period, signs aside
	taken       []bool    // by leaf: a finding says it already
	splits      []topSplit
}

// topSplit groups the leaves by one or two dimensions.
type topSplit struct {
	dims   []referral.GroupBy
	group  []int // by leaf
	groups int
}

// topElement is a group of a split.
type topElement struct {
	split, group int
}

func newTop(leaves []Leaf, of func(Figures) int64) *top {
	t := &top{leaves: leaves, taken: make([]bool, len(leaves))}
	for i := range leaves {
		t.now = append(t.now, of(leaves[i].Current))
		t.before = append(t.before, of(leaves[i].Previous))
	}
	drift := t.drift()
	for i := range leaves {
		d := math.Abs(float64(t.now[i]) - drift*float64(t.before[i]))
		if t.before[i] == t.now[i] && drift == 1 {
			d = 0
		}
		t.surprise = append(t.surprise, d)
		t.toExplain += d
	}
	var now, before float64
	for i := range leaves {
		now += math.Abs(float64(t.now[i]))
		before += math.Abs(float64(t.before[i]))
	}
	t.size = max(now, before)
	single := make([][]int, len(attributes))
	count := make([]int, len(attributes))
	for a, dim := range attributes {
		single[a], count[a] = enumerate(leaves, func(l *Leaf) string { return l.key(dim) })
		if count[a] > 1 || dim == referral.ByReferee { // what all have in common says nothing
			t.splits = append(t.splits, topSplit{[]referral.GroupBy{dim}, single[a], count[a]})
		}
	}
	for a := range attributes {
		for b := a + 1; b < len(attributes); b++ {
			at := -1
			pair, groups := enumerate(leaves, func(*Leaf) [2]int { at++; return [2]int{single[a][at], single[b][at]} })
			if groups > max(count[a], count[b]) { // else one follows from the other: a referee has one country
				t.splits = append(t.splits, topSplit{[]referral.GroupBy{attributes[a], attributes[b]}, pair, groups})
			}
		}
	}
	return t
}

// enumerate gives each key a number, in the order of the leaves, and says how many there are.
func enumerate[K comparable](leaves []Leaf, key func(*Leaf) K) ([]int, int) {
	seen := map[K]int{}
	out := make([]int, len(leaves))
	for i := range leaves {
		k := key(&leaves[i])
		id, ok := seen[k]
		if !ok {
			id = len(seen)
			seen[k] = id
		}
		out[i] = id
	}
	return out, len(seen)
}

// drift is the ratio by which everybody moved, 1 where that is not clear.
func (t *top) drift() float64 {
	var ratios []float64
	for i := 0; i < len(t.leaves); {
		var now, before float64
		referee := t.leaves[i].Referee
		for ; i < len(t.leaves) && t.leaves[i].Referee == referee; i++ {
			now += float64(t.now[i])
			before += float64(t.before[i])
		}
		if now > 0 && before > 0 {
			ratios = append(ratios, now/before)
		}
	}
	if len(ratios) < driftReferees {
		return 1
	}
	slices.Sort(ratios)
	// Clear, when three of four are on the same side of no change.
	low, median, high := ratios[len(ratios)/4], ratios[len(ratios)/2], ratios[len(ratios)*3/4]
	if math.Abs(median-1) < minDrift || low < 1 && high > 1 {
		return 1
	}
	return median
}

// best is the element that explains most beyond its cost, if any does.
func (t *top) best() (topElement, bool) {
	var best topElement
	bestGain, found := 0.0, false
	for s, split := range t.splits {
		now, before := make([]float64, split.groups), make([]float64, split.groups)
		gain := make([]float64, split.groups)
		for i, g := range split.group {
			if !t.taken[i] {
				now[g] += float64(t.now[i])
				before[g] += float64(t.before[i])
				gain[g] += t.surprise[i]
			}
		}
		status := make([]presence, split.groups)
		for i, g := range split.group {
			if !t.taken[i] {
				status[g].now = status[g].now || t.now[i] != 0
				status[g].before = status[g].before || t.before[i] != 0
			}
		}
		for i, g := range split.group {
			if t.taken[i] || !status[g].now || !status[g].before { // all entered or all left: nothing stays unexplained
				continue
			}
			ratio := 1.0
			if before[g] != 0 {
				ratio = now[g] / before[g]
			}
			gain[g] -= math.Abs(float64(t.now[i]) - ratio*float64(t.before[i]))
		}
		cost := max(findingCost*t.toExplain, leastMatter*t.size) + attributeCost*float64(len(split.dims)-1)*t.toExplain
		for g, x := range gain {
			// A hair more, not an equal amount in another order of summing.
			if x -= cost; x > 0 && (!found || x > bestGain+1e-9*t.toExplain) {
				best, bestGain, found = topElement{s, g}, x, true
			}
		}
	}
	return best, found
}

// take sets the leaves of an element aside and says what they did.
func (t *top) take(e topElement) Finding {
	var f Finding
	var p presence
	split := t.splits[e.split]
	for i, g := range split.group {
		if g != e.group {
			continue
		}
		if t.taken[i] {
			f.Others = true
			continue
		}
		if f.Attributes == nil {
			for _, d := range split.dims {
				f.Attributes = append(f.Attributes, Attribute{d, t.leaves[i].key(d)})
			}
		}
		t.taken[i] = true
		p.see(&t.leaves[i])
		f.Current += t.now[i]
		f.Previous += t.before[i]
	}
	f.Delta = f.Current - f.Previous
	f.Status = p.status()
	return f
}

// maxShare bounds a share of a total that hardly changed.
const maxShare = 1000 * domain.RateOne

func share(part, total int64) domain.Rate {
	if total == 0 {
		return 0
	}
	x := new(big.Int).Mul(big.NewInt(part), big.NewInt(int64(domain.RateOne)))
	x.Quo(x, big.NewInt(total))
	if !x.IsInt64() {
		return maxShare * domain.Rate(cmp.Compare(part, 0)*cmp.Compare(total, 0))
	}
	return min(max(domain.Rate(x.Int64()), -maxShare), maxShare)
}
