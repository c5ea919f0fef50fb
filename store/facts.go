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

// deltaKey is the grain at which a batch sums up before it appends to table delta.
type deltaKey struct {
	path    [referral.Levels]int64
	referee int64
	hour    int64 // unix seconds
	product int16
}

type sums struct {
	earned                 [referral.Levels]domain.Money
	rebate                 domain.Money
	volume, eligible, fees domain.Money
	trades, executed       int64
	deposits, withdrawals  domain.Money
}

type deltaRow struct {
	sums
	lastAt time.Time
}

// deltas sums what a batch adds to the rollups. first keeps the earliest fact of each main account.
type deltas struct {
	store *Store
	rows  map[deltaKey]*deltaRow
	slab  []deltaRow
	first map[int64]*firsts
	// The buckets of the last time seen: a batch's facts are mostly of the same hour.
	from, to, hour int64
}

type firsts struct{ trade, deposit time.Time }

func (s *Store) newDeltas(facts int) *deltas {
	return &deltas{store: s, rows: make(map[deltaKey]*deltaRow, facts/2), first: map[int64]*firsts{}}
}

func (d *deltas) row(f *fact, at time.Time, product int16) *deltaRow {
	if unix := at.Unix(); unix < d.from || unix >= d.to {
		h := d.store.hour(at)
		d.hour, d.from, d.to = h.Unix(), unix, unix+1
		// The hour's seconds share its bucket as long as the zone's offset does not change within it; bounding the
		// memo by the full hour is only right when both ends fall into the same one.
		if d.store.hour(h.Add(time.Hour - time.Second)).Equal(h) {
			d.from, d.to = h.Unix(), h.Unix()+3600
		}
	}
	k := deltaKey{path: f.place.Path, referee: f.place.Referee, hour: d.hour, product: product}
	r := d.rows[k]
	if r == nil {
		if len(d.slab) == 0 {
			d.slab = make([]deltaRow, 256)
		}
		r, d.slab = &d.slab[0], d.slab[1:]
		d.rows[k] = r
	}
	return r
}

// add adds a fact's contributions (sign 1), or takes them back (-1). A reversed trade contributes twice: as it
// happened, and negatively when it was reversed.
func (d *deltas) add(f *fact, sign int64) {
	if !f.place.Counts {
		return
	}
	if f.money != nil {
		r := d.row(f, f.at, 0)
		if f.money.Withdrawal {
			r.withdrawals += domain.Money(sign) * f.money.AmountUSDT
		} else {
			r.deposits += domain.Money(sign) * f.money.AmountUSDT
			if sign > 0 {
				earliest(&d.firstOf(f.place.Referee).deposit, f.at)
			}
		}
		return
	}
	p := productCode(f.trade.Product)
	r := d.row(f, f.at, p)
	r.addTrade(f, sign)
	r.executed += sign
	if sign > 0 {
		if f.at.After(r.lastAt) {
			r.lastAt = f.at
		}
		earliest(&d.firstOf(f.place.Referee).trade, f.at)
	}
	if !f.reversedAt.IsZero() {
		d.row(f, f.reversedAt, p).addTrade(f, -sign)
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

func (r *sums) addTrade(f *fact, sign int64) {
	m := domain.Money(sign)
	for i, e := range f.split.Earned {
		r.earned[i] += m * e
	}
	r.rebate += m * f.split.Rebate
	r.volume += m * f.trade.Volume
	r.fees += m * f.trade.FeePaid
	if f.split.Eligible {
		r.eligible += m * f.trade.Volume
	}
	r.trades += sign
}

// append copies the sums into table delta and starts anew.
func (d *deltas) append(ctx context.Context, tx pgx.Tx) error {
	b := newCopyBuffer(len(d.rows), 250)
	for k, r := range d.rows {
		if *r == (deltaRow{}) { // what was taken back and added again
			continue
		}
		hour := time.Unix(k.hour, 0)
		b.row(19)
		b.int64(k.path[0], k.path[1], k.path[2], k.referee)
		b.time(hour)
		b.date(d.store.day(hour))
		b.int16(k.product)
		b.int64(int64(r.earned[0]), int64(r.earned[1]), int64(r.earned[2]), int64(r.rebate),
			int64(r.volume), int64(r.eligible), int64(r.fees), r.trades, r.executed, int64(r.deposits), int64(r.withdrawals))
		b.time(r.lastAt)
	}
	clear(d.rows)
	return b.send(ctx, tx, `delta (owner, u2, u3, referee, hour, day, product, earned1, earned2, earned3, rebate,
		volume, eligible_volume, fees, trades, executed, deposits, withdrawals, last_at)`)
}

// saveFirsts moves the accounts' first trade and deposit back where the batch brought an earlier one. It locks the
// accounts' rows, so it may run only under the structure lock (shared or not): else a batch that waits for that
// lock with rows locked, and the holder that waits for the rows, would wait for each other.
func (d *deltas) saveFirsts(ctx context.Context, tx pgx.Tx) error {
	if len(d.first) == 0 {
		return nil
	}
	uids := make([]int64, 0, len(d.first))
	for uid := range d.first {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	trades, deposits := make([]*time.Time, len(uids)), make([]*time.Time, len(uids))
	for i, uid := range uids {
		if f := d.first[uid]; !f.trade.IsZero() {
			trades[i] = &f.trade
		}
		if f := d.first[uid]; !f.deposit.IsZero() {
			deposits[i] = &f.deposit
		}
	}
	clear(d.first)
	// Rows are locked in the order of uid before they are updated: two batches with the same accounts cannot deadlock.
	_, err := tx.Exec(ctx, `
		WITH new AS (SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS n (uid, trade_at, deposit_at)),
		late AS MATERIALIZED (
			SELECT a.uid, n.trade_at, n.deposit_at FROM new n JOIN account a USING (uid)
			WHERE n.trade_at < coalesce(a.first_trade_at, 'infinity') OR n.deposit_at < coalesce(a.first_deposit_at, 'infinity')
			ORDER BY a.uid FOR UPDATE OF a)
		UPDATE account a SET first_trade_at = least(a.first_trade_at, l.trade_at), first_deposit_at = least(a.first_deposit_at, l.deposit_at)
		FROM late l WHERE a.uid = l.uid`, uids, trades, deposits)
	return err
}
