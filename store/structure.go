package store

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/referral"
)

// pendingEvent is an event that is applied under the structure lock, or waits.
type pendingEvent struct {
	referral.Event
	line       *Line  // nil: it was waiting in the log
	waits      string // what it waits for; "" once applied
	registered bool   // a registration whose account exists; it may still wait for its code
	done       bool
}

func accountKey(uid int64) string { return "account:" + strconv.FormatInt(uid, 10) }
func codeKey(code string) string  { return "code:" + code }
func tradeKey(id string) string   { return "trade:" + id }

// reversalKey is what the reversal of a trade claims.
func reversalKey(tradeID string) string { return "reversal:" + tradeID }

// touch is a change that facts already stored may have been attributed without. Its facts are those of a referee
// (Owner is then where they are stored), below a partner, under a code, or all, from From on, until Until if set.
type touch struct {
	Kind  touchKind `json:"kind"`
	UID   int64     `json:"uid,omitempty"` // the referee, the partner, or the code's owner; 0: everybody
	Owner int64     `json:"owner,omitempty"`
	Code  string    `json:"code,omitempty"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

type touchKind string

const (
	touchPath    touchKind = "path" // the accounts above a referee changed: Owner is the former one
	touchVIP     touchKind = "vip"
	touchPartner touchKind = "partner"
	touchCode    touchKind = "code"
	touchRules   touchKind = "rules"
)

// structureChange is what a batch leaves for those under way meanwhile.
type structureChange struct {
	Rebuilt bool     `json:"rebuilt,omitempty"` // everything was derived again: whoever is under way starts again
	Touched []touch  `json:"touched,omitempty"`
	Keys    []string `json:"keys,omitempty"` // ids it added to the log ("id:…"), trades that it claims there, and reversals that wait
}

// wake adds the events of the log that wait for one of the keys to what is pending.
func (r *run) wake(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	rows, err := r.tx.Query(ctx, `SELECT id, type, uid, at, body FROM event WHERE waits_for = ANY($1)`, keys)
	if err != nil {
		return err
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	for _, e := range events {
		if !slices.ContainsFunc(r.pending, func(p *pendingEvent) bool { return p.ID == e.ID }) {
			r.pending = append(r.pending, &pendingEvent{Event: e})
		}
	}
	return err
}

// known is what the run has found to exist, asked for once.
type known struct {
	accounts map[int64]int64 // uid → main uid; 0: not there
	codes    map[string]int64
	trades   map[string]int64 // tradeId → account
}

// apply applies what is pending, in rounds, since one event may be what others wait for, and writes the log. The
// caller holds the structure lock alone.
func (r *run) apply(ctx context.Context) error {
	if err := r.checkTaken(ctx); err != nil {
		return err
	}
	if err := r.rounds(ctx); err != nil {
		return err
	}
	return r.writeLog(ctx)
}

// rounds applies what is pending and can be applied, and what waited for that, until nothing more can.
func (r *run) rounds(ctx context.Context) error {
	k := known{accounts: map[int64]int64{}, codes: map[string]int64{}, trades: map[string]int64{}}
	for {
		if err := k.load(ctx, r.tx, r.pending); err != nil {
			return err
		}
		ready := r.ready(&k)
		if len(ready) == 0 {
			return nil
		}
		keys, err := r.applyRound(ctx, &k, ready)
		if err != nil {
			return err
		}
		if err := r.wake(ctx, keys); err != nil {
			return err
		}
	}
}

// checkTaken starts again when another writer, meanwhile, applied a trade under one of the ids that this batch is
// about to put into the log: the log's own unique keys cannot see table trade.
func (r *run) checkTaken(ctx context.Context) error {
	if r.alone {
		return nil // screened under the lock
	}
	var ids, trades []string
	for _, p := range r.pending {
		if p.line == nil {
			continue
		}
		ids = append(ids, p.ID)
		if t, ok := p.Body.(referral.Trade); ok {
			trades = append(trades, t.TradeID)
		}
	}
	for i := range r.facts {
		if r.facts[i].money != nil {
			ids = append(ids, r.facts[i].id)
		}
	}
	var taken bool
	err := r.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM trade WHERE id = ANY($1)) OR EXISTS (SELECT FROM trade WHERE trade_id = ANY($2))`, ids, trades).Scan(&taken)
	if err == nil && taken {
		err = errCareful
	}
	return err
}

