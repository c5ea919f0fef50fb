package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func devScore(t *testing.T, path string) score {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := RunFile(bytes.NewReader(text), &out); err != nil {
		t.Fatal(err)
	}
	var sc score
	in, got := bufio.NewScanner(bytes.NewReader(text)), bufio.NewScanner(&out)
	in.Buffer(nil, maxLine)
	for in.Scan() {
		got.Scan()
		var want struct {
			ID    string
			Truth []string
		}
		var have struct {
			ID     string
			Causes []string
		}
		json.Unmarshal(in.Bytes(), &want)
		json.Unmarshal(got.Bytes(), &have)
		var cs []Cause
		for _, c := range have.Causes {
			var cause Cause
			for _, p := range strings.Split(c, "&") {
				a, b, _ := strings.Cut(p, "=")
				cause = append(cause, Pair{a, b})
			}
			cs = append(cs, cause)
		}
		if !sc.add(cs, want.Truth) {
			t.Logf("%s: got %v, want %v", want.ID, have.Causes, want.Truth)
		}
	}
	return sc
}

func TestDev(t *testing.T) {
	for _, f := range []string{"P1", "P2"} {
		sc := devScore(t, "/work/shared/data/causes-dev/"+f+".jsonl")
		t.Logf("%s: precision %.3f recall %.3f F1 %.3f", f, sc.precision(), sc.recall(), sc.f1())
	}
}
