package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

func open(t testing.TB, zone *time.Location) (*store.Store, *pgxpool.Pool) {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(context.Background(), pool, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s, pool
}

func lines(events []referral.Event) []store.Line {
	out := make([]store.Line, len(events))
	for i, e := range events {
		out[i] = store.Line{No: int64(i + 1), Event: e, Raw: []byte(e.ID)}
	}
	return out
}

// ingest lands the events in batches of random sizes, by several writers at once, with some batches repeated.
func ingest(t testing.TB, s *store.Store, rng *rand.Rand, writers int, events []referral.Event) {
	t.Helper()
	work := make(chan []referral.Event, len(events)+1)
	for rest := events; len(rest) > 0; {
		n := min(1+rng.IntN(60), len(rest))
		work <- rest[:n]
		if rng.IntN(4) == 0 {
			work <- rest[:n]
		}
		rest = rest[n:]
	}
	close(work)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for b := range work {
				out, err := s.Ingest(context.Background(), store.Batch{Source: "test", Lines: lines(b)})
				if err != nil {
					t.Error(err)
					return
				}
				if out.Rejected != 0 {
					t.Errorf("rejected: %v", out.Refused[0].Err)
				}
			}
		})
	}
	wg.Wait()
}

// derived is every derived table as text, row by row in order.
func derived(t testing.TB, pool *pgxpool.Pool) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"account", "partner", "rate_version", "vip_version", "rules_version", "referral_code", "code_version",
		"trade", "transfer", "referee_day", "partner_hour", "referee_count", "delta", "delta_hour", "delta_count"} {
		rows, err := pool.Query(context.Background(), `SELECT x::text FROM `+table+` x ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "== %s\n", table)
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&all, s)
		}
	}
	rows, err := pool.Query(context.Background(), `SELECT id || ' ' || coalesce(waits_for, '') FROM event ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&all, "== event")
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, s)
	}
	return all.String()
}

// agreeing leaves out what is refused or waits for ever by the order of arrival: changes of another account's code, and
// reversals of another account's trade.
func agreeing(events []referral.Event) []referral.Event {
	owner := map[string]int64{}
	for _, e := range events {
		switch b := e.Body.(type) {
		case referral.Trade:
			owner["trade:"+b.TradeID] = e.UID
		case referral.Code:
			if b.Created {
				owner["code:"+b.Code] = e.UID
			}
		}
	}
	other := func(key string, uid int64) bool { o, ok := owner[key]; return ok && o != uid }
	return slices.DeleteFunc(events, func(e referral.Event) bool {
		switch b := e.Body.(type) {
		case referral.Reversal:
			return other("trade:"+b.TradeID, e.UID)
		case referral.Code:
			return !b.Created && other("code:"+b.Code, e.UID)
		}
		return false
	})
}

func foldAll(t testing.TB, s *store.Store) {
	t.Helper()
	if _, err := s.Fold(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestAnyOrder is the promise of SPEC 3: any order of arrival, any batching, any repetition, any number of writers.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			events := agreeing(oracle.Random(rng, 300+rng.IntN(500)))
			inOrder := slices.Clone(events)
			slices.SortFunc(inOrder, func(a, b referral.Event) int {
				if c := a.At.Compare(b.At); c != 0 {
					return c
				}
				return strings.Compare(a.ID, b.ID)
			})
			s, pool := open(t, time.UTC)
			if _, err := s.Ingest(context.Background(), store.Batch{Lines: lines(inOrder)}); err != nil {
				t.Fatal(err)
			}
			foldAll(t, s)
			want := derived(t, pool)
			for _, writers := range []int{1, 4} {
				s, pool := open(t, time.UTC)
				rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				ingest(t, s, rng, writers, events)
				foldAll(t, s)
				if got := derived(t, pool); got != want {
					t.Fatalf("%d writers:\n%s", writers, diff(want, got))
				}
			}
		})
	}
}

// TestAsIfAlone lands events that contradict each other in batches of any size: each line fares as if it came alone.
func TestAsIfAlone(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 2))
			events := oracle.Random(rng, 200)
			for range 150 { // the same again, or with another's id, uid or type
				e := events[rng.IntN(len(events))]
				switch o := events[rng.IntN(len(events))]; rng.IntN(5) {
				case 0:
					e.ID = o.ID
				case 1:
					e.ID += "again"
				case 2:
					e.ID, e.UID = e.ID+"of", o.UID
				case 3:
					e.At = e.At.Add(time.Hour)
				}
				events = append(events, e)
			}
			rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			fate := func(most int) string {
				s, pool := open(t, time.UTC)
				var refused strings.Builder
				accepted, duplicate := 0, 0
				for all := lines(events); len(all) > 0; {
					n := min(1+rng.IntN(most), len(all))
					out, err := s.Ingest(context.Background(), store.Batch{Lines: all[:n]})
					if err != nil {
						t.Fatal(err)
					}
					accepted, duplicate = accepted+out.Accepted, duplicate+out.Duplicate
					for _, r := range out.Refused {
						fmt.Fprintf(&refused, "%d %v\n", r.Line, r.Err)
					}
					all = all[n:]
				}
				foldAll(t, s)
				return fmt.Sprintf("%d accepted, %d duplicate\n%s%s", accepted, duplicate, refused.String(), derived(t, pool))
			}
			want := fate(1)
			for _, most := range []int{20, 1000} {
				if got := fate(most); got != want {
					t.Fatalf("up to %d lines:\n%s", most, diff(want, got))
				}
			}
		})
	}
}

// diff shows the lines that only one of the two has.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for _, l := range w {
		if !slices.Contains(g, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out[:min(len(out), 40)], "\n")
}
