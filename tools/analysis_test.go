package tools_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	feed "partnerhub/ingest"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/tools"
)

// explained is a result of explain_change.
type explained struct {
	Total   map[string]change4
	Rows    []map[string]json.RawMessage
	Causes  []part
	Rest    json.RawMessage
	Drivers []part

	ByReferee, BySubPartner, ByProduct, ByCountry, ByCode, ByStatus []part
}

type change4 struct{ Current, Previous, Delta, Whole json.RawMessage }

type part struct {
	Key                      string
	Current, Previous, Delta json.RawMessage
	Count                    int
	Drill                    *struct {
		Tool string
		Args json.RawMessage
	}
}

// micro reads a figure, money or count, as millionths.
func micro(t testing.TB, raw json.RawMessage) int64 {
	t.Helper()
	var m domain.Money
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return int64(m)
}

func sum(t testing.TB, parts []part, of func(part) json.RawMessage) (n int64) {
	t.Helper()
	for _, p := range parts {
		n += micro(t, of(p))
	}
	return n
}

// TestExplainAgainstModel asks, over random worlds, why figures changed. The totals are those of compare_metrics, every
// split sums to the delta to the micro-USDT, the parts are the caller's referees, and the call behind a part shows the
// part's change again.
func TestExplainAgainstModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 31))
			zone, err := time.LoadLocation([]string{"UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin"}[seed])
			if err != nil {
				t.Fatal(err)
			}
			s, model, partners := randomWorld(t, rng, zone)
			moved := 0
			for range 60 {
				partner := partners[min(rng.IntN(len(partners)), rng.IntN(len(partners)))]
				now := oracle.Start.Add(time.Duration(rng.Int64N(int64(25 * 24 * time.Hour)))).Truncate(time.Second)
				c := check{t: t, rng: rng, box: toolsOf(s, now), model: model, partner: partner, now: now, zone: zone}
				causes, _ := c.explain()
				moved += causes
			}
			if moved == 0 {
				t.Fatal("nothing ever changed")
			}
		})
	}
}

