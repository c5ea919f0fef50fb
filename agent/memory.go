package agent

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain/conversation"
)

// How much of a conversation a model is told. The latest turns are whole, since follow-ups refer to their results; of
// the ones before, long results lose their rows; what is older still is told in one line each. That summary is
// made of what was asked and called: a model's own would be one more place where figures can go wrong.
const (
	wholeTurns   = 2
	longResult   = 2 << 10  // bytes
	historyBytes = 64 << 10 // of all turns before this one
	summaryLines = 40
	lineLength   = 160 // characters
)

// messages is the conversation as the model gets it: one system message, the history, the newest message, and this
// turn's calls and results.
func (t *turn) messages() []llms.MessageContent {
	history, older := compact(t.history)
	system := t.system
	if s := summary(t.earlier, older); s != "" {
		system = strings.TrimSpace(system + "\n\n" + s)
	}
	var messages []llms.MessageContent
	if system != "" {
		messages = append(messages, llms.TextParts(llms.ChatMessageTypeSystem, system))
	}
	for _, past := range history {
		messages = append(messages, llms.TextParts(llms.ChatMessageTypeHuman, past.User))
		messages = appendSteps(messages, past.Steps)
	}
	messages = append(messages, llms.TextParts(llms.ChatMessageTypeHuman, t.user))
	return appendSteps(messages, t.steps)
}

func appendSteps(messages []llms.MessageContent, steps []conversation.Step) []llms.MessageContent {
	for _, s := range steps {
		said := llms.MessageContent{Role: llms.ChatMessageTypeAI}
		if s.Text != "" {
			said.Parts = append(said.Parts, llms.TextPart(s.Text))
		}
		for _, c := range s.Calls {
			said.Parts = append(said.Parts, llms.ToolCall{
				ID: c.ID, Type: "function", FunctionCall: &llms.FunctionCall{Name: c.Name, Arguments: c.Args},
			})
		}
		if len(said.Parts) == 0 {
			continue
		}
		messages = append(messages, said)
		for _, c := range s.Calls { // one message each: several in one are refused
			messages = append(messages, llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{
				llms.ToolCallResponse{ToolCallID: c.ID, Name: c.Name, Content: c.Result},
			}})
		}
	}
	return messages
}

// compact returns the latest turns that fit, with results shortened, and the older ones that do not. A turn without an answer is left out: two
// messages of a partner in a row are refused by some endpoints.
func compact(turns []conversation.Turn) (kept, older []conversation.Turn) {
	turns = withNotes(turns)
	size := 0
	for i := len(turns) - 1; i >= 0; i-- {
		past := turns[i]
		if past.User == "" || len(past.Steps) == 0 {
			continue
		}
		if len(kept) >= wholeTurns {
			past.Steps = shortened(past.Steps)
		}
		for _, s := range past.Steps {
			size += len(s.Text)
			for _, c := range s.Calls {
				size += len(c.Args) + len(c.Result)
			}
		}
		if size > historyBytes && len(kept) > 0 {
			return kept, turns[:i+1]
		}
		kept = append([]conversation.Turn{past}, kept...)
	}
	return kept, nil
}

// withNotes adds what was noted outside of a turn (a person's reply, what became of a proposal) to the answer before it.
func withNotes(turns []conversation.Turn) []conversation.Turn {
	var told []conversation.Turn
	for _, past := range turns {
		if past.User != "" || len(told) == 0 {
			told = append(told, past)
			continue
		}
		before := &told[len(told)-1]
		steps := append([]conversation.Step{}, before.Steps...)
		for _, s := range past.Steps {
			if n := len(steps); n > 0 && len(steps[n-1].Calls) == 0 {
				steps[n-1].Text = strings.TrimSpace(steps[n-1].Text + "\n\n" + s.Text)
				steps[n-1].Calls = s.Calls
			} else {
				steps = append(steps, s)
			}
		}
		before.Steps = steps
	}
	return told
}

func shortened(steps []conversation.Step) []conversation.Step {
	short := make([]conversation.Step, len(steps))
	for i, s := range steps {
		short[i] = s
		short[i].Calls = make([]conversation.Call, len(s.Calls))
		for j, c := range s.Calls {
			if len(c.Result) > longResult {
				c.Result = withoutRows(c.Result)
			}
			short[i].Calls[j] = c
		}
	}
	return short
}

// withoutRows keeps a result's period and total, and says how many rows there were.
func withoutRows(result string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(result), &fields) != nil {
		return `{"omitted":true}`
	}
	for name, value := range fields {
		var rows []json.RawMessage
		if len(value) > longResult/4 && json.Unmarshal(value, &rows) == nil {
			fields[name+"Omitted"] = json.RawMessage(fmt.Sprint(len(rows)))
			delete(fields, name)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return `{"omitted":true}`
	}
	return string(b)
}

// summary tells what was talked of before the turns that are told.
func summary(earlier []conversation.Said, older []conversation.Turn) string {
	var lines []string
	for _, s := range earlier {
		if s.Role == "user" {
			lines = append(lines, "- asked: "+oneLine(s.Text))
		}
	}
	for _, past := range older {
		line := "- asked: " + oneLine(past.User)
		for _, s := range past.Steps {
			for _, c := range s.Calls {
				line += "; " + c.Name + " " + oneLine(c.Args)
			}
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return ""
	}
	if len(lines) > summaryLines {
		lines = lines[len(lines)-summaryLines:]
	}
	return "Earlier in this conversation the partner (figures are not repeated; call the tools again for them):\n" +
		strings.Join(lines, "\n")
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > lineLength {
		return string(r[:lineLength]) + "…"
	}
	return s
}
