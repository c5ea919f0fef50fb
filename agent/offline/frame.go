package offline

import (
	"encoding/json"
	"slices"

	"partnerhub/domain/referral"
)

// Intent is what a message wants. The names are the headings of prompts/intents.txt.
type Intent string

// The intents that are planned, or that the understanding of others depends on. Every other heading of
// prompts/intents.txt is an intent too, answered from its template.
const (
	Metrics     Intent = "metrics"
	Compare     Intent = "compare"
	Leaderboard Intent = "leaderboard"
	Referee     Intent = "referee"
	Referees    Intent = "referees"
	Activity    Intent = "activity"
	Trace       Intent = "trace"
	Rewards     Intent = "rewards"
	Codes       Intent = "codes"
	RootCause   Intent = "root_cause"
	Review      Intent = "review"
	Anomalies   Intent = "anomalies"
	Rules       Intent = "rules"
	Events      Intent = "events"
	Materials   Intent = "materials"
	Learning    Intent = "learning"
	News        Intent = "announcements"
	Refine      Intent = "refine" // a follow-up that changes the question before it
	Greeting    Intent = "greeting"
	Thanks      Intent = "thanks"
	About       Intent = "about"
	Vague       Intent = "vague"
	OutOfScope  Intent = "out_of_scope"
	Unclear     Intent = "unclear" // like nothing that was taught
)

// resource is the kind of article that an intent asks to be recommended, "" for the others.
func (i Intent) resource() string {
	switch i {
	case Events:
		return "event"
	case Materials:
		return "material"
	case Learning:
		return "learning"
	case News:
		return "announcement"
	}
	return ""
}

// tooled reports whether a tool answers the intent.
func (i Intent) tooled() bool { return toolOf[i] != "" }

// data reports whether the intent is answered by a tool that reads the partner's figures.
func (i Intent) data() bool {
	switch i {
	case Metrics, Compare, Leaderboard, Referee, Referees, Activity, Trace, Rewards, Codes, RootCause, Review, Anomalies:
		return true
	}
	return false
}

// Frame is one question, understood: what is wanted and the slots it names. Periods are tool arguments.
type Frame struct {
	Intent        Intent   `json:"intent"`
	Confidence    float64  `json:"confidence"`
	Metrics       []string `json:"metrics,omitempty"`
	Period        string   `json:"period,omitempty"`
	CompareTo     string   `json:"compareTo,omitempty"`
	GroupBy       string   `json:"groupBy,omitempty"`
	By            string   `json:"by,omitempty"` // what a leaderboard ranks
	Product       string   `json:"product,omitempty"`
	Relation      string   `json:"relation,omitempty"`
	UID           int64    `json:"uid,omitempty"`
	SubPartnerUID int64    `json:"subPartnerUid,omitempty"`
	Country       string   `json:"country,omitempty"`
	Code          string   `json:"code,omitempty"`
	KYC           string   `json:"kyc,omitempty"`
	Deposited     *bool    `json:"deposited,omitempty"`
	Traded        *bool    `json:"traded,omitempty"`
	Activity      string   `json:"activity,omitempty"`
	VIPMin        int      `json:"vipMin,omitempty"`
	Registered    string   `json:"registered,omitempty"`
	Sort          string   `json:"sort,omitempty"`
	Order         string   `json:"order,omitempty"`
	Cursor        string   `json:"cursor,omitempty"`
	Limit         int      `json:"limit,omitempty"`
	Note          string   `json:"note,omitempty"` // words of a note on referees
	TradeID       string   `json:"tradeId,omitempty"`
	Kind          string   `json:"kind,omitempty"`     // of rewards, alerts or resources
	Query         string   `json:"query,omitempty"`    // a question about rules, as it was asked
	Goal          string   `json:"goal,omitempty"`     // what a resource should help with
	Category      string   `json:"category,omitempty"` // of a handoff

	// Ask names the question to ask back, a template of prompts/answers.txt, when the message can mean several things.
	Ask string `json:"ask,omitempty"`
	// PeriodAssumed and MetricAssumed say that nobody named them, which the answer then tells.
	PeriodAssumed bool `json:"periodAssumed,omitempty"`
	MetricAssumed bool `json:"metricAssumed,omitempty"`
	// Composed says that the figure is shown as what it is made of, since nobody named whose trades are meant.
	Composed bool `json:"composed,omitempty"`
}

// arguments are those of every data tool together; each takes its own.
type arguments struct {
	Metrics       []string `json:"metrics,omitempty"`
	Metric        string   `json:"metric,omitempty"`
	By            string   `json:"by,omitempty"`
	UID           int64    `json:"uid,omitempty"`
	Period        string   `json:"period,omitempty"`
	CompareTo     string   `json:"compareTo,omitempty"`
	GroupBy       string   `json:"groupBy,omitempty"`
	KYC           string   `json:"kyc,omitempty"`
	Deposited     *bool    `json:"deposited,omitempty"`
	Traded        *bool    `json:"traded,omitempty"`
	Activity      string   `json:"activity,omitempty"`
	VIPMin        int      `json:"vipMin,omitempty"`
	Registered    string   `json:"registered,omitempty"`
	Code          string   `json:"code,omitempty"`
	Country       string   `json:"country,omitempty"`
	Product       string   `json:"product,omitempty"`
	Relation      string   `json:"relation,omitempty"`
	SubPartnerUID int64    `json:"subPartnerUid,omitempty"`
	Sort          string   `json:"sort,omitempty"`
	Order         string   `json:"order,omitempty"`
	Cursor        string   `json:"cursor,omitempty"`
	Limit         int      `json:"limit,omitempty"`
	Note          string   `json:"note,omitempty"`
	TradeID       string   `json:"tradeId,omitempty"`
	Kind          string   `json:"kind,omitempty"`
	Query         string   `json:"query,omitempty"`
	Goal          string   `json:"goal,omitempty"`
}

