package demo

import (
	"cmp"
	"slices"

	"partnerhub/domain"
)

const (
	ineligible    = 0.03
	reversed      = 0.0015
	maker         = 0.4
	coupon        = 0.04
	viaSubAccount = 0.4
)

// write writes the event of an item.
func (g *generator) write(it item) error {
	a := &g.accounts[it.acc]
	switch it.kind {
	case trade:
		g.writeTrade(it.at, a)
	case deposit, withdrawal:
		g.writeTransfer(it, a)
	case register:
		g.writeRegistration(it.at, a)
	case basic, advanced:
		g.begin("kyc.completed", it.at, a.uid)
		g.text(`,"level":"`, [2]string{"basic", "advanced"}[it.kind-basic])
		g.end()
	case enrol, rates:
		t := &g.allTerms[it.arg]
		g.begin([2]string{"partner.enrolled", "partner.rates"}[it.kind-enrol], it.at, a.uid)
		g.money(`,"spotRate":"`, domain.Money(t.Spot)) // both are millionths
		g.money(`,"futuresRate":"`, domain.Money(t.Futures))
		if t.bd != 0 {
			g.integer(`,"bdUid":`, t.bd)
		}
		g.end()
	case openCode:
		g.begin("referral_code.created", it.at, a.uid)
		g.writeCode(&g.codes[it.arg])
	case changeCode:
		g.begin("referral_code.changed", it.at, a.uid)
		g.writeCode(&g.changes[it.arg])
	case vip:
		a.spotVIP, a.futuresVIP = uint8(it.arg>>8), uint8(it.arg)
		g.begin("vip.changed", it.at, a.uid)
		g.integer(`,"spotLevel":`, int64(a.spotVIP))
		g.integer(`,"futuresLevel":`, int64(a.futuresVIP))
		g.end()
	}
	if len(g.buf) < flushAt {
		return nil
	}
	return g.flush()
}

func (g *generator) writeRegistration(at int64, a *account) {
	g.begin("account.registered", at, a.uid)
	if a.code >= 0 {
		g.text(`,"referralCode":"`, g.codes[a.code].name)
	}
	if c := countries[a.country].code; c != "" {
		g.text(`,"country":"`, c)
	}
	if a.master >= 0 {
		g.integer(`,"masterUid":`, g.accounts[a.master].uid)
	}
	g.end()
}

func (g *generator) writeCode(c *code) {
	g.text(`,"code":"`, c.name)
	g.money(`,"spotRebateRate":"`, domain.Money(c.spot))
	g.money(`,"futuresRebateRate":"`, domain.Money(c.futures))
	g.text(`,"note":"`, c.note)
	if c.isDefault {
		g.buf = append(g.buf, `,"default":true`...)
	}
	g.end()
}

func (g *generator) writeTrade(at int64, a *account) {
	uid := a.uid
	if a.subCount > 0 && g.chance(viaSubAccount) {
		if sub := &g.accounts[a.subs+g.Int32N(a.subCount)]; sub.registered < at {
			uid = sub.uid
		}
	}
	product := spot
	switch {
	case g.chance(a.futures):
		product = futures
	case a.margin > 0 && g.chance(a.margin):
		product = margin
	}
	symbol := int(a.symbol)
	if g.chance(0.4) {
		symbol = g.symbol()
	}
	// An account's size is the average over its products.
	average := a.futures*volumeOf[futures] + (1-a.futures)*(a.margin*volumeOf[margin]+(1-a.margin)*volumeOf[spot])
	v := min(max(a.size*volumeOf[product]/average*g.lognormal(0.6), 2), 4_000_000)
	volume := domain.Money(v*10_000) * (domain.USDT / 10_000)
	gross := g.fee(a, product, volume)
	paid, reason := gross, ""
	if a.discount > 0 {
		paid -= domain.Rate(a.discount * float64(domain.RateOne)).Of(gross)
	}
	if g.chance(coupon) {
		paid -= min(paid, domain.Rate(200_000*(1+g.IntN(5))).Of(gross))
	}
	if g.chance(ineligible) {
		i := g.IntN(len(ineligibleReasons))
		reason = ineligibleReasons[i]
		switch i {
		case 0: // zero fee
			gross, paid = 0, 0
		case 1: // the bonus pays
			paid = 0
		case 2:
			gross /= 4
			paid = gross
		}
	}
	g.trades++
	g.tradeID += 1 + g.Int64N(4) // of other accounts, in between
	g.begin("trade.executed", at, uid)
	g.quoted(`,"tradeId":"`, g.tradeID)
	g.text(`,"product":"`, string(productNames[product]))
	g.text(`,"symbol":"`, symbols[symbol].name)
	g.text(`,"side":"`, sides[g.IntN(2)])
	g.money(`,"volume":"`, volume)
	g.money(`,"feeGross":"`, gross)
	g.money(`,"feePaid":"`, paid)
	if reason != "" {
		g.text(`,"eligible":false,"reason":"`, reason)
	}
	g.end()
	for _, e := range a.effects {
		if in := &g.incidents[e]; in.from <= at && at < in.to {
			in.seen += volume
		}
	}
	if g.chance(reversed) {
		r := reversal{at + g.after(3*hour, 1.2), uid, g.tradeID}
		i, _ := slices.BinarySearchFunc(g.reversals, r, func(a, b reversal) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.tradeID, b.tradeID))
		})
		g.reversals = slices.Insert(g.reversals, i, r)
	}
}

// fee is what a trade costs by the account's VIP level, before deductions.
func (g *generator) fee(a *account, product int, volume domain.Money) domain.Money {
	level := a.spotVIP
	if product == futures {
		level = a.futuresVIP
	}
	table := feeRates[product]
	side := 1
	if g.chance(maker) {
		side = 0
	}
	return domain.Rate(table[min(int(level), len(table)-1)][side]).Of(volume)
}

func (g *generator) writeTransfer(it item, a *account) {
	c := &countries[a.country]
	typ := "deposit.completed"
	amount := a.transfer * min(g.lognormal(0.4), 3) // more is an incident
	p2p, fiat := c.p2p, c.fiat
	if it.kind == withdrawal {
		typ = "withdrawal.completed"
		p2p, fiat = p2p/2, fiat/3
	}
	if amount > 50 && g.chance(0.5) { // people like round amounts
		amount = float64(int(amount/10)) * 10
	}
	asset, price, method := "USDT", 1.0, "crypto"
	switch u := g.Float64(); {
	case it.arg >= 0:
		amount = a.transfer * g.incidents[it.arg].factor
	case u < p2p:
		method = "p2p"
	case u < p2p+fiat:
		method, asset, price = "fiat", c.currency, c.usdt
	default:
		i := g.pick(len(assets), func(i int) float64 { return assets[i].share })
		asset, price = assets[i].name, assets[i].usdt
	}
	quantity := domain.Money(amount / price * float64(domain.USDT))
	if price <= 1.5 { // money, not coins: cents
		quantity = usdt(amount / price)
	}
	worth := domain.Money(float64(quantity) * price)
	if it.arg >= 0 {
		g.incidents[it.arg].seen = worth
	}
	g.begin(typ, it.at, a.uid)
	g.money(`,"amount":"`, quantity)
	g.text(`,"asset":"`, asset)
	g.text(`,"method":"`, method)
	g.money(`,"amountUsdt":"`, worth)
	g.end()
}
