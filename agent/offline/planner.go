// Package offline is a model without a network: it understands partners' questions by likeness to the examples in
// prompts/, calls the same tools that any model calls, and puts their results into words. It is deterministic and
// keeps nothing between calls: what a conversation is about is recovered from its messages.
package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain/handoff"
	"partnerhub/prompts"
)

const askUser = "ask_user"

// Planner is the offline model. It is safe for concurrent use.
type Planner struct {
	prompts *prompts.Prompts
	now     func() time.Time
	zone    *time.Location
	trained func() *understanding
}

var _ llms.Model = (*Planner)(nil)

// New returns a planner at once; it learns the examples in the background, a second or two that the first
// question may have to wait for. Asked are ways to ask for what the rule library holds, by which a question about
// rules is told from one about figures. Periods are days of the zone as of now().
func New(p *prompts.Prompts, asked []string, now func() time.Time, zone *time.Location) *Planner {
	planner := &Planner{prompts: p, now: now, zone: zone, trained: sync.OnceValue(func() *understanding { return newUnderstanding(p, asked, zone) })}
	go planner.trained()
	return planner
}

// Call answers a single message.
func (p *Planner) Call(ctx context.Context, prompt string, options ...llms.CallOption) (string, error) {
	return llms.GenerateFromSinglePrompt(ctx, p, prompt, options...)
}

// GenerateContent answers the last human message: with tool calls, or, when their results are there or no tool is
// needed, with text. The choice's GenerationInfo has "kind": answer, clarify, smalltalk, out_of_scope or not_yet,
// and "intent" and "confidence" of what was understood. The only error is ctx's.
func (p *Planner) GenerateContent(ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption) (*llms.ContentResponse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var opts llms.CallOptions
	for _, o := range options {
		o(&opts)
	}
	choice := p.answer(messages, opts.Tools)
	if choice.Content != "" && opts.StreamingFunc != nil {
		for chunk := range chunks(choice.Content) {
			if err := opts.StreamingFunc(ctx, []byte(chunk)); err != nil {
				return nil, err
			}
		}
	}
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
}

// chunks cuts a text behind its spaces, as a model streams it.
func chunks(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			end := len(text)
			if end > 24 {
				if i := strings.IndexByte(text[24:], ' '); i >= 0 {
					end = 24 + i + 1
				}
			}
			for end < len(text) && !utf8.RuneStart(text[end]) {
				end++
			}
			if !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}

func offered(tools []llms.Tool) map[string]bool {
	out := map[string]bool{}
	for _, t := range tools {
		if t.Function != nil {
			out[t.Function.Name] = true
		}
	}
	return out
}

func (p *Planner) answer(messages []llms.MessageContent, definitions []llms.Tool) *llms.ContentChoice {
	tools := offered(definitions)
	all := turns(messages)
	if len(all) == 0 {
		return p.say("smalltalk", p.prompts.Answer("greeting", "question", p.example()), Frame{Intent: Greeting})
	}
	current := all[len(all)-1]
	frames := p.Understand(messages)
	switch p.offerTaken(all) {
	case "yes":
		frames = []Frame{{Intent: Handoff, Category: string(handoff.Unanswered), Confidence: 1}}
	case "no":
		return p.say("answer", p.prompts.Answer("handoff.declined"), frames[0])
	}
	_, collecting := earlier(all[:len(all)-1])
	next, acts := p.trained().act(all, frames[0], p.now())
	// What fills in what was asked for is no complaint, however much it speaks of money.
	answers := acts && collecting.missing != nil && next.tool == collecting.tool && len(next.missing) < len(collecting.missing)
	if frames[0].Intent == Handoff && tools[handOff] && !answers {
		if next, ok := p.handOver(all, frames[0], len(messages), definitions); ok {
			return next
		}
	}
	if slices.ContainsFunc(current.calls, func(c call) bool { return c.done && c.tool != askUser }) {
		return p.say("answer", p.render(current.calls, frames), frames[0])
	}
	if answer := decides(all); answer != "" {
		return p.say("answer", p.prompts.Answer("proposal."+answer), frames[0])
	}
	if collecting.missing != nil && stops.MatchString(current.text) {
		return p.say("answer", p.prompts.Answer("collect.stopped"), frames[0])
	}
	if acts && (len(frames) == 1 || collecting.missing != nil) {
		return p.do(next, frames[0], len(messages), definitions)
	}
	return p.plan(frames, len(messages), tools)
}

// Understand is what the last human message asks for, in the light of the messages before it: at least one frame.
func (p *Planner) Understand(messages []llms.MessageContent) []Frame {
	all := turns(messages)
	if len(all) == 0 {
		return []Frame{{Intent: Greeting}}
	}
	now := p.now()
	f := focusOf(all[:len(all)-1])
	text := f.picked(all[len(all)-1].text)
	u := p.trained()
	frames := u.read(text, f, now)
	if f.asked == "" || len(frames) != 1 {
		return frames
	}
	// An answer to a question that was asked back goes on with the message that it was asked about.
	asked := u.read(f.asked, focusOf(all[:len(all)-2]), now)
	if len(asked) != 1 || asked[0].Ask == "" {
		return frames
	}
	if asked[0].Ask == "uid" { // "Which referee?" – "123": a number that is no uid anywhere else
		if toks := split(text); len(toks) <= 2 && len(toks) > 0 && toks[len(toks)-1].number > 0 {
			return []Frame{{Intent: Referee, UID: toks[len(toks)-1].number, Period: or(asked[0].Period, "last_30_days"), Confidence: 1}}
		}
	}
	if traced, ok := pickTrace(asked[0], text); ok {
		return []Frame{traced}
	}
	if merged, ok := merge(asked[0], frames[0]); ok {
		return []Frame{merged}
	}
	return frames
}

