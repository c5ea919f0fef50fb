package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type metricsResult struct {
	span
	Metrics []string  `json:"metrics"`
	GroupBy dimension `json:"groupBy,omitempty"`
	Filters filters   `json:"filters"`
	Rows    []object  `json:"rows"`
	Total   object    `json:"total"`
}

// QueryMetrics answers with figures over a period. A uid that is not the caller's referee leaves nothing to count.
func QueryMetrics(d Deps) Tool {
	return Define("query_metrics",
		"Figures of the partner's referral program over a period, in total or cut by time, product, relation, referee, "+
			"sub-partner, country or referral code. Not for a comparison of two periods: that is compare_metrics.",
		func(ctx context.Context, c domain.Caller, in metricsArgs) (out metricsResult, err error) {
			q, err := in.query()
			if err != nil {
				return out, err
			}
			return d.queryMetrics(ctx, c, in, q)
		})
}

func (d Deps) queryMetrics(ctx context.Context, c domain.Caller, in metricsArgs, q referral.Query) (out metricsResult, err error) {
	now := d.now()
	if q.Period, err = d.read(in.Period, "period", now); err != nil {
		return out, err
	}
	res, err := d.Metrics.Metrics(ctx, c, q, now)
	if err != nil {
		return out, err
	}
	return metricsResult{
		span: d.span(q.Period, now), Metrics: q.Metrics, GroupBy: in.GroupBy, Filters: in.filters,
		Rows: metricRows(q.Metrics, res.Rows), Total: figures(q.Metrics, res.Total),
	}, nil
}

func metricRows(metrics []string, rows []referral.Row) []object {
	out := make([]object, len(rows))
	for i, r := range rows {
		out[i] = append(object{{"key", r.Key}}, figures(metrics, r.Values)...)
	}
	return out
}
