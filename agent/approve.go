package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/proposal"
	"partnerhub/tools"
)

// Proposals executes what a person has approved. Package store implements it, and documents it method by method. No
// tool leads to Approve or Decline: they are called for a person's click alone.
type Proposals interface {
	Approve(ctx context.Context, c domain.Caller, id, digest string, now time.Time) (proposal.Proposal, error)
	Decline(ctx context.Context, c domain.Caller, id string, now time.Time) (proposal.Proposal, error)
	Proposal(ctx context.Context, c domain.Caller, id string, now time.Time) (proposal.Proposal, error)
	ExpireProposals(ctx context.Context, now time.Time) error
	UnsaidProposals(ctx context.Context) ([]proposal.Proposal, error)
	ProposalSaid(ctx context.Context, p proposal.Proposal) error
}

// Notes adds to a conversation from outside of a run. Package store implements it.
type Notes interface {
	NoteOnce(ctx context.Context, owner domain.Caller, thread, key string, events ...conversation.Event) (conversation.Started, error)
	OfferPerson(ctx context.Context, c domain.Caller, runID string, events ...conversation.Event) error
}

// Decision is what a person says to a proposal.
type Decision struct {
	ProposalID string
	Approved   bool
	Digest     string // of what was approved; a decline needs none
}

// Decided is what a decision came to.
type Decided struct {
	Proposal proposal.Proposal
	// Note is the run in the proposal's conversation that says so; nil while it could not be written, which the sweep makes up for.
	Note *conversation.Started
}

// Decide executes or declines a proposal, and says so in its conversation; also that executing it failed, after which the
// proposal is open still. Errors: the store's Approve's and Decline's.
func (a *Agent) Decide(ctx context.Context, c domain.Caller, d Decision) (out Decided, err error) {
	if a.cfg.Proposals == nil {
		return out, domain.Errorf(domain.CodeUnavailable, "", "proposals are not set up here")
	}
	now := a.cfg.Now()
	if d.Approved {
		out.Proposal, err = a.cfg.Proposals.Approve(ctx, c, d.ProposalID, d.Digest, now)
	} else {
		out.Proposal, err = a.cfg.Proposals.Decline(ctx, c, d.ProposalID, now)
	}
	if err != nil {
		a.sayFailure(ctx, c, d, err)
		return out, err
	}
	note, err := a.sayOutcome(ctx, out.Proposal)
	if err != nil { // the decision stands; the sweep says it
		a.cfg.Logger.Warn("the outcome of a proposal is not said yet", "proposal", out.Proposal.ID, "error", err)
		return out, nil
	}
	out.Note = &note
	return out, nil
}

// Resume is Decide for a client that may not have heard the answer before: the same decision again returns the outcome, and
// executes nothing. Errors: Decide's; CodeBusy when the decision is made, and its conversation does not say so yet.
func (a *Agent) Resume(ctx context.Context, c domain.Caller, d Decision) (conversation.Started, error) {
	decided, err := a.Decide(ctx, c, d)
	if e := domain.AsError(err); err != nil && e.Code == domain.CodeConflict && e.Field == "state" {
		p, errRead := a.cfg.Proposals.Proposal(ctx, c, d.ProposalID, a.cfg.Now())
		if errRead != nil {
			return conversation.Started{}, errRead
		}
		same := p.State == proposal.Declined && !d.Approved || p.State == proposal.Approved && d.Approved && p.Verify(d.Digest)
		if !same || p.Reason != "" {
			return conversation.Started{}, err
		}
		return a.sayOutcome(ctx, p)
	}
	switch {
	case err != nil:
		return conversation.Started{}, err
	case decided.Note == nil:
		return conversation.Started{}, domain.Errorf(domain.CodeBusy, "", "your decision is made; the conversation will say so in a moment")
	}
	return *decided.Note, nil
}

// sayOutcome says in a proposal's conversation what became of it, once.
func (a *Agent) sayOutcome(ctx context.Context, p proposal.Proposal) (started conversation.Started, err error) {
	if p.ThreadID == "" || a.cfg.Notes == nil {
		return started, errors.New("no conversation")
	}
	started, err = a.cfg.Notes.NoteOnce(ctx, p.Owner, p.ThreadID, "proposal-"+p.ID, outcomeEvents(p, nil)...)
	switch {
	case err == nil:
		a.hub.wake(p.ThreadID)
	case domain.AsError(err).Code != domain.CodeNotFound: // a conversation that was deleted hears of nothing any more
		return started, err
	}
	return started, errors.Join(err, a.cfg.Proposals.ProposalSaid(ctx, p))
}

// sayFailure says why an approval was not executed, once for each reason. What is no failure of the execution (a wrong
// digest, one that was decided on) is told to whoever sent it alone.
func (a *Agent) sayFailure(ctx context.Context, c domain.Caller, d Decision, err error) {
	e := domain.AsError(err)
	if !d.Approved || a.cfg.Notes == nil || e.Code == domain.CodeInternal || e.Field == "state" || e.Field == "digest" || e.Field == "id" {
		return
	}
	p, errRead := a.cfg.Proposals.Proposal(ctx, c, d.ProposalID, a.cfg.Now())
	if errRead != nil || p.ThreadID == "" || p.State != proposal.Proposed {
		return
	}
	sum := sha256.Sum256([]byte(e.Error()))
	key := "proposal-" + p.ID + "-" + hex.EncodeToString(sum[:6])
	if _, err := a.cfg.Notes.NoteOnce(ctx, c, p.ThreadID, key, outcomeEvents(p, e)...); err == nil {
		a.hub.wake(p.ThreadID)
	}
}

