package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// simulation runs ledger, tasks and compactor against a plain model in memory, under a simulated clock, one operation after the other. A seed names
// everything in it: who trades what when, which operation comes next, and where a connection breaks, before a statement or behind it.
// What broke is done again, as its sender would; often by a new process, which knows nothing of the one before.
type simulation struct {
	t    *testing.T
	rng  *rand.Rand
	url  string
	wire *wire
	s    *store.Store
	pool *pgxpool.Pool
	now  time.Time
	ops  int

	groups map[int64]int64         // sub-partner by who trades for them
	owners []int64                 //
	subs   map[int64][]int64       // sub-partners by owner
	trades map[int64][]simTrade    // by sub-partner
	volume map[int64]domain.Money  // by trader
	sent   []referral.Event        // trades that may come again
	funds  map[int64]domain.Money  // by partner
	posted map[string]domain.Money // top-ups and withdrawals, by owner and key
	tasks  []*simTask              //
	did    map[string]int          // operations by kind
}

type simTrade struct {
	at      time.Time
	product referral.Product
	volume  domain.Money
}

// simTask is a task as it should be.
type simTask struct {
	id, owner int64
	spec      task.Spec
	targets   []int64
	state     task.State      // Active until it has ended
	paid      map[int64]int64 // steps, by participant
	final     map[int64]int64 // value at the end
}

// wire breaks the connections of a pool: the one that writes for the left-th time, before the write or behind it.
type wire struct {
	mu     sync.Mutex // a pool also writes in the background
	left   int        // 0: no break
	behind bool
	cuts   int
}

type breakable struct {
	net.Conn
	wire *wire
}

// arm says which write breaks, and returns how many have broken.
func (w *wire) arm(left int, behind bool) (cuts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.behind = left, behind
	return w.cuts
}

var errCut = errors.New("cut by the test")

func (b breakable) Write(p []byte) (int, error) {
	b.wire.mu.Lock()
	defer b.wire.mu.Unlock()
	if b.wire.left > 0 {
		if b.wire.left--; b.wire.left == 0 {
			b.wire.cuts++
			if b.wire.behind {
				_, _ = b.Conn.Write(p)
			}
			_ = b.Conn.Close()
			return 0, errCut
		}
	}
	return b.Conn.Write(p)
}

// TestSimulation runs simulations by seed. A failing seed fails again.
func TestSimulation(t *testing.T) {
	for seed := range uint64(simulations) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := newSimulation(t, seed)
			for next := simulated / 8; m.ops < simulated; {
				m.step()
				if m.ops >= next {
					m.compare()
					next += simulated / 8
				}
			}
			m.finish()
			t.Logf("%d operations, %d connections cut: %v", m.ops, m.wire.cuts, m.did)
			if m.wire.cuts < 5 || m.did["paid"] < 5 || m.did["settled"] == 0 || m.did["cancelled"] == 0 || m.did["refused"] == 0 {
				t.Error("the simulation says little")
			}
		})
	}
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	m := &simulation{t: t, rng: rand.New(rand.NewPCG(seed, 77)), url: storetest.URL(t), wire: &wire{}, now: taskDay,
		groups: map[int64]int64{}, subs: map[int64][]int64{}, trades: map[int64][]simTrade{}, volume: map[int64]domain.Money{},
		funds: map[int64]domain.Money{}, posted: map[string]domain.Money{}, did: map[string]int{}}
	m.restart()
	var events []referral.Event
	add := func(typ referral.EventType, uid int64, body referral.Body) {
		events = append(events, referral.Event{ID: fmt.Sprintf("w%d", len(events)), Type: typ, UID: uid, At: taskDay.AddDate(0, -1, 0), Body: body})
	}
	join := func(uid, by int64, partner bool) {
		code := ""
		if by != 0 {
			code = fmt.Sprintf("C%d", by)
		}
		add(referral.AccountRegistered, uid, referral.Registration{ReferralCode: code})
		if partner {
			add(referral.PartnerEnrolled, uid, referral.Rates{Enrolled: true, SpotRate: 400_000, FuturesRate: 300_000})
			add(referral.ReferralCodeCreated, uid, referral.Code{Created: true, Code: fmt.Sprintf("C%d", uid)})
		}
	}
	for o := range int64(3) {
		owner := (o + 1) * 1_000_000
		m.owners = append(m.owners, owner)
		join(owner, 0, true)
		for s := range int64(4) {
			sub := owner + (s+1)*1000
			m.subs[owner] = append(m.subs[owner], sub)
			m.groups[sub] = sub
			join(sub, owner, true)
			for r := range int64(5) {
				join(sub+r+1, sub, false)
				m.groups[sub+r+1] = sub
			}
		}
	}
	land(t, m.s, events...)
	return m
}

