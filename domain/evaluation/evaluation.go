// Package evaluation holds runs of the assistant's cases, and how two of them compare.
package evaluation

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Run is one run of the cases, as it is kept.
type Run struct {
	ID        int64           `json:"id"`
	StartedAt time.Time       `json:"startedAt"`
	EndedAt   time.Time       `json:"endedAt"`
	Model     string          `json:"model"`
	Prompts   string          `json:"prompts"` // the prompts' fingerprint
	Repeats   int             `json:"repeats"`
	Note      string          `json:"note,omitempty"`
	Report    json.RawMessage `json:"report"` // eval.Report by set
}

// Result is how one way of saying a case went.
type Result struct {
	Name   string          `json:"name"`
	Passed int             `json:"passed"` // of the run's repeats
	Detail json.RawMessage `json:"detail"` // eval.Result of the first repeat that failed, or else of the first
}

// Verdict says how a case went in B, beside A.
type Verdict string

// The verdicts.
const (
	Better  Verdict = "better"
	Worse   Verdict = "worse"
	Same    Verdict = "same"
	Added   Verdict = "added"   // only in B
	Removed Verdict = "removed" // only in A
)

// Pair is a case in two runs. A share is of the repeats that passed, 0 to 1; it is null where the case was not played.
type Pair struct {
	Name    string          `json:"name"`
	Verdict Verdict         `json:"verdict"`
	A       *float64        `json:"a"`
	B       *float64        `json:"b"`
	DetailA json.RawMessage `json:"detailA,omitempty"` // of those that differ
	DetailB json.RawMessage `json:"detailB,omitempty"`
}

// Comparison is two runs, case by case: what got worse first.
type Comparison struct {
	A      Run             `json:"a"`
	B      Run             `json:"b"`
	Counts map[Verdict]int `json:"counts"`
	Cases  []Pair          `json:"cases"`
}

// Compare holds run b against run a.
func Compare(a, b Run, as, bs []Result) Comparison {
	out := Comparison{A: a, B: b, Counts: map[Verdict]int{}, Cases: []Pair{}}
	share := func(r Result, repeats int) *float64 {
		v := float64(r.Passed) / float64(max(repeats, 1))
		return &v
	}
	before := map[string]Result{}
	for _, r := range as {
		before[r.Name] = r
	}
	for _, r := range bs {
		p := Pair{Name: r.Name, Verdict: Added, B: share(r, b.Repeats), DetailB: r.Detail}
		if was, ok := before[r.Name]; ok {
			p.A, p.DetailA = share(was, a.Repeats), was.Detail
			switch cmp.Compare(*p.B, *p.A) {
			case 0:
				p.Verdict, p.DetailA, p.DetailB = Same, nil, nil
			case 1:
				p.Verdict = Better
			default:
				p.Verdict = Worse
			}
			delete(before, r.Name)
		}
		out.Cases = append(out.Cases, p)
	}
	for _, r := range as {
		if _, left := before[r.Name]; left {
			out.Cases = append(out.Cases, Pair{Name: r.Name, Verdict: Removed, A: share(r, a.Repeats), DetailA: r.Detail})
		}
	}
	order := []Verdict{Worse, Better, Removed, Added, Same}
	slices.SortStableFunc(out.Cases, func(x, y Pair) int {
		return cmp.Or(cmp.Compare(slices.Index(order, x.Verdict), slices.Index(order, y.Verdict)), cmp.Compare(x.Name, y.Name))
	})
	for _, p := range out.Cases {
		out.Counts[p.Verdict]++
	}
	return out
}
