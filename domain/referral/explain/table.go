package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"partnerhub/domain"
)

// The limits of one table.
const (
	MaxColumns = 32
	MaxRows    = 1_000_000
)

// Table is a table of leaves: each row has one value for each column, what was seen and what was expected.
type Table struct {
	Columns []string // the names of the attributes, at least one, all different
	Rows    []Row    // rows with the same values are summed
}

// Row is one leaf.
type Row struct {
	Values        []string // one for each column
	Real, Predict float64  // seen and expected; finite, of any sign
}

// Pair is one attribute of a cause.
type Pair struct {
	Column, Value string
}

// Cause is a combination of attributes whose leaves deviate together. Its pairs stand in the order of the table's
// columns.
type Cause []Pair

// String is the form of SPEC 13: a=a1&c=c3.
func (c Cause) String() string {
	parts := make([]string, len(c))
	for i, p := range c {
		parts[i] = p.Column + "=" + p.Value
	}
	return strings.Join(parts, "&")
}

// check names what is wrong with a table: the error is domain.CodeInvalid or domain.CodeTooLarge on a field such as
// rows[3].real.
func (t Table) check() error {
	switch {
	case len(t.Columns) == 0:
		return domain.Invalid("columns", "no attribute, want at least one")
	case len(t.Columns) > MaxColumns:
		return domain.Errorf(domain.CodeTooLarge, "columns", "%d attributes, at most %d", len(t.Columns), MaxColumns)
	case len(t.Rows) > MaxRows:
		return domain.Errorf(domain.CodeTooLarge, "rows", "%d rows, at most %d", len(t.Rows), MaxRows)
	}
	for i, c := range t.Columns {
		if c == "" {
			return domain.Invalid(fmt.Sprintf("columns[%d]", i), "empty name")
		}
		if slices.Contains(t.Columns[:i], c) {
			return domain.Invalid(fmt.Sprintf("columns[%d]", i), "%q stands twice", c)
		}
	}
	for i, r := range t.Rows {
		if len(r.Values) != len(t.Columns) {
			return domain.Invalid(fmt.Sprintf("rows[%d]", i), "%d attributes, want %d", len(r.Values), len(t.Columns))
		}
		if err := finite(i, "real", r.Real); err != nil {
			return err
		}
		if err := finite(i, "predict", r.Predict); err != nil {
			return err
		}
	}
	return nil
}

// maxValue bounds a value, so that no sum overflows.
const maxValue = 1e300

func finite(row int, field string, v float64) error {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return domain.Invalid(fmt.Sprintf("rows[%d].%s", row, field), "%v is not a finite number", v)
	case math.Abs(v) > maxValue:
		return domain.Invalid(fmt.Sprintf("rows[%d].%s", row, field), "%g is beyond %g", v, maxValue)
	}
	return nil
}
