package oracle

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// tree is a program of one partner, 1, with two codes and a third that nobody used:
//
//	1 ─ A ─ 2 (enrolled, VN) ─ B ─ 3 (VN) ─ D ─ 5 (no country) ─ E ─ 6 (out of 1's reach)
//	  ─ C ─ 4 (BR, no partner) ─ F ─ 7 (BR)
func tree() *story {
	s := &story{}
	who := func(uid int64, code, country string, at int) {
		s.add(at, uid, referral.Registration{ReferralCode: code, Country: country})
	}
	who(1, "", "", 0)
	s.enrol(0, 1, "0.5", "0.5")
	s.enrol(0, 2, "0.4", "0.4")
	for code, owner := range map[string]int64{"A": 1, "C": 1, "Z": 1, "B": 2, "D": 3, "F": 4, "E": 5} {
		s.code(0, owner, code, "0.1", "0.1")
	}
	who(2, "A", "VN", 1)
	who(3, "B", "VN", 2)
	who(4, "C", "BR", 26)
	who(5, "D", "", 27)
	who(6, "E", "US", 28)
	who(7, "F", "BR", 24*9)
	return s
}

func rows(t *testing.T, o *Oracle, partner int64, q referral.Query, now time.Time) string {
	t.Helper()
	r, err := o.Query(partner, q, now)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "%q%v ", row.Key, row.Values)
	}
	fmt.Fprintf(&b, "total%v", r.Total)
	return b.String()
}

func wantQuery(t *testing.T, o *Oracle, q referral.Query, now time.Time, want string) {
	t.Helper()
	if got := rows(t, o, 1, q, now); got != want {
		t.Errorf("by %q, filter %+v:\n got %s\nwant %s", q.GroupBy, q.Filter, got, want)
	}
}

func TestDimensionsOfReferees(t *testing.T) {
	o := tree().oracle()
	by := func(g referral.GroupBy, f referral.Filter, want string) {
		t.Helper()
		wantQuery(t, o, referral.Query{Metrics: []string{"totalReferrals", "newReferrals"}, Period: week, GroupBy: g, Filter: f}, week.To, want)
	}
	none := referral.Filter{}
	by(referral.ByNone, none, `""[4 4] total[4 4]`)
	by(referral.ByRelation, none, `"direct"[2 2] "indirect"[2 2] total[4 4]`)
	by(referral.ByRelation, referral.Filter{Relation: referral.Indirect}, `"indirect"[2 2] "direct"[0 0] total[2 2]`)
	by(referral.ByReferee, none, `"2"[1 1] "3"[1 1] "4"[1 1] "5"[1 1] "7"[0 0] total[4 4]`)
	by(referral.ByCountry, none, `"VN"[2 2] "BR"[1 1] "unknown"[1 1] total[4 4]`)
	by(referral.ByCountry, referral.Filter{Country: "unknown"}, `"unknown"[1 1] total[1 1]`)
	by(referral.ByCode, none, `"A"[3 3] "C"[1 1] "Z"[0 0] total[4 4]`)
	by(referral.ByCode, referral.Filter{Code: "C"}, `"C"[1 1] "A"[0 0] "Z"[0 0] total[1 1]`)
	by(referral.ByCode, referral.Filter{Code: "B"}, `"A"[0 0] "C"[0 0] "Z"[0 0] total[0 0]`) // not mine
	by(referral.BySubPartner, none, `""[2 2] "2"[2 2] total[4 4]`)                           // 2, 4 and 7; 3 and 5
	by(referral.ByReferee, referral.Filter{SubPartnerUID: 2}, `"3"[1 1] "5"[1 1] total[2 2]`)
	by(referral.ByReferee, referral.Filter{SubPartnerUID: 4}, `total[0 0]`) // no partner
	by(referral.ByReferee, referral.Filter{UID: 6}, `total[0 0]`)           // four referrals below
	by(referral.ByReferee, referral.Filter{UID: 5, Country: "VN"}, `total[0 0]`)
	by(referral.ByDay, none, `"2026-11-02"[2 2] "2026-11-03"[4 2] "2026-11-04"[4 0] "2026-11-05"[4 0] "2026-11-06"[4 0] "2026-11-07"[4 0] "2026-11-08"[4 0] total[4 4]`)

	later := domain.Period{From: hour(24), To: hour(27)} // the total goes back to the beginning
	wantQuery(t, o, referral.Query{Metrics: []string{"totalReferrals", "newReferrals"}, Period: later}, week.To, `""[3 1] total[3 1]`)
	wantQuery(t, o, referral.Query{Metrics: []string{"totalReferrals", "newReferrals"}, Period: later, GroupBy: referral.ByHour}, week.To,
		`"2026-11-03T00:00:00Z"[2 0] "2026-11-03T01:00:00Z"[2 0] "2026-11-03T02:00:00Z"[3 1] total[3 1]`)

	limited := referral.Query{Metrics: []string{"newReferrals"}, Period: week, GroupBy: referral.ByReferee, Limit: 2}
	wantQuery(t, o, limited, week.To, `"2"[1] "3"[1] total[4]`)
}

