package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Line is one line of a batch: an event, or what was wrong with it.
type Line struct {
	No    int64 // in its source, from 1
	Event referral.Event
	Err   *domain.Error // not nil: the line was refused, and Event is empty
	Raw   []byte        // as it came
	Again int64         // not 0: the refused line that this one replays, by RejectedLine.ID
}

// Batch is what lands in one transaction.
type Batch struct {
	Source string // a file's name, or who posted it
	Lines  []Line
	Action int64 // not 0: the operator's replay that the lines are of
}

// Outcome counts a batch's lines. Accepted includes the deferred ones.
type Outcome struct {
	Accepted, Duplicate, Rejected int
	Deferred                      []string // ids of accepted events that wait for an account, a code or a trade
	Refused                       []Refusal
}

// Refusal is a line that was not taken, and why.
type Refusal struct {
	Line int64
	Err  *domain.Error
}

const (
	// structureLock orders commits against changes of the structure. A batch that changes it holds the lock alone
	// from the moment it reads what it decides on until its commit; a batch of facts shares it just before its commit.
	// So each either sees the other's rows or is seen by it, and whoever comes second derives again what is touched.
	structureLock = 0x7061_7274 // "part"
	// batchLock is shared by every batch from its beginning, and held by one that has to be done alone.
	batchLock = 0x6261_7463 // "batc"
)

// beginIngest begins a batch. All its statements find some thousand rows by key in tables of millions, so nested loops
// over indexes are right for each. The connection keeps their plans, and one that was made while the tables were small,
// or for more keys than come, would read a table or an index whole ever after.
const beginIngest = `BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = off; `

// errCareful asks for the batch to be done again, with every key looked up.
var errCareful = errors.New("a concurrent batch touched the same ids")

// errZone says that a rebuild cut the days by another zone since this process opened the store.
var errZone error = domain.Errorf(domain.CodeUnavailable, "zone", "the reporting zone was changed by `partnerhub rebuild`: start this process again with the new one")

// Ingest lands a batch: events, facts with their commission, and what they add to the rollups, in one transaction.
// It is idempotent by event id. Every order and batching of the same events leads to the same tables.
// The error is about the database; bad lines are in the Outcome.
func (s *Store) Ingest(ctx context.Context, b Batch) (Outcome, error) {
	for try := 0; ; try++ {
		// What another writer was faster with is there at the second try, and looked up. Where that goes on, the batch waits
		// until no other is under way, and keeps others from beginning. The lock for that comes before all others: to wait
		// for another's ids while holding the structure lock would make that one wait for the lock, and so on.
		r := &run{store: s, batch: b, careful: try > 0, alone: try > 1}
		begin := beginIngest + fmt.Sprintf(`SELECT pg_advisory_xact_lock_shared(%d)`, batchLock)
		if r.alone {
			begin = beginIngest + fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, batchLock)
		}
		err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error { r.tx = tx; return r.do(ctx) })
		if err == nil {
			r.remember()
			return r.out, nil
		}
		var pg *pgconn.PgError
		again := errors.Is(err, errCareful)
		if errors.As(err, &pg) {
			// 23505: another writer brought one of our ids after we looked; 40P01, 40001: we were chosen to yield.
			again = pg.Code == "23505" || pg.Code == "40P01" || pg.Code == "40001"
		}
		if !again || try == 5 {
			return Outcome{}, fmt.Errorf("ingest: %w", err)
		}
	}
}

// run is one attempt at a batch.
type run struct {
	store   *Store
	tx      pgx.Tx
	batch   Batch
	careful bool // look up every key before writing
	alone   bool // no other batch is under way: hold the structure lock from the start

	out     Outcome
	lastAt  time.Time       // when the latest of the accepted events happened
	version int64           // of the structure by which the facts were attributed, or an earlier one
	facts   []fact          // applied before the lock
	pending []*pendingEvent // everything else
	deltas  *deltas
	touched []touch // by this batch
	foreign []touch // by others that committed meanwhile
	recount []int64 // participants of referral tasks whose new users may have changed
}

