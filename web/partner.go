package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/tools"
)

// registerPartner adds what a partner's pages read, and the one thing that they write: notes on referees.
func (s *server) registerPartner(api huma.API) {
	pages := map[string]tools.Tool{}
	for _, t := range tools.Pages(tools.Deps{Metrics: s.Store, Referees: s.Store, Records: s.Store, Tasks: s.Store, Now: s.Now, Zone: s.Zone}) {
		pages[t.Name] = t
	}
	serveTool[Overview](s, api, "get-overview", "/v1/overview", "Every metric of a period beside an earlier one, its course, the funnel and the countries", pages["overview"], nil)
	serveTool[CohortList](s, api, "list-cohorts", "/v1/cohorts", "Of the referees who registered in each month, through a code or at all, how many traded in that month and in each since", pages["cohorts"], nil)
	serveTool[RefereeList](s, api, "list-referees", "/v1/referees", "The caller's referees: filtered, searched, sorted, a page at a time", pages["search_referees"], nil)
	serveTool[RefereeDetail](s, api, "get-referee", "/v1/referees/{uid}", "One of the caller's referees: figures, course and what happened when", pages["referee_detail"], nil)
	if t, ok := s.tools["list_rewards"]; ok {
		serveTool[RewardList](s, api, "list-rewards", "/v1/rewards", "Reward records, settled and not, the latest day first", t, map[string]string{"period": "last_7_days", "kind": string(referral.RewardRebate)})
	}
	op := s.operation(api, "set-referee-note", http.MethodPut, "/v1/referees/{uid}/note", "Write a note on one of the caller's referees; an empty one takes it away")
	op.MaxBodyBytes, op.Errors = 4<<10, append(op.Errors, http.StatusNotFound)
	huma.Register(api, op, func(ctx context.Context, in *noteInput) (*bodyOf[Note], error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		note, err := s.Store.SetRefereeNote(ctx, c, in.UID, in.Body.Note, time.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[Note]{Note{note}}, nil
	})
}

// Note is a partner's note on a referee.
type Note struct {
	Note string `json:"note" maxLength:"200"`
}

type noteInput struct {
	UID  int64 `path:"uid" minimum:"1"`
	Body Note
}
