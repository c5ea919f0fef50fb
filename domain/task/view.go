package task

import (
	"time"

	"partnerhub/domain"
)

// Task is a task as it is shown.
type Task struct {
	ID int64 `json:"id"`
	Spec
	Owner        int64        `json:"createdBy"`
	Status       State        `json:"status"`
	SettlesAt    time.Time    `json:"settlesAt"` // when late events count no longer
	CreatedAt    time.Time    `json:"createdAt"`
	SettledAt    *time.Time   `json:"settledAt,omitempty"`
	CancelledAt  *time.Time   `json:"cancelledAt,omitempty"`
	NudgedAt     *time.Time   `json:"nudgedAt,omitempty"`
	Participants int          `json:"participants"`
	Funded       domain.Money `json:"funded"` // = paid + reserved + refunded
	Paid         domain.Money `json:"paid"`
	Reserved     domain.Money `json:"reserved"`
	Refunded     domain.Money `json:"refunded"`
	Started      int          `json:"started"`   // participants with any progress
	Completed    int          `json:"completed"` // participants who earned every reward
	Review       int          `json:"review"`    // participants paid more than their progress says now
	Mine         *Participant `json:"mine,omitempty"`
}

// Side is from whose point of view tasks are listed.
type Side string

// The sides.
const (
	Created  Side = "created"
	Assigned Side = "assigned"
)

// Sides lists them.
var Sides = []Side{Created, Assigned}

// Query asks for a page of tasks, the latest first.
type Query struct {
	Side   Side
	Status State  // "": any
	Cursor string // of the page before, "" for the first
	Limit  int    // 1 to MaxPage
}

// MaxPage is the most that one page of tasks holds.
const MaxPage = 200

// Participant is one who takes part, and how far they are.
type Participant struct {
	UID      int64        `json:"uid"`
	Relation string       `json:"relation,omitempty"` // direct or indirect, to the creator
	Country  string       `json:"country,omitempty"`
	Progress Amount       `json:"progress"` // eligible volume in USDT, or new users
	Steps    int64        `json:"steps"`    // reached of the task's
	Rewards  int64        `json:"rewards"`  // paid
	Paid     domain.Money `json:"paid"`
	Review   bool         `json:"review"` // paid for a step that a reversal took back: the reward stays, and a person looks at it
	Late     *Amount      `json:"late,omitempty"`
	Next     *Next        `json:"next,omitempty"` // the step that comes next; none when all are reached or the task is over
	// What the creator had of them and those below in the last 30 days; nil where that is not worked out.
	Glance *Glance `json:"glance,omitempty"`
}

// Glance is commission, volume and traders of a target at a glance.
type Glance struct {
	Commission domain.Money `json:"commission"`
	Volume     domain.Money `json:"volume"`
	Traders    int64        `json:"traders"`
}

// Amount is a progress: USDT for a trading task, new users for a referral task.
type Amount struct {
	Value int64
	Users bool
}

// MarshalJSON writes a decimal string of USDT, or the number of users.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.Users {
		return []byte(domain.Money(a.Value * int64(domain.USDT)).String()), nil // a whole number
	}
	return domain.Money(a.Value).MarshalJSON()
}

// Next is the step that a participant reaches next.
type Next struct {
	Step      int64        `json:"step"`
	Threshold Amount       `json:"threshold"`
	Gap       Amount       `json:"gap"`
	Reward    domain.Money `json:"reward"`
	ETA       *time.Time   `json:"eta,omitempty"` // at the pace so far; none without progress, or when it is after the end
}

// NextOf is the step after those that a value has reached, nil when there is none.
func (s Spec) NextOf(value int64, now time.Time) *Next {
	n := s.Reached(value) + 1
	if n > s.Steps() || !now.Before(s.End) {
		return nil
	}
	threshold, reward := s.Step(n)
	users := s.Type == Referral
	next := &Next{Step: n, Threshold: Amount{threshold, users}, Gap: Amount{threshold - value, users}, Reward: reward}
	if elapsed := now.Sub(s.Start); value > 0 && elapsed > 0 {
		// In float64: it is a guess at a time, not money.
		eta := float64(threshold-value) / float64(value) * float64(elapsed)
		if eta < float64(s.End.Sub(now)) {
			at := now.Add(time.Duration(eta)).UTC().Truncate(time.Second)
			next.ETA = &at
		}
	}
	return next
}

// Preview is what a task would mean, before it is created.
type Preview struct {
	Spec        Spec          `json:"task"`
	Count       int           `json:"count"` // participants
	Targets     []Participant `json:"targets"`
	WorstCase   domain.Money  `json:"worstCase"`
	PerHead     domain.Money  `json:"perParticipant"`
	Before      domain.Money  `json:"balanceBefore"`
	After       domain.Money  `json:"balanceAfter"` // below 0 when it cannot be paid
	Missing     domain.Money  `json:"missing"`
	SettlesAt   time.Time     `json:"settlesAt"`
	MaxListed   bool          `json:"truncated"` // there are more targets than are listed
	TargetsHash string        `json:"-"`         // of all their uids
}

// Simulation is what a task would have cost over days that are past.
type Simulation struct {
	From      time.Time     `json:"from"`
	To        time.Time     `json:"to"`
	Count     int           `json:"participants"`
	Qualified int           `json:"qualified"` // participants who would have earned anything
	Cost      domain.Money  `json:"cost"`
	WorstCase domain.Money  `json:"worstCase"`
	Rows      []Participant `json:"rows"` // who would have earned the most first; paid is what they would have earned
}

// Return is what a task brought beside what it paid: the targets' figures while it ran, and for as long before.
type Return struct {
	Spent            domain.Money `json:"spent"`
	Volume           domain.Money `json:"volume"`
	VolumeBefore     domain.Money `json:"volumeBefore"`
	ExtraVolume      domain.Money `json:"extraVolume"`
	Commission       domain.Money `json:"commission"` // what the creator earned from the targets' trades and those below
	CommissionBefore domain.Money `json:"commissionBefore"`
	ExtraCommission  domain.Money `json:"extraCommission"`
	Net              domain.Money `json:"net"` // extraCommission less spent
}

// Detail is a task with its participants and, after the end, what it brought.
type Detail struct {
	Task   Task          `json:"task"`
	Rows   []Participant `json:"rows"` // all for the creator, oneself for a participant
	More   bool          `json:"truncated"`
	Return *Return       `json:"return,omitempty"`
}
