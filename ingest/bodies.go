package ingest

import (
	"strings"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// body reads the fields of the event's type.
func (d *Decoder) body(e *referral.Event) referral.Body {
	switch e.Type {
	case referral.TradeExecuted:
		return d.trade()
	case referral.AccountRegistered:
		return d.registration(e.UID)
	case referral.KYCCompleted:
		return referral.KYC{Level: referral.KYCLevel(d.oneOf("level", string(referral.KYCBasic), string(referral.KYCAdvanced)))}
	case referral.VIPChanged:
		return referral.VIP{SpotLevel: d.vipLevel("spotLevel"), FuturesLevel: d.vipLevel("futuresLevel")}
	case referral.PartnerEnrolled, referral.PartnerRates:
		return d.rates(e.Type == referral.PartnerEnrolled)
	case referral.ReferralCodeCreated, referral.ReferralCodeChanged:
		return d.referralCode(e.Type == referral.ReferralCodeCreated)
	case referral.DepositCompleted, referral.WithdrawalCompleted:
		return d.transfer(e.Type == referral.WithdrawalCompleted)
	case referral.TradeReversed:
		b := referral.Reversal{TradeID: d.id("tradeId")}
		b.Reason = d.reason()
		return b
	case referral.RulesChanged:
		return d.rules()
	}
	// Before any other fault: what the other fields should be depends on the type.
	d.err = domain.Invalid("type", "%q is no event type", clip(string(e.Type)))
	return nil
}

func (d *Decoder) vipLevel(name string) int { return int(d.integer(name, 0, 100)) }

// reason is why something happened; it must say something.
func (d *Decoder) reason() string {
	v := d.prose("reason")
	if v == "" {
		d.fail("reason", "empty")
	}
	return v
}

func (d *Decoder) trade() referral.Body {
	var t referral.Trade
	t.TradeID = d.id("tradeId")
	t.Product = referral.Product(d.oneOf("product", string(referral.Spot), string(referral.Margin), string(referral.Futures)))
	t.Symbol = d.text("symbol", maxName)
	t.Side = d.text("side", maxSide)
	t.Volume = d.money("volume")
	t.FeeGross = d.money("feeGross")
	t.FeePaid = d.money("feePaid")
	if t.FeePaid > t.FeeGross {
		d.fail("feePaid", "%s is above feeGross %s", t.FeePaid, t.FeeGross)
	}
	t.Ineligible = d.has("eligible") && !d.boolean("eligible")
	switch {
	case !d.has("reason"):
		if t.Ineligible {
			t.Reason = "unspecified"
		}
	case !t.Ineligible:
		d.fail("reason", "only with eligible false")
	default:
		t.Reason = d.reason()
	}
	return t
}

func (d *Decoder) registration(uid int64) referral.Body {
	var b referral.Registration
	if d.has("referralCode") {
		b.ReferralCode = d.code("referralCode")
	}
	if d.has("country") {
		b.Country = d.text("country", maxName)
	}
	if d.has("masterUid") {
		if b.MasterUID = d.uid("masterUid"); b.MasterUID == uid {
			d.fail("masterUid", "the account's own uid")
		}
	}
	return b
}

func (d *Decoder) rates(enrolled bool) referral.Body {
	b := referral.Rates{Enrolled: enrolled, SpotRate: d.rate("spotRate"), FuturesRate: d.rate("futuresRate")}
	if d.has("bdUid") {
		b.BDUID = new(d.uid("bdUid"))
	}
	return b
}

func (d *Decoder) referralCode(created bool) referral.Body {
	b := referral.Code{Created: created, Code: d.code("code")}
	if d.has("spotRebateRate") {
		b.SpotRebateRate = new(d.rate("spotRebateRate"))
	}
	if d.has("futuresRebateRate") {
		b.FuturesRebateRate = new(d.rate("futuresRebateRate"))
	}
	if d.has("note") {
		b.Note = new(d.prose("note")) // an empty one removes it
	}
	if d.has("default") {
		b.Default = new(d.boolean("default"))
	}
	if !created && b == (referral.Code{Code: b.Code}) {
		d.fail("code", "nothing changes: none of spotRebateRate, futuresRebateRate, note and default")
	}
	return b
}

func (d *Decoder) transfer(withdrawal bool) referral.Body {
	b := referral.Transfer{Withdrawal: withdrawal, Amount: d.quantity("amount"), Asset: d.text("asset", maxName)}
	b.Method = d.oneOf("method", "crypto", "p2p", "fiat")
	b.AmountUSDT = d.money("amountUsdt")
	return b
}

// quantity is how many of some asset: a decimal string of up to 18 digits before the point and 18 after.
func (d *Decoder) quantity(name string) string {
	v := d.anyText(name, "a decimal string")
	if d.err != nil {
		return ""
	}
	whole, fraction, point := strings.Cut(v, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch {
	case strings.HasPrefix(v, "-"):
		d.fail(name, "negative")
	case !digits(whole) || point && !digits(fraction):
		d.fail(name, "not a decimal number")
	case len(whole) > 18:
		d.fail(name, "more than 18 digits before the point")
	case len(fraction) > 18:
		d.fail(name, "more than 18 decimals")
	}
	return v
}

func (d *Decoder) rules() referral.Body {
	r := referral.Rules{Mode: referral.Mode(d.oneOf("mode", string(referral.Differential), string(referral.FixedOverride)))}
	r.SpotVIPMax, r.FuturesVIPMax = d.vipLevel("spotVipMax"), d.vipLevel("futuresVipMax")
	r.Levels = int(d.integer("levels", 1, referral.Levels))
	if r.Mode == referral.FixedOverride || d.has("spotOverrideRate") {
		r.SpotOverrideRate = d.rate("spotOverrideRate")
	}
	if r.Mode == referral.FixedOverride || d.has("futuresOverrideRate") {
		r.FuturesOverrideRate = d.rate("futuresOverrideRate")
	}
	return r
}
