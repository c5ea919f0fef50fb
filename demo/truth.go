package demo

import (
	"time"

	"partnerhub/domain"
)

// Truth is what is known about a generated stream, for the sign-in page and for backtests.
type Truth struct {
	Seed      uint64     `json:"seed"`
	From      time.Time  `json:"from"` // the first day's beginning; no event is earlier
	Now       time.Time  `json:"now"`  // every event is earlier
	Events    int        `json:"events"`
	Trades    int        `json:"trades"`
	People    People     `json:"people"`
	Incidents []Incident `json:"incidents"` // by From
}

// Kind is what happened in an incident. The names are those of list_anomalies, and rate_change.
type Kind string

// The kinds.
const (
	VolumeDrop      Kind = "volume_drop"
	VolumeSpike     Kind = "volume_spike"
	SilentTrader    Kind = "silent_trader"
	DepositSpike    Kind = "deposit_spike"
	WithdrawalSpike Kind = "withdrawal_spike"
	RateChange      Kind = "rate_change"
)

// Incident is something out of the ordinary that was planted. It is about one referee, or about one sub-partner's
// book (the sub-partner and everybody below), or, with neither, about the partner and everybody below.
type Incident struct {
	Kind          Kind      `json:"kind"`
	PartnerUID    int64     `json:"partnerUid"` // who would want to know
	RefereeUID    int64     `json:"refereeUid,omitempty"`
	SubPartnerUID int64     `json:"subPartnerUid,omitempty"`
	From          time.Time `json:"from"`
	To            time.Time `json:"to"` // exclusive; Now when it is not over

	// Expected is what would have been usual: the volume within [From, To), or one transfer's amount.
	// Seen is what the stream has, Size the distance of the two. All zero for a rate change.
	Expected domain.Money `json:"expected"`
	Seen     domain.Money `json:"seen"`
	Size     domain.Money `json:"size"`

	Before *Rates `json:"before,omitempty"` // of a rate change
	After  *Rates `json:"after,omitempty"`
}

// Rates are a partner's commission rates.
type Rates struct {
	Spot    domain.Rate `json:"spotRate"`
	Futures domain.Rate `json:"futuresRate"`
}

// Person is somebody to sign in as.
type Person struct {
	UID  int64       `json:"uid"`
	Role domain.Role `json:"role"`
	Name string      `json:"name"`
}

// People are the persons of the program that can be signed in as.
type People struct {
	Partner    Person `json:"partner"`    // the main partner
	SubPartner Person `json:"subPartner"` // the largest sub-partner of the main one
	BD         Person `json:"bd"`         // of both
	Content    Person `json:"content"`
	Operator   Person `json:"operator"`
}

// Cast is the same for every Config, so that a server can offer it without generating anything.
func Cast() People {
	return People{
		Partner:    Person{firstPartnerUID, domain.RolePartner, "Nova Lindqvist"},
		SubPartner: Person{firstPartnerUID + 1, domain.RolePartner, "Minh Tran"},
		BD:         Person{firstBDUID, domain.RoleBD, "Sofia Marchetti"},
		Content:    Person{99101, domain.RoleContent, "Emeka Obi"},
		Operator:   Person{99201, domain.RoleOperator, "Hana Sato"},
	}
}

// Partners, their managers and other accounts have ids of their own ranges: 10001 to 90000, from 99001, from 200000.
const (
	firstPartnerUID = 10001
	firstBDUID      = 99001
	firstRefereeUID = 200_000
	lastRefereeUID  = 99_999_999
)
