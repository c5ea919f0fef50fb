package offline

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/anomalies"
	"partnerhub/tools"
)

// figures stands in for the store: it checks queries as the store does, and answers with figures that count up.
type figures struct{}

func (figures) Metrics(_ context.Context, _ domain.Caller, q referral.Query, _ time.Time) (referral.Result, error) {
	if err := q.Validate(); err != nil {
		return referral.Result{}, err
	}
	values := func(n int64) []int64 {
		out := make([]int64, len(q.Metrics))
		for i := range out {
			out[i] = n * int64(i+1) * 1_000_000
		}
		return out
	}
	r := referral.Result{Total: values(60)}
	for i, key := range []string{"10101", "10102", "10103"} {
		r.Rows = append(r.Rows, referral.Row{Key: key, Values: values(int64(30 - 10*i))})
	}
	return r, nil
}

// Leaves are of two referees: 10101 lost 6 in futures, 10102 from Vietnam gained 2 in spot.
func (figures) Leaves(_ context.Context, _ domain.Caller, q referral.LeafQuery) ([]referral.Leaf, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	values := func(n int64) []int64 {
		out := make([]int64, len(q.Metrics))
		for i := range out {
			out[i] = n * 1_000_000
		}
		return out
	}
	return []referral.Leaf{
		{Referee: 10101, Relation: referral.Direct, Country: "BR", Code: "A", Product: referral.Futures, Current: values(14), Previous: values(20)},
		{Referee: 10102, Relation: referral.Direct, Country: "VN", Code: "A", Product: referral.Spot, Current: values(12), Previous: values(10)},
	}, nil
}

func (figures) Cohorts(context.Context, domain.Caller, string, int, time.Time) ([]referral.Cohort, error) {
	return nil, nil
}

// Series are one of a referee who traded daily until five days ago.
func (figures) Series(_ context.Context, _ domain.Caller, from, now time.Time) ([]anomalies.Series, error) {
	s := anomalies.Series{Subject: anomalies.Subject{Kind: anomalies.Referee, UID: 10101}}
	for day := from; day.Before(now.AddDate(0, 0, -5)); day = day.AddDate(0, 0, 1) {
		s.Days = append(s.Days, anomalies.Day{Date: day, Volume: 50_000 * domain.USDT, Trades: 30})
		s.LastTrade = day.Add(20 * time.Hour)
	}
	return []anomalies.Series{s}, nil
}

func (figures) Referees(_ context.Context, _ domain.Caller, q referral.RefereeQuery, _ time.Time) (referral.RefereePage, error) {
	return referral.RefereePage{Total: 41, Next: "next", Period: q.Period, Rows: []referral.RefereeRow{{Referee: referral.Referee{UID: 10101}}, {Referee: referral.Referee{UID: 10102}}}}, nil
}

func (figures) Referee(_ context.Context, _ domain.Caller, uid int64) (referral.Referee, error) {
	return referral.Referee{UID: uid, Relation: referral.Direct, Country: "VN", RegisteredAt: thursday.AddDate(0, -1, 0)}, nil
}

func (figures) Activity(_ context.Context, _ domain.Caller, q referral.ActivityQuery, _ time.Time) (r referral.ActivityReport, err error) {
	if q.Period.To.Sub(q.Period.From) > 93*24*time.Hour {
		return r, domain.Invalid("period", "at most 92 days")
	}
	r = referral.ActivityReport{Total: 40, Active: 12, Before: 10, Dormant: 5, Inactive: 3, New: 2, Volume: 1000 * domain.USDT, Trades: 4, Symbols: 1,
		ByProduct:  []referral.Tendency{{Key: "spot", Volume: 300 * domain.USDT}, {Key: "futures", Volume: 700 * domain.USDT}},
		TopSymbols: []referral.Tendency{{Key: "BTCUSDT", Volume: 600 * domain.USDT}}, Movers: []referral.Mover{{UID: 10101, Current: 50 * domain.USDT, Previous: 100 * domain.USDT}}}
	r.Hours[9] = referral.Tendency{Key: "09:00", Volume: 5, Trades: 1}
	r.Weekdays[1] = referral.Tendency{Key: "Tuesday", Volume: 5, Trades: 1}
	return r, nil
}