// outcomeEvents are a sentence and a card.
func outcomeEvents(p proposal.Proposal, failure *domain.Error) []conversation.Event {
	id := uuid.NewString()
	data, err := json.Marshal(p.Outcome(failure))
	if err != nil {
		panic(err) // it marshals: its raw parts come from the database as JSON
	}
	return []conversation.Event{
		{Type: conversation.TextStart, MessageID: id, Role: "assistant"},
		{Type: conversation.TextContent, MessageID: id, Delta: p.Sentence(failure)},
		{Type: conversation.TextEnd, MessageID: id},
		conversation.CustomEvent(conversation.CardShown, conversation.Card{
			ID: id + "-card", Kind: "outcome", Title: p.Preview.Title, Args: json.RawMessage("{}"), Data: data,
		}),
	}
}

// sweepProposals writes down what has expired, and says what no conversation says yet: of expired proposals, and of
// decisions whose conversation was busy, or whose worker died before it said so.
func (a *Agent) sweepProposals(ctx context.Context) error {
	if a.cfg.Proposals == nil {
		return nil
	}
	if err := a.cfg.Proposals.ExpireProposals(ctx, a.cfg.Now()); err != nil {
		return err
	}
	unsaid, err := a.cfg.Proposals.UnsaidProposals(ctx)
	for _, p := range unsaid {
		if _, err := a.sayOutcome(ctx, p); err != nil {
			switch domain.AsError(err).Code {
			case domain.CodeBusy, domain.CodeNotFound: // later, or never
			default:
				return err
			}
		}
	}
	return err
}

// proposed is what a turn proposed last: what it waits for.
type proposed struct {
	tools.Proposed
	call string // the tool call's id
}

// decisionSchema is the answer that an interrupt wants, as AG-UI's responseSchema.
var decisionSchema = json.RawMessage(`{"type":"object","properties":{"approved":{"type":"boolean","description":"true executes exactly what the card shows"},"digest":{"type":"string","description":"the proposal's; needed to approve"}},"required":["approved"]}`)

// interrupt ends a turn that proposed something: the run is over, and a person's decision is waited for.
func (t *turn) interrupt() []conversation.Event {
	p := t.proposed
	metadata, err := json.Marshal(map[string]string{"kind": "proposal", "proposalKind": string(p.Kind), "digest": p.Digest})
	if err != nil {
		panic(err) // strings
	}
	wait := conversation.Interrupt{
		ID: p.ProposalID, Reason: "confirmation", Message: strings.TrimSuffix(p.Preview.Title, ".") + "?", ToolCallID: p.call,
		ResponseSchema: decisionSchema, ExpiresAt: &p.ExpiresAt, Metadata: metadata,
	}
	state, err := json.Marshal(map[string]any{"interrupts": []conversation.Interrupt{wait}})
	if err != nil {
		panic(err)
	}
	last := t.finished()
	last.Outcome = &conversation.Outcome{Type: "interrupt", Interrupts: []conversation.Interrupt{wait}}
	return []conversation.Event{
		{Type: conversation.StateSnapshot, Snapshot: state},
		{Type: conversation.MessagesSnapshot, Messages: t.snapshot()},
		last,
	}
}

// snapshot is the conversation as AG-UI has messages: what the model is told of it, under the ids that its events have.
func (t *turn) snapshot() json.RawMessage {
	type function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
	type toolCall struct {
		ID       string   `json:"id"`
		Type     string   `json:"type"`
		Function function `json:"function"`
	}
	type message struct {
		ID         string     `json:"id"`
		Role       string     `json:"role"`
		Content    string     `json:"content"`
		ToolCalls  []toolCall `json:"toolCalls,omitempty"`
		ToolCallID string     `json:"toolCallId,omitempty"`
	}
	messages := []message{}
	add := func(turn conversation.Turn) {
		if turn.User != "" {
			messages = append(messages, message{ID: turn.RunID + "-user", Role: "user", Content: turn.User})
		}
		for _, s := range turn.Steps {
			m := message{ID: s.MessageID, Role: "assistant", Content: s.Text}
			for _, c := range s.Calls {
				m.ToolCalls = append(m.ToolCalls, toolCall{c.ID, "function", function{c.Name, c.Args}})
			}
			if m.Content == "" && len(m.ToolCalls) == 0 {
				continue
			}
			messages = append(messages, m)
			for _, c := range s.Calls {
				messages = append(messages, message{ID: c.ID + "-result", Role: "tool", Content: c.Result, ToolCallID: c.ID})
			}
		}
	}
	for i, past := range t.history {
		if i < len(t.history)-wholeTurns {
			past.Steps = shortened(past.Steps)
		}
		add(past)
	}
	add(conversation.Turn{RunID: t.run.ID, User: t.user, Steps: t.steps})
	b, err := json.Marshal(messages)
	if err != nil {
		panic(err) // strings
	}
	return b
}
