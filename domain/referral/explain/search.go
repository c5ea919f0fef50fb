package explain

import (
	"cmp"
	"math"
	"slices"
)

// The search's constants. They are not tuned to a data set: each is a scale below which a deviation says nothing, or a
// share of leaves that behave like no model.
const (
	minEffect   = 0.1   // a cause deviates by 10 % at least: real series drift, and drift is no cause
	minSpread   = 0.01  // the least spread of the deviations under one cause
	priorSpread = 0.05  // what the spread is taken to be before any leaf was seen …
	priorWeight = 2     // … with the weight of so many leaves
	maxSpread   = 0.12  // the largest spread under one cause, the noise aside
	strayOut    = 0.002 // share of leaves that deviate without a cause, as long as nothing else is known
	strayIn     = 0.01  // share of leaves under a cause that do not follow it
	minPurity   = 0.75  // share of the evidence in a cause's leaves that speaks for it
	tailRoom    = 1.25  // how much wider than measured the noise is taken to be for a single leaf
	evidence    = 5     // what a cause must gain beyond its cost, in nats
	maxCauses   = 32
	maxLone     = 10         // leaves that may each be a cause of their own …
	minLone     = 20         // … among so many that tell what noise is
	maxVisits   = 60_000_000 // leaves looked at in one pass over the cuboids
)

// Causes finds the combinations of attributes that explain where real and predict differ, the strongest first; none
// where nothing but noise differs. The result does not depend on the order of the rows.
//
// The method stands on what the literature found. All leaves under one cause deviate alike (the ripple effect of
// HotSpot and Squeeze), and a cause is a set of leaves in which the deviating ones are the rule and outside of which
// they are not (RiskLoc's two-way partition and its risk; Kalander 2022). Here both become one likelihood: a leaf
// outside of all causes deviates by noise around 0, whose width is estimated from the less disturbed side of 0, as
// RiskLoc places its cut; a leaf under a cause deviates around that cause's own mean with its own spread; both with a
// share of strays. What an element (values for some columns) gains over "no cause" is the sum of its leaves' log
// ratios, and it costs what it takes to name it among its cuboid's elements (minimum description length), so that the
// broader of two equal explanations wins and a narrow one needs evidence. Elements are taken greedily over all
// cuboids, their leaves set aside, and the search goes on (RiskLoc's iteration), then the noise is measured again on
// what is left.
//
// The error is domain.CodeInvalid or domain.CodeTooLarge and names the row and field.
func Causes(t Table) ([]Cause, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	l := newLeaves(t)
	if l.len() == 0 {
		return nil, nil
	}
	s := &search{leaves: l, cuboids: cuboids(len(t.Columns), l.len())}
	found := s.run()
	causes := make([]Cause, len(found))
	for i, e := range found {
		for j, c := range e.cols {
			causes[i] = append(causes[i], Pair{t.Columns[c], l.names[c][e.values[j]]})
		}
	}
	return causes, nil
}

// element is a candidate: one value for each of some columns.
type element struct {
	cols   []int
	values []int32
	fit    fit
	cost   float64
}

func (e *element) worth() float64 { return e.fit.gain - e.cost }

// fit is how the leaves of an element deviate.
type fit struct {
	mean, spread float64
	gain         float64 // log likelihood over that of noise alone
	purity       float64 // evidence for the cause over evidence for and against, leaf by leaf
}

// sound reports whether the leaves follow one deviation that is large enough to be a cause.
func (f fit) sound() bool { return f.purity >= minPurity && math.Abs(f.mean) >= minEffect }

type search struct {
	*leaves
	cuboids  [][]int // sets of columns, small sets first
	noise    noise
	stray    float64   // share of leaves that deviate without a cause
	loose    []float64 // by leaf: the variance that it has under a cause, too
	logNoise []float64 // by leaf: log density as noise
	most     float64   // what one leaf can add to a gain, at most
	covered  []bool    // by leaf: a cause explains it already

	// Room that scan uses again for every cuboid.
	code  []int
	start []int32
	ids   []int32
}

// cuboids lists sets of columns, layer by layer, as many as one pass may visit; the single columns always.
func cuboids(columns, leaves int) [][]int {
	var out [][]int
	layer := [][]int{{}}
	for range columns {
		var next [][]int
		for _, c := range layer {
			from := 0
			if len(c) > 0 {
				from = c[len(c)-1] + 1
			}
			for j := from; j < columns; j++ {
				next = append(next, append(slices.Clone(c), j))
			}
			if len(out) > 0 && (len(out)+len(next))*leaves > maxVisits {
				return out
			}
		}
		out = append(out, next...)
		layer = next
	}
	return out
}

