package referral

import (
	"testing"

	"pgregory.net/rapid"

	"partnerhub/domain"
)

func usdt(t testing.TB, s string) domain.Money {
	t.Helper()
	m, err := domain.ParseMoney(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The example of SPEC 4: feeGross 10, coupon 2, parent 60 %, sub-partner 45 %, the code's rebate 10 %.
func TestSettleExample(t *testing.T) {
	trade := Trade{Product: Spot, Volume: usdt(t, "10000"), FeeGross: usdt(t, "10"), FeePaid: usdt(t, "8")}
	terms := Terms{Rules: DefaultRules, RebateRate: 100_000, Upline: [Levels]Upliner{{2, true, 450_000}, {1, true, 600_000}}}
	s := Settle(&trade, &terms)
	want := Split{Eligible: true, Rebate: usdt(t, "0.8"), Earned: [Levels]domain.Money{usdt(t, "2.8"), usdt(t, "1.2"), 0}}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestSettle(t *testing.T) {
	fee := usdt(t, "100")
	for _, x := range []struct {
		name  string
		trade Trade
		terms Terms
		want  Split
	}{
		{"no upline", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules}, Split{Eligible: true}},
		{"marked ineligible", Trade{Product: Spot, FeePaid: fee, Ineligible: true}, Terms{Rules: DefaultRules, Upline: [Levels]Upliner{{1, true, 500_000}}}, Split{}},
		{"above the spot limit", Trade{Product: Margin, FeePaid: fee}, Terms{Rules: DefaultRules, VIP: VIP{SpotLevel: 3}, Upline: [Levels]Upliner{{1, true, 500_000}}}, Split{}},
		{"futures level does not limit spot", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules, VIP: VIP{FuturesLevel: 9}, Upline: [Levels]Upliner{{1, true, 500_000}}},
			Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "50")}}},
		{"rebate never above the share", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules, RebateRate: 900_000, Upline: [Levels]Upliner{{1, true, 500_000}}},
			Split{Eligible: true, Rebate: usdt(t, "50")}},
		{"no share, no rebate", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules, RebateRate: 900_000, Upline: [Levels]Upliner{{3, false, 500_000}, {1, true, 500_000}}},
			Split{Eligible: true, Earned: [Levels]domain.Money{0, usdt(t, "50")}}},
		{"lower rate above earns nothing", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules, Upline: [Levels]Upliner{{3, true, 500_000}, {2, true, 400_000}, {1, true, 600_000}}},
			Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "50"), 0, usdt(t, "10")}}},
		{"override is capped by what is left", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: Rules{Mode: FixedOverride, SpotVIPMax: 2, Levels: 3, SpotOverrideRate: 300_000},
			Upline: [Levels]Upliner{{3, true, 500_000}, {2, true, 0}, {1, true, 0}}}, Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "50"), usdt(t, "30"), usdt(t, "20")}}},
		{"one level only", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: Rules{Mode: Differential, SpotVIPMax: 2, Levels: 1}, Upline: [Levels]Upliner{{2, true, 100_000}, {1, true, 600_000}}},
			Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "10")}}},
		{"at the spot limit", Trade{Product: Margin, FeePaid: fee}, Terms{Rules: DefaultRules, VIP: VIP{SpotLevel: 2}, Upline: [Levels]Upliner{{1, true, 500_000}}}, Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "50")}}},
		{"at the futures limit", Trade{Product: Futures, FeePaid: fee}, Terms{Rules: DefaultRules, VIP: VIP{SpotLevel: 9, FuturesLevel: 1}, Upline: [Levels]Upliner{{1, true, 500_000}}}, Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "50")}}},
		{"above the futures limit", Trade{Product: Futures, FeePaid: fee}, Terms{Rules: DefaultRules, VIP: VIP{FuturesLevel: 2}, Upline: [Levels]Upliner{{1, true, 500_000}}}, Split{}},
		{"override of futures, over one who is no partner", Trade{Product: Futures, FeePaid: fee}, Terms{Rules: Rules{Mode: FixedOverride, FuturesVIPMax: 1, Levels: 3, SpotOverrideRate: 900_000, FuturesOverrideRate: 100_000},
			Upline: [Levels]Upliner{{3, false, 500_000}, {2, true, 0}, {1, true, 0}}}, Split{Eligible: true, Earned: [Levels]domain.Money{0, usdt(t, "10"), usdt(t, "10")}}},
		{"override of margin is that of spot", Trade{Product: Margin, FeePaid: fee}, Terms{Rules: Rules{Mode: FixedOverride, SpotVIPMax: 2, Levels: 2, SpotOverrideRate: 200_000, FuturesOverrideRate: 100_000},
			RebateRate: 100_000, Upline: [Levels]Upliner{{3, true, 500_000}, {2, true, 0}, {1, true, 900_000}}}, Split{Eligible: true, Rebate: usdt(t, "10"), Earned: [Levels]domain.Money{usdt(t, "40"), usdt(t, "20")}}},
		{"the rebate is among what was paid below", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules, RebateRate: 200_000, Upline: [Levels]Upliner{{3, true, 300_000}, {2, true, 300_000}, {1, true, 450_000}}},
			Split{Eligible: true, Rebate: usdt(t, "20"), Earned: [Levels]domain.Money{usdt(t, "10"), 0, usdt(t, "15")}}},
		{"nothing is behind the end of the path", Trade{Product: Spot, FeePaid: fee}, Terms{Rules: DefaultRules, Upline: [Levels]Upliner{{3, true, 300_000}, {}, {1, true, 450_000}}},
			Split{Eligible: true, Earned: [Levels]domain.Money{usdt(t, "30")}}},
		{"dust stays", Trade{Product: Futures, FeePaid: 3}, Terms{Rules: DefaultRules, RebateRate: 333_333, Upline: [Levels]Upliner{{1, true, 999_999}}},
			Split{Eligible: true, Earned: [Levels]domain.Money{2}}},
	} {
		if got := Settle(&x.trade, &x.terms); got != x.want {
			t.Errorf("%s: got %+v, want %+v", x.name, got, x.want)
		}
	}
}

