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

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/store"
)

// keptWorld is a random world in which everybody is a large partner from some part of the events on; of the later ones, some are folded and taken up, some
// folded, some neither.
func keptWorld(t *testing.T, seed uint64, rng *rand.Rand, zone *time.Location) (*store.Store, *pgxpool.Pool, *oracle.Oracle, []int64) {
	t.Helper()
	ctx := context.Background()
	events := agreeing(oracle.Random(rng, 400+rng.IntN(400)))
	s, pool := open(t, zone)
	model := oracle.New(zone)
	model.Apply(events)
	now, rest := oracle.Start.Add(oracle.End.Sub(oracle.Start)/2), events
	for step := range 5 {
		n := len(rest) / (5 - step)
		ingest(t, s, rng, 1+rng.IntN(2), rest[:n])
		rest = rest[n:]
		if step == 0 || rng.IntN(3) > 0 {
			foldAll(t, s)
		}
		if rng.IntN(3) > 0 {
			if err := s.Rank(ctx, now); err != nil {
				t.Fatal(err)
			}
		}
		if step == int(seed%3) || step == 3 {
			if _, err := s.RankLarge(ctx, 1, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s, pool, model, oracle.Partners(events)
}

// TestMetricsOfLargePartners asks the questions of TestMetricsAgainstModel where everybody is a large partner, and shows by spoiling them that the
// answers come from what is kept.
func TestMetricsOfLargePartners(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			ctx, rng := context.Background(), rand.New(rand.NewPCG(seed, 30))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			s, pool, model, partners := keptWorld(t, seed, rng, zone)
			grouped := []referral.GroupBy{referral.ByNone, referral.ByDay, referral.ByWeek, referral.ByMonth, referral.ByCountry, referral.ByCode, referral.BySubPartner, referral.ByRelation}
			for i := range 4 * questions {
				partner := partners[rng.IntN(len(partners))]
				q, now := randomQuery(rng, zone, model, partner)
				if i%2 == 0 {
					q.Metrics, q.Filter.Product, q.GroupBy = []string{"traders", "volume", "commission"}[:1+rng.IntN(3)], "", grouped[rng.IntN(len(grouped))]
				}
				want, wantErr := model.Query(partner, q, now)
				got, err := s.Metrics(ctx, domain.Partner(partner), q, now)
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("%d: %+v: error %v, the model's %v", i, q, err, wantErr)
				}
				if len(got.Rows) == 0 {
					got.Rows = nil
				}
				if err == nil && !reflect.DeepEqual(got, want) {
					t.Fatalf("%d: partner %d, now %v:\n%+v\n got %+v\nwant %+v", i, partner, now, q, got, want)
				}
			}
			for _, spoil := range []struct {
				sql   string
				query referral.Query
			}{
				{`UPDATE trader_count SET traders = traders + 1`, referral.Query{Metrics: []string{"traders"}}},
				{`UPDATE group_day SET volume = volume + 1`, referral.Query{Metrics: []string{"volume"}, GroupBy: referral.ByCountry}},
				{`UPDATE referee_count SET registered = registered + 1`, referral.Query{Metrics: []string{"totalReferrals"}, GroupBy: referral.ByCode}},
			} {
				if _, err := pool.Exec(ctx, spoil.sql); err != nil {
					t.Fatal(err)
				}
				spoil.query.Period = domain.Period{From: oracle.Start, To: oracle.End}
				if !slices.ContainsFunc(partners, func(p int64) bool {
					want, _ := model.Query(p, spoil.query, oracle.End)
					got, err := s.Metrics(ctx, domain.Partner(p), spoil.query, oracle.End)
					return err == nil && !reflect.DeepEqual(got.Total, want.Total)
				}) {
					t.Errorf("nothing shows of %q", spoil.sql)
				}
			}
		})
	}
}

