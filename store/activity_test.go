package store_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// modelActivity is what the model says, built from the metrics, which are checked against it elsewhere.
type modelActivity struct {
	t       *testing.T
	model   *oracle.Oracle
	events  []referral.Event
	zone    *time.Location
	partner int64
	q       referral.ActivityQuery
	now     time.Time
}

func (m *modelActivity) ask(p domain.Period, by referral.GroupBy, product referral.Product, metrics ...string) referral.Result {
	return m.askOf(m.model, p, by, product, metrics...)
}

func (m *modelActivity) askOf(model *oracle.Oracle, p domain.Period, by referral.GroupBy, product referral.Product, metrics ...string) referral.Result {
	m.t.Helper()
	res, err := model.Query(m.partner, referral.Query{Metrics: metrics, Period: p, GroupBy: by, Filter: referral.Filter{Product: product, Relation: m.q.Relation}}, m.now)
	if err != nil {
		m.t.Fatal(err)
	}
	return res
}

func (m *modelActivity) report() (r referral.ActivityReport) {
	p, product := m.q.Period, m.q.Product
	month, err := domain.ParsePeriod("last_30_days", m.now, m.zone)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, x := range m.model.Referees(m.partner) {
		if m.q.Relation != "" && x.Relation != m.q.Relation {
			continue
		}
		r.Total++
		switch {
		case x.LastTradeAt.IsZero():
			r.Inactive++
		case x.LastTradeAt.Before(month.From):
			r.Dormant++
		}
		if p.Contains(x.RegisteredAt) {
			r.New++
		}
	}
	whole := m.ask(p, referral.ByNone, product, "volume", "trades", "traders").Total
	r.Volume, r.Trades, r.Active = domain.Money(whole[0]), whole[1], whole[2]
	r.Before = m.ask(m.q.Earlier, referral.ByNone, product, "traders").Total[0]
	for _, x := range []referral.Product{referral.Spot, referral.Margin, referral.Futures} {
		row := referral.Tendency{Key: string(x)}
		if product == "" || product == x {
			v := m.ask(p, referral.ByNone, x, "volume", "trades", "traders").Total
			row.Volume, row.Trades, row.Traders = domain.Money(v[0]), v[1], v[2]
		}
		r.ByProduct = append(r.ByProduct, row)
	}
	m.times(&r)
	m.symbols(&r)
	m.movers(&r)
	return r
}

// times cuts hour by hour, day by day: periods of one hour each, so that no limit on groupings is in the way.
func (m *modelActivity) times(r *referral.ActivityReport) {
	for i := range r.Hours {
		r.Hours[i].Key = fmt.Sprintf("%02d:00", i)
	}
	for i, day := range []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"} {
		r.Weekdays[i].Key = day
	}
	later := m.now
	m.now = m.q.Period.To // all hours of the period
	for from := m.q.Period.From; from.Before(m.q.Period.To); from = from.AddDate(0, 0, 28) {
		for _, row := range m.ask(domain.Period{From: from, To: earliestOf(from.AddDate(0, 0, 28), m.q.Period.To)}, referral.ByHour, m.q.Product, "volume", "trades").Rows {
			at, err := time.Parse(time.RFC3339, row.Key)
			if err != nil {
				m.t.Fatal(err)
			}
			at = at.In(m.zone)
			for _, x := range []*referral.Tendency{&r.Hours[at.Hour()], &r.Weekdays[(int(at.Weekday())+6)%7]} {
				x.Volume += domain.Money(row.Values[0])
				x.Trades += row.Values[1]
			}
		}
	}
	m.now = later
	by := referral.ByDay
	if m.q.Period.To.Sub(m.q.Period.From) > 32*24*time.Hour {
		by = referral.ByWeek
	}
	rows := m.ask(m.q.Period, by, m.q.Product, "traders", "volume", "trades").Rows
	before := m.ask(m.q.Earlier, by, m.q.Product, "traders").Rows
	for i, row := range rows {
		t := referral.TrendRow{Key: row.Key, Traders: row.Values[0], Volume: domain.Money(row.Values[1]), Trades: row.Values[2]}
		if i < len(before) {
			t.Before, t.Traded = before[i].Key, before[i].Values[0]
		}
		r.Trend = append(r.Trend, t)
	}
}

func earliestOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// symbols asks models that know only one symbol's trades.
func (m *modelActivity) symbols(r *referral.ActivityReport) {
	for _, symbol := range []string{"BTCUSDT", "ETHUSDT"} {
		only := oracle.New(m.zone)
		only.Apply(slices.DeleteFunc(slices.Clone(m.events), func(e referral.Event) bool {
			b, ok := e.Body.(referral.Trade)
			return ok && b.Symbol != symbol
		}))
		v := m.askOf(only, m.q.Period, referral.ByNone, m.q.Product, "volume", "trades", "traders").Total
		if v[2] != 0 || v[1] != 0 {
			r.TopSymbols = append(r.TopSymbols, referral.Tendency{Key: symbol, Volume: domain.Money(v[0]), Trades: v[1], Traders: v[2]})
		}
	}
	r.Symbols = int64(len(r.TopSymbols))
	slices.SortStableFunc(r.TopSymbols, func(a, b referral.Tendency) int { return cmp.Compare(b.Volume, a.Volume) })
}

func (m *modelActivity) movers(r *referral.ActivityReport) {
	all := map[int64]*referral.Mover{}
	for i, p := range []domain.Period{m.q.Period, m.q.Earlier} {
		for _, row := range m.ask(p, referral.ByReferee, m.q.Product, "volume").Rows {
			uid, err := strconv.ParseInt(row.Key, 10, 64)
			if err != nil {
				m.t.Fatal(err)
			}
			if all[uid] == nil {
				all[uid] = &referral.Mover{UID: uid}
			}
			if i == 0 {
				all[uid].Current = domain.Money(row.Values[0])
			} else {
				all[uid].Previous = domain.Money(row.Values[0])
			}
		}
	}
	for _, x := range all {
		if x.Current != x.Previous {
			r.Movers = append(r.Movers, *x)
		}
	}
	size := func(x referral.Mover) domain.Money { return max(x.Current-x.Previous, x.Previous-x.Current) }
	slices.SortFunc(r.Movers, func(a, b referral.Mover) int { return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a.UID, b.UID)) })
	r.Movers = r.Movers[:min(len(r.Movers), 5)]
}

// TestActivityAgainstModel holds every figure of random reports against the model.
func TestActivityAgainstModel(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 25))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata"), mustZone(t, "Europe/Berlin")}[seed%4]
			s, model, events := halfFolded(t, rng, zone, 700)
			busy, dormant := 0, 0
			for _, partner := range oracle.Partners(events) {
				for range reports {
					// Up to 40 days after the last event, so that there are dormant ones.
					now := oracle.Start.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start)) + 40*24*int64(time.Hour)))).Truncate(time.Microsecond)
					words := []string{"this_week", "last_week", "this_month", "last_month", "today", "last_9_days", "last_30_days", "last_60_days", "2026-10-21..2026-10-28"}
					p, err := domain.ParsePeriod(words[rng.IntN(len(words))], now, zone)
					if err != nil {
						t.Fatal(err)
					}
					q := referral.ActivityQuery{Period: p, Earlier: p.ToDate(p.Preceding(zone), now, zone)}
					if rng.IntN(3) == 0 {
						q.Product = []referral.Product{referral.Spot, referral.Margin, referral.Futures}[rng.IntN(3)]
					}
					if rng.IntN(3) == 0 {
						q.Relation = []referral.Relation{referral.Direct, referral.Indirect}[rng.IntN(2)]
					}
					got, err := s.Activity(context.Background(), domain.Partner(partner), q, now)
					if err != nil {
						t.Fatal(err)
					}
					m := modelActivity{t: t, model: model, events: events, zone: zone, partner: partner, q: q, now: now}
					want := m.report()
					if g, w := spread(got), spread(want); g != w {
						t.Fatalf("%d at %v, %+v:\n got\n%s\nwant\n%s", partner, now, q, g, w)
					}
					if got.Active > 1 && len(got.Movers) > 1 {
						busy++
					}
					dormant += int(got.Dormant)
				}
			}
			if busy < 3 || dormant == 0 {
				t.Errorf("%d busy reports, %d dormant: the test says little", busy, dormant)
			}
		})
	}
}

// spread writes a report line by line.
func spread(r referral.ActivityReport) string {
	return strings.ReplaceAll(fmt.Sprintf("%+v", r), "{Key:", "\n{Key:")
}
