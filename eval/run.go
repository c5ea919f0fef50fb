package eval

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"partnerhub/agent"
	"partnerhub/demo"
	"partnerhub/domain"
)

// Result is one way of saying a dialog, and how it went.
type Result struct {
	Case  string   `json:"case"`
	Said  []string `json:"said"`            // the turns, up to the last one that was run
	Wrong []string `json:"wrong,omitempty"` // of its last turn; the dialog ends there
	Calls []Call   `json:"-"`               // wanted, of all turns
	// Fallback says why the offline planner took over in one of the turns, if it did.
	Fallback string `json:"fallback,omitempty"`
}

// Passed reports whether every turn came to what it must.
func (r Result) Passed() bool { return len(r.Wrong) == 0 }

// Run plays a case as the caller, in each of its ways of saying it, each in a conversation of its own: one way differs
// from the first in one turn. The error is ctx's.
func Run(ctx context.Context, a *agent.Agent, c domain.Caller, k Case) ([]Result, error) {
	var out []Result
	for _, said := range ways(k) {
		r := Result{Case: k.Name}
		thread := ""
		for i, text := range said {
			want := k.Turns[i].Want
			r.Said, r.Calls = said[:i+1], append(r.Calls, want.Calls...)
			var answer agent.BatchAnswer
			var err error
			answer, thread, err = a.AskTurn(ctx, c, thread, text)
			switch {
			case ctx.Err() != nil:
				return out, ctx.Err()
			case err != nil:
				r.Wrong = []string{"the message was refused: " + err.Error()}
			default:
				r.Wrong = want.Check(answer)
			}
			if answer.Fallback != "" {
				r.Fallback = answer.Fallback
			}
			if !r.Passed() {
				break
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// ways are the texts of the dialog's turns: the first of each, and then one alternative at a time.
func ways(k Case) [][]string {
	first := make([]string, len(k.Turns))
	for i, t := range k.Turns {
		first[i] = t.Says[0]
	}
	all := [][]string{first}
	for i, t := range k.Turns {
		for _, other := range t.Says[1:] {
			way := slices.Clone(first)
			way[i] = other
			all = append(all, way)
		}
	}
	return all
}

// Score counts what was right.
type Score struct {
	Right int `json:"right"`
	Total int `json:"total"`
}

func (s *Score) count(right bool) {
	s.Total++
	if right {
		s.Right++
	}
}

// Share is the part that was right, 0 to 1; 1 of nothing.
func (s Score) Share() float64 {
	if s.Total == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Total)
}

// Report sums results up: by dialog as a whole, by tool that should have been called, and by argument of those that were.
type Report struct {
	Dialogs Score             `json:"dialogs"`
	Tools   map[string]*Score `json:"tools"`
	Args    map[string]*Score `json:"args"`
}

// Sum makes the report. A tool that was called with wrong arguments counts as right; the arguments then do not.
func Sum(results []Result) Report {
	rep := Report{Tools: map[string]*Score{}, Args: map[string]*Score{}}
	score := func(m map[string]*Score, key string) *Score {
		if m[key] == nil {
			m[key] = &Score{}
		}
		return m[key]
	}
	for _, r := range results {
		rep.Dialogs.count(r.Passed())
		for _, c := range r.Calls {
			missed := slices.Contains(r.Wrong, c.Tool+" was not called")
			score(rep.Tools, c.Tool).count(!missed)
			if missed {
				continue
			}
			for _, arg := range slices.Sorted(maps.Keys(c.Args)) {
				wrong := slices.ContainsFunc(r.Wrong, func(w string) bool { return strings.HasPrefix(w, c.Tool+": "+arg+" is ") })
				score(rep.Args, arg).count(!wrong)
			}
		}
	}
	return rep
}

// Program is the demo program that the cases are about, and Now in it the instant at which they are asked.
func Program() demo.Config {
	return demo.Config{Seed: 1, Referees: 200, Now: time.Date(2026, 11, 19, 15, 0, 0, 0, time.UTC)}
}