func (r *run) do(ctx context.Context) error {
	r.deltas = r.store.newDeltas(len(r.batch.Lines))
	if r.alone {
		if err := r.lock(ctx, true); err != nil {
			return err
		}
	}
	var zone string
	if err := r.tx.QueryRow(ctx, `SELECT value FROM setting WHERE name = 'zone'`).Scan(&zone); err != nil {
		return err
	}
	if zone != r.store.zone.String() {
		return errZone
	}
	if err := r.store.structure.catchUp(ctx, r.tx); err != nil {
		return err
	}
	lines, err := r.screen(ctx)
	if err != nil {
		return err
	}
	if err := r.placeFacts(ctx, lines); err != nil {
		return err
	}
	if err := insertFacts(ctx, r.tx, r.facts, r.deltas); err != nil {
		return err
	}
	if err := r.deltas.append(ctx, r.tx); err != nil { // most of them, before others have to wait
		return err
	}
	if err := r.waitingReversals(ctx); err != nil {
		return err
	}
	exclusive := len(r.pending) > 0 || slices.ContainsFunc(r.facts, func(f fact) bool { return f.money != nil })
	if !r.alone {
		if err := r.lock(ctx, exclusive); err != nil {
			return err
		}
	}
	if err := r.meetConcurrent(ctx, exclusive); err != nil {
		return err
	}
	if exclusive {
		if err := r.apply(ctx); err != nil {
			return err
		}
	}
	if err := r.rederive(ctx, slices.Concat(r.foreign, r.touched)); err != nil {
		return err
	}
	if err := r.deltas.saveFirsts(ctx, r.tx); err != nil {
		return err
	}
	if err := r.deltas.appendTasks(ctx, r.tx); err != nil {
		return err
	}
	if err := recountTasks(ctx, r.tx, r.recount); err != nil {
		return err
	}
	if err := r.deltas.append(ctx, r.tx); err != nil {
		return err
	}
	return r.keepOutcome(ctx)
}

func (r *run) lock(ctx context.Context, exclusive bool) error {
	q := `SELECT pg_advisory_xact_lock_shared($1)`
	if exclusive {
		q = `SELECT pg_advisory_xact_lock($1)`
	}
	_, err := r.tx.Exec(ctx, q, structureLock)
	return err
}

// reject records a line as refused.
func (r *run) reject(l *Line, err *domain.Error) {
	r.out.Rejected++
	r.out.Refused = append(r.out.Refused, Refusal{Line: l.No, Err: err})
}

// screen drops the refused lines, the duplicates, and those that contradict an earlier event, in the order of the lines,
// as if each came alone: conflicts go by arrival (SPEC 3). What it returns is new.
func (r *run) screen(ctx context.Context) ([]*Line, error) {
	known, err := r.knownEvents(ctx)
	if err != nil {
		return nil, err
	}
	taken, err := r.taken(ctx, known)
	if err != nil {
		return nil, err
	}
	large, err := r.countLarge(ctx)
	if err != nil {
		return nil, err
	}
	fresh := make([]*Line, 0, len(r.batch.Lines))
	accepted := make(map[string]*Line, len(r.batch.Lines))
	for i := range r.batch.Lines {
		l := &r.batch.Lines[i]
		if l.Err != nil {
			r.reject(l, l.Err)
			continue
		}
		if k, ok := known[l.Event.ID]; ok {
			r.repeated(l, &k)
			continue
		}
		if f, twice := accepted[l.Event.ID]; twice {
			r.repeated(l, &f.Event)
			continue
		}
		if by, ok := taken[subject(&l.Event)]; ok && by.uid != l.Event.UID {
			r.reject(l, subjectError(&l.Event))
			continue
		}
		if c := claim(&l.Event); c != "" {
			if by, ok := taken[c]; ok {
				if by.id == l.Event.ID {
					return nil, errCareful // the very event: another writer landed it after this batch had looked for its id
				}
				r.reject(l, claimError(&l.Event))
				continue
			}
		}
		if err := large.take(&l.Event); err != nil {
			r.reject(l, err)
			continue
		}
		if c := claim(&l.Event); c != "" {
			taken[c] = holder{l.Event.ID, l.Event.UID}
		}
		accepted[l.Event.ID] = l
		fresh = append(fresh, l)
		if l.Event.At.After(r.lastAt) {
			r.lastAt = l.Event.At
		}
	}
	return fresh, large.save(ctx, r.tx)
}

// repeated counts a line whose id was seen before: a duplicate when the content is the same, else refused.
func (r *run) repeated(l *Line, earlier *referral.Event) {
	if sameEvent(&l.Event, earlier) {
		r.out.Duplicate++
		return
	}
	r.reject(l, domain.Errorf(domain.CodeConflict, "id", "an event with the id %s and other content came earlier", l.Event.ID))
}

func sameEvent(a, b *referral.Event) bool {
	if a.Type != b.Type || a.UID != b.UID || !a.At.Equal(b.At) {
		return false
	}
	if t, ok := a.Body.(referral.Trade); ok {
		return t == b.Body.(referral.Trade)
	}
	return string(encodeBody(a.Body)) == string(encodeBody(b.Body))
}

// encodeBody is the canonical form of a body in the log.
func encodeBody(b referral.Body) []byte {
	out, err := json.Marshal(b)
	if err != nil {
		panic(err) // bodies are plain structs
	}
	return out
}

