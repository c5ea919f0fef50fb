package web

import (
	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain/referral"
)

// The answers of tools as the OpenAPI document describes them. The tools write them in their own order of members; a test reads what comes
// strictly by these types, so that they cannot drift apart.

// Span says which time an answer is about, and as of when. Half-open: [from, to).
type Span struct {
	From string `json:"from" format:"date-time"`
	To   string `json:"to" format:"date-time"`
	AsOf string `json:"asOf" format:"date-time"`
	Zone string `json:"zone" doc:"The reporting zone, an IANA name"`
}

// Interval is a time. Half-open: [from, to).
type Interval struct {
	From string `json:"from" format:"date-time"`
	To   string `json:"to" format:"date-time"`
}

// MetricRow is a group's figures by the names of their metrics.
type MetricRow map[string]any

// Schema has a property for every metric.
func (MetricRow) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"key": {Type: "string"}}, AdditionalProperties: false}
	for _, m := range referral.Metrics {
		s.Properties[m.Name] = figureSchema(m)
	}
	return s
}

func figureSchema(m referral.Metric) *huma.Schema {
	if m.Unit == referral.USDT {
		return &huma.Schema{Type: "string", Description: m.Doc + "; USDT, a decimal string"}
	}
	return &huma.Schema{Type: "integer", Description: m.Doc}
}

// ComparedRow is a group's figures beside the earlier ones.
type ComparedRow map[string]any

// Schema has a property for every metric.
func (ComparedRow) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"key": {Type: "string"}, "previousKey": {Type: "string"}}, AdditionalProperties: false}
	for _, m := range referral.Metrics {
		f := figureSchema(m)
		s.Properties[m.Name] = &huma.Schema{Type: "object", Description: f.Description, Required: []string{"current", "previous", "delta", "percent"}, AdditionalProperties: false, Properties: map[string]*huma.Schema{
			"current": {Type: f.Type}, "previous": {Type: f.Type}, "delta": {Type: f.Type},
			"percent": {Type: "string", Nullable: true, Description: "A decimal string; null where there is nothing to compare with"},
			"whole":   {Type: f.Type, Description: "Of the whole earlier period, where the comparison is to date"},
		}}
	}
	return s
}

// MetricsAnswer is the answer of GET /v1/metrics/query without a comparison.
type MetricsAnswer struct {
	Span
	Metrics []string       `json:"metrics"`
	GroupBy string         `json:"groupBy,omitempty"`
	Filters map[string]any `json:"filters"`
	Rows    []MetricRow    `json:"rows"`
	Total   MetricRow      `json:"total"`
}

// ComparisonAnswer is the answer of GET /v1/metrics/query with one.
type ComparisonAnswer struct {
	Span
	CompareTo Interval       `json:"compareTo" doc:"What was really compared with"`
	ToDate    bool           `json:"toDate"`
	Metrics   []string       `json:"metrics"`
	GroupBy   string         `json:"groupBy,omitempty"`
	Filters   map[string]any `json:"filters"`
	Rows      []ComparedRow  `json:"rows"`
	Total     ComparedRow    `json:"total"`
}

// MetricDoc is a row of the table of metrics.
type MetricDoc struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Unit  string `json:"unit" enum:"usdt,count"`
	Doc   string `json:"doc"`
}

// FunnelStep is how many came that far in the period, and in the earlier one.
type FunnelStep struct {
	Key      string `json:"key" doc:"The metric"`
	Current  int64  `json:"current"`
	Previous int64  `json:"previous"`
}

// Overview is the answer of GET /v1/overview.
type Overview struct {
	Span
	CompareTo Interval     `json:"compareTo" doc:"What was really compared with"`
	ToDate    bool         `json:"toDate" doc:"The comparison is with as much of the earlier period as has passed of this one"`
	Metrics   []MetricDoc  `json:"metrics"`
	Total     ComparedRow  `json:"total"`
	SeriesBy  string       `json:"seriesBy" enum:"hour,day,week,month"`
	Series    []MetricRow  `json:"series" doc:"The course over time: sparklines"`
	Funnel    []FunnelStep `json:"funnel"`
	Countries []MetricRow  `json:"countries" doc:"Those with the most commission"`
}

