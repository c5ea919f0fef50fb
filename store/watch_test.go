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
)

// TestWatch has a large trader go silent: their partner is told once, by whichever replica, and nobody else is.
func TestWatch(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	ctx := context.Background()
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	var events []referral.Event
	add := func(typ referral.EventType, at time.Time, uid int64, body referral.Body) {
		events = append(events, referral.Event{ID: fmt.Sprint("e", len(events)), Type: typ, At: at, UID: uid, Body: body})
	}
	for uid := range int64(25) { // more than one chunk of partners, most of them with nobody
		add(referral.AccountRegistered, start, uid+1, referral.Registration{})
		add(referral.PartnerEnrolled, start, uid+1, referral.Rates{Enrolled: true, SpotRate: 500_000})
	}
	add(referral.ReferralCodeCreated, start, 1, referral.Code{Created: true, Code: "ONE"})
	for uid := int64(101); uid <= 103; uid++ {
		add(referral.AccountRegistered, start, uid, referral.Registration{ReferralCode: "ONE"})
		for day := range 60 {
			if uid == 101 && day >= 50 {
				continue
			}
			for trade := range 4 {
				volume := domain.Money(20_000+(day*7+int(uid)*13+trade)%20*500) * domain.USDT
				add(referral.TradeExecuted, start.AddDate(0, 0, day).Add(time.Duration(6+3*trade)*time.Hour), uid, referral.Trade{
					TradeID: fmt.Sprint(uid, "-", day, "-", trade), Product: referral.Spot, Volume: volume, FeeGross: volume / 1000, FeePaid: volume / 1000,
				})
			}
		}
	}
	ingest(t, s, rand.New(rand.NewPCG(1, 1)), 1, events)
	now := start.AddDate(0, 0, 55).Add(15 * time.Hour)
	round := func(now time.Time, want int) {
		t.Helper()
		var wg sync.WaitGroup
		var mu sync.Mutex
		all := 0
		for range 2 {
			wg.Go(func() {
				for range 20 {
					n, err := s.Watch(ctx, now)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					all += n
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if all != want {
			t.Errorf("looked at %d partners, want %d", all, want)
		}
	}
	round(now, 25)
	round(now.Add(10*time.Minute), 0)
	first := count(t, pool, `SELECT count(*) FROM notice`)
	if n := count(t, pool, `SELECT count(*) FROM notice WHERE owner = 1 AND kind = 'anomaly' AND data->>'uid' = '101' AND link = '/referees/101'`); n != 1 || first != n {
		t.Errorf("%d notices, %d of the trader who went silent", first, n)
	}
	round(now.Add(time.Hour), 25)
	if n := count(t, pool, `SELECT count(*) FROM notice`); n != first {
		t.Errorf("%d notices after another round, %d before", n, first)
	}
}