// decodeBody reads what encodeBody wrote.
func decodeBody(typ referral.EventType, b []byte) (referral.Body, error) {
	switch typ {
	case referral.AccountRegistered:
		return decodeAs[referral.Registration](b)
	case referral.KYCCompleted:
		return decodeAs[referral.KYC](b)
	case referral.VIPChanged:
		return decodeAs[referral.VIP](b)
	case referral.PartnerEnrolled, referral.PartnerRates:
		v, err := decodeAs[referral.Rates](b)
		v.Enrolled = typ == referral.PartnerEnrolled
		return v, err
	case referral.ReferralCodeCreated, referral.ReferralCodeChanged:
		v, err := decodeAs[referral.Code](b)
		v.Created = typ == referral.ReferralCodeCreated
		return v, err
	case referral.DepositCompleted, referral.WithdrawalCompleted:
		v, err := decodeAs[referral.Transfer](b)
		v.Withdrawal = typ == referral.WithdrawalCompleted
		return v, err
	case referral.TradeExecuted:
		return decodeAs[referral.Trade](b)
	case referral.TradeReversed:
		return decodeAs[referral.Reversal](b)
	case referral.RulesChanged:
		return decodeAs[referral.Rules](b)
	}
	return nil, fmt.Errorf("event type %q in the log", typ)
}

func decodeAs[T any](b []byte) (v T, err error) { return v, json.Unmarshal(b, &v) }

func scanEvent(row pgx.CollectableRow) (e referral.Event, err error) {
	var body []byte
	if err = row.Scan(&e.ID, &e.Type, &e.UID, &e.At, &body); err != nil {
		return e, err
	}
	e.Body, err = decodeBody(e.Type, body)
	return e, err
}

// claim is what an event alone may be, "" for types that claim nothing.
func claim(e *referral.Event) string {
	switch b := e.Body.(type) {
	case referral.Registration:
		return accountKey(e.UID)
	case referral.Code:
		if b.Created {
			return codeKey(b.Code)
		}
	case referral.Trade:
		return tradeKey(b.TradeID)
	case referral.Reversal:
		return reversalKey(b.TradeID)
	}
	return ""
}

// claimError says which field another event took.
func claimError(e *referral.Event) *domain.Error {
	switch b := e.Body.(type) {
	case referral.Registration:
		return domain.Errorf(domain.CodeConflict, "uid", "account %d is already registered by another event", e.UID)
	case referral.Code:
		return domain.Errorf(domain.CodeConflict, "code", "the code %s is already taken", b.Code)
	case referral.Reversal:
		return domain.Errorf(domain.CodeConflict, "tradeId", "trade %s is already reversed by another event", b.TradeID)
	default:
		return domain.Errorf(domain.CodeConflict, "tradeId", "the tradeId %s is already taken by another event", e.Body.(referral.Trade).TradeID)
	}
}

// subject is the claim that an event is about, "" for types that change nothing of another event's. Only the account that
// holds it may change it.
func subject(e *referral.Event) string {
	switch b := e.Body.(type) {
	case referral.Code:
		if !b.Created {
			return codeKey(b.Code)
		}
	case referral.Reversal:
		return tradeKey(b.TradeID)
	}
	return ""
}

// subjectError says what is another account's.
func subjectError(e *referral.Event) *domain.Error {
	if b, ok := e.Body.(referral.Code); ok {
		return domain.Errorf(domain.CodeForbidden, "code", "the code %s belongs to another account", b.Code)
	}
	return domain.Errorf(domain.CodeForbidden, "uid", "trade %s is another account's", e.Body.(referral.Reversal).TradeID)
}

// holder is the event that has a claim.
type holder struct {
	id  string
	uid int64
}

