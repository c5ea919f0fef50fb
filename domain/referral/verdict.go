package referral

import (
	"fmt"
	"strings"
	"time"

	"partnerhub/domain"
)

// Verdict says in one word why a trade brought its viewer what it did.
type Verdict string

// The verdicts.
const (
	Earned             Verdict = "earned"
	Reversed           Verdict = "reversed"            // earned, and taken back
	BeforeRegistration Verdict = "before_registration" // SPEC 5
	ExchangeExcluded   Verdict = "excluded"            // the exchange said that it is not eligible
	AboveVIPLimit      Verdict = "vip_limit"           // SPEC 4.1
	BeyondLevels       Verdict = "beyond_levels"       // the rules look at fewer accounts up the path
	NotEnrolled        Verdict = "not_enrolled"        // SPEC 4.2
	NoRate             Verdict = "no_rate"
	NoFee              Verdict = "no_fee"
	TooSmall           Verdict = "too_small"    // less than a millionth: the dust stays with the platform
	AllRebate          Verdict = "all_rebate"   // SPEC 4.3
	PaidBelow          Verdict = "paid_below"   // nothing is left of the differential
	NothingLeft        Verdict = "nothing_left" // of the fee, for the override
	NoReferrer         Verdict = "no_referrer"  // of an own trade, as the next two
	NoRebateRate       Verdict = "no_rebate_rate"
	NoShare            Verdict = "no_share" // whoever referred the trader had no share that a rebate could come out of
)

// Verdict is why the viewer earned what they did, in a word.
func (t *Trace) Verdict() Verdict {
	own := t.Relation == OwnTrade
	switch {
	case t.Amount > 0 && !t.ReversedAt.IsZero():
		return Reversed
	case t.Amount > 0:
		return Earned
	case own && t.Code == "":
		return NoReferrer
	case !t.Counts:
		return BeforeRegistration
	case t.Ineligible:
		return ExchangeExcluded
	case t.VIP > t.VIPLimit:
		return AboveVIPLimit
	case own && t.RebateRate == 0:
		return NoRebateRate
	case !own && t.Level > t.Rules.Levels:
		return BeyondLevels
	case !own && !t.Enrolled:
		return NotEnrolled
	case !own && t.Rate == 0:
		return NoRate
	case t.FeePaid == 0:
		return NoFee
	case own && t.RebateRate.Of(t.FeePaid) == 0, !own && t.Share == 0:
		return TooSmall
	case own:
		return NoShare
	case t.Level == 1:
		return AllRebate
	case t.Rules.Mode == FixedOverride:
		return NothingLeft
	}
	return PaidBelow
}

// Why says the verdict in a sentence, with its figures; times are in the zone.
func (t *Trace) Why(zone *time.Location) string {
	usdt := func(m domain.Money) string { return m.String() + " USDT" }
	percent := func(r domain.Rate) string { return domain.Money(r*100).String() + " %" }
	day := func(at time.Time) string { return at.In(zone).Format("2 Jan 2006, 15:04") }
	ofFee := func(r domain.Rate, m domain.Money) string {
		return fmt.Sprintf("%s of the fee of %s is %s", percent(r), usdt(t.FeePaid), usdt(m))
	}
	nothing, rate := "It earned you nothing: ", "your rate"
	if t.Relation == OwnTrade {
		nothing = "It brought you no rebate: "
	}
	if t.Level > 1 && t.Rules.Mode == FixedOverride {
		rate = "the override"
	}
	switch v := t.Verdict(); v {
	case Earned, Reversed:
		text := fmt.Sprintf("It earned you %s: %s", usdt(t.Amount), ofFee(t.Rate, t.Share))
		switch {
		case t.Relation == OwnTrade:
			text = fmt.Sprintf("It brought you a rebate of %s: %s", usdt(t.Amount), ofFee(t.RebateRate, t.RebateRate.Of(t.FeePaid)))
			if t.RebateRate.Of(t.FeePaid) > t.Amount {
				text += ", limited to the share that it comes out of"
			}
		case t.Rebate > 0:
			text += fmt.Sprintf(", less the referee's rebate of %s", usdt(t.Rebate))
		case t.Level > 1 && t.Rules.Mode == FixedOverride && t.Share > t.Amount:
			text += fmt.Sprintf(", limited to the %s that %s paid below you left", usdt(t.FeePaid-t.PaidBelow), usdt(t.PaidBelow))
		case t.Level > 1 && t.Rules.Mode != FixedOverride && t.PaidBelow > 0:
			text += fmt.Sprintf(", less the %s paid below you", usdt(t.PaidBelow))
		}
		if v == Reversed {
			text += fmt.Sprintf(". It was taken back when the trade was reversed on %s", day(t.ReversedAt))
		}
		return text + "."
	case NoReferrer:
		return nothing + "nobody referred you."
	case BeforeRegistration:
		return fmt.Sprintf("%sit happened on %s, before the account was registered on %s.", nothing, day(t.At), day(t.RegisteredAt))
	case ExchangeExcluded:
		if t.Reason != "" {
			return nothing + "the exchange excluded it from commission: " + strings.TrimSuffix(t.Reason, ".") + "."
		}
		return nothing + "the exchange excluded it from commission."
	case AboveVIPLimit:
		return fmt.Sprintf("%sthe trader was at %s VIP level %d then, and levels above %d earn no commission.", nothing, vipKind(t.Product), t.VIP, t.VIPLimit)
	case BeyondLevels:
		return fmt.Sprintf("%sthe trader is %d referrals below you, and the rules in force looked at %d.", nothing, t.Level, t.Rules.Levels)
	case NotEnrolled:
		if t.EnrolledAt.After(t.At) {
			return fmt.Sprintf("%sit happened on %s, before you were enrolled as a partner on %s.", nothing, day(t.At), day(t.EnrolledAt))
		}
		return nothing + "you were not an enrolled partner then."
	case NoRate:
		return fmt.Sprintf("%s%s for %s was 0 %% then.", nothing, rate, t.Product)
	case NoFee:
		return nothing + "no fee was paid."
	case TooSmall:
		return fmt.Sprintf("%sits part of the fee of %s is less than 0.000001 USDT.", nothing, usdt(t.FeePaid))
	case NoRebateRate:
		return fmt.Sprintf("%sthe code %s gave no rebate on %s then.", nothing, t.Code, t.Product)
	case NoShare:
		return nothing + "there was no share that it could have come out of."
	case AllRebate:
		return fmt.Sprintf("%s%s, and all of it went to the referee as rebate.", nothing, ofFee(t.Rate, t.Share))
	case NothingLeft:
		return fmt.Sprintf("%s%s paid below you left nothing of the fee of %s.", nothing, usdt(t.PaidBelow), usdt(t.FeePaid))
	default:
		return fmt.Sprintf("%s%s, and %s had been paid below you already.", nothing, ofFee(t.Rate, t.Share), usdt(t.PaidBelow))
	}
}

// vipKind is which of the two VIP levels counts for a product (SPEC 4.1).
func vipKind(p Product) Product {
	if p == Futures {
		return Futures
	}
	return Spot
}
