package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/program"
	"partnerhub/domain/referral"
	"partnerhub/knowledge"
)

// Articles lists the library's articles.
type Articles func(context.Context, knowledge.ArticleFilter) ([]knowledge.Stored, error)

// Campaign is an event of the library as a partner sees it.
type Campaign struct {
	Slug      string          `json:"slug"`
	Title     string          `json:"title"`
	Access    string          `json:"access" enum:"public,exclusive"`
	Starts    string          `json:"starts,omitempty" format:"date"`
	Ends      string          `json:"ends,omitempty" format:"date" doc:"The first day on which it is over"`
	State     string          `json:"state" enum:"upcoming,running,ended"`
	Eligible  bool            `json:"eligible"`
	Reason    string          `json:"reason,omitempty" doc:"Why not"`
	Link      string          `json:"link,omitempty"`
	ShareLink string          `json:"shareLink,omitempty"`
	JoinLink  string          `json:"joinLink,omitempty" doc:"For those who joined"`
	Products  []string        `json:"products,omitempty"`
	Countries []string        `json:"countries,omitempty"`
	JoinedAt  *time.Time      `json:"joinedAt,omitempty"`
	Results   *CampaignResult `json:"results,omitempty" doc:"Of those who joined: since then, within the campaign"`
}

// CampaignResult is what came of a campaign since the partner joined.
type CampaignResult struct {
	From         string       `json:"from" format:"date-time"`
	To           string       `json:"to" format:"date-time"`
	NewReferrals int64        `json:"newReferrals"`
	Verified     int64        `json:"verified"`
	FirstTraders int64        `json:"firstTraders"`
	Volume       domain.Money `json:"volume" doc:"Of the campaign's product, where it has one"`
	Commission   domain.Money `json:"commission"`
}

type campaignsInput struct {
	Access string `query:"access" enum:"public,exclusive" doc:"both without it"`
	State  string `query:"state" enum:"upcoming,running,ended" doc:"all without it"`
}