// restart is a new process: its memory of events and structure is empty.
func (m *simulation) restart() {
	if m.pool != nil {
		m.pool.Close()
	}
	cfg, err := pgxpool.ParseConfig(m.url)
	if err != nil {
		m.t.Fatal(err)
	}
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return breakable{conn, m.wire}, err
	}
	if m.pool, err = pgxpool.NewWithConfig(m.t.Context(), cfg); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(m.pool.Close)
	if m.s, err = store.Open(m.t.Context(), m.pool, time.UTC); err != nil {
		m.t.Fatal(err)
	}
}

// try does something until it is answered, by a domain error or none. Now and then the connection breaks meanwhile.
func (m *simulation) try(f func() error) error {
	m.t.Helper()
	for attempt := range 10 {
		left, behind := 0, false
		if m.rng.IntN(4) == 0 && attempt < 3 {
			left, behind = 1+m.rng.IntN(12), m.rng.IntN(2) == 0
		}
		before := m.wire.arm(left, behind)
		err := f()
		var refused *domain.Error
		if before == m.wire.arm(0, false) {
			if err != nil && !errors.As(err, &refused) {
				m.t.Fatal(err)
			}
			return err
		}
		if m.rng.IntN(3) == 0 {
			m.restart()
		}
		m.quiet()
		if err == nil { // the store did it again by itself
			return nil
		}
	}
	m.t.Fatal("it never came through")
	return nil
}

