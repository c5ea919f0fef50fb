package referral

import (
	"time"

	"partnerhub/domain"
)

// RewardKind is where a reward comes from (SPEC 6).
type RewardKind string

// The kinds: commission rebates on referees' fees, shared commission received on one's own trades, tasks.
const (
	RewardRebate RewardKind = "rebate"
	RewardShared RewardKind = "shared"
	RewardTask   RewardKind = "task"
)

// RewardKinds lists them.
var RewardKinds = []RewardKind{RewardRebate, RewardShared, RewardTask}

// RewardQuery asks for a page of reward records, of the days in Period.
type RewardQuery struct {
	Kind   RewardKind
	Period domain.Period `json:"-"`
	Limit  int           `json:"-"` // 1 to MaxRewards
	Cursor string        `json:"-"` // of the page before, "" for the first
}

// MaxRewards is the most that one page of reward records holds.
const MaxRewards = 200

// Reward is one record: what one account's trades of one product on one day of the reporting zone brought in one settlement; what came
// late for the day is another one. It is negative where reversals outweigh, and there is none where nothing is left.
type Reward struct {
	Day       time.Time // midnight in the reporting zone
	SettledAt time.Time // the instant of its settlement, also when that is still to come
	Settled   bool      // as of the page's AsOf
	UID       int64     // who traded; of a task's reward, who created the task
	TaskID    int64     // of a task's reward: Day and SettledAt are then when it was paid
	Title     string    // the task's
	Product   Product
	Amount    domain.Money
}

// RewardPage is the answer to a RewardQuery: the latest day first, then by uid, product and settlement.
type RewardPage struct {
	Rows    []Reward
	Total   domain.Money // of the whole period
	Settled domain.Money // of that, as of AsOf
	Next    string       // cursor of the next page, "" on the last
	Period  domain.Period
	AsOf    time.Time
}

// settlementHour of the next day is when a day's commission is settled (SPEC 2).
const settlementHour = 8

// SettlementOf is when the day that begins with this midnight is settled.
func SettlementOf(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.In(zone).Date()
	return time.Date(y, m, d+1, settlementHour, 0, 0, 0, zone).UTC()
}

// SettledBefore is the midnight before which every day is settled at now.
func SettledBefore(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	yesterday := domain.Midnight(y, m, d-1, zone)
	if SettlementOf(yesterday, zone).After(now) {
		return yesterday.UTC()
	}
	return domain.Midnight(y, m, d, zone).UTC()
}
