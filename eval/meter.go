package eval

import (
	"context"
	"sync"

	"github.com/tmc/langchaingo/llms"
)

// Meter is a model that counts the tokens of the model within. Cases are played one at a time, so what it counted since it was last asked is
// the turn's.
type Meter struct {
	llms.Model
	mu      sync.Mutex
	in, out int
}

// GenerateContent asks the model within.
func (m *Meter) GenerateContent(ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption) (*llms.ContentResponse, error) {
	answer, err := m.Model.GenerateContent(ctx, messages, options...)
	if err == nil && len(answer.Choices) > 0 && answer.Choices[0] != nil {
		in, _ := answer.Choices[0].GenerationInfo["PromptTokens"].(int)
		out, _ := answer.Choices[0].GenerationInfo["CompletionTokens"].(int)
		m.mu.Lock()
		m.in, m.out = m.in+in, m.out+out
		m.mu.Unlock()
	}
	return answer, err
}

// take returns what was counted, and begins anew. A nil Meter counts nothing.
func (m *Meter) take() (in, out int) {
	if m == nil {
		return 0, 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	in, out, m.in, m.out = m.in, m.out, 0, 0
	return in, out
}
