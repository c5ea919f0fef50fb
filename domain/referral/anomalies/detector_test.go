package anomalies

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday

// made is a series by a formula, and noise of standard deviation 1.
func made(seed uint64, n int, step time.Duration, value func(i int, at time.Time) float64) []Point {
	r := rand.New(rand.NewPCG(seed, 7))
	points := make([]Point, n)
	for i := range points {
		at := start.Add(time.Duration(i) * step)
		points[i] = Point{at, value(i, at) + r.NormFloat64()}
	}
	return points
}

func season(at time.Time) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	v := 30 * math.Sin(2*math.Pi*hour/24)
	if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
		v /= 3
	}
	return 100 + v
}

// alerts are the points with a score of at least one half.
func alerts(points []Point) (at []int) {
	for i, s := range Detect(points) {
		if s >= 0.5 {
			at = append(at, i)
		}
	}
	return at
}

// The planted must be found soon, and what is not planted must raise few alerts: over all seeds of a case, at most
// one in the given number of points.
func TestDetectFindsWhatIsPlanted(t *testing.T) {
	const n, planted, seeds = 4000, 3050, 8
	for _, c := range []struct {
		name  string
		step  time.Duration
		value func(i int, at time.Time) float64
		soon  int     // points after the beginning within which it counts as found; 0: nothing is planted
		found float64 // the least part of the seeds
		quiet float64 // points for each false alert, at least
	}{
		{"spike", 5 * time.Minute, func(i int, _ time.Time) float64 { return 50 + 12*hit(i == planted) }, 3, 1, 700},
		{"spike over a season", 5 * time.Minute, func(i int, at time.Time) float64 { return season(at) + 60*hit(i == planted) }, 3, 1, 700},
		{"level shift", 5 * time.Minute, func(i int, _ time.Time) float64 { return 50 + 6*hit(i >= planted) }, 40, 1, 700},
		{"silence", 5 * time.Minute, func(i int, at time.Time) float64 { return season(at) * (1 - hit(i >= planted && i < planted+200)) }, 5, 1, 700},
		{"restlessness", 5 * time.Minute, func(i int, _ time.Time) float64 {
			return 50 + 8*hit(i >= planted && i < planted+150)*math.Sin(float64(i*i))
		}, 40, 1, 700},
		{"a season without one day", time.Hour, func(i int, at time.Time) float64 {
			if i/24 == planted/24 {
				return 100
			}
			return season(at)
		}, 24, 0.5, 700},
		{"hourly spike", time.Hour, func(i int, at time.Time) float64 { return season(at) + 80*hit(i == planted) }, 2, 1, 700},
		{"daily spike", 24 * time.Hour, func(i int, at time.Time) float64 { return season(at) + 80*hit(i == planted) }, 2, 1, 700},
		{"nothing", 5 * time.Minute, func(int, time.Time) float64 { return 50 }, 0, 0, 700},
		{"season", 5 * time.Minute, func(_ int, at time.Time) float64 { return season(at) }, 0, 0, 700},
		{"drift", 5 * time.Minute, func(i int, _ time.Time) float64 { return 50 + float64(i)/200 }, 0, 0, 350},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, wrong := 0, 0
			for seed := range uint64(seeds) {
				hits := alerts(made(seed, n, c.step, c.value))
				if slices.ContainsFunc(hits, func(i int) bool { return i >= planted && i <= planted+c.soon }) {
					found++
				}
				for _, i := range hits {
					if c.soon == 0 || i < planted || i > planted+300 {
						wrong++
					}
				}
			}
			t.Logf("found %d of %d, %d false alerts in %d points", found, seeds, wrong, seeds*n)
			if c.soon > 0 && float64(found) < c.found*seeds {
				t.Errorf("found %d of %d", found, seeds)
			}
			if float64(wrong)*c.quiet > seeds*n {
				t.Errorf("%d false alerts in %d points", wrong, seeds*n)
			}
		})
	}
}

