package referral

import "partnerhub/domain"

// Levels is how many accounts up the path matter (SPEC 2).
const Levels = 3

// Mode is how an account above the direct partner earns (SPEC 4.2).
type Mode string

// The modes.
const (
	Differential  Mode = "differential"   // the difference of its rate to what was paid below
	FixedOverride Mode = "fixed_override" // a rate of its own, as long as the platform has something left
)

// Rules is the body of rules.changed: the commission rules that the operator may set, whole. They are in force
// from the event's time on.
type Rules struct {
	Mode                Mode        `json:"mode"`
	SpotVIPMax          int         `json:"spotVipMax"`    // above this spot level, spot and margin trades earn nothing
	FuturesVIPMax       int         `json:"futuresVipMax"` // likewise for futures
	Levels              int         `json:"levels"`        // accounts looked at upwards, 1 to 3
	SpotOverrideRate    domain.Rate `json:"spotOverrideRate"`
	FuturesOverrideRate domain.Rate `json:"futuresOverrideRate"`
}

// DefaultRules are in force until the first rules.changed (SPEC 4).
var DefaultRules = Rules{Mode: Differential, SpotVIPMax: 2, FuturesVIPMax: 1, Levels: Levels}

// Terms are what was in force for one trade when it happened.
type Terms struct {
	Rules      Rules
	VIP        VIP         // of the trader's main account
	RebateRate domain.Rate // of the referral code by which the trader signed up, for the trade's product
	Upline     [Levels]Upliner
}

// Upliner is one account above the trader, the referrer first. A zero UID ends the path.
type Upliner struct {
	UID     int64
	Partner bool        // was enrolled at the trade's time
	Rate    domain.Rate // for the trade's product
}

// Split is how a trade's fee is shared. What is in none of its parts stays with the platform.
type Split struct {
	Eligible bool                 // counts as eligible volume
	Earned   [Levels]domain.Money // commission of each upliner
	Rebate   domain.Money         // back to the trader: shared commission
}

// Settle splits the fee paid of a trade (SPEC 4.1 to 4.3).
//
// The direct partner earns trunc(rate × fee) less the rebate; each above earns
// max(trunc(rate × fee) − Σ paid below, 0) with the rebate among what was paid, or, in fixed-override mode,
// trunc(override × fee) and at most what is left of the fee. One who is no partner earns nothing, and the walk goes on.
func Settle(t *Trade, terms *Terms) Split {
	if t.Ineligible || !terms.withinVIP(t.Product) {
		return Split{}
	}
	s := Split{Eligible: true}
	var paid domain.Money
	for i, up := range terms.Upline {
		if up.UID == 0 || i >= terms.Rules.Levels {
			break
		}
		if !up.Partner {
			continue
		}
		switch {
		case i == 0:
			share := up.Rate.Of(t.FeePaid)
			s.Rebate = min(terms.RebateRate.Of(t.FeePaid), share)
			s.Earned[0] = share - s.Rebate
			paid = share
			continue
		case terms.Rules.Mode == FixedOverride:
			s.Earned[i] = min(terms.Rules.override(t.Product).Of(t.FeePaid), t.FeePaid-paid)
		default:
			s.Earned[i] = max(up.Rate.Of(t.FeePaid)-paid, 0)
		}
		paid += s.Earned[i]
	}
	return s
}

func (t *Terms) withinVIP(p Product) bool {
	if p == Futures {
		return t.VIP.FuturesLevel <= t.Rules.FuturesVIPMax
	}
	return t.VIP.SpotLevel <= t.Rules.SpotVIPMax
}

func (r *Rules) override(p Product) domain.Rate {
	if p == Futures {
		return r.FuturesOverrideRate
	}
	return r.SpotOverrideRate
}
