package demo

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

const (
	minute = hour / 60
	// tradeSize is the average volume in USDT of an ordinary trader's trades.
	tradeSize = 8000
)

func codeName(p int) string {
	word := codeWords[p%len(codeWords)]
	if n := p / len(codeWords); n > 0 {
		word += strconv.Itoa(n)
	}
	return word
}

// bookSizes is how many referees that are no partners each partner gets: the main tree as many as configured, the
// partners outside it the rest, the earlier the more.
func (g *generator) bookSizes() []int {
	sizes := make([]int, g.cfg.Partners)
	tree := min(g.cfg.Partners, len(mainTree))
	below := tree - 1
	if g.cfg.Partners > upline {
		below--
	}
	inside := g.cfg.MainReferees - below
	left := inside
	var shares float64
	for p := range tree {
		shares += g.partners[p].share
	}
	for p := 1; p < tree; p++ {
		sizes[p] = int(float64(inside) * g.partners[p].share / shares)
		left -= sizes[p]
	}
	sizes[mainPartner] = left

	outside := []int{}
	for p := range g.partners {
		if p == upline || p >= len(mainTree) {
			outside = append(outside, p)
		}
	}
	rest := g.cfg.Referees - inside
	var weights float64
	for i := range outside {
		weights += 1 / math.Pow(float64(i+1), 0.7)
	}
	left = rest
	for i, p := range outside {
		n := int(float64(rest) / math.Pow(float64(i+1), 0.7) / weights)
		sizes[p] += n
		left -= n
	}
	for i := 0; left > 0; i, left = i+1, left-1 { // rest is 0 when nobody is outside
		sizes[outside[i%len(outside)]]++
	}
	return sizes
}

// addBook draws the n referees of a partner and what they are like.
func (g *generator) addBook(p, n int) {
	traders := []int{p}
	for i := range n {
		acc := len(g.accounts)
		g.accounts = append(g.accounts, account{})
		a := &g.accounts[acc]
		*a = account{parent: int32(p), code: -1, master: -1, country: g.countryOf(p)}
		switch {
		case p == mainPartner && i < friends:
			a.registered = g.friendJoins(i)
			g.add(g.codes[i].opened, acc, openCode, i)
		case p == mainPartner && g.chance(0.05):
			f := g.IntN(friends)
			a.parent, a.code = int32(g.friend(f)), int32(f)
			a.registered = g.joins(g.codes[f].opened, a.country)
		default:
			a.registered = g.joins(g.partners[p].opened, a.country)
		}
		if a.code < 0 {
			a.code = g.codeFor(p, a.registered)
		}
		if g.lifecycle(acc) {
			traders = append(traders, acc)
		}
	}
	for i, z := range g.ranks(len(traders)) {
		if traders[i] < g.cfg.Partners {
			z = 0.8 // partners trade a little themselves
		}
		g.habits(&g.accounts[traders[i]], min(z, 2.2))
		g.vipOf(traders[i], z)
	}
}

func (g *generator) countryOf(p int) int32 {
	if home := g.partners[p].home; home >= 0 && g.chance(0.6) {
		return home
	}
	return int32(g.pick(len(countries), func(c int) float64 { return countries[c].share }))
}

// joins draws when somebody signs up with a partner that opened then: a wave at first, then more and more, by day
// and hour as the country lives.
func (g *generator) joins(opened int64, c int32) int64 {
	span := float64(g.now - opened)
	var at int64
	for range 2 { // weekends get half of their second chance
		x := g.Float64() * 0.12
		if g.chance(0.8) {
			x = (math.Sqrt(1+5.76*g.Float64()) - 1) / 1.6 // density 1 + 1.6 x
		}
		at = opened + int64(x*span)
		if weightAt(at/day*day+day/2, 0) > 0.9 || g.chance(0.5) {
			break
		}
	}
	h := int64(g.pick(24, func(h int) float64 { return hourOfDay[h] }))
	offset := int64(countries[c].offset) * minute
	local := (at+offset)/day*day + h*hour + g.Int64N(hour)
	if t := local - offset; t > opened && t < g.now {
		return t
	}
	return max(at, opened+1)
}

// codeFor is one of the partner's codes that are open by then.
func (g *generator) codeFor(p int, at int64) int32 {
	codes := g.partners[p].codes
	i := g.pick(len(codes), func(i int) float64 {
		if c := &g.codes[codes[i]]; c.opened < at {
			return c.share
		}
		return 0
	})
	if g.codes[codes[i]].opened >= at {
		return codes[0]
	}
	return codes[i]
}

