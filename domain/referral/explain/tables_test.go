package explain

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// recipe says how tables with planted causes are made, after the description of the synthetic sets in RiskLoc's paper:
// values from a Weibull, a share of zeros, a forecast off by noise proportional to the value, and under each cause one
// severity with a small spread, clipped at nothing left.
type recipe struct {
	name               string
	dims               []int
	noise              [2]float64
	severity           [2]float64
	spread             [2]float64 // of the severity, from leaf to leaf
	zeros              [2]float64
	anomalies          [2]int // groups of elements, each with its own severity, cuboid and direction
	elements           [2]int // in each group
	layer              [2]int // number of columns in a cause
	bothWays           bool   // groups may go up and down in one table
	noiseUnder         bool   // leaves under a cause are noisy, too
	counts             bool   // values are counts with Poisson noise, not reals
	students           bool   // the noise has heavy tails
	tables             int
	wantPrec, wantReca float64
}

func between(r *rand.Rand, x [2]float64) float64 { return x[0] + r.Float64()*(x[1]-x[0]) }
func within(r *rand.Rand, x [2]int) int          { return x[0] + r.IntN(x[1]-x[0]+1) }

// table makes one table and says which causes are in it.
func (rc recipe) table(r *rand.Rand) (Table, []string) {
	k := len(rc.dims)
	t := Table{}
	for c := range k {
		t.Columns = append(t.Columns, string(rune('a'+c)))
	}
	type plant struct {
		values   []int // -1: any
		mean, sd float64
		up       bool
	}
	var plants []plant
	covers := func(a, b []int) bool { // a is b or above it
		for c := range a {
			if a[c] >= 0 && a[c] != b[c] {
				return false
			}
		}
		return true
	}
	up := r.IntN(2) == 0
	for range within(r, rc.anomalies) {
		mean, sd := between(r, rc.severity), between(r, rc.spread)
		if rc.bothWays {
			up = r.IntN(2) == 0
		}
		cols := r.Perm(k)[:within(r, rc.layer)]
		for e, tries := 0, 0; e < within(r, rc.elements) && tries < 50; tries++ {
			p := plant{values: slices.Repeat([]int{-1}, k), mean: mean, sd: sd, up: up}
			for _, c := range cols {
				p.values[c] = r.IntN(rc.dims[c])
			}
			same := 0
			if slices.ContainsFunc(plants, func(q plant) bool { return covers(p.values, q.values) || covers(q.values, p.values) }) {
				continue
			}
			for _, q := range plants { // never all values of a column: that would be no cause but its absence
				if len(cols) == 1 && q.values[cols[0]] >= 0 {
					same++
				}
			}
			if len(cols) == 1 && same+1 >= rc.dims[cols[0]] {
				continue
			}
			plants = append(plants, p)
			e++
		}
	}
	alpha, noise, zeros := 0.5+0.5*r.Float64(), between(r, rc.noise), between(r, rc.zeros)
	truth := make([]bool, len(plants))
	at := make([]int, k)
	for {
		base := 0.0
		if r.Float64() >= zeros {
			base = 100 * math.Pow(r.ExpFloat64(), 1/alpha)
		}
		off := r.NormFloat64()
		if rc.students {
			off /= math.Sqrt((sq(r) + sq(r) + sq(r) + sq(r)) / 4)
		}
		real, predict := base, math.Max(base*(1+noise*off), 0)
		if r.IntN(2) == 0 {
			real, predict = predict, real
		}
		hit := slices.IndexFunc(plants, func(p plant) bool { return covers(p.values, at) })
		if hit >= 0 && base > 0 {
			p := plants[hit]
			truth[hit] = true
			if !rc.noiseUnder {
				real, predict = base, base
			}
			f := math.Min(math.Max(1-p.mean-p.sd*r.NormFloat64(), 0), 1)
			if p.up {
				predict *= f
			} else {
				real *= f
			}
		}
		if rc.counts {
			real, predict = poisson(r, real/10), math.Round(predict/10)
		}
		row := Row{Real: math.Round(real*1000) / 1000, Predict: math.Round(predict*1000) / 1000}
		for c, v := range at {
			row.Values = append(row.Values, fmt.Sprintf("%s%d", t.Columns[c], v+1))
		}
		t.Rows = append(t.Rows, row)
		c := k - 1
		for c >= 0 {
			if at[c]++; at[c] < rc.dims[c] {
				break
			}
			at[c] = 0
			c--
		}
		if c < 0 {
			break
		}
	}
	var want []string
	for i, p := range plants {
		if !truth[i] {
			continue
		}
		var c Cause
		for j, v := range p.values {
			if v >= 0 {
				c = append(c, Pair{t.Columns[j], fmt.Sprintf("%s%d", t.Columns[j], v+1)})
			}
		}
		want = append(want, c.String())
	}
	return t, want
}

