package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// product codes in the tables; 0 is none.
var products = []referral.Product{"", referral.Spot, referral.Margin, referral.Futures}

func productCode(p referral.Product) int16 { return int16(slices.Index(products, p)) }

// fact is a trade or a transfer with what attribution made of it: a row of table trade or transfer.
type fact struct {
	id         string
	account    int64
	at         time.Time
	trade      *referral.Trade    // one of the two is set
	money      *referral.Transfer //
	reversedAt time.Time          // zero: not reversed

	place referral.Attribution
	terms referral.Terms
	rules string
	split referral.Split
}

// attribute places the fact and, for a trade, settles its fee. It reports whether the account is known.
func (f *fact) attribute(s *referral.Structure) bool {
	place, ok := s.Place(f.account, f.at)
	if !ok {
		return false
	}
	f.place, f.terms, f.rules, f.split = place, referral.Terms{}, "", referral.Split{}
	if f.trade != nil && place.Path[0] != 0 { // a trade that is nobody's earns nobody anything
		f.terms, f.rules = s.Terms(place, f.trade.Product, f.at)
		f.split = referral.Settle(f.trade, &f.terms)
	}
	return true
}

const tradeColumns = `owner, u2, u3, referee, account, at, volume, fee_gross, fee_paid, earned1, earned2, earned3, rebate,
	reversed_at, rate1, rate2, rate3, rebate_rate, product, eligible, counts, ineligible, id, trade_id, symbol, side, reason, rules`

func (f *fact) copyTrade(b *copyBuffer) {
	t, p := f.trade, f.place.Path
	b.row(28)
	b.int64(p[0], p[1], p[2], f.place.Referee, f.account)
	b.time(f.at)
	b.int64(int64(t.Volume), int64(t.FeeGross), int64(t.FeePaid))
	e := f.split.Earned
	b.int64(int64(e[0]), int64(e[1]), int64(e[2]), int64(f.split.Rebate))
	b.time(f.reversedAt)
	up := f.terms.Upline
	b.int32(int32(up[0].Rate), int32(up[1].Rate), int32(up[2].Rate), int32(f.terms.RebateRate))
	b.int16(productCode(t.Product))
	b.bool(f.split.Eligible, f.place.Counts, t.Ineligible)
	b.text(f.id, t.TradeID, t.Symbol, t.Side, t.Reason, f.rules)
}

const transferColumns = `owner, u2, u3, referee, account, at, amount, withdrawal, counts, id`

func (f *fact) copyTransfer(b *copyBuffer) {
	p := f.place.Path
	b.row(10)
	b.int64(p[0], p[1], p[2], f.place.Referee, f.account)
	b.time(f.at)
	b.int64(int64(f.money.AmountUSDT))
	b.bool(f.money.Withdrawal, f.place.Counts)
	b.text(f.id)
}

// insertFacts copies attributed facts into their tables and adds what they contribute to d, which may be nil.
func insertFacts(ctx context.Context, tx pgx.Tx, facts []fact, d *deltas) error {
	// In order of id, so that two writers with the same lines wait for each other instead of dying in a deadlock.
	slices.SortFunc(facts, func(a, b fact) int { return cmp.Compare(a.id, b.id) })
	trades, transfers := newCopyBuffer(len(facts), 360), newCopyBuffer(0, 0)
	for i := range facts {
		f := &facts[i]
		if f.trade != nil {
			f.copyTrade(trades)
		} else {
			f.copyTransfer(transfers)
		}
		if d != nil {
			d.add(f, 1)
		}
	}
	if err := trades.send(ctx, tx, "trade ("+tradeColumns+")"); err != nil {
		return err
	}
	return transfers.send(ctx, tx, "transfer ("+transferColumns+")")
}

// dayKey and hourKey are the grains at which a batch sums up before it appends to tables delta and delta_hour.
type dayKey struct {
	path    [referral.Levels]int64
	referee int64
	day     int64 // unix seconds of midnight UTC
	product int16
}

type hourKey struct {
	partner int64
	hour    int64 // unix seconds
	product int16
	level   int16 // 1 direct, 2 indirect
}

type sums struct {
	earned                 [referral.Levels]domain.Money
	rebate                 domain.Money
	volume, eligible, fees domain.Money
	trades, executed       int64
	deposits, withdrawals  domain.Money
}

type dayRow struct {
	sums
	lastAt time.Time
}

// hourRow is what one beneficiary gets of the facts of an hour.
type hourRow struct {
	earned, rebate         domain.Money
	volume, eligible, fees domain.Money
	trades                 int64
	deposits, withdrawals  domain.Money
}

