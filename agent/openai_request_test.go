package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	openai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	mt "partnerhub/agent/modeltest"
)

func TestRequestFields(t *testing.T) {
	tool := llms.Tool{Type: "function", Function: &llms.FunctionDefinition{
		Name: "query_metrics", Description: "Sums", Parameters: json.RawMessage(`{"type":"object","properties":{"temperature":{"type":"number"}}}`),
	}}
	bare := llms.Tool{Function: &llms.FunctionDefinition{Name: "bare"}}
	for _, tc := range []struct {
		name  string
		model string
		opts  []llms.CallOption
		want  map[string]string // field: JSON, "" for not sent
	}{
		{"defaults", "scripted", nil, map[string]string{
			"model": `"scripted"`, "stream": "true", "stream_options": `{"include_usage":true}`, "temperature": "", "top_p": "", "seed": "",
			"tools": "", "tool_choice": "", "max_tokens": "", "max_completion_tokens": "", "response_format": "", "n": "",
		}},
		{"temperature 0", "scripted", []llms.CallOption{llms.WithTemperature(0)}, map[string]string{"temperature": "0"}},
		{"temperature 0 with tools", "scripted", []llms.CallOption{llms.WithTemperature(0), llms.WithTools([]llms.Tool{tool})}, map[string]string{
			"temperature": "0",
			"tools":       `[{"function":{"name":"query_metrics","description":"Sums","parameters":{"type":"object","properties":{"temperature":{"type":"number"}}}},"type":"function"}]`,
		}},
		{"sampling", "scripted", []llms.CallOption{llms.WithTemperature(0.7), llms.WithTopP(0.5), llms.WithSeed(0), llms.WithMaxTokens(9), llms.WithStopWords([]string{"x"}), llms.WithJSONMode()}, map[string]string{
			"temperature": "0.7", "top_p": "0.5", "seed": "0", "max_tokens": "9", "stop": `["x"]`, "response_format": `{"type":"json_object"}`,
		}},
		{"another model", "scripted", []llms.CallOption{llms.WithModel("other")}, map[string]string{"model": `"other"`}},
		{"a tool without parameters", "scripted", []llms.CallOption{llms.WithTools([]llms.Tool{bare}), llms.WithToolChoice("required")}, map[string]string{
			"tools": `[{"function":{"name":"bare","parameters":{"type":"object","properties":{}}},"type":"function"}]`, "tool_choice": `"required"`,
		}},
		{"a chosen tool", "scripted", []llms.CallOption{llms.WithTools([]llms.Tool{bare}), llms.WithToolChoice(llms.ToolChoice{Type: "function", Function: &llms.FunctionReference{Name: "bare"}})}, map[string]string{
			"tool_choice": `{"type":"function","function":{"name":"bare"}}`,
		}},
		{"tool choice without tools", "scripted", []llms.CallOption{llms.WithToolChoice("none")}, map[string]string{"tool_choice": ""}},
		{"a reasoning model", "gpt-5-mini", []llms.CallOption{llms.WithTemperature(0), llms.WithMaxTokens(9), llms.WithTools([]llms.Tool{bare})}, map[string]string{
			"temperature": "", "max_tokens": "", "max_completion_tokens": "9", "reasoning_effort": "",
		}},
		{"a newest reasoning model", openai.GPT6Sol, []llms.CallOption{llms.WithTemperature(0), llms.WithMaxTokens(9), llms.WithTools([]llms.Tool{bare})}, map[string]string{
			"temperature": "0", "max_completion_tokens": "9", "reasoning_effort": `"none"`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, srv := start(t, agent.OpenAIConfig{Model: tc.model}, mt.Text("ok"))
			if _, _, err := ask(m, tc.opts...); err != nil {
				t.Fatal(err)
			}
			r := srv.Requests()[0]
			for field, want := range tc.want {
				if got := r.Field(field); got != want {
					t.Errorf("%s: %s, want %s", field, got, want)
				}
			}
			if got := r.Header.Get("Authorization"); got != "Bearer "+testKey {
				t.Errorf("Authorization %q", got)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	m, srv := start(t, agent.OpenAIConfig{}, mt.Text("ok"))
	// The text tries to be the stand-in that a zero temperature has before the body is built.
	trap := `"temperature":1e-45`
	_, err := m.GenerateContent(context.Background(), []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "You help.", "Be brief."),
		llms.TextParts(llms.ChatMessageTypeHuman, "Compare "+trap),
		{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{
			llms.TextPart("Let me look."), call("a", "x", `{"temperature":1e-45}`), call("b", "y", `{}`),
		}},
		{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{
			llms.ToolCallResponse{ToolCallID: "a", Name: "x", Content: `{"rows":1}`},
			llms.ToolCallResponse{ToolCallID: "b", Name: "y", Content: `{"rows":2}`},
		}},
	}, llms.WithTemperature(0))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"role":"system","content":"You help.\nBe brief."},` +
		`{"role":"user","content":"Compare \"temperature\":1e-45"},` +
		`{"role":"assistant","content":"Let me look.","tool_calls":[` +
		`{"id":"a","type":"function","function":{"name":"x","arguments":"{\"temperature\":1e-45}"}},` +
		`{"id":"b","type":"function","function":{"name":"y","arguments":"{}"}}]},` +
		`{"role":"tool","content":"{\"rows\":1}","tool_call_id":"a"},` +
		`{"role":"tool","content":"{\"rows\":2}","tool_call_id":"b"}]`
	r := srv.Requests()[0]
	if got := r.Field("messages"); got != want {
		t.Errorf("messages\n got %s\nwant %s", got, want)
	}
	if got := r.Field("temperature"); got != "0" {
		t.Errorf("temperature %s", got)
	}
}

// What cannot be sent is refused by name, and nothing is sent.
func TestRefusedRequests(t *testing.T) {
	user := llms.ChatMessageTypeHuman
	msg := func(role llms.ChatMessageType, parts ...llms.ContentPart) []llms.MessageContent {
		return []llms.MessageContent{{Role: role, Parts: parts}}
	}
	for _, tc := range []struct {
		field    string
		messages []llms.MessageContent
		opts     []llms.CallOption
	}{
		{"messages", []llms.MessageContent{}, nil},
		{"messages[0]: content", msg(user), nil},
		{"messages[0]: role", msg("robot", llms.TextPart("x")), nil},
		{"messages[0]: a part", msg(user, llms.BinaryPart("image/png", nil)), nil},
		{"messages[0]: role user takes no tool calls", msg(user, call("a", "x", "{}")), nil},
		{"messages[0]: role user takes no tool results", msg(user, llms.ToolCallResponse{ToolCallID: "a", Content: "x"}), nil},
		{"messages[0]: a tool call needs", msg(llms.ChatMessageTypeAI, llms.ToolCall{ID: "a"}), nil},
		{"messages[0]: a tool result needs", msg(llms.ChatMessageTypeTool, llms.ToolCallResponse{ToolCallID: "a"}), nil},
		{"messages[0]: role tool", msg(llms.ChatMessageTypeTool, llms.TextPart("x")), nil},
		{"messages: ", msg(user, llms.TextPart(strings.Repeat("x", 17<<20))), nil},
		{"Temperature", nil, []llms.CallOption{llms.WithTemperature(3)}},
		{"Temperature", nil, []llms.CallOption{llms.WithTemperature(-1)}},
		{"N", nil, []llms.CallOption{llms.WithN(2)}},
		{"TopK", nil, []llms.CallOption{llms.WithTopK(2)}},
		{"Functions", nil, []llms.CallOption{llms.WithFunctions([]llms.FunctionDefinition{{Name: "x"}})}},
		{"Metadata", nil, []llms.CallOption{llms.WithMetadata(map[string]any{"a": 1})}},
		{"tools[0]", nil, []llms.CallOption{llms.WithTools([]llms.Tool{{Type: "web_search"}})}},
		{"ToolChoice", nil, []llms.CallOption{llms.WithTools([]llms.Tool{{Function: &llms.FunctionDefinition{Name: "x"}}}), llms.WithToolChoice(7)}},
		{"chan", nil, []llms.CallOption{llms.WithTools([]llms.Tool{{Function: &llms.FunctionDefinition{Name: "x", Parameters: make(chan int)}}})}},
		{openai.GPT6Astra, nil, []llms.CallOption{llms.WithModel(openai.GPT6Astra), llms.WithTools([]llms.Tool{{Function: &llms.FunctionDefinition{Name: "x"}}})}},
	} {
		t.Run(tc.field, func(t *testing.T) {
			m, srv := start(t, agent.OpenAIConfig{MaxRetries: 2})
			if tc.messages == nil {
				tc.messages = question()
			}
			_, err := m.GenerateContent(context.Background(), tc.messages, tc.opts...)
			if !errors.Is(err, agent.ErrModelRequest) || !strings.Contains(err.Error(), tc.field) {
				t.Errorf("error %v, want %q in it", err, tc.field)
			}
			if n := len(srv.Requests()); n != 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}