// traced is a trade that earned 0.5 USDT.
func traced(id string) referral.Trace {
	return referral.Trace{Trade: referral.Trade{TradeID: id, Product: referral.Spot, Symbol: "BTCUSDT", Volume: 40 * domain.USDT, FeePaid: domain.USDT}, At: thursday, UID: 10023,
		Relation: referral.Direct, Level: 1, Counts: true, Eligible: true, Enrolled: true, Rate: 600_000, Share: 600_000, Rebate: 100_000, Amount: 500_000, Rules: referral.DefaultRules}
}

func (figures) Trade(_ context.Context, _ domain.Caller, id string) (referral.Trace, error) {
	return traced(id), nil
}

func (figures) Trades(_ context.Context, _ domain.Caller, q referral.TradeQuery, now time.Time) (referral.TradePage, error) {
	return referral.TradePage{Rows: []referral.Booking{{Trace: traced("T1")}, {Trace: traced("T2")}}, Total: domain.USDT, Trades: 9, Next: "next", Period: q.Period, AsOf: now}, nil
}

func (figures) Rewards(_ context.Context, _ domain.Caller, q referral.RewardQuery, now time.Time) (referral.RewardPage, error) {
	day := domain.StartOfDay(now)
	if q.Kind == referral.RewardTask {
		return referral.RewardPage{Rows: []referral.Reward{{Day: day, SettledAt: now, Settled: true, UID: 10001, TaskID: 12, Title: "Push", Amount: domain.USDT}}, Total: 3 * domain.USDT, Settled: 3 * domain.USDT, Period: q.Period, AsOf: now}, nil
	}
	return referral.RewardPage{Rows: []referral.Reward{{Day: day, SettledAt: referral.SettlementOf(day, time.UTC), UID: 10023, Product: referral.Spot, Amount: domain.USDT}},
		Total: 3 * domain.USDT, Settled: 2 * domain.USDT, Period: q.Period, AsOf: now}, nil
}

func (figures) Codes(context.Context, domain.Caller) ([]referral.ReferralCode, error) {
	return []referral.ReferralCode{{Code: "10101", Default: true, RebateRates: referral.RebateRates{Spot: 100_000, Futures: 50_000}}, {Code: "10102"}}, nil
}

