package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/agent/modeltest"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

const weekCard = "card metrics: Commission, this week\n"

func TestOfflineTurn(t *testing.T) {
	w := newWorld(t, nil, func(c *agent.Config) {
		c.Suggest = func(messages []llms.MessageContent) []string {
			return []string{"and futures only?", "top 5 referees", "compare", "a fourth"}
		}
	})
	got := w.ask("", "How much commission did I earn this week?")
	wants(t, got, `
call query_metrics {"metrics":["commission"],"period":"this_week"}
result {"from":"2026-11-16T00:00:00Z","to":"2026-11-23T00:00:00Z","asOf":"2026-11-21T12:00:00Z","zone":"UTC","metrics":["commis
`+weekCard+`text You earned 12.3 USDT this week.
kind {"kind":"answer"}
suggestions {"items":["and futures only?","top 5 referees","compare"]}
finished success`)
	if _, asCaller := w.tools.callers.Load(ann); !asCaller {
		t.Error("the tool did not get the caller")
	}
	types := []string{}
	for _, e := range got.events[:4] {
		types = append(types, e.Type+e.Name)
	}
	if fmt.Sprint(types) != "[RUN_STARTED CUSTOMuser_message STEP_STARTED TOOL_CALL_START]" {
		t.Errorf("the run begins with %v", types)
	}
	wants(t, w.ask(got.thread, "hello"), `
text Hello from the planner.
kind {"kind":"smalltalk"}
suggestions {"items":["and futures only?","top 5 referees","compare"]}
finished success`)
}

func TestModelTurn(t *testing.T) {
	model := script(
		calls("query_metrics", week, "query_metrics", lastWeek),
		text("You earned 12", ".3 USDT this week. ", "That is 27.80 USDT less than last week, down 69.33%."))
	w := newWorld(t, model)
	w.tools.slow = 50 * time.Millisecond
	got := w.ask("", "How much commission this week and last week?")
	if got.answer() != "You earned 12.3 USDT this week. That is 27.80 USDT less than last week, down 69.33%." {
		t.Errorf("got %s", got)
	}
	if w.tools.most.Load() != 2 {
		t.Error("the reads did not run side by side")
	}
	texts := 0
	for _, e := range got.events {
		if e.Type == conversation.TextContent {
			texts++
		}
	}
	if texts != 2 {
		t.Errorf("%d pieces of text, want one a sentence", texts)
	}

	asked := model.asked()
	if len(asked) != 2 || len(asked[0].opts.Tools) != 3 || asked[0].opts.ToolChoice != nil {
		t.Fatalf("%d requests", len(asked))
	}
	var roles []string
	for _, m := range asked[1].messages {
		roles = append(roles, string(m.Role))
	}
	if fmt.Sprint(roles) != "[system human ai tool tool]" {
		t.Errorf("messages: %v", roles)
	}
	ids := map[string]bool{}
	for _, part := range asked[1].messages[2].Parts {
		ids[part.(llms.ToolCall).ID] = true
	}
	for _, m := range asked[1].messages[3:] {
		if r := m.Parts[0].(llms.ToolCallResponse); !ids[r.ToolCallID] || r.Name != "query_metrics" || !strings.Contains(r.Content, `"total"`) {
			t.Errorf("result %+v for the calls %v", r, ids)
		}
	}

	// The next turn is told of this one, from the database.
	model.mu.Lock()
	model.answers = []answer{text("As I said: less.")}
	model.mu.Unlock()
	w.ask(got.thread, "why?")
	last := model.asked()[2].messages
	if n := len(last); n != 7 || last[n-1].Parts[0].(llms.TextContent).Text != "why?" || last[n-2].Role != llms.ChatMessageTypeAI {
		t.Errorf("history: %+v", last)
	}
}

