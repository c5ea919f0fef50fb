package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/proposal"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/store"
)

// taskDay is the day on which the tasks of these tests begin.
var taskDay = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// taskWorld is partner 100 with the sub-partners 201 and 202, whose referees are 301, 302 and 401; 203 is no partner.
func taskWorld(t testing.TB) (*store.Store, *pgxpool.Pool) {
	t.Helper()
	s, pool := open(t, time.UTC)
	land(t, s, worldEvents()...)
	return s, pool
}

func worldEvents() (events []referral.Event) {
	before := taskDay.AddDate(0, -1, 0)
	add := func(typ referral.EventType, uid int64, body referral.Body) {
		events = append(events, referral.Event{ID: fmt.Sprintf("w%d", len(events)), Type: typ, UID: uid, At: before, Body: body})
	}
	for _, a := range []struct {
		uid  int64
		code string
	}{{100, ""}, {201, "C100"}, {202, "C100"}, {203, "C100"}, {301, "C201"}, {302, "C201"}, {401, "C202"}, {900, ""}} {
		add(referral.AccountRegistered, a.uid, referral.Registration{ReferralCode: a.code, Country: "VN"})
	}
	for _, uid := range []int64{100, 201, 202, 900} {
		add(referral.PartnerEnrolled, uid, referral.Rates{Enrolled: true, SpotRate: 400_000, FuturesRate: 400_000})
		add(referral.ReferralCodeCreated, uid, referral.Code{Created: true, Code: fmt.Sprintf("C%d", uid)})
	}
	return events
}

func land(t testing.TB, s *store.Store, events ...referral.Event) {
	t.Helper()
	out, err := s.Ingest(context.Background(), store.Batch{Source: "test", Lines: lines(events)})
	if err != nil || out.Rejected > 0 {
		t.Fatal(out, err)
	}
}

func deposit(t testing.TB, s *store.Store, uid int64, amount domain.Money) {
	t.Helper()
	if _, err := s.TopUp(context.Background(), ledger.Transfer{Key: "top_up:" + t.Name() + fmt.Sprint(uid, amount), From: ledger.Account{Owner: uid, Kind: ledger.External}, To: ledger.FundOf(uid), Amount: amount,
		Reason: ledger.TopUp, Ref: "r", At: taskDay}); err != nil {
		t.Fatal(err)
	}
}

// traded is a trade of a number that names it.
func traded(n int, uid int64, at time.Time, product referral.Product, volume domain.Money) referral.Event {
	return referral.Event{ID: fmt.Sprintf("t%d", n), Type: referral.TradeExecuted, UID: uid, At: at, Body: referral.Trade{
		TradeID: fmt.Sprintf("T%d", n), Product: product, Symbol: "BTCUSDT", Side: "buy", Volume: volume, FeeGross: volume / 1000, FeePaid: volume / 1000}}
}

func verified(t testing.TB, s *store.Store) {
	t.Helper()
	if rep, err := s.Verify(context.Background(), store.VerifyOptions{}); err != nil || !rep.OK() {
		t.Fatal(rep, err)
	}
}

