package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/store"
)

// TestSettlement settles at random times while events arrive in any order, by two replicas at once, and compares the records with what the
// model says of all commission in the end.
func TestSettlement(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			rng := rand.New(rand.NewPCG(seed, 29))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			events := agreeing(oracle.Random(rng, 1000))
			model := oracle.New(zone)
			model.Apply(events)
			s, pool := open(t, zone)
			var records int64
			settle := func(now time.Time) {
				t.Helper()
				var wg sync.WaitGroup
				var mu sync.Mutex
				for range 2 {
					wg.Go(func() {
						done, err := s.Settle(ctx, now)
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						defer mu.Unlock()
						records += done.Records
					})
				}
				wg.Wait()
			}
			now := oracle.Start
			for rest := events; len(rest) > 0; {
				n := min(len(rest), 50+rng.IntN(200))
				ingest(t, s, rng, 2, rest[:n])
				rest = rest[n:]
				now = now.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start)) / 6)))
				settle(now)
			}
			end := oracle.End
			if now.After(end) {
				end = now
			}
			settle(end.AddDate(0, 0, 3))
			if done, err := s.Settle(ctx, end.AddDate(0, 0, 3)); err != nil || done.Records != 0 {
				t.Fatal("settled twice:", done, err)
			}
			if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || !rep.OK() {
				t.Fatal(rep, err)
			}
			var open int64
			if err := pool.QueryRow(ctx, `SELECT count(*) FROM settlement_due`).Scan(&open); err != nil {
				t.Fatal(err)
			}
			funds, settled := books(t, pool), 0
			for _, partner := range oracle.Partners(events) {
				var want domain.Money
				for _, kind := range []referral.RewardKind{referral.RewardRebate, referral.RewardShared} {
					for _, r := range rewardsOf(t, model, zone, partner, kind, everything(t, zone)) {
						want += r.Amount
					}
				}
				if open == 0 && funds[partner] != want {
					t.Errorf("%d has %s, the model says %s", partner, funds[partner], want)
				}
				if want != 0 {
					settled++
				}
			}
			if records < 30 || settled < 3 {
				t.Errorf("%d records, %d partners: the test says little", records, settled)
			}
			if err := s.Rebuild(ctx, nil); err != nil {
				t.Fatal(err)
			}
			if done, err := s.Settle(ctx, end.AddDate(0, 0, 4)); err != nil || done.Records != 0 && open == 0 {
				t.Fatal("a rebuild settles anew:", done, err)
			}
			if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || !rep.OK() {
				t.Fatal(rep, err)
			}
		})
	}
}

// TestSettlementTells wants one notice a partner of the newest settlement, however often it is settled.
func TestSettlementTells(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	s, pool := open(t, time.UTC)
	ingest(t, s, rng, 1, agreeing(oracle.Random(rng, 600)))
	for day := range 3 {
		if _, err := s.Settle(context.Background(), oracle.End.AddDate(0, 0, day)); err != nil {
			t.Fatal(err)
		}
	}
	all := count(t, pool, `SELECT count(*) FROM notice`)
	agree := count(t, pool, `SELECT count(*) FROM notice n JOIN ledger_transfer t ON (t.owner, t.key) = (n.owner, n.key)
		WHERE n.kind = 'settlement' AND (n.data->>'amount')::numeric * 1000000 = CASE t.to_kind WHEN 1 THEN t.amount ELSE -t.amount END`)
	missing := count(t, pool, `SELECT count(*) FROM ledger_transfer t WHERE t.about = (SELECT max(about) FROM ledger_transfer)
		AND NOT EXISTS (SELECT FROM notice n WHERE (n.owner, n.key) = (t.owner, t.key))`)
	if all == 0 || agree != all || missing != 0 {
		t.Errorf("%d notices, %d of them agree with their transfers; %d transfers of the last day without one", all, agree, missing)
	}
}