// explain returns how many causes there were, and how many splits had a row for the others.
func (c *check) explain() (causes, others int) {
	t := c.t
	t.Helper()
	names := referral.MetricNames()
	name := names[c.rng.IntN(len(names))]
	if c.rng.IntN(2) == 0 {
		name = "commission"
	}
	args := map[string]any{"metric": name, "period": c.period()}
	if c.rng.IntN(3) == 0 {
		args["compareTo"] = c.period()
	}
	c.filter(args)
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.box.call(t, c.partner, "explain_change", string(text))
	m, _ := referral.MetricByName(name)
	if refused := m.Of == referral.Own || m.Of == referral.Tasks || m.Of != referral.Trading && args["product"] != nil; refused {
		if e := domain.AsError(err); err == nil || e.Field != "metric" && e.Field != "product" {
			t.Fatalf("%s: %s %v, want a refusal", text, got, err)
		}
		return 0, 0
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var e explained
	if err := json.Unmarshal(got, &e); err != nil {
		t.Fatal(err)
	}
	args["metrics"] = []string{name}
	delete(args, "metric")
	text, _ = json.Marshal(args)
	same, err := c.box.call(t, c.partner, "compare_metrics", string(text))
	if err != nil {
		t.Fatal(err)
	}
	var a, b map[string]any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal(same, &b) != nil {
		t.Fatal("no JSON")
	}
	for _, field := range []string{"from", "to", "asOf", "zone", "compareTo", "toDate", "filters", "total"} {
		if !reflect.DeepEqual(a[field], b[field]) {
			t.Fatalf("%d, now %v: %s: %s is %v, compare_metrics says %v", c.partner, c.now, text, field, a[field], b[field])
		}
	}
	c.sums(name, e, string(got))
	c.drills(name, e)
	for _, parts := range [][]part{e.ByReferee, e.BySubPartner, e.ByCountry, e.ByCode} {
		if len(parts) > 0 && parts[len(parts)-1].Count > 0 {
			others++
		}
	}
	return len(e.Causes), others
}

// sums: every split is of the whole.
func (c *check) sums(name string, e explained, got string) {
	t := c.t
	t.Helper()
	total := e.Total[name]
	delta := micro(t, total.Delta)
	m, _ := referral.MetricByName(name)
	for what, parts := range map[string][]part{"referee": e.ByReferee, "sub-partner": e.BySubPartner, "product": e.ByProduct, "country": e.ByCountry, "code": e.ByCode, "status": e.ByStatus} {
		if what == "product" && !m.ByProduct() {
			if parts != nil {
				t.Fatalf("%s by product: %v", name, parts)
			}
			continue
		}
		for field, of := range map[string]func(part) json.RawMessage{
			string(total.Delta):    func(p part) json.RawMessage { return p.Delta },
			string(total.Current):  func(p part) json.RawMessage { return p.Current },
			string(total.Previous): func(p part) json.RawMessage { return p.Previous },
		} {
			if sum(t, parts, of) != micro(t, json.RawMessage(field)) {
				t.Fatalf("by %s: the parts sum to %d, want %s\n%s", what, sum(t, parts, of), field, got)
			}
		}
		if len(parts) > 11 {
			t.Fatalf("by %s: %d parts", what, len(parts))
		}
		for i, p := range parts {
			if micro(t, p.Current)-micro(t, p.Previous) != micro(t, p.Delta) {
				t.Fatalf("by %s: %+v", what, p)
			}
			if what == "referee" && p.Count == 0 {
				c.mine(p.Key)
				var row change4
				if e.Rows[i]["key"] == nil || json.Unmarshal(e.Rows[i][name], &row) != nil || micro(t, row.Delta) != micro(t, p.Delta) {
					t.Fatalf("row %s of %+v", e.Rows[i], p)
				}
			}
		}
	}
	if got := sum(t, e.Causes, func(p part) json.RawMessage { return p.Delta }) + micro(t, e.Rest); got != delta {
		t.Fatalf("causes and rest sum to %d, want %d", got, delta)
	}
	if got := sum(t, e.Drivers, func(p part) json.RawMessage { return p.Delta }); len(e.Drivers) > 0 && got != delta {
		t.Fatalf("drivers sum to %d, want %d", got, delta)
	}
	if (name == "commission") != (len(e.Drivers) == 5) && len(e.ByReferee) > 0 {
		t.Fatalf("%s: drivers %v", name, e.Drivers)
	}
}

// mine: a key that is a uid is a referee's of the caller.
func (c *check) mine(uid string) {
	c.t.Helper()
	if c.model != nil && !slices.ContainsFunc(c.model.Referees(c.partner), func(r oracle.Referee) bool { return fmt.Sprint(r.UID) == uid }) {
		c.t.Fatalf("%d is told of %s, who is not theirs", c.partner, uid)
	}
}

// drills makes the calls behind some parts: a comparison has the part's change, a trace the commission of the period.
func (c *check) drills(name string, e explained) {
	t := c.t
	t.Helper()
	for _, parts := range [][]part{e.ByReferee, e.BySubPartner, e.ByProduct, e.ByCountry, e.ByCode, e.Causes} {
		for _, p := range parts[:min(len(parts), 2)] {
			if p.Drill == nil {
				continue
			}
			got, err := c.box.call(t, c.partner, p.Drill.Tool, string(p.Drill.Args))
			if err != nil {
				t.Fatalf("%s %s: %v", p.Drill.Tool, p.Drill.Args, err)
			}
			if p.Drill.Tool != "compare_metrics" {
				continue
			}
			var r explained
			if err := json.Unmarshal(got, &r); err != nil {
				t.Fatal(err)
			}
			if overlapping := p.Key == ""; !overlapping && micro(t, r.Total[name].Delta) != micro(t, p.Delta) {
				t.Fatalf("%+v, but %s %s says %s", p, p.Drill.Tool, p.Drill.Args, r.Total[name].Delta)
			}
		}
	}
}

// TestReviewAgainstTools: a review says what the tools say about each of its parts.
func TestReviewAgainstTools(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 32))
	s, model, partners := randomWorld(t, rng, time.UTC)
	for range 25 {
		partner := partners[min(rng.IntN(len(partners)), rng.IntN(len(partners)))]
		now := oracle.Start.Add(time.Duration(rng.Int64N(int64(25 * 24 * time.Hour)))).Truncate(time.Second)
		c := check{t: t, rng: rng, box: toolsOf(s, now), model: model, partner: partner, now: now, zone: time.UTC}
		period := c.period()
		review := c.box.result(t, partner, "summarize_performance", map[string]any{"period": period})
		raw, err := c.box.call(t, partner, "summarize_performance", fmt.Sprintf(`{"period":%q}`, period))
		if err != nil {
			t.Fatal(err)
		}
		var parts struct {
			Metrics      []string
			GroupBy      string
			Contribution struct{ ByReferee []map[string]any }
			Next         []struct {
				Key, Words string
				Figures    map[string]any
			}
		}
		if err := json.Unmarshal(raw, &parts); err != nil {
			t.Fatal(err)
		}
		compared := c.box.result(t, partner, "compare_metrics", map[string]any{"period": period, "metrics": parts.Metrics})
		c.equal("totals of "+period, nil, review.Total, compared.Total)
		trend := c.box.result(t, partner, "query_metrics", map[string]any{"period": period, "metrics": []string{"commission", "volume"}, "groupBy": parts.GroupBy})
		c.equal("trend of "+period, nil, review.Rows, trend.Rows)
		top := c.box.result(t, partner, "leaderboard", map[string]any{"period": period, "metric": "commission", "by": "referee", "limit": 5})
		for i, r := range parts.Contribution.ByReferee {
			if i < len(top.Rows) && r["commission"] != top.Rows[i]["commission"] {
				t.Fatalf("%s: contributor %d is %v, the leaderboard's %v", period, i, r, top.Rows[i])
			}
		}
		if n := len(parts.Next); n < 2 || n > 4 {
			t.Fatalf("%d suggestions: %s", n, raw)
		}
		for _, next := range parts.Next {
			if next.Words == "" || len(next.Figures) == 0 {
				t.Fatalf("a suggestion that rests on nothing: %+v", next)
			}
		}
	}
}

