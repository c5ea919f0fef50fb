// Package modeltest is an OpenAI-compatible chat endpoint for tests: real HTTP, real server-sent
// events, no latency, and a script instead of a model. One [Step] answers one request:
//
//	srv := modeltest.New(t,
//		modeltest.RateLimited("1"),
//		modeltest.Calls(modeltest.Call{ID: "a", Name: "query_metrics", Args: `{"period":"this_week"}`}),
//		modeltest.Text("You earned ", "12 USDT."),
//	)
//	model, err := agent.NewOpenAI(agent.OpenAIConfig{BaseURL: srv.URL, Model: "scripted"})
//
// [Stream] builds an answer frame by frame, faults included. A request past the end of the script,
// or one whose tool results do not fit its tool calls, fails the test.
package modeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	openai "github.com/sashabaranov/go-openai"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 64 << 20

// Server plays a script. It closes itself when the test ends.
type Server struct {
	// URL is the base URL to configure a client with; it ends in /v1.
	URL string

	t       testing.TB
	closing chan struct{}

	mu       sync.Mutex
	script   []Step
	requests []Request
	aborted  int
}

// Request is one chat request as the server received it.
type Request struct {
	// Chat is the body, decoded.
	Chat openai.ChatCompletionRequest
	// Body is the body as it was sent.
	Body   []byte
	Header http.Header
	// Remote is the client's address; equal addresses mean that a connection was used again.
	Remote string
}

// Field returns the JSON text of a top-level field of the body, or "" when it was not sent.
func (r Request) Field(name string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &fields); err != nil {
		return ""
	}
	return string(fields[name])
}

// New starts a server that answers the first request with the first step, and so on.
func New(t testing.TB, script ...Step) *Server {
	t.Helper()
	s := &Server{t: t, closing: make(chan struct{}), script: script}
	hs := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = hs.URL + "/v1"
	t.Cleanup(func() {
		close(s.closing) // before hs.Close, which waits for the requests that stall
		hs.Close()
	})
	return s
}

// Requests returns the requests received so far, in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Aborted returns how many answers the client gave up while they stalled.
func (s *Server) Aborted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aborted
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" {
		s.t.Errorf("modeltest: unexpected %s %s", r.Method, r.URL.Path)
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return // the client went away while it sent
	}
	req := Request{Body: body, Header: r.Header.Clone(), Remote: r.RemoteAddr}
	if err := json.Unmarshal(body, &req.Chat); err != nil {
		s.t.Errorf("modeltest: body is not a chat request: %v", err)
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}

	step := s.next(req)
	if err := checkDialog(req.Chat); err != nil {
		s.t.Errorf("modeltest: request %d: %v", len(s.Requests()), err)
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	step.play(&Exchange{Request: req, server: s, w: w, r: r})
}

// next records the request and takes its step off the script.
func (s *Server) next(req Request) Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
	if len(s.script) == 0 {
		s.t.Errorf("modeltest: request %d is past the end of the script", len(s.requests))
		return Status(http.StatusBadRequest, "past the end of the script")
	}
	step := s.script[0]
	if !step.endless {
		s.script = s.script[1:]
	}
	return step
}

// checkDialog refuses what real endpoints refuse: messages without content, calls without a result
// each, results without a call, tool_choice without tools.
func checkDialog(chat openai.ChatCompletionRequest) error {
	if chat.Model == "" || len(chat.Messages) == 0 || !chat.Stream {
		return fmt.Errorf("model, messages and stream are required")
	}
	if chat.ToolChoice != nil && len(chat.Tools) == 0 {
		return fmt.Errorf("tool_choice is only allowed when tools are given")
	}
	open := map[string]bool{}
	for i, m := range chat.Messages {
		if m.Role == openai.ChatMessageRoleTool {
			if !open[m.ToolCallID] {
				return fmt.Errorf("messages[%d]: tool result %q has no open call", i, m.ToolCallID)
			}
			delete(open, m.ToolCallID)
		} else if len(open) > 0 {
			return fmt.Errorf("messages[%d]: %d tool calls before it have no result", i, len(open))
		}
		if m.Content == "" && len(m.ToolCalls) == 0 {
			return fmt.Errorf("messages[%d]: content is required", i)
		}
		for _, c := range m.ToolCalls {
			if c.ID == "" || c.Type != openai.ToolTypeFunction || c.Function.Name == "" || open[c.ID] {
				return fmt.Errorf("messages[%d]: tool call %q needs a type, a name and an id of its own", i, c.ID)
			}
			open[c.ID] = true
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%d tool calls have no result", len(open))
	}
	return nil
}

func writeError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorJSON(status, message))
}

func errorJSON(code int, message string) []byte {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(map[string]any{
		"error": map[string]any{"message": message, "type": "server_error", "code": code},
	})
	return bytes.TrimSpace(b.Bytes())
}