// Whatever the terms: nobody earns less than nothing, and never more than the fee is shared out.
func TestSettleWithinFee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := func(name string) domain.Rate { return domain.Rate(rapid.Int64Range(0, 1_000_000).Draw(t, name)) }
		trade := Trade{Product: rapid.SampledFrom([]Product{Spot, Margin, Futures}).Draw(t, "product"),
			FeePaid: domain.Money(rapid.Int64Range(0, int64(domain.MaxEventAmount)).Draw(t, "fee")), Ineligible: rapid.Bool().Draw(t, "ineligible")}
		terms := Terms{RebateRate: rate("rebate"), VIP: VIP{rapid.IntRange(0, 4).Draw(t, "spot"), rapid.IntRange(0, 4).Draw(t, "futures")},
			Rules: Rules{Mode: rapid.SampledFrom([]Mode{Differential, FixedOverride}).Draw(t, "mode"), SpotVIPMax: 2, FuturesVIPMax: 1, Levels: rapid.IntRange(1, 3).Draw(t, "levels"),
				SpotOverrideRate: rate("spot override"), FuturesOverrideRate: rate("futures override")}}
		for i := range rapid.IntRange(0, Levels).Draw(t, "path") {
			terms.Upline[i] = Upliner{int64(i + 1), rapid.Bool().Draw(t, "partner"), rate("rate")}
		}
		s := Settle(&trade, &terms)
		sum := s.Rebate
		for _, e := range s.Earned {
			if e < 0 {
				t.Fatalf("negative: %+v", s)
			}
			sum += e
		}
		if s.Rebate < 0 || sum > trade.FeePaid {
			t.Fatalf("%+v shares out %s of a fee of %s", s, sum, trade.FeePaid)
		}
		if !s.Eligible && sum != 0 {
			t.Fatalf("not eligible, and yet %s", sum)
		}
	})
}