// withTools is a dialog whose calls are run by the real tools, over made-up figures.
func withTools(t *testing.T) *dialog {
	d := newDialog()
	all := map[string]tools.Tool{}
	for _, tool := range tools.All(tools.Deps{Metrics: figures{}, Referees: figures{}, Records: figures{}, Now: func() time.Time { return thursday }, Zone: time.UTC}) {
		all[tool.Name] = tool
	}
	d.run = func(c llms.ToolCall) string {
		result, err := all[c.FunctionCall.Name].Run(context.Background(), domain.Partner(1), json.RawMessage(c.FunctionCall.Arguments))
		if err == nil {
			return string(result)
		}
		// Only what a metric cannot be cut by, and a period out of bounds, may be refused: the answer tells why.
		e := (*domain.Error)(nil)
		if !errors.As(err, &e) || e.Field != "period" && e.Field != "product" && e.Field != "groupBy" && e.Field != "by" {
			t.Errorf("%s %s: %v", c.FunctionCall.Name, c.FunctionCall.Arguments, err)
		}
		data, err := json.Marshal(map[string]any{"error": domain.AsError(e)})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return d
}

// TestRealTools runs every dialog of the sets over the real tools: they take the arguments, and their results are
// put into words.
func TestRealTools(t *testing.T) {
	for _, file := range []string{"testdata/heldout.txt", "testdata/later.txt", "testdata/third.txt", "testdata/records.txt", "testdata/records-later.txt"} {
		for _, h := range readHeldOut(t, file) {
			d := withTools(t)
			for _, text := range h.dialog {
				calls, answer := d.say(planner(), text)
				if answer.Content == "" && (len(calls) == 0 || calls[0].FunctionCall.Name != askUser) {
					t.Errorf("%q: no answer", text)
				}
				if strings.ContainsAny(answer.Content, "{}") {
					t.Errorf("%q: words that were not filled in: %s", text, answer.Content)
				}
			}
		}
	}
	d := withTools(t)
	for _, turn := range []struct{ text, want string }{
		{"How much commission did I earn this week?", "Commission this week (16–22 Nov 2026): 60.00 USDT."},
		{"and futures only?", "Commission this week (16–22 Nov 2026), futures only: 60.00 USDT."},
		{"How does it compare to last week?", "Commission this week (16–22 Nov 2026), futures only: 60.00 USDT, the same as in the same part of last week (9–12 Nov 2026). All of that earlier period came to 60.00 USDT."},
		{"top 5 referees this month", "UID 10101 leads by commission this month (1–30 Nov 2026), futures only with 30.00 USDT (50.00 % of the total). Next: UID 10102 with 20.00 USDT and UID 10103 with 10.00 USDT. All together: 60.00 USDT."},
		{"details of the second one", "UID 10102 is a direct referee from Vietnam, registered on 19 Oct 2026, now inactive. This month (1–30 Nov 2026): commission 60.00 USDT, trading volume 120.00 USDT, trades 180,000,000, deposits 60.00 USDT and withdrawals 120.00 USDT."},
		{"show me the deposits by product this week", "That figure cannot be cut that way: deposits is not kept by product."},
		{"list my dormant referees", "41 referees match (dormant); 2 of them are listed."},
		{"check my referees' activity", "Over the last 30 days (21 Oct–19 Nov 2026): 12 of your 40 referees traded, 10 in the period before (21 Sep–20 Oct 2026). As of now 5 are dormant and 3 have never traded; 2 signed up in this period. They trade mostly futures (70.00 % of the volume), and BTCUSDT the most (60.00 %). The busiest hour of the day is 09:00, the busiest weekday Tuesday. The average trade is 250.00 USDT. The largest change is UID 10101: volume down 50.00 USDT (−50.00 %). You named no period, so this is the last 30 days."},
		{"why did trade 987 earn so little?", "Trade 987 of UID 10023 (spot BTCUSDT, 40.00 USDT, 19 Nov 2026, 15:00): It earned you 0.5 USDT: 60 % of the fee of 1 USDT is 0.6 USDT, less the referee's rebate of 0.1 USDT."},
		{"trace the commission of user 10023 this month", "Commission from UID 10023 this month (1–30 Nov 2026): 1.00 USDT. The latest 2 bookings are listed. The largest of them is trade T1 with 0.50 USDT."},
		{"show my reward records", "Commission rebates over the last 7 days (13–19 Nov 2026): 3.00 USDT, of which 2.00 USDT are settled and 1.00 USDT are not yet. The latest record is 1.00 USDT of 19 Nov 2026, spot, UID 10023: unsettled. You named no period, so this is the last 7 days."},
		{"and from tasks?", "Task rewards over the last 7 days (13–19 Nov 2026): 3.00 USDT. The latest is 1.00 USDT, from task 12, “Push”."},
		{"list my codes", "You have 2 referral codes, through which 240,000,000 referees came. 10101 brought the most commission this month (1–30 Nov 2026): 30.00 USDT, with a rebate of 10.00 % on spot and 5.00 % on futures. Your default code is 10101 (10.00 % spot, 5.00 % futures)."},
		{"commission this week", "Commission this week (16–22 Nov 2026): 60.00 USDT."},
		{"how was this computed?", "Commission by referee this week (16–22 Nov 2026): 60.00 USDT in all. UID 10101 30.00 USDT, UID 10102 20.00 USDT, UID 10103 10.00 USDT. It is the sum over these; name a UID and I list the trades behind its part."},
		{"list my dormant referees", "41 referees match (dormant); 2 of them are listed."},
	} {
		if _, answer := d.say(planner(), turn.text); answer.Content != turn.want {
			t.Errorf("%q:\n got %s\nwant %s", turn.text, answer.Content, turn.want)
		}
	}
	calls, _ := d.say(planner(), "show more")
	if len(calls) != 1 || calls[0].FunctionCall.Arguments != `{"activity":"dormant","cursor":"next"}` {
		t.Errorf("more: %v", calls[0].FunctionCall)
	}
}
