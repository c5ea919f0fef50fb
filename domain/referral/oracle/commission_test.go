package oracle

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// day0 is a Monday.
var day0 = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

func hour(h int) time.Time { return day0.Add(time.Duration(h) * time.Hour) }

// story is a set of events in the making. The hours count from day0.
type story struct{ events []referral.Event }

func (s *story) add(h int, uid int64, body referral.Body) *referral.Event {
	s.events = append(s.events, referral.Event{
		ID: fmt.Sprintf("e%03d", len(s.events)), Type: typeOf(body), At: hour(h), UID: uid, Body: body,
	})
	return &s.events[len(s.events)-1]
}

func (s *story) register(h int, uid int64, code string) *referral.Event {
	return s.add(h, uid, referral.Registration{ReferralCode: code})
}

func (s *story) sub(h int, uid, master int64) {
	s.add(h, uid, referral.Registration{MasterUID: master})
}

func (s *story) enrol(h int, uid int64, spot, futures string) {
	s.add(h, uid, referral.Rates{Enrolled: true, SpotRate: rate(spot), FuturesRate: rate(futures)})
}

func (s *story) code(h int, uid int64, code, spotRebate, futuresRebate string) {
	s.add(h, uid, referral.Code{
		Created: true, Code: code, SpotRebateRate: new(rate(spotRebate)), FuturesRebateRate: new(rate(futuresRebate)),
	})
}

// trade has ten times the fee as its volume.
func (s *story) trade(h int, uid int64, id string, p referral.Product, feePaid string) {
	fee := usdt(feePaid)
	s.add(h, uid, referral.Trade{TradeID: id, Product: p, Volume: 10 * fee, FeeGross: fee, FeePaid: fee})
}

func (s *story) oracle() *Oracle {
	o := New(time.UTC)
	o.Apply(s.events)
	return o
}

func usdt(s string) domain.Money {
	m, err := domain.ParseMoney(s)
	if err != nil {
		panic(err)
	}
	return m
}

