package store

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/referral"
)

const (
	recentBuckets = 1 << 18 // 16 MB
	recentPlaces  = 8       // of a bucket; the oldest is forgotten first
)

// recentIDs remembers the ids of the trades that this process landed lately, about two million, by a hash of each. A sender
// repeats what it got no answer to in time, so that of a batch's trades only those met here need to be looked up. What
// was forgotten, or landed elsewhere, is caught by the unique index, and the batch is then done again with care.
//
// It saves time and decides nothing.
type recentIDs struct {
	mu      sync.Mutex
	seed    maphash.Seed
	buckets [][recentPlaces]uint64
	trusted bool // the latest batch that looked up all its ids found none that was not remembered
}

func newRecentIDs() *recentIDs {
	return &recentIDs{seed: maphash.MakeSeed(), buckets: make([][recentPlaces]uint64, recentBuckets)}
}

// split parts ids into those that may have landed before and those that are most likely new. Where this process has
// lately met ids that it did not know, or all is set, every id may have.
func (m *recentIDs) split(ids []string, all bool) (ask, fresh []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if all || !m.trusted {
		return ids, nil
	}
	fresh = make([]string, 0, len(ids))
	for _, id := range ids {
		if m.has(id) {
			ask = append(ask, id)
		} else {
			fresh = append(fresh, id)
		}
	}
	return ask, fresh
}

// judge notes whether all ids that were found stored were remembered.
func (m *recentIDs) judge(found []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trusted = true
	for _, id := range found {
		m.trusted = m.trusted && m.has(id)
	}
}

// add remembers ids that have landed.
func (m *recentIDs) add(ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if !m.has(id) {
			h := maphash.String(m.seed, id)
			b := &m.buckets[h%recentBuckets]
			copy(b[1:], b[:])
			b[0] = h
		}
	}
}

func (m *recentIDs) has(id string) bool {
	h := maphash.String(m.seed, id)
	for _, x := range m.buckets[h%recentBuckets] {
		if x == h {
			return true
		}
	}
	return false
}

// knownEvents finds the events, applied trades among them, that have one of the batch's ids. Trades that are new as far as
// this process knows are not looked up among the trades, unless careful: the unique index finds the id of one that is not.
func (r *run) knownEvents(ctx context.Context) (map[string]referral.Event, error) {
	var ids, trades []string
	for i := range r.batch.Lines {
		l := &r.batch.Lines[i]
		if _, ok := l.Event.Body.(referral.Trade); ok {
			trades = append(trades, l.Event.ID)
		} else if l.Err == nil {
			ids = append(ids, l.Event.ID)
		}
	}
	ask, fresh := r.store.recent.split(trades, r.careful)
	ids = append(ids, ask...)
	logged, err := r.logged(ctx, fresh)
	if err != nil {
		return nil, err
	}
	known := map[string]referral.Event{}
	if len(ids)+len(logged) == 0 {
		return known, nil
	}
	rows, err := r.tx.Query(ctx, `SELECT id, type, uid, at, body FROM event WHERE id = ANY($1)`, slices.Concat(ids, logged))
	if err != nil {
		return nil, err
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		known[e.ID] = e
	}
	rows, err = r.tx.Query(ctx, `SELECT id, account, at, trade_id, product, symbol, side, volume, fee_gross, fee_paid, ineligible, reason
		FROM trade WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	var found []string
	var e referral.Event
	var t referral.Trade
	var product int16
	_, err = pgx.ForEachRow(rows, []any{&e.ID, &e.UID, &e.At, &t.TradeID, &product, &t.Symbol, &t.Side, &t.Volume, &t.FeeGross, &t.FeePaid, &t.Ineligible, &t.Reason}, func() error {
		t.Product = products[product]
		e.Type, e.Body = referral.TradeExecuted, t
		known[e.ID] = e
		found = append(found, e.ID)
		return nil
	})
	if len(fresh) == 0 {
		r.store.recent.judge(found)
	}
	return known, err
}

// logged picks those of the ids that may be in the log. Ids that were given out in order lie close together, and the log has
// few or none in between; where it has many, all may be.
func (r *run) logged(ctx context.Context, ids []string) ([]string, error) {
	const many = 1000
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := r.tx.Query(ctx, `SELECT id FROM event WHERE id >= $1 AND id <= $2 LIMIT $3`, slices.Min(ids), slices.Max(ids), many)
	if err != nil {
		return nil, err
	}
	between, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(between) == many {
		return ids, err
	}
	return between, nil
}

// remember notes what has landed, for the batches to come.
func (r *run) remember() {
	var ids []string
	for i := range r.batch.Lines {
		if _, ok := r.batch.Lines[i].Event.Body.(referral.Trade); ok {
			ids = append(ids, r.batch.Lines[i].Event.ID)
		}
	}
	r.store.recent.add(ids)
	r.store.structure.moveFirsts(r.deltas.moved)
}
