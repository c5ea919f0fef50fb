package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	mt "partnerhub/agent/modeltest"
)

const testKey = "sk-test-0123456789"

// start serves the script and returns a model for it. The test fails if goroutines are left over.
func start(t *testing.T, cfg agent.OpenAIConfig, script ...mt.Step) (*agent.OpenAI, *mt.Server) {
	t.Helper()
	checkLeaks(t)
	srv := mt.New(t, script...)
	cfg.BaseURL = srv.URL
	return newModel(t, cfg), srv
}

func newModel(t *testing.T, cfg agent.OpenAIConfig) *agent.OpenAI {
	t.Helper()
	cfg.APIKey = testKey
	if cfg.Model == "" {
		cfg.Model = "scripted"
	}
	if cfg.Backoff == 0 {
		cfg.Backoff = time.Millisecond
	}
	if cfg.RequestTimeout == 0 {
		cfg.RequestTimeout = 20 * time.Second
	}
	m, err := agent.NewOpenAI(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func checkLeaks(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() { // runs after the server and the model are closed
		deadline := time.Now().Add(5 * time.Second)
		for runtime.NumGoroutine() > before {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("goroutines left over:\n%s", stacks[:runtime.Stack(stacks, true)])
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// ask asks a question with text streamed, and returns what was streamed too.
func ask(m llms.Model, opts ...llms.CallOption) (choice *llms.ContentChoice, streamed string, err error) {
	opts = append(opts, llms.WithStreamingFunc(func(_ context.Context, b []byte) error {
		streamed += string(b)
		return nil
	}))
	resp, err := m.GenerateContent(context.Background(), question(), opts...)
	if err != nil {
		return nil, streamed, err
	}
	return resp.Choices[0], streamed, nil
}

func question() []llms.MessageContent {
	return []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "How much did I earn?")}
}

func call(id, name, args string) llms.ToolCall {
	return llms.ToolCall{ID: id, Type: "function", FunctionCall: &llms.FunctionCall{Name: name, Arguments: args}}
}

func TestAnswers(t *testing.T) {
	huge := strings.Repeat("figures ", 40_000)
	twoCalls := []llms.ToolCall{
		call("a", "query_metrics", `{"metrics":["commission"],"period":"this_week"}`),
		call("b", "leaderboard", `{"metric":"volume","by":"referee","note":"größer <\"x\">"}`),
	}
	for _, tc := range []struct {
		name   string
		step   mt.Step
		text   string
		calls  []llms.ToolCall
		stop   string
		tokens bool
	}{
		{
			name: "text", step: mt.Text("You earned ", "12", " USDT."),
			text: "You earned 12 USDT.", stop: "stop", tokens: true,
		},
		{
			name: "parallel calls, interleaved",
			step: mt.Calls(mt.Call{ID: "a", Name: "query_metrics", Args: twoCalls[0].FunctionCall.Arguments},
				mt.Call{ID: "b", Name: "leaderboard", Args: twoCalls[1].FunctionCall.Arguments}),
			calls: twoCalls, stop: "tool_calls", tokens: true,
		},
		{
			name: "text and calls", step: mt.TextAndCalls([]string{"Let me ", "look."}, mt.Call{ID: "a", Name: "get_task", Args: `{"taskId":1}`}),
			text: "Let me look.", calls: []llms.ToolCall{call("a", "get_task", `{"taskId":1}`)}, stop: "tool_calls", tokens: true,
		},
		{
			name: "a new id is a new call though the index repeats",
			step: mt.Stream(
				mt.ToolDelta(`{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":"{\"n\":1}"}}`),
				mt.ToolDelta(`{"index":0,"id":"b","type":"function","function":{"name":"x","arguments":"{\"n\""}}`),
				mt.ToolDelta(`{"index":0,"function":{"arguments":":2}"}}`),
				mt.Finish("tool_calls"), mt.Done()),
			calls: []llms.ToolCall{call("a", "x", `{"n":1}`), call("b", "x", `{"n":2}`)}, stop: "tool_calls",
		},
		{
			name: "type, id and name repeated in each delta, an empty last delta",
			step: mt.Stream(
				mt.ToolDelta(`{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":""}}`),
				mt.ToolDelta(`{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":"{\"n\":"}}`),
				mt.ToolDelta(`{"index":0,"type":"function","function":{"name":"x","arguments":"1}"}}`),
				mt.ToolDelta(`{"index":0,"type":"function","function":{"arguments":""}}`),
				mt.ToolDelta(`{"index":1,"type":"function","function":{"name":"","arguments":""}}`),
				mt.Delta(`{"tool_calls":[]}`), mt.Delta(`{"tool_calls":null,"content":null}`), mt.Delta(`{}`),
				mt.Finish("tool_calls"), mt.Done()),
			calls: []llms.ToolCall{call("a", "x", `{"n":1}`)}, stop: "tool_calls",
		},
		{
			name: "no index at all, several pieces in one frame",
			step: mt.Stream(
				mt.ToolDelta(`{"id":"a","type":"function","function":{"name":"x","arguments":"{}"}}`,
					`{"id":"b","type":"function","function":{"name":"y","arguments":"{"}}`),
				mt.ToolDelta(`{"function":{"arguments":"}"}}`),
				mt.Finish("tool_calls"), mt.Done()),
			calls: []llms.ToolCall{call("a", "x", `{}`), call("b", "y", `{}`)}, stop: "tool_calls",
		},
		{
			name: "the id comes after the name",
			step: mt.Stream(
				mt.ToolDelta(`{"index":0,"type":"function","function":{"name":"x","arguments":"{"}}`),
				mt.ToolDelta(`{"index":0,"id":"a","function":{"arguments":"}"}}`),
				mt.Finish("tool_calls"), mt.Done()),
			calls: []llms.ToolCall{call("a", "x", `{}`)}, stop: "tool_calls",
		},
		{
			name: "finish_reason stop with calls",
			step: mt.Stream(
				mt.ToolDelta(`{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":"{}"}}`),
				mt.Finish("stop"), mt.Done()),
			calls: []llms.ToolCall{call("a", "x", `{}`)}, stop: "tool_calls",
		},
		{
			name: "no arguments for a tool that takes none",
			step: mt.Stream(
				mt.ToolDelta(`{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":""}}`),
				mt.Finish("tool_calls"), mt.Done()),
			calls: []llms.ToolCall{call("a", "x", `{}`)}, stop: "tool_calls",
		},
		{
			name: "content null, reasoning left out",
			step: mt.Stream(
				mt.Delta(`{"role":"assistant","content":null,"reasoning_content":"The partner wants"}`),
				mt.Delta(`{"content":null,"reasoning":"to know"}`),
				mt.Chunk("Hello."), mt.Finish("stop"), mt.Usage(7, 3), mt.Done()),
			text: "Hello.", stop: "stop", tokens: true,
		},
		{
			name: "other choices are not mixed in",
			step: mt.Stream(mt.Chunk("Hello."),
				mt.Data(`{"choices":[{"index":1,"delta":{"content":"Goodbye."},"finish_reason":"length"}]}`),
				mt.Finish("stop"), mt.Done()),
			text: "Hello.", stop: "stop",
		},
		{name: "usage not streamed", step: mt.Stream(mt.Chunk("Hello."), mt.Finish("stop"), mt.Done()), text: "Hello.", stop: "stop"},
		{name: "length", step: mt.Stream(mt.Chunk("Hel"), mt.Finish("length"), mt.Done()), text: "Hel", stop: "length"},
		{name: "a line over 64 KB", step: mt.Text(huge, "end"), text: huge + "end", stop: "stop", tokens: true},
		{
			name: "over 300 pings, before and within, and other fields",
			step: mt.Stream(mt.Pings(1000), mt.Chunk("Hel"), mt.Pings(1000), mt.Raw("event: message\nid: 1\nretry: 10\n"),
				mt.Chunk("lo."), mt.Raw("data:\n\n"+strings.Repeat("\n", 1000)), mt.Raw(":"+strings.Repeat("x", 100_000)+"\n"),
				mt.Finish("stop"), mt.Usage(1, 1), mt.Done()),
			text: "Hello.", stop: "stop", tokens: true,
		},
		{
			name: "carriage returns, and no space after data:",
			step: mt.Stream(mt.Raw(`data:{"choices":[{"index":0,"delta":{"content":"Hello."}}]}`+"\r\n\r\n"), mt.Finish("stop"), mt.Done()),
			text: "Hello.", stop: "stop",
		},
		{name: "no [DONE]", step: mt.Stream(mt.Chunk("Hello."), mt.Finish("stop")), text: "Hello.", stop: "stop"},
		{
			name: "no line end after the last frame",
			step: mt.Stream(mt.Chunk("Hello."), mt.Raw(`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)),
			text: "Hello.", stop: "stop",
		},
		{name: "cut once the answer is complete", step: mt.Stream(mt.Chunk("Hello."), mt.Finish("stop"), mt.Cut()), text: "Hello.", stop: "stop"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, srv := start(t, agent.OpenAIConfig{IdleTimeout: 10 * time.Second}, tc.step)
			got, streamed, err := ask(m)
			if err != nil {
				t.Fatal(err)
			}
			if got.Content != tc.text || streamed != tc.text || got.StopReason != tc.stop {
				t.Errorf("content %.60q, streamed %.60q, stop %q; want %.60q, %q", got.Content, streamed, got.StopReason, tc.text, tc.stop)
			}
			if !reflect.DeepEqual(got.ToolCalls, tc.calls) {
				t.Errorf("calls %s, want %s", show(got.ToolCalls), show(tc.calls))
			}
			if n, ok := got.GenerationInfo["PromptTokens"].(int); ok != tc.tokens || (ok && n == 0) {
				t.Errorf("usage %v, want it: %v", got.GenerationInfo, tc.tokens)
			}
			if n := len(srv.Requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func show(calls []llms.ToolCall) string {
	b, _ := json.Marshal(calls)
	return string(b)
}

func TestUsage(t *testing.T) {
	m, _ := start(t, agent.OpenAIConfig{}, mt.Stream(mt.Chunk("x"), mt.Finish("stop"), mt.Data(`{"model":"real-1","choices":[],"usage":`+
		`{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}`), mt.Done()))
	got, _, err := ask(m)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Model": "real-1", "PromptTokens": 11, "CompletionTokens": 5, "TotalTokens": 16, "PromptCachedTokens": 4, "ReasoningTokens": 2}
	if !reflect.DeepEqual(got.GenerationInfo, want) {
		t.Errorf("got %v, want %v", got.GenerationInfo, want)
	}
}

func TestStreamingFuncStops(t *testing.T) {
	m, srv := start(t, agent.OpenAIConfig{MaxRetries: 2}, mt.Stream(mt.Chunk("a"), mt.Chunk("b"), mt.Stall()))
	full := errors.New("log is full")
	_, err := m.GenerateContent(context.Background(), question(), llms.WithStreamingFunc(func(context.Context, []byte) error { return full }))
	if !errors.Is(err, full) || len(srv.Requests()) != 1 {
		t.Errorf("error %v, %d requests", err, len(srv.Requests()))
	}
}

// The connection is used again, also if the body ends a moment after its last frame.
func TestConnectionIsUsedAgain(t *testing.T) {
	late := func(*mt.Exchange) { time.Sleep(20 * time.Millisecond) }
	answer := mt.Stream(mt.Chunk("a"), mt.Finish("stop"), mt.Done(), late)
	m, srv := start(t, agent.OpenAIConfig{MaxRetries: 1}, answer, mt.Status(500, "x"), answer, answer)
	for range 3 {
		if _, _, err := ask(m); err != nil {
			t.Fatal(err)
		}
	}
	remotes := map[string]bool{}
	for _, r := range srv.Requests() {
		remotes[r.Remote] = true
	}
	if len(remotes) != 1 {
		t.Errorf("%d connections for 4 requests in a row", len(remotes))
	}
}

// A complete answer is not held back by an endpoint that does not end the stream.
func TestTheEndIsNotAwaited(t *testing.T) {
	for _, tc := range []struct {
		name   string
		within time.Duration
		step   mt.Step
	}{
		{"after [DONE]", 600 * time.Millisecond, mt.Stream(mt.Chunk("a"), mt.Finish("stop"), mt.Done(), mt.Stall())},
		{"after finish_reason", 3 * time.Second, mt.Stream(mt.Chunk("a"), mt.Finish("stop"), mt.Stall())},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, _ := start(t, agent.OpenAIConfig{IdleTimeout: 10 * time.Second}, tc.step)
			began := time.Now()
			got, _, err := ask(m)
			if took := time.Since(began); err != nil || got.Content != "a" || took > tc.within {
				t.Errorf("%+v, %v after %s", got, err, took)
			}
		})
	}
}

func TestCall(t *testing.T) {
	m, srv := start(t, agent.OpenAIConfig{}, mt.Text("Hel", "lo."))
	got, err := m.Call(context.Background(), "Hi")
	if err != nil || got != "Hello." {
		t.Errorf("%q, %v", got, err)
	}
	if msgs := srv.Requests()[0].Chat.Messages; len(msgs) != 1 || msgs[0].Role != "user" || msgs[0].Content != "Hi" {
		t.Errorf("sent %+v", msgs)
	}
}

// An endpoint that does not know stream_options is asked without, from then on.
func TestStreamOptionsRefused(t *testing.T) {
	choose := mt.Reply(func(r mt.Request) mt.Step {
		if r.Field("stream_options") != "" {
			return mt.Status(422, "extra fields not permitted: stream_options")
		}
		return mt.Text("ok")
	})
	m, srv := start(t, agent.OpenAIConfig{}, mt.Endless(choose))
	for range 2 {
		if got, _, err := ask(m); err != nil || got.Content != "ok" || got.GenerationInfo["PromptTokens"] != nil {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := len(srv.Requests()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestConfig(t *testing.T) {
	good := agent.OpenAIConfig{BaseURL: "https://example.com/v1", Model: "m", APIKey: testKey}
	for field, change := range map[string]func(*agent.OpenAIConfig){
		"BaseURL:":         func(c *agent.OpenAIConfig) { c.BaseURL = "" },
		"BaseURL: must":    func(c *agent.OpenAIConfig) { c.BaseURL = "ftp://example.com" },
		"BaseURL: not":     func(c *agent.OpenAIConfig) { c.BaseURL = "https://u:" + testKey + "@[::1" },
		"BaseURL: must no": func(c *agent.OpenAIConfig) { c.BaseURL = "https://example.com/v1?key=" + testKey },
		"Model":            func(c *agent.OpenAIConfig) { c.Model = "" },
		"APIKey":           func(c *agent.OpenAIConfig) { c.APIKey = testKey + "\n" },
		"MaxRetries":       func(c *agent.OpenAIConfig) { c.MaxRetries = -1 },
		"IdleTimeout":      func(c *agent.OpenAIConfig) { c.IdleTimeout = -1 },
		"HTTPClient":       func(c *agent.OpenAIConfig) { c.HTTPClient = &http.Client{Timeout: time.Second} },
	} {
		cfg := good
		change(&cfg)
		_, err := agent.NewOpenAI(cfg)
		if err == nil || !strings.HasPrefix(err.Error(), field) || strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}

func TestKeyIsNotShown(t *testing.T) {
	cfg := agent.OpenAIConfig{BaseURL: "https://example.com/v1", Model: "m", APIKey: testKey}
	m, err := agent.NewOpenAI(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "cfg", cfg, "model", m)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "cfg", cfg, "model", m)
	for _, v := range []any{cfg, &cfg, m} {
		fmt.Fprintf(&log, "%v %+v %#v %s\n", v, v, v, v)
	}
	if strings.Contains(log.String(), testKey) {
		t.Errorf("key shown: %s", log.String())
	}
}

// A refused connection has an error that names neither key nor path.
func TestUnreachable(t *testing.T) {
	checkLeaks(t)
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	m := newModel(t, agent.OpenAIConfig{BaseURL: srv.URL + "/secret-path", MaxRetries: 2})
	_, _, err := ask(m)
	if !errors.Is(err, agent.ErrModelUnreachable) || strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), testKey) {
		t.Errorf("error %v", err)
	}
}

func TestConcurrentCalls(t *testing.T) {
	echo := mt.Reply(func(r mt.Request) mt.Step {
		n := r.Chat.Messages[0].Content
		return mt.Calls(mt.Call{ID: "a" + n, Name: "x", Args: `{"n":` + n + `}`}, mt.Call{ID: "b" + n, Name: "y", Args: `{"n":` + n + `}`})
	})
	m, _ := start(t, agent.OpenAIConfig{}, mt.Endless(echo))
	errs := make(chan error, 16)
	for i := range cap(errs) {
		go func() {
			for j := range 10 {
				n := fmt.Sprint(100*i + j)
				resp, err := m.GenerateContent(context.Background(), []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, n)})
				if err == nil && show(resp.Choices[0].ToolCalls) != show([]llms.ToolCall{call("a"+n, "x", `{"n":`+n+`}`), call("b"+n, "y", `{"n":`+n+`}`)}) {
					err = fmt.Errorf("%s: got %s", n, show(resp.Choices[0].ToolCalls))
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
