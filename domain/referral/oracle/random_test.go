package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// whole is a period that holds every random event.
var whole = domain.Period{From: Start, To: End}

// everything is all that an oracle says.
func everything(t interface{ Fatal(...any) }, o *Oracle, events []referral.Event) string {
	var b strings.Builder
	fmt.Fprintln(&b, o.Waiting(), o.CommissionRows())
	for _, partner := range Partners(events) {
		fmt.Fprintln(&b, partner, o.Referees(partner))
		for _, by := range append([]referral.GroupBy{referral.ByNone}, referral.Dimensions...) {
			for _, m := range referral.Metrics {
				q := referral.Query{Metrics: []string{m.Name}, Period: whole, GroupBy: by}
				if by == referral.ByHour || q.Validate() != nil {
					continue
				}
				r, err := o.Query(partner, q, End)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(&b, m.Name, by, r)
			}
		}
	}
	return b.String()
}

func TestAnyOrderAndSplitGivesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := Events(t, 60)
		once := New(time.UTC)
		once.Apply(events)
		shuffled := rapid.Permutation(events).Draw(t, "order")
		cut := rapid.IntRange(0, len(shuffled)).Draw(t, "cut")
		twice := New(time.UTC)
		twice.Apply(shuffled[:cut])
		twice.Apply(shuffled) // the first part again
		if a, b := everything(t, once, events), everything(t, twice, events); a != b {
			t.Fatalf("the order shows:\n%s\nand\n%s", a, b)
		}
	})
}

func TestFiguresAddUp(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	sums := []string{"commission", "sharedCommission", "volume", "eligibleVolume", "fees", "trades"}
	counts := []string{"deposits", "withdrawals", "netDeposits", "newReferrals", "verified", "deposited", "firstTraders"}
	rapid.Check(t, func(t *rapid.T) {
		events := Events(t, 150)
		o := New(zone)
		o.Apply(events)
		for _, partner := range Partners(events) {
			for _, by := range referral.Dimensions {
				metrics := append(slices.Clone(sums), counts...)
				if by == referral.ByProduct {
					metrics = sums
				}
				if by == referral.ByHour && partner%3 != 0 { // 384 rows each: some partners will do
					continue
				}
				r, err := o.Query(partner, referral.Query{Metrics: metrics, Period: whole, GroupBy: by}, End)
				if err != nil {
					t.Fatal(err)
				}
				parts := make([]int64, len(metrics))
				for _, row := range r.Rows {
					for i, v := range row.Values {
						parts[i] += v
					}
				}
				if !slices.Equal(parts, r.Total) {
					t.Fatalf("%d by %s: the rows of %v add up to %v, the total is %v", partner, by, metrics, parts, r.Total)
				}
			}
		}
	})
}

func TestNobodyGetsMoreThanTheFee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := New(time.UTC)
		o.Apply(Events(t, 200))
		for _, d := range o.deals {
			sign := int64(1)
			if d.reversal {
				sign = -1
			}
			left := sign * (d.fee - d.rebate)
			for _, row := range d.rows {
				amount := sign * int64(row.Amount)
				if amount < 0 {
					t.Fatalf("a negative share: %+v", row)
				}
				left -= amount
			}
			if left < 0 || sign*d.rebate < 0 {
				t.Fatalf("more was given than the fee: %+v", d)
			}
		}
	})
}

func TestRandomEventsDoNotConflict(t *testing.T) {
	for seed := range uint64(200) {
		taken := map[string]bool{}
		take := func(kind string, key any) {
			k := fmt.Sprint(kind, " ", key)
			if taken[k] {
				t.Errorf("seed %d: %s twice", seed, k)
			}
			taken[k] = true
		}
		events := Random(rand.New(rand.NewPCG(seed, 1)), 300)
		if len(events) != 300 {
			t.Fatalf("seed %d: %d events", seed, len(events))
		}
		for _, e := range events {
			take("id", e.ID)
			if e.At.Before(Start) || !e.At.Before(End) || e.At.Nanosecond()%1000 != 0 {
				t.Errorf("seed %d: %s is at %s", seed, e.ID, e.At)
			}
			switch b := e.Body.(type) {
			case referral.Registration:
				take("account", e.UID)
			case referral.Code:
				if b.Created {
					take("code", b.Code)
				}
			case referral.Trade:
				take("trade", b.TradeID)
				if b.FeePaid < 0 || b.FeePaid > b.FeeGross || b.FeeGross > domain.MaxEventAmount || b.Volume > domain.MaxEventAmount {
					t.Errorf("seed %d: %+v", seed, b)
				}
			case referral.Reversal:
				take("reversal", b.TradeID)
			}
		}
	}
}

