package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/store"
)

// tasks measures ingest with no task and with many, side by side on two databases of the same small program, and how long a reward takes from its
// event being accepted.
func (b *bench) tasks(ctx context.Context) error {
	var worlds [2]*taskWorld
	for i, name := range []string{"no_tasks", "tasks"} {
		d, err := b.newDatabase(ctx, name)
		if err != nil {
			return err
		}
		defer d.close()
		w := &taskWorld{store: d.store, now: time.Now().UTC().Truncate(time.Second), rng: rand.New(rand.NewPCG(b.seed, 11))}
		if err := w.people(ctx); err != nil {
			return err
		}
		if i == 1 {
			note("creating %d tasks", b.active)
			if err := w.create(ctx, b.active); err != nil {
				return err
			}
		}
		if _, err := d.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
			return err
		}
		worlds[i] = w
	}
	var ingest, folded [2][]float64
	for range b.rounds + 1 { // the first fills caches, and does not count
		for i, w := range worlds {
			landed, whole, err := w.round(ctx)
			if err != nil {
				return err
			}
			ingest[i], folded[i] = append(ingest[i], landed), append(folded[i], whole)
		}
	}
	for i, what := range []string{"no task", fmt.Sprintf("%d active tasks", b.active)} {
		b.add("tasks", "ingest with "+what, median(ingest[i][1:]), "events/s", "")
		b.add("tasks", "the same with rollups and progress folded", median(folded[i][1:]), "events/s", "")
	}
	b.add("tasks", "ingest with tasks by that without", median(ingest[1][1:])/median(ingest[0][1:]), "", "aim: near 1")
	return worlds[1].latency(ctx, b)
}

// round lands some batches of trades, and folds what they add; both in events per second, the latter with the former.
func (w *taskWorld) round(ctx context.Context) (landed, folded float64, err error) {
	const batches, each = 10, 5000
	all := make([][]store.Line, batches)
	for i := range all {
		all[i] = w.trades(each)
	}
	begin := time.Now()
	for _, lines := range all {
		if err := w.land(ctx, lines); err != nil {
			return 0, 0, err
		}
	}
	landed = batches * each / time.Since(begin).Seconds()
	if _, err := w.store.Fold(ctx); err != nil {
		return 0, 0, err
	}
	if _, err := w.store.AdvanceTasks(ctx, w.now); err != nil {
		return 0, 0, err
	}
	return landed, batches * each / time.Since(begin).Seconds(), nil
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
