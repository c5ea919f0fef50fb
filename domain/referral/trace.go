package referral

import (
	"time"

	"partnerhub/domain"
)

// OwnTrade is how a caller relates to a trade of their own.
const OwnTrade Relation = "own"

// TradeQuery asks for a page of the trades behind a referee's figures, or behind the caller's own.
type TradeQuery struct {
	UID    int64
	Period domain.Period `json:"-"`
	Limit  int           `json:"-"` // 1 to MaxTrades
	Cursor string        `json:"-"` // of the page before, "" for the first
}

// MaxTrades is the most that one page of trades holds.
const MaxTrades = 100

// TradePage is the answer to a TradeQuery: what was booked last comes first.
type TradePage struct {
	Rows   []Booking
	Total  domain.Money // of the whole period: commission, or shared commission received on own trades
	Trades int64        // of the whole period, less the reversed ones
	Own    bool         // they are the caller's
	Next   string       // cursor of the next page, "" on the last
	Period domain.Period
	AsOf   time.Time
}

// Booking is a trade, or its reversal, as it was booked.
type Booking struct {
	Trace
	Reversal bool
}

// At is when it was booked.
func (b Booking) At() time.Time {
	if b.Reversal {
		return b.ReversedAt
	}
	return b.Trace.At
}

// Amount is what it brought, or took back.
func (b Booking) Amount() domain.Money {
	if b.Reversal {
		return -b.Trace.Amount
	}
	return b.Trace.Amount
}

// Trace is a trade and what it earned one of those it concerns, the viewer: one above the trader, or the trader. It holds
// what the viewer may see (SPEC A19): of others above the trader only what was paid below the viewer, as one sum.
type Trace struct {
	Trade
	At             time.Time
	ReversedAt     time.Time // zero: not reversed
	ReversalReason string
	Account        int64   // that traded: the main account, or a sub-account of it
	UID            int64   // the main account
	Path           []int64 // from the viewer's direct referee down to the trader; empty for an own trade

	Relation Relation
	Level    int    // 1: the trader's referrer, 2 and 3: above; 0: the trader
	Code     string // the viewer's, through which the path starts; of an own trade, by which the viewer signed up: "" for none
	Counts   bool   // not before RegisteredAt
	// RegisteredAt is when the trading account, and its main account, were both there.
	RegisteredAt time.Time

	RulesID  string // of the rules in force, "" for the default ones
	Rules    Rules
	VIP      int // the trader's level for the product at the trade's time
	VIPLimit int
	Eligible bool

	Enrolled   bool        // the viewer was a partner at the trade's time
	EnrolledAt time.Time   // first; zero: never
	Rate       domain.Rate // the viewer's, when enrolled; of those above under a fixed override, the override
	Share      domain.Money
	PaidBelow  domain.Money // to those below the viewer and, as a rebate, to the trader
	RebateRate domain.Rate  // of the code, known to its owner and to the trader; Rebate likewise
	Rebate     domain.Money
	Amount     domain.Money // of the viewer: commission, or the rebate of an own trade
}

// TraceFor is the trace of a trade for a viewer, who is the trader or stands on its path.
//
// The path is that of the account now, which is also right for a trade from before the registration, which counts for
// nobody. The split is the one that was booked.
func (s *Structure) TraceFor(viewer, account int64, t Trade, at time.Time, split Split) (tr Trace, ok bool) {
	acc, ok := s.Accounts[account]
	if !ok {
		return tr, false
	}
	main, ok := s.Accounts[acc.MainUID]
	if !ok {
		return tr, false
	}
	tr = Trace{Trade: t, At: at, Account: account, UID: main.UID, RegisteredAt: main.RegisteredAt, Eligible: split.Eligible}
	if acc.RegisteredAt.After(tr.RegisteredAt) {
		tr.RegisteredAt = acc.RegisteredAt
	}
	place := Attribution{Referee: main.UID, Path: main.Path}
	tr.Counts = !at.Before(tr.RegisteredAt)
	var terms Terms
	terms, tr.RulesID = s.Terms(place, t.Product, at)
	tr.Rules, tr.VIP, tr.VIPLimit = terms.Rules, terms.VIP.SpotLevel, terms.Rules.SpotVIPMax
	if t.Product == Futures {
		tr.VIP, tr.VIPLimit = terms.VIP.FuturesLevel, terms.Rules.FuturesVIPMax
	}
	if viewer == main.UID {
		tr.Relation, tr.Code = OwnTrade, main.Codes[0]
		tr.RebateRate, tr.Rebate, tr.Amount = terms.RebateRate, split.Rebate, split.Rebate
		return tr, true
	}
	i := 0
	for i < Levels && main.Path[i] != viewer {
		i++
	}
	if viewer == 0 || i == Levels {
		return Trace{}, false
	}
	tr.Level, tr.Code = i+1, main.Codes[i]
	for k := i - 1; k >= 0; k-- {
		tr.Path = append(tr.Path, main.Path[k])
	}
	tr.Path = append(tr.Path, main.UID)
	if tr.Relation = Indirect; i == 0 {
		tr.Relation, tr.RebateRate, tr.Rebate = Direct, terms.RebateRate, split.Rebate
	}
	for _, v := range s.Rates[viewer] {
		if v.Value.Enrolled {
			tr.EnrolledAt = v.At
			break
		}
	}
	tr.Amount = split.Earned[i]
	if tr.Enrolled = terms.Upline[i].Partner; tr.Enrolled {
		tr.Rate = terms.Upline[i].Rate
		if i > 0 && terms.Rules.Mode == FixedOverride {
			tr.Rate = terms.Rules.override(t.Product)
		}
	}
	if tr.Eligible && tr.Enrolled && i < terms.Rules.Levels {
		tr.Share = tr.Rate.Of(t.FeePaid)
		if i > 0 {
			tr.PaidBelow = split.Rebate
			for _, e := range split.Earned[:i] {
				tr.PaidBelow += e
			}
		}
	}
	return tr, true
}
