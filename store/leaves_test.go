package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// TestLeavesAgainstModel sums the leaves of random questions, over random worlds of which half is not folded, by every
// dimension, and holds the sums against the independent model. Each leaf is a referee of the caller's, as the model has it.
func TestLeavesAgainstModel(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 12))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata"), mustZone(t, "Europe/Berlin")}[seed%4]
			events := agreeing(oracle.Random(rng, 400+rng.IntN(400)))
			s, _ := open(t, zone)
			model := oracle.New(zone)
			model.Apply(events)
			half := len(events) / 2
			ingest(t, s, rng, 2, events[:half])
			foldAll(t, s)
			ingest(t, s, rng, 2, events[half:])
			partners := oracle.Partners(events)
			found := 0
			for range questions {
				partner := partners[rng.IntN(len(partners))]
				one, now := randomQuery(rng, zone, model, partner)
				two, _ := randomQuery(rng, zone, model, partner)
				q := referral.LeafQuery{Metrics: sameSource(one.Metrics), Current: one.Period, Previous: two.Period, Filter: one.Filter}
				if q.Validate() != nil {
					q.Metrics, q.Filter = []string{"commission", "volume"}, referral.Filter{Relation: one.Filter.Relation}
				}
				leaves, err := s.Leaves(context.Background(), domain.Partner(partner), q)
				if err != nil {
					t.Fatalf("%+v: %v", q, err)
				}
				found += len(leaves)
				checkLeaves(t, model, partner, q, leaves, now)
			}
			if found == 0 {
				t.Fatal("no question had any leaf")
			}
		})
	}
}

// sameSource keeps the metrics that have leaves in common with the first.
func sameSource(names []string) []string {
	first, _ := referral.MetricByName(names[0])
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		m, _ := referral.MetricByName(name)
		return (m.Of == referral.Referees) != (first.Of == referral.Referees) || m.Of == referral.Own || m.Of == referral.Tasks
	})
}

func checkLeaves(t *testing.T, model *oracle.Oracle, partner int64, q referral.LeafQuery, leaves []referral.Leaf, now time.Time) {
	t.Helper()
	theirs := model.Referees(partner)
	last := referral.Leaf{}
	for _, l := range leaves {
		i := slices.IndexFunc(theirs, func(r oracle.Referee) bool { return r.UID == l.Referee })
		if i < 0 {
			t.Fatalf("partner %d: a leaf of %d, who is not theirs", partner, l.Referee)
		}
		if r := theirs[i]; r.Country != l.Country || r.Code != l.Code || r.Relation != l.Relation || r.SubPartnerUID != l.SubPartnerUID {
			t.Fatalf("partner %d: leaf %+v of %+v", partner, l, r)
		}
		if !slices.ContainsFunc(append(slices.Clone(l.Current), l.Previous...), func(v int64) bool { return v != 0 }) {
			t.Fatalf("a leaf of nothing: %+v", l)
		}
		if l.Referee < last.Referee || l.Referee == last.Referee && l.Product == last.Product {
			t.Fatalf("%+v after %+v", l, last)
		}
		last = l
	}
	keyOf := map[referral.GroupBy]func(referral.Leaf) string{
		referral.ByNone:     func(referral.Leaf) string { return "" },
		referral.ByReferee:  func(l referral.Leaf) string { return strconv.FormatInt(l.Referee, 10) },
		referral.ByRelation: func(l referral.Leaf) string { return string(l.Relation) },
		referral.ByCountry:  func(l referral.Leaf) string { return l.Country },
		referral.ByCode:     func(l referral.Leaf) string { return l.Code },
		referral.BySubPartner: func(l referral.Leaf) string {
			if l.SubPartnerUID == 0 {
				return ""
			}
			return strconv.FormatInt(l.SubPartnerUID, 10)
		},
	}
	if !slices.ContainsFunc(q.Metrics, func(name string) bool { m, _ := referral.MetricByName(name); return !m.ByProduct() }) {
		keyOf[referral.ByProduct] = func(l referral.Leaf) string { return string(l.Product) }
	}
	for by, key := range keyOf {
		for p, period := range []domain.Period{q.Current, q.Previous} {
			want := map[string][]int64{}
			answer, err := model.Query(partner, referral.Query{Metrics: q.Metrics, Period: period, GroupBy: by, Filter: q.Filter}, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range answer.Rows {
				if slices.ContainsFunc(r.Values, func(v int64) bool { return v != 0 }) {
					want[r.Key] = r.Values
				}
			}
			got := map[string][]int64{}
			for _, l := range leaves {
				values := [2][]int64{l.Current, l.Previous}[p]
				if got[key(l)] == nil {
					got[key(l)] = make([]int64, len(q.Metrics))
				}
				for i, v := range values {
					got[key(l)][i] += v
				}
			}
			for k, v := range got {
				if !slices.ContainsFunc(v, func(v int64) bool { return v != 0 }) {
					delete(got, k)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("partner %d, period %d of %+v by %q:\n got %v\nwant %v", partner, p, q, by, got, want)
			}
		}
	}
}

// What no referee stands behind has no leaves, and figures of different kinds have none in common.
func TestLeavesRefused(t *testing.T) {
	t.Parallel()
	s, _ := open(t, time.UTC)
	now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	p, err := domain.ParsePeriod("this_week", now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		metrics []string
		filter  referral.Filter
		field   string
	}{
		{[]string{"sharedReceived"}, referral.Filter{}, "metrics"},
		{[]string{"taskRewards"}, referral.Filter{}, "metrics"},
		{[]string{"commission", "newReferrals"}, referral.Filter{}, "metrics"},
		{[]string{"deposits"}, referral.Filter{Product: referral.Spot}, "product"},
		{nil, referral.Filter{}, "metrics"},
	} {
		_, err := s.Leaves(context.Background(), domain.Partner(1), referral.LeafQuery{Metrics: c.metrics, Current: p, Previous: p.Preceding(time.UTC), Filter: c.filter})
		if e := domain.AsError(err); err == nil || e.Field != c.field {
			t.Errorf("%v: %v, want a refusal of %s", c.metrics, err, c.field)
		}
	}
}
