package tools

import (
	"context"
	"slices"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type leaderboardArgs struct {
	Metric metricName `json:"metric" jsonschema:"what they are ranked by."`
	By     string     `json:"by" enum:"referee,sub_partner,code,country" jsonschema:"who or what is ranked"`
	Period period     `json:"period" min:"1" max:"64"`
	narrowing
	Limit int `json:"limit,omitempty" min:"1" max:"100" jsonschema:"how many; by default 10"`
}

type leaderboardResult struct {
	span
	Metric  string    `json:"metric"`
	By      string    `json:"by"`
	Filters narrowing `json:"filters"`
	Rows    []object  `json:"rows"`
	Total   object    `json:"total"`
}

// Leaderboard ranks referees, sub-partners, codes or countries. Ties are in ascending order of uid or name, and those
// with nothing to show fill up the places that are left (SPEC 5).
func Leaderboard(d Deps) Tool {
	return Define("leaderboard",
		"The top referees, sub-partners, referral codes or countries by one figure over a period, with each one's share of the total.",
		func(ctx context.Context, c domain.Caller, in leaderboardArgs) (out leaderboardResult, err error) {
			now := d.now()
			if in.Limit == 0 {
				in.Limit = 10
			}
			q := referral.Query{
				Metrics: []string{string(in.Metric)}, GroupBy: referral.GroupBy(in.By), Limit: in.Limit,
				Filter: filters{narrowing: in.narrowing}.filter(),
			}
			if q.GroupBy == referral.BySubPartner {
				q.Limit++ // for the row of referees without a sub-partner, which is left out
			}
			if q.Period, err = d.read(in.Period, "period", now); err != nil {
				return out, err
			}
			res, err := d.Metrics.Metrics(ctx, c, q, now)
			if err != nil {
				return out, renamed(renamed(err, "groupBy", "by"), "metrics", "metric")
			}
			if q.GroupBy == referral.BySubPartner {
				res.Rows = slices.DeleteFunc(res.Rows, func(r referral.Row) bool { return r.Key == "" })
			}
			total := res.Total[0]
			out = leaderboardResult{
				span: d.span(q.Period, now), Metric: string(in.Metric), By: in.By, Filters: in.narrowing,
				Rows: []object{}, Total: figures(q.Metrics, res.Total),
			}
			for i, r := range res.Rows[:min(len(res.Rows), in.Limit)] {
				out.Rows = append(out.Rows, object{
					{"key", r.Key}, {"rank", i + 1}, {string(in.Metric), figure(string(in.Metric), r.Values[0])}, {"share", share(r.Values[0], total)},
				})
			}
			return out, nil
		})
}

// share is what percentage of the total the part is; nil where the total is nothing, or less because of reversals.
func share(part, total int64) *string {
	if total <= 0 {
		return nil
	}
	return domain.Percent(total+part, total) // how much more the total would be with the part once again
}
