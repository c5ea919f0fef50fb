package referral

import (
	"time"

	"partnerhub/domain"
)

// Referee is a main account at most three referrals below a partner, as the partner sees it. A zero time means never.
type Referee struct {
	UID               int64
	Relation          Relation
	SubPartnerUID     int64  // of an indirect referee: my direct referee on the path, if that is a partner; else 0
	Code              string // mine, through which the path to it starts
	Note              string // the code's
	OwnNote           string // what the partner wrote about the referee
	Country           string // "unknown" where it is missing
	RegisteredAt      time.Time
	KYC               KYCLevel  // the highest completed
	VerifiedAt        time.Time // advanced KYC
	FirstDepositAt    time.Time
	FirstTradeAt      time.Time
	LastTradeAt       time.Time // reversed or not
	Partner           bool      // ever enrolled
	SpotVIP           int       // the latest levels; the rates below are the code's latest
	FuturesVIP        int
	SpotRebateRate    domain.Rate
	FuturesRebateRate domain.Rate
}

// Activity is how lately a referee traded (SPEC 2).
type Activity string

// The activities, as of a time: a trade in the thirty days up to it, only before them, or never.
const (
	Active   Activity = "active"
	Dormant  Activity = "dormant"
	Inactive Activity = "inactive"
)

// Activity is the referee's as of now.
func (r *Referee) Activity(now time.Time, zone *time.Location) Activity {
	switch {
	case r.LastTradeAt.IsZero():
		return Inactive
	case r.LastTradeAt.Before(DormantBefore(now, zone)):
		return Dormant
	}
	return Active
}

// DefaultActivityPeriod is "the last 30 days" of SPEC 2, today included.
const DefaultActivityPeriod = "last_30_days"

// DormantBefore is where the last 30 days begin: who traded, but not since, is dormant.
func DormantBefore(now time.Time, zone *time.Location) time.Time {
	p, err := domain.ParsePeriod(DefaultActivityPeriod, now, zone)
	if err != nil {
		panic(err) // a constant
	}
	return p.From
}

// RefereeSort is what a list of referees is ordered by.
type RefereeSort string

// The orders. Who never traded comes before everybody who did; ties are in ascending order of uid (SPEC 5).
const (
	SortRegisteredAt RefereeSort = "registeredAt"
	SortLastTradeAt  RefereeSort = "lastTradeAt"
	SortCommission   RefereeSort = "commission" // over the query's period, as volume
	SortVolume       RefereeSort = "volume"
)

// RefereeSorts, KYCLevels and Activities list what there is.
var (
	RefereeSorts = []RefereeSort{SortRegisteredAt, SortLastTradeAt, SortCommission, SortVolume}
	KYCLevels    = []KYCLevel{KYCNone, KYCBasic, KYCAdvanced}
	Activities   = []Activity{Active, Dormant, Inactive}
)

// MaxNote is how long a note on a referee may be, in characters.
const MaxNote = 200

// MaxReferees is the most that one page of referees holds.
const MaxReferees = 200

// RefereeQuery asks for a page of the partner's referees. Zero filters do not filter; the set ones combine.
type RefereeQuery struct {
	Period        domain.Period `json:"-"` // of the figures, and of Traded and Active
	Registered    domain.Period `json:"-"` // zero: whenever
	KYC           KYCLevel      // exactly this one
	Deposited     *bool         // ever
	Traded        *bool         // in Period
	Activity      Activity      // Active: traded in Period; the others as of now, whatever Period is
	VIPMin        int           // at least, the higher one of spot and futures
	Code          string
	Country       string
	Relation      Relation
	SubPartnerUID int64
	Note          string // found anywhere in the code's note or the partner's own, in upper or lower case
	Search        string // the beginning of a uid, or what Note finds
	Sort          RefereeSort
	Ascending     bool
	Limit         int    `json:"-"` // 1 to MaxReferees
	Cursor        string `json:"-"` // of the page before, "" for the first
}

// RefereeRow is a referee with what it brought over the period.
type RefereeRow struct {
	Referee
	Commission domain.Money
	Volume     domain.Money
}

// RefereePage is the answer to a RefereeQuery.
type RefereePage struct {
	Rows  []RefereeRow
	Total int64  // of all that match, on this page or not
	Next  string // cursor of the next page, "" on the last
	// What the first page took for granted, and so do those after it: at midnight "this week" would become another one.
	Period domain.Period
	AsOf   time.Time
}

// CodeTerms is what a code is set to.
type CodeTerms struct {
	RebateRates
	Note string
}

// LatestTerms are what the changes of a code leave, each naming only what it changes.
func LatestTerms(changes Versions[Code]) CodeTerms {
	var t CodeTerms
	if rates := FoldCode(changes); len(rates) > 0 { // which sorts the changes
		t.RebateRates = rates[len(rates)-1].Value
	}
	created := false
	for _, c := range changes {
		if c.Value.Created {
			created, t.Note = true, ""
		}
		if created && c.Value.Note != nil {
			t.Note = *c.Value.Note
		}
	}
	return t
}