func TestFaultsEndInTheSameTurn(t *testing.T) {
	base := newWorld(t, nil)
	replaced := func(tr transcript) bool { return strings.Contains(tr.custom(conversation.Fallback), `"replaces"`) }
	for name, tt := range map[string]struct {
		model   *scripted
		reason  string
		queries int32
		shown   string // text that was shown before and replaced
		change  func(*agent.Config)
	}{
		"error":             {script(fails(errors.New("secret"))), "model failed", 1, "", nil},
		"stalled":           {script(fails(fmt.Errorf("x: %w", agent.ErrModelStalled))), "model stalled", 1, "", nil},
		"endpoint":          {script(fails(&agent.EndpointError{Status: 500, Message: "secret"})), "model endpoint error 500", 1, "", nil},
		"rate limited":      {script(fails(&agent.RateLimitedError{Err: &agent.EndpointError{Status: 429}})), "model rate limited", 1, "", nil},
		"empty":             {script(text(" \n")), "model answered nothing", 1, "", nil},
		"no choice":         {script(func(context.Context, request) (*llms.ContentChoice, error) { return nil, nil }), "model answered nothing", 1, "", nil},
		"invented":          {script(text("You earned 500 USDT.")), "figures that no tool returned: 500", 1, "", nil},
		"invented later":    {script(calls("query_metrics", week), text("You earned 12.3 USDT. ", "That is 99% more.")), "figures that no tool returned: 99", 1, "You earned 12.3 USDT. ", nil},
		"wrong digit":       {script(calls("query_metrics", week), text("You earned 12.4 USDT.")), "figures that no tool returned: 12.4", 1, "", nil},
		"fails after text":  {script(calls("query_metrics", week), cut("You earned 12.3 USDT. ", "And")), "model answer cut off", 1, "You earned 12.3 USDT. ", nil},
		"cut at length":     {script(calls("query_metrics", week), stops("You earned 12.3 USDT.", "length")), "answer cut short: length", 1, "You earned 12.3 USDT.", nil},
		"calls as text":     {script(text(`{"name":"query_metrics","arguments":{}}`)), "writes tool calls as text", 1, "", nil},
		"unknown tools":     {script(calls("make_money", "{}"), calls("make_more", "{}")), "calls tools that do not exist", 1, "", nil},
		"bad arguments":     {script(calls("query_metrics", `{"x":1}`), calls("query_metrics", `{"y":1}`)), "keeps sending bad arguments", 1, "", nil},
		"no arguments":      {script(calls("query_metrics", `{"metr`), calls("query_metrics", `[]`)), "keeps sending bad arguments", 1, "", nil},
		"endless":           {script(calls("query_metrics", week)), "loops: repeats the same call", 1, "", nil},
		"endless, varied":   {script(varied()), "loops: still calls tools at the step limit", 4, "", func(c *agent.Config) { c.Limits.Steps = 4 }},
		"too many calls":    {script(calls(slices.Repeat([]string{"query_metrics", week}, 20)...)), "more than 16 tool calls in one answer", 1, "", nil},
		"hangs":             {script(hangs()), "turn exceeded its time", 1, "", func(c *agent.Config) { c.Limits.Turn = 50 * time.Millisecond }},
		"hangs after reads": {script(calls("query_metrics", week), hangs()), "turn exceeded its time", 1, "", func(c *agent.Config) { c.Limits.Turn = 300 * time.Millisecond }},
		"costs too much":    {script(costly()), "token budget used up", 1, "", func(c *agent.Config) { c.Limits.Tokens = 1000 }},
	} {
		t.Run(name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*agent.Config) {}
			}
			w := base.with(t, tt.model, change)
			got := w.ask("", "How much commission did I earn this week?")
			var note conversation.FallbackNote
			if err := json.Unmarshal([]byte(got.custom(conversation.Fallback)), &note); err != nil || note.Reason != tt.reason {
				t.Fatalf("fallback %+v, want %q\n%s", note, tt.reason, got)
			}
			if got.answer() != rendered || !strings.Contains(got.String(), "finished success") || strings.Contains(got.String(), "secret") {
				t.Errorf("got:\n%s", got)
			}
			if n := w.tools.queries.Load(); n != tt.queries {
				t.Errorf("%d queries, want %d: results that were there are used", n, tt.queries)
			}
			if replaced(got) != (tt.shown != "") || !strings.Contains(got.String(), tt.shown) {
				t.Errorf("shown before: %s", got)
			}
			// The next turn is told of the answer that stands, alone.
			events, err := w.log.Events(t.Context(), ann, got.thread, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			turns, err := conversation.Replay(events)
			if err != nil || turns[0].Text() != rendered {
				t.Errorf("remembered: %q %v", turns[0].Text(), err)
			}
		})
	}
}