// load looks up the accounts, codes and trades that the pending events name and that are not known yet.
func (k *known) load(ctx context.Context, tx pgx.Tx, pending []*pendingEvent) error {
	var uids []int64
	var codes, trades []string
	account := func(uid int64) {
		if _, ok := k.accounts[uid]; !ok {
			k.accounts[uid] = 0
			uids = append(uids, uid)
		}
	}
	code := func(c string) {
		if _, ok := k.codes[c]; !ok {
			k.codes[c] = 0
			codes = append(codes, c)
		}
	}
	for _, p := range pending {
		switch b := p.Body.(type) {
		case referral.Registration:
			account(p.UID)
			if b.MasterUID != 0 {
				account(b.MasterUID)
			} else if b.ReferralCode != "" {
				code(b.ReferralCode)
			}
		case referral.Code:
			account(p.UID)
			if !b.Created {
				code(b.Code)
			}
		case referral.Reversal:
			if _, ok := k.trades[b.TradeID]; !ok {
				k.trades[b.TradeID] = 0
				trades = append(trades, b.TradeID)
			}
		case referral.Rules:
		default:
			account(p.UID)
		}
	}
	// One exchange for what is asked, and none for what is not: others wait for the lock meanwhile.
	var uid, main int64
	var s string
	batch := &pgx.Batch{}
	ask := func(q string, keys any, dest []any, found func() error) {
		batch.Queue(q, keys).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, dest, found)
			return err
		})
	}
	if len(uids) > 0 {
		ask(`SELECT uid, main_uid FROM account WHERE uid = ANY($1)`, uids, []any{&uid, &main}, func() error { k.accounts[uid] = main; return nil })
	}
	if len(codes) > 0 {
		ask(`SELECT code, uid FROM referral_code WHERE code = ANY($1)`, codes, []any{&s, &uid}, func() error { k.codes[s] = uid; return nil })
	}
	if len(trades) > 0 {
		ask(`SELECT trade_id, account FROM trade WHERE trade_id = ANY($1)`, trades, []any{&s, &uid}, func() error { k.trades[s] = uid; return nil })
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, batch).Close()
}

// ready picks the events that can be applied now, and notes of the others what they wait for. One about a trade or a code
// that turned out to be another account's after it had been accepted waits for ever: accepted is accepted, and it can be
// listed.
func (r *run) ready(k *known) []*pendingEvent {
	var ready []*pendingEvent
	for _, p := range r.pending {
		if p.done {
			continue
		}
		need := ""
		switch b := p.Body.(type) {
		case referral.Registration:
			p.registered = p.registered || p.line == nil && k.accounts[p.UID] != 0
			switch {
			case p.registered && k.codes[b.ReferralCode] == 0:
				need = codeKey(b.ReferralCode)
			case !p.registered && b.MasterUID != 0 && k.accounts[b.MasterUID] == 0:
				need = accountKey(b.MasterUID)
			}
		case referral.Code:
			switch {
			case b.Created && k.accounts[p.UID] == 0:
				need = accountKey(p.UID)
			case !b.Created && k.codes[b.Code] != p.UID:
				need = codeKey(b.Code)
			}
		case referral.Reversal:
			if k.trades[b.TradeID] != p.UID {
				need = tradeKey(b.TradeID)
			}
		case referral.Rules:
		default:
			if k.accounts[p.UID] == 0 {
				need = accountKey(p.UID)
			}
		}
		if p.waits = need; need == "" {
			ready = append(ready, p)
		}
	}
	return ready
}

// applyRound applies events whose needs are met, and returns the keys that others may have waited for.
func (r *run) applyRound(ctx context.Context, k *known, ready []*pendingEvent) (keys []string, err error) {
	w := structureWriter{run: r, known: k}
	var facts []fact
	var reversals []*pendingEvent
	for _, p := range ready {
		if f, ok := factOf(&p.Event); ok {
			facts = append(facts, f)
		} else if _, ok := p.Body.(referral.Reversal); ok {
			reversals = append(reversals, p)
		} else {
			w.add(p)
			continue
		}
		p.done = true
	}
	if err := w.write(ctx); err != nil {
		return nil, err
	}
	if len(facts) > 0 {
		uids := make([]int64, len(facts))
		for i := range facts {
			uids[i] = facts[i].account
		}
		s, err := loadStructure(ctx, r.tx, uids)
		if err != nil {
			return nil, err
		}
		for i := range facts {
			facts[i].attribute(&s.Structure)
			if t := facts[i].trade; t != nil {
				k.trades[t.TradeID] = facts[i].account
				w.keys = append(w.keys, tradeKey(t.TradeID))
			}
		}
		if err := insertFacts(ctx, r.tx, facts, r.deltas); err != nil {
			return nil, err
		}
	}
	return w.keys, r.reverse(ctx, reversals)
}