func (s *search) run() []element {
	n := s.quietNoise()
	var found []element
	for range 3 {
		s.covered = make([]bool, s.len())
		s.assume(n, 1, strayOut)
		found = s.greedy(nil)
		n = s.restNoise()
		if math.Abs(n.share-s.noise.share) <= 0.1*s.noise.share && math.Abs(n.count-s.noise.count) <= 0.1*s.noise.count {
			break
		}
	}
	if rest, clean := s.cleanTail(n); clean {
		s.assume(n, tailRoom*(1+10/float64(rest)), 1e-12) // the fewer there are, the less the noise is known
		if more := s.greedy(slices.Clip(found)); len(more)-len(found) <= loneAmong(rest) {
			found = more
		}
	}
	found = s.merge(found)
	slices.SortStableFunc(found, func(a, b element) int { return cmp.Compare(b.worth(), a.worth()) })
	return found
}

// assume sets the noise that leaves are held against, its variance so many times as wide.
func (s *search) assume(n noise, room, stray float64) {
	s.noise, s.stray = n, stray
	s.loose = make([]float64, s.len())
	s.logNoise = make([]float64, s.len())
	least := 0.0
	for i := range s.logNoise {
		v := room*n.variance(s.unit[i]) + s.blur[i]
		s.loose[i] = n.count*s.unit[i] + s.blur[i]
		s.logNoise[i] = math.Log((1-stray)*normal(s.dev[i], v) + stray/2)
		least = min(least, s.logNoise[i])
	}
	s.most = math.Log(1/(minSpread*math.Sqrt(2*math.Pi))) - least
}

// cleanTail reports whether what is left looks normal but for a few leaves far out: then each of those may be a cause
// of its own. Where many are far out, or the tail thins slowly, they are strays, and none says anything.
func (s *search) cleanTail(n noise) (rest int, clean bool) {
	grey, far := 0, 0
	for i, d := range s.dev {
		if s.covered[i] {
			continue
		}
		rest++
		switch z := math.Abs(d) / math.Sqrt(n.variance(s.unit[i])+s.blur[i]); {
		case z > 4.7:
			far++
		case z > 3.3:
			grey++
		}
	}
	return rest, rest >= minLone && far > 0 && far <= loneAmong(rest) && float64(grey) <= 3+2*0.001*float64(rest) // 0.001: the normal's share there
}

// loneAmong is how many leaves may each be a cause of their own: more of them are how the noise is.
func loneAmong(rest int) int { return min(maxLone, 1+rest/10) }

// greedy adds the element that is worth most until none is worth its cost. A cuboid is looked at again only when the
// best that it had may still be the best of all, since leaves set aside take worth away; what they hid shows in a last
// pass over all.
func (s *search) greedy(found []element) []element {
	best := make([]element, len(s.cuboids))
	for len(found) < maxCauses {
		for c := range best {
			best[c] = s.scan(s.cuboids[c])
		}
		taken := 0
		for len(found) < maxCauses {
			top := 0
			for c := range best {
				if best[c].worth() > best[top].worth() {
					top = c
				}
			}
			if best[top].worth() <= 0 {
				break
			}
			if again := s.scan(s.cuboids[top]); taken > 0 && again.worth() < best[top].worth() {
				best[top] = again
				continue
			}
			e := s.narrow(best[top])
			found = append(found, e)
			taken++
			for _, i := range s.members(e) {
				s.covered[i] = true
			}
			best[top] = s.scan(s.cuboids[top])
		}
		if taken == 0 {
			break
		}
	}
	return found
}

// scan returns the element of a cuboid that is worth most; the zero element, worth nothing, where none is worth its cost.
func (s *search) scan(cols []int) element {
	var best element
	s.group(cols, func(ids []int32, groups int) {
		n := len(ids)
		if math.Abs(s.dev[ids[n/2]]) < minEffect/2 || float64(n)*s.most < evidence {
			return
		}
		cost := s.cost(len(cols), groups, n)
		if float64(n)*s.most < cost+best.worth() {
			return
		}
		f := s.fit(ids)
		if f.gain-cost <= best.worth() || !f.sound() {
			return
		}
		best = element{cols: cols, fit: f, cost: cost, values: make([]int32, len(cols))}
		for j, c := range cols {
			best.values[j] = s.codes[c][ids[0]]
		}
	})
	return best
}

