package demo

import (
	"cmp"
	"slices"
	"time"

	"partnerhub/domain"
)

// incident is a planted one. referee, sub and partner are indexes; -1 is none.
type incident struct {
	kind          Kind
	partner       int
	referee, sub  int
	from, to      int64
	factor        float64 // on the number of trades, or on the size of one transfer
	before, after Rates

	expected, seen domain.Money
}

const (
	// history is how long a subject must have traded before, so that a reader can know what is usual.
	history = 18 * day
	// The least that would usually have happened in an incident of a trader and of a book, in trades.
	enoughAlone, enoughInBook = 14, 45
	// rest is how long a book is left alone before it is the subject of another incident.
	rest = 24 * day
)

// plant draws the incidents: for the main partner about one every nine days and one of each kind in the last
// days, for the others about one every four weeks. Where there is no fitting subject, there is none.
func (g *generator) plant() {
	g.children()
	midnight := func(daysAgo int) int64 {
		return g.days[max(0, len(g.days)-2-daysAgo)]
	}
	g.silence(mainPartner, 1, g.now-6*day-5*hour, g.now)
	g.shake(mainPartner, VolumeDrop, midnight(3), g.now)
	g.shake(mainPartner, VolumeSpike, midnight(2), g.now)
	g.surge(mainPartner, WithdrawalSpike, g.now-29*hour)
	g.surge(mainPartner, DepositSpike, g.now-53*hour)
	turn := 0
	for at := g.now - 17*day; at > g.from+history; at -= 8*day + g.Int64N(2*day) {
		g.plantOne(mainPartner, turn, at)
		turn++
	}
	for p := 1; p < g.cfg.Partners; p++ {
		if len(g.direct[p]) < 8 {
			continue
		}
		turn = p
		for at := g.now - int64(g.between(3, 24)*float64(day)); at > g.from+history; at -= 25*day + g.Int64N(4*day) {
			g.plantOne(p, turn, at)
			turn++
		}
	}
	slices.SortFunc(g.items, item.compare)
}

// plantOne plants a kind in turn, beginning about then.
func (g *generator) plantOne(p, turn int, at int64) {
	i, found := slices.BinarySearch(g.days, at)
	if !found {
		i--
	}
	midnight := func(n int) int64 { return g.days[min(i+n, len(g.days)-1)] }
	switch turn % 5 {
	case 0:
		g.shake(p, VolumeSpike, midnight(0), midnight(2+g.IntN(2)))
	case 1:
		g.surge(p, WithdrawalSpike, at)
	case 2:
		g.silence(p, 2, at, min(g.now, at+int64(g.between(12, 16)*float64(day))))
	case 3:
		g.surge(p, DepositSpike, at)
	case 4:
		g.shake(p, VolumeDrop, midnight(0), midnight(3+g.IntN(2)))
	}
}

// children finds, for each partner, its direct referees who trade, the largest first, and its sub-partners.
func (g *generator) children() {
	g.direct, g.subs = make([][]int, g.cfg.Partners), make([][]int, g.cfg.Partners)
	for i := range g.accounts {
		a := &g.accounts[i]
		switch {
		case a.parent < 0 || int(a.parent) >= g.cfg.Partners:
		case i < g.cfg.Partners:
			g.subs[a.parent] = append(g.subs[a.parent], i)
		case a.trades > 0:
			g.direct[a.parent] = append(g.direct[a.parent], i)
		}
	}
	for _, d := range g.direct {
		slices.SortFunc(d, func(a, b int) int {
			x, y := &g.accounts[a], &g.accounts[b]
			return cmp.Or(cmp.Compare(y.rate*y.size, x.rate*x.size), cmp.Compare(a, b))
		})
	}
}

// subject is the nth largest of the direct referees that have traded long enough and at least so often a day, and
// are not a subject yet. It becomes a steady trader. -1: there is none.
func (g *generator) subject(p, nth int, from int64, least float64) int {
	best := -1
	for _, i := range g.direct[p] {
		a := &g.accounts[i]
		if a.planted || a.trades > from-history || a.rate < least || a.leaves > 0 && a.leaves < from+20*day {
			continue
		}
		if best = i; nth == 0 {
			break
		}
		nth--
	}
	if best >= 0 {
		a := &g.accounts[best]
		a.planted, a.busy, a.leaves = true, 1, 0
	}
	return best
}

func (g *generator) silence(p, nth int, from, to int64) {
	least := enoughAlone / (float64(to-from) / float64(day))
	if i := g.subject(p, nth, from, max(least, 2)); i >= 0 {
		g.affect(incident{kind: SilentTrader, partner: p, referee: i, sub: -1, from: from, to: to}, i)
	}
}

