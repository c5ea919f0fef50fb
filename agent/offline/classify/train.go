package classify

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

const (
	maxFeatures  = 1 << 17 // bounds the memory of a model; the rarest features go first
	unseenWeight = 0.7     // of a feature that no example has: as telling as the average one
	epochs       = 30
	lambda       = 0.05 // the pull of the weights towards zero
)

// Named adds to the examples of each label its own name, for sets whose labels say in words what they are about: "card_arrival".
func Named(examples []Example) []Example {
	out := slices.Clone(examples)
	seen := map[string]bool{OOS: true} // which says nothing
	for _, e := range examples {
		if !seen[e.Label] {
			seen[e.Label] = true
			out = append(out, Example{Text: strings.ReplaceAll(e.Label, "_", " "), Label: e.Label})
		}
	}
	return out
}

func fit(examples []Example) *Model {
	m := &Model{index: map[feature]int32{}, sharpness: 1}
	for _, e := range examples {
		m.labels = append(m.labels, e.Label)
	}
	slices.Sort(m.labels)
	m.labels = slices.Compact(m.labels)
	m.weigh(examples)
	m.descend(examples)
	return m
}

// weigh finds the features and how telling each is: the square root of one less the entropy of the labels among
// the texts that have it. A feature seen once could be chance, so what is seen rarely is drawn towards the middle.
func (m *Model) weigh(examples []Example) {
	seen := map[feature]map[string]int{}
	total := map[feature]int{}
	for _, e := range examples {
		for _, features := range count(e.Text) {
			for f := range features {
				if seen[f] == nil {
					seen[f] = map[string]int{}
				}
				seen[f][e.Label]++
				total[f]++
			}
		}
	}
	features := make([]feature, 0, len(total))
	for f := range total {
		features = append(features, f)
	}
	slices.SortFunc(features, func(a, b feature) int { return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b)) })
	features = features[:min(len(features), maxFeatures)]
	m.telling = make([]float32, len(features))
	most := math.Log(float64(len(m.labels) + 1))
	for i, f := range features {
		n := float64(total[f])
		counts := make([]int, 0, len(seen[f]))
		for _, c := range seen[f] {
			counts = append(counts, c)
		}
		slices.Sort(counts) // sums of floats depend on the order
		entropy := 0.0
		for _, c := range counts {
			p := float64(c) / n
			entropy -= p * math.Log(p)
		}
		sure := n / (n + 1)
		m.index[f] = int32(i)
		m.telling[i] = float32(math.Sqrt(sure*(1-entropy/most) + (1-sure)*0.5))
	}
}

// descend fits a multinomial logistic regression by dual coordinate ascent (Shalev-Shwartz and Zhang, 2013): each
// example's dual variables move towards what the model still gets wrong about it.
//
// The race detector has nothing to find in it, since what it writes is its own until it returns, and would make every test that starts a planner
// wait for half a minute.
//
//go:norace
func (m *Model) descend(examples []Example) {
	k := len(m.labels)
	m.weights = make([]float32, len(m.telling)*k)
	m.bias = make([]float32, k)
	vectors := make([][]entry, len(examples))
	labels := make([]int, len(examples))
	dual := make([]float32, len(examples)*k)
	order := make([]int, len(examples))
	for i, e := range examples {
		vectors[i], _ = m.vector(e.Text)
		labels[i], _ = slices.BinarySearch(m.labels, e.Label)
		order[i] = i
	}
	const rate = 1 / (1 + 1/lambda)
	step := make([]float32, k)
	seed := uint64(1)
	for range epochs {
		for i := len(order) - 1; i > 0; i-- { // a shuffle, the same each time
			seed = seed*6364136223846793005 + 1442695040888963407
			j := int((seed >> 33) % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		for _, i := range order {
			m.margins(vectors[i], step)
			top, sum := slices.Max(step), float32(0)
			for c := range step {
				step[c] = float32(math.Exp(float64(step[c] - top)))
				sum += step[c]
			}
			alpha := dual[i*k : i*k+k]
			for c := range step {
				target := -step[c] / sum
				if c == labels[i] {
					target++
				}
				d := rate * (target - alpha[c])
				alpha[c] += d
				step[c] = d / lambda
			}
			for _, x := range vectors[i] {
				w := m.weights[int(x.at)*k : int(x.at)*k+k]
				for c, d := range step {
					w[c] += d * x.x
				}
			}
			for c, d := range step {
				m.bias[c] += d
			}
		}
	}
}

// folds is how many parts the examples are cut into to see how sure the model is of texts that it has not seen.
const folds = 3

// calibrate makes confidences mean something: it holds out a part of the examples at a time, and picks the
// sharpness that makes what happened likeliest, then the threshold that tells OOS best.
func (m *Model) calibrate(examples []Example) {
	type heldOut struct {
		margins []float32
		known   float64
		label   int // in labels, -1 when the fold has not learnt it
		labels  []string
	}
	var held []heldOut
	nth := map[string]int{}
	fold := make([]int, len(examples))
	for i, e := range examples {
		fold[i] = nth[e.Label] % folds
		nth[e.Label]++
	}
	for f := range folds {
		var train []Example
		for i, e := range examples {
			if fold[i] != f {
				train = append(train, e)
			}
		}
		part := fit(train)
		if len(part.labels) == 0 {
			return
		}
		for i, e := range examples {
			if fold[i] != f {
				continue
			}
			h := heldOut{label: -1, labels: part.labels}
			h.margins, h.known = part.score(e.Text)
			if at, ok := slices.BinarySearch(part.labels, e.Label); ok {
				h.label = at
			}
			held = append(held, h)
		}
	}
	best := math.Inf(1)
	for s := 0.5; s < 8; s *= 1.15 {
		loss := 0.0
		for _, h := range held {
			if h.label >= 0 {
				loss -= math.Log(confidences(h.margins, 1, s)[h.label] + 1e-9)
			}
		}
		if loss < best {
			best, m.sharpness = loss, s
		}
	}
	var outcomes []outcome
	_, taught := slices.BinarySearch(m.labels, OOS)
	for _, h := range held {
		p := confidences(h.margins, h.known, m.sharpness)
		top := 0
		for c := range p {
			if p[c] > p[top] {
				top = c
			}
		}
		outcomes = append(outcomes, outcome{
			confidence: p[top], right: top == h.label, oos: h.label >= 0 && h.labels[h.label] == OOS,
		})
	}
	m.threshold = threshold(outcomes, taught)
}

// outcome is what the model said about an example that it had not seen.
type outcome struct {
	confidence float64
	right, oos bool
}

// threshold is the confidence below which saying OOS is right most often. When no example teaches what OOS is,
// it is as low as the least sure of all right answers.
func threshold(outcomes []outcome, taught bool) float64 {
	slices.SortStableFunc(outcomes, func(a, b outcome) int { return cmp.Compare(a.confidence, b.confidence) })
	if !taught {
		for _, o := range outcomes {
			if o.right {
				return o.confidence
			}
		}
		return 0
	}
	gain, best, at := 0, 0, 0.0
	for i, o := range outcomes { // as if everything up to o were called OOS
		switch {
		case o.oos && !o.right:
			gain++
		case !o.oos && o.right:
			gain--
		}
		if gain > best {
			best, at = gain, o.confidence
			if i+1 < len(outcomes) {
				at = (at + outcomes[i+1].confidence) / 2
			}
		}
	}
	return at
}
