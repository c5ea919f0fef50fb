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
	strayOut    = 0.002 // share of leaves that deviate without a cause
	strayIn     = 0.01  // share of leaves under a cause that do not follow it
	minNoise    = 0.003 // the least noise: with none at all every leaf would be a cause
	minPurity   = 0.7   // share of a cause's leaves that follow it rather than the noise
	evidence    = 5     // what a cause must gain beyond its cost, in nats
	maxCauses   = 32
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
	purity       float64 // share of the leaves that are likelier under the cause than as noise
}

type search struct {
	*leaves
	cuboids  [][]int // sets of columns, small sets first
	noise    float64
	logNoise []float64 // by leaf: log density as noise
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
	s.noise = s.quietNoise()
	var found []element
	for range 3 {
		found = s.greedy()
		next := s.restNoise()
		if math.Abs(next-s.noise) <= 0.05*s.noise {
			break
		}
		s.noise = next
	}
	return found
}

// greedy takes the element that is worth most until none is worth its cost.
func (s *search) greedy() []element {
	s.covered = make([]bool, s.len())
	s.logNoise = make([]float64, s.len())
	for i := range s.logNoise {
		s.logNoise[i] = math.Log((1-strayOut)*normal(s.dev[i], s.noise*s.noise+s.blur[i]) + strayOut/2)
	}
	var found []element
	for len(found) < maxCauses {
		best, ok := s.scan()
		if !ok {
			break
		}
		best = s.narrow(best)
		found = append(found, best)
		for _, i := range s.members(best) {
			s.covered[i] = true
		}
	}
	slices.SortStableFunc(found, func(a, b element) int { return cmp.Compare(b.worth(), a.worth()) })
	return found
}

// scan looks at every element of every cuboid and returns the one that is worth most.
func (s *search) scan() (element, bool) {
	var best element
	found := false
	for _, cols := range s.cuboids {
		s.group(cols, func(first int32, ids []int32, groups int) {
			cost := s.cost(len(cols), groups, len(ids))
			if float64(len(ids))*s.mostPerLeaf() < cost || math.Abs(s.dev[ids[len(ids)/2]]) < minEffect/2 {
				return
			}
			f := s.fit(ids)
			if f.gain-cost <= 0 || f.purity < minPurity || math.Abs(f.mean) < minEffect {
				return
			}
			if found && f.gain-cost <= best.worth() {
				return
			}
			found = true
			best = element{cols: cols, fit: f, cost: cost, values: make([]int32, len(cols))}
			for j, c := range cols {
				best.values[j] = s.codes[c][first]
			}
		})
	}
	return best, found
}

// group calls each with the leaves of every element of a cuboid that no cause covers, in ascending order of deviation.
func (s *search) group(cols []int, each func(first int32, ids []int32, groups int)) {
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
			each(s.ids[from], s.ids[from:to], groups)
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

// mostPerLeaf bounds what one leaf can add to a gain.
func (s *search) mostPerLeaf() float64 {
	return math.Log(1/(minSpread*math.Sqrt(2*math.Pi))) - math.Log(strayOut/2)
}

// fit estimates mean and spread of leaves in ascending order of deviation: from their median, then by a few steps of
// expectation and maximisation with strays.
func (s *search) fit(ids []int32) fit {
	n := len(ids)
	q := func(p float64) float64 { return s.dev[ids[int(p*float64(n-1)+0.5)]] }
	mean := q(0.5)
	most := maxSpread*maxSpread + s.noise*s.noise
	variance := min(max(math.Pow((q(0.75)-q(0.25))/1.349, 2), priorSpread*priorSpread), most)
	var f fit
	for step := range 4 {
		var weight, sum, square float64
		f = fit{mean: mean, spread: math.Sqrt(variance)}
		pure := 0
		for _, i := range ids {
			in := (1 - strayIn) * normal(s.dev[i]-mean, variance+s.blur[i])
			if step == 3 {
				lg := math.Log(in + strayIn/2)
				f.gain += lg - s.logNoise[i]
				if lg > s.logNoise[i] {
					pure++
				}
				continue
			}
			r := in / (in + strayIn/2) * variance / (variance + s.blur[i])
			d := s.dev[i] - mean
			weight += r
			sum += r * d
			square += r * d * d
		}
		if step == 3 {
			f.purity = float64(pure) / float64(n)
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
				in := (1 - strayIn) * normal(s.dev[i]-e.fit.mean, variance+s.blur[i])
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
		if best.cols == nil || best.worth() <= 0 {
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

// elements counts the elements of a cuboid that have leaves left.
func (s *search) elements(cols []int) int {
	n := 0
	s.group(slices.Sorted(slices.Values(cols)), func(_ int32, _ []int32, groups int) { n = groups })
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

// quietNoise estimates the noise before any cause is known: on each side of 0, the smaller wins as long as it has
// enough leaves to speak for. Causes push leaves to one side mostly, and noise is symmetric (RiskLoc's cut).
func (s *search) quietNoise() float64 {
	var below, above []int32
	for i, d := range s.dev {
		if d <= 0 {
			below = append(below, int32(i))
		}
		if d >= 0 {
			above = append(above, int32(i))
		}
	}
	enough := max(30, s.len()/20)
	switch {
	case len(below) < enough && len(above) < enough:
		return s.noiseOf(append(below, above...))
	case len(below) < enough:
		return s.noiseOf(above)
	case len(above) < enough:
		return s.noiseOf(below)
	}
	return min(s.noiseOf(below), s.noiseOf(above))
}

// restNoise estimates the noise from the leaves that no cause covers.
func (s *search) restNoise() float64 {
	var rest []int32
	for i := range s.dev {
		if !s.covered[i] {
			rest = append(rest, int32(i))
		}
	}
	if len(rest) < 10 {
		return s.noise
	}
	return s.noiseOf(rest)
}

// noiseOf is the width of a normal around 0 beside strays anywhere, by expectation and maximisation. It starts at a low
// quantile, so that it finds the hump at 0 and not the causes beside it.
func (s *search) noiseOf(ids []int32) float64 {
	abs := make([]float64, len(ids))
	for j, i := range ids {
		abs[j] = math.Abs(s.dev[i])
	}
	slices.Sort(abs)
	sigma := max(abs[len(abs)/4]/0.3186, minNoise) // the quartile of |z|
	share := 0.8
	for range 50 {
		var weight, square float64
		for _, i := range ids {
			d := s.dev[i]
			in := share * normal(d, sigma*sigma+s.blur[i])
			r := in / (in + (1-share)/2)
			k := sigma * sigma / (sigma*sigma + s.blur[i]) // the share of the square that is not rounding
			weight += r
			square += r * k * (k*d*d + s.blur[i])
		}
		next := minNoise
		if weight > 0 {
			next = max(math.Sqrt(square/weight), minNoise)
		}
		share = min(max(weight/float64(len(ids)), 0.05), 0.999)
		if math.Abs(next-sigma) < 1e-4*sigma {
			return next
		}
		sigma = next
	}
	return sigma
}

// normal is the density of a normal around 0.
func normal(x, variance float64) float64 {
	return math.Exp(-x*x/(2*variance)) / math.Sqrt(2*math.Pi*variance)
}

func logChoose(n, k int) float64 {
	sum := 0.0
	for i := range k {
		sum += math.Log(float64(n-i)) - math.Log(float64(i+1))
	}
	return sum
}
