package eval_test

import (
	"strings"
	"testing"

	"partnerhub/agent"
	"partnerhub/eval"
)

// The shares of tools and arguments that must be right. What is aimed at is 0.95 and 0.97; these lie below what was reached when the
// set was first played, so that a step back is seen.
const (
	leastTools = 0.90
	leastArgs  = 0.95
)

// TestMeasured plays the labelled set against the offline planner and says how much of it came out right.
func TestMeasured(t *testing.T) {
	cases, err := eval.Measured()
	if err != nil {
		t.Fatal(err)
	}
	a := assistant(t, loaded(t), nil, agent.Limits{})
	var all []eval.Result
	for _, c := range cases {
		results, err := eval.Run(t.Context(), a, partner(), c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, results...)
		for _, r := range results {
			if !r.Passed() {
				t.Logf("%s: %s\n    %s", r.Case, strings.Join(r.Said, " >> "), strings.Join(r.Wrong, "\n    "))
			}
		}
	}
	rep := eval.Sum(all)
	tools, args := eval.Total(rep.Tools), eval.Total(rep.Args)
	t.Logf("%d of %d dialogs, %d of %d tools, %d of %d arguments", rep.Dialogs.Right, rep.Dialogs.Total, tools.Right, tools.Total, args.Right, args.Total)
	if tools.Share() < leastTools || args.Share() < leastArgs {
		t.Errorf("%.3f of the tools and %.3f of the arguments, want %.2f and %.2f", tools.Share(), args.Share(), leastTools, leastArgs)
	}
}