// CohortList is the answer of GET /v1/cohorts.
type CohortList struct {
	AsOf   string   `json:"asOf" format:"date-time"`
	Zone   string   `json:"zone"`
	Code   string   `json:"code,omitempty"`
	Months int      `json:"months"`
	Rows   []Cohort `json:"rows" doc:"The earliest month first, this one last"`
}

// Cohort is the referees who registered in a month.
type Cohort struct {
	Key      string  `json:"key" format:"date" doc:"The first date of the month"`
	Referees int64   `json:"referees"`
	Traded   []int64 `json:"traded" doc:"Of them, with a trade in the month itself, in the next one, and so on until this one"`
}

// RefereeFilters are the filters of a list of referees.
type RefereeFilters struct {
	KYC           string `json:"kyc,omitempty" enum:"none,basic,advanced"`
	Deposited     *bool  `json:"deposited,omitempty"`
	Traded        *bool  `json:"traded,omitempty"`
	Activity      string `json:"activity,omitempty" enum:"active,dormant,inactive"`
	VIPMin        int    `json:"vipMin,omitempty"`
	Registered    string `json:"registered,omitempty"`
	Code          string `json:"code,omitempty"`
	Country       string `json:"country,omitempty"`
	Relation      string `json:"relation,omitempty" enum:"direct,indirect"`
	SubPartnerUID int64  `json:"subPartnerUid,omitempty"`
	Note          string `json:"note,omitempty"`
}

// RefereeRow is a referee. What never came is left out.
type RefereeRow struct {
	Key               string `json:"key" doc:"The uid"`
	Relation          string `json:"relation" enum:"direct,indirect"`
	SubPartnerUID     int64  `json:"subPartnerUid,omitempty" doc:"Of an indirect one: the sub-partner above"`
	Code              string `json:"code"`
	Country           string `json:"country"`
	RegisteredAt      string `json:"registeredAt" format:"date-time"`
	KYC               string `json:"kyc" enum:"none,basic,advanced"`
	VerifiedAt        string `json:"verifiedAt,omitempty" format:"date-time"`
	FirstDepositAt    string `json:"firstDepositAt,omitempty" format:"date-time"`
	FirstTradeAt      string `json:"firstTradeAt,omitempty" format:"date-time"`
	LastTradeAt       string `json:"lastTradeAt,omitempty" format:"date-time"`
	Activity          string `json:"activity" enum:"active,dormant,inactive"`
	Partner           bool   `json:"partner" doc:"An enrolled partner"`
	SpotVIP           int    `json:"spotVip"`
	FuturesVIP        int    `json:"futuresVip"`
	SpotRebateRate    string `json:"spotRebateRate" doc:"Of the code, a fraction"`
	FuturesRebateRate string `json:"futuresRebateRate"`
	Note              string `json:"note,omitempty" doc:"The code's"`
	OwnNote           string `json:"ownNote,omitempty" doc:"The partner's, on this referee"`
	Commission        string `json:"commission"`
	Volume            string `json:"volume"`
}

// RefereeList is the answer of GET /v1/referees.
type RefereeList struct {
	Span
	Filters    RefereeFilters `json:"filters"`
	Sort       string         `json:"sort" enum:"registeredAt,lastTradeAt,commission,volume"`
	Order      string         `json:"order" enum:"asc,desc"`
	Rows       []RefereeRow   `json:"rows"`
	Total      int64          `json:"total" doc:"All that match"`
	NextCursor string         `json:"nextCursor,omitempty"`
}

// RefereeFigures is a referee with all figures of the period.
type RefereeFigures struct {
	RefereeRow
	EligibleVolume   string `json:"eligibleVolume"`
	Fees             string `json:"fees"`
	Trades           int64  `json:"trades"`
	Deposits         string `json:"deposits"`
	Withdrawals      string `json:"withdrawals"`
	SharedCommission string `json:"sharedCommission"`
}

// Moment is something that happened to a referee.
type Moment struct {
	At   string `json:"at" format:"date-time"`
	What string `json:"what" enum:"registered,verified,firstDeposit,firstTrade,lastTrade"`
}

