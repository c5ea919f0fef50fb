package store_test

import (
	"errors"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

// TestReconcile: a referee's day that agrees, that differs, that either side alone knows, and a uid that is no referee of the partner's with us.
func TestReconcile(t *testing.T) {
	t.Parallel()
	s, _ := open(t, time.UTC)
	ctx, op := t.Context(), domain.Caller{UID: 90, Role: domain.RoleOperator}
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	trade := func(id string, uid int64, d int) referral.Event {
		return referral.Event{ID: id, Type: referral.TradeExecuted, UID: uid, At: day(d).Add(time.Hour), Body: referral.Trade{TradeID: id, Product: referral.Spot, Symbol: "X", Side: "buy", Volume: 1000 * domain.USDT, FeeGross: 10 * domain.USDT, FeePaid: 10 * domain.USDT}}
	}
	registered := func(uid int64, code string) referral.Event {
		return referral.Event{ID: "r" + string(rune('0'+uid)), Type: referral.AccountRegistered, UID: uid, At: day(1), Body: referral.Registration{ReferralCode: code}}
	}
	// 1 above 2 above 3; 1 has 50 %, 2 has 30 %: of a fee of 10, 1 earns 5 by 2's trades and 2 by 3's. 4 is nobody's.
	out, err := s.Ingest(ctx, store.Batch{Source: "test", Lines: lines([]referral.Event{
		registered(1, ""), {ID: "p1", Type: referral.PartnerEnrolled, UID: 1, At: day(1), Body: referral.Rates{Enrolled: true, SpotRate: 500_000}}, {ID: "c1", Type: referral.ReferralCodeCreated, UID: 1, At: day(1), Body: referral.Code{Created: true, Code: "ONE"}},
		registered(2, "ONE"), {ID: "p2", Type: referral.PartnerEnrolled, UID: 2, At: day(1), Body: referral.Rates{Enrolled: true, SpotRate: 300_000}}, {ID: "c2", Type: referral.ReferralCodeCreated, UID: 2, At: day(1), Body: referral.Code{Created: true, Code: "TWO"}},
		registered(3, "TWO"), registered(4, ""),
		trade("a", 2, 5), trade("b", 3, 5), trade("c", 2, 6), trade("d", 3, 7), trade("e", 4, 7), trade("f", 2, 20),
	})})
	if err != nil || out.Rejected+len(out.Deferred) > 0 {
		t.Fatal(out, err)
	}
	q := store.ReconcileQuery{Partner: 1, Exchange: "bingx", Since: day(1), Until: day(15), Tolerance: 10_000}
	none := func(store.ReconcileRow) error { return nil }
	if _, err := s.Reconcile(ctx, op, q, none); domain.AsError(err).Code != domain.CodeNotFound {
		t.Fatalf("without an import: %v", err)
	}
	theirs := func(d int, uid int64, commission, volume domain.Money) store.ImportedDay {
		return store.ImportedDay{Day: day(d), Referee: uid, Product: "spot", Commission: commission, Volume: volume}
	}
	err = s.SaveImport(ctx, op, store.ImportWindow{Partner: 1, Exchange: "bingx", List: "commissions", Since: day(1), Until: day(15), Done: true}, store.ImportPage{
		Days: []store.ImportedDay{
			theirs(5, 2, 5*domain.USDT+10_000, 1000*domain.USDT), // within the tolerance
			theirs(5, 3, 1*domain.USDT, 1000*domain.USDT),        // commission differs
			theirs(7, 3, 2*domain.USDT, 900*domain.USDT),         // volume differs
			theirs(8, 2, 1, 30*domain.USDT),                      // only theirs
			theirs(9, 77, 3*domain.USDT, 100*domain.USDT),        // nobody whom we know
		},
		Referees: []store.ImportedReferee{{UID: 2}, {UID: 3}, {UID: 77}},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Another partner's, and another exchange's, are not looked at.
	for _, w := range []store.ImportWindow{{Partner: 2, Exchange: "bingx"}, {Partner: 1, Exchange: "binance"}} {
		w.List, w.Since, w.Until = "commissions", day(1), day(15)
		if err := s.SaveImport(ctx, op, w, store.ImportPage{Days: []store.ImportedDay{theirs(5, 2, 999*domain.USDT, 0)}}); err != nil {
			t.Fatal(err)
		}
	}
	want := []struct {
		day  string
		uid  int64
		kind string
		diff domain.Money
	}{{"2026-11-05", 2, "equal", -10_000}, {"2026-11-05", 3, "differs", domain.USDT}, {"2026-11-06", 2, "only_ours", 5 * domain.USDT}, {"2026-11-07", 3, "differs", 0}, {"2026-11-08", 2, "only_theirs", -1}, {"2026-11-09", 77, "unknown_referee", -3 * domain.USDT}}
	for _, folded := range []bool{false, true} {
		var rows []store.ReconcileRow
		q.All = true
		sum, err := s.Reconcile(ctx, op, q, func(r store.ReconcileRow) error { rows = append(rows, r); return nil })
		if err != nil || len(rows) != len(want) {
			t.Fatalf("%+v %v", rows, err)
		}
		for i, w := range want {
			if r := rows[i]; r.Day != w.day || r.UID != w.uid || r.Kind != w.kind || r.Commission != w.diff {
				t.Errorf("folded %v: %+v, want %+v", folded, r, w)
			}
		}
		if sum.Days != 6 || sum.Differ != 5 || sum.OurCommission != 14*domain.USDT || sum.TheirCommission != 11*domain.USDT+10_001 || !sum.VolumeTold || sum.MissingReferees != 1 {
			t.Errorf("%+v", sum)
		}
		q.All = false
		n := 0
		if again, err := s.Reconcile(ctx, op, q, func(store.ReconcileRow) error { n++; return nil }); err != nil || n != 5 || again != sum {
			t.Errorf("%d rows, %+v %v", n, again, err)
		}
		if _, err := s.Fold(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// A source without volumes: they are not compared.
	q.Exchange, q.All = "binance", true
	sum, err := s.Reconcile(ctx, op, q, func(r store.ReconcileRow) error {
		if r.Volume != 0 {
			t.Errorf("%+v", r)
		}
		return nil
	})
	if err != nil || sum.VolumeTold || sum.TheirCommission != 999*domain.USDT {
		t.Errorf("%+v %v", sum, err)
	}
	for _, c := range []domain.Caller{domain.Partner(1), {UID: 70, Role: domain.RoleBD}} {
		if _, err := s.Reconcile(ctx, c, q, none); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("%s: %v", c, err)
		}
	}
	stop := errors.New("stop")
	if _, err := s.Reconcile(ctx, op, q, func(store.ReconcileRow) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("what show returns: %v", err)
	}
}