// deltas sums what a batch adds to the rollups. first keeps the earliest fact of each main account.
type deltas struct {
	store *Store
	days  map[dayKey]*dayRow
	slab  []dayRow
	hours map[hourKey]*hourRow
	tasks []taskFact // see appendTasks
	first map[int64]*firsts
	known map[int64]firsts // what the accounts' rows said when they were read
	moved map[int64]firsts // what they say after saveFirsts
	// The buckets of the last time seen: a batch's facts are mostly of the same hour.
	from, to, hour, day int64
}

type firsts struct{ trade, deposit time.Time }

func (s *Store) newDeltas(facts int) *deltas {
	return &deltas{store: s, days: make(map[dayKey]*dayRow, facts), hours: map[hourKey]*hourRow{}, first: map[int64]*firsts{}, known: map[int64]firsts{}, moved: map[int64]firsts{}}
}

// bucket sets the day and the hour that a time lies in.
func (d *deltas) bucket(at time.Time) {
	unix := at.Unix()
	if unix >= d.from && unix < d.to {
		return
	}
	h := d.store.hour(at)
	d.hour, d.day, d.from, d.to = h.Unix(), d.store.day(h).Unix(), unix, unix+1
	// The hour's seconds share its bucket as long as the zone's offset does not change within it; bounding the
	// memo by the full hour is only right when both ends fall into the same one.
	if d.store.hour(h.Add(time.Hour - time.Second)).Equal(h) {
		d.from, d.to = h.Unix(), h.Unix()+3600
	}
}

// at adds s to the sums of the fact's referee and beneficiaries at a time, and returns the referee's row.
func (d *deltas) at(f *fact, at time.Time, product int16, s *sums) *dayRow {
	d.bucket(at)
	k := dayKey{path: f.place.Path, referee: f.place.Referee, day: d.day, product: product}
	r := d.days[k]
	if r == nil {
		if len(d.slab) == 0 {
			d.slab = make([]dayRow, 256)
		}
		r, d.slab = &d.slab[0], d.slab[1:]
		d.days[k] = r
	}
	r.add(s)
	for i, partner := range f.place.Path {
		if partner == 0 {
			break
		}
		k := hourKey{partner: partner, hour: d.hour, product: product, level: int16(min(i+1, 2))}
		h := d.hours[k]
		if h == nil {
			h = &hourRow{}
			d.hours[k] = h
		}
		h.earned += s.earned[i]
		if i == 0 {
			h.rebate += s.rebate
		}
		h.volume, h.eligible, h.fees = h.volume+s.volume, h.eligible+s.eligible, h.fees+s.fees
		h.trades += s.trades
		h.deposits, h.withdrawals = h.deposits+s.deposits, h.withdrawals+s.withdrawals
	}
	return r
}

func (s *sums) add(o *sums) {
	for i := range s.earned {
		s.earned[i] += o.earned[i]
	}
	s.rebate += o.rebate
	s.volume, s.eligible, s.fees = s.volume+o.volume, s.eligible+o.eligible, s.fees+o.fees
	s.trades, s.executed = s.trades+o.trades, s.executed+o.executed
	s.deposits, s.withdrawals = s.deposits+o.deposits, s.withdrawals+o.withdrawals
}

// add adds a fact's contributions (sign 1), or takes them back (-1). A reversed trade contributes twice: as it
// happened, and negatively when it was reversed.
func (d *deltas) add(f *fact, sign int64) {
	if !f.place.Counts {
		return
	}
	if f.money != nil {
		var s sums
		if f.money.Withdrawal {
			s.withdrawals = domain.Money(sign) * f.money.AmountUSDT
		} else {
			s.deposits = domain.Money(sign) * f.money.AmountUSDT
			if sign > 0 {
				earliest(&d.firstOf(f.place.Referee).deposit, f.at)
			}
		}
		d.at(f, f.at, 0, &s)
		return
	}
	d.addTask(f, sign)
	p := productCode(f.trade.Product)
	s := f.tradeSums(sign)
	s.executed = sign
	r := d.at(f, f.at, p, &s)
	if sign > 0 {
		if f.at.After(r.lastAt) {
			r.lastAt = f.at
		}
		earliest(&d.firstOf(f.place.Referee).trade, f.at)
	}
	if !f.reversedAt.IsZero() {
		s := f.tradeSums(-sign)
		d.at(f, f.reversedAt, p, &s)
	}
}

func (d *deltas) firstOf(uid int64) *firsts {
	f := d.first[uid]
	if f == nil {
		f = &firsts{}
		d.first[uid] = f
	}
	return f
}

func earliest(t *time.Time, at time.Time) {
	if t.IsZero() || at.Before(*t) {
		*t = at
	}
}

func (f *fact) tradeSums(sign int64) sums {
	m := domain.Money(sign)
	s := sums{rebate: m * f.split.Rebate, volume: m * f.trade.Volume, fees: m * f.trade.FeePaid, trades: sign}
	for i, e := range f.split.Earned {
		s.earned[i] = m * e
	}
	if f.split.Eligible {
		s.eligible = s.volume
	}
	return s
}

