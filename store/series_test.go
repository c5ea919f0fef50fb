package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/anomalies"
	"partnerhub/domain/referral/oracle"
)

// TestSeriesAgainstMetrics holds every series of random worlds, of which half is not folded, against what Metrics answers
// about the same days, and looks for large referees that have none.
func TestSeriesAgainstMetrics(t *testing.T) {
	t.Parallel()
	seen := map[anomalies.SubjectKind]int{}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 13))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed]
			events := agreeing(oracle.Random(rng, 500+rng.IntN(300)))
			s, _ := open(t, zone)
			model := oracle.New(zone)
			model.Apply(events)
			half := len(events) / 2
			ingest(t, s, rng, 2, events[:half])
			foldAll(t, s)
			ingest(t, s, rng, 2, events[half:])
			for _, partner := range oracle.Partners(events) {
				now := oracle.Start.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start))))).Truncate(time.Microsecond)
				p := domain.Period{From: domain.StartOfDay(oracle.Start.In(zone)), To: now}
				c := domain.Partner(partner)
				series, err := s.Series(context.Background(), c, p.From, now)
				if err != nil {
					t.Fatal(err)
				}
				figures := func(by referral.GroupBy, f referral.Filter) map[string][]int64 {
					res, err := s.Metrics(context.Background(), c, referral.Query{Metrics: []string{"volume", "trades"}, Period: p, GroupBy: by, Filter: f}, now)
					if err != nil {
						t.Fatal(err)
					}
					out := map[string][]int64{}
					for _, r := range res.Rows {
						out[r.Key] = r.Values
					}
					return out
				}
				with := map[anomalies.Subject]anomalies.Series{}
				for _, one := range series {
					with[one.Subject] = one
					seen[one.Subject.Kind]++
					want := map[string][]int64{}
					switch one.Subject.Kind {
					case anomalies.Book:
						want = figures(referral.ByDay, referral.Filter{})
					case anomalies.Referee:
						want = figures(referral.ByDay, referral.Filter{UID: one.Subject.UID})
					case anomalies.SubPartner: // the sub-partner's own trades, and of all below
						want = figures(referral.ByDay, referral.Filter{UID: one.Subject.UID})
						for day, v := range figures(referral.ByDay, referral.Filter{SubPartnerUID: one.Subject.UID}) {
							want[day] = []int64{want[day][0] + v[0], want[day][1] + v[1]}
						}
					}
					checkDays(t, one, want, zone)
				}
				for uid, v := range figures(referral.ByReferee, referral.Filter{}) {
					n, err := strconv.ParseInt(uid, 10, 64)
					if err != nil {
						t.Fatal(err)
					}
					one, has := with[anomalies.Subject{Kind: anomalies.Referee, UID: n}]
					if large := v[0] >= int64(anomalies.LeastVolume); large && !has {
						t.Errorf("partner %d: no series of %d, who traded %d", partner, n, v[0])
					} else if r, err := s.Referee(context.Background(), c, n); err != nil {
						t.Fatal(err)
					} else if has && (one.Under != r.SubPartnerUID || !one.LastTrade.IsZero() && !one.LastTrade.Equal(r.LastTradeAt)) {
						t.Errorf("partner %d: %+v of %+v", partner, one, r)
					}
				}
			}
		})
	}
	if seen[anomalies.Book] == 0 || seen[anomalies.Referee] == 0 || seen[anomalies.SubPartner] == 0 {
		t.Fatalf("the worlds are too small to tell anything: %v", seen)
	}
}

// checkDays: the days with trades are those of the answer; a day or volume below nothing is nothing.
func checkDays(t *testing.T, s anomalies.Series, want map[string][]int64, zone *time.Location) {
	t.Helper()
	last := time.Time{}
	got := map[string]anomalies.Day{}
	for _, d := range s.Days {
		if !last.Before(d.Date) {
			t.Fatalf("%v: %v after %v", s.Subject, d.Date, last)
		}
		last = d.Date
		got[d.Date.In(zone).Format(time.DateOnly)] = d
	}
	for day, v := range want {
		d := got[day]
		if int64(d.Volume) != max(v[0], 0) || d.Trades != max(v[1], 0) {
			t.Fatalf("%v on %s: %+v, want %v", s.Subject, day, d, v)
		}
		delete(got, day)
	}
	if len(got) > 0 {
		t.Fatalf("%v has days that are not: %v", s.Subject, got)
	}
}