// demoProgram is a store with the demo program in it.
func demoProgram(t testing.TB, cfg demo.Config) (*store.Store, *demo.Truth) {
	t.Helper()
	s := open(t, time.UTC)
	r, w := io.Pipe()
	truth := make(chan *demo.Truth, 1)
	go func() {
		got, err := demo.Generate(cfg, w)
		w.CloseWithError(err)
		truth <- got
	}()
	if _, err := feed.Run(t.Context(), s, r, feed.Options{}); err != nil {
		t.Fatal(err)
	}
	for {
		if n, err := s.Fold(t.Context()); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			return s, <-truth
		}
	}
}

// TestDemoAlerts looks for what was planted with the main partner of the demo program: all of the last days is found, and
// most of what is told is true.
func TestDemoAlerts(t *testing.T) {
	s, truth := demoProgram(t, demo.Config{Seed: 1, Now: time.Date(2026, 11, 18, 14, 30, 0, 0, time.UTC)})
	box := toolsOf(s, truth.Now)
	me := truth.People.Partner.UID
	for _, c := range []struct {
		period            string
		recall, precision float64
	}{{"last_7_days", 1, 0.8}, {"last_8_weeks", 0.8, 0.7}} {
		raw, err := box.call(t, me, "list_anomalies", fmt.Sprintf(`{"period":%q}`, c.period))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			From  time.Time
			Total int
			Rows  []struct {
				Kind    string
				Subject struct {
					Type string
					UID  int64
				}
				Since, Until time.Time
				Ongoing      bool
			}
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		planted, caught := 0, 0
		right := make([]bool, len(got.Rows))
		for _, in := range truth.Incidents {
			if in.PartnerUID != me || in.Kind == demo.RateChange || !in.To.After(got.From) {
				continue
			}
			planted++
			uid := max(in.RefereeUID, in.SubPartnerUID)
			if uid == 0 {
				uid = me
			}
			hit := false
			for i, a := range got.Rows {
				if a.Kind == string(in.Kind) && a.Subject.UID == uid && a.Since.Before(in.To.Add(time.Hour)) && (a.Ongoing || in.From.Before(a.Until.Add(time.Hour))) {
					right[i], hit = true, true
				}
			}
			if hit {
				caught++
			} else {
				t.Logf("missed: %s of %d, %v to %v", in.Kind, uid, in.From, in.To)
			}
		}
		told := 0
		for i, ok := range right {
			if ok {
				told++
			} else {
				t.Logf("not planted: %+v", got.Rows[i])
			}
		}
		recall, precision := float64(caught)/float64(planted), float64(told)/float64(max(1, len(right)))
		t.Logf("%s: %d planted, recall %.2f; %d alerts, precision %.2f", c.period, planted, recall, got.Total, precision)
		if recall < c.recall || precision < c.precision {
			t.Errorf("%s: want recall %.2f and precision %.2f", c.period, c.recall, c.precision)
		}
	}
	adviceIsKnown(t, s, truth)
	explainsMany(t, s, truth)
}

