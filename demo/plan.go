package demo

import (
	"cmp"
	"slices"

	"partnerhub/domain"
)

// account is one main account or sub-account. Accounts refer to each other and to codes by index; -1 is none.
type account struct {
	uid        int64
	parent     int32 // who referred it
	code       int32 // by which code
	master     int32 // of a sub-account
	subs       int32 // its first sub-account; the others follow
	subCount   int32
	country    int32
	registered int64 // milliseconds of Unix time, as all instants here

	// Of traders:
	trades    int64   // from this instant on; 0: never
	leaves    int64   // fades away until then; 0: stays
	rate      float64 // trades on an average day, before fading, season and market
	busy      float64 // chance that it trades on a day at all
	size      float64 // average volume of a trade in USDT, over its products
	futures   float64 // share of its trades
	margin    float64 // share of the others
	symbol    int32   // the favourite one
	discount  float64 // that it always has
	transfer  float64 // average deposit in USDT
	deposits  float64 // a day
	withdraws float64
	effects   []int32 // incidents that change how much it trades
	planted   bool    // it is the subject of an incident already

	spotVIP, futuresVIP uint8 // as the stream advances
}

// code is a referral code.
type code struct {
	owner         int32
	opened        int64
	name, note    string
	isDefault     bool
	spot, futures domain.Rate // rebates
	share         float64     // of the sign-ups while it is open
}

// kind is what an item of the plan or of a day becomes. At the same instant, the order is the one here.
type kind uint8

const (
	register kind = iota
	basic
	advanced
	enrol
	rates
	openCode
	changeCode
	vip
	deposit
	withdrawal
	trade
)

// item is one event to be. arg is an index into what its kind needs, or -1.
type item struct {
	at   int64
	acc  int32
	kind kind
	arg  int32
}

func (a item) compare(b item) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at)
	}
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	if a.acc != b.acc {
		return cmp.Compare(a.acc, b.acc)
	}
	return cmp.Compare(a.arg, b.arg)
}

// terms is the argument of enrol and rates.
type terms struct {
	Rates
	bd int64 // 0: none, or unchanged
}

// role is a place in the main partner's tree, by partner index.
type role struct {
	parent        int     // the partner above; -1: nobody
	friend        bool    // referred not by the parent itself but by a referee of the parent's who is no partner
	share         float64 // of the tree's referees
	joins         float64 // as a fraction of the program's time
	spot, futures domain.Rate
}

const (
	mainPartner = 0
	upline      = 5 // the partner above the main one
	friends     = 2 // referees of the main partner who refer others without being partners
)

var mainTree = []role{
	{parent: upline, share: 0.50, joins: 0.004, spot: 400_000, futures: 450_000},
	{parent: mainPartner, share: 0.17, joins: 0.008, spot: 300_000, futures: 330_000},
	{parent: mainPartner, share: 0.12, joins: 0.012, spot: 280_000, futures: 300_000},
	{parent: mainPartner, share: 0.09, joins: 0.020, spot: 250_000, futures: 280_000},
	{parent: 1, share: 0.05, joins: 0.016, spot: 200_000, futures: 220_000},
	{parent: -1, joins: 0.0005, spot: 550_000, futures: 600_000},
	{parent: mainPartner, friend: true, share: 0.03, joins: 0.035, spot: 250_000, futures: 250_000},
	{parent: mainPartner, share: 0.04, joins: 0.060, spot: 250_000, futures: 250_000},
}

// partner is a role that was given to an account: partner i is account i.
type partner struct {
	role
	opened int64   // its default code
	codes  []int32 // in the order of opening
	home   int32   // most of its referees' country; -1: no such
	rates  Rates   // the latest planned
}

// plan draws who there is, and what happens to them but for trading: O(accounts) in time and memory.
func (g *generator) plan() {
	g.accounts = make([]account, g.cfg.Partners, g.cfg.Partners+g.cfg.Referees*21/20)
	g.partners = make([]partner, g.cfg.Partners)
	for f := range friends {
		name := []string{"FRIENDA", "FRIENDB"}[f]
		g.codes = append(g.codes, code{owner: int32(g.friend(f)), opened: g.friendJoins(f) + (g.now-g.from)/1000,
			name: name, note: "Invite a friend", isDefault: true})
	}
	if g.cfg.Partners > upline { // the others' parents come before them in this order
		g.addPartner(upline)
	}
	for p := range g.cfg.Partners {
		if p != upline {
			g.addPartner(p)
		}
	}
	sizes := g.bookSizes()
	for p := range g.partners {
		g.addBook(p, sizes[p])
	}
	g.addSubAccounts()
	g.assignUIDs()
	slices.SortFunc(g.items, item.compare)
}

// at is an instant of the program by its fraction.
func (g *generator) at(fraction float64) int64 {
	return g.from + int64(fraction*float64(g.now-g.from))
}

// add plans an item and says whether it is before Now. What is not does not happen.
func (g *generator) add(at int64, acc int, k kind, arg int) bool {
	if at >= g.now {
		return false
	}
	g.items = append(g.items, item{at, int32(acc), k, int32(arg)})
	return true
}

