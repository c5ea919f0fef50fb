package anomalies

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
)

// layouts are the ways to write a timestamp; a number is Unix time in seconds, or in milliseconds from 10^11 on.
// Fractions of a second are taken with each. Where the month and day could be either, the month comes first.
var layouts = []string{
	time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly,
	"2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", "1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006",
}

// maxLine is the longest line of a CSV file, in bytes.
const maxLine = 64 << 10

// RunCSV reads lines of `timestamp,value`, with or without a header, and writes `timestamp,value,score` for each, as
// Detector.Score scores them: in the order in which they come, whatever their times. An empty value or NaN is a
// missing one. Memory does not grow with the number of lines. Errors: domain.CodeInvalid naming the line, after the
// scores of the lines before it, domain.CodeTooLarge for a line of more than 64 KiB, or what r or w returned.
func RunCSV(r io.Reader, w io.Writer) error {
	out := bufio.NewWriter(w)
	err := runCSV(r, out)
	return errors.Join(err, out.Flush())
}

func runCSV(r io.Reader, out *bufio.Writer) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var d Detector
	layout := layouts[0]
	rows, n := 0, 0
	_, _ = out.WriteString("timestamp,value,score\n") // errors come with Flush
	for lines.Scan() {
		n++
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" {
			continue
		}
		at, value, ok := strings.Cut(line, ",")
		if !ok || strings.Contains(value, ",") {
			return invalidLine(n, "expected timestamp,value")
		}
		at, value = unquoted(at), unquoted(value)
		t, known := parseTime(at, &layout)
		v, err := parseValue(value)
		switch {
		case rows == 0 && !known && err != nil && value != "":
			rows++ // a header
			continue
		case !known:
			return invalidLine(n, "%q is not a timestamp", shortened(at))
		case err != nil:
			return invalidLine(n, "%q is not a number", shortened(value))
		}
		rows++
		row := append(out.AvailableBuffer(), at...)
		row = append(row, ',')
		row = append(row, value...)
		row = append(row, ',')
		row = strconv.AppendFloat(row, d.Score(Point{At: t, Value: v}), 'f', 6, 64)
		if _, err := out.Write(append(row, '\n')); err != nil {
			break // Flush returns it
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return domain.Errorf(domain.CodeTooLarge, fmt.Sprintf("line %d", n+1), "longer than %d bytes", maxLine)
	}
	return lines.Err()
}

func invalidLine(n int, format string, args ...any) error {
	return domain.Invalid(fmt.Sprintf("line %d", n), format, args...)
}

func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}

func shortened(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// parseTime tries the layout that was right the last time first.
func parseTime(s string, layout *string) (time.Time, bool) {
	if t, err := time.Parse(*layout, s); err == nil {
		return t, true
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			*layout = l
			return t, true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(math.Abs(f) < 1e15) {
		return time.Time{}, false
	}
	if math.Abs(f) >= 1e11 {
		f /= 1000
	}
	return time.UnixMilli(int64(f * 1000)).UTC(), true
}

func parseValue(s string) (float64, error) {
	if s == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && math.IsInf(v, 0) {
		err = strconv.ErrRange
	}
	return v, err
}
