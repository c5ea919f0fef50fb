package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/domain/conversation"
	"partnerhub/domain/feedback"
)

// unclear is what the planner says of a message that it does not understand.
func unclear(ctx context.Context, r request) (*llms.ContentChoice, error) {
	choice, err := text("I am not sure what you mean.")(ctx, r)
	choice.GenerationInfo = map[string]any{"kind": "out_of_scope", "intent": "unclear"}
	return choice, err
}

// understood is an answer to small talk.
func understood(ctx context.Context, r request) (*llms.ContentChoice, error) {
	choice, err := text("Hi.")(ctx, r)
	choice.GenerationInfo = map[string]any{"kind": "smalltalk", "intent": "greeting"}
	return choice, err
}

func offering(w *world) func(*agent.Config) {
	return func(c *agent.Config) {
		c.Offer = conversation.Ask{Question: "Shall I get a person?", Options: []string{"Yes", "No"}}
		c.Notes = w.log
	}
}

// TestOffer has a person offered after two answers in a row that failed the partner, whatever failed in them, and not before.
func TestOffer(t *testing.T) {
	base := newWorld(t, nil)
	broken := fails(errors.New("no planner"))
	for name, c := range map[string]struct {
		answers []answer
		offered []bool
	}{
		"not understood":     {[]answer{unclear, unclear, unclear, unclear}, []bool{false, true, false, true}},
		"failed":             {[]answer{broken, broken, understood, broken}, []bool{false, true, false, false}},
		"one of each":        {[]answer{unclear, broken}, []bool{false, true}},
		"a good one between": {[]answer{unclear, understood, unclear}, []bool{false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			planner := script(c.answers...)
			w := base.with(t, nil, offering(base), func(cfg *agent.Config) { cfg.Offline = planner })
			thread := ""
			for i, want := range c.offered {
				tr := w.ask(thread, "what?")
				if thread = tr.thread; strings.Contains(tr.custom(conversation.Question), "a person") != want {
					t.Errorf("answer %d: offered %t, want %t\n%s", i, !want, want, tr)
				}
			}
			// Who answers next finds the question among the calls.
			if last := planner.asked()[len(planner.asked())-1]; c.offered[1] && len(c.answers) > 2 {
				asked := false
				for _, m := range last.messages {
					for _, p := range m.Parts {
						call, ok := p.(llms.ToolCall)
						asked = asked || ok && call.FunctionCall.Name == "ask_user"
					}
				}
				if !asked {
					t.Error("the offer is not in what the planner is told")
				}
			}
		})
	}
}

// TestOfferAfterVotes has two thumbs down in a row bring the offer into the conversation, where every window sees it.
func TestOfferAfterVotes(t *testing.T) {
	base := newWorld(t, nil)
	w := base.with(t, nil, offering(base))
	first := w.ask("", "hello")
	second := w.ask(first.thread, "hello again")
	for _, run := range []string{first.run, second.run} {
		if _, err := w.log.Vote(t.Context(), ann, feedback.Feedback{RunID: run, Vote: feedback.Down}); err != nil {
			t.Fatal(err)
		}
		w.agent.OfferAfter(ann, run)
	}
	found := errors.New("found")
	err := w.agent.Follow(t.Context(), ann, first.thread, second.events[len(second.events)-1].Seq, func(events []conversation.Logged) error {
		for _, l := range events {
			e, err := l.Event()
			var ask conversation.Ask
			if err == nil && e.Name == conversation.Question && json.Unmarshal(e.Value, &ask) == nil && len(ask.Options) == 2 {
				return found
			}
		}
		return nil
	})
	if !errors.Is(err, found) {
		t.Errorf("no offer: %v", err)
	}
}
