package oracle

import (
	"time"

	"partnerhub/domain/referral"
)

// TaskVolume is what counts for a participant of a trading task (SPEC 10, T3): eligible volume of their own trades and of their direct referees' that
// happened in [from, to) and were not reversed, of the products that are wanted.
func (o *Oracle) TaskVolume(uid int64, from, to time.Time, wanted func(referral.Product) bool) (sum int64) {
	reversed := map[string]bool{}
	for _, e := range o.applied {
		if b, ok := e.Body.(referral.Reversal); ok {
			reversed[b.TradeID] = true
		}
	}
	for _, e := range o.applied {
		b, ok := e.Body.(referral.Trade)
		if !ok || e.At.Before(from) || !e.At.Before(to) || reversed[b.TradeID] || !wanted(b.Product) {
			continue
		}
		main, counts := o.active(e)
		if up, related := o.referrers[main]; counts && related && (main == uid || up == uid) {
			sum += o.deal(e, main).eligible
		}
	}
	return sum
}

// TaskUsers is how many accounts registered with a participant's codes and passed advanced KYC, both in [from, to) (SPEC 10, T2).
func (o *Oracle) TaskUsers(uid int64, from, to time.Time) (n int64) {
	inside := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	for main, up := range o.referrers {
		if up != uid || !inside(o.registrations[main].At) {
			continue
		}
		var verified time.Time
		for _, e := range o.of[main] { // by time
			if b, ok := e.Body.(referral.KYC); ok && b.Level == referral.KYCAdvanced {
				verified = e.At
				break
			}
		}
		if !verified.IsZero() && inside(verified) {
			n++
		}
	}
	return n
}