// taken finds who holds what the batch's lines claim or are about. Of applied trades only those that are reversed are
// looked up, unless careful: the unique index finds a tradeId that is taken, too, and then the batch is done again.
func (r *run) taken(ctx context.Context, known map[string]referral.Event) (map[string]holder, error) {
	var claims, tradeIDs []string
	trades := false
	for i := range r.batch.Lines {
		l := &r.batch.Lines[i]
		if _, ok := known[l.Event.ID]; ok || l.Err != nil {
			continue
		}
		switch b := l.Event.Body.(type) {
		case referral.Trade:
			if trades = true; r.careful {
				tradeIDs = append(tradeIDs, b.TradeID)
			}
			continue
		case referral.Reversal:
			tradeIDs = append(tradeIDs, b.TradeID)
		}
		for _, c := range []string{claim(&l.Event), subject(&l.Event)} {
			if c != "" {
				claims = append(claims, c)
			}
		}
	}
	if trades {
		// Waiting trades are few, mostly none: the log is asked for them only if anything waits for an account.
		var any bool
		if err := r.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM event WHERE waits_for >= 'account:' AND waits_for < 'account;')`).Scan(&any); err != nil {
			return nil, err
		}
		for i := range r.batch.Lines {
			l := &r.batch.Lines[i]
			if b, ok := l.Event.Body.(referral.Trade); ok && any {
				claims = append(claims, tradeKey(b.TradeID))
			}
		}
	}
	taken := map[string]holder{}
	collect := func(q string, keys []string) error {
		if len(keys) == 0 {
			return nil
		}
		rows, err := r.tx.Query(ctx, q, keys)
		if err != nil {
			return err
		}
		var c string
		var h holder
		_, err = pgx.ForEachRow(rows, []any{&c, &h.id, &h.uid}, func() error { taken[c] = h; return nil })
		return err
	}
	if err := collect(`SELECT claim, id, uid FROM event WHERE claim = ANY($1)`, claims); err != nil {
		return nil, err
	}
	return taken, collect(`SELECT 'trade:' || trade_id, id, account FROM trade WHERE trade_id = ANY($1)`, tradeIDs)
}

// placeFacts attributes the trades and transfers of known accounts, and leaves all else pending.
func (r *run) placeFacts(ctx context.Context, lines []*Line) error {
	uids := make([]int64, 0, len(lines))
	for _, l := range lines {
		switch l.Event.Body.(type) {
		case referral.Trade, referral.Transfer:
			uids = append(uids, l.Event.UID)
		}
	}
	return r.store.structure.read(ctx, r.tx, uids, func(s *structure, version int64) {
		r.version = version
		r.facts = make([]fact, 0, len(uids))
		for _, l := range lines {
			r.out.Accepted++
			if f, ok := factOf(&l.Event); ok && f.attribute(&s.Structure) {
				r.facts = append(r.facts, f)
				r.deltas.known[f.place.Referee] = s.firsts[f.place.Referee]
				continue
			}
			r.pending = append(r.pending, &pendingEvent{Event: l.Event, line: l})
		}
	})
}

func factOf(e *referral.Event) (fact, bool) {
	f := fact{id: e.ID, account: e.UID, at: e.At}
	switch b := e.Body.(type) {
	case referral.Trade:
		f.trade = &b
	case referral.Transfer:
		f.money = &b
	default:
		return f, false
	}
	return f, true
}

// waitingReversals adds the reversals that wait for one of the batch's trades to what is pending.
func (r *run) waitingReversals(ctx context.Context) error {
	const many = 1000
	rows, err := r.tx.Query(ctx, `SELECT waits_for FROM event WHERE waits_for >= 'trade:' AND waits_for < 'trade;' LIMIT $1`, many)
	if err != nil {
		return err
	}
	awaited, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(awaited) == 0 {
		return err
	}
	few := make(map[string]bool, len(awaited))
	for _, k := range awaited {
		few[k] = true
	}
	var keys []string
	for i := range r.facts {
		if t := r.facts[i].trade; t != nil && (len(awaited) == many || few[tradeKey(t.TradeID)]) {
			keys = append(keys, tradeKey(t.TradeID))
		}
	}
	return r.wake(ctx, keys)
}

// meetConcurrent looks at what batches committed since this one attributed its facts: it takes over what they touched of these,
// and the reversals that wait for one of its trades. It starts again where they took one of its ids.
func (r *run) meetConcurrent(ctx context.Context, exclusive bool) error {
	changes, _, _, err := changesSince(ctx, r.tx, r.version)
	if err != nil || len(changes) == 0 {
		return err
	}
	keys, touched := map[string]bool{}, map[int64][]touch{}
	for _, c := range changes {
		if c.Rebuilt {
			return errCareful
		}
		for _, k := range c.Keys {
			keys[k] = true
		}
		for _, t := range c.Touched {
			touched[t.UID] = append(touched[t.UID], t)
		}
	}
	take := func(uid int64) {
		if len(touched) > 0 {
			r.foreign = append(r.foreign, touched[uid]...)
			delete(touched, uid)
		}
	}
	take(0) // everybody's
	var awaited []string
	for i := range r.facts {
		f := &r.facts[i]
		if keys["id:"+f.id] || f.trade != nil && keys[tradeKey(f.trade.TradeID)] {
			return errCareful
		}
		if f.trade != nil && keys[reversalKey(f.trade.TradeID)] {
			awaited = append(awaited, tradeKey(f.trade.TradeID))
		}
		take(f.place.Referee)
		for _, uid := range f.place.Path {
			take(uid)
		}
	}
	if len(awaited) > 0 && !exclusive {
		return errCareful // which finds them waiting before it takes the lock
	}
	return r.wake(ctx, awaited)
}