// reverse books the reversals of applied trades.
func (r *run) reverse(ctx context.Context, reversals []*pendingEvent) error {
	if len(reversals) == 0 {
		return nil
	}
	ids, ats := make([]string, len(reversals)), make([]time.Time, len(reversals))
	for i, p := range reversals {
		ids[i], ats[i] = p.Body.(referral.Reversal).TradeID, p.At
	}
	rows, err := r.tx.Query(ctx, `UPDATE trade t SET reversed_at = n.at FROM unnest($1::text[], $2::timestamptz[]) AS n (trade_id, at)
		WHERE t.trade_id = n.trade_id RETURNING `+prefixed("t", tradeColumns), ids, ats)
	if err != nil {
		return err
	}
	facts, err := pgx.CollectRows(rows, scanTrade)
	for i := range facts {
		at := facts[i].reversedAt
		facts[i].reversedAt = time.Time{}
		r.deltas.add(&facts[i], -1)
		facts[i].reversedAt = at
		r.deltas.add(&facts[i], 1)
	}
	return err
}

// writeLog writes the batch's events to the log, with what they wait for, and leaves the change for others to see.
func (r *run) writeLog(ctx context.Context) error {
	var change structureChange
	var rows [][]any
	log := func(e *referral.Event, waits *string) {
		c := claim(e)
		rows = append(rows, []any{e.ID, e.Type, e.UID, e.At, string(encodeBody(e.Body)), nullable(c), waits})
		change.Keys = append(change.Keys, "id:"+e.ID)
		if waits != nil {
			r.out.Deferred = append(r.out.Deferred, e.ID)
		}
	}
	for i := range r.facts {
		if f := &r.facts[i]; f.money != nil {
			log(&referral.Event{ID: f.id, Type: transferType(f.money), UID: f.account, At: f.at, Body: *f.money}, nil)
		}
	}
	var moved, woken []string
	var wokenFor []*string
	for _, p := range r.pending {
		_, isTrade := p.Body.(referral.Trade)
		if _, ok := p.Body.(referral.Reversal); ok && p.waits != "" {
			change.Keys = append(change.Keys, claim(&p.Event))
		}
		switch {
		case p.line != nil && (!isTrade || !p.done): // an applied trade is in table trade alone
			log(&p.Event, nullable(p.waits))
			if isTrade {
				change.Keys = append(change.Keys, claim(&p.Event))
			}
		case p.line == nil && isTrade && p.done:
			moved = append(moved, p.ID)
		case p.line == nil:
			woken, wokenFor = append(woken, p.ID), append(wokenFor, nullable(p.waits))
		}
	}
	if _, err := r.tx.CopyFrom(ctx, pgx.Identifier{"event"}, []string{"id", "type", "uid", "at", "body", "claim", "waits_for"}, pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	if len(moved) > 0 {
		if _, err := r.tx.Exec(ctx, `DELETE FROM event WHERE id = ANY($1)`, moved); err != nil {
			return err
		}
	}
	if len(woken) > 0 {
		if _, err := r.tx.Exec(ctx, `UPDATE event e SET waits_for = n.waits FROM unnest($1::text[], $2::text[]) AS n (id, waits) WHERE e.id = n.id`, woken, wokenFor); err != nil {
			return err
		}
	}
	change.Touched = r.touched
	return change.write(ctx, r.tx)
}

// write leaves the change for the batches that are under way. The caller holds the structure lock alone.
func (c structureChange) write(ctx context.Context, tx pgx.Tx) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	// A batch under way for over an hour has long been cut off by its timeout: older rows are of no use.
	_, err = tx.Exec(ctx, `WITH old AS (DELETE FROM structure_change WHERE made < now() - interval '1 hour')
		INSERT INTO structure_change (version, body) SELECT coalesce(max(version), 0) + 1, $1 FROM structure_change`, body)
	return err
}

func transferType(t *referral.Transfer) referral.EventType {
	if t.Withdrawal {
		return referral.WithdrawalCompleted
	}
	return referral.DepositCompleted
}

// nullable is nil for the empty string.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
