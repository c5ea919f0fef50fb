package offline

import (
	"context"
	"encoding/json"
	"errors"
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

// withTools is a dialog whose calls are run by the real tools, over made-up figures.
func withTools(t *testing.T) *dialog {
	d := newDialog()
	all := map[string]tools.Tool{}
	for _, tool := range tools.All(tools.Deps{Metrics: figures{}, Referees: figures{}, Now: func() time.Time { return thursday }, Zone: time.UTC}) {
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
			}
		}
	}
	d := withTools(t)
	for _, turn := range []struct{ text, want string }{
		{"How much commission did I earn this week?", "Commission this week (16–22 Nov 2026): 60.00 USDT."},
		{"and futures only?", "Commission this week (16–22 Nov 2026), futures only: 60.00 USDT."},
		{"How does it compare to last week?", "Commission this week (16–22 Nov 2026), futures only: 60.00 USDT, the same as in the same part of the period before (9–12 Nov 2026). All of that earlier period came to 60.00 USDT."},
		{"top 5 referees this month", "UID 10101 leads by commission this month (1–30 Nov 2026), futures only with 30.00 USDT (50.00 % of the total). Next: UID 10102 with 20.00 USDT and UID 10103 with 10.00 USDT. All together: 60.00 USDT."},
		{"details of the second one", "UID 10102 is a direct referee from Vietnam, registered on 19 Oct 2026, now inactive. Over the last 30 days (21 Oct–19 Nov 2026): commission 60.00 USDT, trading volume 120.00 USDT, trades 180,000,000, deposits 60.00 USDT and withdrawals 120.00 USDT."},
		{"show me the deposits by product this week", "That figure cannot be cut that way: deposits is not kept by product."},
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
