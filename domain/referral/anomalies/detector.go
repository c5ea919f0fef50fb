package anomalies

import (
	"math"
	"time"
)

// Point is one value of a series. NaN stands for a missing one.
type Point struct {
	At    time.Time
	Value float64
}

// Detect scores each point of a series by what came before it: see Detector.Score.
func Detect(points []Point) []float64 {
	var d Detector
	scores := make([]float64, len(points))
	for i, p := range points {
		scores[i] = d.Score(p)
	}
	return scores
}

const (
	// silent is the number of points that only teach.
	silent = 60
	// alarm is the surprise whose score is one half: the sum, over the signs, of minus the power of ten of the chance
	// of one as strong.
	alarm = 8.8
	// early is the number of points by which a surprise counts half: of a short past, much is new.
	early = 50
	// An alert makes the detector hold back: what is not clearly more surprising is scored lower, the less the longer
	// ago, by a time that grows with the past and is at least some points.
	clearly, heldBack    = 1.2, 0.3
	holdPart, holdPoints = 0.1, 40.0
	// memory is the number of values among which a new one is looked for.
	memory = 4000
	// floor is the least scale as a part of the level, so that a flat series has one.
	floor = 1e-4
	// faint is the part of that least scale below which a distance is none. strongest bounds a sign, so that no value
	// leads to an infinity.
	faint, strongest = 0.05, 1e18
)

// averages are the numbers of points over which the means are taken that may be new.
var averages = [...]int{1, 4, 16, 64}

// signs is how many signs of something unusual are followed: the distance from the season, the same over some points,
// restlessness, a new difference, and a new mean for each of averages.
const signs = 4 + len(averages)

// Detector scores the points of one series as they come: spikes, shifts, silence, broken seasons, restlessness and
// values never seen. It learns the sampling, the hour-of-day and weekday season where they pay, the scale, and how
// often signs of each strength occur, and adapts to what lasts. Time and memory for a point are bounded, whatever
// the length of the series. The zero value is ready; not safe for concurrent use.
type Detector struct {
	seen     int
	newest   [64]float64 // values, at seen modulo its length
	last     Point
	forecast forecast
	drift    float64 // distance from the season, smoothed
	restless float64 // size of the steps, over some points and over many
	usually  float64
	tails    [signs]tail
	means    [len(averages)]novelty
	steps    novelty
	held     float64
	level    float64 // mean size of the values
}

// Score is between 0 and 1, depends on this point and those before it only, and is one half for a surprise that is
// worth an alert. A missing value scores 0 and changes nothing.
func (d *Detector) Score(p Point) float64 {
	if math.IsNaN(p.Value) {
		return 0
	}
	p.Value = max(-1e200, min(1e200, p.Value))
	whole := d.forecast.at(p.At) // no gap since the last point
	var surprise float64
	if d.seen > 0 {
		for i, x := range d.signs(p.Value, whole) {
			surprise -= math.Log10(d.tails[i].chance(x))
			d.tails[i].add(x)
		}
	}
	d.forecast.learn(p.Value)
	d.newest[d.seen%len(d.newest)] = p.Value
	d.seen++
	d.level += max(0.003, 1/float64(d.seen)) * (math.Abs(p.Value) - d.level)
	d.last = p
	if d.seen <= silent {
		return 0
	}
	return d.released(max(0, surprise) * float64(d.seen) / float64(d.seen+early))
}

// signs measures how unusual a value is, in several ways, each at least 0.
func (d *Detector) signs(v float64, whole bool) (x [signs]float64) {
	scale := max(d.forecast.scale, floor*d.level, 1e-12)
	flat := scale > d.forecast.scale
	usual, miss := d.forecast.season()
	away := (v - usual) / max(scale, miss)
	step := v - d.last.Value
	if !whole {
		step = 0
	}
	d.drift += (away - d.drift) / 12
	d.restless += (min(math.Abs(step)/scale, 8) - d.restless) / 12
	d.usually += (min(math.Abs(step)/scale, 8) - d.usually) / 300
	x = [signs]float64{
		math.Abs(away),
		math.Abs(d.drift),
		math.Exp(math.Abs(math.Log((d.restless + 0.05) / (d.usually + 0.05)))),
		d.steps.gap(step, 1) / scale,
	}
	for i, n := range averages {
		x[4+i] = d.means[i].gap(d.mean(v, n), n) / scale
	}
	for i := range x {
		switch {
		case !(x[i] < strongest): // nor NaN
			x[i] = strongest
		case flat && x[i] < faint:
			x[i] = 0
		}
	}
	return x
}

// mean is that of the newest n values, v the newest of all.
func (d *Detector) mean(v float64, n int) float64 {
	n = min(n, d.seen+1)
	sum := v
	for i := 1; i < n; i++ {
		sum += d.newest[(d.seen-i)%len(d.newest)]
	}
	return sum / float64(n)
}

// released is the score of a surprise, with regard to the ones before it.
func (d *Detector) released(surprise float64) float64 {
	d.held *= math.Exp(-1 / max(holdPoints, holdPart*float64(d.seen)))
	told := surprise
	if surprise <= clearly*d.held {
		told *= heldBack
	}
	d.held = max(d.held, surprise)
	return told / (told + alarm)
}
