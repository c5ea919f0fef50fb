package eval_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
	mt "partnerhub/agent/modeltest"
	"partnerhub/eval"
)

// usual is what the scripted model takes where a case leaves an argument open.
var usual = map[string]string{"metrics": "deposits", "period": "last_7_days", "kind": "volume_drop", "groupBy": "day", "query": "when is commission settled", "goal": "new users"}

// argsOf writes the arguments of a wanted call, the first of several that are right, as a model would.
func argsOf(t *testing.T, c eval.Call) string {
	args := map[string]any{}
	for name, want := range c.Args {
		value := strings.Split(want, "|")[0]
		if value == "*" {
			if value = usual[name]; value == "" || strings.Contains(want, "-") {
				continue
			}
		}
		switch name {
		case "metrics":
			args[name] = strings.Split(value, ",")
		case "uid", "subPartnerUid", "limit", "vipMin":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			args[name] = n
		case "traded", "deposited":
			args[name] = value == "true"
		default:
			if value != "-" {
				args[name] = value
			}
		}
	}
	b, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fault is what goes wrong with the model's first answer of a dialog. It has the steps before the turn's good ones, or
// instead of them; degraded says that the offline planner has to finish the turn.
type fault struct {
	name     string
	steps    func(good []mt.Step, first mt.Call) []mt.Step
	degraded bool
}

var faults = []fault{
	{"nothing, parallel calls interleaved", func(good []mt.Step, _ mt.Call) []mt.Step { return good }, false},
	{"429 with Retry-After", func(good []mt.Step, _ mt.Call) []mt.Step { return append([]mt.Step{mt.RateLimited("0")}, good...) }, false},
	{"500 once", func(good []mt.Step, _ mt.Call) []mt.Step {
		return append([]mt.Step{mt.Status(500, "overloaded")}, good...)
	}, false},
	{"500 for good", func([]mt.Step, mt.Call) []mt.Step {
		return []mt.Step{mt.Status(500, "overloaded"), mt.Status(500, "overloaded")}
	}, true},
	{"a cut stream", func([]mt.Step, mt.Call) []mt.Step {
		return []mt.Step{mt.Stream(mt.Chunk("Let me look that up. "), mt.Chunk("It is"), mt.Cut()), mt.Stream(mt.Chunk("Let me"), mt.Cut())}
	}, true},
	{"an end without finish_reason", func(_ []mt.Step, first mt.Call) []mt.Step {
		return []mt.Step{mt.Stream(mt.ToolDelta(fmt.Sprintf(`{"index":0,"id":"x","type":"function","function":{"name":%q,"arguments":%q}}`, first.Name, first.Args)), mt.Done()),
			mt.Stream(mt.Chunk("Well"), mt.Done())}
	}, true},
	{"a stall", func([]mt.Step, mt.Call) []mt.Step {
		return []mt.Step{mt.Stream(mt.Chunk("One moment"), mt.Stall()), mt.Hang()}
	}, true},
	{"malformed arguments", func(_ []mt.Step, first mt.Call) []mt.Step {
		bad := mt.Calls(mt.Call{ID: "bad", Name: first.Name, Args: `{"period": [`})
		return []mt.Step{bad, bad}
	}, true},
	{"arguments against the schema, then right", func(good []mt.Step, first mt.Call) []mt.Step {
		return append([]mt.Step{mt.Calls(mt.Call{ID: "bad", Name: first.Name, Args: `{"perod":"this_week"}`})}, good...)
	}, false},
	{"an endless loop of calls", func(_ []mt.Step, first mt.Call) []mt.Step {
		n := 0
		return []mt.Step{mt.Endless(mt.Reply(func(mt.Request) mt.Step {
			n++
			return mt.Calls(mt.Call{ID: fmt.Sprint("loop", n), Name: first.Name, Args: first.Args})
		}))}
	}, true},
	{"an invented figure", func(good []mt.Step, _ mt.Call) []mt.Step {
		return append(slices.Clone(good[:len(good)-1]), mt.Text("That comes to ", "987,654.32 USDT."))
	}, true},
}

// TestModel plays the dialogs with a scripted model over HTTP: the calls are the same, and so are the figures shown, whatever
// goes wrong in the first turn of each.
func TestModel(t *testing.T) {
	cases, err := eval.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	limits := agent.Limits{Steps: 4, Turn: 20 * time.Second}
	pool := loaded(t)
	n := 0
	for _, c := range cases {
		if !slices.ContainsFunc(c.Turns, func(turn eval.Turn) bool { return len(turn.Want.Calls) > 0 }) || len(c.Turns[0].Want.Calls) == 0 {
			continue
		}
		f := faults[n%len(faults)]
		n++
		t.Run(c.Name+"/"+f.name, func(t *testing.T) { playModel(t, pool, c, f, limits) })
	}
	if n < 3*len(faults) {
		t.Errorf("%d dialogs: each fault wants three", n)
	}
}

func playModel(t *testing.T, pool *pgxpool.Pool, c eval.Case, f fault, limits agent.Limits) {
	var steps []mt.Step
	for i, turn := range c.Turns {
		var calls []mt.Call
		for k, want := range turn.Want.Calls {
			calls = append(calls, mt.Call{ID: fmt.Sprintf("call_%d_%d", i, k), Name: strings.Split(want.Tool, "|")[0], Args: argsOf(t, want)})
		}
		good := []mt.Step{mt.Text("Here you are.")}
		if len(calls) > 0 {
			good = []mt.Step{mt.Calls(calls...), mt.Text("Here are ", "the figures.")}
		}
		if i == 0 {
			good = f.steps(good, calls[0])
		}
		steps = append(steps, good...)
		if f.degraded {
			break // one turn is enough: what follows would be the next turn's script
		}
	}
	srv := mt.New(t, steps...)
	model, err := agent.NewOpenAI(agent.OpenAIConfig{BaseURL: srv.URL, Model: "scripted", MaxRetries: 1, Backoff: time.Millisecond, IdleTimeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	a := assistant(t, pool, model, limits)
	thread := ""
	for i, turn := range c.Turns {
		var answer agent.BatchAnswer
		answer, thread, err = a.AskTurn(t.Context(), partner(), thread, turn.Says[0])
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 && (answer.Fallback != "") != f.degraded {
			t.Fatalf("the planner took over: %q, want that: %v", answer.Fallback, f.degraded)
		}
		seen := map[string]bool{}
		answer.Calls = slices.DeleteFunc(answer.Calls, func(call agent.BatchCall) bool {
			key := call.Name + string(call.Args)
			again := seen[key] || strings.HasPrefix(string(call.Result), `{"error":`) && strings.Contains(string(call.Args), "perod")
			seen[key] = true
			return again
		})
		want := eval.Want{Calls: turn.Want.Calls, Not: []string{"987,654"}}
		for _, wrong := range want.Check(answer) {
			t.Errorf("%s: %s", turn.Says[0], wrong)
		}
		if answer.Text == "" && len(answer.Options) == 0 {
			t.Errorf("%s: no answer", turn.Says[0])
		}
		if f.degraded || t.Failed() {
			return
		}
	}
}
