package tools

import (
	"context"
	"time"

	"partnerhub/domain"
)

type cohortArgs struct {
	Code   string `json:"code,omitempty" max:"64" jsonschema:"only referees who came through this referral code"`
	Months int    `json:"months,omitempty" min:"1" max:"24" jsonschema:"of how many months, this one the last; by default 12"`
}

type cohortResult struct {
	AsOf   string      `json:"asOf"`
	Zone   string      `json:"zone"`
	Code   string      `json:"code,omitempty"`
	Months int         `json:"months"`
	Rows   []cohortRow `json:"rows"` // the earliest month first
}

// cohortRow are the referees who registered in a month.
type cohortRow struct {
	Key      string  `json:"key"` // the month's first date
	Referees int64   `json:"referees"`
	Traded   []int64 `json:"traded"` // of them, in the month itself, in the next one, and so on until now's
}

// cohorts is the retention of referees, in all or by referral code.
func cohorts(d Deps) Tool {
	return Define("cohorts", "Of the referees who registered in each month, how many traded in that month and in each since.",
		func(ctx context.Context, c domain.Caller, in cohortArgs) (out cohortResult, err error) {
			now := d.now()
			if in.Months == 0 {
				in.Months = 12
			}
			all, err := d.Metrics.Cohorts(ctx, c, in.Code, in.Months, now)
			if err != nil {
				return out, err
			}
			out = cohortResult{AsOf: d.instant(now), Zone: d.Zone.String(), Code: in.Code, Months: in.Months, Rows: make([]cohortRow, len(all))}
			for i, x := range all {
				out.Rows[i] = cohortRow{x.Month.In(d.Zone).Format(time.DateOnly), x.Referees, x.Traded}
			}
			return out, nil
		})
}