// maxRows is how many rows of a ranking or list a message can ask for; the tools refuse more.
const maxRows = 100

// toolOf says which tool answers an intent.
var toolOf = map[Intent]string{
	Metrics: "query_metrics", Compare: "compare_metrics", Leaderboard: "leaderboard", Referee: "get_referee", Referees: "list_referees",
	Activity: "referee_activity", Trace: "trace_commission", Rewards: "list_rewards", Codes: "list_referral_codes",
	Rules: "search_rules", Events: "recommend", Materials: "recommend", Learning: "recommend", News: "recommend",
	RootCause: "explain_change", Review: "summarize_performance", Anomalies: "list_anomalies",
}

// call is the frame as a tool and its arguments.
func (f Frame) call() (tool string, args arguments) {
	switch f.Intent {
	case Metrics, Compare:
		args = arguments{Metrics: f.Metrics, Period: f.Period, GroupBy: f.GroupBy, Product: f.Product, Relation: f.Relation, UID: f.UID,
			SubPartnerUID: f.SubPartnerUID, Country: f.Country, Code: f.Code, Limit: min(f.Limit, maxRows)}
		if f.Intent == Compare {
			args.CompareTo = f.CompareTo
		}
	case Leaderboard:
		args = arguments{By: f.By, Period: f.Period, Product: f.Product, Relation: f.Relation, Limit: min(f.Limit, maxRows)}
		if len(f.Metrics) > 0 {
			args.Metric = f.Metrics[0]
		}
	case Referee:
		args = arguments{UID: f.UID, Period: f.Period}
	case Referees:
		args = arguments{KYC: f.KYC, Deposited: f.Deposited, Traded: f.Traded, Activity: f.Activity, VIPMin: f.VIPMin, Registered: f.Registered,
			Code: f.Code, Country: f.Country, Relation: f.Relation, SubPartnerUID: f.SubPartnerUID, Period: f.Period, Sort: f.Sort, Order: f.Order,
			Cursor: f.Cursor, Limit: min(f.Limit, maxRows), Note: f.Note}
	}
	switch f.Intent {
	case Activity:
		args = arguments{Period: f.Period, Product: f.Product, Relation: f.Relation}
	case Trace:
		args = arguments{TradeID: f.TradeID, UID: f.UID, Period: f.Period, Cursor: f.Cursor, Limit: min(f.Limit, maxRows)}
	case Rewards:
		args = arguments{Period: f.Period, Kind: f.Kind, Cursor: f.Cursor, Limit: min(f.Limit, maxRows)}
	case Codes, Review:
		args = arguments{Period: f.Period}
	case RootCause:
		args = arguments{Period: f.Period, CompareTo: f.CompareTo, Product: f.Product, Relation: f.Relation}
		if len(f.Metrics) > 0 {
			args.Metric = f.Metrics[0]
		}
	case Anomalies:
		args = arguments{Period: f.Period, Kind: f.Kind}
	case Rules:
		args = arguments{Query: f.Query}
	case Events, Materials, Learning, News:
		args = arguments{Kind: f.Intent.resource(), Goal: f.Goal}
	}
	return toolOf[f.Intent], args
}

// frameOf reads an earlier call back; ok is false for tools that are not about data, and for arguments that are
// not theirs (a model may have made them).
func frameOf(tool, args string) (f Frame, ok bool) {
	var a arguments
	if json.Unmarshal([]byte(args), &a) != nil {
		return Frame{}, false
	}
	for intent, name := range toolOf {
		if name == tool && (intent.resource() == "" || intent.resource() == a.Kind) {
			f.Intent, ok = intent, true
		}
	}
	if !ok {
		return Frame{}, false
	}
	f.Metrics, f.Period, f.CompareTo, f.GroupBy, f.By = a.Metrics, a.Period, a.CompareTo, a.GroupBy, a.By
	f.Product, f.Relation, f.UID, f.SubPartnerUID, f.Country, f.Code = a.Product, a.Relation, a.UID, a.SubPartnerUID, a.Country, a.Code
	f.KYC, f.Deposited, f.Traded, f.Activity, f.VIPMin, f.Registered = a.KYC, a.Deposited, a.Traded, a.Activity, a.VIPMin, a.Registered
	f.Sort, f.Order, f.Cursor, f.Limit, f.Note = a.Sort, a.Order, a.Cursor, a.Limit, a.Note
	f.TradeID, f.Kind, f.Query, f.Goal = a.TradeID, a.Kind, a.Query, a.Goal
	if a.Metric != "" {
		f.Metrics = []string{a.Metric}
	}
	return f, true
}

// setFilters takes the slots of g that narrow a question, but for those that only lists have.
func (f *Frame) setFilters(g Frame) {
	f.Product, f.Relation, f.UID, f.SubPartnerUID, f.Country, f.Code = g.Product, g.Relation, g.UID, g.SubPartnerUID, g.Country, g.Code
}

// byProduct reports whether the metrics are kept by product; the others lose a product filter that only the
// question before had.
func byProduct(metrics []string) bool {
	return !slices.ContainsFunc(metrics, func(name string) bool {
		m, ok := referral.MetricByName(name)
		return ok && (m.Of == referral.Moving || m.Of == referral.Referees)
	})
}

// same reports whether two calls of a tool have the same arguments.
func same(a, b arguments) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