// surge plants one transfer of many times the usual amount, of an account that makes such transfers regularly.
func (g *generator) surge(p int, k Kind, at int64) {
	i := g.subject(p, 2, at, 0.4)
	if i < 0 {
		return
	}
	a := &g.accounts[i]
	a.deposits, a.withdraws = max(a.deposits, 0.3), max(a.withdraws, 0.2)
	kind := deposit
	if k == WithdrawalSpike {
		kind = withdrawal
	}
	for n := int64(1); n <= 4; n++ { // so that what is usual can be seen
		g.add(at-4*n*day+g.Int64N(2*day), i, kind, -1)
	}
	in := incident{kind: k, partner: p, referee: i, sub: -1, from: at, to: min(at+hour, g.now), factor: g.between(14, 30),
		expected: usdt(a.transfer)}
	g.incidents = append(g.incidents, in)
	g.add(at, i, kind, len(g.incidents)-1)
}

// shake raises or lowers what a book trades: of the largest sub-partner that was left alone for some time, or, without
// one, of the partner itself.
func (g *generator) shake(p int, k Kind, from, to int64) {
	if from < g.from+history || from >= to {
		return
	}
	in := incident{kind: k, partner: p, referee: -1, sub: -1, from: from, to: to, factor: g.between(0.05, 0.15)}
	if k == VolumeSpike {
		in.factor = g.between(3, 4.5)
	}
	best, most := -1, float64(enoughInBook)
	for _, s := range g.subs[p] {
		if n := g.usual(s, from, to); n >= most && g.rested(s, from, to) {
			best, most = s, n
		}
	}
	switch {
	case best >= 0:
		in.sub = best
	// The main partner's whole business is left alone: its weeks are the ones to be shown.
	case p == mainPartner || !g.rested(p, from, to) || g.usual(p, from, to) < enoughInBook:
		return
	default:
		best = p
	}
	g.affect(in, g.bookOf(best)...)
}

// rested reports whether nothing was done around that time to a book, to one below or to the one that it is part of.
func (g *generator) rested(p int, from, to int64) bool {
	for _, i := range g.bookOf(p) {
		for _, e := range g.accounts[i].effects {
			in := &g.incidents[e]
			if in.referee < 0 && in.from-rest < to && from < in.to+rest {
				return false
			}
		}
	}
	return true
}

// usual is how many trades a book would have in a time, on average. One whose volume comes from newcomers, or from
// one trader, has no usual: 0.
func (g *generator) usual(p int, from, to int64) float64 {
	var n, volume, known, largest float64
	for _, i := range g.bookOf(p) {
		a := &g.accounts[i]
		if a.trades == 0 || a.trades >= from || a.leaves > 0 && a.leaves < to {
			continue
		}
		n += a.rate
		v := a.rate * a.size
		volume += v
		largest = max(largest, v)
		if a.trades < from-15*day {
			known += v
		}
	}
	if known < 0.75*volume || largest > 0.55*volume {
		return 0
	}
	return n * float64(to-from) / float64(day)
}

// bookOf is a partner and everybody below who trades.
func (g *generator) bookOf(p int) []int {
	book := []int{p}
	for at := 0; at < len(book); at++ {
		if up := book[at]; up < g.cfg.Partners {
			book = append(book, g.direct[up]...)
			book = append(book, g.subs[up]...)
		}
	}
	return book
}

func (g *generator) affect(in incident, book ...int) {
	g.incidents = append(g.incidents, in)
	for _, i := range book {
		g.accounts[i].effects = append(g.accounts[i].effects, int32(len(g.incidents)-1))
	}
}

// factorAt is what the incidents do to an account's trading at an instant: 1 is nothing.
func (g *generator) factorAt(a *account, at int64) float64 {
	f := 1.0
	for _, e := range a.effects {
		if in := &g.incidents[e]; in.from <= at && at < in.to {
			f *= in.factor
		}
	}
	return f
}

// truth says what was planted, as it came out in the stream.
func (g *generator) truth() *Truth {
	t := &Truth{Seed: g.cfg.Seed, From: time.UnixMilli(g.from).UTC(), Now: time.UnixMilli(g.now).UTC(),
		Events: g.events, Trades: g.trades, People: Cast(), Incidents: []Incident{}}
	for _, in := range g.incidents {
		out := Incident{Kind: in.kind, PartnerUID: g.accounts[in.partner].uid,
			From: time.UnixMilli(in.from).UTC(), To: time.UnixMilli(in.to).UTC(),
			Expected: in.expected, Seen: in.seen, Size: max(in.seen-in.expected, in.expected-in.seen)}
		if in.referee >= 0 {
			out.RefereeUID = g.accounts[in.referee].uid
		}
		if in.sub >= 0 {
			out.SubPartnerUID = g.accounts[in.sub].uid
		}
		if in.kind == RateChange {
			out.Before, out.After = &in.before, &in.after
		}
		t.Incidents = append(t.Incidents, out)
	}
	slices.SortStableFunc(t.Incidents, func(a, b Incident) int { return a.From.Compare(b.From) })
	return t
}
