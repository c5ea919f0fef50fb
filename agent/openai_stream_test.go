package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"
	"pgregory.net/rapid"

	"partnerhub/agent"
)

// replay is a transport that answers every request with the same stream.
type replay string

func (r replay) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(r)))}, nil
}

func replayModel(t testing.TB, stream string) *agent.OpenAI {
	t.Helper()
	m, err := agent.NewOpenAI(agent.OpenAIConfig{BaseURL: "http://example.com/v1", Model: "m", HTTPClient: &http.Client{Transport: replay(stream)}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// However the deltas of parallel calls are cut and shuffled between each other, the same calls come out.
func TestInterleavingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 6).Draw(rt, "texts")
		repeatID := rapid.Bool().Draw(rt, "repeatID")
		var want []llms.ToolCall
		rest := make([][]rune, len(texts))
		var stream strings.Builder
		frame := func(call map[string]any) {
			b, err := json.Marshal(map[string]any{"choices": []any{map[string]any{"index": 0, "delta": map[string]any{"tool_calls": []any{call}}}}})
			if err != nil {
				rt.Fatal(err)
			}
			fmt.Fprintf(&stream, "data: %s\n\n", b)
		}
		for i, text := range texts {
			args, _ := json.Marshal(map[string]string{"q": text})
			id, name := fmt.Sprintf("id-%d", i), fmt.Sprintf("tool_%d", i)
			want = append(want, call(id, name, string(args)))
			rest[i] = []rune(string(args))
			frame(map[string]any{"index": i, "id": id, "type": "function", "function": map[string]any{"name": name, "arguments": ""}})
		}
		for open := len(rest); open > 0; {
			i := rapid.IntRange(0, len(rest)-1).Draw(rt, "call")
			if len(rest[i]) == 0 {
				i = 0
				for len(rest[i]) == 0 {
					i++
				}
			}
			n := rapid.IntRange(1, len(rest[i])).Draw(rt, "size")
			piece := map[string]any{"index": i, "type": "function", "function": map[string]any{"arguments": string(rest[i][:n])}}
			if repeatID {
				piece["id"] = want[i].ID
			}
			frame(piece)
			if rest[i] = rest[i][n:]; len(rest[i]) == 0 {
				open--
			}
		}
		fmt.Fprint(&stream, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n")
		resp, err := replayModel(t, stream.String()).GenerateContent(context.Background(), question())
		if err != nil {
			rt.Fatal(err)
		}
		if got := resp.Choices[0].ToolCalls; !reflect.DeepEqual(got, want) {
			rt.Fatalf("got %s, want %s", show(got), show(want))
		}
	})
}

// Whatever an endpoint sends: no panic, no tool call that is not complete, no answer without
// finish_reason, and what was streamed is what is returned.
func FuzzStream(f *testing.F) {
	f.Add("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	f.Add("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n")
	f.Add(": ping\n\nevent: error\ndata: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n")
	f.Add("data: {\"error\":\"x\"}\n\n")
	f.Add("data:\n\ndata: null\n\ndata: {}\n\ndata: [DONE]")
	f.Add("{\"error\":{\"message\":[\"x\"]}}")
	f.Fuzz(func(t *testing.T, stream string) {
		got, streamed, err := ask(replayModel(t, stream))
		if err != nil {
			if got != nil {
				t.Fatal("an answer and an error")
			}
			return
		}
		if got.Content != streamed || got.StopReason == "" {
			t.Errorf("content %q, streamed %q", got.Content, streamed)
		}
		if got.Content == "" && len(got.ToolCalls) == 0 {
			t.Error("an empty answer")
		}
		seen := map[string]bool{}
		for _, c := range got.ToolCalls {
			var object map[string]any
			if err := json.Unmarshal([]byte(c.FunctionCall.Arguments), &object); err != nil || object == nil || c.FunctionCall.Name == "" {
				t.Errorf("call %+v: %v", c.FunctionCall, err)
			}
			if c.ID == "" || seen[c.ID] {
				t.Errorf("id %q is empty or not unique", c.ID)
			}
			seen[c.ID] = true
		}
	})
}
