package agent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	mt "partnerhub/agent/modeltest"
)

// Each fault ends in its error, with nothing handed out, and without a retry (MaxRetries is zero).
func TestFaults(t *testing.T) {
	args := func(name, args string) mt.Step { return mt.Calls(mt.Call{ID: "a", Name: name, Args: args}) }
	begun := `{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":"{}"}}`
	for _, tc := range []struct {
		name string
		step mt.Step
		want error
		text string // that must be part of the error
	}{
		{"error frame", mt.Stream(mt.Chunk("Hel"), mt.ErrorFrame(500, "overloaded")), nil, "500 Internal Server Error: overloaded"},
		{"error frame after pings", mt.Stream(mt.Chunk("Hel"), mt.Pings(400), mt.ErrorFrame(500, "overloaded")), nil, "overloaded"},
		{"error frame named by an event", mt.Stream(mt.Raw("event: error\n"), mt.ErrorFrame(500, "overloaded"), mt.Done()), nil, "overloaded"},
		{"error frame, then a stall", mt.Stream(mt.ErrorFrame(500, "overloaded"), mt.Stall()), nil, "overloaded"},
		{"error frame after finish_reason", mt.Stream(mt.Chunk("Hello."), mt.Finish("stop"), mt.ErrorFrame(500, "overloaded")), nil, "overloaded"},
		{"error frame of a string", mt.Stream(mt.Data(`{"error":"overloaded"}`)), nil, "could not be read"},
		{"error beside choices", mt.Stream(mt.Data(`{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"gone"}}`)), nil, "502 Bad Gateway: gone"},
		{"error object", mt.Stream(mt.Data(`{"object":"error","message":"gone"}`)), nil, "inside the stream"},
		{"finish_reason error", mt.Stream(mt.Chunk("Hel"), mt.Finish("error"), mt.Done()), nil, "finish_reason error"},
		{"error with status 200", mt.Body(200, "application/json", `{"error":{"message":"overloaded"}}`), nil, "overloaded"},
		{"no stream", mt.Body(200, "application/json", `{"choices":[{"message":{"content":"Hello."},"finish_reason":"stop"}]}`), agent.ErrStreamCut, ""},
		{"a page", mt.Body(200, "text/html", "<html>\n<p>Please sign in</p>\n</html>"), agent.ErrStreamCut, ""},
		{"nothing", mt.Stream(), agent.ErrStreamCut, ""},
		{"cut text", mt.Stream(mt.Chunk("Hel"), mt.Cut()), agent.ErrStreamCut, ""},
		{"clean end without finish_reason", mt.Stream(mt.Chunk("Hello.")), agent.ErrStreamCut, "finish_reason"},
		{"[DONE] without finish_reason", mt.Stream(mt.Chunk("Hello."), mt.Done()), agent.ErrStreamCut, "finish_reason"},
		{"finish_reason null", mt.Stream(mt.Chunk("Hello."), mt.Finish("null"), mt.Done()), agent.ErrStreamCut, "finish_reason"},
		{"cut call", mt.Stream(mt.ToolDelta(begun), mt.Cut()), agent.ErrStreamCut, ""},
		{"call, [DONE] without finish_reason", mt.Stream(mt.ToolDelta(begun), mt.Done()), agent.ErrStreamCut, ""},
		{"cut within a frame", mt.Stream(mt.Chunk("Hel"), mt.Raw(`data: {"choices":[{"ind`), mt.Cut()), agent.ErrStreamCut, ""},
		{"clean end within a frame", mt.Stream(mt.Chunk("Hel"), mt.Raw(`data: {"choices":[{"ind`)), agent.ErrBadFrame, ""},
		{"no JSON", mt.Stream(mt.Data(`{"choices":`)), agent.ErrBadFrame, ""},
		{"content of a wrong type", mt.Stream(mt.Delta(`{"content":7}`)), agent.ErrBadFrame, ""},
		{"no connection", mt.Drop(), agent.ErrModelUnreachable, ""},
		{"stall before the headers", mt.Hang(), agent.ErrModelStalled, ""},
		{"stall before the first frame", mt.Stream(mt.Raw("\n"), mt.Stall()), agent.ErrModelStalled, ""},
		{"stall within text", mt.Stream(mt.Chunk("Hel"), mt.Stall()), agent.ErrModelStalled, ""},
		{"stall within a frame", mt.Stream(mt.Raw(`data: {"choi`), mt.Stall()), agent.ErrModelStalled, ""},
		{"stall within a call", mt.Stream(mt.ToolDelta(begun), mt.Stall()), agent.ErrModelStalled, ""},
		{"arguments cut", args("x", `{"n":1`), agent.ErrBadToolCall, `"x"`},
		{"arguments an array", args("x", `[1]`), agent.ErrBadToolCall, ""},
		{"arguments a string", args("x", `"{}"`), agent.ErrBadToolCall, ""},
		{"arguments null", args("x", `null`), agent.ErrBadToolCall, ""},
		{"arguments twice", args("x", `{}{}`), agent.ErrBadToolCall, ""},
		{"arguments not JSON", args("x", `n=1`), agent.ErrBadToolCall, ""},
		{"one good call, one bad", mt.Calls(mt.Call{ID: "a", Name: "x", Args: "{}"}, mt.Call{ID: "b", Name: "y", Args: "{"}), agent.ErrBadToolCall, `"y"`},
		{"no name", args("", `{}`), agent.ErrBadToolCall, ""},
		{"two names", mt.Stream(mt.ToolDelta(begun), mt.ToolDelta(`{"index":0,"function":{"name":"y"}}`), mt.Finish("tool_calls"), mt.Done()), agent.ErrBadToolCall, "two names"},
		{"one id for two calls", mt.Calls(mt.Call{ID: "a", Name: "x", Args: "{}"}, mt.Call{ID: "a", Name: "y", Args: "{}"}), agent.ErrBadToolCall, "one id"},
		{"arguments of no call", mt.Stream(mt.ToolDelta(`{"index":0,"function":{"arguments":"{}"}}`), mt.Finish("tool_calls"), mt.Done()), agent.ErrBadToolCall, "no call"},
		{"calls announced, none came", mt.Stream(mt.Chunk("Hel"), mt.Finish("tool_calls"), mt.Done()), agent.ErrBadToolCall, ""},
		{"call with finish_reason length", mt.Stream(mt.ToolDelta(begun), mt.Finish("length"), mt.Done()), agent.ErrBadToolCall, "length"},
		{"call with finish_reason content_filter", mt.Stream(mt.ToolDelta(begun), mt.Finish("content_filter"), mt.Done()), agent.ErrBadToolCall, "content_filter"},
		{"a flood of calls", mt.Calls(make100Calls()...), agent.ErrBadToolCall, "64"},
		{"no text and no calls", mt.Stream(mt.Finish("stop"), mt.Done()), agent.ErrEmptyAnswer, ""},
		{"too large", mt.Text(strings.Repeat("x", 200_000), strings.Repeat("x", 200_000)), agent.ErrResponseTooLarge, ""},
		{"too many pings", mt.Stream(mt.Pings(60_000)), agent.ErrResponseTooLarge, ""},
		{"an endless line", mt.Stream(mt.Raw("data: "+strings.Repeat("x", 400_000)), mt.Stall()), agent.ErrResponseTooLarge, ""},
		{"too large an error", mt.Status(400, strings.Repeat("x", 400_000)), agent.ErrResponseTooLarge, ""},
		{"an error that breaks off", mt.Status(418, "short", "Content-Length", "1000"), nil, "418"},
		{"redirect", mt.Status(307, "elsewhere", "Location", "http://127.0.0.1:1/"), nil, "redirects"},
		{"400", mt.Status(400, "context too long"), nil, "400 Bad Request: context too long"},
		{"401 that repeats the key", mt.Status(401, "Incorrect API key provided: "+testKey), nil, "[key]"},
		{"long message", mt.Status(400, strings.Repeat("é\n", 1000)), nil, "é é"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, srv := start(t, agent.OpenAIConfig{IdleTimeout: 150 * time.Millisecond, MaxResponseBytes: 300_000}, tc.step)
			began := time.Now()
			got, _, err := ask(m)
			if err == nil {
				t.Fatalf("no error, answer %+v", got)
			}
			var endpoint *agent.EndpointError
			if isEndpoint := errors.As(err, &endpoint); isEndpoint != (tc.want == nil) {
				t.Fatalf("error %#v (%v)", err, err)
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if !strings.Contains(err.Error(), tc.text) || strings.Contains(err.Error(), testKey) || len(err.Error()) > 1000 {
				t.Errorf("error %q, want %q in it, short and without the key", err, tc.text)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %s", took)
			}
			if n := len(srv.Requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func make100Calls() []mt.Call {
	var calls []mt.Call
	for i := range 100 {
		calls = append(calls, mt.Call{ID: fmt.Sprint(i), Name: "x", Args: "{}"})
	}
	return calls
}

func TestRetries(t *testing.T) {
	for _, tc := range []struct {
		name     string
		script   []mt.Step
		requests int
		streamed string
		want     error // nil: an answer comes
	}{
		{name: "500", script: []mt.Step{mt.Status(500, "x"), mt.Text("ok")}, requests: 2, streamed: "ok"},
		{name: "502, then 503", script: []mt.Step{mt.Status(502, "x"), mt.Status(503, "x"), mt.Text("ok")}, requests: 3, streamed: "ok"},
		{name: "429 without Retry-After", script: []mt.Step{mt.RateLimited(""), mt.Text("ok")}, requests: 2, streamed: "ok"},
		{name: "429 inside the stream", script: []mt.Step{mt.Stream(mt.ErrorFrame(429, "x")), mt.Text("ok")}, requests: 2, streamed: "ok"},
		{name: "connection lost", script: []mt.Step{mt.Drop(), mt.Text("ok")}, requests: 2, streamed: "ok"},
		{name: "cut before any text", script: []mt.Step{mt.Stream(mt.Pings(1), mt.Cut()), mt.Text("ok")}, requests: 2, streamed: "ok"},
		{
			name: "cut within a call, which is not handed out twice", requests: 2, streamed: "ok",
			script: []mt.Step{mt.Stream(mt.ToolDelta(`{"index":0,"id":"a","type":"function","function":{"name":"x","arguments":"{}"}}`), mt.Cut()), mt.Text("ok")},
		},
		{name: "cut after text", script: []mt.Step{mt.Stream(mt.Chunk("Hel"), mt.Cut())}, requests: 1, streamed: "Hel", want: agent.ErrStreamCut},
		{name: "500 frame after text", script: []mt.Step{mt.Stream(mt.Chunk("Hel"), mt.ErrorFrame(500, "x"))}, requests: 1, streamed: "Hel", want: &agent.EndpointError{}},
		{name: "stall", script: []mt.Step{mt.Hang()}, requests: 1, want: agent.ErrModelStalled},
		{name: "malformed call", script: []mt.Step{mt.Calls(mt.Call{ID: "a", Name: "x", Args: "{"})}, requests: 1, want: agent.ErrBadToolCall},
		{name: "400", script: []mt.Step{mt.Status(400, "x")}, requests: 1, want: &agent.EndpointError{}},
		{name: "401", script: []mt.Step{mt.Status(401, "x")}, requests: 1, want: &agent.EndpointError{}},
		{name: "429 for want of money", script: []mt.Step{mt.Body(429, "application/json", `{"error":{"code":"insufficient_quota","message":"pay"}}`)}, requests: 1, want: &agent.RateLimitedError{}},
		{name: "for ever 503", script: []mt.Step{mt.Endless(mt.Status(503, "x"))}, requests: 3, want: &agent.EndpointError{}},
		{name: "for ever 429", script: []mt.Step{mt.Endless(mt.RateLimited(""))}, requests: 3, want: &agent.RateLimitedError{}},
		{name: "Retry-After above the bound", script: []mt.Step{mt.RateLimited("3600")}, requests: 1, want: &agent.RateLimitedError{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, srv := start(t, agent.OpenAIConfig{MaxRetries: 2, IdleTimeout: 150 * time.Millisecond}, tc.script...)
			got, streamed, err := ask(m)
			if streamed != tc.streamed {
				t.Errorf("streamed %q, want %q", streamed, tc.streamed)
			}
			if n := len(srv.Requests()); n != tc.requests {
				t.Errorf("%d requests, want %d", n, tc.requests)
			}
			switch want := tc.want.(type) {
			case nil:
				if err != nil || got.Content != "ok" || len(got.ToolCalls) > 0 {
					t.Errorf("got %+v, %v", got, err)
				}
			case *agent.EndpointError:
				if !errors.As(err, &want) {
					t.Errorf("error %v", err)
				}
			case *agent.RateLimitedError:
				var endpoint *agent.EndpointError
				if !errors.As(err, &want) || !errors.As(err, &endpoint) || endpoint.Status != 429 {
					t.Errorf("error %v", err)
				}
			default:
				if !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			}
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for _, tc := range []struct {
		name, header string
		status       int
		least        time.Duration
	}{
		{"seconds", "1", 429, time.Second},
		{"a date", time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat), 429, time.Second},
		{"seconds with 503", "1", 503, time.Second},
		{"a date in the past", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 429, 0},
		{"negative", "-5", 429, 0},
		{"nonsense", "soon", 429, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, _ := start(t, agent.OpenAIConfig{MaxRetries: 1}, mt.Status(tc.status, "x", "Retry-After", tc.header), mt.Text("ok"))
			began := time.Now()
			if _, _, err := ask(m); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < tc.least || took > tc.least+4*time.Second {
				t.Errorf("waited %s, want %s", took, tc.least)
			}
		})
	}
}

func TestRetryAfterIsReported(t *testing.T) {
	date := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, date: 2 * time.Hour, "99999999999999999999": 0, "": 0} {
		m, _ := start(t, agent.OpenAIConfig{}, mt.RateLimited(header))
		_, _, err := ask(m)
		var limited *agent.RateLimitedError
		if !errors.As(err, &limited) {
			t.Fatalf("%q: error %v", header, err)
		}
		if d := want - limited.RetryAfter; d < 0 || d > 5*time.Second {
			t.Errorf("%q: %s, want %s", header, limited.RetryAfter, want)
		}
	}
}

// The bound is checked by itself, with time enough to wait.
func TestRetryAfterAboveTheBound(t *testing.T) {
	m, srv := start(t, agent.OpenAIConfig{MaxRetries: 1, MaxRetryAfter: time.Second}, mt.RateLimited("2"))
	_, _, err := ask(m)
	var limited *agent.RateLimitedError
	if !errors.As(err, &limited) || limited.RetryAfter != 2*time.Second || len(srv.Requests()) != 1 {
		t.Errorf("error %v after %d requests", err, len(srv.Requests()))
	}
}

// A wait that the time limit would cut short is not begun: the caller learns of the rate limit at once.
func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	m, _ := start(t, agent.OpenAIConfig{MaxRetries: 1, RequestTimeout: 2 * time.Second}, mt.RateLimited("10"))
	began := time.Now()
	_, _, err := ask(m)
	var limited *agent.RateLimitedError
	if !errors.As(err, &limited) || time.Since(began) > 10*time.Second {
		t.Errorf("error %v after %s", err, time.Since(began))
	}
}

func TestCancel(t *testing.T) {
	for name, step := range map[string]mt.Step{
		"before the headers":      mt.Hang(),
		"within the stream":       mt.Stream(mt.Chunk("Hel"), mt.Stall()),
		"after the finish_reason": mt.Stream(mt.Chunk("Hel"), mt.Finish("stop"), mt.Stall()),
		"waiting to retry":        mt.RateLimited("15"),
	} {
		t.Run(name, func(t *testing.T) {
			m, srv := start(t, agent.OpenAIConfig{MaxRetries: 1}, step)
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(100*time.Millisecond, cancel)
			began := time.Now()
			_, err := m.GenerateContent(ctx, question())
			if !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
				t.Errorf("error %v after %s", err, time.Since(began))
			}
			if name == "waiting to retry" {
				return
			}
			for deadline := time.Now().Add(2 * time.Second); srv.Aborted() == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the request goes on")
				}
			}
		})
	}
}

func TestTimeLimits(t *testing.T) {
	slow := mt.Stream(mt.Chunk("x"), mt.PingsUntilGone(20*time.Millisecond))
	t.Run("pings keep a stream alive until the request's time limit", func(t *testing.T) {
		m, _ := start(t, agent.OpenAIConfig{IdleTimeout: 300 * time.Millisecond, RequestTimeout: 700 * time.Millisecond}, slow)
		began := time.Now()
		_, _, err := ask(m)
		if took := time.Since(began); !errors.Is(err, agent.ErrModelTimeout) || took < 600*time.Millisecond || took > 10*time.Second {
			t.Errorf("error %v after %s", err, took)
		}
	})
	t.Run("the caller's deadline", func(t *testing.T) {
		m, _ := start(t, agent.OpenAIConfig{}, slow)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if _, err := m.GenerateContent(ctx, question()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, agent.ErrModelTimeout) {
			t.Errorf("error %v", err)
		}
	})
	long := strings.Repeat("x", 50_000) // more than what is read ahead
	t.Run("a slow reader is not a stalled model", func(t *testing.T) {
		m, _ := start(t, agent.OpenAIConfig{IdleTimeout: 100 * time.Millisecond}, mt.Text(long, long, long))
		_, err := m.GenerateContent(context.Background(), question(), llms.WithStreamingFunc(func(context.Context, []byte) error {
			time.Sleep(250 * time.Millisecond)
			return nil
		}))
		if err != nil {
			t.Error(err)
		}
	})
}