// group calls each with the leaves of every element of a cuboid that no cause covers, in ascending order of deviation.
func (s *search) group(cols []int, each func(ids []int32, groups int)) {
	size := 1
	for _, c := range cols {
		size *= len(s.names[c])
		if size > 4*s.len()+1024 {
			size = -1 // too sparse for an array of counts
			break
		}
	}
	n := s.len()
	s.code = slices.Grow(s.code[:0], n)[:n]
	if size > 0 {
		s.denseCodes(cols)
	} else {
		size = s.sparseCodes(cols)
	}
	s.start = slices.Grow(s.start[:0], size+1)[:size+1]
	clear(s.start)
	for i, g := range s.code {
		if !s.covered[i] {
			s.start[g+1]++
		}
	}
	groups := 0
	for g := range size {
		if s.start[g+1] > 0 {
			groups++
		}
		s.start[g+1] += s.start[g]
	}
	s.ids = slices.Grow(s.ids[:0], n)[:n]
	for i, g := range s.code {
		if !s.covered[i] {
			s.ids[s.start[g]] = int32(i)
			s.start[g]++
		}
	}
	from := int32(0)
	for g := range size { // start[g] has moved to the end of g
		if to := s.start[g]; to > from {
			each(s.ids[from:to], groups)
			from = to
		}
	}
}

func (s *search) denseCodes(cols []int) {
	first := s.codes[cols[0]]
	for i := range s.code {
		s.code[i] = int(first[i])
	}
	for _, c := range cols[1:] {
		width, codes := len(s.names[c]), s.codes[c]
		for i := range s.code {
			s.code[i] = s.code[i]*width + int(codes[i])
		}
	}
}

// sparseCodes numbers the elements that occur, in the order in which they do, and returns how many there are.
func (s *search) sparseCodes(cols []int) int {
	type pair struct{ prefix, value int32 }
	for i := range s.code {
		s.code[i] = 0
	}
	size := 0
	for _, c := range cols {
		seen := make(map[pair]int, size)
		for i := range s.code {
			p := pair{int32(s.code[i]), s.codes[c][i]}
			id, ok := seen[p]
			if !ok {
				id = len(seen)
				seen[p] = id
			}
			s.code[i] = id
		}
		size = len(seen)
	}
	return size
}

// cost is what naming the element takes: its cuboid among those of its layer, itself among the cuboid's elements, its
// mean and spread as precisely as its leaves know them.
func (s *search) cost(layer, elements, leaves int) float64 {
	return evidence + math.Log(float64(elements)) + logChoose(len(s.names), layer) + math.Log(float64(leaves)+1)
}

// fit estimates mean and spread of leaves in ascending order of deviation: from their median, then by a few steps of
// expectation and maximisation with strays.
func (s *search) fit(ids []int32) fit {
	n := len(ids)
	q := func(p float64) float64 { return s.dev[ids[int(p*float64(n-1)+0.5)]] }
	mean := q(0.5)
	most := maxSpread*maxSpread + s.noise.share*s.noise.share
	variance := min(max(math.Pow((q(0.75)-q(0.25))/1.349, 2), priorSpread*priorSpread), most)
	var f fit
	for step := range 4 {
		var weight, sum, square float64
		f = fit{mean: mean, spread: math.Sqrt(variance)}
		pro := 0.0
		for _, i := range ids {
			in := (1 - strayIn) * normal(s.dev[i]-mean, variance+s.loose[i])
			if step == 3 {
				lg := math.Log(in+strayIn/2) - s.logNoise[i]
				f.gain += lg
				pro += max(lg, 0)
				continue
			}
			r := in / (in + strayIn/2) * variance / (variance + s.loose[i])
			d := s.dev[i] - mean
			weight += r
			sum += r * d
			square += r * d * d
		}
		if step == 3 {
			f.purity = pro / max(2*pro-f.gain, 1e-9) // for and against together: pro + (pro − gain)
			break
		}
		if weight < 1e-9 {
			continue
		}
		shift := sum / weight
		variance = (priorWeight*priorSpread*priorSpread + max(square-shift*sum, 0)) / (priorWeight + weight)
		variance = min(max(variance, minSpread*minSpread), most)
		mean += shift
	}
	return f
}

