package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// rewardsOf is what the model says: every day's figures by referee and product.
func rewardsOf(t *testing.T, model *oracle.Oracle, zone *time.Location, partner int64, kind referral.RewardKind, p domain.Period) []referral.Reward {
	t.Helper()
	var out []referral.Reward
	for from := p.From; from.Before(p.To); {
		y, m, d := from.In(zone).Date()
		day := domain.Period{From: from, To: domain.Midnight(y, m, d+1, zone).UTC()}
		for _, product := range []referral.Product{referral.Spot, referral.Margin, referral.Futures} {
			q := referral.Query{Metrics: []string{"commission"}, Period: day, GroupBy: referral.ByReferee, Filter: referral.Filter{Product: product}}
			if kind == referral.RewardShared {
				q.Metrics, q.GroupBy = []string{"sharedReceived"}, referral.ByNone
			}
			res, err := model.Query(partner, q, oracle.End)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range res.Rows {
				uid := partner
				if kind == referral.RewardRebate {
					if _, err := fmt.Sscan(row.Key, &uid); err != nil {
						t.Fatal(err)
					}
				}
				if row.Values[0] != 0 {
					settled := time.Date(y, m, d+1, 8, 0, 0, 0, zone).UTC()
					out = append(out, referral.Reward{Day: day.From, SettledAt: settled, UID: uid, Product: product, Amount: domain.Money(row.Values[0])})
				}
			}
		}
		from = day.To
	}
	order := []referral.Product{referral.Spot, referral.Margin, referral.Futures}
	slices.SortFunc(out, func(a, b referral.Reward) int {
		return cmp.Or(b.Day.Compare(a.Day), cmp.Compare(a.UID, b.UID), cmp.Compare(slices.Index(order, a.Product), slices.Index(order, b.Product)))
	})
	return out
}

// TestRewardsAgainstModel lists the records of every partner, page by page.
func TestRewardsAgainstModel(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 23))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			s, model, events := halfFolded(t, rng, zone, 1000)
			rows, split := 0, 0
			for _, partner := range oracle.Partners(events) {
				for _, kind := range []referral.RewardKind{referral.RewardRebate, referral.RewardShared} {
					p := everything(t, zone)
					if rng.IntN(3) == 0 {
						var err error
						if p, err = domain.ParsePeriod("2026-10-23..2026-10-28", oracle.End, zone); err != nil {
							t.Fatal(err)
						}
					}
					now := oracle.Start.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start))))).Truncate(time.Second)
					want := rewardsOf(t, model, zone, partner, kind, p)
					var total, settled domain.Money
					for i, r := range want {
						if total += r.Amount; !now.Before(r.SettledAt) {
							settled += r.Amount
							want[i].Settled = true
						}
					}
					if settled != 0 && settled != total {
						split++
					}
					q := referral.RewardQuery{Kind: kind, Period: p, Limit: 1 + rng.IntN(6)}
					var got []referral.Reward
					for at := now; ; at = at.Add(5 * time.Hour) { // what is settled is told as of the first page
						page, err := s.Rewards(context.Background(), domain.Partner(partner), q, at)
						if err != nil {
							t.Fatal(err)
						}
						if page.Total != total || page.Settled != settled || !page.AsOf.Equal(now) || len(page.Rows) > q.Limit || page.Next != "" && len(page.Rows) < q.Limit {
							t.Fatalf("%s of %d at %v: got %+v, want %s, settled %s", kind, partner, now, page, total, settled)
						}
						got = append(got, page.Rows...)
						if q.Cursor = page.Next; q.Cursor == "" {
							break
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("%s of %d, %v:\n got %+v\nwant %+v", kind, partner, p, got, want)
					}
					rows += len(got)
				}
			}
			if rows < 35 || split == 0 {
				t.Errorf("%d rows, %d with a part settled: the test says little", rows, split)
			}
		})
	}
}

// TestRewardsOfRecords settles a third of the program, then what came late for it, and compares the records with the sums.
func TestRewardsOfRecords(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(4, 31))
	zone := mustZone(t, "America/New_York")
	s, _, events := halfFolded(t, rng, zone, 1000)
	ctx := context.Background()
	list := func(partner int64, kind referral.RewardKind, now time.Time) (rows []referral.Reward, page referral.RewardPage) {
		t.Helper()
		q := referral.RewardQuery{Kind: kind, Period: everything(t, zone), Limit: 1 + rng.IntN(4)}
		for {
			var err error
			if page, err = s.Rewards(ctx, domain.Partner(partner), q, now); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, page.Rows...)
			if q.Cursor = page.Next; q.Cursor == "" {
				return rows, page
			}
		}
	}
	settled := 0
	for _, now := range []time.Time{oracle.Start.Add(oracle.End.Sub(oracle.Start) / 2), oracle.End.AddDate(0, 0, 2)} {
		before := map[int64][]referral.Reward{}
		for _, partner := range oracle.Partners(events) {
			before[partner], _ = list(partner, referral.RewardRebate, now)
		}
		if _, err := s.Settle(ctx, now); err != nil {
			t.Fatal(err)
		}
		for _, partner := range oracle.Partners(events) {
			for _, kind := range []referral.RewardKind{referral.RewardRebate, referral.RewardShared} {
				rows, page := list(partner, kind, now)
				var total, done domain.Money
				type key struct {
					day     time.Time
					uid     int64
					product referral.Product
					at      time.Time
				}
				seen := map[key]bool{}
				for i, r := range rows {
					k := key{r.Day, r.UID, r.Product, r.SettledAt}
					if seen[k] || r.Amount == 0 || i > 0 && r.Day.After(rows[i-1].Day) {
						t.Errorf("%s of %d: %+v is there twice, empty or out of order", kind, partner, r)
					}
					seen[k] = true
					if total += r.Amount; r.Settled {
						done += r.Amount
						settled++
						if r.SettledAt.After(now) {
							t.Errorf("%+v is settled in the future", r)
						}
					}
				}
				if total != page.Total || done != page.Settled {
					t.Errorf("%s of %d: rows come to %s, %s settled; the page says %s, %s", kind, partner, total, done, page.Total, page.Settled)
				}
				if kind == referral.RewardRebate && len(rows) < len(before[partner]) {
					t.Errorf("settlement made %d rows of %d", len(rows), len(before[partner]))
				}
			}
		}
	}
	if settled < 20 {
		t.Errorf("%d settled records: the test says little", settled)
	}
}