func hit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestAFlatSeriesIsQuietAndItsEndIsNot(t *testing.T) {
	for _, level := range []float64{0, 1, 1e9, -4.2} {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			points := made(1, 2000, time.Minute, func(int, time.Time) float64 { return 0 })
			for i := range points {
				points[i].Value = level * (1 + 1e-7*points[i].Value) // the last digits of a sensor
			}
			for i := 1500; i < 2000; i++ {
				points[i].Value = level + 0.1*math.Abs(level) + 1
			}
			hits := alerts(points)
			if len(hits) == 0 || hits[0] != 1500 || len(hits) > 4 {
				t.Errorf("alerts at %v", hits)
			}
		})
	}
}

func TestMissingPointsAndGapsAreNoAnomalies(t *testing.T) {
	points := made(3, 6000, 5*time.Minute, func(_ int, at time.Time) float64 { return season(at) })
	r := rand.New(rand.NewPCG(1, 1))
	var some []Point
	for i, p := range points {
		switch {
		case r.IntN(20) == 0 || i > 4000 && i < 4100:
		case r.IntN(50) == 0:
			some = append(some, Point{p.At, math.NaN()})
		default:
			some = append(some, p)
		}
	}
	if hits := alerts(some); len(hits) > 8 {
		t.Errorf("%d alerts: %v", len(hits), hits)
	}
}

// anySeries draws values of all sizes at all distances.
func anySeries(t *rapid.T) []Point {
	n := rapid.IntRange(0, 400).Draw(t, "n")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	size := rapid.SampledFrom([]float64{0, 1e-300, 1e-9, 1, 1e6, 1e300, math.MaxFloat64}).Draw(t, "size")
	wild := rapid.SliceOfN(rapid.Float64(), 5, 5).Draw(t, "wild")
	points := make([]Point, n)
	at := start
	for i := range points {
		at = at.Add(time.Duration(r.Int64N(int64(time.Hour))) - 10*time.Minute)
		points[i] = Point{at, size * r.Float64()}
		if r.IntN(40) == 0 {
			points[i].Value = append(wild, math.NaN(), math.Inf(1), math.Inf(-1))[r.IntN(8)]
		}
	}
	return points
}

func TestScoresAreWithinBoundsAndFromThePastAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := anySeries(t)
		scores := Detect(points)
		for i, s := range scores {
			if !(s >= 0 && s <= 1) {
				t.Fatalf("score %d is %v", i, s)
			}
			if i < silent && s != 0 {
				t.Fatalf("score %d is %v before anything is known", i, s)
			}
		}
		cut := rapid.IntRange(0, len(points)).Draw(t, "cut")
		if !slices.Equal(Detect(points[:cut]), scores[:cut]) {
			t.Fatalf("the scores of the first %d depend on what follows", cut)
		}
	})
}

// A spike that comes every day at the same time is no news after some weeks; the same at another time is.
func TestARecurringSpikeIsLearned(t *testing.T) {
	points := made(5, 24*60, time.Hour, func(i int, at time.Time) float64 {
		return 100 + 50*hit(at.Hour() == 9 || i == 24*45+16)
	})
	learned := 0
	for _, i := range alerts(points) {
		if i > 24*20 && i < 24*45 {
			learned++
			if points[i].At.Hour() == 9 {
				t.Errorf("alert at the usual spike of %s", points[i].At)
			}
		}
	}
	if learned > 4 {
		t.Errorf("%d alerts in 25 days", learned)
	}
	if !slices.Contains(alerts(points), 24*45+16) {
		t.Error("the spike at an unusual hour was not found")
	}
}

func BenchmarkScore(b *testing.B) {
	points := made(1, 20_000, 5*time.Minute, func(_ int, at time.Time) float64 { return season(at) })
	var d Detector
	for i := 0; b.Loop(); i++ {
		p := points[i%len(points)]
		p.At = start.Add(time.Duration(i) * 5 * time.Minute)
		d.Score(p)
	}
}
