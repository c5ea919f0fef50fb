package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

type proposalsInput struct {
	State  proposal.State `query:"state" enum:"proposed,approved,declined,expired" doc:"all without it"`
	Cursor string         `query:"cursor" maxLength:"36" doc:"nextCursor of the page before"`
	Limit  int            `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type proposalInput struct {
	ID string `path:"id" maxLength:"36"`
}

type approveInput struct {
	ID   string `path:"id" maxLength:"36"`
	Body struct {
		Digest string `json:"digest" maxLength:"100" doc:"the proposal's: says what exactly is approved"`
	}
}

// registerProposals adds what the assistant has proposed, for its partner to decide on.
func (s *server) registerProposals(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		o := s.operation(api, id, method, path, summary)
		o.MaxBodyBytes = 4 << 10
		o.Errors = append(o.Errors, http.StatusConflict, http.StatusNotFound)
		return o
	}
	partner := func(ctx context.Context) (domain.Caller, error) {
		c := caller(ctx)
		return c, c.Require(domain.RolePartner)
	}
	answer := func(p proposal.Proposal, err error) (*bodyOf[proposal.Proposal], error) {
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[proposal.Proposal]{p}, nil
	}
	huma.Register(api, op("list-proposals", http.MethodGet, "/v1/proposals", "What the assistant has proposed to the caller, the latest first"), func(ctx context.Context, in *proposalsInput) (*bodyOf[page[proposal.Proposal]], error) {
		c, err := partner(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		items, next, err := s.Store.Proposals(ctx, c, in.State, in.Cursor, in.Limit, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		if items == nil {
			items = []proposal.Proposal{}
		}
		return &bodyOf[page[proposal.Proposal]]{page[proposal.Proposal]{items, next}}, nil
	})
	huma.Register(api, op("get-proposal", http.MethodGet, "/v1/proposals/{id}", "One proposal, and what became of it"), func(ctx context.Context, in *proposalInput) (*bodyOf[proposal.Proposal], error) {
		c, err := partner(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		return answer(s.Store.Proposal(ctx, c, in.ID, s.Now()))
	})
	decide := func(ctx context.Context, d agent.Decision) (*bodyOf[proposal.Proposal], error) {
		c, err := partner(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		if s.Chat == nil || s.Chat.cfg.Agent == nil {
			return nil, problemOf(domain.Errorf(domain.CodeUnavailable, "", "the assistant is not set up here"))
		}
		decided, err := s.Chat.cfg.Agent.Decide(ctx, c, d)
		return answer(decided.Proposal, err)
	}
	huma.Register(api, op("approve-proposal", http.MethodPost, "/v1/proposals/{id}/approve", "Execute a proposal: once, and exactly what its digest names"), func(ctx context.Context, in *approveInput) (*bodyOf[proposal.Proposal], error) {
		return decide(ctx, agent.Decision{ProposalID: in.ID, Approved: true, Digest: in.Body.Digest})
	})
	huma.Register(api, op("decline-proposal", http.MethodPost, "/v1/proposals/{id}/decline", "Decline a proposal, for good"), func(ctx context.Context, in *proposalInput) (*bodyOf[proposal.Proposal], error) {
		return decide(ctx, agent.Decision{ProposalID: in.ID})
	})
}
