package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	openai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
)

// seedUnset stands for "no seed"; zero is a seed.
const seedUnset = math.MinInt

// openaiRequest translates messages and options. It returns ErrModelRequest, naming the field.
func openaiRequest(
	model string, messages []llms.MessageContent, opts llms.CallOptions,
) (openai.ChatCompletionRequest, error) {
	req := openai.ChatCompletionRequest{
		Model:            model,
		MaxTokens:        opts.MaxTokens,
		TopP:             float32(opts.TopP),
		Stop:             opts.StopWords,
		PresencePenalty:  float32(opts.PresencePenalty),
		FrequencyPenalty: float32(opts.FrequencyPenalty),
	}
	if opts.Model != "" {
		req.Model = opts.Model
	}
	if opts.Seed != seedUnset {
		req.Seed = &opts.Seed
	}
	if opts.JSONMode {
		req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	switch t := opts.Temperature; {
	case math.IsNaN(t):
	case t == 0:
		req.Temperature = zeroTemperature
	case t < 0 || t > 2:
		return req, fmt.Errorf("%w: Temperature: must be between 0 and 2", ErrModelRequest)
	default:
		req.Temperature = float32(t)
	}
	if err := refuseOptions(opts); err != nil {
		return req, err
	}
	for i, m := range messages {
		converted, err := openaiMessages(m)
		if err != nil {
			return req, fmt.Errorf("%w: messages[%d]: %w", ErrModelRequest, i, err)
		}
		req.Messages = append(req.Messages, converted...)
	}
	if len(req.Messages) == 0 {
		return req, fmt.Errorf("%w: messages: must not be empty", ErrModelRequest)
	}
	if err := addTools(&req, opts); err != nil {
		return req, err
	}
	return req, fitModel(&req)
}

// refuseOptions refuses what would otherwise be dropped without a word.
func refuseOptions(opts llms.CallOptions) error {
	for _, o := range []struct {
		name string
		set  bool
	}{
		{"N", opts.N > 1},
		{"CandidateCount", opts.CandidateCount > 1},
		{"TopK", opts.TopK != 0},
		{"MinLength", opts.MinLength != 0},
		{"MaxLength", opts.MaxLength != 0},
		{"RepetitionPenalty", opts.RepetitionPenalty != 0},
		{"Functions", len(opts.Functions) > 0},
		{"FunctionCallBehavior", opts.FunctionCallBehavior != ""},
		{"Metadata", len(opts.Metadata) > 0},
		{"ResponseMIMEType", opts.ResponseMIMEType != ""},
		{"StreamingReasoningFunc", opts.StreamingReasoningFunc != nil},
	} {
		if o.set {
			return fmt.Errorf("%w: %s: not supported", ErrModelRequest, o.name)
		}
	}
	return nil
}

func addTools(req *openai.ChatCompletionRequest, opts llms.CallOptions) error {
	for i, t := range opts.Tools {
		if t.Function == nil || t.Function.Name == "" || (t.Type != "" && t.Type != "function") {
			return fmt.Errorf("%w: tools[%d]: must be a function with a name", ErrModelRequest, i)
		}
		parameters := t.Function.Parameters
		if parameters == nil { // null is refused by endpoints
			parameters = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		req.Tools = append(req.Tools, openai.Tool{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
			Name: t.Function.Name, Description: t.Function.Description, Strict: t.Function.Strict, Parameters: parameters,
		}})
	}
	if len(req.Tools) == 0 {
		return nil // a tool choice without tools is refused by endpoints
	}
	switch c := opts.ToolChoice.(type) {
	case nil:
	case string:
		req.ToolChoice = c
	case llms.ToolChoice:
		if c.Function == nil {
			return fmt.Errorf("%w: ToolChoice: must name a function", ErrModelRequest)
		}
		req.ToolChoice = openai.ToolChoice{
			Type: openai.ToolTypeFunction, Function: openai.ToolFunction{Name: c.Function.Name},
		}
	default:
		return fmt.Errorf("%w: ToolChoice: %T is not supported", ErrModelRequest, c)
	}
	return nil
}

// openaiMessages translates one message. Several tool results in one message become one each, as the
// protocol wants it.
func openaiMessages(m llms.MessageContent) ([]openai.ChatCompletionMessage, error) {
	roles := map[llms.ChatMessageType]string{
		llms.ChatMessageTypeSystem:  openai.ChatMessageRoleSystem,
		llms.ChatMessageTypeHuman:   openai.ChatMessageRoleUser,
		llms.ChatMessageTypeGeneric: openai.ChatMessageRoleUser,
		llms.ChatMessageTypeAI:      openai.ChatMessageRoleAssistant,
		llms.ChatMessageTypeTool:    openai.ChatMessageRoleTool,
	}
	role, ok := roles[m.Role]
	if !ok {
		return nil, fmt.Errorf("role %q is not supported", m.Role)
	}
	var texts []string
	var calls []openai.ToolCall
	var results []openai.ChatCompletionMessage
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llms.TextContent:
			texts = append(texts, p.Text)
		case llms.ToolCall:
			if p.FunctionCall == nil || p.FunctionCall.Name == "" || p.ID == "" {
				return nil, errors.New("a tool call needs an id and a function")
			}
			calls = append(calls, openai.ToolCall{ID: p.ID, Type: openai.ToolTypeFunction, Function: openai.FunctionCall{
				Name: p.FunctionCall.Name, Arguments: p.FunctionCall.Arguments,
			}})
		case llms.ToolCallResponse:
			if p.ToolCallID == "" || p.Content == "" { // go-openai leaves empty content out
				return nil, errors.New("a tool result needs the id of its call, and content")
			}
			results = append(results, openai.ChatCompletionMessage{
				Role: openai.ChatMessageRoleTool, ToolCallID: p.ToolCallID, Content: p.Content,
			})
		default:
			return nil, fmt.Errorf("a part of type %T is not supported", part)
		}
	}
	text := strings.Join(texts, "\n")
	switch {
	case role == openai.ChatMessageRoleTool:
		if len(results) == 0 || text != "" || len(calls) > 0 {
			return nil, errors.New("role tool takes tool results, and only those")
		}
		return results, nil
	case len(results) > 0:
		return nil, fmt.Errorf("role %s takes no tool results", role)
	case len(calls) > 0 && role != openai.ChatMessageRoleAssistant:
		return nil, fmt.Errorf("role %s takes no tool calls", role)
	case text == "" && len(calls) == 0:
		return nil, errors.New("content must not be empty")
	}
	return []openai.ChatCompletionMessage{{Role: role, Content: text, ToolCalls: calls}}, nil
}

