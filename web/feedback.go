package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/feedback"
)

// vote is one, on the wire.
type vote struct {
	RunID   string        `json:"runId" format:"uuid" doc:"the run that the answer is"`
	Vote    feedback.Vote `json:"vote" enum:"up,down"`
	Reasons []string      `json:"reasons,omitempty" maxItems:"10" doc:"down: wrong_figure, misunderstood, not_answered, outdated, unclear, too_slow, other; up: accurate, clear, useful"`
	Text    string        `json:"text,omitempty" doc:"at most 1000 characters"`
}

func voteOf(f feedback.Feedback) vote { return vote{f.RunID, f.Vote, f.Reasons, f.Text} }

// registerFeedback adds a partner's votes on the assistant's answers.
func (s *server) registerFeedback(api huma.API) {
	conversations := s.Chat.cfg.Conversations
	partners := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: 16 << 10,
			Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
	}
	type voteOutput struct{ Body vote }
	huma.Register(api, partners("vote", http.MethodPut, "/v1/feedback", "Say whether an answer was good; again to change it"),
		func(ctx context.Context, in *struct{ Body vote }) (*voteOutput, error) {
			c := caller(ctx)
			if err := c.Require(domain.RolePartner); err != nil {
				return nil, problemOf(err)
			}
			f, err := conversations.Vote(ctx, c, feedback.Feedback{RunID: in.Body.RunID, Vote: in.Body.Vote, Reasons: in.Body.Reasons, Text: in.Body.Text})
			if err != nil {
				return nil, problemOf(err)
			}
			if f.Vote == feedback.Down {
				s.Chat.cfg.Agent.OfferAfter(c, f.RunID)
			}
			return &voteOutput{voteOf(f)}, nil
		})
	huma.Register(api, partners("unvote", http.MethodDelete, "/v1/feedback", "Take a vote back"),
		func(ctx context.Context, in *struct {
			RunID string `query:"runId" required:"true" maxLength:"36"`
		}) (*struct{}, error) {
			c := caller(ctx)
			if err := c.Require(domain.RolePartner); err != nil {
				return nil, problemOf(err)
			}
			if err := conversations.Unvote(ctx, c, in.RunID); err != nil {
				return nil, problemOf(err)
			}
			return nil, nil
		})
	type votesOutput struct{ Body page[vote] }
	huma.Register(api, partners("list-votes", http.MethodGet, "/v1/feedback", "The caller's votes on the answers of a conversation"),
		func(ctx context.Context, in *struct {
			ThreadID string `query:"threadId" required:"true" maxLength:"36"`
		}) (*votesOutput, error) {
			c := caller(ctx)
			if err := c.Require(domain.RolePartner); err != nil {
				return nil, problemOf(err)
			}
			votes, err := conversations.Votes(ctx, c, in.ThreadID)
			if err != nil {
				return nil, problemOf(err)
			}
			out := page[vote]{Items: []vote{}}
			for _, f := range votes {
				out.Items = append(out.Items, voteOf(f))
			}
			return &votesOutput{out}, nil
		})
}
