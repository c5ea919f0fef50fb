package tools

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/anomalies"
)

// Deps is what the tools work with.
type Deps struct {
	Metrics  Metrics
	Referees Referees
	Records  Records
	Library  Library
	Programs Programs
	Tasks    Tasks
	Tickets  Tickets // nil: hand_off refuses
	Fund     Fund    // nil: a ticket about money comes without postings
	// Proposals keeps what the tools that propose propose; nil: they are refused.
	Proposals Proposals
	Now       func() time.Time
	Zone      *time.Location    // the reporting zone
	Advice    []referral.Advice // what a review suggests, the most urgent first
}

// Metrics is who knows the figures, what they are made of, and how they went by day.
type Metrics interface {
	Metrics(ctx context.Context, c domain.Caller, q referral.Query, now time.Time) (referral.Result, error)
	Leaves(ctx context.Context, c domain.Caller, q referral.LeafQuery) ([]referral.Leaf, error)
	Series(ctx context.Context, c domain.Caller, from, now time.Time) ([]anomalies.Series, error)
	Cohorts(ctx context.Context, c domain.Caller, code string, months int, now time.Time) ([]referral.Cohort, error)
}

// Referees is who knows the referees.
type Referees interface {
	Referees(ctx context.Context, c domain.Caller, q referral.RefereeQuery, now time.Time) (referral.RefereePage, error)
	Referee(ctx context.Context, c domain.Caller, uid int64) (referral.Referee, error)
}

// Records is who knows what the figures are made of.
type Records interface {
	Activity(ctx context.Context, c domain.Caller, q referral.ActivityQuery, now time.Time) (referral.ActivityReport, error)
	Trade(ctx context.Context, c domain.Caller, tradeID string) (referral.Trace, error)
	Trades(ctx context.Context, c domain.Caller, q referral.TradeQuery, now time.Time) (referral.TradePage, error)
	Rewards(ctx context.Context, c domain.Caller, q referral.RewardQuery, now time.Time) (referral.RewardPage, error)
	Codes(ctx context.Context, c domain.Caller) ([]referral.ReferralCode, error)
}

// All is the list of tools.
func All(d Deps) []Tool {
	return []Tool{
		QueryMetrics(d),
		CompareMetrics(d),
		ExplainChange(d),
		Leaderboard(d),
		SummarizePerformance(d),
		ListAnomalies(d),
		ListReferees(d),
		GetReferee(d),
		RefereeActivity(d),
		TraceCommission(d),
		ListRewards(d),
		ListReferralCodes(d),
		ProgramProgress(d),
		ListTasks(d),
		GetTask(d),
		SimulateTask(d),
		ProposeReferralCode(d),
		ProposeTask(d),
		ProposeTaskCancellation(d),
		ProposeNudge(d),
		SearchRules(d),
		Recommend(d),
		HandOff(d),
		AskUser(),
	}
}
