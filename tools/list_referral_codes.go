package tools

import (
	"cmp"
	"context"
	"slices"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type codesArgs struct {
	Period period `json:"period,omitempty" max:"64" jsonschema:"the period of the figures; by default this_month."`
}

type codesResult struct {
	span
	Rows  []codeRow   `json:"rows"`
	Total codesTotals `json:"total"`
}

type codeRow struct {
	Key               string      `json:"key"`
	CreatedAt         string      `json:"createdAt"`
	Default           bool        `json:"default"`
	SpotRebateRate    domain.Rate `json:"spotRebateRate"`
	FuturesRebateRate domain.Rate `json:"futuresRebateRate"`
	Note              string      `json:"note,omitempty"`
	codeFigures
}

// codeFigures are those of a code, or of all. Referees are those by the end of the period, the rest is of the period.
type codeFigures struct {
	Referees     int64        `json:"referees"`
	Direct       int64        `json:"direct"`
	Indirect     int64        `json:"indirect"`
	NewReferrals int64        `json:"newReferrals"`
	Commission   domain.Money `json:"commission"`
	Volume       domain.Money `json:"volume"`
}

type codesTotals struct {
	Codes int `json:"codes"`
	codeFigures
}

// ListReferralCodes lists the caller's referral codes, those with the most commission first.
func ListReferralCodes(d Deps) Tool {
	return Define("list_referral_codes",
		"The partner's referral codes with their rebate rates, notes, which is the default, how many referees came through each, and what they brought over a period.",
		func(ctx context.Context, c domain.Caller, in codesArgs) (out codesResult, err error) {
			now := d.Now()
			if in.Period == "" {
				in.Period = "this_month"
			}
			p, err := d.read(in.Period, "period", now)
			if err != nil {
				return out, err
			}
			codes, err := d.Records.Codes(ctx, c)
			if err != nil {
				return out, err
			}
			all, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: []string{"commission", "volume", "newReferrals", "totalReferrals"}, Period: p, GroupBy: referral.ByCode}, now)
			if err != nil {
				return out, err
			}
			direct, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: []string{"totalReferrals"}, Period: p, GroupBy: referral.ByCode, Filter: referral.Filter{Relation: referral.Direct}}, now)
			if err != nil {
				return out, err
			}
			figures := func(all, direct []int64) codeFigures {
				return codeFigures{Commission: domain.Money(all[0]), Volume: domain.Money(all[1]), NewReferrals: all[2], Referees: all[3], Direct: direct[0], Indirect: all[3] - direct[0]}
			}
			of := func(rows []referral.Row, code string, metrics int) []int64 {
				if i := slices.IndexFunc(rows, func(r referral.Row) bool { return r.Key == code }); i >= 0 {
					return rows[i].Values
				}
				return make([]int64, metrics)
			}
			out = codesResult{span: d.span(p, now), Rows: make([]codeRow, len(codes)), Total: codesTotals{len(codes), figures(all.Total, direct.Total)}}
			for i, code := range codes {
				out.Rows[i] = codeRow{
					Key: code.Code, CreatedAt: d.instant(code.CreatedAt), Default: code.Default, SpotRebateRate: code.Spot, FuturesRebateRate: code.Futures, Note: code.Note,
					codeFigures: figures(of(all.Rows, code.Code, 4), of(direct.Rows, code.Code, 1)),
				}
			}
			slices.SortStableFunc(out.Rows, func(a, b codeRow) int { return cmp.Compare(b.Commission, a.Commission) }) // ties stay in order of name
			return out, nil
		})
}