// explainsMany holds the splits of a partner with many referees to their sums: the small parts are one row.
func explainsMany(t *testing.T, s *store.Store, truth *demo.Truth) {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, 33))
	causes, others := 0, 0
	for range 30 {
		now := truth.Now.Add(-time.Duration(rng.Int64N(int64(30 * 24 * time.Hour)))).Truncate(time.Second)
		c := check{t: t, rng: rng, box: toolsOf(s, now), partner: truth.People.Partner.UID, now: now, zone: time.UTC}
		n, more := c.explain()
		causes, others = causes+n, others+more
	}
	if causes == 0 || others == 0 {
		t.Errorf("%d causes, %d rows of others: nothing was tried", causes, others)
	}
}

// adviceIsKnown: every figure that prompts/advice.txt speaks of is one of a review's.
func adviceIsKnown(t *testing.T, s *store.Store, truth *demo.Truth) {
	t.Helper()
	words, err := prompts.Load()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, rule := range words.Advice {
		for _, name := range rule.Figures() {
			if known[name] {
				continue
			}
			known[name] = true
			only := []referral.Advice{{Name: "only", Text: "{" + name + "}"}}
			for _, tool := range tools.All(tools.Deps{Metrics: s, Referees: s, Records: s, Tasks: s, Now: func() time.Time { return truth.Now }, Zone: time.UTC, Advice: only}) {
				if tool.Name != "summarize_performance" {
					continue
				}
				raw, err := tool.Run(t.Context(), domain.Partner(truth.People.Partner.UID), json.RawMessage(`{"period":"last_30_days"}`))
				if err != nil {
					t.Fatal(err)
				}
				var got struct{ Next []struct{ Words string } }
				if err := json.Unmarshal(raw, &got); err != nil {
					t.Fatal(err)
				}
				if len(got.Next) != 1 || got.Next[0].Words == "" {
					t.Errorf("%s speaks of %s, which is no figure of a review", rule.Name, name)
				}
			}
		}
	}
}

// BenchmarkAnalysis measures the analysis tools on the demo program, with its main partner.
func BenchmarkAnalysis(b *testing.B) {
	s, truth := demoProgram(b, demo.Config{Seed: 1, Now: time.Date(2026, 11, 18, 14, 30, 0, 0, time.UTC)})
	box := toolsOf(s, truth.Now)
	for _, c := range []struct{ tool, args string }{
		{"compare_metrics", `{"metrics":["commission"],"period":"this_month"}`},
		{"explain_change", `{"metric":"commission","period":"this_month"}`},
		{"list_anomalies", `{"period":"last_7_days"}`},
		{"summarize_performance", `{"period":"last_30_days"}`},
	} {
		b.Run(c.tool, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := box.call(b, truth.People.Partner.UID, c.tool, c.args); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