// quiet waits until the server has noticed who is gone: what they held would make others wait, or do nothing.
func (m *simulation) quiet() {
	m.t.Helper()
	for range 2000 {
		var busy int
		if err := m.pool.QueryRow(m.t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()`).Scan(&busy); err != nil {
			m.t.Fatal(err)
		}
		if busy == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	m.t.Fatal("a session that was cut goes on")
}

func (m *simulation) count(kind string, n int) {
	m.ops += n
	m.did[kind] += n
}

// step is one operation, or a batch of them.
func (m *simulation) step() {
	switch m.rng.IntN(14) {
	case 0, 1, 2:
		m.trade()
	case 3:
		m.post()
	case 4, 5, 6:
		m.create()
	case 7, 8:
		m.change()
	case 9, 10:
		m.now = m.now.Add(time.Duration(m.rng.Int64N(int64(10 * time.Hour)))).Truncate(time.Microsecond)
		m.count("clock", 1)
	case 11:
		if err := m.try(func() error { _, err := m.s.Fold(m.t.Context()); return err }); err != nil {
			m.t.Fatal(err)
		}
		m.count("folded", 1)
	default:
		m.advance()
	}
}

// trade lands a batch: new trades of the last two days, some that came before, and some that say otherwise what came before.
func (m *simulation) trade() {
	traders := slices.Sorted(maps.Keys(m.groups))
	n := 1 + m.rng.IntN(largestBatch)
	var batch, fresh []referral.Event
	again, other := 0, 0
	for range n {
		switch {
		case len(m.sent) > 0 && m.rng.IntN(20) == 0:
			e := m.sent[m.rng.IntN(len(m.sent))]
			if m.rng.IntN(2) == 0 {
				b := e.Body.(referral.Trade)
				b.Volume++
				e.Body = b
				other++
			} else {
				again++
			}
			batch = append(batch, e)
		default:
			number := m.did["trades"] + len(fresh) + 1
			at := m.now.Add(-time.Duration(1+m.rng.Int64N(int64(48*time.Hour/time.Microsecond))) * time.Microsecond)
			e := traded(number, traders[m.rng.IntN(len(traders))], at, []referral.Product{referral.Spot, referral.Margin, referral.Futures}[m.rng.IntN(3)], domain.Money(1+m.rng.Int64N(int64(20*domain.USDT))))
			fresh, batch = append(fresh, e), append(batch, e)
		}
	}
	tries := 0
	err := m.try(func() error {
		tries++
		out, err := m.s.Ingest(m.t.Context(), store.Batch{Source: "simulation", Lines: lines(batch)})
		if err != nil {
			return err
		}
		if out.Rejected != other || out.Accepted+out.Duplicate != len(fresh)+again || tries == 1 && out.Accepted != len(fresh) || out.Accepted != 0 && out.Accepted != len(fresh) {
			m.t.Errorf("%d new trades, %d again and %d changed, at attempt %d: %+v", len(fresh), again, other, tries, out)
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, e := range fresh {
		b := e.Body.(referral.Trade)
		sub := m.groups[e.UID]
		m.trades[sub] = append(m.trades[sub], simTrade{e.At, b.Product, b.Volume})
		m.volume[e.UID] += b.Volume
		if len(m.sent) < 5000 {
			m.sent = append(m.sent, e)
		} else {
			m.sent[m.rng.IntN(len(m.sent))] = e
		}
	}
	m.count("trades", len(fresh))
	m.count("again", again+other)
}

// post moves money in and out: keys that come again, with the same content and with another, and more than there is.
func (m *simulation) post() {
	var batch []ledger.Transfer
	for range 1 + m.rng.IntN(largestBatch) {
		uid := m.owners[m.rng.IntN(len(m.owners))]
		x := topUp(uid, fmt.Sprint("k", m.rng.IntN(50_000)), domain.Money(1+m.rng.Int64N(int64(40*domain.USDT))))
		if m.rng.IntN(3) == 0 {
			x.From, x.To, x.Reason = x.To, x.From, ledger.Withdrawal
		}
		batch = append(batch, x)
	}
	var out []store.Posted
	err := m.try(func() (err error) { out, err = m.s.Post(m.t.Context(), batch); return err })
	if err != nil {
		m.t.Fatal(err)
	}
	for i, x := range batch {
		key := fmt.Sprint(x.From.Owner, " ", x.Key)
		amount := x.Amount
		if x.Reason == ledger.Withdrawal {
			amount = -amount
		}
		was, known := m.posted[key]
		switch e := domain.AsError(out[i].Err); {
		case out[i].Err == nil && !known: // now, or by an attempt whose answer was lost
			m.posted[key] = amount
			m.funds[x.From.Owner] += amount
			m.did["posted"]++
		case out[i].Err == nil && (out[i].New || was != amount):
			m.t.Errorf("%s was posted as %s, and again as %s: %+v", key, was, amount, out[i])
		case out[i].Err != nil && (e.Code != domain.CodeConflict || e.Field == "key" && (!known || was == amount) || e.Field == "balance" && x.Reason != ledger.Withdrawal):
			m.t.Errorf("%s of %s, known as %s (%v), was refused: %v", key, amount, was, known, e)
		case out[i].Err != nil:
			m.did["refused"]++
		}
	}
	m.count("transfers", len(batch))
}

func (m *simulation) create() {
	owner := m.owners[m.rng.IntN(len(m.owners))]
	hours := func(from, to int) time.Duration { return time.Duration(from+m.rng.IntN(to-from)) * time.Hour }
	spec := task.Spec{Type: task.Trading, Product: task.Products[m.rng.IntN(3)], Start: m.now.Add(hours(-23, 30))}
	spec.End = spec.Start.Add(hours(24, 90))
	at := domain.Money(0)
	for range 1 + m.rng.IntN(4) {
		at += domain.Money(1 + m.rng.Int64N(int64(simThreshold)))
		spec.Tiers = append(spec.Tiers, task.Tier{Threshold: at, Reward: task.Rewards[m.rng.IntN(4)]})
	}
	targets := slices.Clone(m.subs[owner])
	if m.rng.IntN(2) == 0 {
		spec.Targets.DirectPartners = true
	} else {
		m.rng.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
		targets = targets[:1+m.rng.IntN(len(targets))]
		slices.Sort(targets)
		spec.Targets.UIDs = targets
	}
	var id int64
	request := fmt.Sprint("r", m.rng.Uint64())
	err := m.try(func() (err error) {
		id, err = m.s.CreateTask(m.t.Context(), domain.Partner(owner), spec.Normal(), request, m.now)
		return err
	})
	m.count("created", 1)
	cost := spec.WorstCase(len(targets))
	if m.refused(err, "balance", cost > m.funds[owner]) {
		return
	}
	m.funds[owner] -= cost
	m.tasks = append(m.tasks, &simTask{id: id, owner: owner, spec: spec.Normal(), targets: targets, state: task.Active, paid: map[int64]int64{}, final: map[int64]int64{}})
}

// refused says whether an operation was refused, which it must have been if and only if the model says so.
func (m *simulation) refused(err error, field string, want bool) bool {
	m.t.Helper()
	if e := domain.AsError(err); (err != nil) != want || err != nil && e.Field != field {
		m.t.Fatalf("the model refuses on %s: %v; the store: %v", field, want, err)
	}
	if err != nil {
		m.did["refused"]++
	}
	return err != nil
}

// change extends a task, adds to it, or cancels it; some twice.
func (m *simulation) change() {
	if len(m.tasks) == 0 {
		return
	}
	x := m.tasks[len(m.tasks)-1-m.rng.IntN(min(len(m.tasks), 20))]
	c := domain.Partner(x.owner)
	state := x.state
	if state == task.Active {
		state = task.Life{Start: x.spec.Start, End: x.spec.End}.State(m.now)
	}
	open := state == task.Pending || state == task.Active
	switch m.rng.IntN(4) {
	case 0:
		end := x.spec.End.Add(time.Duration(m.rng.IntN(60)) * time.Hour)
		if !m.refused(m.try(func() error { return m.s.ExtendTask(m.t.Context(), c, x.id, end, m.now) }), "status", !open) {
			x.spec.End = end
		}
		m.count("extended", 1)
	case 1:
		more := task.More{Tiers: slices.Clone(x.spec.Tiers)}
		if len(more.Tiers) < task.MaxTiers {
			more.Tiers = append(more.Tiers, task.Tier{Threshold: more.Tiers[len(more.Tiers)-1].Threshold + simThreshold, Reward: 10 * domain.USDT})
		}
		err := m.try(func() error { return m.s.TopUpTask(m.t.Context(), c, x.id, more, m.now) })
		next, _ := x.spec.With(more)
		extra := next.WorstCase(len(x.targets)) - x.spec.WorstCase(len(x.targets))
		field := "balance"
		if !open {
			field = "status"
		}
		if !m.refused(err, field, !open || extra > m.funds[x.owner]) {
			x.spec = next
			m.funds[x.owner] -= extra
		}
		m.count("topped up", 1)
	case 2:
		err := m.try(func() error { return m.s.CancelTask(m.t.Context(), c, x.id, m.now) })
		m.count("cancelled", 1)
		if m.refused(err, "status", state == task.Settled) || state == task.Cancelled {
			return
		}
		if m.now.Before(x.spec.End) {
			x.spec.End = m.now
		}
		if x.spec.End.Before(x.spec.Start) {
			x.spec.End = x.spec.Start
		}
		m.pay(x)
		m.end(x, task.Cancelled)
	}
}

// advance is the compactor's step of tasks.
func (m *simulation) advance() {
	if err := m.try(func() error { _, err := m.s.AdvanceTasks(m.t.Context(), m.now); return err }); err != nil {
		m.t.Fatal(err)
	}
	for _, x := range m.tasks {
		if x.state != task.Active {
			continue
		}
		m.pay(x)
		if !m.now.Before(x.spec.End.Add(task.DefaultGrace)) {
			m.end(x, task.Settled)
			m.did["settled"]++
		}
	}
	m.count("advanced", 1)
}

// pay pays what participants have reached.
func (m *simulation) pay(x *simTask) {
	for _, uid := range x.targets {
		reached := x.spec.Reached(m.value(x, uid))
		for x.paid[uid] < reached {
			_, reward := x.spec.Step(x.paid[uid] + 1)
			x.paid[uid]++
			m.funds[uid] += reward
			m.did["paid"]++
		}
	}
}

// end gives back what is left.
func (m *simulation) end(x *simTask, state task.State) {
	x.state = state
	left := x.spec.WorstCase(len(x.targets))
	for _, uid := range x.targets {
		x.final[uid] = m.value(x, uid)
		left -= x.spec.Paying(x.paid[uid])
	}
	m.funds[x.owner] += left
}

// value is what was traded for a participant within a task's window.
func (m *simulation) value(x *simTask, uid int64) (sum int64) {
	for _, tr := range m.trades[uid] {
		if !tr.at.Before(x.spec.Start) && tr.at.Before(x.spec.End) && (x.spec.Product == task.Both || (tr.product == referral.Futures) == (x.spec.Product == task.Futures)) {
			sum += int64(tr.volume)
		}
	}
	return sum
}

// compare holds the database against the model: every participant, every account, every trader's volume.
func (m *simulation) compare() {
	t := m.t
	t.Helper()
	m.advance() // so that progress is folded
	var want strings.Builder
	escrow := map[string]domain.Money{}
	for _, x := range m.tasks {
		spent := domain.Money(0)
		for _, uid := range x.targets {
			paid, open, final := x.paid[uid], x.state == task.Active, "-"
			if !open {
				final = fmt.Sprint(x.final[uid])
			}
			spent += x.spec.Paying(paid)
			fmt.Fprintln(&want, x.id, uid, m.value(x, uid), paid, int64(x.spec.Paying(paid)), open, final)
		}
		if x.state == task.Active {
			escrow[fmt.Sprint(x.id)] = x.spec.WorstCase(len(x.targets)) - spent
		}
	}
	have := textOf(t, m.pool, `SELECT concat_ws(' ', task, uid, value, paid, paid_amount, open::text, coalesce(final::text, '-')) FROM task_participant ORDER BY task, uid`)
	if have != want.String() {
		t.Fatalf("participants at %s after %d operations:\n%s", m.now, m.ops, diff(want.String(), have))
	}
	want.Reset()
	for _, uid := range slices.Sorted(maps.Keys(m.funds)) {
		if m.funds[uid] != 0 {
			fmt.Fprintln(&want, uid, int64(m.funds[uid]))
		}
	}
	if have := textOf(t, m.pool, `SELECT owner || ' ' || balance FROM ledger_account WHERE kind = 1 AND balance <> 0 ORDER BY owner`); have != want.String() {
		t.Fatalf("funds:\n%s", diff(want.String(), have))
	}
	want.Reset()
	for _, x := range m.tasks {
		if e := escrow[fmt.Sprint(x.id)]; e != 0 {
			fmt.Fprintln(&want, x.id, int64(e))
		}
	}
	if have := textOf(t, m.pool, `SELECT ref || ' ' || balance FROM ledger_account WHERE kind = 2 AND balance <> 0 ORDER BY ref::bigint`); have != want.String() {
		t.Fatalf("escrows:\n%s", diff(want.String(), have))
	}
	want.Reset()
	for _, uid := range slices.Sorted(maps.Keys(m.volume)) {
		fmt.Fprintln(&want, uid, int64(m.volume[uid]))
	}
	if have := textOf(t, m.pool, `SELECT referee || ' ' || sum(volume) FROM (SELECT referee, volume FROM referee_day UNION ALL SELECT referee, volume FROM delta) x GROUP BY referee HAVING sum(volume) <> 0 ORDER BY referee`); have != want.String() {
		t.Fatalf("volumes:\n%s", diff(want.String(), have))
	}
	books(t, m.pool)
}

// finish lets everything settle, and makes what is derived anew: nothing changes by that.
func (m *simulation) finish() {
	m.now = m.now.AddDate(1, 0, 0)
	m.compare()
	verified(m.t, m.s)
	if err := m.s.Rebuild(m.t.Context(), nil); err != nil {
		m.t.Fatal(err)
	}
	m.compare()
	verified(m.t, m.s)
}

// textOf is a query's one column, a line each.
func textOf(t *testing.T, pool *pgxpool.Pool, query string) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
