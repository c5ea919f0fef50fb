package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
)

// metricsInput is a query of metrics as URL parameters: the arguments of the tools query_metrics and compare_metrics.
type metricsInput struct {
	Metrics       []string `query:"metrics" required:"true" doc:"Names from the table of metrics, with commas"`
	Period        string   `query:"period" required:"true" doc:"A preset such as this_week, or YYYY-MM-DD..YYYY-MM-DD, the second date excluded"`
	Compare       bool     `query:"compare" doc:"Compare with an earlier period"`
	CompareTo     string   `query:"compareTo" doc:"The earlier period; without it the preceding one, to date"`
	GroupBy       string   `query:"groupBy"`
	Product       string   `query:"product"`
	Relation      string   `query:"relation"`
	UID           int64    `query:"uid"`
	SubPartnerUID int64    `query:"subPartnerUid"`
	Country       string   `query:"country"`
	Code          string   `query:"code"`
	Limit         int      `query:"limit"`
}

// registerMetrics adds the queries of the dashboard. They run the assistant's own tools, so that a figure on a page and
// one in an answer can never differ.
func (s *server) registerMetrics(api huma.API) {
	type output struct{ Body json.RawMessage }
	op := s.operation(api, "query-metrics", http.MethodGet, "/v1/metrics/query", "Metrics by period, dimension and filter, compared or not")
	schemas := api.OpenAPI().Components.Schemas
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		AnyOf: []*huma.Schema{schemas.Schema(reflect.TypeFor[MetricsAnswer](), true, ""), schemas.Schema(reflect.TypeFor[ComparisonAnswer](), true, "")}}}}}}
	huma.Register(api, op,
		func(ctx context.Context, in *metricsInput) (*output, error) {
			c := caller(ctx)
			if err := c.Require(domain.RolePartner); err != nil {
				return nil, problemOf(err)
			}
			args := map[string]any{"metrics": in.Metrics, "period": in.Period}
			for name, v := range map[string]string{"groupBy": in.GroupBy, "product": in.Product, "relation": in.Relation, "country": in.Country, "code": in.Code} {
				if v = strings.TrimSpace(v); v != "" {
					args[name] = v
				}
			}
			for name, v := range map[string]int64{"uid": in.UID, "subPartnerUid": in.SubPartnerUID, "limit": int64(in.Limit)} {
				if v != 0 {
					args[name] = v
				}
			}
			tool := "query_metrics"
			if in.Compare || in.CompareTo != "" {
				tool = "compare_metrics"
				if in.CompareTo != "" {
					args["compareTo"] = in.CompareTo
				}
			}
			raw, err := json.Marshal(args)
			if err != nil {
				return nil, problemOf(err)
			}
			result, err := s.tools[tool].Run(ctx, c, raw)
			if err != nil {
				return nil, problemOf(err)
			}
			return &output{result}, nil
		})
}
