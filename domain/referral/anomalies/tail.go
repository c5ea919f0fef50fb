package anomalies

import (
	"math"
	"slices"
)

// tail knows how often a sign of each strength occurs, with constant memory: it counts by classes of the logarithm,
// and extends the largest strengths seen by a power law, so that what never occurred has a chance too. The zero value
// is ready.
type tail struct {
	counts [classes]float64
	n      float64
}

const (
	classes  = 240
	perPower = 6   // classes for each power of two
	middle   = 120 // the class of strength 1
	// extreme is the part of the signs, and the least number, to which the power law is fitted.
	extreme, extremes = 0.02, 8.0
	// What is assumed before anything is known: as many signs, of that exponent. The exponent is bounded.
	assumed, exponent, steepest = 5.0, 3.0, 12.0
	// halfLife is the number of signs after which all counts are halved, so that the past fades.
	halfLife = 4000
)

func class(x float64) int {
	if x <= 0 {
		return 0
	}
	return max(0, min(classes-1, int(math.Floor(math.Log2(x)*perPower))+middle))
}

// lower is the least strength of a class.
func lower(c int) float64 { return math.Exp2(float64(c-middle) / perPower) }

func (t *tail) add(x float64) {
	t.counts[class(x)]++
	t.n++
	if t.n > halfLife {
		for i := range t.counts {
			t.counts[i] /= 2
		}
		t.n /= 2
	}
}

// chance is that of a sign at least as strong as x, 0 < chance ≤ 1.
func (t *tail) chance(x float64) float64 {
	few := max(extremes, extreme*t.n)
	var above float64
	top := classes - 1 // the classes above it are the extreme ones
	for ; top > 0 && above+t.counts[top] < few; top-- {
		above += t.counts[top]
	}
	if c := class(x); c <= top {
		for ; top >= c; top-- {
			above += t.counts[top]
		}
		return min(1, (above+0.5)/(t.n+1))
	}
	from := lower(top + 1)
	if top == 0 {
		from = lower(0) * math.Exp2(0.5/perPower)
	}
	var logs float64
	for c := top + 1; c < classes; c++ {
		logs += t.counts[c] * math.Log(lower(c)*math.Exp2(0.5/perPower)/from)
	}
	alpha := min(steepest, (above+assumed)/(logs+assumed/exponent)) // Hill's estimate
	return min(1, (above+1)/(t.n+1)*math.Pow(max(1, x/from), -alpha))
}

// novelty finds how far a value is from all that were seen. The zero value is ready.
type novelty struct {
	ring   []float64 // the newest values in the order of their coming
	at     int
	sorted []float64
}

// gap is the distance of x to the nearest of the values that came at least lag before it, among the newest of memory;
// 0 while there are few. Then x is one of them.
func (s *novelty) gap(x float64, lag int) float64 {
	if s.ring == nil {
		s.ring = make([]float64, 0, memory+lag)
	}
	// The ring holds memory values that count, and lag that do not yet.
	if len(s.ring) < memory+lag {
		s.ring = append(s.ring, x)
		s.at = len(s.ring) - 1
	} else {
		s.at = (s.at + 1) % len(s.ring)
		i, _ := slices.BinarySearch(s.sorted, s.ring[s.at])
		s.sorted = slices.Delete(s.sorted, i, i+1)
		s.ring[s.at] = x
	}
	if len(s.ring) > lag {
		y := s.ring[(s.at-lag+len(s.ring))%len(s.ring)]
		i, _ := slices.BinarySearch(s.sorted, y)
		s.sorted = slices.Insert(s.sorted, i, y)
	}
	if len(s.sorted) < 50 {
		return 0
	}
	i, _ := slices.BinarySearch(s.sorted, x)
	gap := math.Inf(1)
	if i < len(s.sorted) {
		gap = s.sorted[i] - x
	}
	if i > 0 {
		gap = min(gap, x-s.sorted[i-1])
	}
	return gap
}
