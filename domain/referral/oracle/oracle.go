// Package oracle is a second, naive reading of SPEC 3 to 5, for tests only: the real tables are compared with it.
//
// It keeps the events and nothing else between calls of Apply, works out every figure by scanning them or an
// account's, and shares no code with what it checks. Clarity comes before speed: it is meant for some hundreds of events.
package oracle

import (
	"cmp"
	"slices"
	"time"

	"partnerhub/domain/referral"
)

// pathLength is how many accounts up the path matter (SPEC 2).
const pathLength = 3

// Oracle is what follows from a set of events. It is not safe for concurrent use while Apply runs.
type Oracle struct {
	zone   *time.Location
	events []referral.Event // the set, by (time, id)

	// Derived from events, whole, by every Apply.
	registrations map[int64]referral.Event // by uid, also those that wait for their master
	codeOwners    map[string]int64         // of the codes whose creation applies
	trades        map[string]referral.Event
	applied       []referral.Event           // the events that wait for nothing but a relation, by (time, id)
	of            map[int64][]referral.Event // those, by uid
	rules         []referral.Event           // those that change the rules
	waiting       []string
	referrers     map[int64]int64 // main account → the account that referred it; void relations left out
	deals         []deal
	moves         []move
}

// New makes an empty oracle that reports in the zone.
func New(zone *time.Location) *Oracle { return &Oracle{zone: zone} }

// Apply adds accepted events, which must not conflict with each other or with earlier ones (SPEC 3), in any
// order and split over any number of calls. The same id again changes nothing.
func (o *Oracle) Apply(events []referral.Event) {
	seen := map[string]bool{}
	for _, e := range o.events {
		seen[e.ID] = true
	}
	for _, e := range events {
		if !seen[e.ID] {
			seen[e.ID] = true
			o.events = append(o.events, e)
		}
	}
	slices.SortFunc(o.events, byTime)
	o.findAccounts()
	o.findCodesAndTrades()
	o.sortOutWaiting()
	o.relate()
	o.book()
}

// Waiting lists the ids, ascending, of the events that wait for an account, a trade or a code that is not
// known. A registration that waits for its code applies in all but its relation, and is listed too.
func (o *Oracle) Waiting() []string { return slices.Clone(o.waiting) }

// byTime is the order of versions (SPEC 4.5): by time, ties by event id.
func byTime(a, b referral.Event) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
}

func (o *Oracle) findAccounts() {
	o.registrations = map[int64]referral.Event{}
	for _, e := range o.events {
		if e.Type == referral.AccountRegistered {
			o.registrations[e.UID] = e
		}
	}
}

// main follows the masters of a sub-account up to the main account. It is false for an account that is not
// registered, that has such a master, or whose masters go round in a circle: all of these wait.
func (o *Oracle) main(uid int64) (int64, bool) {
	for range len(o.registrations) + 1 {
		e, ok := o.registrations[uid]
		if !ok {
			return 0, false
		}
		master := e.Body.(referral.Registration).MasterUID
		if master == 0 {
			return uid, true
		}
		uid = master
	}
	return 0, false
}

func (o *Oracle) known(uid int64) bool {
	_, ok := o.main(uid)
	return ok
}

func (o *Oracle) findCodesAndTrades() {
	o.codeOwners, o.trades = map[string]int64{}, map[string]referral.Event{}
	for _, e := range o.events {
		if !o.known(e.UID) {
			continue
		}
		switch b := e.Body.(type) {
		case referral.Code:
			if b.Created {
				o.codeOwners[b.Code] = e.UID
			}
		case referral.Trade:
			o.trades[b.TradeID] = e
		}
	}
}

func (o *Oracle) sortOutWaiting() {
	o.applied, o.waiting = nil, nil
	o.of, o.rules = map[int64][]referral.Event{}, nil
	for _, e := range o.events {
		if !o.applies(e) {
			o.waiting = append(o.waiting, e.ID)
			continue
		}
		o.applied = append(o.applied, e)
		o.of[e.UID] = append(o.of[e.UID], e)
		if e.Type == referral.RulesChanged {
			o.rules = append(o.rules, e)
		}
		if r, ok := e.Body.(referral.Registration); ok && r.MasterUID == 0 && r.ReferralCode != "" {
			if _, ok := o.codeOwners[r.ReferralCode]; !ok {
				o.waiting = append(o.waiting, e.ID)
			}
		}
	}
	slices.Sort(o.waiting)
}

// applies says whether what the event is about is known. A change of somebody else's code and a reversal of
// somebody else's trade never apply.
func (o *Oracle) applies(e referral.Event) bool {
	if e.Type == referral.RulesChanged {
		return true
	}
	if !o.known(e.UID) {
		return false
	}
	switch b := e.Body.(type) {
	case referral.Code:
		owner, ok := o.codeOwners[b.Code]
		return ok && owner == e.UID
	case referral.Reversal:
		trade, ok := o.trades[b.TradeID]
		return ok && trade.UID == e.UID
	}
	return true
}

// relate finds who referred whom. Only main accounts are referred; the referrer is the code's owner as it is,
// also when that is a sub-account, above which the path then ends.
func (o *Oracle) relate() {
	candidates := map[int64]int64{}
	for uid, e := range o.registrations {
		r := e.Body.(referral.Registration)
		if r.MasterUID != 0 || r.ReferralCode == "" {
			continue
		}
		if owner, ok := o.codeOwners[r.ReferralCode]; ok && owner != uid { // to oneself: void
			candidates[uid] = owner
		}
	}
	o.referrers = map[int64]int64{}
	for uid, owner := range candidates {
		if !o.closesLoop(uid, candidates) {
			o.referrers[uid] = owner
		}
	}
}

// closesLoop says whether the account lies on a circle of candidate relations and is the latest of it to
// have registered.
func (o *Oracle) closesLoop(uid int64, candidates map[int64]int64) bool {
	latest := true
	up := uid
	for range len(candidates) {
		next, ok := candidates[up]
		if !ok {
			return false
		}
		if next == uid {
			return latest
		}
		if byTime(o.registrations[uid], o.registrations[next]) < 0 {
			latest = false
		}
		up = next
	}
	return false // the way up runs into a circle that the account is not part of
}

// path is up to three accounts above a main account, the nearest first.
func (o *Oracle) path(uid int64) []int64 {
	var path []int64
	for len(path) < pathLength {
		up, ok := o.referrers[uid]
		if !ok {
			break
		}
		path = append(path, up)
		uid = up
	}
	return path
}

// active says whether something that an account did counts for the main account's referrers: not from before
// either of the two registered. The main account is returned.
func (o *Oracle) active(e referral.Event) (int64, bool) {
	main, ok := o.main(e.UID)
	if !ok || e.At.Before(o.registrations[e.UID].At) || e.At.Before(o.registrations[main].At) {
		return 0, false
	}
	return main, true
}