// lifecycle plans the funnel: who verifies, deposits and trades, with drop-out at every step. It says who trades.
func (g *generator) lifecycle(acc int) bool {
	a := &g.accounts[acc]
	sure := acc == g.friend(0) || acc == g.friend(1)
	if !g.add(a.registered, acc, register, -1) || !(g.chance(0.82) || sure) {
		return false
	}
	known := a.registered + g.after(20*minute, 1.3)
	if !g.add(known, acc, basic, -1) {
		return false
	}
	if g.chance(0.78) || sure {
		g.add(known+g.after(4*hour, 1.4), acc, advanced, -1)
	}
	if !(g.chance(0.82) || sure) {
		return false
	}
	funded := known + g.after(3*hour, 1.5)
	a.transfer = g.between(30, 900) // of those who will not trade
	if !g.add(funded, acc, deposit, -1) || !(g.chance(0.88) || sure) {
		return false
	}
	at := funded + g.after(40*minute, 1.4)
	if at >= g.now {
		return false
	}
	a.trades = at
	return true
}

// habits draws how an account trades. z is its rank by a normal distribution: the higher, the more it trades and
// the larger.
func (g *generator) habits(a *account, z float64) {
	a.rate = math.Exp(1.05 * z)
	a.size = tradeSize * math.Exp(0.45*z) * g.lognormal(0.4)
	switch {
	case z > 0.9:
		a.busy = 0.97
	case z > 0:
		a.busy = 0.75
	default:
		a.busy = 0.45
	}
	if z < 0.9 && g.chance(0.45) && a.trades > 0 {
		a.leaves = a.trades + int64(float64(40*day)*math.Exp(0.9*g.NormFloat64()))
	}
	switch u := g.Float64(); {
	case u < 0.5:
		a.futures = g.between(0.7, 1)
	case u < 0.8:
		a.futures = g.between(0, 0.15)
	default:
		a.futures = g.between(0.3, 0.6)
	}
	if g.chance(0.3) {
		a.margin = g.between(0.2, 0.6)
	}
	a.symbol = int32(g.symbol())
	if g.chance(0.3) {
		a.discount = []float64{0.1, 0.2, 0.25}[g.IntN(3)]
	}
	a.transfer = max(30, a.size*g.between(0.25, 0.8))
	a.deposits = g.between(0.02, 0.09) * max(1, 1+z/2)
	a.withdraws = a.deposits * g.between(0.3, 0.6)
}

func (g *generator) symbol() int {
	return g.pick(len(symbols), func(i int) float64 { return symbols[i].share })
}

// vipOf plans the VIP levels. The busiest stay within what earns commission (SPEC 4.1); some professionals of
// middling size rise above it.
func (g *generator) vipOf(acc int, z float64) {
	a := &g.accounts[acc]
	if a.trades == 0 || acc == mainPartner {
		return
	}
	level := func(at int64, spot, futures int) {
		g.add(at, acc, vip, spot<<8|futures)
	}
	first := a.trades + g.after(15*day, 0.5)
	switch {
	case z > 1.7:
		level(first, 1, 1)
		level(first+g.after(20*day, 0.4), 2, 1)
	case z > 1.1:
		level(first, 1, 1)
		if g.chance(0.25) {
			level(first+g.after(30*day, 0.4), 0, 0)
		}
	case z > 0 && g.chance(0.05):
		level(first, 2, 2)
		level(first+g.after(20*day, 0.4), 3+g.IntN(3), 3+g.IntN(3))
	}
}

// addSubAccounts gives some of the busier traders sub-accounts, which share their trades.
func (g *generator) addSubAccounts() {
	for acc := range len(g.accounts) {
		a := &g.accounts[acc]
		if a.trades == 0 || a.rate < 2 || acc == mainPartner || !g.chance(0.2) {
			continue
		}
		a.subs = int32(len(g.accounts))
		at, country := a.trades, a.country
		for range 1 + g.IntN(2) {
			at += g.after(4*day, 1)
			if !g.add(at, len(g.accounts), register, -1) {
				break
			}
			a.subCount++ // before the append moves the accounts
			g.accounts = append(g.accounts, account{parent: -1, code: -1, master: int32(acc), country: country, registered: at})
			a = &g.accounts[acc]
		}
	}
}

// assignUIDs numbers the accounts in the order of their registration, as an exchange does.
func (g *generator) assignUIDs() {
	order := make([]int32, 0, len(g.accounts))
	for i := range g.accounts {
		if i < g.cfg.Partners {
			g.accounts[i].uid = firstPartnerUID + int64(i)
			continue
		}
		order = append(order, int32(i))
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(g.accounts[a].registered, g.accounts[b].registered), cmp.Compare(a, b))
	})
	gap := min(180, (lastRefereeUID-firstRefereeUID)/int64(len(order)+1))
	uid := int64(firstRefereeUID)
	for _, i := range order {
		uid += 1 + g.Int64N(gap)
		g.accounts[i].uid = uid
	}
}
