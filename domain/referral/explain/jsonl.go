package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"partnerhub/domain"
)

// maxLine bounds one line of a file of tables, in bytes: about a million rows.
const maxLine = 256 << 20

// line is one table of a file (SPEC 13). Other fields, such as a known truth, are ignored.
type line struct {
	ID      json.RawMessage     `json:"id"`
	Columns []string            `json:"columns"`
	Rows    [][]json.RawMessage `json:"rows"`
}

// RunFile reads tables, one JSON object a line: {"id","columns","rows"}, where two of the columns are real and predict
// and hold numbers, and the others are attributes. For each it writes {"id","causes":["b=b2","a=a1&c=c3"]}, the
// strongest cause first, as soon as it is found. Empty lines are skipped. It stops at the first line that is wrong; the
// error is domain.CodeInvalid or domain.CodeTooLarge, its message begins with the line's number, counted from 1, and
// its field names the place in that line. Errors of r and w are passed on.
func RunFile(r io.Reader, w io.Writer) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), maxLine)
	number := 0
	for in.Scan() {
		number++
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		if err := runLine(in.Bytes(), w); err != nil {
			return atLine(number, err)
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return atLine(number+1, domain.Errorf(domain.CodeTooLarge, "", "longer than %d MiB", maxLine>>20))
	}
	return in.Err()
}

func atLine(number int, err error) error {
	var e *domain.Error
	if !errors.As(err, &e) {
		return err
	}
	field := e.Field
	if field != "" {
		field = " " + field
	}
	return &domain.Error{Code: e.Code, Field: fmt.Sprintf("line %d%s", number, field), Message: e.Message}
}

func runLine(text []byte, w io.Writer) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return domain.Invalid(kind.Field, "a JSON %s is not what belongs here", kind.Value)
		}
		return domain.Invalid("", "not a JSON object: %v", err)
	}
	t, err := l.table()
	if err != nil {
		return err
	}
	causes, err := Causes(t)
	if err != nil {
		return err
	}
	out := struct {
		ID     json.RawMessage `json:"id"`
		Causes []string        `json:"causes"`
	}{l.ID, make([]string, len(causes))}
	for i, c := range causes {
		out.Causes[i] = c.String()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // & joins the attributes of a cause
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// table finds the two columns of numbers and reads the rows.
func (l line) table() (Table, error) {
	var t Table
	if len(l.ID) == 0 {
		return t, domain.Invalid("id", "missing")
	}
	realAt, predictAt := slices.Index(l.Columns, "real"), slices.Index(l.Columns, "predict")
	switch {
	case realAt < 0:
		return t, domain.Invalid("columns", `no column "real"`)
	case predictAt < 0:
		return t, domain.Invalid("columns", `no column "predict"`)
	}
	for i, c := range l.Columns {
		if i != realAt && i != predictAt {
			t.Columns = append(t.Columns, c)
		}
	}
	t.Rows = make([]Row, len(l.Rows))
	for i, cells := range l.Rows {
		if len(cells) != len(l.Columns) {
			return t, domain.Invalid(fmt.Sprintf("rows[%d]", i), "%d values, want %d", len(cells), len(l.Columns))
		}
		r := &t.Rows[i]
		r.Values = make([]string, 0, len(t.Columns))
		for j, cell := range cells {
			var err error
			switch j {
			case realAt:
				err = number(cell, &r.Real)
			case predictAt:
				err = number(cell, &r.Predict)
			default:
				var v string
				if v, err = text(cell); err == nil {
					r.Values = append(r.Values, v)
				}
			}
			if err != nil {
				return t, domain.Invalid(fmt.Sprintf("rows[%d].%s", i, l.Columns[j]), "%v", err)
			}
		}
	}
	return t, nil
}

func number(cell json.RawMessage, into *float64) error {
	if len(cell) == 0 || cell[0] != '-' && (cell[0] < '0' || cell[0] > '9') {
		return fmt.Errorf("%.40s is not a finite number", cell)
	}
	if json.Unmarshal(cell, into) != nil {
		return fmt.Errorf("%.40s is out of range", cell)
	}
	return nil
}

// text takes an attribute as it is written; a number or a truth value by its letters.
func text(cell json.RawMessage) (string, error) {
	switch cell[0] {
	case '"':
		var s string
		err := json.Unmarshal(cell, &s)
		return s, err
	case '{', '[', 'n':
		return "", fmt.Errorf("%.40s is not a text", cell)
	}
	return string(cell), nil
}
