package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/store"
)

// everything is a period that holds all random events.
func everything(t testing.TB, zone *time.Location) domain.Period {
	t.Helper()
	p, err := domain.ParsePeriod("2026-10-01..2026-12-01", oracle.End, zone)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// halfFolded is a store with a random world in it, half of it in the deltas, and the model of the same. Some partner in it has
// many referees.
func halfFolded(t testing.TB, rng *rand.Rand, zone *time.Location, n int) (*store.Store, *oracle.Oracle, []referral.Event) {
	t.Helper()
	for {
		events := agreeing(oracle.Random(rng, n))
		model := oracle.New(zone)
		model.Apply(events)
		if !slices.ContainsFunc(oracle.Partners(events), func(p int64) bool { return len(model.Referees(p)) >= 7 }) {
			continue
		}
		s, _ := open(t, zone)
		half := len(events) / 2
		ingest(t, s, rng, 2, events[:half])
		foldAll(t, s)
		ingest(t, s, rng, 2, events[half:])
		return s, model, events
	}
}

// TestTraceAgainstModel traces every trade for everybody: what is booked is what the model says, and whoever has nothing to do
// with a trade is told the same as of a trade that is not there.
func TestTraceAgainstModel(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 21))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York")}[seed%2]
			s, model, events := halfFolded(t, rng, zone, 500)
			booked := map[string][]oracle.CommissionRow{}
			for _, r := range model.CommissionRows() {
				booked[r.TradeID] = append(booked[r.TradeID], r)
			}
			verdicts := map[referral.Verdict]int{}
			hidden := 0
			for _, viewer := range accountsOf(events) {
				theirs := model.Referees(viewer)
				for _, e := range events {
					trade, ok := e.Body.(referral.Trade)
					if !ok {
						continue
					}
					main := mainOf(events, e.UID)
					mine := main == viewer || slices.ContainsFunc(theirs, func(r oracle.Referee) bool { return r.UID == main })
					if main == 0 || !mine {
						if hidden++; hidden%5 == 0 {
							refusedTrade(t, s, viewer, trade.TradeID)
						}
						continue
					}
					tr, err := s.Trade(context.Background(), domain.Partner(viewer), trade.TradeID)
					if err != nil {
						t.Fatalf("%s for %d: %v", trade.TradeID, viewer, err)
					}
					verdicts[tr.Verdict()]++
					checkTrace(t, viewer, e, tr, booked[trade.TradeID])
				}
			}
			if hidden < 500 || len(verdicts) < 6 || verdicts[referral.Earned] < 10 {
				t.Errorf("%d hidden, verdicts %v: the test says little", hidden, verdicts)
			}
		})
	}
}

