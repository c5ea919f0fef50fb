package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Start and End bound the times of random events, [Start, End). Between them lie the edges of two months and of
// three weeks, and the autumn change of the clock in Europe and in America.
var (
	Start = time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)
	End   = time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)
)

// Random makes n accepted events of a small world, in random order, that do not conflict with each other.
// Any part of them is such a set, too. They are meant to be nasty: accounts, codes and trades that are referred
// to and never come, loops, relations to oneself, sub-accounts of sub-accounts, and versions of everything at
// the very instants of trades. Worlds of 150 events and more have 10 to 30 accounts; smaller ones fewer.
func Random(rng *rand.Rand, n int) []referral.Event {
	w := &world{rng: rng, reversed: map[string]bool{}}
	w.populate(max(3, min(10+rng.IntN(21), n/5)))
	for len(w.events) < n {
		w.happen()
	}
	rng.Shuffle(len(w.events), func(i, j int) { w.events[i], w.events[j] = w.events[j], w.events[i] })
	return w.events[:n]
}

// world is what has been made up so far.
type world struct {
	rng      *rand.Rand
	uids     []int64 // registered or not
	codes    []ownedCode
	trades   []referral.Event
	reversed map[string]bool // trades, by id: a second reversal would be a conflict
	events   []referral.Event
}

type ownedCode struct {
	code  string
	owner int64
}

// populate makes the accounts, their codes, and who is a partner. One in fifteen accounts never registers, one
// in ten codes is never created; both are used all the same.
func (w *world) populate(accounts int) {
	for i := range accounts {
		w.uids = append(w.uids, int64(1000+10*i+w.rng.IntN(10)))
		for k := range pick(w, 0, 1, 1, 1, 2, 2, 2, 3) {
			w.codes = append(w.codes, ownedCode{fmt.Sprintf("C%dx%d", i, k), w.uids[i]})
		}
	}
	ring := w.rng.IntN(accounts)           // the first of some accounts in a row, of which
	length := pick(w, 0, 0, 2, 2, 3, 4, 5) // the first signs up with a code of the last: mostly a loop
	for i, uid := range w.uids {
		r := w.registration(i)
		if last := ring + length - 1; length > 0 && last < accounts && ring <= i && i <= last {
			r = referral.Registration{ReferralCode: w.codeOf(w.uids[max(i-1, 0)])}
			if i == ring {
				r.ReferralCode = w.codeOf(w.uids[last])
			}
		}
		if !w.chance(15) {
			w.add(uid, w.early(), r)
		}
		if !w.chance(4) {
			// Half of them get less than those before them, so that there is a difference to earn.
			less := max(0, 900_000-domain.Rate(i)*70_000)
			w.add(uid, w.early(), referral.Rates{
				Enrolled: true, SpotRate: pick(w, less, w.rate()), FuturesRate: pick(w, less, w.rate()), BDUID: w.bd(),
			})
		}
	}
	for _, c := range w.codes {
		if !w.chance(10) {
			w.add(c.owner, w.early(), referral.Code{
				Created: true, Code: c.code, SpotRebateRate: w.maybeRate(), FuturesRebateRate: w.maybeRate(), Note: w.note(),
			})
		}
	}
}

// registration is the i-th account's: mostly by the account just before, so that chains grow deep.
func (w *world) registration(i int) referral.Registration {
	r := referral.Registration{Country: pick(w, "", "VN", "BR", "DE")}
	switch owner := w.uids[max(i-1, 0)]; w.rng.IntN(20) {
	case 0: // nobody
	case 1:
		r.ReferralCode = "GHOST"
	case 2:
		r.ReferralCode = w.codeOf(w.uids[i])
	case 3, 4, 5: // anybody, also one further down
		r.ReferralCode = w.codeOf(w.uid())
	default:
		r.ReferralCode = w.codeOf(owner)
	}
	if i > 0 && w.chance(6) { // of an earlier account, so that masters never go round in a circle
		r.MasterUID = w.uids[w.rng.IntN(i)]
		if w.chance(10) {
			r.MasterUID = 99
		}
	}
	return r
}

// codeOf is some code of the account, or nothing where it has none.
func (w *world) codeOf(uid int64) string {
	var own []string
	for _, c := range w.codes {
		if c.owner == uid {
			own = append(own, c.code)
		}
	}
	if len(own) == 0 {
		return ""
	}
	return pick(w, own...)
}

