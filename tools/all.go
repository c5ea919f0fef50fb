package tools

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Deps is what the tools work with.
type Deps struct {
	Metrics  Metrics
	Referees Referees
	Now      func() time.Time
	Zone     *time.Location // the reporting zone
}

// Metrics is who knows the figures.
type Metrics interface {
	Metrics(ctx context.Context, c domain.Caller, q referral.Query, now time.Time) (referral.Result, error)
}

// Referees is who knows the referees.
type Referees interface {
	Referees(ctx context.Context, c domain.Caller, q referral.RefereeQuery, now time.Time) (referral.RefereePage, error)
	Referee(ctx context.Context, c domain.Caller, uid int64) (referral.Referee, error)
}

// All is the list of tools.
func All(d Deps) []Tool {
	return []Tool{
		QueryMetrics(d),
		CompareMetrics(d),
		Leaderboard(d),
		ListReferees(d),
		GetReferee(d),
		AskUser(),
	}
}