// merge completes a question that lacked its figure with the one picked, or said in other words. What is a
// question of its own stands alone.
func merge(asked, said Frame) (Frame, bool) {
	if asked.Ask == "uid" || asked.Ask == "trade" || said.Intent != Metrics && said.Intent != Compare || len(said.Metrics) == 0 {
		return said, false
	}
	if asked.Ask == "compare" {
		said.Intent = Compare
	}
	if said.PeriodAssumed && asked.Period != "" {
		said.Period, said.PeriodAssumed = asked.Period, false
	}
	return said, true
}

// plan turns frames into tool calls, or into what is said instead.
func (p *Planner) plan(frames []Frame, after int, tools map[string]bool) *llms.ContentChoice {
	first := frames[0]
	question := p.example()
	switch {
	case first.Ask != "":
		return p.ask(first, after, tools)
	case first.Intent == Greeting, first.Intent == Thanks, first.Intent == About:
		return p.say("smalltalk", p.prompts.Answer(string(first.Intent), "question", question), first)
	case first.Intent == OutOfScope, first.Intent == Unclear:
		return p.say("out_of_scope", p.prompts.Answer(string(first.Intent), "question", question), first)
	case !first.Intent.tooled() || !tools[toolOf[first.Intent]]:
		name := "not_yet." + string(first.Intent)
		if !p.prompts.Has(name) {
			name = "not_yet.tool"
		}
		return p.say("not_yet", p.prompts.Answer(name), first)
	}
	choice := &llms.ContentChoice{StopReason: "tool_calls", GenerationInfo: info("answer", first)}
	for i, frame := range frames {
		tool, args := frame.call()
		if tools[tool] {
			choice.ToolCalls = append(choice.ToolCalls, toolCall(after, i, tool, args))
		}
	}
	if len(choice.ToolCalls) == 0 {
		return p.say("not_yet", p.prompts.Answer("not_yet.tool"), first)
	}
	return choice
}

// do calls the tool of an action, or asks for what it lacks.
func (p *Planner) do(a action, frame Frame, after int, definitions []llms.Tool) *llms.ContentChoice {
	tools := offered(definitions)
	if !tools[a.tool] {
		return p.plan([]Frame{frame}, after, nil)
	}
	if len(a.missing) == 0 {
		return &llms.ContentChoice{StopReason: "tool_calls", GenerationInfo: info("answer", frame),
			ToolCalls: []llms.ToolCall{toolCall(after, 0, a.tool, suited(a, definitions))}}
	}
	name := "collect." + a.missing[0]
	if !p.prompts.Has(name) {
		name = "collect.other"
	}
	question, options := p.prompts.Answer(name, "argument", a.missing[0]), append([]string{}, p.prompts.Options(name)...)
	if !tools[askUser] {
		return p.say("clarify", question+" "+strings.Join(options, ", "), frame)
	}
	return &llms.ContentChoice{StopReason: "tool_calls", GenerationInfo: info("clarify", frame),
		ToolCalls: []llms.ToolCall{toolCall(after, 0, askUser, map[string]any{"question": question, "options": options,
			"pending": map[string]any{"tool": a.tool, "missing": a.missing}})}}
}

// suited are an action's arguments with the id of a task as the tool's schema wants it, a number or a string.
func suited(a action, definitions []llms.Tool) map[string]any {
	id, ok := a.args["taskId"].(string)
	if !ok {
		return a.args
	}
	for _, t := range definitions {
		if t.Function == nil || t.Function.Name != a.tool {
			continue
		}
		var schema struct {
			Properties struct {
				TaskID struct {
					Type any `json:"type"`
				} `json:"taskId"`
			} `json:"properties"`
		}
		data, err := json.Marshal(t.Function.Parameters)
		if err == nil && json.Unmarshal(data, &schema) == nil && schema.Properties.TaskID.Type == "integer" {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil {
				return map[string]any{"taskId": n}
			}
		}
	}
	return a.args
}

// ask asks back, by the tool for it where there is one.
func (p *Planner) ask(frame Frame, after int, tools map[string]bool) *llms.ContentChoice {
	when := ""
	if frame.Period != "" {
		when = " for " + periodName(frame.Period)
	}
	question := p.prompts.Answer("ask."+frame.Ask, "period", when)
	options := p.prompts.Options("ask." + frame.Ask)
	if !tools[askUser] {
		return p.say("clarify", question+" "+strings.Join(options, ", "), frame)
	}
	return &llms.ContentChoice{StopReason: "tool_calls", GenerationInfo: info("clarify", frame),
		ToolCalls: []llms.ToolCall{toolCall(after, 0, askUser, struct {
			Question string   `json:"question"`
			Options  []string `json:"options"`
		}{question, options})}}
}

// toolCall numbers calls by where in the conversation they are made, so that no two share an id.
func toolCall(after, i int, tool string, args any) llms.ToolCall {
	data, err := json.Marshal(args)
	if err != nil { // only strings and numbers go in
		data = []byte("{}")
	}
	return llms.ToolCall{ID: fmt.Sprintf("offline_%d_%d", after, i), Type: "function", FunctionCall: &llms.FunctionCall{Name: tool, Arguments: string(data)}}
}

func (p *Planner) say(kind, text string, frame Frame) *llms.ContentChoice {
	return &llms.ContentChoice{Content: text, StopReason: "stop", GenerationInfo: info(kind, frame)}
}

func info(kind string, f Frame) map[string]any {
	return map[string]any{"kind": kind, "intent": string(f.Intent), "confidence": f.Confidence}
}

// example is a question to show those who do not know what to ask.
func (p *Planner) example() string {
	if len(p.prompts.Questions) == 0 {
		return ""
	}
	return p.prompts.Questions[0]
}
