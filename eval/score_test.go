package eval_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/evaluation"
	"partnerhub/domain/feedback"
	"partnerhub/eval"
)

// Of five repeats of which four pass, one draws four that pass in one of five ways.
func TestPassOfRepeats(t *testing.T) {
	var all []eval.Result
	for i := range 5 {
		r := eval.Result{Case: "f/a", Way: "hi", Said: []string{"hi"}, Turns: []eval.Played{{Said: "hi", Millis: int64(i + 1), TokensIn: 2, TokensOut: 1, Calls: []feedback.Call{{Tool: "t", Args: json.RawMessage(`{"a":"<b>"}`)}}}}}
		if i == 2 {
			r.Wrong, r.Fault = []string{"<script>"}, eval.Agent
		}
		all = append(all, r, eval.Result{Case: "f/b", Way: "ho", Said: []string{"ho"}})
	}
	rep := eval.Sum(all)
	if math.Abs(rep.Pass1-0.9) > 1e-9 || rep.Pass4 == nil || math.Abs(*rep.Pass4-0.6) > 1e-9 || rep.Faults[eval.Agent] != 1 || rep.Tokens != [2]int{10, 5} || rep.Latency != [2]int64{3, 4} {
		t.Errorf("%+v, pass^4 %v", rep, rep.Pass4)
	}
	kept, err := eval.Kept(all)
	if err != nil || len(kept) != 2 || kept[0].Passed != 4 || !strings.Contains(string(kept[0].Detail), "script") || kept[1].Passed != 5 {
		t.Errorf("%+v %v", kept, err)
	}
	var page bytes.Buffer
	if err := eval.WriteHTML(&page, evaluation.Run{Model: "m"}, map[string]eval.Report{"cases": rep}, all); err != nil {
		t.Fatal(err)
	}
	if html := page.String(); strings.Contains(html, "<script>") || !strings.Contains(html, "&lt;script&gt;") || !strings.Contains(html, "90.0 %") {
		t.Error(html)
	}

	run := evaluation.Run{Repeats: 5}
	after := []evaluation.Result{{Name: kept[0].Name, Passed: 5}, {Name: "f/c: new", Passed: 1}}
	c := evaluation.Compare(run, run, kept, after)
	if c.Counts[evaluation.Better] != 1 || c.Counts[evaluation.Added] != 1 || c.Counts[evaluation.Removed] != 1 || c.Cases[0].Verdict != evaluation.Better {
		t.Errorf("%+v", c)
	}
	if back := evaluation.Compare(run, run, after, kept); back.Cases[0].Verdict != evaluation.Worse {
		t.Errorf("%+v", back)
	}
}

// Who is to blame.
func TestNeverAndAbstain(t *testing.T) {
	call := agent.BatchCall{Name: "query_metrics", Args: json.RawMessage(`{"metrics":["volume"],"period":"today"}`), Result: json.RawMessage(`{}`)}
	for lines, wrong := range map[string]bool{
		"any\nnever query_metrics metrics=volume\n":     true,
		"any\nnever query_metrics metrics=commission\n": false,
		"any\nnever query_metrics\n":                    true,
		"any\nabstain\n":                                true,
	} {
		got := wanted(t, lines).Check(agent.BatchAnswer{Kind: "answer", Calls: []agent.BatchCall{call}})
		if (len(got) > 0) != wrong {
			t.Errorf("%q: %q", lines, got)
		}
	}
	for want, answer := range map[bool]agent.BatchAnswer{
		true:  {Calls: []agent.BatchCall{{Name: "search_rules", Result: json.RawMessage(`{"answered":false}`)}}},
		false: {Calls: []agent.BatchCall{{Name: "search_rules", Result: json.RawMessage(`{"answered":true}`)}}, Error: &domain.Error{}},
	} {
		if eval.Abstained(answer) != want {
			t.Errorf("%+v", answer)
		}
	}
}
