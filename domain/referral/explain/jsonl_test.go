package explain

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"partnerhub/domain"
)

// TestMeasured holds the search against tables of RiskLoc's generator (see testdata/NOTICE): what it finds must be the
// planted causes exactly. The aims are 0.90 on one column and 0.75 on two.
func TestMeasured(t *testing.T) {
	for file, aim := range map[string]float64{"P1": 0.97, "P2": 0.95} {
		f, err := os.Open("testdata/" + file + ".jsonl.gz")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		unzipped, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unzipped)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := RunFile(bytes.NewReader(text), &out); err != nil {
			t.Fatal(err)
		}
		var right, said, truth int
		in, got := bufio.NewScanner(bytes.NewReader(text)), bufio.NewScanner(&out)
		in.Buffer(nil, maxLine)
		for in.Scan() && got.Scan() {
			var want struct {
				ID    string   `json:"id"`
				Truth []string `json:"truth"`
			}
			var have struct {
				ID     string   `json:"id"`
				Causes []string `json:"causes"`
			}
			if err := json.Unmarshal(in.Bytes(), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(got.Bytes(), &have); err != nil {
				t.Fatal(err)
			}
			if have.ID != want.ID {
				t.Fatalf("answer to %s where %s was asked", have.ID, want.ID)
			}
			for _, c := range have.Causes {
				if slices.Contains(want.Truth, c) {
					right++
				}
			}
			said += len(have.Causes)
			truth += len(want.Truth)
		}
		f1 := 2 * float64(right) / float64(said+truth)
		t.Logf("%s: %d of %d causes found, %d said, F1 %.3f", file, right, truth, said, f1)
		if truth < 20 || f1 < aim {
			t.Errorf("%s: F1 %.3f over %d causes, want %.2f", file, f1, truth, aim)
		}
	}
}

// grid is one line with 6 × 6 rows, in which every row of a=a2 has lost half.
func gridLine() string {
	var rows []string
	for _, a := range "123456" {
		for _, b := range "123456" {
			real := "101"
			if (a+b)%2 == 0 {
				real = "99"
			}
			if a == '2' {
				real = "50"
			}
			rows = append(rows, `["a`+string(a)+`",`+string(b)+`,`+real+`,1e2]`)
		}
	}
	return `{"id":7,"truth":["x"],"columns":["a","b&c","real","predict"],"rows":[` + strings.Join(rows, ",") + `]}`
}

func TestRunFile(t *testing.T) {
	var out strings.Builder
	in := gridLine() + "\n\n" + `{"id":"e","columns":["predict","a","real"],"rows":[]}` + "\r\n" + strings.ReplaceAll(gridLine(), `"b&c"`, `"b"`)
	if err := RunFile(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := `{"id":7,"causes":["a=a2"]}` + "\n" + `{"id":"e","causes":[]}` + "\n" + `{"id":7,"causes":["a=a2"]}` + "\n"
	if out.String() != want {
		t.Errorf("got %s, want %s", out.String(), want)
	}
}

func TestRunFileRefuses(t *testing.T) {
	for text, want := range map[string]struct {
		field string
		code  domain.Code
	}{
		`{"id":1`: {"line 2", domain.CodeInvalid},
		`[]`:      {"line 2", domain.CodeInvalid},
		`{"columns":["a","real","predict"],"rows":[]}`:                                      {"line 2 id", domain.CodeInvalid},
		`{"id":1,"columns":["a","predict"],"rows":[]}`:                                      {"line 2 columns", domain.CodeInvalid},
		`{"id":1,"columns":["real","predict"],"rows":[[1,2]]}`:                              {"line 2 columns", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[["x",1,2],["x",1]]}`:              {"line 2 rows[1]", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[["x",1,2],["x",NaN,1]]}`:          {"line 2", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[["x",1,2],["x","NaN",1]]}`:        {"line 2 rows[1].real", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[["x",1,1e999]]}`:                  {"line 2 rows[0].predict", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[["x",1,1e305]]}`:                  {"line 2 rows[0].predict", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[["x",1,null]]}`:                   {"line 2 rows[0].predict", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[[null,1,2]]}`:                     {"line 2 rows[0].a", domain.CodeInvalid},
		`{"id":1,"columns":["a","real","predict"],"rows":[[["x"],1,2]]}`:                    {"line 2 rows[0].a", domain.CodeInvalid},
		`{"id":1,"columns":"a","rows":[]}`:                                                  {"line 2 columns", domain.CodeInvalid},
		`{"id":1,"columns":[` + strings.Repeat(`"c",`, 40) + `"real","predict"],"rows":[]}`: {"line 2 columns", domain.CodeTooLarge},
	} {
		var out strings.Builder
		err := RunFile(strings.NewReader(gridLine()+"\n"+text+"\n"+gridLine()), &out)
		var e *domain.Error
		if !errors.As(err, &e) || e.Field != want.field || e.Code != want.code {
			t.Errorf("%.80s: got %#v, want %v", text, err, want)
		}
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%.80s: wrote %q, want the line before it alone", text, out.String())
		}
	}
}

func FuzzRunFile(f *testing.F) {
	f.Add(gridLine())
	f.Add(`{"id":1,"columns":["a","real","predict"],"rows":[["x",-1e-320,2],[true,0,-0]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		if err := RunFile(strings.NewReader(text), &out); err != nil {
			var e *domain.Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.Field, "line ") {
				t.Fatalf("error %v names no line", err)
			}
		}
		for line := range bytes.Lines(out.Bytes()) {
			if !json.Valid(line) {
				t.Fatalf("not JSON: %q", line)
			}
		}
	})
}