// registerPrograms adds programs and campaigns.
func (s *server) registerPrograms(api huma.API) {
	if t, ok := s.tools["program_progress"]; ok {
		serveTool[ProgramList](s, api, "list-programs", "/v1/programs", "The caller's progress in the programs", t, nil)
	}
	set := s.operation(api, "set-program", http.MethodPut, "/v1/operator/programs/{name}", "Set a program's rules for the period under way and those after it")
	set.MaxBodyBytes = 64 << 10
	huma.Register(api, set, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"41"`
		Body program.Program
	},
	) (*bodyOf[program.Program], error) {
		in.Body.Name = in.Name
		if err := s.Store.SetProgram(ctx, caller(ctx), in.Body, time.Now()); err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[program.Program]{in.Body}, nil
	})
	type versions struct {
		Items map[string][]program.Version `json:"items"`
	}
	huma.Register(api, s.operation(api, "list-program-rules", http.MethodGet, "/v1/operator/programs", "Every version of the programs' rules"), func(ctx context.Context, _ *struct{}) (*bodyOf[versions], error) {
		if err := caller(ctx).Require(domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		all, err := s.Store.Programs(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[versions]{versions{all}}, nil
	})
	type campaigns struct {
		Items []Campaign `json:"items"`
	}
	huma.Register(api, s.operation(api, "list-campaigns", http.MethodGet, "/v1/campaigns", "Campaigns: those that run first, the latest start first"), func(ctx context.Context, in *campaignsInput) (*bodyOf[campaigns], error) {
		all, err := s.campaigns(ctx, caller(ctx))
		if err != nil {
			return nil, problemOf(err)
		}
		all = slices.DeleteFunc(all, func(c Campaign) bool {
			return in.Access != "" && c.Access != in.Access || in.State != "" && c.State != in.State
		})
		return &bodyOf[campaigns]{campaigns{all}}, nil
	})
	join := s.operation(api, "join-campaign", http.MethodPost, "/v1/campaigns/{slug}/join", "Join a campaign; again changes nothing")
	join.Errors = append(join.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(api, join, func(ctx context.Context, in *struct {
		Slug string `path:"slug" maxLength:"100"`
	},
	) (*bodyOf[Campaign], error) {
		c, err := s.joinCampaign(ctx, caller(ctx), in.Slug)
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[Campaign]{c}, nil
	})
}

func (s *server) joinCampaign(ctx context.Context, c domain.Caller, slug string) (Campaign, error) {
	find := func() (Campaign, error) {
		all, err := s.campaigns(ctx, c)
		if err != nil {
			return Campaign{}, err
		}
		if i := slices.IndexFunc(all, func(x Campaign) bool { return x.Slug == slug }); i >= 0 {
			return all[i], nil
		}
		return Campaign{}, domain.Errorf(domain.CodeNotFound, "slug", "there is no campaign %q", slug)
	}
	found, err := find()
	switch {
	case err != nil || found.JoinedAt != nil:
		return found, err
	case found.State == "ended":
		return found, domain.Errorf(domain.CodeConflict, "slug", "the campaign is over")
	case !found.Eligible:
		return found, domain.Errorf(domain.CodeConflict, "slug", "%s", found.Reason)
	}
	if _, err := s.Store.JoinCampaign(ctx, c, slug, s.Now()); err != nil {
		return found, err
	}
	return find()
}

// campaigns are all of the library's events as the caller sees them.
func (s *server) campaigns(ctx context.Context, c domain.Caller) ([]Campaign, error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return nil, err
	}
	out := []Campaign{}
	if s.Articles == nil {
		return out, nil
	}
	now := s.Now().In(s.Zone)
	articles, err := s.Articles(ctx, knowledge.ArticleFilter{Kind: knowledge.Event, Locale: "en"})
	if err != nil {
		return nil, err
	}
	joined, err := s.Store.Campaigns(ctx, c)
	if err != nil {
		return nil, err
	}
	enrolled, err := s.Store.Enrolled(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, a := range articles {
		x := Campaign{Slug: a.Slug, Title: a.Title, Access: cmp.Or(a.Access, "public"), Starts: string(a.Starts), Ends: string(a.Ends), Link: a.Link, ShareLink: a.ShareLink, Products: a.Products, Countries: a.Countries, Eligible: true}
		starts, hasStart := a.Starts.Time(s.Zone)
		ends, hasEnd := a.Ends.Time(s.Zone)
		switch x.State = "running"; {
		case hasEnd && !now.Before(ends):
			x.State = "ended"
		case hasStart && now.Before(starts):
			x.State = "upcoming"
		}
		if x.Access == "exclusive" && !enrolled {
			x.Eligible, x.Reason = false, "only enrolled partners can join"
		}
		if at, ok := joined[a.Slug]; ok {
			x.JoinedAt, x.JoinLink = &at, a.JoinLink
			from := at
			if hasStart && starts.After(at) {
				from = starts
			}
			to := now
			if hasEnd && ends.Before(now) {
				to = ends
			}
			if x.Results, err = s.campaignResult(ctx, c, domain.Period{From: from, To: to}, a.Products); err != nil {
				return nil, err
			}
		}
		out = append(out, x)
	}
	order := []string{"running", "upcoming", "ended"}
	slices.SortStableFunc(out, func(a, b Campaign) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)), cmp.Compare(b.Starts, a.Starts), cmp.Compare(a.Slug, b.Slug))
	})
	return out, nil
}

func (s *server) campaignResult(ctx context.Context, c domain.Caller, p domain.Period, products []string) (*CampaignResult, error) {
	if !p.From.Before(p.To) {
		return nil, nil
	}
	var product referral.Product
	if len(products) == 1 && slices.Contains([]referral.Product{referral.Spot, referral.Margin, referral.Futures}, referral.Product(products[0])) {
		product = referral.Product(products[0])
	}
	people, err := s.Store.Metrics(ctx, c, referral.Query{Metrics: []string{"newReferrals", "verified", "firstTraders"}, Period: p}, s.Now())
	if err != nil {
		return nil, err
	}
	money, err := s.Store.Metrics(ctx, c, referral.Query{Metrics: []string{"volume", "commission"}, Period: p, Filter: referral.Filter{Product: product}}, s.Now())
	if err != nil {
		return nil, err
	}
	return &CampaignResult{
		From: p.From.In(s.Zone).Format(time.RFC3339), To: p.To.In(s.Zone).Format(time.RFC3339), NewReferrals: people.Total[0], Verified: people.Total[1], FirstTraders: people.Total[2],
		Volume: domain.Money(money.Total[0]), Commission: domain.Money(money.Total[1]),
	}, nil
}