// TestRandomWorldsAreNasty counts in how many of 200 worlds each situation comes up that the tables could get wrong.
func TestRandomWorldsAreNasty(t *testing.T) {
	const worlds = 200
	seen := map[string]int{}
	for seed := range uint64(worlds) {
		events := Random(rand.New(rand.NewPCG(seed, 2)), 300)
		o := New(time.UTC)
		o.Apply(events)
		for situation := range situations(o) {
			seen[situation]++
		}
	}
	for _, s := range []string{
		"type account.registered", "type kyc.completed", "type vip.changed", "type partner.enrolled", "type partner.rates",
		"type referral_code.created", "type referral_code.changed", "type deposit.completed", "type withdrawal.completed",
		"type trade.executed", "type trade.reversed", "type rules.changed",
		"waits account.registered", "waits trade.executed", "waits trade.reversed", "waits referral_code.created", "waits referral_code.changed",
		"level 1 earns", "level 2 earns", "level 3 earns", "a share of nothing", "a rebate", "a reversal of a commission",
		"not eligible", "before the registration", "by a sub-account", "sub-account of a sub-account", "referred by a sub-account",
		"to oneself", "loop of two", "longer loop", "code created after the registration", "deal at a version's instant", "fixed override", "level 3 out of the rules",
	} {
		if seen[s] < worlds/20 {
			t.Errorf("%q came up in %d of %d worlds", s, seen[s], worlds)
		}
	}
}

func situations(o *Oracle) map[string]bool {
	seen := map[string]bool{}
	versionAt := map[time.Time]bool{}
	created := map[string]time.Time{}
	for _, e := range o.events {
		seen["type "+string(e.Type)] = true
		if slices.Contains(o.waiting, e.ID) {
			seen["waits "+string(e.Type)] = true
		}
		switch b := e.Body.(type) {
		case referral.Rates, referral.VIP, referral.Rules, referral.Code:
			versionAt[e.At] = true
			if c, ok := b.(referral.Code); ok && c.Created {
				created[c.Code] = e.At
			}
		case referral.Trade:
			if main, ok := o.main(e.UID); ok && main != e.UID {
				seen["by a sub-account"] = true
			}
			if _, ok := o.active(e); !ok && o.known(e.UID) {
				seen["before the registration"] = true
			}
		}
	}
	for uid, e := range o.registrations {
		r := e.Body.(referral.Registration)
		if owner, ok := o.codeOwners[r.ReferralCode]; ok && r.MasterUID == 0 {
			switch up, bound := o.referrers[uid]; {
			case owner == uid:
				seen["to oneself"] = true
			case !bound && o.referrers[owner] == uid:
				seen["loop of two"] = true
			case !bound:
				seen["longer loop"] = true
			case o.registrations[up].Body.(referral.Registration).MasterUID != 0:
				seen["referred by a sub-account"] = true
			}
			seen["code created after the registration"] = seen["code created after the registration"] || created[r.ReferralCode].After(e.At)
		}
		if master, ok := o.registrations[r.MasterUID]; ok && master.Body.(referral.Registration).MasterUID != 0 {
			seen["sub-account of a sub-account"] = true
		}
	}
	for _, d := range o.deals {
		rules, _ := o.rulesAt(d.at)
		seen["not eligible"] = seen["not eligible"] || d.eligible == 0 && d.volume > 0
		seen["a rebate"] = seen["a rebate"] || d.rebate > 0
		seen["deal at a version's instant"] = seen["deal at a version's instant"] || versionAt[d.at] && len(d.rows) > 0
		seen["level 3 out of the rules"] = seen["level 3 out of the rules"] || rules.Levels < 3 && len(o.path(d.main)) == 3
		for _, row := range d.rows {
			seen["a share of nothing"] = seen["a share of nothing"] || row.Amount == 0 && row.Base > 0
			seen["a reversal of a commission"] = seen["a reversal of a commission"] || row.Amount < 0
			seen["fixed override"] = seen["fixed override"] || rules.Mode == "fixed_override" && row.Level > 1 && row.Amount > 0
			if row.Amount > 0 {
				seen[fmt.Sprintf("level %d earns", row.Level)] = true
			}
		}
	}
	return seen
}