func TestDimensionsOfTrades(t *testing.T) {
	s := tree()
	s.trade(3, 3, "a", referral.Spot, "10")     // 2 earns 4, 3 of it; 1 earns 1
	s.trade(4, 3, "b", referral.Futures, "20")  // 1 earns 2
	s.trade(30, 2, "c", referral.Spot, "10")    // 1 earns 5, less 1
	s.trade(31, 5, "d", referral.Margin, "100") // 3 is no partner: 2 earns 40, 1 earns 10
	s.trade(32, 6, "e", referral.Spot, "1000")  // out of reach
	s.trade(33, 3, "f", referral.Spot, "10")
	s.trade(34, 1, "g", referral.Spot, "1000") // my own
	o := s.oracle()
	by := func(g referral.GroupBy, f referral.Filter, want string) {
		t.Helper()
		q := referral.Query{Metrics: []string{"commission", "sharedCommission", "trades", "traders"}, Period: week, GroupBy: g, Filter: f}
		wantQuery(t, o, q, hour(36), want)
	}
	none := referral.Filter{}
	by(referral.ByNone, none, `""[18000000 1000000 5 3] total[18000000 1000000 5 3]`)
	by(referral.ByProduct, none, `"margin"[10000000 0 1 1] "spot"[6000000 1000000 3 2] "futures"[2000000 0 1 1] total[18000000 1000000 5 3]`)
	by(referral.ByProduct, referral.Filter{Product: referral.Spot}, `"spot"[6000000 1000000 3 2] "futures"[0 0 0 0] "margin"[0 0 0 0] total[6000000 1000000 3 2]`)
	by(referral.ByRelation, none, `"indirect"[14000000 0 4 2] "direct"[4000000 1000000 1 1] total[18000000 1000000 5 3]`)
	by(referral.BySubPartner, none, `"2"[14000000 0 4 2] ""[4000000 1000000 1 1] total[18000000 1000000 5 3]`)
	by(referral.ByReferee, none, `"5"[10000000 0 1 1] "2"[4000000 1000000 1 1] "3"[4000000 0 3 1] "4"[0 0 0 0] "7"[0 0 0 0] total[18000000 1000000 5 3]`)
	by(referral.ByCountry, none, `"unknown"[10000000 0 1 1] "VN"[8000000 1000000 4 2] "BR"[0 0 0 0] total[18000000 1000000 5 3]`)
	by(referral.ByCode, none, `"A"[18000000 1000000 5 3] "C"[0 0 0 0] "Z"[0 0 0 0] total[18000000 1000000 5 3]`)
	by(referral.ByDay, none, `"2026-11-02"[3000000 0 2 1] "2026-11-03"[15000000 1000000 3 3] total[18000000 1000000 5 3]`)
	by(referral.ByDay, referral.Filter{UID: 3, Product: referral.Spot}, `"2026-11-02"[1000000 0 1 1] "2026-11-03"[1000000 0 1 1] total[2000000 0 2 1]`)
}

