package referral

import (
	"slices"
	"strings"

	"partnerhub/domain"
)

// Metric is one row of the table of metrics: the dashboard, the tools, the exports and the API all read it.
// To add a metric, add a row.
type Metric struct {
	Name  string
	Label string // for people, in English
	Unit  Unit
	Of    Source
	// Column of the source's rollup that is summed (Activity, Own), or the date that is counted (Referees).
	Column string
	// Less, when set, is a column taken off Column.
	Less string
	Doc  string
}

// Unit is what a metric counts.
type Unit string

// The units: micro-USDT, or a number of things.
const (
	USDT  Unit = "usdt"
	Count Unit = "count"
)

// Source is where a metric comes from, which decides the groupings and filters that it has.
type Source string

// The sources.
const (
	Trading  Source = "trading"  // trades of my referees: every grouping and filter
	Moving   Source = "moving"   // deposits and withdrawals of my referees: no product
	Referees Source = "referees" // my referees themselves, by the date on which it happened: no product
	Own      Source = "own"      // my own trades: by time and product only
	Tasks    Source = "tasks"    // what tasks paid me, when they did: by time only
)

// Metrics is the one table (SPEC 5).
var Metrics = []Metric{
	{Name: "commission", Label: "Commission", Unit: USDT, Of: Trading, Column: "commission", Doc: "commission rebate earned from referees"},
	{Name: "sharedCommission", Label: "Shared commission", Unit: USDT, Of: Trading, Column: "shared", Doc: "paid back to my direct referees"},
	{Name: "sharedReceived", Label: "Shared commission received", Unit: USDT, Of: Own, Column: "rebate", Doc: "received on my own trades"},
	{Name: "volume", Label: "Trading volume", Unit: USDT, Of: Trading, Column: "volume", Doc: "trading volume of my referees"},
	{Name: "eligibleVolume", Label: "Eligible volume", Unit: USDT, Of: Trading, Column: "eligible_volume", Doc: "volume that earns commission"},
	{Name: "fees", Label: "Fees paid", Unit: USDT, Of: Trading, Column: "fees", Doc: "fees paid by my referees"},
	{Name: "trades", Label: "Trades", Unit: Count, Of: Trading, Column: "trades", Doc: "trades of my referees, less the reversed ones"},
	{Name: "traders", Label: "Active traders", Unit: Count, Of: Trading, Column: TradersColumn, Doc: "distinct referees with a trade in the period, reversed or not"},
	{Name: "deposits", Label: "Deposits", Unit: USDT, Of: Moving, Column: "deposits", Doc: "deposits of my referees"},
	{Name: "withdrawals", Label: "Withdrawals", Unit: USDT, Of: Moving, Column: "withdrawals", Doc: "withdrawals of my referees"},
	{Name: "netDeposits", Label: "Net deposits", Unit: USDT, Of: Moving, Column: "deposits", Less: "withdrawals", Doc: "deposits less withdrawals"},
	{Name: "totalReferrals", Label: "Total referrals", Unit: Count, Of: Referees, Column: TotalColumn, Doc: "referees by the end of the period, main accounts only"},
	{Name: "newReferrals", Label: "New referrals", Unit: Count, Of: Referees, Column: "registered_at", Doc: "referees who signed up in the period"},
	{Name: "verified", Label: "Verified", Unit: Count, Of: Referees, Column: "verified_at", Doc: "referees who passed advanced KYC in the period"},
	{Name: "deposited", Label: "Deposited", Unit: Count, Of: Referees, Column: "first_deposit_at", Doc: "referees whose first deposit was in the period"},
	{Name: "firstTraders", Label: "First-time traders", Unit: Count, Of: Referees, Column: "first_trade_at", Doc: "referees whose first trade was in the period"},
	{Name: "taskRewards", Label: "Task rewards", Unit: USDT, Of: Tasks, Column: "amount", Doc: "received from tasks"},
}

// TotalColumn marks the one metric that is a stock, not a flow: it counts to the end of the period.
const TotalColumn = "total"

// TradersColumn marks the one metric of activity that counts distinct referees, and so does not add up over products.
const TradersColumn = "traders"