// happen adds one event of everyday life.
func (w *world) happen() {
	uid, at := w.uid(), w.time()
	switch k := w.rng.IntN(100); {
	case k < 45:
		uid = w.uids[max(w.rng.IntN(len(w.uids)), w.rng.IntN(len(w.uids)))] // the later ones are further down
		w.trades = append(w.trades, w.add(uid, at, w.trade()))
	case k < 56:
		w.reverse()
	case k < 64:
		w.add(uid, at, w.transfer(false))
	case k < 70:
		w.add(uid, at, w.transfer(true))
	case k < 78:
		w.add(uid, at, referral.VIP{SpotLevel: w.rng.IntN(5), FuturesLevel: w.rng.IntN(4)})
	case k < 84:
		w.add(uid, at, referral.KYC{Level: pick(w, referral.KYCBasic, referral.KYCAdvanced)})
	case k < 90:
		w.add(uid, at, referral.Rates{SpotRate: w.rate(), FuturesRate: w.rate(), BDUID: w.bd()})
	case k < 91:
		w.add(uid, at, referral.Rates{Enrolled: true, SpotRate: w.rate(), FuturesRate: w.rate()})
	case k < 97 && len(w.codes) > 0:
		w.changeCode(at)
	default:
		w.add(0, at, referral.Rules{
			Mode:       pick[referral.Mode](w, "differential", "fixed_override"),
			SpotVIPMax: w.rng.IntN(5), FuturesVIPMax: w.rng.IntN(4), Levels: pick(w, 1, 2, 3, 3, 3),
			SpotOverrideRate: w.rate(), FuturesOverrideRate: w.rate(),
		})
	}
}

func (w *world) trade() referral.Trade {
	t := referral.Trade{
		TradeID: fmt.Sprintf("T%d", len(w.trades)),
		Product: pick(w, referral.Spot, referral.Margin, referral.Futures),
		Symbol:  pick(w, "BTCUSDT", "ETHUSDT"), Side: pick(w, "buy", "sell"),
		Volume: w.money(), FeeGross: w.money(),
	}
	switch w.rng.IntN(4) {
	case 0:
		t.FeePaid = domain.Money(w.rng.Int64N(int64(t.FeeGross) + 1))
	case 1:
		t.FeePaid = min(t.FeeGross, domain.Money(w.rng.IntN(20))) // dust
	default:
		t.FeePaid = t.FeeGross
	}
	if w.chance(10) {
		t.Ineligible, t.Reason = true, pick(w, "zero fee", "bonus fund", "special rate")
	}
	return t
}

// reverse takes back a trade that stands, as a rule after it, at times for a wrong account; or one that never was.
func (w *world) reverse() {
	if len(w.trades) == 0 || w.chance(15) {
		id := fmt.Sprintf("N%d", len(w.events))
		w.add(w.uid(), w.time(), referral.Reversal{TradeID: id, Reason: "error"})
		return
	}
	trade := pick(w, w.trades...)
	id := trade.Body.(referral.Trade).TradeID
	if w.reversed[id] {
		return
	}
	w.reversed[id] = true
	uid, at := trade.UID, w.time()
	if w.chance(12) {
		uid = w.uid()
	}
	if at.Before(trade.At) && !w.chance(10) {
		at = trade.At.Add(time.Duration(w.rng.Int64N(End.Sub(trade.At).Microseconds())) * time.Microsecond)
	}
	w.add(uid, at, referral.Reversal{TradeID: id, Reason: "error"})
}

func (w *world) transfer(withdrawal bool) referral.Transfer {
	return referral.Transfer{
		Withdrawal: withdrawal, Amount: "0.5", Asset: pick(w, "BTC", "USDT"),
		Method: pick(w, "crypto", "p2p", "fiat"), AmountUSDT: w.money(),
	}
}

// changeCode changes at least one field, mostly by the owner, at times of a code that is never created.
func (w *world) changeCode(at time.Time) {
	c := pick(w, w.codes...)
	uid := c.owner
	if w.chance(10) {
		uid = w.uid()
	}
	change := referral.Code{Code: c.code, SpotRebateRate: w.maybeRate(), FuturesRebateRate: w.maybeRate(), Note: w.note()}
	if change.SpotRebateRate == nil && change.FuturesRebateRate == nil {
		change.Default = new(bool)
	}
	w.add(uid, at, change)
}

