// Package anomalies finds what is out of the ordinary: Find in a partner's daily series (SPEC A6), Detector in any
// series of values. Both judge each moment by its past alone.
package anomalies

import (
	"time"

	"partnerhub/domain"
)

// Kind is what is out of the ordinary. The names are those of list_anomalies.
type Kind string

// The kinds.
const (
	VolumeDrop      Kind = "volume_drop"
	VolumeSpike     Kind = "volume_spike"
	SilentTrader    Kind = "silent_trader"
	DepositSpike    Kind = "deposit_spike"
	WithdrawalSpike Kind = "withdrawal_spike"
)

// Kinds lists them.
var Kinds = []Kind{VolumeDrop, VolumeSpike, SilentTrader, DepositSpike, WithdrawalSpike}

// SubjectKind says whose series it is.
type SubjectKind string

// The kinds of subjects.
const (
	Referee    SubjectKind = "referee"     // one account, direct or indirect
	SubPartner SubjectKind = "sub_partner" // a sub-partner and everybody below
	Book       SubjectKind = "book"        // the partner and everybody below
)

// Subject is whom a series or an alert is about.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	UID  int64       `json:"uid"` // of the book, the partner's own
}

// Transfer is one deposit or withdrawal, in micro-USDT. The zero Transfer is none.
type Transfer struct {
	Amount domain.Money
	At     time.Time
}

// Day is what a subject did on one day of the reporting zone, in micro-USDT.
type Day struct {
	Date                              time.Time // the midnight it begins with
	Volume                            domain.Money
	Trades                            int64
	Deposits, Withdrawals             domain.Money
	LargestDeposit, LargestWithdrawal Transfer
}

// Hour is what a subject traded in one hour.
type Hour struct {
	At     time.Time // the instant it begins with
	Volume domain.Money
	Trades int64
}

// Series is the past of one subject.
type Series struct {
	Subject Subject
	// Under is the sub-partner of an indirect referee; 0 for direct referees and for books. What a sub-partner or a
	// referee explains is not said of the book above once more.
	Under int64
	// Days ascend. A day that is missing had nothing. About 90 days are of use, two weeks are the least.
	Days []Day
	// From is when the subject's life began, or zero for the first of Days. When Days begin later, they are a cut, and
	// the first weeks of a cut only teach: nothing is said of them that had to be judged by less than was known.
	From time.Time
	// Hours ascend, and may be missing altogether. Those of the last weeks tell how much of a day is usual by this
	// time; without them a drop is told when the day is over.
	Hours []Hour
	// LastTrade is when the subject last traded before now; zero where unknown.
	LastTrade time.Time
}

// Alert is one incident, however many days it lasts. The amounts are micro-USDT within [Since, Until), of volume, or
// of the one transfer.
type Alert struct {
	Kind    Kind
	Subject Subject
	Since   time.Time
	Until   time.Time // zero: it goes on; right after the last of the transfers
	// Expected is what would have been usual, in the middle of the range.
	ExpectedLow, Expected, ExpectedHigh domain.Money
	Seen                                domain.Money
	Size                                domain.Money // Seen − Expected
	Score                               float64      // 0 to 1: how far beyond what is usual
}

// Ongoing reports whether the incident was not over at the time of Find.
func (a Alert) Ongoing() bool { return a.Until.IsZero() }