// accountsOf lists all uids that the events name as accounts.
func accountsOf(events []referral.Event) []int64 {
	var uids []int64
	for _, e := range events {
		if e.Type == referral.AccountRegistered {
			uids = append(uids, e.UID)
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids)
}

// mainOf follows the masters; 0 where one is not registered.
func mainOf(events []referral.Event, uid int64) int64 {
	for range events {
		i := slices.IndexFunc(events, func(e referral.Event) bool { return e.Type == referral.AccountRegistered && e.UID == uid })
		if i < 0 {
			return 0
		}
		master := events[i].Body.(referral.Registration).MasterUID
		if master == 0 {
			return uid
		}
		uid = master
	}
	return 0
}

// refusedTrade asks for a trade that is none of the viewer's.
func refusedTrade(t *testing.T, s *store.Store, viewer int64, id string) {
	t.Helper()
	got, err := s.Trade(context.Background(), domain.Partner(viewer), id)
	_, nowhere := s.Trade(context.Background(), domain.Partner(viewer), "nowhere")
	var e, n *domain.Error
	if !errors.As(err, &e) || !errors.As(nowhere, &n) || got.TradeID != "" || e.Code != domain.CodeNotFound || e.Field != "tradeId" || n.Code != e.Code || n.Field != e.Field ||
		strings.ReplaceAll(e.Message, id, "X") != strings.ReplaceAll(n.Message, "nowhere", "X") {
		t.Fatalf("%s is none of %d's: got %+v, %v; of a trade that is not there: %v", id, viewer, got, err, nowhere)
	}
}

// checkTrace holds a trace together with the trade's rows in the model, and says what it must not tell.
func checkTrace(t *testing.T, viewer int64, e referral.Event, tr referral.Trace, rows []oracle.CommissionRow) {
	t.Helper()
	trade := e.Body.(referral.Trade)
	var below domain.Money
	var mine *oracle.CommissionRow
	for i, r := range rows {
		switch {
		case r.Reversal:
		case r.Beneficiary == viewer:
			mine = &rows[i]
		case tr.Level > 0 && r.Level < tr.Level:
			below += r.Amount
		}
	}
	if tr.Account != e.UID || !tr.At.Equal(e.At) || tr.Trade != trade {
		t.Fatalf("%s for %d: got %+v", trade.TradeID, viewer, tr)
	}
	switch {
	case tr.Relation == referral.OwnTrade:
		if tr.Level != 0 || tr.Enrolled || tr.Rate != 0 || tr.PaidBelow != 0 || tr.Share != 0 || len(tr.Path) != 0 {
			t.Fatalf("%s: %d's own tells what others earned: %+v", trade.TradeID, viewer, tr)
		}
	case mine == nil:
		if tr.Amount != 0 || tr.Share != 0 || tr.PaidBelow != 0 {
			t.Fatalf("%s for %d: the model has nothing booked, got %+v", trade.TradeID, viewer, tr)
		}
	case mine.Amount != tr.Amount || mine.Rate != tr.Rate || mine.Base != tr.FeePaid || mine.Level != tr.Level || mine.RuleVersion != tr.RulesID || !tr.Enrolled || !tr.Eligible:
		t.Fatalf("%s for %d: got %+v, the model has %+v", trade.TradeID, viewer, tr, *mine)
	case tr.Level == 1 && tr.Amount+tr.Rebate != tr.Share:
		t.Fatalf("%s for %d: %+v does not add up", trade.TradeID, viewer, tr)
	case tr.Level > 1 && tr.Rules.Mode == referral.Differential && tr.Amount != max(tr.Share-tr.PaidBelow, 0):
		t.Fatalf("%s for %d: %+v does not add up", trade.TradeID, viewer, tr)
	case tr.Level > 1 && tr.Rules.Mode == referral.FixedOverride && tr.Amount != min(tr.Share, tr.FeePaid-tr.PaidBelow):
		t.Fatalf("%s for %d: %+v does not add up", trade.TradeID, viewer, tr)
	case tr.Level > 1 && (tr.PaidBelow < below || tr.Rebate != 0 || tr.RebateRate != 0):
		t.Fatalf("%s for %d: below are %s and the rebate: %+v", trade.TradeID, viewer, below, tr)
	}
	if reversed := slices.ContainsFunc(rows, func(r oracle.CommissionRow) bool { return r.Reversal }); reversed && tr.ReversedAt.IsZero() {
		t.Fatalf("%s for %d: the reversal is missing: %+v", trade.TradeID, viewer, tr)
	}
	// The verdict is the rule that the amount comes from.
	v, why := tr.Verdict(), tr.Why(time.UTC)
	earned := v == referral.Earned || v == referral.Reversed
	if earned != (tr.Amount > 0) || why == "" || strings.Contains(why, "%!") || (v == referral.Reversed) != (tr.Amount > 0 && !tr.ReversedAt.IsZero()) {
		t.Fatalf("%s for %d: %s, %q: %+v", trade.TradeID, viewer, v, why, tr)
	}
	reason := map[referral.Verdict]bool{
		referral.BeforeRegistration: !tr.Counts, referral.ExchangeExcluded: tr.Counts && trade.Ineligible, referral.AboveVIPLimit: tr.Counts && !trade.Ineligible && !tr.Eligible,
		referral.NotEnrolled: tr.Eligible && !tr.Enrolled, referral.BeyondLevels: tr.Eligible && tr.Level > tr.Rules.Levels,
		referral.NoRate: tr.Enrolled && tr.Rate == 0, referral.NoFee: trade.FeePaid == 0, referral.AllRebate: tr.Level == 1 && tr.Share > 0 && tr.Rebate == tr.Share,
		referral.PaidBelow: tr.Level > 1 && tr.PaidBelow >= tr.Share && tr.Share > 0, referral.NothingLeft: tr.Level > 1 && tr.PaidBelow == tr.FeePaid,
		referral.NoReferrer: tr.Code == "", referral.NoRebateRate: tr.Code != "" && tr.RebateRate == 0, referral.NoShare: tr.RebateRate > 0,
		referral.TooSmall: tr.FeePaid > 0 && tr.FeePaid < 1_000_000,
	}
	if holds, known := reason[v]; !earned && (!known || !holds) {
		t.Fatalf("%s for %d: %s, which is not so: %+v", trade.TradeID, viewer, v, tr)
	}
}

// TestTradesAddUp lists every referee's trades page by page: they sum up to the metric, and are in order.
func TestTradesAddUp(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 22))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			s, model, events := halfFolded(t, rng, zone, 600)
			listed, pages, own := 0, 0, 0
			for _, viewer := range accountsOf(events) {
				theirs := model.Referees(viewer)
				if len(theirs) == 0 {
					continue
				}
				for _, uid := range accountsOf(events) {
					if mainOf(events, uid) == 0 { // it waits for its master
						continue
					}
					words := []string{"2026-10-01..2026-12-01", "2026-10-24..2026-10-27", "2026-11-01..2026-11-02"}
					p, err := domain.ParsePeriod(words[min(rng.IntN(3), rng.IntN(3))], oracle.End, zone)
					if err != nil {
						t.Fatal(err)
					}
					q := referral.TradeQuery{UID: uid, Period: p, Limit: 1 + rng.IntN(5)}
					mine := slices.ContainsFunc(theirs, func(r oracle.Referee) bool { return r.UID == uid })
					if uid != viewer && !mine {
						page, err := s.Trades(context.Background(), domain.Partner(viewer), q, oracle.End)
						var e *domain.Error
						if !errors.As(err, &e) || e.Code != domain.CodeNotFound || e.Field != "uid" || page.Rows != nil || page.Total != 0 {
							t.Fatalf("%d is none of %d's: got %+v, %v", uid, viewer, page, err)
						}
						continue
					}
					query := referral.Query{Metrics: []string{"commission", "trades"}, Period: p, Filter: referral.Filter{UID: uid}}
					if uid == viewer {
						query = referral.Query{Metrics: []string{"sharedReceived"}, Period: p}
						own++
					}
					want, err := model.Query(viewer, query, oracle.End)
					if err != nil {
						t.Fatal(err)
					}
					var rows []referral.Booking
					for {
						page, err := s.Trades(context.Background(), domain.Partner(viewer), q, oracle.End)
						if err != nil {
							t.Fatal(err)
						}
						if int64(page.Total) != want.Total[0] || uid != viewer && page.Trades != want.Total[1] || page.Own != (uid == viewer) || len(page.Rows) > q.Limit {
							t.Fatalf("%d of %d: got %+v, want %v", uid, viewer, page, want.Total)
						}
						rows = append(rows, page.Rows...)
						pages++
						if q.Cursor = page.Next; q.Cursor == "" {
							break
						}
					}
					var sum domain.Money
					trades := int64(0)
					for i, r := range rows {
						sum += r.Amount()
						if trades++; r.Reversal {
							trades -= 2
						}
						if !p.Contains(r.At()) || r.UID != uid || i > 0 && (r.At().After(rows[i-1].At()) || r.TradeID == rows[i-1].TradeID && r.Reversal == rows[i-1].Reversal) {
							t.Fatalf("%d of %d: row %d does not belong there: %+v", uid, viewer, i, r)
						}
					}
					if int64(sum) != want.Total[0] || uid != viewer && trades != want.Total[1] {
						t.Fatalf("%d of %d, %v: the rows sum up to %s in %d trades, want %v", uid, viewer, p, sum, trades, want.Total)
					}
					listed += len(rows)
				}
			}
			if listed < 60 || pages < 40 || own == 0 {
				t.Errorf("%d rows on %d pages: the test says little", listed, pages)
			}
		})
	}
}
