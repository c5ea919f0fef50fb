package agent

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	openai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
)

// maxToolCalls bounds the calls of one answer.
const maxToolCalls = 64

// openaiAnswer puts an answer together from its frames.
type openaiAnswer struct {
	text    strings.Builder
	calls   []*openaiCall
	byIndex map[int]*openaiCall // the call that an index means now
	byID    map[string]*openaiCall
	finish  openai.FinishReason
	usage   *openai.Usage
	model   string
}

type openaiCall struct {
	id, name string
	index    *int
	args     strings.Builder
}

// add takes a frame in and returns its text. Reasoning is left out: it is not meant for the reader.
func (a *openaiAnswer) add(f openaiFrame) (text string, err error) {
	if f.Model != "" {
		a.model = f.Model
	}
	if f.Usage != nil { // some endpoints send a running total with each frame: the last one counts
		a.usage = f.Usage
	}
	for _, c := range f.Choices {
		if c.Index != 0 {
			continue
		}
		text += c.Delta.Content + c.Delta.Refusal
		for _, d := range c.Delta.ToolCalls {
			if err := a.addCall(d); err != nil {
				return "", err
			}
		}
		if c.FinishReason != "" && c.FinishReason != openai.FinishReasonNull {
			a.finish = c.FinishReason
		}
	}
	a.text.WriteString(text)
	return text, nil
}

// addCall takes a piece of a tool call in. A new id is a new call, also at an index that was used; a
// piece without id belongs to the call at its index, or without index to the last one.
func (a *openaiAnswer) addCall(d openai.ToolCall) error {
	call := a.lookUp(d)
	switch {
	case call == nil && d.ID == "" && d.Function.Name == "" && d.Function.Arguments == "":
		return nil // some endpoints end with an empty delta
	case call == nil && d.ID == "" && d.Function.Name == "":
		return fmt.Errorf("%w: arguments that belong to no call", ErrBadToolCall)
	case call == nil && len(a.calls) == maxToolCalls:
		return fmt.Errorf("%w: more than %d calls", ErrBadToolCall, maxToolCalls)
	case call == nil:
		call = &openaiCall{index: d.Index}
		a.calls = append(a.calls, call)
	case call.index != nil && d.Index != nil && *call.index != *d.Index:
		return fmt.Errorf("%w: one id for two calls", ErrBadToolCall)
	}
	if d.ID != "" {
		call.id = d.ID
		a.byID[d.ID] = call
	}
	if d.Index != nil {
		a.byIndex[*d.Index] = call
	}
	switch name := d.Function.Name; {
	case name == "" || name == call.name: // some endpoints repeat it
	case call.name == "":
		call.name = name
	default:
		return fmt.Errorf("%w: two names for one call", ErrBadToolCall)
	}
	call.args.WriteString(d.Function.Arguments)
	return nil
}

// lookUp returns the call that a piece belongs to, or nil for a new one.
func (a *openaiAnswer) lookUp(d openai.ToolCall) *openaiCall {
	if call := a.byID[d.ID]; d.ID != "" && call != nil {
		return call
	}
	var call *openaiCall
	if d.Index != nil {
		call = a.byIndex[*d.Index]
	} else if len(a.calls) > 0 && (d.ID != "" || d.Function.Name == "") {
		call = a.calls[len(a.calls)-1]
	}
	if call != nil && d.ID != "" && call.id != "" {
		return nil
	}
	return call
}

// response checks that the answer is complete. It returns ErrStreamCut, ErrBadToolCall, ErrEmptyAnswer
// or an *EndpointError.
func (a *openaiAnswer) response() (*llms.ContentResponse, error) {
	switch {
	case a.finish == "":
		return nil, fmt.Errorf("%w: no finish_reason", ErrStreamCut)
	case a.finish == "error":
		return nil, &EndpointError{Message: "the answer ended with finish_reason error"}
	case len(a.calls) > 0 && (a.finish == openai.FinishReasonLength || a.finish == openai.FinishReasonContentFilter):
		return nil, fmt.Errorf("%w: cut short by finish_reason %s", ErrBadToolCall, a.finish)
	case len(a.calls) == 0 && a.finish == openai.FinishReasonToolCalls:
		return nil, fmt.Errorf("%w: finish_reason tool_calls without a call", ErrBadToolCall)
	case len(a.calls) == 0 && a.text.Len() == 0:
		return nil, fmt.Errorf("%w (finish_reason %.40q)", ErrEmptyAnswer, a.finish)
	}
	choice := &llms.ContentChoice{
		Content:        a.text.String(),
		StopReason:     string(a.finish),
		GenerationInfo: a.info(),
	}
	for _, c := range a.calls {
		call, err := c.toolCall()
		if err != nil {
			return nil, err
		}
		choice.ToolCalls = append(choice.ToolCalls, call)
	}
	if len(choice.ToolCalls) > 0 {
		choice.StopReason = string(openai.FinishReasonToolCalls) // some models say "stop"
		choice.FuncCall = choice.ToolCalls[0].FunctionCall
	}
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
}

func (c *openaiCall) toolCall() (llms.ToolCall, error) {
	if c.name == "" {
		return llms.ToolCall{}, fmt.Errorf("%w: no name", ErrBadToolCall)
	}
	args := strings.TrimSpace(c.args.String())
	if args == "" { // what some models send for "no arguments"; the tool's schema has the last word
		args = "{}"
	}
	if !json.Valid([]byte(args)) || !bytes.HasPrefix([]byte(args), []byte("{")) {
		return llms.ToolCall{}, fmt.Errorf("%w: arguments of %.64q are not a JSON object", ErrBadToolCall, c.name)
	}
	if c.id == "" { // some endpoints give none, and the result has to name one
		c.id = "call_" + rand.Text()
	}
	return llms.ToolCall{ID: c.id, Type: "function", FunctionCall: &llms.FunctionCall{Name: c.name, Arguments: args}}, nil
}

func (a *openaiAnswer) info() map[string]any {
	info := map[string]any{"Model": a.model}
	if a.usage == nil {
		return info
	}
	info["PromptTokens"] = a.usage.PromptTokens
	info["CompletionTokens"] = a.usage.CompletionTokens
	info["TotalTokens"] = a.usage.TotalTokens
	if d := a.usage.PromptTokensDetails; d != nil {
		info["PromptCachedTokens"] = d.CachedTokens
	}
	if d := a.usage.CompletionTokensDetails; d != nil {
		info["ReasoningTokens"] = d.ReasoningTokens
	}
	return info
}
