package oracle

import (
	"math/big"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// CommissionRow is what one account of the path earned by one trade, or gave back by its reversal. There is a
// row, also of amount zero, for each enrolled partner that the walk of SPEC 4.2 looks at when the trade is
// eligible and counts.
type CommissionRow struct {
	TradeID     string
	Reversal    bool
	Beneficiary int64
	Level       int          // 1: the trader's referrer, 2 and 3: those above, whoever was enrolled below
	Rate        domain.Rate  // the partner's own; above the referrer under a fixed override, the override
	Base        domain.Money // fee paid; negative in a reversal
	Amount      domain.Money // less the rebate on level 1; negative in a reversal
	RuleVersion string       // id of the rules.changed in force, "" for the default rules
}

// deal is a trade, or a reversal, that counts.
type deal struct {
	at       time.Time // a reversal's own
	main     int64
	product  referral.Product
	reversal bool
	volume   int64 // this and what follows: negative in a reversal
	eligible int64 // volume
	fee      int64
	trades   int64
	rebate   int64
	rows     []CommissionRow
}

// move is a deposit or withdrawal that counts.
type move struct {
	at         time.Time
	main       int64
	withdrawal bool
	amount     int64
}

// CommissionRows lists all of them by the trade's or reversal's (time, event id), then by level.
func (o *Oracle) CommissionRows() []CommissionRow {
	var rows []CommissionRow
	for _, d := range o.deals {
		rows = append(rows, d.rows...)
	}
	return rows
}

func (o *Oracle) book() {
	o.deals, o.moves = nil, nil
	for _, e := range o.applied {
		switch b := e.Body.(type) {
		case referral.Trade:
			if main, ok := o.active(e); ok {
				o.deals = append(o.deals, o.deal(e, main))
			}
		case referral.Reversal:
			trade := o.trades[b.TradeID]
			if main, ok := o.active(trade); ok {
				o.deals = append(o.deals, o.deal(trade, main).reversed(e.At))
			}
		case referral.Transfer:
			if main, ok := o.active(e); ok {
				o.moves = append(o.moves, move{e.At, main, b.Withdrawal, int64(b.AmountUSDT)})
			}
		}
	}
}

// deal works out a trade at the terms of its own time (SPEC 4).
func (o *Oracle) deal(e referral.Event, main int64) deal {
	trade := e.Body.(referral.Trade)
	d := deal{at: e.At, main: main, product: trade.Product, volume: int64(trade.Volume), fee: int64(trade.FeePaid), trades: 1}
	rules, version := o.rulesAt(e.At)
	if trade.Ineligible || !o.withinVIP(main, trade.Product, rules, e.At) {
		return d
	}
	d.eligible = d.volume
	paid := int64(0) // to those below and, as a rebate, to the trader
	for i, uid := range o.path(main) {
		if i >= rules.Levels {
			break
		}
		rate, enrolled := o.rateAt(uid, trade.Product, e.At)
		if !enrolled {
			continue
		}
		var amount int64
		switch {
		case i == 0:
			share := part(rate, d.fee)
			d.rebate = min(part(o.rebateAt(main, trade.Product, e.At), d.fee), share)
			amount = share - d.rebate
			paid = share
		case rules.Mode == "fixed_override":
			rate = byProduct(trade.Product, rules.SpotOverrideRate, rules.FuturesOverrideRate)
			amount = min(part(rate, d.fee), d.fee-paid)
			paid += amount
		default:
			amount = max(part(rate, d.fee)-paid, 0)
			paid += amount
		}
		d.rows = append(d.rows, CommissionRow{
			TradeID: trade.TradeID, Beneficiary: uid, Level: i + 1, Rate: rate,
			Base: trade.FeePaid, Amount: domain.Money(amount), RuleVersion: version,
		})
	}
	return d
}

// reversed takes a trade back at another time: the same figures, negative (SPEC 4.6).
func (d deal) reversed(at time.Time) deal {
	d.at, d.reversal = at, true
	d.volume, d.eligible, d.fee, d.trades, d.rebate = -d.volume, -d.eligible, -d.fee, -d.trades, -d.rebate
	d.rows = slices.Clone(d.rows)
	for i := range d.rows {
		row := &d.rows[i]
		row.Reversal, row.Base, row.Amount = true, -row.Base, -row.Amount
	}
	return d
}

// part is trunc(rate × amount).
func part(rate domain.Rate, amount int64) int64 {
	p := new(big.Int).Mul(big.NewInt(int64(rate)), big.NewInt(amount))
	return p.Quo(p, big.NewInt(1_000_000)).Int64()
}

// byProduct picks the figure of the product: margin goes by spot's (SPEC 4.1).
func byProduct[T any](p referral.Product, spot, futures T) T {
	if p == referral.Futures {
		return futures
	}
	return spot
}

// bodies lists the bodies of type B of the events that apply, are about the uid, and happened until t
// inclusive, as versions follow each other: the last is in force.
func bodies[B referral.Body](o *Oracle, uid int64, t time.Time) []B {
	var list []B
	for _, e := range o.of[uid] {
		if b, ok := e.Body.(B); ok && !e.At.After(t) {
			list = append(list, b)
		}
	}
	return list
}

// rulesAt are the rules in force at t, and the id of their event.
func (o *Oracle) rulesAt(t time.Time) (rules referral.Rules, version string) {
	rules = referral.Rules{Mode: "differential", SpotVIPMax: 2, FuturesVIPMax: 1, Levels: pathLength}
	for _, e := range o.rules {
		if !e.At.After(t) {
			rules, version = e.Body.(referral.Rules), e.ID
		}
	}
	return rules, version
}

func (o *Oracle) vipAt(main int64, t time.Time) referral.VIP {
	var vip referral.VIP
	for _, v := range bodies[referral.VIP](o, main, t) {
		vip = v
	}
	return vip
}

func (o *Oracle) withinVIP(main int64, p referral.Product, rules referral.Rules, t time.Time) bool {
	vip := o.vipAt(main, t)
	return byProduct(p, vip.SpotLevel, vip.FuturesLevel) <= byProduct(p, rules.SpotVIPMax, rules.FuturesVIPMax)
}

// rateAt is the partner's rate in force at t; false before its first enrolment.
func (o *Oracle) rateAt(uid int64, p referral.Product, t time.Time) (rate domain.Rate, enrolled bool) {
	for _, r := range bodies[referral.Rates](o, uid, t) {
		rate = byProduct(p, r.SpotRate, r.FuturesRate)
		enrolled = enrolled || r.Enrolled
	}
	return rate, enrolled
}

// codeTerms is what a code's versions add up to.
type codeTerms struct {
	created       bool
	spot, futures domain.Rate
	note          string
}

// codeAt folds the versions of the code until t, field by field. Its creation sets every field, to nothing
// where it has none, so that a change that happened earlier is of no effect.
func (o *Oracle) codeAt(code string, t time.Time) codeTerms {
	var c codeTerms
	for _, b := range bodies[referral.Code](o, o.codeOwners[code], t) {
		if b.Code != code {
			continue
		}
		if b.Created {
			c = codeTerms{created: true}
		}
		if b.SpotRebateRate != nil {
			c.spot = *b.SpotRebateRate
		}
		if b.FuturesRebateRate != nil {
			c.futures = *b.FuturesRebateRate
		}
		if b.Note != nil {
			c.note = *b.Note
		}
	}
	if !c.created {
		return codeTerms{}
	}
	return c
}

// rebateAt is the rebate rate of the code that the main account signed up with.
func (o *Oracle) rebateAt(main int64, p referral.Product, t time.Time) domain.Rate {
	c := o.codeAt(o.registrations[main].Body.(referral.Registration).ReferralCode, t)
	return byProduct(p, c.spot, c.futures)
}
