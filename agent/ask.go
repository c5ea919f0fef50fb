package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/tools"
)

// errEnded ends following a run: it is over.
var errEnded = errors.New("the run has ended")

// Ask answers one message and hands each event of the run to fn, as it is stored. It returns when the run has
// ended, however it did: RUN_ERROR is an event too. Its errors are Send's, ctx's and fn's; when ctx ends the run
// is stopped, for nobody waits for it.
func (a *Agent) Ask(ctx context.Context, c domain.Caller, m conversation.Message, fn func(conversation.Logged) error) error {
	if m.ClientID == "" {
		m.ClientID = uuid.NewString()
	}
	started, err := a.Send(ctx, c, m)
	if err != nil {
		return err
	}
	err = a.FollowRun(ctx, c, started, fn)
	if ctx.Err() != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		return errors.Join(err, a.Stop(stopping, c, started.Run.ID))
	}
	return err
}

// FollowRun hands the events of one run to fn, from its first to its last. Errors: Follow's.
func (a *Agent) FollowRun(ctx context.Context, c domain.Caller, s conversation.Started, fn func(conversation.Logged) error) error {
	err := a.Follow(ctx, c, s.Run.ThreadID, s.After, func(events []conversation.Logged) error {
		for _, e := range events {
			if e.Run != s.Run.ID {
				continue
			}
			if err := fn(e); err != nil {
				return err
			}
			if e.Type == conversation.RunFinished || e.Type == conversation.RunError {
				return errEnded
			}
		}
		return nil
	})
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// BatchQuestion is a line of `ask --batch` (SPEC 13).
type BatchQuestion struct {
	ID     json.RawMessage `json:"id"`     // of any kind: it is only given back
	Dialog []string        `json:"dialog"` // the partner's turns before
	Text   string          `json:"text"`
}

// BatchAnswer is what its last turn came to.
type BatchAnswer struct {
	ID      json.RawMessage   `json:"id"`
	Calls   []BatchCall       `json:"calls"` // ask_user does not count among them
	Text    string            `json:"text"`
	Kind    string            `json:"kind"`
	Options []string          `json:"options"`
	Pending json.RawMessage   `json:"pending"` // {"tool","missing"} or null
	Handoff *BatchHandoff     `json:"handoff"`
	Cards   []json.RawMessage `json:"cards"`
	// Fallback says why the offline planner finished what a model had begun; "" when it did not.
	Fallback string        `json:"fallback,omitempty"`
	Error    *domain.Error `json:"error,omitempty"`
}

// BatchCall is one tool call.
type BatchCall struct {
	Name   string          `json:"name"`
	Args   json.RawMessage `json:"args"`
	Result json.RawMessage `json:"result"`
}

// BatchHandoff says that the conversation was handed to a person.
type BatchHandoff struct {
	Category string `json:"category"`
}

// maxBatchLine bounds a line of a batch, in bytes.
const maxBatchLine = 1 << 20

// AskBatch reads questions, one JSON object a line, runs each as a fresh conversation, and writes one JSON object a
// line. A question that fails has its error in its line; the ones after it are still answered. The error returned is
// CodeInvalid for a line that is no question, naming it by its number, or one of reading or writing.
func (a *Agent) AskBatch(ctx context.Context, c domain.Caller, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxBatchLine)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var q BatchQuestion
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return domain.Invalid(fmt.Sprintf("line %d", n), "is not a question: %v", err)
		}
		answer, err := a.askDialog(ctx, c, q)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			answer.Error = domain.AsError(err)
		}
		if err := enc.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (a *Agent) askDialog(ctx context.Context, c domain.Caller, q BatchQuestion) (answer BatchAnswer, err error) {
	thread := ""
	for _, text := range append(append([]string{}, q.Dialog...), q.Text) {
		if answer, thread, err = a.AskTurn(ctx, c, thread, text); err != nil {
			break
		}
	}
	answer.ID = q.ID
	return answer, err
}

// AskTurn says one thing in a conversation, a new one when thread is "", and returns what the turn came to and the
// conversation's id. The errors are Ask's.
func (a *Agent) AskTurn(ctx context.Context, c domain.Caller, thread, text string) (BatchAnswer, string, error) {
	var log []conversation.Logged
	err := a.Ask(ctx, c, conversation.Message{ThreadID: thread, Text: text}, func(e conversation.Logged) error {
		log = append(log, e)
		return nil
	})
	if err != nil {
		return BatchAnswer{Calls: []BatchCall{}, Options: []string{}, Cards: []json.RawMessage{}}, thread, err
	}
	first, err := log[0].Event()
	if err != nil {
		return BatchAnswer{}, thread, err
	}
	answer, err := batchAnswer(log)
	return answer, first.ThreadID, err
}

// DecideTurn decides on a proposal, and returns what its conversation says then. The errors are Decide's, which the answer tells, too.
func (a *Agent) DecideTurn(ctx context.Context, c domain.Caller, d Decision) (answer BatchAnswer, err error) {
	answer = BatchAnswer{Calls: []BatchCall{}, Options: []string{}, Cards: []json.RawMessage{}}
	decided, err := a.Decide(ctx, c, d)
	if err != nil {
		answer.Text = domain.AsError(err).Error()
		return answer, err
	}
	if decided.Note == nil {
		return answer, domain.Errorf(domain.CodeBusy, "", "the conversation does not say yet what was decided")
	}
	var log []conversation.Logged
	if err := a.FollowRun(ctx, c, *decided.Note, func(e conversation.Logged) error {
		log = append(log, e)
		return nil
	}); err != nil {
		return answer, err
	}
	return batchAnswer(log)
}

// batchAnswer reads it out of a run's log.
func batchAnswer(log []conversation.Logged) (BatchAnswer, error) {
	answer := BatchAnswer{Calls: []BatchCall{}, Options: []string{}, Cards: []json.RawMessage{}}
	turns, err := conversation.Replay(log)
	if err != nil || len(turns) == 0 {
		return answer, err
	}
	answer.Text = turns[0].Text()
	for _, s := range turns[0].Steps {
		for _, call := range s.Calls {
			if call.Name == tools.AskUserName {
				continue
			}
			answer.Calls = append(answer.Calls, BatchCall{call.Name, json.RawMessage(call.Args), json.RawMessage(call.Result)})
		}
	}
	for _, l := range log {
		e, err := l.Event()
		if err != nil {
			return answer, err
		}
		switch {
		case e.Type == conversation.RunError:
			answer.Error = &domain.Error{Code: domain.Code(e.Code), Message: e.Message}
		case e.Type != conversation.Custom:
		case e.Name == conversation.CardShown:
			answer.Cards = append(answer.Cards, e.Value)
		case e.Name == conversation.Handoff:
			answer.Handoff = &BatchHandoff{}
			err = json.Unmarshal(e.Value, answer.Handoff)
		case e.Name == conversation.KindOf:
			var v struct{ Kind string }
			err = json.Unmarshal(e.Value, &v)
			answer.Kind = v.Kind
		case e.Name == conversation.Fallback:
			var v conversation.FallbackNote
			err = json.Unmarshal(e.Value, &v)
			answer.Fallback = v.Reason
		case e.Name == conversation.Question:
			var v conversation.Ask
			err = json.Unmarshal(e.Value, &v)
			if v.Options != nil {
				answer.Options = v.Options
			}
			answer.Pending = v.Pending
			if answer.Text != "" {
				answer.Text += "\n\n"
			}
			answer.Text += v.Question
		}
		if err != nil {
			return answer, err
		}
	}
	return answer, nil
}
