package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/domain/task"
	"partnerhub/store"
)

// modelTask is what a task should be.
type modelTask struct {
	id, owner int64
	spec      task.Spec
	targets   []int64
	ended     bool // settled or cancelled
	was       bool // ended before the last phase
	cut       bool // cancelled: what had happened later than that, by the events' own time, counts no longer
}

// value is a participant's progress by the rules.
func (m *modelTask) value(model *oracle.Oracle, uid int64) int64 {
	if m.spec.Type == task.Referral {
		return model.TaskUsers(uid, m.spec.Start, m.spec.End)
	}
	return model.TaskVolume(uid, m.spec.Start, m.spec.End, func(p referral.Product) bool {
		return m.spec.Product == task.Both || (p == referral.Futures) == (m.spec.Product == task.Futures)
	})
}

// taskRun is a random run: several goroutines at once bring events, fold, and create and change tasks.
type taskRun struct {
	s    *store.Store
	pool *pgxpool.Pool
	mu   sync.Mutex
	rng  *rand.Rand

	tasks    []*modelTask
	instants []time.Time // of events

	funds map[int64]domain.Money // paid in from outside
	last  map[string]seen        // of each participant at the end of the phase before
}

// seen is a participant's row.
type seen struct {
	value int64 // that counts
	paid  int
}

// TestTasksInterleaved holds tasks, after any interleaving, against a plain model of the rules fed the same events, and against Verify. Where nothing
// takes progress back, what is paid is exactly what the model says; elsewhere it is no less, since a reward that was paid stays.
func TestTasksInterleaved(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 47))
			plain := seed%2 == 0
			events := agreeing(oracle.Random(rng, 900))
			events = append(events, newUsers(rng, events, 60)...)
			rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			var first []referral.Event // what a plain run has from the beginning, so that progress only rises
			for _, e := range events {
				switch e.Body.(type) {
				case referral.Trade, referral.Transfer:
				case referral.KYC:
				default:
					first = append(first, e)
				}
			}
			if plain {
				events = slices.DeleteFunc(events, func(e referral.Event) bool {
					return slices.ContainsFunc(first, func(f referral.Event) bool { return f.ID == e.ID })
				})
				first = slices.DeleteFunc(first, func(e referral.Event) bool { _, reversal := e.Body.(referral.Reversal); return reversal })
			} else {
				first, events = events[:300], events[300:] // of every kind, so that there are partners to begin with
			}
			r := &taskRun{rng: rng, funds: map[int64]domain.Money{}, last: map[string]seen{}}
			for _, e := range slices.Concat(first, events) {
				r.instants = append(r.instants, e.At)
			}
			r.s, r.pool = open(t, time.UTC)
			model := oracle.New(time.UTC)
			model.Apply(first)
			ingest(t, r.s, rng, 1, first)
			for _, uid := range oracle.Partners(slices.Concat(first, events)) {
				r.fund(t, uid, "first", 500*domain.USDT)
			}
			now := oracle.Start
			const phases = 5
			for p := range phases {
				// The first tasks see the first days, on which most sign up.
				now = now.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start))*int64(min(p, 2))/8 + 1)).Truncate(time.Second))
				n := len(events) / (phases - p)
				r.phase(t, events[:n], now)
				model.Apply(events[:n])
				events = events[n:]
				r.compare(t, model, now, plain)
			}
			// The end: everything settles, once, by two replicas at a time.
			end := now.AddDate(2, 0, 0)
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() { advance(t, r.s, end) })
			}
			wg.Wait()
			for _, m := range r.tasks {
				m.ended = true
			}
			r.compare(t, model, end, plain)
			var open, rewards, users int
			if err := r.pool.QueryRow(context.Background(), `SELECT (SELECT count(*) FROM task WHERE settled_at IS NULL AND cancelled_at IS NULL), (SELECT count(*) FROM task_reward),
				(SELECT coalesce(sum(value), 0) FROM task_participant WHERE type = 1)`).Scan(&open, &rewards, &users); err != nil || open > 0 {
				t.Fatal(open, err)
			}
			t.Log(len(r.tasks), "tasks,", rewards, "rewards,", users, "new users")
			if len(r.tasks) < 3 || plain && (rewards < 3 || users == 0) {
				t.Error("the test says little")
			}
			if err := r.s.Rebuild(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			r.compare(t, model, end, plain)
		})
	}
}