func TestFunnelDatesAndReferees(t *testing.T) {
	s := tree()
	s.add(5, 2, referral.KYC{Level: referral.KYCAdvanced})
	s.add(6, 2, referral.KYC{Level: referral.KYCBasic})
	s.add(7, 2, referral.KYC{Level: referral.KYCAdvanced})
	s.add(5, 3, referral.KYC{Level: referral.KYCBasic})
	s.add(1, 3, referral.Transfer{AmountUSDT: usdt("50")}) // before it registered: of no account
	s.add(30, 3, referral.Transfer{AmountUSDT: usdt("7")})
	s.add(31, 3, referral.Transfer{AmountUSDT: usdt("9"), Withdrawal: true})
	s.add(29, 2, referral.Transfer{AmountUSDT: usdt("1"), Withdrawal: true})
	s.trade(1, 3, "early", referral.Spot, "10")
	s.trade(31, 3, "first", referral.Spot, "10")
	s.trade(50, 3, "last", referral.Spot, "10")
	s.add(51, 3, referral.Reversal{TradeID: "last"})
	s.add(52, 3, referral.VIP{SpotLevel: 1, FuturesLevel: 4})
	o := s.oracle()
	q := referral.Query{Metrics: []string{"verified", "deposited", "firstTraders", "deposits", "withdrawals", "netDeposits"}, Period: week, GroupBy: referral.ByDay}
	wantQuery(t, o, q, hour(49), `"2026-11-02"[1 0 0 0 0 0] "2026-11-03"[0 1 1 7000000 10000000 -3000000] "2026-11-04"[0 0 0 0 0 0] total[1 1 1 7000000 10000000 -3000000]`)

	got := o.Referees(1)
	want := []Referee{
		{UID: 2, Relation: referral.Direct, Code: "A", Country: "VN", RegisteredAt: hour(1), KYC: referral.KYCAdvanced, VerifiedAt: hour(5), Partner: true},
		{UID: 3, Relation: referral.Indirect, SubPartnerUID: 2, Code: "A", Country: "VN", RegisteredAt: hour(2), KYC: referral.KYCBasic,
			FirstDepositAt: hour(30), FirstTradeAt: hour(31), LastTradeAt: hour(50), SpotVIP: 1, FuturesVIP: 4},
		{UID: 4, Relation: referral.Direct, Code: "C", Country: "BR", RegisteredAt: hour(26), KYC: referral.KYCNone},
		{UID: 5, Relation: referral.Indirect, SubPartnerUID: 2, Code: "A", Country: "unknown", RegisteredAt: hour(27), KYC: referral.KYCNone},
		{UID: 7, Relation: referral.Indirect, Code: "C", Country: "BR", RegisteredAt: hour(24 * 9), KYC: referral.KYCNone},
	}
	for i := range want {
		want[i].SpotRebateRate, want[i].FuturesRebateRate = rate("0.1"), rate("0.1")
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("referees:\n got %+v\nwant %+v", got, want)
	}
}