func sq(r *rand.Rand) float64 { x := r.NormFloat64(); return x * x }

func poisson(r *rand.Rand, mean float64) float64 {
	if mean > 50 {
		return math.Max(math.Round(mean+math.Sqrt(mean)*r.NormFloat64()), 0)
	}
	n, p := -1, 1.0
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= r.Float64()
	}
	return float64(max(n, 0))
}

// score counts exact matches over many tables.
type score struct{ right, said, truth int }

func (s *score) add(got []Cause, want []string) bool {
	right := 0
	for _, c := range got {
		if slices.Contains(want, c.String()) {
			right++
		}
	}
	s.right += right
	s.said += len(got)
	s.truth += len(want)
	return right == len(got) && right == len(want)
}

func (s score) precision() float64 { return float64(s.right) / math.Max(float64(s.said), 1) }
func (s score) recall() float64    { return float64(s.right) / math.Max(float64(s.truth), 1) }
func (s score) f1() float64 {
	return 2 * float64(s.right) / math.Max(float64(s.said+s.truth), 1)
}

func strs(causes []Cause) []string {
	out := make([]string, len(causes))
	for i, c := range causes {
		out[i] = c.String()
	}
	return out
}

var recipes = []recipe{
	{name: "one column", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 1}, tables: 60},
	{name: "two columns", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{2, 2}, tables: 60},
	{name: "three columns", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{3, 3}, tables: 60},
	{name: "single leaves", dims: []int{10, 24, 10, 15}, noise: [2]float64{0, .1}, severity: [2]float64{.5, 1}, spread: [2]float64{0, 0}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 5}, elements: [2]int{1, 1}, layer: [2]int{4, 4}, tables: 20},
	{name: "several groups, 1-4 columns", dims: []int{10, 12, 10, 8, 5}, noise: [2]float64{0, .25}, severity: [2]float64{.2, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 3}, elements: [2]int{1, 3}, layer: [2]int{1, 4}, tables: 20},
	{name: "several groups, both ways", dims: []int{6, 5, 12, 20}, noise: [2]float64{0, .2}, severity: [2]float64{.2, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{2, 3}, elements: [2]int{1, 3}, layer: [2]int{1, 3}, bothWays: true, tables: 60},
	{name: "more noise", dims: []int{3, 4, 12, 20}, noise: [2]float64{.2, .3}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 3}, layer: [2]int{1, 2}, noiseUnder: true, tables: 60},
	{name: "heavy tails", dims: []int{3, 4, 12, 20}, noise: [2]float64{.02, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 2}, students: true, noiseUnder: true, tables: 60},
	{name: "counts", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .1}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 2}, counts: true, noiseUnder: true, tables: 60},
	{name: "few small columns", dims: []int{3, 2, 4}, noise: [2]float64{0, .1}, severity: [2]float64{.3, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .1}, anomalies: [2]int{1, 1}, elements: [2]int{1, 1}, layer: [2]int{1, 2}, tables: 60},
	{name: "one column in all", dims: []int{40}, noise: [2]float64{0, .1}, severity: [2]float64{.5, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .1}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 1}, tables: 60},
	{name: "nothing but noise", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .25}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{0, 0}, elements: [2]int{1, 2}, layer: [2]int{1, 1}, tables: 60},
}

func TestPlanted(t *testing.T) {
	for _, rc := range recipes {
		t.Run(rc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var sc score
			for i := range rc.tables {
				table, want := rc.table(r)
				got, err := Causes(table)
				if err != nil {
					t.Fatal(err)
				}
				if !sc.add(got, want) && testing.Verbose() {
					g := strs(got)
					sort.Strings(g)
					sort.Strings(want)
					t.Logf("table %d: got %v, want %v", i, g, want)
				}
			}
			t.Logf("%s: precision %.3f recall %.3f F1 %.3f", rc.name, sc.precision(), sc.recall(), sc.f1())
		})
	}
}