// narrow looks whether a few values of one more column, each named, explain more than the whole element does: three of
// four values deviate, and the fourth does not. Then the best of them takes its place.
func (s *search) narrow(e element) element {
	for len(e.cols) < len(s.names) {
		ids := s.members(e)
		variance := e.fit.spread * e.fit.spread
		var best element
		bestWorth := e.worth()
		for c := range s.names {
			if slices.Contains(e.cols, c) {
				continue
			}
			gains := make([]float64, len(s.names[c]))
			count := make([]int, len(s.names[c]))
			for _, i := range ids {
				in := (1 - strayIn) * normal(s.dev[i]-e.fit.mean, variance+s.loose[i])
				v := s.codes[c][i]
				gains[v] += math.Log(in+strayIn/2) - s.logNoise[i]
				count[v]++
			}
			worth, top := 0.0, -1
			elements := s.elements(append(slices.Clone(e.cols), c))
			for v, g := range gains {
				if count[v] == 0 {
					continue
				}
				if g -= s.cost(len(e.cols)+1, elements, count[v]); g > 0 {
					worth += g
					if top < 0 || g > gains[top]-s.cost(len(e.cols)+1, elements, count[top]) {
						top = v
					}
				}
			}
			if top >= 0 && worth > bestWorth {
				bestWorth = worth
				best = s.child(e, c, int32(top), elements)
			}
		}
		if best.worth() <= 0 || !best.fit.sound() {
			return e
		}
		e = best
	}
	return e
}

// child is e with one more column.
func (s *search) child(e element, col int, value int32, elements int) element {
	at, _ := slices.BinarySearch(e.cols, col)
	c := element{cols: slices.Insert(slices.Clone(e.cols), at, col), values: slices.Insert(slices.Clone(e.values), at, value)}
	ids := s.members(c)
	c.fit = s.fit(ids)
	c.cost = s.cost(len(c.cols), elements, len(ids))
	return c
}

// merge replaces siblings, causes that differ in one column's value alone, by the element above them, and a cause below
// another by that other, where that explains more: another cause across them had hidden that they are one.
func (s *search) merge(found []element) []element {
	for again := true; again; {
		again = false
	pairs:
		for i, a := range found {
			for _, b := range found[i+1:] {
				up, ok := join(a, b)
				if !ok {
					continue
				}
				var rest []element
				worth := 0.0
				for _, e := range found {
					if up.covers(e) {
						worth += e.worth()
					} else {
						rest = append(rest, e)
					}
				}
				s.cover(rest)
				ids := s.members(up)
				up.fit = s.fit(ids)
				up.cost = s.cost(len(up.cols), s.elements(up.cols), len(ids))
				if up.worth() > worth && up.fit.sound() {
					found = append(rest, up)
					again = true
					break pairs
				}
			}
		}
	}
	return found
}

// join is the element that may take the place of both: the one above two siblings, or the broader of a nested pair.
func join(a, b element) (element, bool) {
	switch {
	case a.covers(b):
		return element{cols: a.cols, values: a.values}, true
	case b.covers(a):
		return element{cols: b.cols, values: b.values}, true
	case len(a.cols) < 2 || !slices.Equal(a.cols, b.cols):
		return element{}, false
	}
	var up element
	for j, c := range a.cols {
		if a.values[j] == b.values[j] {
			up.cols = append(up.cols, c)
			up.values = append(up.values, a.values[j])
		}
	}
	return up, len(up.cols) == len(a.cols)-1
}

// covers reports whether every leaf of o is one of e's.
func (e *element) covers(o element) bool {
	for j, c := range e.cols {
		if at, ok := slices.BinarySearch(o.cols, c); !ok || o.values[at] != e.values[j] {
			return false
		}
	}
	return true
}

// cover marks the leaves of some causes, and no others, as explained.
func (s *search) cover(causes []element) {
	clear(s.covered)
	for _, e := range causes {
		for _, i := range s.members(e) {
			s.covered[i] = true
		}
	}
}

// elements counts the elements of a cuboid that have leaves left.
func (s *search) elements(cols []int) int {
	n := 0
	s.group(slices.Sorted(slices.Values(cols)), func(_ []int32, groups int) { n = groups })
	return n
}

// members lists the leaves of an element that no cause covers, in ascending order of deviation.
func (s *search) members(e element) []int32 {
	var ids []int32
	for i := range s.dev {
		if s.covered[i] {
			continue
		}
		in := true
		for j, c := range e.cols {
			if s.codes[c][i] != e.values[j] {
				in = false
				break
			}
		}
		if in {
			ids = append(ids, int32(i))
		}
	}
	return ids
}

func logChoose(n, k int) float64 {
	sum := 0.0
	for i := range k {
		sum += math.Log(float64(n-i)) - math.Log(float64(i+1))
	}
	return sum
}
