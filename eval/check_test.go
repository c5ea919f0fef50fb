package eval_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/eval"
)

// A case that says too little, or something else than was meant, is refused by file, dialog and line.
func TestParse(t *testing.T) {
	for data, want := range map[string]string{
		"-- a --\ncall query_metrics\n":              `f/a, line 1: "call query_metrics" comes before anybody speaks`,
		"-- a --\n> hi\n\n# no\nclal x\n":            `f/a, line 4: unknown word "clal"`,
		"-- a --\n> hi\ncall query_metrics period\n": `f/a, line 2: "period": want argument=value`,
		"-- a --\n>\n":                                         `f/a, line 1: ">" says nothing`,
		"-- a --\n# nothing\n":                                 `f/a: nobody says anything`,
		"-- a --\n> hi\n-- a --\n> ho\n":                       `f/a: there are two of that name`,
		"-- a --\n> hi\nor ho\ncall t a=b|c d=* e=- ...\n":     "",
		"words before the first dialog\n-- a --\n> hi there\n": "",
	} {
		got := ""
		if _, err := eval.Parse("f", []byte(data)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}

// wanted is the want of the first turn of a dialog with these lines.
func wanted(t *testing.T, lines string) eval.Want {
	t.Helper()
	cases, err := eval.Parse("f", []byte("-- a --\n> hi\n"+lines))
	if err != nil {
		t.Fatal(err)
	}
	return cases[0].Turns[0].Want
}

// TestCheck holds answers that are wrong in one way each against what is wanted: each is found out, and a right one is not.
func TestCheck(t *testing.T) {
	result := json.RawMessage(`{"rows":[{"commission":"12.5"}]}`)
	right := func() agent.BatchAnswer {
		return agent.BatchAnswer{Kind: "answer", Text: "Commission: 12.5 USDT.", Options: []string{"Futures"},
			Calls: []agent.BatchCall{{Name: "query_metrics", Args: json.RawMessage(`{"metrics":["commission","volume"],"period":"this_week","limit":5}`), Result: result}},
			Cards: []json.RawMessage{json.RawMessage(`{"kind":"metrics","tool":"query_metrics","data":{"rows":[{"commission":"12.5"}]}}`)}}
	}
	want := wanted(t, "kind answer\ncall query_metrics|leaderboard metrics=commission,volume period=today|this_week limit=* product=-\n"+
		"card metrics\noption Futures\ntext commission\nnot spot\n")
	if wrong := want.Check(right()); len(wrong) > 0 {
		t.Fatalf("a right answer: %q", wrong)
	}
	args := func(s string) func(*agent.BatchAnswer) {
		return func(a *agent.BatchAnswer) { a.Calls[0].Args = json.RawMessage(s) }
	}
	for name, tt := range map[string]struct {
		spoil func(*agent.BatchAnswer)
		found string
	}{
		"kind":           {func(a *agent.BatchAnswer) { a.Kind = "clarify" }, `kind is "clarify", want "answer"`},
		"no call":        {func(a *agent.BatchAnswer) { a.Calls = nil; a.Cards = nil }, "query_metrics|leaderboard was not called"},
		"another call":   {func(a *agent.BatchAnswer) { a.Calls = append(a.Calls, a.Calls[0]) }, "which nobody asked for"},
		"other value":    {args(`{"metrics":["commission","volume"],"period":"last_week","limit":5}`), `period is "last_week", want today|this_week`},
		"other order":    {args(`{"metrics":["volume","commission"],"period":"today","limit":5}`), "metrics is"},
		"left out":       {args(`{"metrics":["commission","volume"],"period":"today"}`), "limit is left out, want *"},
		"must not be":    {args(`{"metrics":["commission","volume"],"period":"today","limit":5,"product":"spot"}`), `product is "spot", want -`},
		"not named":      {args(`{"metrics":["commission","volume"],"period":"today","limit":5,"uid":1}`), "uid is 1, which nobody asked for"},
		"no object":      {args(`[]`), "arguments are no object"},
		"no card":        {func(a *agent.BatchAnswer) { a.Cards = nil }, "cards are [], want [metrics]"},
		"figure on card": {func(a *agent.BatchAnswer) { a.Calls[0].Result = json.RawMessage(`{"rows":[{"commission":"12.6"}]}`) }, "a card shows what query_metrics did not return"},
		"card of another": {func(a *agent.BatchAnswer) {
			a.Cards[0] = json.RawMessage(`{"kind":"metrics","tool":"leaderboard","data":{}}`)
		}, "a card shows what leaderboard did not return"},
		"option":  {func(a *agent.BatchAnswer) { a.Options = nil }, `no option "Futures"`},
		"text":    {func(a *agent.BatchAnswer) { a.Text = "Yes." }, `does not say "commission"`},
		"not":     {func(a *agent.BatchAnswer) { a.Text += " Spot." }, `the answer says "spot"`},
		"handoff": {func(a *agent.BatchAnswer) { a.Handoff = &agent.BatchHandoff{Category: "finance"} }, `handed off as "finance", want ""`},
		"failure": {func(a *agent.BatchAnswer) { a.Error = &domain.Error{Message: "down"} }, "it failed: down"},
	} {
		got := right()
		tt.spoil(&got)
		if wrong := strings.Join(want.Check(got), "\n"); !strings.Contains(wrong, tt.found) {
			t.Errorf("%s: %q, want %q", name, wrong, tt.found)
		}
	}
	if wrong := wanted(t, "handoff finance\nmissing start,end\n").Check(agent.BatchAnswer{Pending: json.RawMessage(`{"missing":["start"]}`)}); len(wrong) != 2 {
		t.Errorf("no handoff and another slot missing: %q", wrong)
	}
}

// TestSum: two calls of one tool do not answer for each other, a turn that was right stays so, and an argument that nobody
// asked for counts.
func TestSum(t *testing.T) {
	call := func(tool, period string) eval.Call {
		return eval.Call{Tool: tool, Args: map[string]string{"period": period}}
	}
	rep := eval.Sum([]eval.Result{
		{Calls: [][]eval.Call{{call("a", "today")}, {call("a", "yesterday")}}, Wrong: []string{"a was not called"}},
		{Calls: [][]eval.Call{{call("b", "today"), call("b", "yesterday")}}, Wrong: []string{`b: period is "x", want today`, "b: uid is 1, which nobody asked for"}},
		{Calls: [][]eval.Call{{call("b", "today")}}},
	})
	if rep.Dialogs != (eval.Score{Right: 1, Total: 3}) || *rep.Tools["a"] != (eval.Score{Right: 1, Total: 2}) || *rep.Tools["b"] != (eval.Score{Right: 3, Total: 3}) ||
		*rep.Args["period"] != (eval.Score{Right: 3, Total: 4}) || *rep.Args["uid"] != (eval.Score{Total: 1}) {
		t.Errorf("%+v: tools a %+v, b %+v; period %+v, uid %+v", rep.Dialogs, rep.Tools["a"], rep.Tools["b"], rep.Args["period"], rep.Args["uid"])
	}
	if sum := eval.Total(rep.Tools); sum != (eval.Score{Right: 4, Total: 5}) {
		t.Errorf("all tools: %+v", sum)
	}
}

// Names tell cases apart, and the two sets.
func TestNames(t *testing.T) {
	shipped, err := eval.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	measured, err := eval.Measured()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range slices.Concat(shipped, measured) {
		if c.Measured != strings.HasPrefix(c.Name, "measured/") || slices.Contains(names, c.Name) {
			t.Errorf("%s, measured: %v", c.Name, c.Measured)
		}
		names = append(names, c.Name)
	}
}