// TestSettlementHour looks at both sides of 08:00, also on the days when the clock changes.
func TestSettlementHour(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "America/New_York", "Asia/Kolkata"} {
		zone := mustZone(t, name)
		for day := range 400 {
			midnight := domain.Midnight(2026, 1, 1+day, zone)
			at := referral.SettlementOf(midnight, zone)
			if l := at.In(zone); l.Hour() != 8 || l.Minute() != 0 || !l.Before(midnight.AddDate(0, 0, 2)) || !l.After(midnight.AddDate(0, 0, 1)) {
				t.Fatalf("%v is settled at %v", midnight, l)
			}
			next := domain.Midnight(2026, 1, 2+day, zone)
			if before := referral.SettledBefore(at.Add(-time.Second), zone); !before.Equal(midnight) {
				t.Fatalf("a second before %v, days before %v are settled, want %v", at, before, midnight)
			}
			if before := referral.SettledBefore(at, zone); !before.Equal(next) {
				t.Fatalf("at %v, days before %v are settled, want %v", at, before, next)
			}
		}
	}
}

// TestRecordCursors refuses cursors of other partners, other queries, and damaged ones.
func TestRecordCursors(t *testing.T) {
	t.Parallel()
	events, partner := worldOf(5)
	s, _ := open(t, time.UTC)
	ingest(t, s, rand.New(rand.NewPCG(5, 5)), 1, events)
	q := referral.RewardQuery{Kind: referral.RewardRebate, Period: everything(t, time.UTC), Limit: 1}
	page, err := s.Rewards(context.Background(), domain.Partner(partner), q, oracle.End)
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}
	cursor := page.Next
	refused := func(name string, partner int64, change func(*referral.RewardQuery)) {
		t.Helper()
		q := q
		q.Cursor = cursor
		change(&q)
		_, err := s.Rewards(context.Background(), domain.Partner(partner), q, oracle.End)
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != domain.CodeInvalid || e.Field != "cursor" {
			t.Errorf("%s: got %v, want a refusal of the cursor", name, err)
		}
	}
	refused("another partner's", partner+1, func(*referral.RewardQuery) {})
	refused("of another kind", partner, func(q *referral.RewardQuery) { q.Kind = referral.RewardShared })
	refused("of another period", partner, func(q *referral.RewardQuery) { q.Period.From = q.Period.From.AddDate(0, 0, 1) })
	for i := range cursor {
		refused("damaged", partner, func(q *referral.RewardQuery) {
			b := []byte(cursor)
			if b[i]++; i == len(b)-1 {
				b = b[:i]
			}
			q.Cursor = string(b)
		})
	}
	uid := int64(0)
	for _, r := range page.Rows {
		uid = r.UID
	}
	_, err = s.Trades(context.Background(), domain.Partner(partner), referral.TradeQuery{UID: uid, Period: q.Period, Limit: 1, Cursor: cursor}, oracle.End)
	var e *domain.Error
	if !errors.As(err, &e) || e.Field != "cursor" {
		t.Errorf("a cursor of rewards led through trades: %v", err)
	}
	for field, call := range map[string]func() error{
		"kind": func() error {
			_, err := s.Rewards(context.Background(), domain.Partner(partner), referral.RewardQuery{Kind: "gift", Period: q.Period, Limit: 1}, oracle.End)
			return err
		},
		"limit": func() error {
			_, err := s.Trades(context.Background(), domain.Partner(partner), referral.TradeQuery{UID: uid, Period: q.Period, Limit: referral.MaxTrades + 1}, oracle.End)
			return err
		},
		"period": func() error {
			p := domain.Period{From: oracle.Start, To: oracle.Start.AddDate(0, 0, referral.MaxActivityDays+1)}
			_, err := s.Activity(context.Background(), domain.Partner(partner), referral.ActivityQuery{Period: p, Earlier: p}, oracle.End)
			return err
		},
	} {
		if err := call(); !errors.As(err, &e) || e.Code != domain.CodeInvalid || e.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
