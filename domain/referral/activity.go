package referral

import (
	"time"

	"partnerhub/domain"
)

// MaxActivityDays bounds the period of an activity report: symbols are kept in the facts alone.
const MaxActivityDays = 92

// ActivityQuery asks how the partner's referees trade.
type ActivityQuery struct {
	Period   domain.Period
	Earlier  domain.Period // what the period is compared with: the preceding one, to date (SPEC 2)
	Product  Product       // "": every one. It narrows what was traded; dormant, inactive and new are states of accounts
	Relation Relation
}

// ActivityReport is the answer. Volumes and trades are less the reversed ones, as the metrics are; traders are those with
// a trade executed in the time, reversed or not.
type ActivityReport struct {
	Total    int64 // referees there are
	Active   int64 // traded in the period
	Before   int64 // traded in the earlier one
	Dormant  int64 // have traded, but not in the last 30 days, as of now
	Inactive int64 // never traded
	New      int64 // registered in the period

	Volume  domain.Money
	Trades  int64
	Symbols int64 // traded, of which TopSymbols are the largest

	ByProduct  []Tendency // spot, margin, futures
	TopSymbols []Tendency // by volume, descending, ties by name
	Hours      [24]Tendency
	Weekdays   [7]Tendency // Monday first
	Trend      []TrendRow
	Movers     []Mover
}

// Tendency is what was traded of one product or symbol, or in one hour of the day or day of the week, all in the
// reporting zone. Traders are counted by product and symbol only.
type Tendency struct {
	Key     string
	Volume  domain.Money
	Trades  int64
	Traders int64
}

// TrendRow is a day or, of a longer period, a week, up to the one that holds now, beside the one that has the same place in
// the earlier period.
type TrendRow struct {
	Key     string // the first date
	Traders int64
	Volume  domain.Money
	Trades  int64
	Before  string // the other one's first date, "" where the earlier period is shorter
	Traded  int64  // its traders
}

// Mover is a referee whose volume changed.
type Mover struct {
	UID      int64
	Current  domain.Money
	Previous domain.Money
}

// Change is the volume's.
func (m Mover) Change() domain.Money { return m.Current - m.Previous }

// How many symbols and movers a report names.
const (
	TopSymbols = 10
	TopMovers  = 5
)

// TrendUnit is what the trend of a period is cut by.
func TrendUnit(p domain.Period) GroupBy {
	if p.To.Sub(p.From) <= 31*24*time.Hour+time.Hour { // 31 days, one of them the longest of the year
		return ByDay
	}
	return ByWeek
}
