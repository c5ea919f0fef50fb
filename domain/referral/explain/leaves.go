package explain

import (
	"cmp"
	"math"
	"slices"
)

// leaves is a table made ready for the search: values as small integers, rows of the same values summed, rows that say
// nothing (nothing seen, nothing expected) left out, the rest in ascending order of deviation. The order does not
// depend on the order of the rows, and so neither does anything that follows.
type leaves struct {
	names [][]string // by column: its values, sorted; a code is an index into them
	codes [][]int32  // by column, by leaf
	dev   []float64  // by leaf: how far it is from what was expected, see deviation
	blur  []float64  // by leaf: the variance of dev that comes from the rounding of the values alone
	unit  []float64  // by leaf: one over the larger of both values
}

func (l *leaves) len() int { return len(l.dev) }

// deviation is the share of the larger of both that is missing from the smaller: 0.3 where 30 % of what was expected is
// missing, −0.3 where 30 % of what was seen was not expected, ±1 where one of them is zero, up to ±2 where the signs
// differ. Under one cause all leaves deviate alike, whatever their size (the ripple effect: Sun et al., HotSpot, 2018;
// Li et al., Squeeze, 2019), and a noise proportional to the value is symmetric around 0.
func deviation(real, predict float64) float64 {
	m := max(math.Abs(real), math.Abs(predict))
	if m == 0 {
		return 0
	}
	return predict/m - real/m
}

// newLeaves prepares a table that has passed check.
func newLeaves(t Table) *leaves {
	k := len(t.Columns)
	l := &leaves{names: make([][]string, k), codes: make([][]int32, k)}
	rows := make([][]int32, len(t.Rows)) // codes of each row
	flat := make([]int32, len(t.Rows)*k)
	for i := range rows {
		rows[i] = flat[i*k : (i+1)*k]
	}
	for c := range k {
		seen := map[string]int32{}
		for _, r := range t.Rows {
			if _, ok := seen[r.Values[c]]; !ok {
				seen[r.Values[c]] = 0
				l.names[c] = append(l.names[c], r.Values[c])
			}
		}
		slices.Sort(l.names[c])
		for i, v := range l.names[c] {
			seen[v] = int32(i)
		}
		for i, r := range t.Rows {
			rows[i][c] = seen[r.Values[c]]
		}
	}
	type leaf struct {
		row           []int32
		real, predict float64
		dev           float64
	}
	all := make([]leaf, len(t.Rows))
	for i, r := range t.Rows {
		all[i] = leaf{row: rows[i], real: r.Real, predict: r.Predict}
	}
	slices.SortFunc(all, func(a, b leaf) int { // real and predict too: the order of a sum of floats matters
		return cmp.Or(slices.Compare(a.row, b.row), cmp.Compare(a.real, b.real), cmp.Compare(a.predict, b.predict))
	})
	merged := all[:0]
	for _, x := range all {
		if n := len(merged); n > 0 && slices.Equal(merged[n-1].row, x.row) {
			merged[n-1].real += x.real
			merged[n-1].predict += x.predict
		} else {
			merged = append(merged, x)
		}
	}
	merged = slices.DeleteFunc(merged, func(x leaf) bool { return x.real == 0 && x.predict == 0 })
	for i := range merged {
		merged[i].dev = deviation(merged[i].real, merged[i].predict)
	}
	slices.SortFunc(merged, func(a, b leaf) int {
		return cmp.Or(cmp.Compare(a.dev, b.dev), slices.Compare(a.row, b.row))
	})

	step := resolution(t.Rows)
	n := len(merged)
	l.dev, l.blur, l.unit = make([]float64, n), make([]float64, n), make([]float64, n)
	for c := range k {
		l.codes[c] = make([]int32, n)
	}
	for i, x := range merged {
		l.dev[i] = x.dev
		l.unit[i] = 1 / max(math.Abs(x.real), math.Abs(x.predict))
		r := step * l.unit[i]
		l.blur[i] = r * r / 6 // two values, each uniformly off by up to half a step: step²/12 each
		for c := range k {
			l.codes[c][i] = x.row[c]
		}
	}
	return l
}

// resolution is the step of which all values are multiples: 1 for counts, 0.001 where they are rounded to three
// decimals, 0 where no step down to 10^-6 fits. The deviation of a leaf of a few steps says little.
func resolution(rows []Row) float64 {
	scale := 1.0
	for range 7 {
		if !slices.ContainsFunc(rows, func(r Row) bool { return !whole(r.Real*scale) || !whole(r.Predict*scale) }) {
			return 1 / scale
		}
		scale *= 10
	}
	return 0
}

func whole(x float64) bool {
	return math.Abs(x-math.Round(x)) <= 1e-9*max(1, math.Abs(x))
}
