package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type getRefereeArgs struct {
	UID    int64  `json:"uid" min:"1" jsonschema:"the referee's uid"`
	Period period `json:"period,omitempty" max:"64" jsonschema:"the period of the figures; by default last_30_days."`
}

type getRefereeResult struct {
	span
	Rows      []refereeDetails `json:"rows"`
	Total     int              `json:"total"`
	ByProduct []object         `json:"byProduct"`
}

type refereeDetails struct {
	refereeRow
	EligibleVolume   domain.Money `json:"eligibleVolume"`
	Fees             domain.Money `json:"fees"`
	Trades           int64        `json:"trades"`
	Deposits         domain.Money `json:"deposits"`
	Withdrawals      domain.Money `json:"withdrawals"`
	SharedCommission domain.Money `json:"sharedCommission"`
}

// GetReferee shows one referee of the caller's. A uid that is none of theirs is not found, whether it exists or not.
func GetReferee(d Deps) Tool {
	return Define("get_referee",
		"One referee by uid: dates, levels, activity, code, and their figures over a period, also by product.",
		d.getReferee)
}

func (d Deps) getReferee(ctx context.Context, c domain.Caller, in getRefereeArgs) (out getRefereeResult, err error) {
	now := d.now()
	if in.Period == "" {
		in.Period = referral.DefaultActivityPeriod
	}
	p, err := d.read(in.Period, "period", now)
	if err != nil {
		return out, err
	}
	row := referral.RefereeRow{}
	if row.Referee, err = d.Referees.Referee(ctx, c, in.UID); err != nil {
		return out, err
	}
	ask := func(by referral.GroupBy, metrics ...string) (referral.Result, error) {
		return d.Metrics.Metrics(ctx, c, referral.Query{Metrics: metrics, Period: p, GroupBy: by, Filter: referral.Filter{UID: in.UID}}, now)
	}
	traded, err := ask(referral.ByProduct, "commission", "volume", "trades", "eligibleVolume", "fees", "sharedCommission")
	if err != nil {
		return out, err
	}
	moved, err := ask(referral.ByNone, "deposits", "withdrawals")
	if err != nil {
		return out, err
	}
	t := traded.Total
	row.Commission, row.Volume = domain.Money(t[0]), domain.Money(t[1])
	return getRefereeResult{
		span: d.span(p, now), Total: 1,
		Rows: []refereeDetails{{
			refereeRow: d.refereeRow(row, now), Trades: t[2], EligibleVolume: domain.Money(t[3]), Fees: domain.Money(t[4]), SharedCommission: domain.Money(t[5]),
			Deposits: domain.Money(moved.Total[0]), Withdrawals: domain.Money(moved.Total[1]),
		}},
		ByProduct: metricRows([]string{"commission", "volume", "trades"}, traded.Rows), // each row's first three
	}, nil
}