// TestVerifyLargePartners proves what is kept of large partners, spoils it, and sees that Verify says so.
func TestVerifyLargePartners(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			ctx, rng := context.Background(), rand.New(rand.NewPCG(seed, 31))
			s, pool, _, _ := keptWorld(t, seed, rng, time.UTC)
			if wrong := mismatches(t, s); len(wrong) > 0 {
				t.Fatalf("before any damage: %v", wrong)
			}
			foldAll(t, s)
			for day := range 3 { // lists that move on stay right
				if err := s.Rank(ctx, oracle.Start.Add(oracle.End.Sub(oracle.Start)/2).AddDate(0, 0, 8*day)); err != nil {
					t.Fatal(err)
				}
				if wrong := mismatches(t, s); len(wrong) > 0 {
					t.Fatalf("%d days on: %v", 8*day, wrong)
				}
			}
			for _, d := range []struct{ check, sql string }{
				{"referee_count", `UPDATE referee_count SET verified = verified + 1`},
				{"referee_count", `INSERT INTO delta_count SELECT partner, day, below, code, country, 1, 0, 0, 0 FROM referee_count LIMIT 1`},
				{"sorted lists", `UPDATE referee_rank SET value = value + 1 WHERE (partner, list, referee) = (SELECT k.partner, k.list, k.referee FROM referee_rank k JOIN account a ON a.uid = k.referee AND k.partner IN (a.u1, a.u2, a.u3) LIMIT 1)`},
				{"sorted lists", `DELETE FROM referee_rank WHERE value <> 0`},
				{"group_day", `UPDATE group_day SET fees = fees + 1`},
				{"trader_day", `UPDATE trader_day SET prev = day - 1 WHERE prev = '-infinity'`},
				{"trader_day", `DELETE FROM trader_day WHERE prev <> '-infinity'`},
				{"trader_count", `UPDATE trader_count SET cohort = cohort - 40`},
			} {
				if tag, err := pool.Exec(ctx, d.sql); err != nil || tag.RowsAffected() == 0 {
					t.Fatalf("%s: %v, %v", d.sql, tag, err)
				}
				if wrong := mismatches(t, s); wrong[d.check] == 0 {
					t.Errorf("%s: Verify says %v, nothing of %s", d.sql, wrong, d.check)
				}
			}
		})
	}
}

// TestCohortsAgainstModel holds cohorts, by code and of all, against the model: of partners of whom more is kept, and of others.
func TestCohortsAgainstModel(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			ctx, rng := context.Background(), rand.New(rand.NewPCG(seed, 32))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			s, pool, model, partners := keptWorld(t, seed, rng, zone)
			for _, kept := range []bool{true, false} {
				if !kept {
					if _, err := pool.Exec(ctx, `UPDATE large_partner SET ready = false`); err != nil {
						t.Fatal(err)
					}
				}
				traded := int64(0)
				for _, partner := range partners {
					codes := []string{""}
					for _, r := range model.Referees(partner) {
						if !slices.Contains(codes, r.Code) {
							codes = append(codes, r.Code)
						}
					}
					for _, code := range codes {
						now, months := oracle.End.AddDate(0, rng.IntN(3), 0), 1+rng.IntN(6)
						want := model.Cohorts(partner, code, months, now)
						got, err := s.Cohorts(ctx, domain.Partner(partner), code, months, now)
						if err != nil {
							t.Fatal(err)
						}
						for i := range got {
							if !got[i].Month.Equal(want[i].Month) || got[i].Referees != want[i].Referees || !slices.Equal(got[i].Traded, want[i].Traded) {
								t.Fatalf("kept %v, partner %d, code %q, %d months to %v:\n got %+v\nwant %+v", kept, partner, code, months, now, got, want)
							}
							traded += got[i].Traded[0]
						}
						if len(got) != len(want) {
							t.Fatalf("%d cohorts, want %d", len(got), len(want))
						}
					}
				}
				if traded == 0 {
					t.Error("nobody traded: the test says nothing")
				}
			}
			if _, err := s.Cohorts(ctx, domain.Partner(partners[0]), "", 25, oracle.End); err == nil {
				t.Error("25 months are told")
			}
		})
	}
}

