package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// TestRankedReferees keeps everybody's referees sorted from halfway on, over days on which the lists move on with the calendar and some of
// what comes is folded, taken up, or neither. The pages must be what the model says, as without lists.
func TestRankedReferees(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			ctx, rng := context.Background(), rand.New(rand.NewPCG(seed, 28))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York")}[seed%2]
			events, _ := worldOf(5 + int(seed))
			s, pool := open(t, zone)
			model := oracle.New(zone)
			model.Apply(events)
			slices.SortFunc(events, func(a, b referral.Event) int { return a.At.Compare(b.At) })
			for range 60 { // some come late
				i, j := rng.IntN(len(events)), rng.IntN(len(events))
				events[i], events[j] = events[j], events[i]
			}
			half := len(events) / 2
			ingest(t, s, rng, 2, events[:half])
			foldAll(t, s)
			length := oracle.End.Sub(oracle.Start)
			if n, err := s.RankLarge(ctx, 1, oracle.Start.Add(length/3)); err != nil || n < 1 {
				t.Fatal(n, err)
			}
			rest := events[half:]
			partners := oracle.Partners(events)
			asked := 0
			for step := range 6 {
				n := len(rest) / (6 - step)
				ingest(t, s, rng, 1, rest[:n])
				rest = rest[n:]
				if rng.IntN(3) > 0 {
					foldAll(t, s)
				}
				now := oracle.Start.Add(length/3 + time.Duration(step)*length/8 + time.Duration(rng.Int64N(int64(20*time.Hour)))).Truncate(time.Microsecond)
				if err := s.Rank(ctx, now); err != nil {
					t.Fatal(err)
				}
				if _, err := s.RankLarge(ctx, 1, now); err != nil {
					t.Fatal(err)
				}
				if step == 5 && rng.IntN(2) == 0 {
					foldAll(t, s) // and not taken up
				}
				if len(rest) > 0 {
					continue // the model knows all events
				}
				for _, partner := range partners {
					for _, preset := range []string{"today", "yesterday", "this_week", "last_month", "this_month", "last_7_days", "last_30_days", "last_90_days"} {
						period, err := domain.ParsePeriod(preset, now, zone)
						if err != nil {
							t.Fatal(err)
						}
						q := referral.RefereeQuery{Period: period, Sort: referral.RefereeSorts[rng.IntN(len(referral.RefereeSorts))], Ascending: rng.IntN(2) == 0, Limit: 1 + rng.IntN(3)}
						want := refereesOf(t, model, zone, partner, q, now)
						if got, _ := allPages(t, s, partner, q, now, len(want)); !slices.Equal(got, want) {
							t.Fatalf("partner %d, now %v, %s: %+v\n got %+v\nwant %+v", partner, now, preset, q, got, want)
						}
						asked += len(want)
					}
				}
			}
			// That all this was read off the lists shows when they are spoilt.
			if asked < 80 {
				t.Errorf("%d rows: the test says little", asked)
			}
			if _, err := pool.Exec(ctx, `UPDATE referee_rank SET value = -value`); err != nil {
				t.Fatal(err)
			}
			if spoilt := spoiltOrders(t, s, model, zone, partners, oracle.Start.Add(length/3+5*length/8)); spoilt == 0 {
				t.Error("nothing is read off the lists")
			}
		})
	}
}

// spoiltOrders counts the partners whose first referees by the last trade are not those that the model says.
func spoiltOrders(t *testing.T, s interface {
	Referees(context.Context, domain.Caller, referral.RefereeQuery, time.Time) (referral.RefereePage, error)
}, model *oracle.Oracle, zone *time.Location, partners []int64, now time.Time) (n int) {
	t.Helper()
	for _, partner := range partners {
		q := referral.RefereeQuery{Period: domain.Period{From: oracle.Start, To: oracle.End}, Sort: referral.SortLastTradeAt, Limit: 50}
		page, err := s.Referees(context.Background(), domain.Partner(partner), q, now)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(page.Rows, refereesOf(t, model, zone, partner, q, now)) {
			n++
		}
	}
	return n
}
