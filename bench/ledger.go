package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/store"
)

// measureFor is how long each rate is measured.
const measureFor = 5 * time.Second

// ledger measures transfers per second beside pgbench's TPC-B-like transactions on the same server.
func (b *bench) ledger(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "ledger")
	if err != nil {
		return err
	}
	defer d.close()
	tpcb, err := b.pgbench(ctx, d)
	if err != nil {
		return err
	}
	b.add("ledger", "pgbench, TPC-B-like, scale 1, 2 clients", tpcb, "tps", "")
	var seq atomic.Int64
	// Paid in from outside, so that none is refused: the locks and rows are those of any other transfer.
	transfers := func(n int, owner func() int64) []ledger.Transfer {
		out := make([]ledger.Transfer, n)
		for i := range out {
			uid := owner()
			out[i] = ledger.Transfer{Key: strconv.FormatInt(seq.Add(1), 10), From: ledger.Account{Owner: uid, Kind: ledger.External}, To: ledger.FundOf(uid), Amount: domain.USDT, Reason: ledger.TopUp, At: time.Now()}
		}
		return out
	}
	hot := func() int64 { return 1 }
	distinct := func() int64 { return 2 + rand.Int64N(10_000) }
	for _, m := range []struct {
		what  string
		batch int
		owner func() int64
		aim   string
	}{
		{"one at a time, distinct accounts", 1, distinct, ""},
		{"one at a time, one hot account", 1, hot, ""},
		{"batches of 1,000, distinct accounts", 1000, distinct, ""},
		{"batches of 1,000, one hot account", 1000, hot, "aim: 6 × pgbench"},
	} {
		rate, err := perSecond(ctx, 2, func(ctx context.Context) (int, error) {
			out, err := d.store.Post(ctx, transfers(m.batch, m.owner))
			for _, p := range out {
				err = errors.Join(err, p.Err)
			}
			return m.batch, err
		})
		if err != nil {
			return err
		}
		b.add("ledger", m.what, rate, "transfers/s", m.aim)
		if m.aim != "" {
			b.add("ledger", "that by pgbench's tps", rate/tpcb, "×", "aim: 6")
		}
	}
	return nil
}

// perSecond has workers do a step again and again, and returns how much they did a second.
func perSecond(ctx context.Context, workers int, step func(context.Context) (int, error)) (float64, error) {
	var done atomic.Int64
	var mu sync.Mutex
	var failed error
	begin := time.Now()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for time.Since(begin) < measureFor {
				n, err := step(ctx)
				done.Add(int64(n))
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), failed
}

var tpsRule = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench is the tps of PostgreSQL's own benchmark on this server.
func (b *bench) pgbench(ctx context.Context, d *database) (float64, error) {
	path, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			return 0, errors.New("pgbench is not installed: it comes with PostgreSQL's server")
		}
		path = slices.Max(found)
	}
	url := withDatabase(b.url, d.name)
	if out, err := exec.CommandContext(ctx, path, "-i", "-q", "-s", "1", url).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("pgbench -i: %w: %s", err, out)
	}
	out, err := exec.CommandContext(ctx, path, "-n", "-c", "2", "-j", "2", "-T", strconv.Itoa(int(measureFor.Seconds())), url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	m := tpsRule.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench said no tps: %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// tasks measures ingest with no task and with many, on the same small program, and how long a reward takes from its event being accepted.
func (b *bench) tasks(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "tasks")
	if err != nil {
		return err
	}
	defer d.close()
	now := time.Now().UTC().Truncate(time.Second)
	w := &taskWorld{store: d.store, now: now, rng: rand.New(rand.NewPCG(b.seed, 11))}
	if err := w.people(ctx); err != nil {
		return err
	}
	const batches, each = 20, 5000
	measure := func(what string) error {
		begin := time.Now()
		for range batches {
			if err := w.land(ctx, w.trades(each)); err != nil {
				return err
			}
		}
		b.add("tasks", what, batches*each/time.Since(begin).Seconds(), "events/s", "")
		_, err := d.store.Fold(ctx)
		return err
	}
	if err := measure("ingest without tasks"); err != nil {
		return err
	}
	note("creating %d tasks", b.active)
	if err := w.create(ctx, b.active); err != nil {
		return err
	}
	if _, err := d.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	if err := measure(fmt.Sprintf("ingest with %d active tasks", b.active)); err != nil {
		return err
	}
	return w.latency(ctx, b)
}

// taskWorld is a program of a partner with sub-partners who have referees.
type taskWorld struct {
	store *store.Store
	now   time.Time
	rng   *rand.Rand
	n     int
}