// newUsers sign up with the codes of a world, and pass KYC some time later: what referral tasks count, which a random world has little of.
func newUsers(rng *rand.Rand, events []referral.Event, n int) (out []referral.Event) {
	var codes []string
	for _, e := range events {
		if b, ok := e.Body.(referral.Code); ok && b.Created {
			codes = append(codes, b.Code)
		}
	}
	for i := range n {
		uid, at := int64(50_000+i), oracle.Start.Add(time.Duration(rng.Int64N(oracle.End.Sub(oracle.Start).Microseconds()))*time.Microsecond)
		out = append(out, referral.Event{ID: fmt.Sprint("new", uid), Type: referral.AccountRegistered, UID: uid, At: at, Body: referral.Registration{ReferralCode: codes[rng.IntN(len(codes))]}},
			referral.Event{ID: fmt.Sprint("kyc", uid), Type: referral.KYCCompleted, UID: uid, At: at.Add(time.Duration(rng.IntN(4000)) * time.Minute), Body: referral.KYC{Level: referral.KYCAdvanced}})
	}
	return out
}

// phase does everything at once.
func (r *taskRun) phase(t *testing.T, events []referral.Event, now time.Time) {
	var wg sync.WaitGroup
	seed := r.rng.Uint64()
	wg.Go(func() { ingest(t, r.s, rand.New(rand.NewPCG(seed, 1)), 2, events) })
	for i := range uint64(2) {
		wg.Go(func() {
			for range 6 {
				if _, err := r.s.AdvanceTasks(context.Background(), now); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 2+i))
			for range 4 {
				r.act(t, rng, now)
			}
		})
	}
	wg.Wait()
	advance(t, r.s, now)
}

// fund pays in from outside, twice at once: it counts once.
func (r *taskRun) fund(t *testing.T, uid int64, key string, amount domain.Money) {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			isNew, err := r.s.TopUp(context.Background(), topUp(uid, key, amount))
			if err != nil {
				t.Error(err)
			}
			if isNew {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.funds[uid] += amount
			}
		})
	}
	wg.Wait()
}

// act creates a task or changes one.
func (r *taskRun) act(t *testing.T, rng *rand.Rand, now time.Time) {
	ctx := context.Background()
	r.mu.Lock()
	var m *modelTask
	if len(r.tasks) > 0 && rng.IntN(2) == 0 {
		m = r.tasks[rng.IntN(len(r.tasks))]
	}
	r.mu.Unlock()
	if m == nil {
		r.create(t, rng, now)
		return
	}
	c := domain.Partner(m.owner)
	if rng.IntN(3) == 0 {
		r.fund(t, m.owner, fmt.Sprint(rng.Uint64()), domain.Money(1+rng.IntN(40))*10*domain.USDT)
	}
	r.mu.Lock() // a change and what the model knows of it are one; creations, events and folds go on
	defer r.mu.Unlock()
	var err error
	switch rng.IntN(4) {
	case 0:
		end := r.instant(rng, m.spec.End, 72*time.Hour)
		if err = r.s.ExtendTask(ctx, c, m.id, end, now); err == nil {
			m.spec.End = end
		}
	case 1:
		for range 2 {
			err = errors.Join(err, r.s.CancelTask(ctx, c, m.id, now))
		}
		if err == nil && !m.ended {
			m.ended, m.cut = true, true
			if now.Before(m.spec.End) {
				m.spec.End = now
			}
			if now.Before(m.spec.Start) {
				m.spec.End = m.spec.Start
			}
		}
	default:
		more := task.More{MaxRepeats: m.spec.MaxRepeats + 2}
		if m.spec.Type == task.Trading {
			more = task.More{Tiers: slices.Clone(m.spec.Tiers)}
			if len(more.Tiers) < task.MaxTiers {
				more.Tiers = append(more.Tiers, task.Tier{Threshold: more.Tiers[len(more.Tiers)-1].Threshold * 3, Reward: 50 * domain.USDT})
			}
		}
		if err = r.s.TopUpTask(ctx, c, m.id, more, now); err == nil {
			m.spec, _ = m.spec.With(more)
		}
	}
	if e := (*domain.Error)(nil); err != nil && !errors.As(err, &e) {
		t.Error(err)
	}
}

