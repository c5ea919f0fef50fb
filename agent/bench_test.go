package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

// BenchmarkTurn measures a turn of one tool call and one answer, with a model of no latency: beside a bare loop that
// only calls the model and does the tool's SQL.
func BenchmarkTurn(b *testing.B) {
	pool := storetest.New(b)
	query := tools.Define("query_metrics", "Figures.", func(ctx context.Context, _ domain.Caller, _ queryArgs) (json.RawMessage, error) {
		rows, err := pool.Query(ctx, `SELECT json_build_object('from', '2026-11-16T00:00:00Z', 'to', '2026-11-23T00:00:00Z', 'rows', json_agg(
			json_build_object('key', g, 'commission', '12.3')), 'total', json_build_object('commission', '123')) FROM generate_series(1, 10) g`)
		if err != nil {
			return nil, err
		}
		return pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	})
	model := planner()
	a, err := agent.New(agent.Config{Log: store.NewConversations(pool), Offline: model, Tools: []tools.Tool{query}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = a.Run(ctx) }()
	defer func() { cancel(); <-done }()

	bare := func() error {
		messages := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "How much commission?")}
		for {
			answer, err := model.GenerateContent(ctx, messages)
			if err != nil || len(answer.Choices[0].ToolCalls) == 0 {
				return err
			}
			call := answer.Choices[0].ToolCalls[0]
			result, err := query.Run(ctx, ann, json.RawMessage(call.FunctionCall.Arguments))
			if err != nil {
				return err
			}
			messages = append(messages, llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{
				llms.ToolCallResponse{ToolCallID: call.ID, Content: string(result)},
			}})
		}
	}
	turn, lastThread := 0, ""
	whole := func() error { // dialogs of ten turns each
		thread := ""
		if turn++; turn%10 != 1 {
			thread = lastThread
		}
		m := conversation.Message{ClientID: fmt.Sprint("bench", turn), ThreadID: thread, Text: "How much commission?"}
		return a.Ask(ctx, ann, m, func(l conversation.Logged) error {
			if l.Type == conversation.RunStarted {
				e, err := l.Event()
				lastThread = e.ThreadID
				return err
			}
			return nil
		})
	}
	for _, w := range []struct {
		name string
		do   func() error
	}{{"bare", bare}, {"whole", whole}} {
		b.Run(w.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if err := w.do(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
