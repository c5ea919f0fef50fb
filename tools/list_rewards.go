package tools

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type rewardKind string

func (rewardKind) Enum() []string { return names(referral.RewardKinds...) }

type rewardsArgs struct {
	Period period     `json:"period" min:"1" max:"64" jsonschema:"the days on which it was earned; each is settled the morning after."`
	Kind   rewardKind `json:"kind" jsonschema:"rebate: commission on referees' fees; shared: received on the partner's own trades; task: from tasks"`
	Cursor string     `json:"cursor,omitempty" max:"512" jsonschema:"nextCursor of the page before, with all other arguments as they were"`
	Limit  int        `json:"limit,omitempty" min:"1" max:"200" jsonschema:"records a page; by default 20"`
}

type rewardsResult struct {
	span
	Kind       rewardKind  `json:"kind"`
	Rows       []rewardRow `json:"rows"`
	Total      object      `json:"total"` // of the whole period; settled and unsettled are its parts
	NextCursor string      `json:"nextCursor,omitempty"`
}

type rewardRow struct {
	Key       string           `json:"key"` // the date of its settlement
	Day       string           `json:"day"` // that it was earned on
	SettledAt string           `json:"settledAt"`
	UID       int64            `json:"uid"` // whose trades it is from, or who created the task
	TaskID    int64            `json:"taskId,omitempty"`
	Title     string           `json:"title,omitempty"` // of the task
	Product   referral.Product `json:"product,omitempty"`
	Amount    domain.Money     `json:"amount"`
	Status    string           `json:"status"` // settled or unsettled, as of asOf
}

// ListRewards lists the caller's reward records by settlement (SPEC 2).
func ListRewards(d Deps) Tool {
	return Define("list_rewards",
		"The partner's reward records: one for each day, referee and product, settled at 08:00 of the day after; what came late for a day is a record of the next settlement. With what is settled and what is not yet. "+
			"Task rewards are listed as they were paid. For sums use query_metrics; for the trades behind a record, trace_commission.",
		func(ctx context.Context, c domain.Caller, in rewardsArgs) (out rewardsResult, err error) {
			now := d.Now()
			q := referral.RewardQuery{Kind: referral.RewardKind(in.Kind), Limit: in.Limit, Cursor: in.Cursor}
			if q.Limit == 0 {
				q.Limit = 20
			}
			if q.Period, err = d.read(in.Period, "period", now); err != nil {
				return out, err
			}
			page, err := d.Records.Rewards(ctx, c, q, now)
			if err != nil {
				return out, err
			}
			metric := "commission"
			switch q.Kind {
			case referral.RewardShared:
				metric = "sharedReceived"
			case referral.RewardTask:
				metric = "taskRewards"
			}
			out = rewardsResult{
				span: d.span(page.Period, page.AsOf), Kind: in.Kind, Rows: make([]rewardRow, len(page.Rows)),
				Total:      object{{metric, page.Total}, {"settled", page.Settled}, {"unsettled", page.Total - page.Settled}},
				NextCursor: page.Next,
			}
			for i, r := range page.Rows {
				status := "unsettled"
				if r.Settled {
					status = "settled"
				}
				out.Rows[i] = rewardRow{
					Key: d.date(r.SettledAt), Day: d.date(r.Day), SettledAt: d.instant(r.SettledAt), UID: r.UID, Product: r.Product, Amount: r.Amount, Status: status, TaskID: r.TaskID, Title: r.Title,
				}
			}
			return out, nil
		})
}

// date is the day of the reporting zone that an instant lies in.
func (d Deps) date(t time.Time) string { return t.In(d.Zone).Format(time.DateOnly) }
