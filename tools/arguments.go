package tools

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Arguments that several tools have in common. Each type says its own values, from the one list of them in the domain.
type (
	metricName string
	dimension  string
	product    string
	relation   string
	period     string
)

func (metricName) Enum() []string { return referral.MetricNames() }
func (dimension) Enum() []string  { return names(referral.Dimensions...) }
func (product) Enum() []string    { return names(referral.Spot, referral.Margin, referral.Futures) }
func (relation) Enum() []string   { return names(referral.Direct, referral.Indirect) }
func (period) Describe() string   { return "One of " + domain.PeriodGrammar + "." }

// Describe says what each metric is, in the words of the table.
func (metricName) Describe() string {
	docs := make([]string, len(referral.Metrics))
	for i, m := range referral.Metrics {
		docs[i] = m.Name + ": " + m.Doc
	}
	return strings.Join(docs, "; ")
}

func names[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// narrowing are the two filters that most tools have.
type narrowing struct {
	Product  product  `json:"product,omitempty" jsonschema:"only trades of this product"`
	Relation relation `json:"relation,omitempty" jsonschema:"only direct or only indirect referees; without it both count"`
}

// filters are those of metrics. Written out again, they are the filters of a result.
type filters struct {
	narrowing
	UID           int64  `json:"uid,omitempty" min:"1" jsonschema:"only this referee"`
	SubPartnerUID int64  `json:"subPartnerUid,omitempty" min:"1" jsonschema:"only the indirect referees below this sub-partner"`
	Country       string `json:"country,omitempty" max:"64" jsonschema:"only referees of this country, as in the rows: a code of two letters, or unknown"`
	Code          string `json:"code,omitempty" max:"64" jsonschema:"only referees who came through this referral code"`
}

func (f filters) filter() referral.Filter {
	return referral.Filter{
		Product: referral.Product(f.Product), Relation: referral.Relation(f.Relation),
		UID: f.UID, SubPartnerUID: f.SubPartnerUID, Country: f.Country, Code: f.Code,
	}
}

// metricsArgs are the arguments of query_metrics.
type metricsArgs struct {
	Metrics []metricName `json:"metrics" min:"1" max:"17"`
	Period  period       `json:"period" min:"1" max:"64"`
	GroupBy dimension    `json:"groupBy,omitempty" jsonschema:"cut the figures by this"`
	filters
	Limit int `json:"limit,omitempty" min:"1" max:"1000" jsonschema:"rows at most; by default 100 by referee, 1000 by anything else that is not time"`
}

// Rows at most: of referees by default, and of anything that is not time.
const (
	defaultReferees = 100
	maxRows         = 1000
)

// query is what is asked of the store, without the period. The error names the argument.
func (a metricsArgs) query() (referral.Query, error) {
	q := referral.Query{Metrics: names(a.Metrics...), GroupBy: referral.GroupBy(a.GroupBy), Filter: a.filter(), Limit: a.Limit}
	for i, m := range q.Metrics {
		if slices.Contains(q.Metrics[:i], m) {
			return q, domain.Invalid(index("metrics", i), "%s is asked for twice", m)
		}
	}
	switch {
	case q.Limit > 0 || q.GroupBy.Time():
	case q.GroupBy == referral.ByReferee:
		q.Limit = defaultReferees
	default:
		q.Limit = maxRows
	}
	return q, nil
}

// now is the time in whole seconds, so that a result is about exactly the period that it shows.
func (d Deps) now() time.Time { return d.Now().Truncate(time.Second) }

// read turns the argument called field into a period, as of now.
func (d Deps) read(p period, field string, now time.Time) (domain.Period, error) {
	out, err := domain.ParsePeriod(string(p), now, d.Zone)
	return out, renamed(err, "period", field)
}

// renamed calls the field at fault by the name that the caller knows it by.
func renamed(err error, was, is string) error {
	if e := (*domain.Error)(nil); errors.As(err, &e) && e.Field == was {
		return domain.Errorf(e.Code, is, "%s", e.Message)
	}
	return err
}

func uidKey(uid int64) string { return strconv.FormatInt(uid, 10) }
