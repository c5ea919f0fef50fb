package conversation

import (
	"encoding/json"
	"slices"
)

// Turn is one run as the model is told of it.
type Turn struct {
	RunID string
	User  string
	Steps []Step
}

// Step is one answer of the model: text, calls, or both.
type Step struct {
	MessageID string
	Text      string
	Calls     []Call
}

// Call is a tool call with its result, {"error":{…}} for one that failed.
type Call struct {
	ID, Name, Args, Result string
}

// Replay reads turns out of a log. Calls without a result are left out, since no model takes them; so is
// text that a fallback replaced.
func Replay(log []Logged) ([]Turn, error) {
	var turns []Turn
	for _, l := range log {
		e, err := l.Event()
		if err != nil {
			return nil, err
		}
		if len(turns) == 0 || turns[len(turns)-1].RunID != l.Run {
			turns = append(turns, Turn{RunID: l.Run})
		}
		turns[len(turns)-1].add(e)
	}
	for i := range turns {
		turns[i].prune()
	}
	return turns, nil
}

func (t *Turn) add(e Event) {
	switch e.Type {
	case TextStart:
		if e.Name != "" { // a person's, not the assistant's
			t.step(e.MessageID).Text = SaidBy(e.Name, "")
		}
	case TextContent:
		t.step(e.MessageID).Text += e.Delta
	case CallStart:
		s := t.step(e.ParentMessageID)
		s.Calls = append(s.Calls, Call{ID: e.ToolCallID, Name: e.ToolCallName})
	case CallArgs:
		if c := t.call(e.ToolCallID); c != nil {
			c.Args += e.Delta
		}
	case CallResult:
		if c := t.call(e.ToolCallID); c != nil {
			c.Result = e.Content
		}
	case Custom:
		switch e.Name {
		case UserMessage:
			var v UserText
			if json.Unmarshal(e.Value, &v) == nil {
				t.User = v.Text
			}
		case Fallback:
			var v FallbackNote
			if json.Unmarshal(e.Value, &v) == nil && v.Replaces != "" {
				t.step(v.Replaces).Text = ""
			}
		}
	}
}

// SaidBy is a text of somebody who is neither the partner nor the assistant, as the assistant remembers it.
func SaidBy(name, text string) string { return name + ": " + text }

// step finds the step of a message, or begins it.
func (t *Turn) step(id string) *Step {
	i := slices.IndexFunc(t.Steps, func(s Step) bool { return s.MessageID == id })
	if i < 0 {
		i = len(t.Steps)
		t.Steps = append(t.Steps, Step{MessageID: id})
	}
	return &t.Steps[i]
}

func (t *Turn) call(id string) *Call {
	for i := range t.Steps {
		for j := range t.Steps[i].Calls {
			if t.Steps[i].Calls[j].ID == id {
				return &t.Steps[i].Calls[j]
			}
		}
	}
	return nil
}

func (t *Turn) prune() {
	for i := range t.Steps {
		t.Steps[i].Calls = slices.DeleteFunc(t.Steps[i].Calls, func(c Call) bool { return c.Result == "" })
	}
	t.Steps = slices.DeleteFunc(t.Steps, func(s Step) bool { return s.Text == "" && len(s.Calls) == 0 })
}

// Text is what the turn answered.
func (t Turn) Text() string {
	text := ""
	for _, s := range t.Steps {
		if text != "" && s.Text != "" {
			text += "\n\n"
		}
		text += s.Text
	}
	return text
}

// Unclosed returns the events that close what a run left open: its worker died between a start and an end.
func Unclosed(log []Logged) ([]Event, error) {
	var open []Event // the closing events, in the order of their starts
	shut := func(match Event) {
		open = slices.DeleteFunc(open, func(e Event) bool {
			return e.Type == match.Type && e.MessageID == match.MessageID && e.ToolCallID == match.ToolCallID && e.StepName == match.StepName
		})
	}
	for _, l := range log {
		e, err := l.Event()
		if err != nil {
			return nil, err
		}
		switch e.Type {
		case TextStart:
			open = append(open, Event{Type: TextEnd, MessageID: e.MessageID})
		case CallStart:
			open = append(open, Event{Type: CallEnd, ToolCallID: e.ToolCallID})
		case StepStarted:
			open = append(open, Event{Type: StepFinished, StepName: e.StepName})
		case TextEnd, CallEnd, StepFinished:
			shut(Event{Type: e.Type, MessageID: e.MessageID, ToolCallID: e.ToolCallID, StepName: e.StepName})
		}
	}
	slices.Reverse(open)
	return open, nil
}
