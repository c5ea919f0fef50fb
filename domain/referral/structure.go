package referral

import (
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
)

// Account is what attribution needs to know of an account.
type Account struct {
	UID          int64
	MainUID      int64 // itself, but for a sub-account
	RegisteredAt time.Time
	Path         [Levels]int64  // the accounts above, the referrer first; 0 ends it
	Codes        [Levels]string // Codes[i] is the code of Path[i] through which the path to this account starts
}

// A Version is a value in force from At on, inclusive; among equals in time the greater EventID wins (SPEC 4.5).
type Version[T any] struct {
	At      time.Time
	EventID string
	Value   T
}

// Versions are kept in the order of Version.before, the latest last.
type Versions[T any] []Version[T]

func (v Version[T]) compare(o Version[T]) int {
	if c := v.At.Compare(o.At); c != 0 {
		return c
	}
	return strings.Compare(v.EventID, o.EventID)
}

// Sort puts the versions in order of time and event id.
func (vs Versions[T]) Sort() { slices.SortFunc(vs, Version[T].compare) }

// In is the version in force at t; ok is false before the first.
func (vs Versions[T]) In(t time.Time) (v Version[T], ok bool) {
	n, _ := slices.BinarySearchFunc(vs, t, func(v Version[T], t time.Time) int {
		if v.At.After(t) {
			return 1
		}
		return -1
	})
	if n == 0 {
		return v, false
	}
	return vs[n-1], true
}

// After is when the next version after t takes over, or the zero time when none does.
func (vs Versions[T]) After(t time.Time) time.Time {
	for _, v := range vs {
		if v.At.After(t) {
			return v.At
		}
	}
	return time.Time{}
}

// RebateRates are the rebate rates of a referral code, by product.
type RebateRates struct{ Spot, Futures domain.Rate }

// Structure is the part of the program's structure that a set of trades needs: the accounts that traded, the
// accounts above them, and everything versioned in time.
type Structure struct {
	Accounts map[int64]Account
	Rates    map[int64]Versions[Rates] // by partner
	VIPs     map[int64]Versions[VIP]   // by main account
	Rebates  map[string]Versions[RebateRates]
	Rules    Versions[Rules]
}

// Attribution says to whom a fact belongs.
type Attribution struct {
	Referee int64         // the main account
	Path    [Levels]int64 // all zero when it counts for nobody
	Counts  bool          // false before the registration of the account or of its main account
}

// Place attributes a fact of an account at a time. ok is false when the account, or its main one, is not known.
// Activity counts from the registration on, a sub-account's as its main account's (SPEC 4.4, 5).
func (s *Structure) Place(uid int64, at time.Time) (a Attribution, ok bool) {
	acc, ok := s.Accounts[uid]
	if !ok {
		return a, false
	}
	main, ok := s.Accounts[acc.MainUID]
	if !ok {
		return a, false
	}
	a.Referee = main.UID
	if a.Counts = !at.Before(acc.RegisteredAt) && !at.Before(main.RegisteredAt); a.Counts {
		a.Path = main.Path
	}
	return a, true
}

// Terms are what is in force for a trade of a at a time, and the id of the event that set the rules ("" for the
// default ones).
func (s *Structure) Terms(a Attribution, product Product, at time.Time) (t Terms, rulesID string) {
	t.Rules = DefaultRules
	if v, ok := s.Rules.In(at); ok {
		t.Rules, rulesID = v.Value, v.EventID
	}
	if v, ok := s.VIPs[a.Referee].In(at); ok {
		t.VIP = v.Value
	}
	if v, ok := s.Rebates[s.Accounts[a.Referee].Codes[0]].In(at); ok {
		t.RebateRate = v.Value.of(product)
	}
	for i, uid := range a.Path {
		if uid == 0 {
			break
		}
		t.Upline[i] = s.upliner(uid, product, at)
	}
	return t, rulesID
}

func (s *Structure) upliner(uid int64, product Product, at time.Time) Upliner {
	up := Upliner{UID: uid}
	versions := s.Rates[uid]
	for _, v := range versions { // few a partner, and in order
		if v.At.After(at) {
			break
		}
		if v.Value.Enrolled {
			up.Partner = true
		}
		up.Rate = v.Value.SpotRate
		if product == Futures {
			up.Rate = v.Value.FuturesRate
		}
	}
	return up
}

func (r RebateRates) of(p Product) domain.Rate {
	if p == Futures {
		return r.Futures
	}
	return r.Spot
}

// FoldCode turns the changes of a code, each naming only what it changes, into whole versions, in order. Before its
// creation a code gives no rebate, whatever an earlier change says.
func FoldCode(changes Versions[Code]) Versions[RebateRates] {
	changes.Sort()
	out := make(Versions[RebateRates], 0, len(changes))
	var now RebateRates
	created := false
	for _, c := range changes {
		if c.Value.Created {
			created, now = true, RebateRates{}
		}
		if c.Value.SpotRebateRate != nil {
			now.Spot = *c.Value.SpotRebateRate
		}
		if c.Value.FuturesRebateRate != nil {
			now.Futures = *c.Value.FuturesRebateRate
		}
		if created {
			out = append(out, Version[RebateRates]{At: c.At, EventID: c.EventID, Value: now})
		}
	}
	return out
}