// TestRefereesOfLargePartners asks for random lists where everybody is a large partner, half of them in an order that is kept.
func TestRefereesOfLargePartners(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 33))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			s, _, model, partners := keptWorld(t, seed, rng, zone)
			filtered := 0
			for i := range 3 * questions {
				partner := partners[rng.IntN(len(partners))]
				q, now := randomRefereeQuery(rng, zone, model, partner)
				if i%2 == 0 { // as of when the lists were made
					now = oracle.Start.Add(oracle.End.Sub(oracle.Start) / 2)
					period, err := domain.ParsePeriod([]string{"today", "this_week", "last_month", "last_30_days"}[rng.IntN(4)], now, zone)
					if err != nil {
						t.Fatal(err)
					}
					q.Period = period
				}
				want := refereesOf(t, model, zone, partner, q, now)
				if got, _ := allPages(t, s, partner, q, now, len(want)); !slices.Equal(got, want) {
					t.Fatalf("%d: partner %d, now %v:\n%+v\n got %+v\nwant %+v", i, partner, now, q, got, want)
				}
				if len(want) > 0 && (q.Traded != nil || q.Activity != "") {
					filtered++
				}
			}
			if filtered < questions/20 {
				t.Errorf("%d lists by activity with rows: the test says little", filtered)
			}
		})
	}
}

// TestRankingsOfLargePartners ranks referees by the lists, and asks for the figures of some.
func TestRankingsOfLargePartners(t *testing.T) {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(1, 34))
	s, pool, model, partners := keptWorld(t, 1, rng, time.UTC)
	now := oracle.Start.Add(oracle.End.Sub(oracle.Start) / 2)
	ask := func(partner int64, preset string, limit int, metrics ...string) (got, want referral.Result, q referral.Query) {
		t.Helper()
		period, err := domain.ParsePeriod(preset, now, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		q = referral.Query{Metrics: metrics, Period: period, GroupBy: referral.ByReferee, Limit: limit}
		if want, err = model.Query(partner, q, now); err != nil {
			t.Fatal(err)
		}
		if got, err = s.Metrics(ctx, domain.Partner(partner), q, now); err != nil {
			t.Fatal(err)
		}
		if len(got.Rows) == 0 {
			got.Rows = nil
		}
		return got, want, q
	}
	for _, partner := range partners {
		for _, preset := range []string{"this_week", "last_month", "last_30_days", "last_9_days"} {
			for _, metrics := range [][]string{{"commission"}, {"volume", "traders", "newReferrals"}, {"fees"}} {
				got, want, q := ask(partner, preset, 1+rng.IntN(6), metrics...)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("partner %d, %s, %+v\n got %+v\nwant %+v", partner, preset, q, got, want)
				}
				if len(want.Rows) == 0 {
					continue
				}
				uid, err := strconv.ParseInt(want.Rows[len(want.Rows)-1].Key, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				q.Limit, q.UIDs = 0, []int64{uid, 999_999}
				some, err := s.Metrics(ctx, domain.Partner(partner), q, now)
				if err != nil {
					t.Fatal(err)
				}
				if len(some.Rows) != 1 || !reflect.DeepEqual(some.Rows[0], want.Rows[len(want.Rows)-1]) || !slices.Equal(some.Total, want.Total) {
					t.Fatalf("partner %d, %s, of %d alone: %+v, want %+v and in all %v", partner, preset, uid, some, want.Rows[len(want.Rows)-1], want.Total)
				}
			}
		}
	}
	if _, err := pool.Exec(ctx, `UPDATE referee_rank SET value = -value`); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(partners, func(p int64) bool {
		got, want, _ := ask(p, "last_30_days", 1, "commission")
		return !reflect.DeepEqual(got.Rows, want.Rows)
	}) {
		t.Error("no ranking is read off the lists")
	}
}
