package agent

import (
	"crypto/rand"
	"encoding/json"

	"github.com/google/uuid"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/tools"
)

// OfferAfter offers a person in the conversation of an answer that its partner gave a thumb down, when it is the second one in a
// row. It returns at once: the offer comes into the log, once no answer is being written.
func (a *Agent) OfferAfter(c domain.Caller, runID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cfg.Notes == nil || a.cfg.Offer.Question == "" || a.closing {
		return
	}
	a.working.Go(func() {
		call := a.offerCall()
		if err := a.cfg.Notes.OfferPerson(a.base, c, runID, offerEvents(uuid.NewString(), call, a.cfg.Offer)...); err != nil && a.base.Err() == nil {
			a.cfg.Logger.Warn("a person was not offered", "run", runID, "error", err)
		}
	})
}

// offer adds the offer of a person to this turn's answer, when the answer failed the partner and the one before did: it is asked, not
// done. The question is a call of ask_user like any model's, so that whoever answers next knows what a "yes" is to.
func (t *turn) offer(failed bool) {
	if !failed || t.bad+1 < handoff.OfferAfter || t.agent.cfg.Offer.Question == "" || t.effects[kindHandoff] {
		return
	}
	t.meter.Offered = true
	call := t.agent.offerCall()
	t.steps = append(t.steps, conversation.Step{MessageID: uuid.NewString(), Calls: []conversation.Call{call}})
	t.out.add(offerEvents(t.steps[len(t.steps)-1].MessageID, call, t.agent.cfg.Offer)...)
}

func (a *Agent) offerCall() conversation.Call {
	args, err := json.Marshal(a.cfg.Offer)
	if err != nil {
		panic(err) // strings
	}
	return conversation.Call{ID: rand.Text()[:9], Name: tools.AskUserName, Args: string(args), Result: `{"asked":true}`}
}

func offerEvents(messageID string, call conversation.Call, offer conversation.Ask) []conversation.Event {
	return []conversation.Event{
		{Type: conversation.CallStart, ToolCallID: call.ID, ToolCallName: call.Name, ParentMessageID: messageID},
		{Type: conversation.CallArgs, ToolCallID: call.ID, Delta: call.Args},
		{Type: conversation.CallEnd, ToolCallID: call.ID},
		{Type: conversation.CallResult, MessageID: call.ID + "-result", ToolCallID: call.ID, Role: "tool", Content: call.Result},
		conversation.CustomEvent(conversation.Question, offer),
	}
}
