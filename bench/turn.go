package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/agent/offline"
	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/ingest"
	"partnerhub/knowledge"
	"partnerhub/library"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/tools"
)

// turn measures what a turn costs beside the model's time: with a scripted model without latency, beside a bare loop that only calls
// that model and runs the same tool; and the offline planner's whole turns over the demo program, by question.
func (b *bench) turn(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "turn")
	if err != nil {
		return err
	}
	defer d.close()
	now := time.Date(2026, 11, 19, 15, 0, 0, 0, time.UTC)
	var events bytes.Buffer
	if _, err := demo.Generate(demo.Config{Seed: b.seed, Now: now}, &events); err != nil {
		return err
	}
	if _, err := ingest.Run(ctx, d.store, &events, ingest.Options{Writers: 2}); err != nil {
		return err
	}
	words, err := prompts.Load()
	if err != nil {
		return err
	}
	lib := knowledge.New(store.NewLibrary(d.pool), knowledge.BuiltIn{}, nil, time.UTC)
	articles, err := knowledge.Load(library.Files)
	if err != nil {
		return err
	}
	if _, err := lib.Publish(ctx, domain.Caller{Role: domain.RoleService}, articles, "", now); err != nil {
		return err
	}
	if _, err := d.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	clock := func() time.Time { return now }
	planner := offline.New(words, knowledge.Asked(articles), clock, time.UTC)
	all := tools.All(tools.Deps{Metrics: d.store, Referees: d.store, Records: d.store, Tasks: d.store, Proposals: d.store, Library: lib, Now: clock, Zone: time.UTC, Advice: words.Advice})
	cfg := agent.Config{Log: store.NewConversations(d.pool), Offline: planner, Suggest: planner.Suggest, Tools: all, Now: clock, Zone: time.UTC}
	if err := b.overhead(ctx, cfg); err != nil {
		return err
	}
	return b.offlineTurns(ctx, cfg)
}

// echo is a model that calls one tool, and then says the figure that it returned.
type echo struct{}

func (echo) Call(ctx context.Context, prompt string, options ...llms.CallOption) (string, error) {
	return llms.GenerateFromSinglePrompt(ctx, echo{}, prompt, options...)
}

func (echo) GenerateContent(ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption) (*llms.ContentResponse, error) {
	var opts llms.CallOptions
	for _, o := range options {
		o(&opts)
	}
	last := messages[len(messages)-1]
	result, done := last.Parts[0].(llms.ToolCallResponse)
	choice := &llms.ContentChoice{StopReason: "tool_calls", ToolCalls: []llms.ToolCall{{ID: "call_1", Type: "function",
		FunctionCall: &llms.FunctionCall{Name: "query_metrics", Arguments: `{"metrics":["commission"],"period":"this_week"}`}}}}
	if done {
		var r struct{ Total struct{ Commission string } }
		if err := json.Unmarshal([]byte(result.Content), &r); err != nil {
			return nil, err
		}
		choice = &llms.ContentChoice{StopReason: "stop", Content: "You earned " + r.Total.Commission + " USDT this week."}
		if opts.StreamingFunc != nil {
			for _, word := range strings.SplitAfter(choice.Content, " ") {
				if err := opts.StreamingFunc(ctx, []byte(word)); err != nil {
					return nil, err
				}
			}
		}
	}
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
}

// bare is what nobody could leave out: the model's answers, and the tool between them.
func bare(ctx context.Context, tool tools.Tool, c domain.Caller) error {
	messages := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "How much commission did I earn this week?")}
	for {
		answer, err := echo{}.GenerateContent(ctx, messages)
		if err != nil || len(answer.Choices[0].ToolCalls) == 0 {
			return err
		}
		call := answer.Choices[0].ToolCalls[0]
		result, err := tool.Run(ctx, c, json.RawMessage(call.FunctionCall.Arguments))
		if err != nil {
			return err
		}
		messages = append(messages, llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: call.ID, Content: string(result)}}})
	}
}

func (b *bench) overhead(ctx context.Context, cfg agent.Config) error {
	cfg.Model = echo{}
	a, stop, err := running(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	c := domain.Partner(demo.Cast().Partner.UID)
	query := cfg.Tools[slices.IndexFunc(cfg.Tools, func(t tools.Tool) bool { return t.Name == "query_metrics" })]
	var alone, whole, first []float64
	for i := range b.queries + 10 { // by turns, so that both see the same machine
		begin := time.Now()
		if err := bare(ctx, query, c); err != nil {
			return err
		}
		middle := time.Now()
		toFirst, err := once(ctx, a, c, "How much commission did I earn this week?")
		if err != nil {
			return err
		}
		if i >= 10 {
			alone, whole, first = append(alone, ms(middle.Sub(begin))), append(whole, ms(time.Since(middle))), append(first, ms(toFirst))
		}
	}
	for _, x := range []struct {
		name string
		took []float64
	}{{"bare loop", alone}, {"whole turn", whole}, {"first event after the message", first}} {
		slices.Sort(x.took)
		b.add("turn", x.name+", p50", x.took[len(x.took)/2], "ms", "")
		b.add("turn", x.name+", p99", x.took[len(x.took)*99/100], "ms", "")
	}
	b.add("turn", "overhead at p50", whole[len(whole)/2]-alone[len(alone)/2], "ms", "aim <= 3 ms")
	return nil
}

// running is an agent with its upkeep.
func running(ctx context.Context, cfg agent.Config) (*agent.Agent, func(), error) {
	a, err := agent.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = a.Run(ctx)
	}()
	return a, func() { cancel(); <-done }, nil
}

// once runs a turn in a new conversation, and returns how long its first event took.
func once(ctx context.Context, a *agent.Agent, c domain.Caller, text string) (first time.Duration, err error) {
	begin := time.Now()
	return first, a.Ask(ctx, c, conversation.Message{Text: text}, func(l conversation.Logged) error {
		if first == 0 {
			first = time.Since(begin)
		}
		if l.Type == conversation.RunError || l.Type == conversation.Fallback {
			return fmt.Errorf("%s: %s", text, l.JSON)
		}
		return nil
	})
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// offlineQuestions are one for each kind of answer.
var offlineQuestions = []string{"How much commission did I earn this week?", "How does this week's commission compare with last week's?",
	"Why is today's commission lower than yesterday's?", "Analyze my performance for the past month", "Check recent user anomaly alerts?", "Check my referees' activity",
	"Check the user trading volume rankings for the past 7 days", "When are commissions settled?", "What events can I promote now?"}

func (b *bench) offlineTurns(ctx context.Context, cfg agent.Config) error {
	a, stop, err := running(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	c := domain.Partner(demo.Cast().Partner.UID)
	for _, q := range offlineQuestions {
		var took []float64
		for i := range b.queries/2 + 5 {
			begin := time.Now()
			if _, err := once(ctx, a, c, q); err != nil {
				return err
			}
			if i >= 5 {
				took = append(took, ms(time.Since(begin)))
			}
		}
		slices.Sort(took)
		b.add("offline turn", q+" p50", took[len(took)/2], "ms", "")
		b.add("offline turn", q+" p99", took[len(took)*99/100], "ms", "aim < 50 ms")
	}
	return nil
}