// fitModel turns the request into one that go-openai lets through for this model id: reasoning models
// take max_completion_tokens and no sampling options, and the newest ones take tools in chat
// completions only with their reasoning effort at none.
func fitModel(req *openai.ChatCompletionRequest) error {
	for {
		err := openai.NewReasoningValidator().Validate(*req)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, openai.ErrReasoningModelMaxTokensDeprecated):
			req.MaxCompletionTokens, req.MaxTokens = req.MaxTokens, 0
		case samplingSet(req) && (errors.Is(err, openai.ErrReasoningModelLimitationsOther) ||
			errors.Is(err, openai.ErrReasoningSamplingUnsupported)):
			req.Temperature, req.TopP, req.PresencePenalty, req.FrequencyPenalty = 0, 0, 0, 0
		case req.ReasoningEffort == "" && errors.Is(err, openai.ErrReasoningToolsRequireResponses):
			req.ReasoningEffort = openai.ReasoningEffortNone
		default:
			return fmt.Errorf("%w: model %q: %w", ErrModelRequest, req.Model, err)
		}
	}
}

func samplingSet(req *openai.ChatCompletionRequest) bool {
	return req.Temperature != 0 || req.TopP != 0 || req.PresencePenalty != 0 || req.FrequencyPenalty != 0
}