const (
	taskPartner = 1
	subPartners = 1000 // from 1001
	perSub      = 5    // referees of each, from 100000
)

func (w *taskWorld) event(typ referral.EventType, uid int64, at time.Time, body referral.Body) store.Line {
	w.n++
	return store.Line{No: int64(w.n), Event: referral.Event{ID: fmt.Sprint("e", w.n), Type: typ, UID: uid, At: at, Body: body}}
}

func (w *taskWorld) land(ctx context.Context, lines []store.Line) error {
	out, err := w.store.Ingest(ctx, store.Batch{Source: "bench", Lines: lines})
	if err == nil && out.Rejected > 0 {
		err = out.Refused[0].Err
	}
	return err
}

func (w *taskWorld) people(ctx context.Context) error {
	at := w.now.AddDate(0, -1, 0)
	var lines []store.Line
	partner := func(uid int64, code string) {
		lines = append(lines, w.event(referral.AccountRegistered, uid, at, referral.Registration{ReferralCode: code}),
			w.event(referral.PartnerEnrolled, uid, at, referral.Rates{Enrolled: true, SpotRate: 400_000, FuturesRate: 400_000}),
			w.event(referral.ReferralCodeCreated, uid, at, referral.Code{Created: true, Code: fmt.Sprint("C", uid)}))
	}
	partner(taskPartner, "")
	for i := range int64(subPartners) {
		partner(1001+i, "C1")
		for k := range int64(perSub) {
			lines = append(lines, w.event(referral.AccountRegistered, 100_000+i*perSub+k, at, referral.Registration{ReferralCode: fmt.Sprint("C", 1001+i)}))
		}
	}
	if err := w.land(ctx, lines); err != nil {
		return err
	}
	_, err := w.store.TopUp(ctx, ledger.Transfer{Key: "bench", From: ledger.Account{Owner: taskPartner, Kind: ledger.External}, To: ledger.FundOf(taskPartner), Amount: 1_000_000_000 * domain.USDT, Reason: ledger.TopUp, At: w.now})
	return err
}

func (w *taskWorld) trades(n int) []store.Line {
	out := make([]store.Line, n)
	for i := range out {
		out[i] = w.trade(100_000+w.rng.Int64N(subPartners*perSub), domain.USDT)
	}
	return out
}

func (w *taskWorld) trade(uid int64, volume domain.Money) store.Line {
	return w.event(referral.TradeExecuted, uid, w.now, referral.Trade{TradeID: fmt.Sprint("t", w.n), Product: referral.Spot, Symbol: "BTCUSDT", Side: "buy", Volume: volume, FeeGross: volume / 1000, FeePaid: volume / 1000})
}

// create makes tasks of one participant each, ten or so for every sub-partner.
func (w *taskWorld) create(ctx context.Context, n int) error {
	for i := range n {
		spec := task.Spec{Type: task.Trading, Product: task.Both, Targets: task.Targets{UIDs: []int64{1001 + int64(i%subPartners)}}, Start: w.now, End: w.now.AddDate(0, 0, 7),
			Tiers: []task.Tier{{Threshold: 1_000_000 * domain.USDT, Reward: 10 * domain.USDT}}}
		if _, err := w.store.CreateTask(ctx, domain.Partner(taskPartner), spec, "", w.now); err != nil {
			return err
		}
	}
	return nil
}

// latency earns rewards one by one while the compactor runs as in serve, and measures from the batch's answer to the fund's balance.
func (w *taskWorld) latency(ctx context.Context, b *bench) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for tick := time.NewTicker(250 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			_, _ = w.store.AdvanceTasks(ctx, w.now) // what fails shows as a reward that never comes
		}
	}()
	var took []float64
	for i := range int64(100) {
		sub := 1001 + i
		if err := w.land(ctx, []store.Line{w.trade(100_000+i*perSub, 1_000_000*domain.USDT)}); err != nil {
			return err
		}
		begin := time.Now()
		for {
			balance, err := w.store.Balance(ctx, domain.Partner(sub))
			if err != nil {
				return err
			}
			if balance > 0 {
				break
			}
			if time.Since(begin) > 30*time.Second {
				return fmt.Errorf("the reward of %d never comes", sub)
			}
			time.Sleep(2 * time.Millisecond)
		}
		took = append(took, ms(time.Since(begin)))
	}
	slices.Sort(took)
	b.add("tasks", "from an event accepted to its reward in the fund, p50", took[len(took)/2], "ms", "")
	b.add("tasks", "the same, p99", took[len(took)*99/100], "ms", "aim: 1000")
	return nil
}
