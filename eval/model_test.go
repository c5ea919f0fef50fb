package eval_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
	mt "partnerhub/agent/modeltest"
	"partnerhub/eval"
	"partnerhub/tools"
)

// usual is what the scripted model takes where a case leaves an argument open.
var usual = map[string]string{"metrics": "deposits", "period": "last_7_days", "kind": "volume_drop", "groupBy": "day", "query": "when is commission settled", "goal": "new users", "targets": `{"directPartners":true}`}

// inputs are the schemas of the tools' arguments.
var inputs = sync.OnceValue(func() map[string]*jsonschema.Schema {
	m := map[string]*jsonschema.Schema{}
	for _, tool := range tools.All(tools.Deps{}) {
		m[tool.Name] = tool.Input
	}
	return m
})

// argsOf writes the arguments of a wanted call, the first of several that are right, as a model would. Of several tools it
// is the first, which takes only its own.
func argsOf(t *testing.T, c eval.Call) (tool, args string) {
	tool, _, _ = strings.Cut(c.Tool, "|")
	input, m := inputs()[tool], map[string]any{}
	if input == nil {
		t.Fatalf("there is no tool %q", tool)
	}
	for name, want := range c.Args {
		value, _, _ := strings.Cut(want, "|")
		if value == "*" && !strings.Contains(want, "-") {
			value = usual[name]
		}
		schema := input.Properties[name]
		switch {
		case schema == nil && strings.Contains(want, "-"), value == "*", value == "-", value == "":
		case schema == nil:
			t.Fatalf("%s has no argument %q", tool, name)
		case strings.HasPrefix(value, "{") && schema.Type != "object": // a list of objects
			m[name] = json.RawMessage("[" + value + "]")
		case schema.Type == "array" || slices.Contains(schema.Types, "array"):
			m[name] = strings.Split(value, ",")
		case json.Valid([]byte(value)) && schema.Type != "string" && !slices.Contains(schema.Types, "string"):
			m[name] = json.RawMessage(value)
		default:
			m[name] = value
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return tool, string(b)
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
	{"nonsense: a call written as text", func(_ []mt.Step, first mt.Call) []mt.Step {
		return []mt.Step{mt.Text(fmt.Sprintf(`{"name":%q,"arguments":%s}`, first.Name, first.Args))}
	}, true},
	{"nonsense: no event stream", func([]mt.Step, mt.Call) []mt.Step {
		return []mt.Step{mt.Body(200, "text/html", "<html>It works!</html>"), mt.Body(200, "text/html", "<html>It works!</html>")}
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
		if c.As != 0 || c.Fund != 0 || slices.ContainsFunc(c.Turns, func(turn eval.Turn) bool { return turn.Does != "" }) {
			continue // of what a person does, not a model
		}
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

// playModel plays a dialog's first turn with a fault, and the others with a model that is well again. What the tools return
// is held against the same dialog without a model.
func playModel(t *testing.T, pool *pgxpool.Pool, c eval.Case, f fault, limits agent.Limits) {
	alone := assistant(t, pool, nil, limits)
	threads := [2]string{}
	for i, turn := range c.Turns {
		var calls []mt.Call
		for k, want := range turn.Want.Calls {
			name, args := argsOf(t, want)
			calls = append(calls, mt.Call{ID: fmt.Sprintf("call_%d_%d", i, k), Name: name, Args: args})
		}
		steps := []mt.Step{mt.Text("Here you are.")}
		if len(calls) > 0 {
			steps = []mt.Step{mt.Calls(calls...), mt.Text("Here are ", "the figures.")}
		}
		if i == 0 {
			steps = f.steps(steps, calls[0])
		}
		var answers [2]agent.BatchAnswer
		for k, a := range []*agent.Agent{withModel(t, pool, limits, steps), alone} {
			var err error
			if answers[k], threads[k], err = a.AskTurn(t.Context(), partner(), threads[k], turn.Says[0]); err != nil {
				t.Fatal(err)
			}
		}
		answer, bare := answers[0], answers[1]
		if degraded := i == 0 && f.degraded; (answer.Fallback != "") != degraded {
			t.Fatalf("%s: the planner took over: %q, want that: %v", turn.Says[0], answer.Fallback, degraded)
		}
		answer.Calls = good(answer.Calls)
		want := eval.Want{Calls: turn.Want.Calls, Not: []string{"987,654", "blorp", "<html>"}}
		if len(calls) > 0 {
			want.Cards = turn.Want.Cards
		}
		for _, wrong := range want.Check(answer) {
			t.Errorf("%s: %s", turn.Says[0], wrong)
		}
		for _, call := range answer.Calls {
			for _, other := range bare.Calls {
				if call.Name == other.Name && same(call.Args, other.Args) && !same(said(call.Result), said(other.Result)) {
					t.Errorf("%s: %s %s returned %s, without a model %s", turn.Says[0], call.Name, call.Args, call.Result, other.Result)
				}
			}
		}
		if answer.Text == "" && len(answer.Options) == 0 {
			t.Errorf("%s: no answer", turn.Says[0])
		}
		if t.Failed() {
			return
		}
	}
}

// withModel is an assistant whose model plays the steps over HTTP.
func withModel(t *testing.T, pool *pgxpool.Pool, limits agent.Limits, steps []mt.Step) *agent.Agent {
	t.Helper()
	srv := mt.New(t, steps...)
	model, err := agent.NewOpenAI(agent.OpenAIConfig{BaseURL: srv.URL, Model: "scripted", MaxRetries: 1, Backoff: time.Millisecond, IdleTimeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	return assistant(t, pool, model, limits)
}

// good are the calls that came to something, each once: what a fault makes of the others is not the case's concern.
func good(calls []agent.BatchCall) (kept []agent.BatchCall) {
	for _, call := range calls {
		again := slices.ContainsFunc(kept, func(k agent.BatchCall) bool { return k.Name == call.Name && same(k.Args, call.Args) })
		if refused := strings.HasPrefix(string(call.Result), `{"error":`) && strings.Contains(string(call.Args), "perod"); !again && !refused {
			kept = append(kept, call)
		}
	}
	return kept
}

// said is a result without what each proposal has of its own: its id, and the digest over it.
func said(result json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(result, &m) != nil || m["proposalId"] == nil {
		return result
	}
	delete(m, "proposalId")
	delete(m, "digest")
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // it was JSON
	}
	return b
}

// same reports whether two JSON values are, whatever the order of their fields.
func same(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
