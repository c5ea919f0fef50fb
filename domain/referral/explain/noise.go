package explain

import (
	"math"
	"slices"
)

// noise is how leaves deviate without a cause: normally around 0, with a variance of share² + count × unit, where unit
// is one over the leaf's value. The first part is proportional to the value, the second is that of counts (Poisson).
type noise struct {
	share, count float64
}

func (n noise) variance(unit float64) float64 { return n.share*n.share + n.count*unit }

// minNoise is the least noise: with none at all every leaf would be a cause.
const minNoise = 0.003

// priorInside is how many leaves are taken to be no strays before any is seen: among a few leaves the narrowest hump that
// leaves the others strays would win.
const priorInside = 5

// noiseSample is how many leaves are enough to measure the noise to about one percent.
const noiseSample = 3000

// quietNoise estimates the noise before any cause is known: on each side of 0, the smaller wins as long as it has
// enough leaves to speak for. Causes push leaves to one side mostly, and noise is symmetric (RiskLoc's cut).
func (s *search) quietNoise() noise {
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
	a, b := s.noiseOf(below), s.noiseOf(above)
	units := slices.Clone(s.unit)
	slices.Sort(units)
	if middle := units[len(units)/2]; b.variance(middle) < a.variance(middle) {
		return b
	}
	return a
}

// restNoise estimates the noise from the leaves that no cause covers.
func (s *search) restNoise() noise {
	var rest []int32
	for i := range s.dev {
		if !s.covered[i] {
			rest = append(rest, int32(i))
		}
	}
	if len(rest) < minLone {
		return s.noise
	}
	return s.noiseOf(rest)
}

// noiseOf estimates the noise of some leaves, with the part of counts only where it explains them clearly better.
func (s *search) noiseOf(ids []int32) noise {
	if step := len(ids) / noiseSample; step > 1 { // every so many in order of deviation: each part of the range has its share
		few := make([]int32, 0, noiseSample*2)
		for j := step / 2; j < len(ids); j += step {
			few = append(few, ids[j])
		}
		ids = few
	}
	abs, counts, units := make([]float64, len(ids)), make([]float64, len(ids)), make([]float64, len(ids))
	for j, i := range ids {
		abs[j] = math.Abs(s.dev[i])
		counts[j] = s.dev[i] * s.dev[i] / s.unit[i]
		units[j] = s.unit[i]
	}
	slices.Sort(abs)
	slices.Sort(counts)
	slices.Sort(units)
	// The quartile of |z| is 0.3186: it finds the hump at 0, not the causes beside it.
	plain, plainFit := s.climb(ids, noise{share: max(abs[len(abs)/4]/0.3186, minNoise)})
	best, bestFit := plain, plainFit+10
	for _, start := range []noise{
		{share: plain.share / 2, count: plain.share * plain.share / units[len(units)/2] / 2},
		{share: plain.share, count: counts[len(counts)/2] / 0.455}, // 0.455: the median of z²
	} {
		if n, fit := s.climb(ids, start); fit > bestFit {
			best, bestFit = n, fit
		}
	}
	return best
}

// climb raises the likelihood of the noise beside strays anywhere, by expectation and maximisation, and returns it.
func (s *search) climb(ids []int32, n noise) (noise, float64) {
	inside := 0.8 // share of leaves that are no strays
	last := math.Inf(-1)
	for range 60 {
		var weight, shareSum, countSum, likelihood float64
		for _, i := range ids {
			d := s.dev[i]
			a, b := n.share*n.share, n.count*s.unit[i]
			v := a + b + s.blur[i]
			in := inside * normal(d, v)
			r := in / (in + (1-inside)/2)
			likelihood += math.Log(in + (1-inside)/2)
			weight += r
			// The square of each part, given their sum d.
			shareSum += r * a / v * (a/v*d*d + v - a)
			if n.count > 0 {
				countSum += r * b / v * (b/v*d*d + v - b) / s.unit[i]
			}
		}
		if likelihood-last < 0.01 {
			return n, likelihood
		}
		last = likelihood
		inside = min(max((weight+priorInside)/(float64(len(ids))+priorInside), 0.05), 0.999)
		if weight > 0 {
			n.share = max(math.Sqrt(shareSum/weight), minNoise)
			n.count = countSum / weight
		}
	}
	return n, last
}

// normal is the density of a normal around 0.
func normal(x, variance float64) float64 {
	return math.Exp(-x*x/(2*variance)) / math.Sqrt(2*math.Pi*variance)
}