// instant is a time from, and less than so long after: mostly one at which something happened, so that the edges of windows are hit.
func (r *taskRun) instant(rng *rand.Rand, from time.Time, length time.Duration) time.Time {
	for range 20 {
		if at := r.instants[rng.IntN(len(r.instants))]; !at.Before(from) && at.Before(from.Add(length)) {
			return at
		}
	}
	return from.Add(time.Duration(rng.Int64N(int64(length)))).Truncate(time.Microsecond)
}

// create makes a task for some of a random partner's partners.
func (r *taskRun) create(t *testing.T, rng *rand.Rand, now time.Time) {
	ctx := context.Background()
	var owner int64
	var uids []int64
	err := r.pool.QueryRow(ctx, `SELECT up, array_agg(x.uid ORDER BY x.uid) FROM (SELECT unnest(ARRAY[u1, u2, u3]) AS up, a.uid FROM account a JOIN partner USING (uid) WHERE enrolled_at <= $1) x
		JOIN partner p ON p.uid = up GROUP BY up ORDER BY md5(up::text || $2) LIMIT 1`, now, fmt.Sprint(rng.Uint64())).Scan(&owner, &uids)
	if errors.Is(err, pgx.ErrNoRows) {
		return // nobody is anybody's yet
	}
	if err != nil {
		t.Error(err)
		return
	}
	start := r.instant(rng, now.Add(-23*time.Hour), 72*time.Hour)
	spec := task.Spec{Type: task.Referral, Targets: task.Targets{UIDs: append(uids, uids[0])}, Start: start, End: r.instant(rng, start.Add(24*time.Hour), 300*time.Hour), EveryX: 1, Reward: 10 * domain.USDT, MaxRepeats: int64(1 + rng.IntN(3))}
	if rng.IntN(3) > 0 {
		spec.Type, spec.EveryX, spec.Reward, spec.MaxRepeats = task.Trading, 0, 0, 0
		spec.Product = task.Products[rng.IntN(3)]
		at := domain.Money(0)
		for range 1 + rng.IntN(3) {
			at += domain.Money(1 + rng.Int64N(int64(300*domain.USDT)))
			spec.Tiers = append(spec.Tiers, task.Tier{Threshold: at, Reward: task.Rewards[rng.IntN(4)]})
		}
	}
	spec = spec.Normal()
	if rng.IntN(3) == 0 {
		r.approve(t, owner, spec, now)
		return
	}
	request := ""
	if rng.IntN(2) == 0 {
		request = fmt.Sprint("r", rng.Uint64())
	}
	times := 1
	if request != "" {
		times = 2
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var made int64
	for range times {
		wg.Go(func() { // twice at once is once; one of the two may find the fund short, and the other what was funded meanwhile
			id, err := r.s.CreateTask(ctx, domain.Partner(owner), spec, request, now)
			mu.Lock()
			defer mu.Unlock()
			if e := (*domain.Error)(nil); err != nil {
				if !errors.As(err, &e) {
					t.Error(err)
				}
				return
			}
			if made != 0 && made != id {
				t.Error("one request made two tasks:", made, id)
			}
			made = id
		})
	}
	wg.Wait()
	if made == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tasks = append(r.tasks, &modelTask{id: made, owner: owner, spec: spec, targets: spec.Targets.UIDs})
}

// approve makes a task by a proposal that is approved three times at once, which is once.
func (r *taskRun) approve(t *testing.T, owner int64, spec task.Spec, now time.Time) {
	ctx, c := context.Background(), domain.Partner(owner)
	p, err := r.s.Propose(ctx, c, proposal.CreateTask, task.DraftOf(spec), "", now)
	if err != nil {
		if e := (*domain.Error)(nil); !errors.As(err, &e) {
			t.Error(err)
		}
		return
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			done, err := r.s.Approve(ctx, c, p.ID, p.Digest, now)
			if err != nil {
				if e := (*domain.Error)(nil); !errors.As(err, &e) || e.Code == domain.CodeInternal {
					t.Error(err)
				}
				return
			}
			var made struct{ TaskID int64 }
			if err := json.Unmarshal(done.Result, &made); err != nil {
				t.Error(err)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.tasks = append(r.tasks, &modelTask{id: made.TaskID, owner: owner, spec: spec, targets: spec.Targets.UIDs})
		})
	}
	wg.Wait()
}