// friend is the index of an account that refers others without being a partner.
func (g *generator) friend(f int) int { return g.cfg.Partners + f }

func (g *generator) friendJoins(f int) int64 { return g.at(0.024 + 0.003*float64(f)) }

func (g *generator) addPartner(p int) {
	pa, a := &g.partners[p], &g.accounts[p]
	pa.role, pa.home = g.roleOf(p), -1
	if p > mainPartner {
		pa.home = int32(g.pick(len(countries), func(c int) float64 { return countries[c].share }))
	}
	step := (g.now - g.from) / 1500
	*a = account{parent: -1, code: -1, master: -1, country: max(pa.home, 0), registered: g.at(pa.joins)}
	switch {
	case pa.friend:
		a.parent, a.code = int32(g.friend(0)), 0
	case pa.parent >= 0:
		a.parent = int32(pa.parent)
		a.code = g.partners[pa.parent].codes[0]
	}
	at := a.registered
	g.add(at, p, register, -1)
	g.add(at+step/4, p, basic, -1)
	g.add(at+step/2, p, advanced, -1)
	g.add(at+step*3/4, p, enrol, g.terms(Rates{pa.spot, pa.futures}, g.bdOf(p)))
	pa.rates = Rates{pa.spot, pa.futures}
	pa.opened = at + step
	g.addCodes(p)
	if g.add(at+2*step, p, deposit, -1) && at+3*step < g.now {
		a.trades = at + 3*step
	}
	g.changeRates(p)
}

// roleOf is the place of a partner: in the main tree, or in one of the others, up to four deep.
func (g *generator) roleOf(p int) role {
	if p < len(mainTree) {
		r := mainTree[p]
		if r.parent >= g.cfg.Partners { // a small program has nobody above the main partner
			r.parent = -1
		}
		return r
	}
	r := role{parent: -1, joins: g.between(0.01, 0.15)}
	r.spot = domain.Rate(30+5*g.IntN(4)) * 10_000
	if p > len(mainTree) && g.chance(0.4) {
		above := len(mainTree) + g.IntN(p-len(mainTree))
		if up := g.partners[above].role; up.spot >= 200_000 {
			r = role{parent: above, joins: up.joins + g.between(0.02, 0.06), spot: up.spot - 80_000}
		}
	}
	r.futures = r.spot + 30_000
	return r
}

// bdOf is the manager of a partner. One partner in ten outside the main tree has none.
func (g *generator) bdOf(p int) int64 {
	switch {
	case p < len(mainTree):
		return firstBDUID
	case g.chance(0.1):
		return 0
	}
	return firstBDUID + 1 + g.Int64N(2)
}

func (g *generator) terms(r Rates, bd int64) int {
	g.allTerms = append(g.allTerms, terms{r, bd})
	return len(g.allTerms) - 1
}

// changeRates raises the rates of the main partner and of its first sub-partner, and of some others. Each change
// is an incident that is known.
func (g *generator) changeRates(p int) {
	pa := &g.partners[p]
	rise, when := domain.Rate(50_000), 0.68
	switch {
	case p == mainPartner:
	case p == 1:
		rise, when = 30_000, 0.92
	case p < len(mainTree) || !g.chance(0.4):
		return
	default:
		rise, when = 20_000, g.between(0.4, 0.9)
		if g.chance(0.3) {
			rise = -20_000
		}
	}
	at := g.at(when) / hour * hour // terms change on the hour
	after := Rates{pa.rates.Spot + rise, pa.rates.Futures + rise}
	if at <= pa.opened || !g.add(at, p, rates, g.terms(after, 0)) {
		return
	}
	before := pa.rates
	g.incidents = append(g.incidents, incident{kind: RateChange, partner: p, referee: -1, sub: -1, from: at, to: g.now, before: before, after: after})
	pa.rates = after
}

func (g *generator) addCodes(p int) {
	pa := &g.partners[p]
	plans := mainCodes
	if p != mainPartner {
		plans = otherCodes[:1+g.IntN(len(otherCodes))]
	}
	span := g.now - pa.opened
	for _, cp := range plans {
		// Whole percents, and below the partner's own rate, else the rebate would eat the commission.
		rebate := domain.Rate(cp.rebate*float64(min(pa.spot, pa.futures))) / 10_000 * 10_000
		c := code{owner: int32(p), name: codeName(p) + cp.suffix, note: cp.note, isDefault: cp.suffix == "",
			opened: pa.opened + int64(cp.opened*float64(span)), spot: rebate, futures: rebate, share: cp.share}
		if cp.suffix == "VIP" { // futures traders get more
			c.futures += 20_000
		}
		i := len(g.codes)
		if !g.add(c.opened, p, openCode, i) {
			continue
		}
		g.codes = append(g.codes, c)
		pa.codes = append(pa.codes, int32(i))
		if cp.promote != "" {
			raised := c
			raised.spot, raised.futures, raised.note = c.spot+20_000, c.futures+20_000, cp.promote
			if g.add(c.opened+(g.now-c.opened)*3/5, p, changeCode, len(g.changes)) {
				g.changes = append(g.changes, raised)
			}
		}
	}
}