// MetricByName finds a row of the table.
func MetricByName(name string) (Metric, bool) {
	i := slices.IndexFunc(Metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return Metrics[i], true
}

// MetricNames lists the table, for schemas and messages.
func MetricNames() []string {
	names := make([]string, len(Metrics))
	for i, m := range Metrics {
		names[i] = m.Name
	}
	return names
}

// GroupBy is a dimension (SPEC 5).
type GroupBy string

// The dimensions.
const (
	ByNone       GroupBy = ""
	ByHour       GroupBy = "hour"
	ByDay        GroupBy = "day"
	ByWeek       GroupBy = "week"
	ByMonth      GroupBy = "month"
	ByProduct    GroupBy = "product"
	ByRelation   GroupBy = "relation"
	ByReferee    GroupBy = "referee"
	BySubPartner GroupBy = "sub_partner"
	ByCountry    GroupBy = "country"
	ByCode       GroupBy = "code"
)

// Dimensions lists them all but ByNone.
var Dimensions = []GroupBy{ByHour, ByDay, ByWeek, ByMonth, ByProduct, ByRelation, ByReferee, BySubPartner, ByCountry, ByCode}

// Time reports whether the dimension cuts time into buckets.
func (g GroupBy) Time() bool { return g == ByHour || g == ByDay || g == ByWeek || g == ByMonth }

// Relation is how a referee relates to me (SPEC 2).
type Relation string

// The relations.
const (
	Direct   Relation = "direct"
	Indirect Relation = "indirect"
)

// Filter narrows what is counted. Zero fields do not filter; the set ones combine.
type Filter struct {
	Product       Product
	Relation      Relation
	UID           int64 // one referee
	SubPartnerUID int64 // the sub-partner of an indirect referee: the direct referee of mine on the path, a partner
	Country       string
	Code          string // mine, through which the path to the referee starts
}

// Query asks for metrics over a period, optionally cut by one dimension.
type Query struct {
	Metrics []string
	Period  domain.Period
	GroupBy GroupBy
	Filter  Filter
	Limit   int     // rows at most; 0: all
	UIDs    []int64 // with ByReferee: rows of these alone, of those who are referees; nil: of all. The total is over all.
}

// Row is one group's figures, in the order of the query's metrics, in micro-USDT or as counts.
type Row struct {
	Key    string // SPEC 6: the first date of a day, week or month; RFC 3339 of an hour; a uid; empty without a grouping
	Values []int64
}

// Result is the answer to a Query. Total is over all groups, also those beyond the limit; it is not the sum
// of the rows where a referee can be in several of them (traders).
type Result struct {
	Rows  []Row
	Total []int64
}

// Validate checks that the metrics exist and have the dimension and filters asked of them.
// The error names the field at fault.
func (q *Query) Validate() error {
	if len(q.Metrics) == 0 {
		return domain.Invalid("metrics", "name at least one of %s", strings.Join(MetricNames(), ", "))
	}
	for _, name := range q.Metrics {
		m, ok := MetricByName(name)
		if !ok {
			return domain.Invalid("metrics", "unknown metric %q: want some of %s", name, strings.Join(MetricNames(), ", "))
		}
		if err := m.allows(q.GroupBy, q.Filter); err != nil {
			return err
		}
	}
	if q.GroupBy != ByNone && !slices.Contains(Dimensions, q.GroupBy) {
		return domain.Invalid("groupBy", "unknown dimension %q", q.GroupBy)
	}
	return nil
}

func (m Metric) allows(g GroupBy, f Filter) error {
	switch m.Of {
	case Moving, Referees:
		if g == ByProduct {
			return domain.Invalid("groupBy", "%s is not kept by product", m.Name)
		}
		if f.Product != "" {
			return domain.Invalid("product", "%s is not kept by product", m.Name)
		}
	case Tasks:
		if g != ByNone && !g.Time() {
			return domain.Invalid("groupBy", "%s come from tasks: they have no %s", m.Name, g)
		}
		if f != (Filter{}) {
			return domain.Invalid("metrics", "%s come from tasks: no filter applies", m.Name)
		}
	case Own:
		if g != ByNone && !g.Time() && g != ByProduct {
			return domain.Invalid("groupBy", "%s is about your own trades: it has no %s", m.Name, g)
		}
		if f != (Filter{Product: f.Product}) {
			return domain.Invalid("metrics", "%s is about your own trades: of the filters only product applies", m.Name)
		}
	}
	return nil
}