// compare holds every task against the model, and every fund.
func (r *taskRun) compare(t *testing.T, model *oracle.Oracle, now time.Time, plain bool) {
	t.Helper()
	ctx := context.Background()
	verified(t, r.s)
	funds := map[int64]domain.Money{}
	for uid, amount := range r.funds {
		funds[uid] = amount
	}
	var made int
	if err := r.pool.QueryRow(ctx, `SELECT count(*) FROM task`).Scan(&made); err != nil || made != len(r.tasks) {
		t.Fatal(made, "tasks, and", len(r.tasks), "were asked for:", err)
	}
	for _, m := range r.tasks {
		funds[m.owner] -= m.spec.WorstCase(len(m.targets))
		if !m.ended && !now.Before(m.spec.End.Add(task.DefaultGrace)) {
			m.ended = true
		}
		rows, err := r.pool.Query(ctx, `SELECT uid, value, paid, paid_amount, coalesce(final, value), open FROM task_participant WHERE owner = $1 AND task = $2 ORDER BY uid`, m.owner, m.id)
		if err != nil {
			t.Fatal(err)
		}
		var uids []int64
		spent := domain.Money(0)
		for rows.Next() {
			var uid, value, final int64
			var paid int
			var amount domain.Money
			var open bool
			if err := rows.Scan(&uid, &value, &paid, &amount, &final, &open); err != nil {
				t.Fatal(err)
			}
			uids = append(uids, uid)
			if want := m.value(model, uid); value != want {
				t.Errorf("task %d %+v: %d has %d, the model says %d", m.id, m.spec, uid, value, want)
			}
			if open == m.ended {
				t.Errorf("task %d is open: %v", m.id, open)
			}
			key := fmt.Sprint(m.id, ":", uid)
			last := r.last[key]
			if want := int(m.spec.Reached(final)); paid < want || plain && !m.cut && paid != want || paid < last.paid {
				t.Errorf("task %d: %d steps paid to %d, the model says %d", m.id, paid, uid, want)
			}
			if amount != m.spec.Paying(int64(paid)) {
				t.Errorf("task %d: %s paid to %d for %d steps, the model says %s", m.id, amount, uid, paid, m.spec.Paying(int64(paid)))
			}
			// What counts is what was there when it ended: no less than before that phase, and nothing that came later.
			if m.was && (last != seen{final, paid}) || plain && !m.cut && (final < last.value || final > value) {
				t.Errorf("task %d, over before this phase: %v; %d had %+v, and is paid %d steps for %d of %d", m.id, m.was, uid, last, paid, final, value)
			}
			r.last[key] = seen{final, paid}
			spent += amount
			funds[uid] += amount
		}
		if !slices.Equal(uids, m.targets) {
			t.Errorf("task %d is for %v, not %v", m.id, uids, m.targets)
		}
		if m.ended {
			funds[m.owner] += m.spec.WorstCase(len(m.targets)) - spent
		}
		m.was = m.ended
	}
	have := books(t, r.pool)
	for uid, want := range funds {
		if have[uid] != want || want < 0 {
			t.Errorf("the fund of %d holds %s, the model says %s", uid, have[uid], want)
		}
	}
}