// RefereeDetail is the answer of GET /v1/referees/{uid}.
type RefereeDetail struct {
	Span
	Referee   RefereeFigures `json:"referee"`
	ByProduct []MetricRow    `json:"byProduct"`
	Timeline  []Moment       `json:"timeline" doc:"The earliest first"`
	SeriesBy  string         `json:"seriesBy" enum:"hour,day,week,month"`
	Series    []MetricRow    `json:"series"`
}

// Reward is a reward record.
type Reward struct {
	Key       string `json:"key" doc:"The date of its settlement"`
	Day       string `json:"day" format:"date" doc:"That it was earned on"`
	SettledAt string `json:"settledAt" format:"date-time" doc:"Also when that is still to come"`
	UID       int64  `json:"uid" doc:"Whose trades it is from"`
	Product   string `json:"product"`
	Amount    string `json:"amount"`
	Status    string `json:"status" enum:"settled,unsettled"`
}

// RewardTotals are sums over the whole period; settled and unsettled are the parts of the one named after the metric.
type RewardTotals struct {
	Commission     string `json:"commission,omitempty"`
	SharedReceived string `json:"sharedReceived,omitempty"`
	TaskRewards    string `json:"taskRewards,omitempty"`
	Settled        string `json:"settled"`
	Unsettled      string `json:"unsettled"`
}

// RewardList is the answer of GET /v1/rewards.
type RewardList struct {
	Span
	Kind       string       `json:"kind" enum:"rebate,shared,task"`
	Rows       []Reward     `json:"rows"`
	Total      RewardTotals `json:"total"`
	NextCursor string       `json:"nextCursor,omitempty"`
	Note       string       `json:"note,omitempty"`
}

// ProgramNeed is a threshold, and how far the partner is.
type ProgramNeed struct {
	Metric  string `json:"metric"`
	Product string `json:"product,omitempty"`
	Growth  string `json:"growth,omitempty" doc:"Percent over the period before, of which the target is made"`
	Current any    `json:"current" doc:"USDT as a decimal string, or a count"`
	Target  any    `json:"target"`
	Missing any    `json:"missing"`
	Percent int64  `json:"percent" doc:"Of the target, at most 100"`
	Met     bool   `json:"met"`
}

// ProgramTier is a tier of a program.
type ProgramTier struct {
	Name    string        `json:"name"`
	Reward  string        `json:"reward"`
	Reached bool          `json:"reached"`
	Needs   []ProgramNeed `json:"needs"`
}

// ProgramClosed is what a period that is over came to.
type ProgramClosed struct {
	From   string `json:"from" format:"date-time"`
	To     string `json:"to" format:"date-time"`
	Tier   string `json:"tier,omitempty"`
	Reward string `json:"reward,omitempty"`
}

// ProgramRow is a program as the partner stands in it.
type ProgramRow struct {
	Key      string          `json:"key"`
	Title    string          `json:"title"`
	Doc      string          `json:"doc"`
	Link     string          `json:"link,omitempty"`
	Unit     string          `json:"unit" enum:"month,quarter"`
	Period   Interval        `json:"period"`
	Deadline string          `json:"deadline" format:"date-time"`
	DaysLeft int             `json:"daysLeft"`
	Enrolled bool            `json:"enrolled"`
	Eligible bool            `json:"eligible"`
	Status   string          `json:"status" enum:"not_eligible,in_progress,reached,complete"`
	Tier     string          `json:"tier,omitempty" doc:"The highest reached"`
	Reward   string          `json:"reward,omitempty"`
	Next     *ProgramTier    `json:"next,omitempty" doc:"The tier after it, with what is missing"`
	Needs    []ProgramNeed   `json:"needs" doc:"The conditions of eligibility"`
	Tiers    []ProgramTier   `json:"tiers"`
	History  []ProgramClosed `json:"history" doc:"The latest first"`
}

// ProgramList is the answer of GET /v1/programs.
type ProgramList struct {
	Span
	Rows  []ProgramRow `json:"rows"`
	Total int          `json:"total"`
}
