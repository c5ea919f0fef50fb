package demo

import (
	"io"
	"slices"
	"time"
)

// generator holds the program while its stream is written: the accounts, what is planned for them, and the events of
// one day. Days are drawn one after the other, so that memory grows with accounts and a day's events only.
type generator struct {
	draw
	wire
	cfg       Config
	from, now int64
	days      []int64 // the midnights of the reporting zone, and now

	accounts  []account
	partners  []partner
	codes     []code
	changes   []code // the arguments of changeCode
	allTerms  []terms
	items     []item  // what is planned, by time
	direct    [][]int // of each partner: the referees who trade and are no partners
	subs      [][]int // of each partner: the sub-partners
	incidents []incident
	market    []float64
	season    season
	reversals []reversal // still to come, by time
	today     []item     // one day's events, kept for its memory

	trades  int
	tradeID int64
}

type reversal struct {
	at      int64
	uid     int64
	tradeID int64
}

// Generate writes the events of a program to w in the order in which they happened, one JSON object a line (SPEC 3).
// Everything is drawn from the seed. Errors: domain.CodeInvalid naming a field of the Config, or what w returned.
func Generate(cfg Config, w io.Writer) (*Truth, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	now := cfg.Now.In(cfg.Zone)
	g := &generator{draw: newDraw(cfg.Seed), wire: wire{out: w}, cfg: cfg, now: now.UnixMilli(), tradeID: 100_000_000}
	for d := cfg.Days; d >= 0; d-- {
		midnight := time.Date(now.Year(), now.Month(), now.Day()-d, 0, 0, 0, 0, cfg.Zone)
		if at := midnight.UnixMilli(); at < g.now {
			g.days = append(g.days, at)
		}
	}
	g.from = g.days[0]
	g.days = append(g.days, g.now)
	g.market = market(g.draw, g.days, cfg.Zone)
	g.plan()
	g.calibrate()
	g.plant()
	g.calibrate() // the incidents made some trade more steadily
	for d := range g.market {
		if err := g.day(d); err != nil {
			return nil, err
		}
	}
	g.reverse(g.now - 1)
	if err := g.flush(); err != nil {
		return nil, err
	}
	return g.truth(), nil
}

// level is how much an account trades on a day of the market, as a multiple of its rate and for an average hour season.
func (g *generator) level(a *account, d int) float64 {
	if a.trades == 0 || a.trades >= g.season.to {
		return 0
	}
	l := g.market[d]
	if a.leaves > 0 {
		const fading = 14 * day // nobody notices one who goes slowly
		l *= min(1, max(0, float64(a.leaves-g.season.from)/float64(fading)))
	}
	return l
}

// calibrate scales the rates so that the whole program has the number of trades asked for.
func (g *generator) calibrate() {
	var sum float64
	for d := range g.market {
		g.season.of(g.days[d], g.days[d+1])
		for i := range g.accounts {
			a := &g.accounts[i]
			l := g.level(a, d)
			if l == 0 {
				continue
			}
			weight := g.season.within(int(a.country), a.trades, g.season.to)
			for _, e := range a.effects {
				in := &g.incidents[e]
				weight += (in.factor - 1) * g.season.within(int(a.country), in.from, in.to)
			}
			sum += a.rate * l * max(0, weight)
		}
	}
	if sum == 0 {
		return
	}
	for i := range g.accounts {
		g.accounts[i].rate *= float64(g.cfg.Trades) / sum
	}
}

// day draws the events of a day and writes them in order.
func (g *generator) day(d int) error {
	from, to := g.days[d], g.days[d+1]
	g.season.of(from, to)
	planned, _ := slices.BinarySearchFunc(g.items, to, func(i item, at int64) int {
		if i.at < at {
			return -1
		}
		return 1
	})
	today := append(g.today[:0], g.items[:planned]...)
	g.items = g.items[planned:]
	for i := range g.accounts {
		if l := g.level(&g.accounts[i], d); l > 0 {
			today = g.dayOf(today, i, l)
		}
	}
	if to == g.now {
		today = g.lastMinutes(today)
	}
	slices.SortFunc(today, item.compare)
	for _, it := range today {
		g.reverse(it.at)
		if err := g.write(it); err != nil {
			return err
		}
	}
	g.today = today
	return nil
}

// dayOf adds what one account does on the season's day.
func (g *generator) dayOf(today []item, acc int, level float64) []item {
	a := &g.accounts[acc]
	s := &g.season
	total := s.total(int(a.country))
	peak, noise := 1.0, 0.3
	if a.planted {
		noise = 0.15
	}
	for _, e := range a.effects {
		in := &g.incidents[e]
		if in.from < s.to && s.from < in.to {
			peak *= max(1, in.factor)
			in.expected += usdt(a.rate * level * s.within(int(a.country), max(in.from, a.trades), in.to) * a.size)
		}
	}
	if g.chance(a.busy) {
		for range g.poisson(a.rate * level * total * peak * g.lognormal(noise) / a.busy) {
			at := s.moment(g.draw, int(a.country))
			if at < a.trades || len(a.effects) > 0 && g.chance(1-g.factorAt(a, at)/peak) {
				continue
			}
			today = append(today, item{at, int32(acc), trade, -1})
		}
	}
	for k, rate := range [2]float64{a.deposits, a.withdraws} {
		if !g.chance(rate * level * total) {
			continue
		}
		if at := s.moment(g.draw, int(a.country)); at >= a.trades && g.factorAt(a, at) > 0 {
			today = append(today, item{at, int32(acc), deposit + kind(k), -1})
		}
	}
	return today
}

// lastMinutes adds some trades just before Now, so that there is something to see at once.
func (g *generator) lastMinutes(today []item) []item {
	left := 5
	for _, i := range g.direct[mainPartner] {
		a := &g.accounts[i]
		at := g.now - 1 - g.Int64N(9*minute)
		if left > 0 && len(a.effects) == 0 && a.leaves == 0 && at > a.trades && at >= g.season.from {
			today = append(today, item{at, int32(i), trade, -1})
			left--
		}
	}
	return today
}

// reverse writes the reversals that are due by then.
func (g *generator) reverse(until int64) {
	due := 0
	for ; due < len(g.reversals) && g.reversals[due].at <= until; due++ {
		r := &g.reversals[due]
		g.begin("trade.reversed", r.at, r.uid)
		g.quoted(`,"tradeId":"`, r.tradeID)
		g.text(`,"reason":"`, reversalReasons[g.IntN(len(reversalReasons))])
		g.end()
	}
	g.reversals = slices.Delete(g.reversals, 0, due)
}