// add gives the event an id of which the order says nothing about when it was made up, and in which upper
// and lower case, digits and signs meet: ties are broken by its bytes.
func (w *world) add(uid int64, at time.Time, body referral.Body) referral.Event {
	e := referral.Event{
		ID:   fmt.Sprintf("%s%s%d", pick(w, "a", "B", "b", "A", "-", "_", "9", "10"), pick(w, "", "-", "x", "X"), len(w.events)),
		Type: typeOf(body), At: at, UID: uid, Body: body,
	}
	w.events = append(w.events, e)
	return e
}

// time is anywhere between Start and End, with a liking for instants already used, the edges of hours (among
// them the midnights of other zones) and days, and a microsecond beside them.
func (w *world) time() time.Time {
	hours := int(End.Sub(Start).Hours())
	var t time.Time
	switch k := w.rng.IntN(10); {
	case k < 3 && len(w.events) > 0:
		t = pick(w, w.events...).At
	case k < 4:
		t = Start.Add(time.Duration(w.rng.IntN(hours)) * time.Hour)
	case k < 5:
		t = Start.AddDate(0, 0, w.rng.IntN(hours/24))
	default:
		return Start.Add(time.Duration(w.rng.Int64N(End.Sub(Start).Microseconds())) * time.Microsecond)
	}
	t = t.Add(pick(w, 0, 0, -time.Microsecond, time.Microsecond))
	if t.Before(Start) || !t.Before(End) {
		return Start
	}
	return t
}

// early is mostly in the first days, so that there are accounts, codes and partners for most of what follows.
func (w *world) early() time.Time {
	t := w.time()
	if w.chance(5) {
		return t
	}
	return Start.Add((t.Sub(Start) / 8).Truncate(time.Microsecond))
}

// money is nothing, dust, figures of SPEC 4's example, everyday amounts, or the most that is allowed.
func (w *world) money() domain.Money {
	switch w.rng.IntN(8) {
	case 0:
		return domain.Money(w.rng.IntN(12))
	case 1:
		return pick(w, 0, 3_333_333, 8*domain.USDT, 10*domain.USDT)
	case 2:
		if w.chance(8) {
			return domain.MaxEventAmount - domain.Money(w.rng.IntN(2))
		}
	}
	return domain.Money(w.rng.Int64N(int64(1000 * domain.USDT)))
}

func (w *world) rate() domain.Rate {
	return pick(w, 0, 1, 100_000, 333_333, 450_000, 600_000, 999_999, domain.RateOne, domain.Rate(w.rng.IntN(1_000_001)))
}

func (w *world) maybeRate() *domain.Rate {
	if w.chance(3) {
		return nil
	}
	r := pick(w, 0, 50_000, 100_000, 333_333, w.rate())
	return &r
}

func (w *world) note() *string {
	return pick(w, nil, new(string), new("channel"))
}

func (w *world) bd() *int64 {
	return pick(w, nil, new(int64(7)), new(int64(8)))
}

func (w *world) uid() int64 { return pick(w, w.uids...) }

// chance is true once in n times.
func (w *world) chance(n int) bool { return w.rng.IntN(n) == 0 }

func pick[T any](w *world, from ...T) T { return from[w.rng.IntN(len(from))] }

// typeOf is the event type that goes with a body.
func typeOf(body referral.Body) referral.EventType {
	switch b := body.(type) {
	case referral.Registration:
		return referral.AccountRegistered
	case referral.KYC:
		return referral.KYCCompleted
	case referral.VIP:
		return referral.VIPChanged
	case referral.Rates:
		if b.Enrolled {
			return referral.PartnerEnrolled
		}
		return referral.PartnerRates
	case referral.Code:
		if b.Created {
			return referral.ReferralCodeCreated
		}
		return referral.ReferralCodeChanged
	case referral.Transfer:
		if b.Withdrawal {
			return referral.WithdrawalCompleted
		}
		return referral.DepositCompleted
	case referral.Trade:
		return referral.TradeExecuted
	case referral.Reversal:
		return referral.TradeReversed
	case referral.Rules:
		return referral.RulesChanged
	}
	panic(fmt.Sprintf("oracle: no event type for a %T", body))
}

// Partners lists, ascending, the uids that a test may ask about: every account that the events name, which
// takes in those that never register and those that are no partner.
func Partners(events []referral.Event) []int64 {
	var uids []int64
	for _, e := range events {
		if e.UID != 0 {
			uids = append(uids, e.UID)
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids)
}
