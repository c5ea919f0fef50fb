package demo

import (
	"math"
	"math/rand/v2"
)

// draw is the one source of chance: every number of a stream comes from it, in order.
type draw struct{ *rand.Rand }

func newDraw(seed uint64) draw { return draw{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

func (d draw) chance(p float64) bool { return d.Float64() < p }

func (d draw) between(lo, hi float64) float64 { return lo + (hi-lo)*d.Float64() }

// lognormal has the mean 1, whatever sigma.
func (d draw) lognormal(sigma float64) float64 {
	return math.Exp(sigma*d.NormFloat64() - sigma*sigma/2)
}

// after is a delay in milliseconds, around the median, heavy-tailed.
func (d draw) after(median int64, sigma float64) int64 {
	return 1000 + int64(float64(median)*math.Exp(sigma*d.NormFloat64()))
}

func (d draw) poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 30 { // the normal distribution is close enough, and one draw
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	limit, p, n := math.Exp(-mean), d.Float64(), 0
	for p > limit {
		p *= d.Float64()
		n++
	}
	return n
}

// pick is an index of n, with the weights that share gives; they need not add up to 1.
func (d draw) pick(n int, share func(int) float64) int {
	var sum float64
	for i := range n {
		sum += share(i)
	}
	u := d.Float64() * sum
	for i := range n {
		if u -= share(i); u < 0 {
			return i
		}
	}
	return n - 1
}

// ranks are n standard normal values, evenly over their quantiles and in random order, so that a small group has the
// same heavy tail as a large one and no single account carries a program by luck.
func (d draw) ranks(n int) []float64 {
	z := make([]float64, n)
	for to, from := range d.Perm(n) {
		q := (float64(from) + 0.5) / float64(n)
		z[to] = math.Sqrt2 * math.Erfinv(2*q-1)
	}
	return z
}
