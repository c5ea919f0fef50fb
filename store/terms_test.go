package store_test

import (
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

// TestOperatorChangesTerms: rates, VIP levels, rebates and rules that an operator changes count from their time on, for what was traded
// already too; nobody else may, and a repeated request is done once.
func TestOperatorChangesTerms(t *testing.T) {
	t.Parallel()
	s, _ := open(t, time.UTC)
	ctx := t.Context()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	spot := domain.Rate(100_000)
	trade := func(id string, d int) referral.Event {
		return referral.Event{ID: id, Type: referral.TradeExecuted, UID: 2, At: day(d).Add(time.Hour), Body: referral.Trade{TradeID: id, Product: referral.Spot, Symbol: "X", Side: "buy", Volume: 1000 * domain.USDT, FeeGross: 10 * domain.USDT, FeePaid: 10 * domain.USDT}}
	}
	out, err := s.Ingest(ctx, store.Batch{Source: "test", Lines: lines([]referral.Event{
		{ID: "a1", Type: referral.AccountRegistered, UID: 1, At: day(1), Body: referral.Registration{}},
		{ID: "a2", Type: referral.PartnerEnrolled, UID: 1, At: day(1), Body: referral.Rates{Enrolled: true, SpotRate: 400_000, FuturesRate: 400_000}},
		{ID: "a3", Type: referral.ReferralCodeCreated, UID: 1, At: day(1), Body: referral.Code{Created: true, Code: "ONE"}},
		{ID: "a4", Type: referral.AccountRegistered, UID: 2, At: day(2), Body: referral.Registration{ReferralCode: "ONE"}},
		trade("t5", 5), trade("t10", 10), trade("t15", 15),
	})})
	if err != nil || out.Rejected+len(out.Deferred) > 0 {
		t.Fatal(out, err)
	}
	op := domain.Caller{UID: 90, Role: domain.RoleOperator}
	commission := func() domain.Money {
		t.Helper()
		r, err := s.Metrics(ctx, domain.Partner(1), referral.Query{Metrics: []string{"commission"}, Period: domain.Period{From: day(1), To: day(21)}}, now)
		if err != nil {
			t.Fatal(err)
		}
		return domain.Money(r.Total[0])
	}
	expect := func(what string, want domain.Money) {
		t.Helper()
		if got := commission(); got != want*domain.USDT {
			t.Errorf("%s: commission %s, want %d", what, got, want)
		}
	}
	expect("at first", 12)

	rates := referral.Rates{SpotRate: 600_000, FuturesRate: 500_000}
	for _, c := range []domain.Caller{domain.Partner(1), {UID: 70, Role: domain.RoleBD}, {UID: 80, Role: domain.RoleContent}, {Role: domain.RoleService}} {
		if err := s.SetRates(ctx, c, 1, rates, store.TermChange{Key: "x", At: day(8)}, now); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("rates as %s: %v", c, err)
		}
		if err := s.SetRules(ctx, c, referral.DefaultRules, store.TermChange{Key: "x"}, now); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("rules as %s: %v", c, err)
		}
		if _, err := s.RateHistory(ctx, c, 1, now); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("history as %s: %v", c, err)
		}
		if err := s.SetSetting(ctx, c, "task_grace", "1h", now); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("setting as %s: %v", c, err)
		}
	}
	expect("after what was forbidden", 12)

	for range 2 { // the same request twice
		if err := s.SetRates(ctx, op, 1, rates, store.TermChange{Key: "k1", At: day(8)}, now); err != nil {
			t.Fatal(err)
		}
	}
	expect("rates since the 8th", 4+6+6)
	if err := s.SetRates(ctx, op, 1, referral.Rates{SpotRate: 1}, store.TermChange{Key: "k1", At: day(8)}, now); domain.AsError(err).Field != "Idempotency-Key" {
		t.Errorf("another change under the same key: %v", err)
	}
	if err := s.SetRates(ctx, op, 1, referral.Rates{}, store.TermChange{Key: "k2", At: day(25)}, now); err != nil {
		t.Fatal(err)
	}
	expect("rates from a day to come", 16)
	history, err := s.RateHistory(ctx, op, 1, now)
	if err != nil || len(history) != 3 || history[0].InForce || !history[1].InForce || history[2].InForce || history[1].Value.SpotRate != 600_000 || !history[2].Value.Enrolled {
		t.Errorf("%+v %v", history, err)
	}

	if err := s.SetRebates(ctx, op, "ONE", &spot, nil, store.TermChange{Key: "k3", At: day(12)}, now); err != nil {
		t.Fatal(err)
	}
	expect("a rebate since the 12th", 4+6+5)
	if err := s.SetVIP(ctx, op, 2, referral.VIP{SpotLevel: 3}, store.TermChange{Key: "k4", At: day(14)}, now); err != nil {
		t.Fatal(err)
	}
	expect("a VIP since the 14th", 4+6)
	rules := referral.DefaultRules
	rules.SpotVIPMax = 5
	if err := s.SetRules(ctx, op, rules, store.TermChange{Key: "k5", At: day(14)}, now); err != nil {
		t.Fatal(err)
	}
	expect("rules that let such a VIP earn", 15)

	for field, err := range map[string]error{
		"effectiveAt": s.SetRates(ctx, op, 1, rates, store.TermChange{Key: "e1", At: day(1).Add(-time.Hour)}, now), // before the enrolment
		"uid":         s.SetRates(ctx, op, 2, rates, store.TermChange{Key: "e2"}, now),
		"code":        s.SetRebates(ctx, op, "TWO", &spot, nil, store.TermChange{Key: "e3"}, now),
		"spotLevel":   s.SetVIP(ctx, op, 2, referral.VIP{SpotLevel: 101}, store.TermChange{Key: "e4"}, now),
		"levels":      s.SetRules(ctx, op, referral.Rules{Mode: referral.Differential}, store.TermChange{Key: "e5"}, now),
		"value":       s.SetSetting(ctx, op, "task_grace", "-1h", now),
		"name":        s.SetSetting(ctx, op, "zone", "UTC", now),
	} {
		if domain.AsError(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := s.SetVIP(ctx, op, 2, referral.VIP{}, store.TermChange{Key: "e6", At: now.AddDate(-2, 0, 0)}, now); domain.AsError(err).Field != "effectiveAt" {
		t.Errorf("two years back: %v", err)
	}
	if err := s.SetSetting(ctx, op, "task_grace", "90m", now); err != nil {
		t.Fatal(err)
	}
	settings, err := s.Settings(ctx, op)
	if err != nil || settings[0].Value != "1h30m0s" {
		t.Errorf("%+v %v", settings, err)
	}
	actions, _, err := s.Actions(ctx, "", 100)
	if err != nil || len(actions) != 6 || actions[0].Action != "setting" || actions[5].Subject != "partner 1" || actions[5].By != 90 {
		t.Errorf("%+v %v", actions, err)
	}
	if report, err := s.Verify(ctx, store.VerifyOptions{Sample: 100}); err != nil || !report.OK() {
		t.Errorf("%+v %v", report, err)
	}
}

// Two changes in the same moment are both kept, and the second is the one in force.
func TestOperatorChangesTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t, time.UTC)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	op := domain.Caller{UID: 90, Role: domain.RoleOperator}
	for i, key := range []string{"a", "b"} {
		r := referral.DefaultRules
		r.SpotVIPMax = 10 + i
		if err := s.SetRules(t.Context(), op, r, store.TermChange{Key: key}, now); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.RulesHistory(t.Context(), op, now.Add(time.Second))
	if err != nil || len(all) != 2 || !all[0].InForce || all[0].Value.SpotVIPMax != 11 {
		t.Errorf("%+v %v", all, err)
	}
}