func TestSharedReceivedIsOfMyOwnTrades(t *testing.T) {
	s := tree()
	s.trade(30, 2, "a", referral.Spot, "10")
	s.trade(31, 2, "b", referral.Futures, "20")
	s.trade(32, 3, "c", referral.Futures, "20")
	o := s.oracle()
	q := referral.Query{Metrics: []string{"sharedReceived"}, Period: week, GroupBy: referral.ByProduct}
	if got, want := rows(t, o, 2, q, week.To), `"futures"[2000000] "spot"[1000000] "margin"[0] total[3000000]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	q.Filter.Relation = referral.Direct
	if _, err := o.Query(2, q, week.To); err == nil {
		t.Error("sharedReceived has no relation, but was answered")
	}
}

func TestBuckets(t *testing.T) {
	utc := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	tests := []struct {
		zone, from, to, now string
		by                  referral.GroupBy
		want                string
	}{
		{"UTC", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "2027-01-01T00:00:00Z", referral.ByWeek, "2026-10-26 2026-11-02"},
		{"UTC", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "2027-01-01T00:00:00Z", referral.ByMonth, "2026-10-01 2026-11-01"},
		{"UTC", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z", referral.ByDay, "2026-10-31"},
		{"UTC", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "2026-11-01T00:00:01Z", referral.ByDay, "2026-10-31 2026-11-01"},
		{"UTC", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "2026-10-30T00:00:00Z", referral.ByDay, ""},
		{"Asia/Kolkata", "2026-11-01T18:30:00Z", "2026-11-01T20:30:00Z", "2027-01-01T00:00:00Z", referral.ByHour, "2026-11-02T00:00:00+05:30 2026-11-02T01:00:00+05:30"},
		// An hour comes twice in autumn; a day of 25 hours is one day.
		{"America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T08:00:00Z", "2027-01-01T00:00:00Z", referral.ByHour, "2026-11-01T01:00:00-04:00 2026-11-01T01:00:00-05:00 2026-11-01T02:00:00-05:00"},
		{"America/New_York", "2026-10-31T04:00:00Z", "2026-11-03T05:00:00Z", "2027-01-01T00:00:00Z", referral.ByDay, "2026-10-31 2026-11-01 2026-11-02"},
		{"America/New_York", "2026-10-31T04:00:00Z", "2026-11-03T05:00:00.000001Z", "2027-01-01T00:00:00Z", referral.ByDay, "2026-10-31 2026-11-01 2026-11-02 2026-11-03"},
		// Chile's clocks skip a midnight: 6 September begins at 01:00.
		{"America/Santiago", "2026-09-05T04:00:00Z", "2026-09-07T03:00:00Z", "2027-01-01T00:00:00Z", referral.ByDay, "2026-09-05 2026-09-06"},
	}
	for _, tt := range tests {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		q := referral.Query{Metrics: []string{"trades"}, GroupBy: tt.by, Period: domain.Period{From: utc(tt.from), To: utc(tt.to)}}
		r, err := New(zone).Query(1, q, utc(tt.now))
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, row := range r.Rows {
			keys = append(keys, row.Key)
		}
		if got := strings.Join(keys, " "); got != tt.want {
			t.Errorf("%s, %s..%s by %s as of %s: got %q, want %q", tt.zone, tt.from, tt.to, tt.by, tt.now, got, tt.want)
		}
	}
}

func TestEdgesOfThePeriodAndOfBuckets(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	s := tree()
	for i, at := range []string{
		"2026-11-02T04:59:59.999999Z", // still 1 November
		"2026-11-02T05:00:00Z",        // the first instant
		"2026-11-03T04:59:59.999999Z",
		"2026-11-03T05:00:00Z",
		"2026-11-04T04:59:59.999999Z",
		"2026-11-04T05:00:00Z", // the end: outside
	} {
		s.trade(0, 3, fmt.Sprint("t", i), referral.Spot, fmt.Sprint(i+1))
		if s.events[len(s.events)-1].At, err = time.Parse(time.RFC3339, at); err != nil {
			t.Fatal(err)
		}
	}
	o := New(zone)
	o.Apply(s.events)
	period, err := domain.ParsePeriod("2026-11-02..2026-11-04", week.To, zone)
	if err != nil {
		t.Fatal(err)
	}
	q := referral.Query{Metrics: []string{"fees"}, Period: period, GroupBy: referral.ByDay}
	wantQuery(t, o, q, week.To, `"2026-11-02"[5000000] "2026-11-03"[9000000] total[14000000]`)
	// What lies after now has its row, and no other day after now has one.
	wantQuery(t, o, q, period.From.Add(time.Hour), `"2026-11-02"[5000000] "2026-11-03"[9000000] total[14000000]`)
	q.Period.To = q.Period.To.AddDate(0, 0, 9)
	wantQuery(t, o, q, period.From.Add(time.Hour), `"2026-11-02"[5000000] "2026-11-03"[9000000] "2026-11-04"[6000000] total[20000000]`)
	q.Period = period
	q.GroupBy = referral.ByWeek
	wantQuery(t, o, q, week.To, `"2026-11-02"[14000000] total[14000000]`)
}