func rate(s string) domain.Rate {
	r, err := domain.ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

// week is a period that holds the whole story.
var week = domain.Period{From: day0, To: day0.AddDate(0, 0, 7)}

// wantRows compares commission rows written as "trade/level beneficiary rate × base = amount @version", with
// a minus before the trade of a reversal.
func wantRows(t *testing.T, o *Oracle, want ...string) {
	t.Helper()
	var got []string
	for _, r := range o.CommissionRows() {
		sign := ""
		if r.Reversal {
			sign = "-"
		}
		got = append(got, fmt.Sprintf("%s%s/%d %d %s × %s = %s @%s", sign, r.TradeID, r.Level, r.Beneficiary, r.Rate, r.Base, r.Amount, r.RuleVersion))
	}
	if !slices.Equal(got, want) {
		t.Errorf("commission rows:\n got %q\nwant %q", got, want)
	}
}

// wantTotal compares one metric over the week, money as a decimal.
func wantTotal(t *testing.T, o *Oracle, partner int64, metric, want string, f referral.Filter) {
	t.Helper()
	got := total(t, o, partner, metric, f)
	if got != want {
		t.Errorf("%s of %d, filter %+v: got %s, want %s", metric, partner, f, got, want)
	}
}

func total(t *testing.T, o *Oracle, partner int64, metric string, f referral.Filter) string {
	t.Helper()
	r, err := o.Query(partner, referral.Query{Metrics: []string{metric}, Period: week, Filter: f}, week.To)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := referral.MetricByName(metric)
	if m.Unit == referral.Count {
		return strconv.FormatInt(r.Total[0], 10)
	}
	return domain.Money(r.Total[0]).String()
}

// chain is SPEC 4's example: the parent 1 at 60 %, the sub-partner 2 at 45 %, and the referee 3, whose code
// gives 10 % of the fee back. In futures it is 50 %, 40 % and 20 %.
func chain() *story {
	s := &story{}
	s.register(0, 1, "")
	s.enrol(0, 1, "0.6", "0.5")
	s.code(0, 1, "P", "0", "0")
	s.register(0, 2, "P")
	s.enrol(0, 2, "0.45", "0.4")
	s.code(0, 2, "S", "0.1", "0.2")
	s.register(0, 3, "S")
	return s
}

func TestExampleOfTheSpec(t *testing.T) {
	s := chain()
	s.add(5, 3, referral.Trade{TradeID: "T", Product: referral.Spot, Volume: usdt("10000"), FeeGross: usdt("10"), FeePaid: usdt("8")})
	o := s.oracle()
	wantRows(t, o, "T/1 2 0.45 × 8 = 2.8 @", "T/2 1 0.6 × 8 = 1.2 @")
	none := referral.Filter{}
	wantTotal(t, o, 3, "sharedReceived", "0.8", none)
	wantTotal(t, o, 2, "sharedCommission", "0.8", none)
	wantTotal(t, o, 1, "sharedCommission", "0", none)
	wantTotal(t, o, 2, "commission", "2.8", none)
	wantTotal(t, o, 1, "commission", "1.2", none)
	wantTotal(t, o, 1, "fees", "8", none)
	wantTotal(t, o, 1, "volume", "10000", none)
	wantTotal(t, o, 3, "fees", "0", none) // one's own trade is no referee's
}

func TestMarginGoesBySpotAndFuturesByItsOwn(t *testing.T) {
	s := chain()
	s.trade(5, 3, "M", referral.Margin, "10")
	s.trade(6, 3, "F", referral.Futures, "10")
	o := s.oracle()
	wantRows(t, o,
		"M/1 2 0.45 × 10 = 3.5 @", "M/2 1 0.6 × 10 = 1.5 @",
		"F/1 2 0.4 × 10 = 2 @", "F/2 1 0.5 × 10 = 1 @")
	wantTotal(t, o, 2, "commission", "3.5", referral.Filter{Product: referral.Margin})
	wantTotal(t, o, 2, "commission", "0", referral.Filter{Product: referral.Spot})
	wantTotal(t, o, 3, "sharedReceived", "2", referral.Filter{Product: referral.Futures})
}

func TestDifferential(t *testing.T) {
	// 1 ← 2 ← 3 ← 4 ← 5 ← 6: of the accounts above 6, the fourth (2) and fifth (1) are out of reach.
	s := &story{}
	s.register(0, 1, "")
	for uid := int64(1); uid <= 5; uid++ {
		s.code(0, uid, fmt.Sprint("C", uid), "0.1", "0.1")
		s.register(0, uid+1, fmt.Sprint("C", uid))
	}
	s.enrol(0, 1, "1", "1")
	s.enrol(0, 2, "1", "1")
	s.trade(1, 6, "A", referral.Spot, "100") // 3, 4 and 5 are not enrolled yet
	s.enrol(2, 4, "0.3", "0.3")
	s.trade(2, 6, "B", referral.Spot, "100") // no share for the direct partner: no rebate
	s.enrol(3, 5, "0.5", "0.5")
	s.enrol(3, 3, "0.6", "0.6")
	s.trade(3, 6, "C", referral.Spot, "100") // 4's 30 is below the 50 already paid
	s.trade(3, 5, "D", referral.Spot, "100") // seen from 5: 4, 3, 2
	o := s.oracle()
	wantRows(t, o,
		"B/2 4 0.3 × 100 = 30 @",
		"C/1 5 0.5 × 100 = 40 @", "C/2 4 0.3 × 100 = 0 @", "C/3 3 0.6 × 100 = 10 @",
		"D/1 4 0.3 × 100 = 20 @", "D/2 3 0.6 × 100 = 30 @", "D/3 2 1 × 100 = 40 @")
	wantTotal(t, o, 6, "sharedReceived", "10", referral.Filter{})
	wantTotal(t, o, 2, "volume", "1000", referral.Filter{}) // 5's alone: 6 is four referrals below
}

func TestRebateIsNeverMoreThanTheShare(t *testing.T) {
	s := chain()
	s.add(1, 2, referral.Code{Code: "S", SpotRebateRate: new(rate("0.9"))})
	s.trade(2, 3, "T", referral.Spot, "10")
	o := s.oracle()
	wantRows(t, o, "T/1 2 0.45 × 10 = 0 @", "T/2 1 0.6 × 10 = 1.5 @")
	wantTotal(t, o, 3, "sharedReceived", "4.5", referral.Filter{})
}

func TestDustIsTruncated(t *testing.T) {
	s := chain()
	s.trade(1, 3, "A", referral.Spot, "0.000007") // shares 3.15 and 4.2, rebate 0.7 millionths
	s.trade(2, 3, "B", referral.Spot, "0.000019") // 8.55 and 11.4, rebate 1.9
	s.trade(3, 3, "C", referral.Spot, "0.000001") // 0.45 and 0.6, rebate 0.1
	s.trade(4, 3, "D", referral.Spot, "0")
	s.trade(5, 3, "E", referral.Spot, "99999999.999999") // a tenth of the most, 44999999.99999955 and so on
	wantRows(t, s.oracle(),
		"A/1 2 0.45 × 0.000007 = 0.000003 @", "A/2 1 0.6 × 0.000007 = 0.000001 @",
		"B/1 2 0.45 × 0.000019 = 0.000007 @", "B/2 1 0.6 × 0.000019 = 0.000003 @",
		"C/1 2 0.45 × 0.000001 = 0 @", "C/2 1 0.6 × 0.000001 = 0 @",
		"D/1 2 0.45 × 0 = 0 @", "D/2 1 0.6 × 0 = 0 @",
		"E/1 2 0.45 × 99999999.999999 = 35000000 @", "E/2 1 0.6 × 99999999.999999 = 15000000 @")
}

func TestFixedOverride(t *testing.T) {
	s := &story{}
	s.register(0, 1, "")
	for uid := int64(1); uid <= 3; uid++ {
		s.enrol(0, uid, "0.7", "0.7")
		s.code(0, uid, fmt.Sprint("C", uid), "0.1", "0")
		s.register(0, uid+1, fmt.Sprint("C", uid))
	}
	s.add(1, 0, referral.Rules{Mode: "fixed_override", SpotVIPMax: 2, FuturesVIPMax: 1, Levels: 3, SpotOverrideRate: rate("0.2"), FuturesOverrideRate: rate("0.05")}).ID = "R1"
	s.trade(2, 4, "A", referral.Spot, "10") // 7, then 2, then what is left of 10
	s.trade(2, 4, "B", referral.Futures, "10")
	s.add(3, 0, referral.Rules{Mode: "fixed_override", SpotVIPMax: 2, FuturesVIPMax: 1, Levels: 2, SpotOverrideRate: rate("0.4")}).ID = "R2"
	s.trade(3, 4, "C", referral.Spot, "10")
	s.trade(3, 2, "D", referral.Spot, "10") // 1 alone is above 2, and is its referrer
	o := s.oracle()
	wantRows(t, o,
		"A/1 3 0.7 × 10 = 6 @R1", "A/2 2 0.2 × 10 = 2 @R1", "A/3 1 0.2 × 10 = 1 @R1",
		"B/1 3 0.7 × 10 = 7 @R1", "B/2 2 0.05 × 10 = 0.5 @R1", "B/3 1 0.05 × 10 = 0.5 @R1",
		"C/1 3 0.7 × 10 = 6 @R2", "C/2 2 0.4 × 10 = 3 @R2",
		"D/1 1 0.7 × 10 = 6 @R2")
}

func TestFixedOverrideIsByPosition(t *testing.T) {
	s := &story{} // 2, the referrer of 3, is no partner: 1 is above all the same
	s.register(0, 1, "")
	s.enrol(0, 1, "0.7", "0.7")
	s.code(0, 1, "P", "0.1", "0.1")
	s.register(0, 2, "P")
	s.code(0, 2, "S", "0.1", "0.1")
	s.register(0, 3, "S")
	s.add(0, 0, referral.Rules{Mode: "fixed_override", SpotVIPMax: 2, FuturesVIPMax: 1, Levels: 3, SpotOverrideRate: rate("0.2")}).ID = "R"
	s.trade(1, 3, "T", referral.Spot, "10")
	o := s.oracle()
	wantRows(t, o, "T/2 1 0.2 × 10 = 2 @R")
	wantTotal(t, o, 3, "sharedReceived", "0", referral.Filter{})
}

func TestLevelsBelowThree(t *testing.T) {
	s := chain()
	s.add(1, 0, referral.Rules{Mode: "differential", SpotVIPMax: 2, FuturesVIPMax: 1, Levels: 1}).ID = "R"
	s.trade(2, 3, "T", referral.Spot, "10")
	o := s.oracle()
	wantRows(t, o, "T/1 2 0.45 × 10 = 3.5 @R")
	wantTotal(t, o, 1, "eligibleVolume", "100", referral.Filter{}) // still a referee, and eligible
}

func TestVIPLimits(t *testing.T) {
	s := chain()
	s.add(1, 3, referral.VIP{SpotLevel: 2, FuturesLevel: 1})
	s.trade(1, 3, "S2", referral.Spot, "10")
	s.trade(1, 3, "F1", referral.Futures, "10")
	s.add(2, 3, referral.VIP{SpotLevel: 3, FuturesLevel: 1})
	s.trade(2, 3, "S3", referral.Spot, "10")
	s.trade(2, 3, "M3", referral.Margin, "10")
	s.trade(2, 3, "F1b", referral.Futures, "10")
	s.add(3, 3, referral.VIP{SpotLevel: 0, FuturesLevel: 2})
	s.trade(3, 3, "F2", referral.Futures, "10")
	s.add(4, 0, referral.Rules{Mode: "differential", SpotVIPMax: 0, FuturesVIPMax: 2, Levels: 3}).ID = "R"
	s.trade(4, 3, "F2r", referral.Futures, "10")
	s.add(5, 3, referral.Trade{TradeID: "X", Product: referral.Spot, Volume: usdt("100"), FeeGross: usdt("10"), FeePaid: usdt("10"), Ineligible: true})
	o := s.oracle()
	var earned []string
	for _, r := range o.CommissionRows() {
		if r.Level == 1 {
			earned = append(earned, r.TradeID)
		}
	}
	if want := []string{"S2", "F1", "F1b", "F2r"}; !slices.Equal(earned, want) {
		t.Errorf("trades that earn: got %q, want %q", earned, want)
	}
	wantTotal(t, o, 2, "eligibleVolume", "400", referral.Filter{})
	wantTotal(t, o, 2, "volume", "800", referral.Filter{})
	wantTotal(t, o, 2, "fees", "80", referral.Filter{})
	wantTotal(t, o, 2, "trades", "8", referral.Filter{})
}

func TestVersionsAreInclusiveAndTiesGoByID(t *testing.T) {
	s := chain()
	s.trade(1, 3, "before", referral.Spot, "10")
	s.add(2, 2, referral.Rates{SpotRate: rate("0.5")}).ID = "b"
	s.add(2, 2, referral.Rates{SpotRate: rate("0.3")}).ID = "a"
	s.add(2, 2, referral.Rates{SpotRate: rate("0.2")}).ID = "B"
	s.trade(2, 3, "at", referral.Spot, "10")
	s.add(3, 2, referral.Rates{Enrolled: true, SpotRate: rate("0.55")})
	s.trade(4, 3, "after", referral.Spot, "10")
	wantRows(t, s.oracle(),
		"before/1 2 0.45 × 10 = 3.5 @", "before/2 1 0.6 × 10 = 1.5 @",
		"at/1 2 0.5 × 10 = 4 @", "at/2 1 0.6 × 10 = 1 @",
		"after/1 2 0.55 × 10 = 4.5 @", "after/2 1 0.6 × 10 = 0.5 @")
}

func TestRatesBeforeEnrolmentEarnNothing(t *testing.T) {
	s := &story{}
	s.register(0, 1, "")
	s.code(0, 1, "P", "0", "0")
	s.register(0, 2, "P")
	s.add(1, 1, referral.Rates{SpotRate: rate("0.5")})
	s.trade(2, 2, "A", referral.Spot, "10")
	s.enrol(3, 1, "0.1", "0.1")
	s.trade(3, 2, "B", referral.Spot, "10")
	o := s.oracle()
	wantRows(t, o, "B/1 1 0.1 × 10 = 1 @")
	wantTotal(t, o, 1, "trades", "2", referral.Filter{}) // activity counts before my enrolment, too
}

func TestCodeVersionsFieldByField(t *testing.T) {
	s := &story{}
	s.register(0, 1, "")
	s.enrol(0, 1, "1", "1")
	s.register(0, 2, "P") // long before the code is created
	s.trade(1, 2, "A", referral.Spot, "10")
	s.add(2, 1, referral.Code{Code: "P", FuturesRebateRate: new(rate("0.9"))}) // before the creation: without effect
	s.trade(2, 2, "A2", referral.Futures, "10")
	s.code(2, 1, "another of mine", "0.8", "0.8")
	s.add(3, 1, referral.Code{Created: true, Code: "P", SpotRebateRate: new(rate("0.1"))})
	s.trade(3, 2, "B", referral.Spot, "10")
	s.trade(3, 2, "C", referral.Futures, "10")
	s.add(4, 1, referral.Code{Code: "P", FuturesRebateRate: new(rate("0.3"))})
	s.trade(4, 2, "D", referral.Spot, "10")
	s.trade(4, 2, "E", referral.Futures, "10")
	s.add(5, 1, referral.Code{Code: "P", SpotRebateRate: new(rate("0")), Note: new("n")})
	s.add(5, 2, referral.Code{Code: "P", SpotRebateRate: new(rate("0.5"))}).ID = "foreign"
	s.trade(5, 2, "F", referral.Spot, "10")
	s.trade(5, 2, "G", referral.Futures, "10")
	o := s.oracle()
	wantRows(t, o,
		"A/1 1 1 × 10 = 10 @", "A2/1 1 1 × 10 = 10 @", "B/1 1 1 × 10 = 9 @", "C/1 1 1 × 10 = 10 @", "D/1 1 1 × 10 = 9 @",
		"E/1 1 1 × 10 = 7 @", "F/1 1 1 × 10 = 10 @", "G/1 1 1 × 10 = 7 @")
	if got := o.Waiting(); !slices.Equal(got, []string{"foreign"}) {
		t.Errorf("waiting: got %q, want the foreign change alone", got)
	}
	r := o.Referees(1)[0]
	if r.Note != "n" || r.SpotRebateRate != 0 || r.FuturesRebateRate != rate("0.3") {
		t.Errorf("latest terms of the code: got %+v", r)
	}
}

func TestReversal(t *testing.T) {
	s := chain()
	s.trade(1, 3, "T", referral.Spot, "10")
	s.add(2, 2, referral.Rates{SpotRate: rate("0.01")}) // the reversal goes by the trade's terms
	s.add(2, 3, referral.VIP{SpotLevel: 9, FuturesLevel: 9})
	s.add(30, 3, referral.Reversal{TradeID: "T", Reason: "error"})
	o := s.oracle()
	wantRows(t, o,
		"T/1 2 0.45 × 10 = 3.5 @", "T/2 1 0.6 × 10 = 1.5 @",
		"-T/1 2 0.45 × -10 = -3.5 @", "-T/2 1 0.6 × -10 = -1.5 @")
	for _, m := range []string{"commission", "sharedCommission", "volume", "eligibleVolume", "fees", "trades"} {
		wantTotal(t, o, 2, m, "0", referral.Filter{})
	}
	wantTotal(t, o, 3, "sharedReceived", "0", referral.Filter{})
	wantTotal(t, o, 2, "traders", "1", referral.Filter{})
	r, err := o.Query(2, referral.Query{
		Metrics: []string{"trades", "traders", "commission", "eligibleVolume", "fees", "sharedCommission"}, Period: week, GroupBy: referral.ByDay,
	}, hour(48))
	if err != nil {
		t.Fatal(err)
	}
	want := []referral.Row{
		{Key: "2026-11-02", Values: []int64{1, 1, 3_500_000, 100_000_000, 10_000_000, 1_000_000}},
		{Key: "2026-11-03", Values: []int64{-1, 0, -3_500_000, -100_000_000, -10_000_000, -1_000_000}},
	}
	if fmt.Sprint(r.Rows) != fmt.Sprint(want) {
		t.Errorf("by day: got %v, want %v", r.Rows, want)
	}
}

func TestSubAccounts(t *testing.T) {
	s := chain()
	s.add(0, 3, referral.VIP{SpotLevel: 1})
	s.sub(1, 31, 3)
	s.add(1, 32, referral.Registration{MasterUID: 31, ReferralCode: "P"}) // a sub-account's own code is ignored
	s.add(1, 33, referral.Registration{MasterUID: 3, ReferralCode: "unknown, and not waited for"})
	s.add(1, 31, referral.VIP{SpotLevel: 9, FuturesLevel: 9}) // so is its VIP level
	s.add(1, 32, referral.KYC{Level: referral.KYCAdvanced})
	s.trade(0, 31, "early", referral.Spot, "10")
	s.trade(1, 31, "A", referral.Spot, "10")
	s.trade(1, 32, "B", referral.Spot, "10")
	s.add(2, 32, referral.Transfer{AmountUSDT: usdt("5")})
	s.add(2, 31, referral.Transfer{AmountUSDT: usdt("2"), Withdrawal: true})
	s.add(3, 32, referral.Reversal{TradeID: "early", Reason: "another's trade"}).ID = "wrong"
	s.add(3, 31, referral.Reversal{TradeID: "early", Reason: "of a trade that does not count"})
	s.sub(1, 41, 40)
	s.sub(1, 42, 41)
	s.trade(2, 42, "W", referral.Spot, "10")
	o := s.oracle()
	wantRows(t, o,
		"A/1 2 0.45 × 10 = 3.5 @", "A/2 1 0.6 × 10 = 1.5 @",
		"B/1 2 0.45 × 10 = 3.5 @", "B/2 1 0.6 × 10 = 1.5 @")
	wantTotal(t, o, 2, "totalReferrals", "1", referral.Filter{})
	wantTotal(t, o, 1, "totalReferrals", "2", referral.Filter{}) // 2 and 3
	wantTotal(t, o, 2, "traders", "1", referral.Filter{})
	wantTotal(t, o, 2, "deposits", "5", referral.Filter{})
	wantTotal(t, o, 2, "netDeposits", "3", referral.Filter{UID: 3})
	wantTotal(t, o, 2, "verified", "0", referral.Filter{})
	wantTotal(t, o, 3, "sharedReceived", "2", referral.Filter{})
	if got := o.Waiting(); len(got) != 4 { // 41, 42, W, and the reversal by the wrong account
		t.Errorf("waiting: got %q", got)
	}
	s.register(3, 40, "S") // now they apply; W was made before the main account registered
	o = s.oracle()
	if got := o.Waiting(); !slices.Equal(got, []string{"wrong"}) {
		t.Errorf("waiting: got %q", got)
	}
	wantTotal(t, o, 2, "trades", "2", referral.Filter{})
	s.trade(3, 42, "V", referral.Spot, "10")
	wantTotal(t, s.oracle(), 2, "trades", "1", referral.Filter{UID: 40})
}

func TestMastersInACircleWait(t *testing.T) {
	s := &story{}
	s.sub(0, 1, 2)
	s.sub(0, 2, 1)
	s.sub(0, 3, 3)
	s.sub(0, 4, 1)
	s.trade(1, 4, "T", referral.Spot, "10")
	if got := s.oracle().Waiting(); len(got) != 5 {
		t.Errorf("waiting: got %q, want all five events", got)
	}
}

func TestOwnerThatIsASubAccount(t *testing.T) {
	s := chain()
	s.sub(0, 31, 3)
	s.code(0, 31, "X", "0.1", "0.1")
	s.enrol(0, 31, "0.5", "0.5")
	s.register(0, 5, "X")
	s.register(0, 6, "Y") // the code of a sub-account that waits is not known
	s.sub(0, 71, 70)
	s.code(0, 71, "Y", "0.1", "0.1")
	s.trade(1, 5, "T", referral.Spot, "10")
	o := s.oracle()
	wantRows(t, o, "T/1 31 0.5 × 10 = 4 @") // the path ends there: neither 3 nor 2 is on it
	wantTotal(t, o, 31, "totalReferrals", "1", referral.Filter{})
	wantTotal(t, o, 3, "totalReferrals", "0", referral.Filter{})
	if got := o.Waiting(); len(got) != 3 {
		t.Errorf("waiting: got %q, want 6's registration, 71's and its code", got)
	}
}

func TestVoidRelations(t *testing.T) {
	s := &story{}
	for uid := int64(1); uid <= 5; uid++ {
		s.code(0, uid, fmt.Sprint("C", uid), "0", "0")
	}
	s.register(4, 1, "C3") // a loop of 1, 2 and 3; 4 hangs below 1; 5 refers itself
	s.register(9, 2, "C1")
	s.register(9, 3, "C2").ID = "A" // before "e006" at the same instant
	s.register(7, 4, "C1")
	s.register(7, 5, "C5")
	o := s.oracle()
	paths := map[int64][]int64{1: {3, 2}, 2: nil, 3: {2}, 4: {1, 3, 2}, 5: nil}
	for uid, want := range paths {
		if got := o.path(uid); !slices.Equal(got, want) {
			t.Errorf("path of %d: got %v, want %v", uid, got, want)
		}
	}
	if got := o.Waiting(); len(got) != 0 {
		t.Errorf("void relations do not wait: got %q", got)
	}
	s.events = slices.DeleteFunc(s.events, func(e referral.Event) bool { return e.UID == 3 && e.Type == referral.AccountRegistered })
	if got := s.oracle().path(2); !slices.Equal(got, []int64{1}) {
		t.Errorf("without 3's registration there is no loop: got the path %v", got)
	}
}

func TestWaiting(t *testing.T) {
	s := chain()
	s.add(1, 3, referral.Reversal{TradeID: "T"}).ID = "reversal before its trade"
	s.add(1, 9, referral.KYC{Level: referral.KYCAdvanced}).ID = "unknown account"
	s.register(1, 4, "NONE").ID = "unknown code"
	s.add(1, 2, referral.Code{Code: "NONE", Note: new("x")}).ID = "change of an unknown code"
	s.add(1, 9, referral.Trade{TradeID: "U", Product: referral.Spot}).ID = "unknown trader"
	s.add(1, 3, referral.Reversal{TradeID: "U"}).ID = "reversal of a trade that waits"
	want := []string{"change of an unknown code", "reversal before its trade", "reversal of a trade that waits", "unknown account", "unknown code", "unknown trader"}
	o := s.oracle()
	if got := o.Waiting(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s.trade(1, 3, "T", referral.Spot, "10")
	s.code(9, 2, "NONE", "0", "0")
	s.register(1, 9, "")
	o = s.oracle()
	if got := o.Waiting(); !slices.Equal(got, []string{"reversal of a trade that waits"}) { // of 9's, by 3
		t.Errorf("after all came: got %q", got)
	}
	if got := o.path(4); !slices.Equal(got, []int64{2, 1}) {
		t.Errorf("the relation is bound once the code is known: got %v", got)
	}
}
