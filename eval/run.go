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
	Calls [][]Call `json:"-"`               // wanted, by turn
	// Measured is the case's.
	Measured bool `json:"measured,omitempty"`
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
		r := Result{Case: k.Name, Measured: k.Measured}
		thread := ""
		for i, text := range said {
			want := k.Turns[i].Want
			r.Said, r.Calls = said[:i+1], append(r.Calls, want.Calls)
			var answer agent.BatchAnswer
			var err error
			answer, thread, err = a.AskTurn(ctx, c, thread, text)
			switch {
			case ctx.Err() != nil:
				return out, ctx.Err()
			case err != nil:
				r.Wrong = append([]string{"the message was refused: " + err.Error()}, want.Check(answer)...)
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

// Sum makes the report. A tool that was called with wrong arguments counts as right; the arguments then do not, and one that
// nobody asked for is wrong too. What came before a dialog's last turn was right, or there would have been no later one.
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
		for i, turn := range r.Calls {
			wrong := []string(nil)
			if i == len(r.Calls)-1 {
				wrong = slices.Clone(r.Wrong)
			}
			// Each finding is about one call: two calls of the same tool must not both answer for it.
			found := func(prefix string) bool {
				at := slices.IndexFunc(wrong, func(w string) bool { return strings.HasPrefix(w, prefix) })
				if at >= 0 {
					wrong = slices.Delete(wrong, at, at+1)
				}
				return at >= 0
			}
			for _, c := range turn {
				missed := found(c.Tool + " was not called")
				score(rep.Tools, c.Tool).count(!missed)
				if missed {
					continue
				}
				for _, arg := range slices.Sorted(maps.Keys(c.Args)) {
					score(rep.Args, arg).count(!found(c.Tool + ": " + arg + " is "))
				}
			}
			for _, w := range wrong {
				if tool, rest, ok := strings.Cut(w, ": "); ok && strings.HasSuffix(w, unasked) && slices.ContainsFunc(turn, func(c Call) bool { return c.Tool == tool }) {
					arg, _, _ := strings.Cut(rest, " is ")
					score(rep.Args, arg).count(false)
				}
			}
		}
	}
	return rep
}

// Total adds scores up.
func Total(scores map[string]*Score) (sum Score) {
	for _, s := range scores {
		sum.Right, sum.Total = sum.Right+s.Right, sum.Total+s.Total
	}
	return sum
}

// Program is the demo program that the cases are about, and Now in it the instant at which they are asked.
func Program() demo.Config {
	return demo.Config{Seed: 1, Referees: 200, Now: time.Date(2026, 11, 19, 15, 0, 0, 0, time.UTC)}
}
