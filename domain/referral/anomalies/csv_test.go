package anomalies

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
)

func TestRunCSVEchoesAndScores(t *testing.T) {
	var in, want strings.Builder
	in.WriteString("\ufefftimestamp,value\r\n")
	var d Detector
	want.WriteString("timestamp,value,score\n")
	for i, p := range made(1, 900, 5*time.Minute, func(i int, _ time.Time) float64 { return 20 * hit(i == 700) }) {
		at, v := p.At.Format(time.DateTime), strconv.FormatFloat(p.Value, 'f', 3, 64)
		p.Value, _ = strconv.ParseFloat(v, 64)
		if i == 400 {
			v, p.Value = "", math.NaN()
		}
		fmt.Fprintf(&in, "%s,%s\r\n", at, v)
		fmt.Fprintf(&want, "%s,%s,%.6f\n", at, v, d.Score(p))
	}
	var out strings.Builder
	if err := RunCSV(strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want.String() {
		t.Error("not what Score says")
	}
	if line := strings.Split(out.String(), "\n")[701]; !strings.HasPrefix(line, "2026-03-04 10:20:00,") || line[strings.LastIndexByte(line, ',')+1:] < "0.5" {
		t.Errorf("the spike is %s", line)
	}
}

func TestRunCSVReadsManyTimestamps(t *testing.T) {
	for _, at := range []string{"2026-03-02 10:00:00", "2026-03-02 10:00:00.000000", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00+02:00",
		"2026-03-02T10:00:00", "2026-03-02 10:00", "2026/03/02 10:00:00", "3/2/2026 10:00", "1772445600", "1772445600000", `"2026-03-02 10:00:00"`} {
		layout := layouts[0]
		got, ok := parseTime(unquoted(at), &layout)
		if want := start.Add(10 * time.Hour); !ok || !got.Equal(want) {
			t.Errorf("%s is %v", at, got)
		}
		var out strings.Builder
		if err := RunCSV(strings.NewReader(at+",1\n"), &out); err != nil || strings.Count(out.String(), "\n") != 2 {
			t.Errorf("%s: %v, %q", at, err, out.String())
		}
	}
}

func TestRunCSVNamesTheBadLine(t *testing.T) {
	const good = "2026-03-02 10:00:00,1\n"
	for _, c := range []struct {
		in, field string
		code      domain.Code
	}{
		{"time,value\n" + good + "yesterday,3\n", "line 3", domain.CodeInvalid},
		{good + "2026-03-02 10:05:00,many\n", "line 2", domain.CodeInvalid},
		{good + "\n2026-03-02 10:05:00\n", "line 3", domain.CodeInvalid},
		{good + "2026-03-02 10:05:00,1,2\n", "line 2", domain.CodeInvalid},
		{good + "2026-03-02 10:05:00,Inf\n", "line 2", domain.CodeInvalid},
		{good + "2026-03-02 10:05:00,1e999\n", "line 2", domain.CodeInvalid},
		{"2026-03-02 10:05:00,value\n" + good, "line 1", domain.CodeInvalid},
		{"time,value\ntime,value\n", "line 2", domain.CodeInvalid},
		{good + strings.Repeat("7", maxLine+1), "line 2", domain.CodeTooLarge},
	} {
		err := RunCSV(strings.NewReader(c.in), io.Discard)
		var e *domain.Error
		if !errors.As(err, &e) || e.Field != c.field || e.Code != c.code {
			t.Errorf("%.60q: %v, want %s on %s", c.in, err, c.code, c.field)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRunCSVReturnsWhatTheWriterReturned(t *testing.T) {
	if err := RunCSV(strings.NewReader(strings.Repeat("2026-03-02 10:00:00,1\n", 5000)), broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

// Any text gives a score within bounds for each row, or an error that names a line.
func FuzzRunCSV(f *testing.F) {
	f.Add("timestamp,value\n2026-03-02 10:00:00,1\n2026-03-02 10:05:00,\n")
	f.Add("2026-03-02T10:00:00Z,1e300\n1772445600,-1\n\"x\",\"y\"\n")
	f.Add(strings.Repeat("2026-03-02,0\n", 80) + "2026-03-02,1e308\n2026-03-02,-1e308\n")
	f.Fuzz(func(t *testing.T, in string) {
		var out strings.Builder
		err := RunCSV(strings.NewReader(in), &out)
		var e *domain.Error
		if err != nil && (!errors.As(err, &e) || !strings.HasPrefix(e.Field, "line ")) {
			t.Fatalf("error %v", err)
		}
		rows := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if rows[0] != "timestamp,value,score" {
			t.Fatalf("header %q", rows[0])
		}
		for _, row := range rows[1:] {
			s, err := strconv.ParseFloat(row[strings.LastIndexByte(row, ',')+1:], 64)
			if err != nil || !(s >= 0 && s <= 1) {
				t.Fatalf("row %q", row)
			}
		}
	})
}
