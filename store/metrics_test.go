package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// TestMetricsAgainstModel asks random questions, over every metric, dimension and filter, of random worlds, and holds the
// answers against an independent model of SPEC 4 and 5.
func TestMetricsAgainstModel(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 2))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata"), mustZone(t, "Europe/Berlin")}[seed%4]
			events := agreeing(oracle.Random(rng, 400+rng.IntN(400)))
			s, _ := open(t, zone)
			model := oracle.New(zone)
			model.Apply(events)
			half := len(events) / 2
			ingest(t, s, rng, 2, events[:half])
			foldAll(t, s)
			ingest(t, s, rng, 2, events[half:]) // the second half stays in the deltas
			partners := oracle.Partners(events)
			for i := range 2 * questions {
				partner := partners[rng.IntN(len(partners))]
				q, now := randomQuery(rng, zone, model, partner)
				want, wantErr := model.Query(partner, q, now)
				got, err := s.Metrics(context.Background(), domain.Partner(partner), q, now)
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("%d: %+v: error %v, the model's %v", i, q, err, wantErr)
				}
				if err != nil {
					continue
				}
				if len(got.Rows) == 0 {
					got.Rows = nil
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("partner %d, now %v:\n%+v\n got %+v\nwant %+v", partner, now, q, got, want)
				}
			}
		})
	}
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// randomQuery mostly makes sense: metrics that have the dimension, filters that some referee passes.
func randomQuery(rng *rand.Rand, zone *time.Location, model *oracle.Oracle, partner int64) (referral.Query, time.Time) {
	at := func() time.Time {
		t := oracle.Start.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start)))))
		return t.Truncate(time.Microsecond)
	}
	var q referral.Query
	names := referral.MetricNames()
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	q.Metrics = names[:1+rng.IntN(3)]
	q.GroupBy = append([]referral.GroupBy{referral.ByNone}, referral.Dimensions...)[rng.IntN(11)]
	now := at()
	switch rng.IntN(3) {
	case 0:
		p, err := domain.ParsePeriod([]string{"this_week", "last_week", "this_month", "today", "yesterday", "last_9_days"}[rng.IntN(6)], now, zone)
		if err != nil {
			panic(err)
		}
		q.Period = p
	case 1:
		p, err := domain.ParsePeriod([]string{"this_week", "today", "this_month"}[rng.IntN(3)], now, zone)
		if err != nil {
			panic(err)
		}
		q.Period = p.ToDate(p.Preceding(zone), now, zone)
	default:
		a, b := at(), at()
		if b.Before(a) {
			a, b = b, a
		}
		q.Period = domain.Period{From: a, To: b.Add(time.Microsecond)}
	}
	if referees := model.Referees(partner); len(referees) > 0 {
		r := referees[rng.IntN(len(referees))]
		if rng.IntN(5) == 0 {
			q.Filter.Relation = r.Relation
		}
		if rng.IntN(6) == 0 {
			q.Filter.UID = r.UID
		}
		if rng.IntN(6) == 0 {
			q.Filter.SubPartnerUID = r.SubPartnerUID
		}
		if rng.IntN(5) == 0 {
			q.Filter.Country = r.Country
		}
		if rng.IntN(5) == 0 {
			q.Filter.Code = r.Code
		}
	}
	if rng.IntN(4) == 0 {
		q.Filter.Product = []referral.Product{referral.Spot, referral.Margin, referral.Futures}[rng.IntN(3)]
	}
	if rng.IntN(3) == 0 {
		q.Limit = 1 + rng.IntN(5)
	}
	if slices.Contains(q.Metrics, "sharedReceived") && rng.IntN(2) == 0 {
		q.Filter = referral.Filter{Product: q.Filter.Product}
	}
	return q, now
}