func TestLine(t *testing.T) {
	at := time.Date(2026, 11, 16, 10, 0, 0, 250_000, time.UTC)
	tests := []struct {
		e    referral.Event
		want string
	}{
		{referral.Event{ID: "1", UID: 7, Body: referral.Registration{}},
			`{"id":"1","time":"2026-11-16T10:00:00.00025Z","type":"account.registered","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.Registration{ReferralCode: "A", Country: "VN", MasterUID: 9007199254740993}},
			`{"country":"VN","id":"1","masterUid":9007199254740993,"referralCode":"A","time":"2026-11-16T10:00:00.00025Z","type":"account.registered","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.Rates{Enrolled: true, SpotRate: 450_000, BDUID: new(int64(3))}},
			`{"bdUid":3,"futuresRate":"0","id":"1","spotRate":"0.45","time":"2026-11-16T10:00:00.00025Z","type":"partner.enrolled","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.Code{Code: "A", FuturesRebateRate: new(domain.Rate(0)), Default: new(true)}},
			`{"code":"A","default":true,"futuresRebateRate":"0","id":"1","time":"2026-11-16T10:00:00.00025Z","type":"referral_code.changed","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.Trade{TradeID: "T", Product: referral.Spot, Symbol: "BTCUSDT", Side: "buy", Volume: 1, FeeGross: domain.MaxEventAmount, Ineligible: true, Reason: "bonus fund"}},
			`{"eligible":false,"feeGross":"1000000000","feePaid":"0","id":"1","product":"spot","reason":"bonus fund","side":"buy","symbol":"BTCUSDT","time":"2026-11-16T10:00:00.00025Z","tradeId":"T","type":"trade.executed","uid":7,"volume":"0.000001"}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.Transfer{Withdrawal: true, Amount: "0.5", Asset: "BTC", Method: "p2p", AmountUSDT: 12_500_000}},
			`{"amount":"0.5","amountUsdt":"12.5","asset":"BTC","id":"1","method":"p2p","time":"2026-11-16T10:00:00.00025Z","type":"withdrawal.completed","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.Reversal{TradeID: "T", Reason: "error"}},
			`{"id":"1","reason":"error","time":"2026-11-16T10:00:00.00025Z","tradeId":"T","type":"trade.reversed","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.KYC{Level: referral.KYCAdvanced}},
			`{"id":"1","level":"advanced","time":"2026-11-16T10:00:00.00025Z","type":"kyc.completed","uid":7}`},
		{referral.Event{ID: "1", UID: 7, Body: referral.VIP{SpotLevel: 3}},
			`{"futuresLevel":0,"id":"1","spotLevel":3,"time":"2026-11-16T10:00:00.00025Z","type":"vip.changed","uid":7}`},
		{referral.Event{ID: "1", Body: referral.Rules{Mode: "differential", SpotVIPMax: 2, FuturesVIPMax: 1, Levels: 3}},
			`{"futuresOverrideRate":"0","futuresVipMax":1,"id":"1","levels":3,"mode":"differential","spotOverrideRate":"0","spotVipMax":2,"time":"2026-11-16T10:00:00.00025Z","type":"rules.changed"}`},
	}
	for _, tt := range tests {
		tt.e.Type, tt.e.At = typeOf(tt.e.Body), at
		if got := string(Line(tt.e)); got != tt.want+"\n" {
			t.Errorf("got  %swant %s", got, tt.want)
		}
	}
}