func balance(t testing.TB, s *store.Store, uid int64) domain.Money {
	t.Helper()
	b, err := s.Balance(context.Background(), domain.Partner(uid))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func advance(t testing.TB, s *store.Store, now time.Time) store.TaskWork {
	t.Helper()
	done, err := s.AdvanceTasks(context.Background(), now)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func tradingSpec() task.Spec {
	return task.Spec{Type: task.Trading, Product: task.Both, Targets: task.Targets{DirectPartners: true}, Start: taskDay.Add(90 * time.Minute), End: taskDay.AddDate(0, 0, 7),
		Tiers: []task.Tier{{Threshold: 1000 * domain.USDT, Reward: 10 * domain.USDT}, {Threshold: 5000 * domain.USDT, Reward: 30 * domain.USDT}}}
}

func participant(t testing.TB, s *store.Store, id, uid int64, now time.Time) task.Participant {
	t.Helper()
	d, err := s.Task(context.Background(), domain.Partner(100), id, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Rows {
		if p.UID == uid {
			return p
		}
	}
	t.Fatalf("%d takes no part in %+v", uid, d)
	return task.Participant{}
}

func TestTradingTask(t *testing.T) {
	t.Parallel()
	ctx, c := context.Background(), domain.Partner(100)
	s, pool := taskWorld(t)
	spec := tradingSpec()
	if _, err := s.CreateTask(ctx, c, spec, "", taskDay); refusal(t, err).Missing != 80*domain.USDT {
		t.Fatal(err)
	}
	deposit(t, s, 100, 100*domain.USDT)
	id, err := s.CreateTask(ctx, c, spec, "once", taskDay)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.CreateTask(ctx, c, spec, "once", taskDay); err != nil || again != id {
		t.Fatal(again, err)
	}
	if b := balance(t, s, 100); b != 20*domain.USDT {
		t.Fatal(b)
	}
	at := spec.Start
	land(t, s, traded(1, 301, at.Add(-time.Microsecond), referral.Futures, 900*domain.USDT), traded(2, 301, at, referral.Futures, 600*domain.USDT), traded(3, 201, at, referral.Spot, 399*domain.USDT))
	if p := participant(t, s, id, 201, at); p.Progress.Value != int64(999*domain.USDT) { // before it is folded
		t.Fatal(p)
	}
	if done := advance(t, s, at); done.Paid != 0 {
		t.Fatal(done)
	}
	land(t, s, traded(4, 302, at.Add(time.Hour), referral.Margin, domain.USDT))
	if done := advance(t, s, at); done.Paid != 1 || balance(t, s, 201) != 10*domain.USDT {
		t.Fatal(done)
	}
	if done := advance(t, s, at); done.Paid != 0 {
		t.Fatal("paid twice")
	}
	verified(t, s)
	// A reversal lowers the progress; the reward stays and is flagged.
	land(t, s, referral.Event{ID: "rev", Type: referral.TradeReversed, UID: 301, At: spec.End.AddDate(0, 0, 3), Body: referral.Reversal{TradeID: "T2", Reason: "x"}})
	advance(t, s, at)
	if p := participant(t, s, id, 201, at); p.Progress.Value != int64(400*domain.USDT) || !p.Review || p.Paid != 10*domain.USDT || p.Next.Gap.Value != int64(600*domain.USDT) {
		t.Fatalf("%+v", p)
	}
	// Late, but inside the grace, with both tiers at once for another.
	end := spec.End
	land(t, s, traded(5, 401, end.Add(-time.Microsecond), referral.Futures, 6000*domain.USDT), traded(6, 401, end, referral.Futures, 6000*domain.USDT))
	if done := advance(t, s, end.Add(task.DefaultGrace-time.Second)); done.Paid != 2 || done.Settled != 0 || balance(t, s, 202) != 40*domain.USDT {
		t.Fatal(done, balance(t, s, 202))
	}
	if done := advance(t, s, end.Add(task.DefaultGrace)); done.Settled != 1 || balance(t, s, 100) != 50*domain.USDT {
		t.Fatal(done, balance(t, s, 100))
	}
	var rewards, settled, created int
	if err := pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE kind = 'task_reward'), count(*) FILTER (WHERE kind = 'task_settled'), count(*) FILTER (WHERE kind = 'task_created') FROM notice`).Scan(&rewards, &settled, &created); err != nil || rewards != 6 || settled != 3 || created != 2 {
		t.Fatal(rewards, settled, created, err)
	}
	land(t, s, traded(7, 301, at, referral.Futures, 9000*domain.USDT))
	if done := advance(t, s, end.AddDate(0, 0, 9)); done.Paid != 0 || done.Settled != 0 {
		t.Fatal(done)
	}
	if p := participant(t, s, id, 201, at); p.Progress.Value != int64(400*domain.USDT) || p.Late == nil || p.Late.Value != int64(9000*domain.USDT) {
		t.Fatalf("%+v", p)
	}
	verified(t, s)
	// 202's referee brought 12,000 of volume while it ran, of which the last 6,000 came at its end, and 201's 9,601.
	if d, err := s.Task(ctx, c, id, end.AddDate(0, 0, 9)); err != nil || d.Return == nil || d.Return.Spent != 50*domain.USDT || d.Return.VolumeBefore != 900*domain.USDT || d.Return.ExtraVolume != 14_701*domain.USDT {
		t.Fatalf("%+v %v", d.Return, err)
	}
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if p := participant(t, s, id, 201, at); p.Late == nil || p.Late.Value != int64(9000*domain.USDT) || p.Paid != 10*domain.USDT {
		t.Fatalf("%+v", p)
	}
	verified(t, s)
}

func TestReferralTask(t *testing.T) {
	t.Parallel()
	ctx, c := context.Background(), domain.Partner(100)
	s, _ := taskWorld(t)
	deposit(t, s, 100, 1000*domain.USDT)
	spec := task.Spec{Type: task.Referral, Targets: task.Targets{UIDs: []int64{201, 201}}, Start: taskDay, End: taskDay.AddDate(0, 0, 7), EveryX: 2, Reward: 50 * domain.USDT, MaxRepeats: 2}
	for _, bad := range [][]int64{{201, 203}, {201, 900}, {777}} {
		b := spec
		b.Targets.UIDs = bad
		if e := refusal(t, func() error { _, err := s.CreateTask(ctx, c, b, "", taskDay); return err }()); e.Field != "targets.uids" {
			t.Fatal(e)
		}
	}
	id, err := s.CreateTask(ctx, c, spec, "", taskDay)
	if err != nil || balance(t, s, 100) != 900*domain.USDT {
		t.Fatal(id, err)
	}
	joined := func(uid int64, code string, registered, kyc time.Time) []referral.Event {
		return []referral.Event{
			{ID: fmt.Sprintf("k%d", uid), Type: referral.KYCCompleted, UID: uid, At: kyc, Body: referral.KYC{Level: referral.KYCAdvanced}},
			{ID: fmt.Sprintf("r%d", uid), Type: referral.AccountRegistered, UID: uid, At: registered, Body: referral.Registration{ReferralCode: code}},
		}
	}
	in := taskDay.Add(time.Hour)
	land(t, s, joined(1001, "C201", in, in)...)
	land(t, s, joined(1002, "LATER", in, in)...) // the code is not known yet
	land(t, s, joined(1003, "C201", in.AddDate(0, 0, -2), in)...)
	land(t, s, joined(1004, "C201", in, spec.End)...)
	if done := advance(t, s, in); done.Paid != 0 {
		t.Fatal(done)
	}
	land(t, s, referral.Event{ID: "later", Type: referral.ReferralCodeCreated, UID: 201, At: in, Body: referral.Code{Created: true, Code: "LATER"}})
	if done := advance(t, s, in); done.Paid != 1 || balance(t, s, 201) != 50*domain.USDT {
		t.Fatal(done, participant(t, s, id, 201, in))
	}
	verified(t, s)
	if err := s.TopUpTask(ctx, c, id, task.More{MaxRepeats: 5}, in); err != nil || balance(t, s, 100) != 750*domain.USDT {
		t.Fatal(err, balance(t, s, 100))
	}
	if err := s.ExtendTask(ctx, c, id, spec.End.AddDate(0, 0, 1), in); err != nil {
		t.Fatal(err)
	}
	land(t, s, joined(1005, "C201", in, in)...) // 1004 counts by now
	if done := advance(t, s, in); done.Paid != 1 || balance(t, s, 201) != 100*domain.USDT {
		t.Fatal(done, participant(t, s, id, 201, in))
	}
	for range 2 {
		if err := s.CancelTask(ctx, c, id, in.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if b := balance(t, s, 100); b != 900*domain.USDT {
		t.Fatal(b)
	}
	if e := refusal(t, s.ExtendTask(ctx, c, id, spec.End.AddDate(0, 0, 2), in)); e.Field != "status" {
		t.Fatal(e)
	}
	advance(t, s, spec.End.AddDate(1, 0, 0))
	verified(t, s)
	list, _, err := s.Tasks(ctx, domain.Partner(201), task.Query{Side: task.Assigned, Limit: 10}, in)
	if err != nil || len(list) != 1 || list[0].Status != task.Cancelled || list[0].Mine == nil || list[0].Mine.Paid != 100*domain.USDT || list[0].Funded != 0 {
		t.Fatalf("%+v %v", list, err)
	}
	if e := refusal(t, func() error { _, err := s.Task(ctx, domain.Partner(202), id, in); return err }()); e.Code != domain.CodeNotFound {
		t.Fatal(e)
	}
}

// TestFundingAtOnce: 64 creations at once from a fund that covers half of them.
func TestFundingAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	deposit(t, s, 100, 32*80*domain.USDT+79*domain.USDT)
	var made, short atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			_, err := s.CreateTask(context.Background(), domain.Partner(100), tradingSpec(), "", taskDay)
			if e := (*domain.Error)(nil); err == nil {
				made.Add(1)
			} else if errors.As(err, &e) && e.Field == "balance" && e.Missing == domain.USDT {
				short.Add(1)
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 32 || short.Load() != 32 || balance(t, s, 100) != 79*domain.USDT {
		t.Error(made.Load(), "made,", short.Load(), "refused,", balance(t, s, 100), "left")
	}
	verified(t, s)
}

// TestProposedTask: what is approved is what was shown, once, and nothing else.
func TestProposedTask(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := taskWorld(t)
	draft := task.Draft{Type: task.Trading, Product: task.Spot, Targets: task.Targets{DirectPartners: true}, Start: "2026-11-02", End: "2026-11-09", Tiers: tradingSpec().Tiers}
	now := taskDay.Add(time.Hour)
	propose := func() proposal.Proposal {
		t.Helper()
		p, err := s.Propose(ctx, alice, proposal.CreateTask, draft, "", now)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := propose()
	if c := p.Preview.Cost; c.WorstCase != 80*domain.USDT || c.Missing != 80*domain.USDT || p.Preview.Targets.Count != 2 {
		t.Fatalf("%+v", p.Preview)
	}
	if _, err := s.Approve(ctx, alice, p.ID, p.Digest, now); refusal(t, err).Missing != 80*domain.USDT {
		t.Fatal(err)
	}
	deposit(t, s, 100, 100*domain.USDT)
	done, err := s.Approve(ctx, alice, p.ID, p.Digest, now)
	if err != nil || balance(t, s, 100) != 20*domain.USDT {
		t.Fatal(err)
	}
	if _, err := s.Approve(ctx, alice, p.ID, p.Digest, now); err == nil || balance(t, s, 100) != 20*domain.USDT {
		t.Fatal("approved twice")
	}
	var made struct{ TaskID int64 }
	if err := json.Unmarshal(done.Result, &made); err != nil {
		t.Fatal(err)
	}
	deposit(t, s, 100, 200*domain.USDT)
	other := propose()
	land(t, s, referral.Event{ID: "new", Type: referral.PartnerEnrolled, UID: 203, At: taskDay, Body: referral.Rates{Enrolled: true}})
	if _, err := s.Approve(ctx, alice, other.ID, other.Digest, now); refusal(t, err).Field != "targets" || balance(t, s, 100) != 220*domain.USDT {
		t.Fatal(err)
	}
	for _, kind := range []proposal.Kind{proposal.Nudge, proposal.CancelTask} {
		p, err := s.Propose(ctx, alice, kind, made, "", now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Propose(ctx, mallory, kind, made, "", now); refusal(t, err).Code != domain.CodeNotFound {
			t.Fatal(err)
		}
		if _, err := s.Approve(ctx, alice, p.ID, p.Digest, now); err != nil {
			t.Fatal(kind, err)
		}
	}
	if _, err := s.Propose(ctx, alice, proposal.Nudge, made, "", now); refusal(t, err).Field != "status" || balance(t, s, 100) != 300*domain.USDT {
		t.Fatal(err)
	}
	verified(t, s)
}

// TestTaskWaitsForBatches: a batch that found no task to add to has not committed yet. Whatever changes which trades a task counts waits for it,
// or the batch's trades would count nowhere.
func TestTaskWaitsForBatches(t *testing.T) {
	t.Parallel()
	ctx, c := context.Background(), domain.Partner(100)
	s, pool := taskWorld(t)
	deposit(t, s, 100, 1000*domain.USDT)
	id, err := s.CreateTask(ctx, c, tradingSpec(), "", taskDay)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func() error{
		"create": func() error { _, err := s.CreateTask(ctx, c, tradingSpec(), "", taskDay); return err },
		"extend": func() error { return s.ExtendTask(ctx, c, id, tradingSpec().End.Add(time.Hour), taskDay) },
		"cancel": func() error { return s.CancelTask(ctx, c, id, taskDay) },
	} {
		done := make(chan error, 1)
		if err := pgx.BeginFunc(ctx, pool, func(batch pgx.Tx) error {
			if _, err := batch.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, store.StructureLock); err != nil {
				return err
			}
			go func() { done <- change() }()
			for waits := false; !waits; time.Sleep(5 * time.Millisecond) {
				select {
				case err := <-done:
					return fmt.Errorf("%s did not wait: %w", what, err)
				default:
				}
				if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory')`).Scan(&waits); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil && domain.AsError(err).Field != "status" { // extended after it was cancelled
			t.Fatal(what, err)
		}
	}
}
