package explain

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"partnerhub/domain"
)

// recipe says how tables with planted causes are made, after the description of the synthetic sets in RiskLoc's paper:
// values from a Weibull, a share of zeros, a forecast off by noise proportional to the value, and under each cause one
// severity with a small spread, clipped at nothing left.
type recipe struct {
	name       string
	dims       []int
	noise      [2]float64
	severity   [2]float64
	spread     [2]float64 // of the severity, from leaf to leaf
	zeros      [2]float64
	anomalies  [2]int // groups of elements, each with its own severity, cuboid and direction
	elements   [2]int // in each group
	layer      [2]int // number of columns in a cause
	bothWays   bool   // groups may go up and down in one table
	noiseUnder bool   // leaves under a cause are noisy, too
	counts     bool   // values are counts with Poisson noise, not reals
	students   bool   // the noise has heavy tails
	tables     int
	f1         float64 // at least; where nothing is planted, no more than one table in twenty may say something
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
	{name: "one column", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 1}, tables: 10, f1: 0.97},
	{name: "two columns", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{2, 2}, tables: 10, f1: 0.97},
	{name: "three columns", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{3, 3}, tables: 10, f1: 0.95},
	{name: "single leaves", dims: []int{10, 24, 10, 15}, noise: [2]float64{0, .1}, severity: [2]float64{.5, 1}, spread: [2]float64{0, 0}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 5}, elements: [2]int{1, 1}, layer: [2]int{4, 4}, tables: 1, f1: 0.9},
	{name: "several groups, 1-4 columns", dims: []int{10, 12, 10, 8, 5}, noise: [2]float64{0, .25}, severity: [2]float64{.2, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 3}, elements: [2]int{1, 3}, layer: [2]int{1, 4}, tables: 1, f1: 0.95},
	{name: "several groups, both ways", dims: []int{6, 5, 12, 20}, noise: [2]float64{0, .2}, severity: [2]float64{.2, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{2, 3}, elements: [2]int{1, 3}, layer: [2]int{1, 3}, bothWays: true, tables: 10, f1: 0.93},
	{name: "more noise", dims: []int{3, 4, 12, 20}, noise: [2]float64{.2, .3}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 3}, layer: [2]int{1, 2}, noiseUnder: true, tables: 10, f1: 0.93},
	{name: "heavy tails", dims: []int{3, 4, 12, 20}, noise: [2]float64{.02, .15}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 2}, students: true, noiseUnder: true, tables: 10, f1: 0.9},
	{name: "counts", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .1}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 2}, counts: true, noiseUnder: true, tables: 10, f1: 0.85},
	{name: "few small columns", dims: []int{3, 2, 4}, noise: [2]float64{0, .1}, severity: [2]float64{.3, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .1}, anomalies: [2]int{1, 1}, elements: [2]int{1, 1}, layer: [2]int{1, 2}, tables: 60, f1: 0.85},
	{name: "one column in all", dims: []int{40}, noise: [2]float64{0, .1}, severity: [2]float64{.5, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .1}, anomalies: [2]int{1, 1}, elements: [2]int{1, 2}, layer: [2]int{1, 1}, tables: 60, f1: 0.9},
	{name: "nothing but noise", dims: []int{3, 4, 12, 20}, noise: [2]float64{0, .25}, severity: [2]float64{.25, 1}, spread: [2]float64{0, .1}, zeros: [2]float64{0, .25}, anomalies: [2]int{0, 0}, elements: [2]int{1, 2}, layer: [2]int{1, 1}, tables: 10},
}

// TestPlanted reports how well planted causes are found, by difficulty (-v lists the misses).
func TestPlanted(t *testing.T) {
	for _, rc := range recipes {
		t.Run(rc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			var sc score
			tables := rc.tables * repeats
			for i := range tables {
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
			t.Logf("precision %.3f recall %.3f F1 %.3f", sc.precision(), sc.recall(), sc.f1())
			if sc.truth > 0 && sc.f1() < rc.f1 {
				t.Errorf("F1 %.3f, want %.2f at least", sc.f1(), rc.f1)
			}
			if sc.truth == 0 && sc.said*20 > tables {
				t.Errorf("%d causes in %d tables of noise alone", sc.said, tables)
			}
		})
	}
}

var large = recipe{dims: []int{10, 10, 25, 10, 4}, noise: [2]float64{.1, .15}, severity: [2]float64{.3, .9}, spread: [2]float64{0, .1},
	zeros: [2]float64{.1, .2}, anomalies: [2]int{3, 3}, elements: [2]int{1, 3}, layer: [2]int{1, 3}}

// BenchmarkCauses is over a table of 10^5 leaves and five columns; the aim is less than two seconds.
func BenchmarkCauses(b *testing.B) {
	table, want := large.table(rand.New(rand.NewPCG(5, 6)))
	for b.Loop() {
		got, err := Causes(table)
		if err != nil {
			b.Fatal(err)
		}
		var sc score
		if !sc.add(got, want) {
			b.Fatalf("got %v, want %v", strs(got), want)
		}
	}
}

func TestCausesDoNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		table, _ := recipe{dims: []int{3, 4, 6}, noise: [2]float64{0, .2}, severity: [2]float64{.3, 1}, spread: [2]float64{0, .1},
			zeros: [2]float64{0, .3}, anomalies: [2]int{1, 2}, elements: [2]int{1, 2}, layer: [2]int{1, 3}}.table(r)
		before, err := Causes(table)
		if err != nil {
			t.Fatal(err)
		}
		r.Shuffle(len(table.Rows), func(i, j int) { table.Rows[i], table.Rows[j] = table.Rows[j], table.Rows[i] })
		after, err := Causes(table)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(strs(before), strs(after)) {
			t.Fatalf("%v, shuffled %v", strs(before), strs(after))
		}
	})
}

// Any table of finite numbers gives causes of its own columns and values, or none.
func TestAnyTable(t *testing.T) {
	value := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, -1, 1e300, -1e300, 5e-324, 0.001}), rapid.Float64Range(-1000, 1000), rapid.Float64Range(-1e300, 1e300))
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 4).Draw(t, "columns")
		table := Table{Columns: []string{"a", "b", "c", "d"}[:k]}
		for range rapid.IntRange(0, 60).Draw(t, "rows") {
			row := Row{Real: value.Draw(t, "real"), Predict: value.Draw(t, "predict")}
			for range k {
				row.Values = append(row.Values, rapid.SampledFrom([]string{"", "x", "y", "z=1&w"}).Draw(t, "value"))
			}
			table.Rows = append(table.Rows, row)
		}
		causes, err := Causes(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range causes {
			held := slices.ContainsFunc(table.Rows, func(r Row) bool {
				for _, p := range c {
					if r.Values[slices.Index(table.Columns, p.Column)] != p.Value {
						return false
					}
				}
				return true
			})
			if len(c) == 0 || !held {
				t.Fatalf("cause %q has no row", c)
			}
		}
	})
}

func TestCausesSmall(t *testing.T) {
	grid := func(f func(a, b int) (float64, float64)) Table {
		t := Table{Columns: []string{"country", "code"}}
		for a := range 8 {
			for b := range 8 {
				real, predict := f(a, b)
				t.Rows = append(t.Rows, Row{[]string{fmt.Sprintf("C%d", a), fmt.Sprintf("K%d", b)}, real, predict})
			}
		}
		return t
	}
	wobble := func(a, b int) float64 { return 100 + float64((a*7+b*13)%11) - 5 }
	for name, tt := range map[string]struct {
		table Table
		want  []string
	}{
		"no rows":          {Table{Columns: []string{"a"}}, nil},
		"all zero":         {grid(func(a, b int) (float64, float64) { return 0, 0 }), nil},
		"as expected":      {grid(func(a, b int) (float64, float64) { return 100, 100 }), nil},
		"noise alone":      {grid(func(a, b int) (float64, float64) { return wobble(a, b), 100 }), nil},
		"nothing expected": {grid(func(a, b int) (float64, float64) { return cond(a == 2, 50, wobble(a, b)), cond(a == 2, 0, 100) }), []string{"country=C2"}},
		"nothing seen":     {grid(func(a, b int) (float64, float64) { return cond(b == 3, 0, wobble(a, b)), 100 }), []string{"code=K3"}},
		"negative values":  {grid(func(a, b int) (float64, float64) { return -cond(b == 3, 40, wobble(a, b)), -100 }), []string{"code=K3"}},
		"another sign":     {grid(func(a, b int) (float64, float64) { return cond(b == 3, -90, wobble(a, b)), 100 }), []string{"code=K3"}},
		"up and down": {grid(func(a, b int) (float64, float64) {
			return cond(a == 1, 250, cond(b == 5, 30, wobble(a, b))), 100
		}), []string{"code=K5", "country=C1"}},
	} {
		t.Run(name, func(t *testing.T) {
			causes, err := Causes(tt.table)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(slices.Values(strs(causes))); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func cond(c bool, a, b float64) float64 {
	if c {
		return a
	}
	return b
}

func TestTableRefused(t *testing.T) {
	ok := Row{[]string{"x"}, 1, 1}
	for field, table := range map[string]Table{
		"columns":         {},
		"columns[1]":      {Columns: []string{"a", "a"}},
		"columns[0]":      {Columns: []string{""}},
		"rows[1]":         {Columns: []string{"a"}, Rows: []Row{ok, {[]string{"x", "y"}, 1, 1}}},
		"rows[1].real":    {Columns: []string{"a"}, Rows: []Row{ok, {[]string{"x"}, math.NaN(), 1}}},
		"rows[2].predict": {Columns: []string{"a"}, Rows: []Row{ok, ok, {[]string{"x"}, 1, math.Inf(-1)}}},
		"rows[0].predict": {Columns: []string{"a"}, Rows: []Row{{[]string{"x"}, 1, 1e301}}},
	} {
		causes, err := Causes(table)
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != domain.CodeInvalid || e.Field != field || causes != nil {
			t.Errorf("%s: got %v, %v", field, causes, err)
		}
	}
}