// cut streams text and then fails as a broken stream does.
func cut(chunks ...string) answer {
	return func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		_, _ = text(chunks...)(ctx, r)
		return nil, agent.ErrStreamCut
	}
}

func stops(said, reason string) answer {
	return func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		choice, err := text(said)(ctx, r)
		choice.StopReason = reason
		return choice, err
	}
}

func varied() answer {
	n := 0
	return func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		n++
		return calls("query_metrics", fmt.Sprintf(`{"metrics":["commission"],"period":"last_%d_days"}`, n))(ctx, r)
	}
}

func costly() answer {
	return func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		choice, err := calls("query_metrics", week)(ctx, r)
		choice.GenerationInfo = map[string]any{"TotalTokens": 5000}
		return choice, err
	}
}

func TestErrorsAreHandedBackOnce(t *testing.T) {
	base := newWorld(t, nil)
	for name, tt := range map[string]struct{ first, says string }{
		"unknown tool":  {`make_money {}`, `{"error":{"code":"not_found","field":"name","message":"there is no tool \"make_money\""}}`},
		"bad argument":  {`query_metrics {"metrics":["commission"],"period":"this_week","groupBy":"year"}`, `{"error":{"code":"invalid","field":"groupBy","message":"\"year\" is not one of day, week"}}`},
		"bad period":    {`query_metrics {"metrics":["commission"],"period":"broken"}`, `{"error":{"code":"invalid","field":"period","message":"not a period"}}`},
		"internal":      {`query_metrics {"metrics":["commission"],"period":"lost"}`, `{"error":{"code":"internal","message":"something went wrong on our side"}}`},
		"panic":         {`query_metrics {"metrics":["commission"],"period":"crash"}`, `{"error":{"code":"internal","message":"something went wrong on our side"}}`},
		"not an object": {`query_metrics [1]`, `{"error":{"code":"invalid","message":"arguments are not a JSON object"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			tool, args, _ := strings.Cut(tt.first, " ")
			model := script(calls(tool, args), calls("query_metrics", week), text("You earned 12.3 USDT."))
			w := base.with(t, model)
			got := w.ask("", "How much commission this week?")
			if got.answer() != "You earned 12.3 USDT." || got.custom(conversation.Fallback) != "" {
				t.Errorf("got:\n%s", got)
			}
			told := model.asked()[1].messages
			if r := told[len(told)-1].Parts[0].(llms.ToolCallResponse); r.Content != tt.says {
				t.Errorf("told %s\nwant %s", r.Content, tt.says)
			}
			if strings.Count(got.String(), "card ") != 1 {
				t.Errorf("a card for an error:\n%s", got)
			}
		})
	}
}

func TestProposalsDoNotRunWithReads(t *testing.T) {
	model := script(calls("query_metrics", week, "propose_task", "{}"), calls("propose_task", "{}"), text("I have prepared it."))
	w := newWorld(t, model)
	got := w.ask("", "Create a task.")
	told := model.asked()[1].messages
	if r := told[len(told)-1].Parts[0].(llms.ToolCallResponse); !strings.Contains(r.Content, `"conflict"`) {
		t.Errorf("told %s", r.Content)
	}
	// The call that was refused has the arguments of the one that is right.
	if w.tools.proposals.Load() != 1 || got.custom(conversation.KindOf) != `{"kind":"proposal"}` || got.custom(conversation.Fallback) != "" {
		t.Errorf("%d proposals\n%s", w.tools.proposals.Load(), got)
	}

	both := newWorld(t, script(calls("propose_task", "{}", "propose_task", `{ }`), text("Done.")))
	both.ask("", "Create two tasks.")
	if n := both.tools.proposals.Load(); n != 1 {
		t.Errorf("%d proposals of one answer", n)
	}
}

func TestQuestionEndsTheTurn(t *testing.T) {
	for args, kind := range map[string]string{
		`{"question":"Which product?","options":["spot","futures"]}`:                                          "clarify",
		`{"question":"Until when?","options":["Sunday"],"pending":{"tool":"propose_task","missing":["end"]}}`: "collecting",
	} {
		model := script(calls("ask_user", args), text("not reached"))
		w := newWorld(t, model)
		got := w.ask("", "Show me.")
		wants(t, got, `call ask_user `+args+`
result {"asked":true}
question `+args+`
kind {"kind":"`+kind+`"}
finished success`)
		if len(model.asked()) != 1 {
			t.Error("the model was asked again")
		}
		w.ask(got.thread, "spot")
		if m := model.asked()[1].messages; len(m) != 5 || m[3].Parts[0].(llms.ToolCallResponse).Content != `{"asked":true}` {
			t.Errorf("the question is not remembered: %+v", m)
		}
	}
}

func TestKindOfAModelsAnswer(t *testing.T) {
	w := newWorld(t, script(text("Hi! Nice to see you.")))
	if got := w.ask("", "hello"); got.custom(conversation.KindOf) != `{"kind":"smalltalk"}` || got.answer() != "Hi! Nice to see you." {
		t.Errorf("got:\n%s", got)
	}
}

func TestLastStepHasNoTools(t *testing.T) {
	model := script(varied(), varied(), func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		if r.opts.ToolChoice != "none" {
			return nil, errors.New("tools at the last step")
		}
		return text("That is all.")(ctx, r)
	})
	w := newWorld(t, model, func(c *agent.Config) { c.Limits.Steps = 2 })
	if got := w.ask("", "Go on."); got.answer() != "That is all." {
		t.Errorf("got:\n%s", got)
	}
}

func TestSlowToolDoesNotHoldTheTurn(t *testing.T) {
	model := script(calls("query_metrics", week), text("It took too long."))
	w := newWorld(t, model, func(c *agent.Config) { c.Limits.Tool = 30 * time.Millisecond })
	w.tools.slow = time.Hour
	got := w.ask("", "How much?")
	if !strings.Contains(got.String(), `"code":"unavailable"`) || got.answer() != "It took too long." {
		t.Errorf("got:\n%s", got)
	}
}

func TestBrokenPlannerEndsWithAnError(t *testing.T) {
	for name, planner := range map[string]*scripted{
		"fails":  script(fails(errors.New("secret"))),
		"panics": script(func(context.Context, request) (*llms.ContentChoice, error) { panic("secret") }),
		"loops":  script(calls("query_metrics", week)),
	} {
		w := newWorld(t, nil, func(c *agent.Config) { c.Offline = planner })
		got := w.ask("", "How much?")
		last := got.events[len(got.events)-1]
		if last.Type != conversation.RunError || last.Code != "internal" || strings.Contains(fmt.Sprint(last), "secret") {
			t.Errorf("%s: got:\n%s", name, got)
		}
		w.ask(got.thread, "again?") // the thread is not stuck
	}
}

func TestOverTheWire(t *testing.T) {
	base := newWorld(t, nil)
	interleaved := modeltest.Calls(
		modeltest.Call{ID: "a", Name: "query_metrics", Args: week}, modeltest.Call{ID: "b", Name: "query_metrics", Args: lastWeek})
	good := modeltest.Text("You earned 12.3", " USDT this week, and 40.1 USDT last week.")
	for name, tt := range map[string]struct {
		steps    []modeltest.Step
		fallback string
	}{
		"interleaved":  {[]modeltest.Step{interleaved, good}, ""},
		"rate limited": {[]modeltest.Step{modeltest.RateLimited("0"), interleaved, good}, ""},
		"500 twice":    {[]modeltest.Step{modeltest.Status(500, "x"), modeltest.Status(500, "x"), modeltest.Status(500, "x")}, "model endpoint error 500"},
		"cut":          {[]modeltest.Step{interleaved, modeltest.Stream(modeltest.Chunk("You earned 12.3 USDT. "), modeltest.Chunk("And"), modeltest.Cut())}, "model answer cut off"},
		"stall":        {[]modeltest.Step{interleaved, modeltest.Stream(modeltest.Chunk("You earned"), modeltest.Stall())}, "model stalled"},
		"malformed":    {[]modeltest.Step{modeltest.Calls(modeltest.Call{ID: "a", Name: "query_metrics", Args: `{"metr`})}, "malformed tool call"},
		"endless":      {[]modeltest.Step{modeltest.Endless(interleaved)}, "loops: repeats the same call"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := modeltest.New(t, tt.steps...)
			model, err := agent.NewOpenAI(agent.OpenAIConfig{
				BaseURL: srv.URL, Model: "scripted", IdleTimeout: 200 * time.Millisecond, MaxRetries: 1, Backoff: time.Millisecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(model.Close)
			w := base.with(t, model)
			got := w.ask("", "How much commission this week and last week?")
			if tt.fallback == "" {
				if got.custom(conversation.Fallback) != "" || got.answer() != "You earned 12.3 USDT this week, and 40.1 USDT last week." {
					t.Errorf("got:\n%s", got)
				}
			} else if !strings.Contains(got.custom(conversation.Fallback), tt.fallback) || got.answer() != rendered {
				t.Errorf("want %q, got:\n%s", tt.fallback, got)
			}
		})
	}
}

func TestLongConversationsAreCompacted(t *testing.T) {
	model := script(func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		if r.messages[len(r.messages)-1].Role == llms.ChatMessageTypeTool {
			return text("Here you are.")(ctx, r)
		}
		return calls("query_metrics", week)(ctx, r)
	})
	w := newWorld(t, model)
	thread := ""
	for i := range 12 {
		thread = w.ask(thread, fmt.Sprintf("Question %d: how much commission?", i)).thread
	}
	requests := model.asked()
	last := requests[len(requests)-1].messages
	system := fmt.Sprint(last[0].Parts[0])
	if last[0].Role != llms.ChatMessageTypeSystem || !strings.HasPrefix(system, "You help partner 10001.") ||
		!strings.Contains(system, "asked: Question 0") || strings.Contains(system, "12.3") {
		t.Errorf("system: %s", system)
	}
	if human := last[1]; fmt.Sprint(human.Parts[0]) != "Question 3: how much commission?" {
		t.Errorf("first turn told: %v", human)
	}
	if len(last) != 1+8*4+3 {
		t.Errorf("%d messages", len(last))
	}
}

func TestBatch(t *testing.T) {
	w := newWorld(t, nil)
	var out strings.Builder
	in := `{"id":"1","dialog":[],"text":"How much commission this week?"}

{"id":"2","dialog":["How much commission this week?"],"text":"hello"}
{"id":"3","dialog":[],"text":""}
`
	if err := w.agent.AskBatch(t.Context(), ann, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var lines []map[string]any
	for line := range strings.Lines(out.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, v)
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	call := lines[0]["calls"].([]any)[0].(map[string]any)
	if call["name"] != "query_metrics" || call["args"].(map[string]any)["period"] != "this_week" || call["result"].(map[string]any)["zone"] != "UTC" {
		t.Errorf("calls: %v", call)
	}
	if lines[0]["text"] != rendered || lines[0]["kind"] != "answer" || lines[0]["handoff"] != nil || lines[0]["pending"] != nil ||
		len(lines[0]["cards"].([]any)) != 1 || len(lines[0]["options"].([]any)) != 0 {
		t.Errorf("first: %v", lines[0])
	}
	if lines[1]["kind"] != "smalltalk" || len(lines[1]["calls"].([]any)) != 0 {
		t.Errorf("second: %v", lines[1])
	}
	if e, _ := lines[2]["error"].(map[string]any); e["field"] != "text" {
		t.Errorf("third: %v", lines[2])
	}
	err := w.agent.AskBatch(t.Context(), ann, strings.NewReader("{}\nnot json\n"), &out)
	if domain.AsError(err).Field != "line 2" {
		t.Errorf("got %v", err)
	}
}