// append copies the sums into the tables delta and delta_hour and starts anew.
func (d *deltas) append(ctx context.Context, tx pgx.Tx) error {
	days := newCopyBuffer(len(d.days), 240)
	for k, r := range d.days {
		if *r == (dayRow{}) { // what was taken back and added again
			continue
		}
		days.row(18)
		days.int64(k.path[0], k.path[1], k.path[2], k.referee)
		days.date(time.Unix(k.day, 0))
		days.int16(k.product)
		days.int64(int64(r.earned[0]), int64(r.earned[1]), int64(r.earned[2]), int64(r.rebate),
			int64(r.volume), int64(r.eligible), int64(r.fees), r.trades, r.executed, int64(r.deposits), int64(r.withdrawals))
		days.time(r.lastAt)
	}
	hours := newCopyBuffer(len(d.hours), 150)
	for k, r := range d.hours {
		if *r == (hourRow{}) {
			continue
		}
		hours.row(12)
		hours.int64(k.partner)
		hours.time(time.Unix(k.hour, 0))
		hours.int16(k.product)
		hours.int16(k.level)
		hours.int64(int64(r.earned), int64(r.rebate), int64(r.volume), int64(r.eligible), int64(r.fees), r.trades, int64(r.deposits), int64(r.withdrawals))
	}
	clear(d.days)
	clear(d.hours)
	if err := days.send(ctx, tx, `delta (owner, u2, u3, referee, day, product, earned1, earned2, earned3, rebate,
		volume, eligible_volume, fees, trades, executed, deposits, withdrawals, last_at)`); err != nil {
		return err
	}
	return hours.send(ctx, tx, `delta_hour (partner, hour, product, level, earned, rebate, volume, eligible_volume, fees, trades, deposits, withdrawals)`)
}

// saveFirsts moves the accounts' first trade and deposit back where the batch brought an earlier one. It locks the
// accounts' rows, so it may run only under the structure lock (shared or not): else a batch that waits for that
// lock with rows locked, and the holder that waits for the rows, would wait for each other.
func (d *deltas) saveFirsts(ctx context.Context, tx pgx.Tx) error {
	uids := make([]int64, 0, len(d.first))
	for uid, f := range d.first {
		// Dates only move back: what an account's row said earlier in this transaction is no earlier than what it says now.
		if k := d.known[uid]; !f.trade.IsZero() && (k.trade.IsZero() || f.trade.Before(k.trade)) ||
			!f.deposit.IsZero() && (k.deposit.IsZero() || f.deposit.Before(k.deposit)) {
			uids = append(uids, uid)
		}
	}
	if len(uids) == 0 {
		clear(d.first)
		return nil
	}
	slices.Sort(uids)
	trades, deposits := make([]*time.Time, len(uids)), make([]*time.Time, len(uids))
	for i, uid := range uids {
		f := d.first[uid]
		if !f.trade.IsZero() {
			trades[i] = &f.trade
		}
		if !f.deposit.IsZero() {
			deposits[i] = &f.deposit
		}
		d.moved[uid] = *f
	}
	clear(d.first)
	// Rows are locked in the order of uid before they are updated: two batches with the same accounts cannot deadlock.
	_, err := tx.Exec(ctx, `
		WITH new AS (SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS n (uid, trade_at, deposit_at)),
		late AS MATERIALIZED (
			SELECT a.uid, n.trade_at, n.deposit_at, a.first_trade_at AS traded, a.first_deposit_at AS deposited FROM new n JOIN account a USING (uid)
			WHERE n.trade_at < coalesce(a.first_trade_at, 'infinity') OR n.deposit_at < coalesce(a.first_deposit_at, 'infinity')
			ORDER BY a.uid FOR UPDATE OF a),
		moved AS (
			UPDATE account a SET first_trade_at = least(a.first_trade_at, l.trade_at), first_deposit_at = least(a.first_deposit_at, l.deposit_at)
			FROM late l WHERE a.uid = l.uid
			RETURNING a.u1, a.u2, a.u3, a.code1, a.code2, a.code3, a.country, l.traded, l.deposited, a.first_trade_at, a.first_deposit_at),
		c AS (SELECT w.sign, m.u1, m.u2, m.u3, m.code1, m.code2, m.code3, m.country, NULL::timestamptz AS registered_at, NULL::timestamptz AS verified_at, w.first_deposit_at, w.first_trade_at
			FROM moved m CROSS JOIN LATERAL (VALUES (-1, m.deposited, m.traded), (1, m.first_deposit_at, m.first_trade_at)) w (sign, first_deposit_at, first_trade_at))
		INSERT INTO delta_count (`+countColumns+`) `+countsOf("$4"), uids, trades, deposits, d.store.zone.String())
	return err
}
