package tools

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

// Proposals is who keeps what was proposed until a person decides. Nothing here can approve: no tool does.
type Proposals interface {
	Propose(ctx context.Context, c domain.Caller, kind proposal.Kind, args any, thread string, now time.Time) (proposal.Proposal, error)
}

// Proposed is the result of every tool that proposes. The confirm card is drawn from it.
type Proposed struct {
	ProposalID string           `json:"proposalId"`
	Kind       proposal.Kind    `json:"kind"`
	Status     proposal.State   `json:"status"`
	Digest     string           `json:"digest"` // what an approval names; whoever has it can still not approve for the partner
	ExpiresAt  time.Time        `json:"expiresAt"`
	Preview    proposal.Preview `json:"preview"`
	Note       string           `json:"note"` // for models
}

// notDone tells a model what it must not claim.
const notDone = "Nothing has been done. The partner decides with the buttons on the card; neither you nor a message in the chat can confirm."

// proposer makes a tool that proposes out of one that checks its arguments, and says what they propose.
func proposer[In any](d Deps, name, description string, args func(ctx context.Context, c domain.Caller, in In) (proposal.Kind, any, error)) Tool {
	t := Define(name, description+" Only proposes: nothing happens until the partner confirms the card that this shows. Call it alone, once, with all arguments known.",
		func(ctx context.Context, c domain.Caller, in In) (out Proposed, err error) {
			kind, complete, err := args(ctx, c, in)
			if err != nil {
				return out, err
			}
			if d.Proposals == nil {
				return out, domain.Errorf(domain.CodeUnavailable, "", "proposals are not set up here")
			}
			p, err := d.Proposals.Propose(ctx, c, kind, complete, Thread(ctx), d.Now())
			if err != nil {
				return out, err
			}
			return Proposed{ProposalID: p.ID, Kind: p.Kind, Status: p.State, Digest: p.Digest, ExpiresAt: p.ExpiresAt.Truncate(time.Second), Preview: p.Preview, Note: notDone}, nil
		})
	t.Effect = Proposes
	return t
}
