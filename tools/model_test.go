package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/store"
)

// randomWorld is a store with a random world in it, half of it in the deltas, and the model of the same.
func randomWorld(t *testing.T, rng *rand.Rand, zone *time.Location) (*store.Store, *oracle.Oracle, []int64) {
	t.Helper()
	events := oracle.Random(rng, 400+rng.IntN(300))
	s, model := open(t, zone), oracle.New(zone)
	for i, part := range [][]referral.Event{events[:len(events)/2], events[len(events)/2:]} {
		if i == 1 {
			if _, err := s.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		lines := make([]store.Line, len(part))
		for i, e := range part {
			lines[i] = store.Line{No: int64(i + 1), Event: e, Raw: []byte(e.ID)}
		}
		// What is refused here, a change of another account's code or trade, never applies in the model either.
		if _, err := s.Ingest(t.Context(), store.Batch{Source: "test", Lines: lines}); err != nil {
			t.Fatal(err)
		}
	}
	model.Apply(events)
	partners := oracle.Partners(events)
	slices.SortFunc(partners, func(a, b int64) int { return len(model.Referees(b)) - len(model.Referees(a)) })
	return s, model, partners
}

// result is any tool's result.
type result struct {
	From, To   time.Time
	CompareTo  struct{ From, To time.Time }
	ToDate     bool
	Rows       []map[string]any
	Total      any
	NextCursor string
}

func (b toolbox) result(t *testing.T, uid int64, tool string, args map[string]any) result {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.call(t, uid, tool, string(text))
	if err != nil {
		t.Fatalf("%s %s: %v", tool, text, err)
	}
	var r result
	if err := json.Unmarshal(got, &r); err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, text, err, got)
	}
	return r
}

// written is a figure as JSON has it.
func written(metric string, v int64) any {
	if m, _ := referral.MetricByName(metric); m.Unit == referral.USDT {
		return domain.Money(v).String()
	}
	return float64(v)
}

// TestToolsAgainstModel holds the results of all tools over random worlds against the model.
func TestToolsAgainstModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 8))
			zone, err := time.LoadLocation([]string{"UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin"}[seed])
			if err != nil {
				t.Fatal(err)
			}
			s, model, partners := randomWorld(t, rng, zone)
			for range 60 {
				partner := partners[min(rng.IntN(len(partners)), rng.IntN(len(partners)))]
				now := oracle.Start.Add(time.Duration(rng.Int64N(int64(25 * 24 * time.Hour)))).Truncate(time.Second)
				c := check{t: t, rng: rng, box: toolsOf(s, now), model: model, partner: partner, now: now, zone: zone}
				c.queryMetrics()
				c.compareMetrics()
				c.leaderboard()
				c.listReferees()
				c.getReferee(partners)
			}
		})
	}
}

type check struct {
	t       *testing.T
	rng     *rand.Rand
	box     toolbox
	model   *oracle.Oracle
	partner int64
	now     time.Time
	zone    *time.Location
}

func (c *check) period() string {
	words := []string{"today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_30_days", "last_2_weeks", "last_1_months", "2026-10-25..2026-11-02"}
	return words[c.rng.IntN(len(words))]
}

func (c *check) parse(s string) domain.Period {
	p, err := domain.ParsePeriod(s, c.now, c.zone)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// metrics are some that every grouping and filter has, in random order.
func (c *check) metrics() []string {
	names := []string{"commission", "sharedCommission", "volume", "eligibleVolume", "fees", "trades", "traders"}
	c.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names[:1+c.rng.IntN(3)]
}

// filter adds random filters to the arguments, and returns them as the model wants them.
func (c *check) filter(args map[string]any) (f referral.Filter) {
	seldom := func() bool { return c.rng.IntN(6) == 0 }
	if seldom() {
		f.Product = []referral.Product{referral.Spot, referral.Margin, referral.Futures}[c.rng.IntN(3)]
		args["product"] = f.Product
	}
	if seldom() {
		f.Relation = []referral.Relation{referral.Direct, referral.Indirect}[c.rng.IntN(2)]
		args["relation"] = f.Relation
	}
	return f
}

func (c *check) moreFilters(args map[string]any, f *referral.Filter) {
	theirs := c.model.Referees(c.partner)
	if len(theirs) == 0 {
		return
	}
	r := theirs[c.rng.IntN(len(theirs))]
	switch c.rng.IntN(10) {
	case 0:
		f.UID, args["uid"] = r.UID, r.UID
	case 1:
		f.Country, args["country"] = r.Country, r.Country
	case 2:
		f.Code, args["code"] = r.Code, r.Code
	case 3:
		if r.SubPartnerUID != 0 {
			f.SubPartnerUID, args["subPartnerUid"] = r.SubPartnerUID, r.SubPartnerUID
		}
	}
}

func (c *check) ask(q referral.Query) referral.Result {
	c.t.Helper()
	want, err := c.model.Query(c.partner, q, c.now)
	if err != nil {
		c.t.Fatal(err)
	}
	return want
}

func (c *check) equal(what string, args map[string]any, got, want any) {
	c.t.Helper()
	if !reflect.DeepEqual(got, want) {
		c.t.Fatalf("%d, now %v: %s of %v:\n got %v\nwant %v", c.partner, c.now, what, args, got, want)
	}
}

func object(metrics []string, values []int64) map[string]any {
	o := map[string]any{}
	for i, m := range metrics {
		o[m] = written(m, values[i])
	}
	return o
}

func (c *check) queryMetrics() {
	c.t.Helper()
	q := referral.Query{Metrics: c.metrics(), Limit: 1 + c.rng.IntN(8)}
	args := map[string]any{"metrics": q.Metrics, "period": c.period(), "limit": q.Limit}
	q.Period = c.parse(args["period"].(string))
	q.Filter = c.filter(args)
	c.moreFilters(args, &q.Filter)
	q.GroupBy = append(slices.Clone(referral.Dimensions), referral.ByNone)[c.rng.IntN(len(referral.Dimensions)+1)]
	if q.GroupBy == referral.ByHour && q.Period.To.Sub(q.Period.From) > 30*24*time.Hour {
		q.GroupBy = referral.ByDay
	}
	if q.GroupBy != referral.ByNone {
		args["groupBy"] = q.GroupBy
	}
	got, want := c.box.result(c.t, c.partner, "query_metrics", args), c.ask(q)
	rows := []map[string]any{}
	for _, r := range want.Rows {
		row := object(q.Metrics, r.Values)
		row["key"] = r.Key
		rows = append(rows, row)
	}
	c.equal("rows", args, got.Rows, rows)
	c.equal("total", args, got.Total, object(q.Metrics, want.Total))
	if !got.From.Equal(q.Period.From) || !got.To.Equal(q.Period.To) {
		c.t.Fatalf("%v: period %v to %v", args, got.From, got.To)
	}
}

// change is a figure of a comparison, as JSON has it.
func change(metric string, current, previous, whole int64, toDate bool) map[string]any {
	o := map[string]any{"current": written(metric, current), "previous": written(metric, previous), "delta": written(metric, current-previous), "percent": nil}
	if p := domain.Percent(current, previous); p != nil {
		o["percent"] = *p
	}
	if toDate {
		o["whole"] = written(metric, whole)
	}
	return o
}

func (c *check) compareMetrics() {
	c.t.Helper()
	q := referral.Query{Metrics: c.metrics()}
	args := map[string]any{"metrics": q.Metrics, "period": c.period()}
	q.Period = c.parse(args["period"].(string))
	earlier := q.Period.Preceding(c.zone)
	if c.rng.IntN(3) == 0 {
		args["compareTo"] = c.period()
		earlier = c.parse(args["compareTo"].(string))
	}
	q.Filter = c.filter(args)
	q.GroupBy = []referral.GroupBy{referral.ByNone, referral.ByDay, referral.ByWeek, referral.ByReferee, referral.ByCountry, referral.ByProduct, referral.BySubPartner}[c.rng.IntN(7)]
	if q.GroupBy != referral.ByNone {
		args["groupBy"] = q.GroupBy
	}
	part := earlier
	over := !c.now.Before(q.Period.To)
	toDate := !over && !c.now.Before(q.Period.From) && !c.now.Before(earlier.To)
	if toDate {
		part = q.Period.ToDate(earlier, c.now, c.zone)
	}
	at := func(p domain.Period) referral.Result { q := q; q.Period = p; return c.ask(q) }
	current, previous, whole := at(q.Period), at(part), at(earlier)

	got := c.box.result(c.t, c.partner, "compare_metrics", args)
	if got.ToDate != toDate || !got.CompareTo.From.Equal(part.From) || !got.CompareTo.To.Equal(part.To) {
		c.t.Fatalf("now %v: %v: to date %v %v, want %v %v", c.now, args, got.ToDate, got.CompareTo, toDate, part)
	}
	total := map[string]any{}
	for i, m := range q.Metrics {
		total[m] = change(m, current.Total[i], previous.Total[i], whole.Total[i], toDate)
	}
	c.equal("total", args, got.Total, total)

	// Buckets are matched by their place, other groups by key.
	zero := make([]int64, len(q.Metrics))
	pick := func(rows []referral.Row, i int, key string) referral.Row {
		if !q.GroupBy.Time() {
			i = slices.IndexFunc(rows, func(r referral.Row) bool { return r.Key == key })
		}
		if i < 0 || i >= len(rows) {
			return referral.Row{Values: zero}
		}
		return rows[i]
	}
	rows := []map[string]any{}
	for i := range max(len(current.Rows), len(previous.Rows)) {
		var key string
		if i < len(current.Rows) {
			key = current.Rows[i].Key
		}
		is, was, all := pick(current.Rows, i, key), pick(previous.Rows, i, key), pick(whole.Rows, i, key)
		row := map[string]any{"key": key}
		if q.GroupBy.Time() {
			row["previousKey"] = was.Key
		}
		for j, m := range q.Metrics {
			row[m] = change(m, is.Values[j], was.Values[j], all.Values[j], toDate)
		}
		rows = append(rows, row)
	}
	c.equal("rows", args, got.Rows, rows)
}

func (c *check) leaderboard() {
	c.t.Helper()
	metric := []string{"commission", "volume", "trades", "traders", "fees"}[c.rng.IntN(5)]
	by := []referral.GroupBy{referral.ByReferee, referral.BySubPartner, referral.ByCode, referral.ByCountry}[c.rng.IntN(4)]
	args := map[string]any{"metric": metric, "by": by, "period": c.period()}
	q := referral.Query{Metrics: []string{metric}, GroupBy: by, Period: c.parse(args["period"].(string)), Filter: c.filter(args)}
	limit := 10
	if c.rng.IntN(2) == 0 {
		limit = 1 + c.rng.IntN(4)
		args["limit"] = limit
	}
	want := c.ask(q)
	rows := []map[string]any{}
	for _, r := range want.Rows {
		if by == referral.BySubPartner && r.Key == "" || len(rows) == limit {
			continue
		}
		v, total := r.Values[0], want.Total[0]
		row := map[string]any{"key": r.Key, "rank": float64(len(rows) + 1), metric: written(metric, v), "share": nil}
		if total > 0 {
			// Rounded half away from zero to hundredths of a percent, in 128 bits' worth of care: these figures are small.
			share, err := strconv.ParseFloat(fmt.Sprintf("%.2f", float64(v)/float64(total)*100), 64)
			if err != nil {
				c.t.Fatal(err)
			}
			row["share"] = strconv.FormatFloat(share, 'f', -1, 64)
		}
		rows = append(rows, row)
	}
	got := c.box.result(c.t, c.partner, "leaderboard", args)
	for i, r := range got.Rows { // a half may be rounded the other way by a float
		if i < len(rows) && r["share"] != nil && rows[i]["share"] != nil {
			a, errA := strconv.ParseFloat(r["share"].(string), 64)
			b, errB := strconv.ParseFloat(rows[i]["share"].(string), 64)
			if errA != nil || errB != nil || a-b > 0.011 || b-a > 0.011 {
				c.t.Fatalf("%v: share %v, want %v", args, r["share"], rows[i]["share"])
			}
			rows[i]["share"] = r["share"]
		}
	}
	c.equal("rows", args, got.Rows, rows)
	c.equal("total", args, got.Total, object(q.Metrics, want.Total))
}

// refereeRow is a referee as JSON has it.
func (c *check) refereeRow(r oracle.Referee, commission, volume int64) map[string]any {
	row := map[string]any{
		"key": strconv.FormatInt(r.UID, 10), "relation": string(r.Relation), "code": r.Code, "country": r.Country, "kyc": string(r.KYC),
		"partner": r.Partner, "spotVip": float64(r.SpotVIP), "futuresVip": float64(r.FuturesVIP),
		"spotRebateRate": r.SpotRebateRate.String(), "futuresRebateRate": r.FuturesRebateRate.String(),
		"commission": domain.Money(commission).String(), "volume": domain.Money(volume).String(),
	}
	if r.SubPartnerUID != 0 {
		row["subPartnerUid"] = float64(r.SubPartnerUID)
	}
	if r.Note != "" {
		row["note"] = r.Note
	}
	for name, at := range map[string]time.Time{
		"registeredAt": r.RegisteredAt, "verifiedAt": r.VerifiedAt, "firstDepositAt": r.FirstDepositAt, "firstTradeAt": r.FirstTradeAt, "lastTradeAt": r.LastTradeAt,
	} {
		if !at.IsZero() {
			row[name] = at.In(c.zone).Format(time.RFC3339)
		}
	}
	switch {
	case r.LastTradeAt.IsZero():
		row["activity"] = "inactive"
	case r.LastTradeAt.Before(c.parse("last_30_days").From):
		row["activity"] = "dormant"
	default:
		row["activity"] = "active"
	}
	return row
}

func (c *check) listReferees() {
	c.t.Helper()
	args := map[string]any{"limit": 1 + c.rng.IntN(5)}
	period := "last_30_days"
	if c.rng.IntN(2) == 0 {
		period = c.period()
		args["period"] = period
	}
	figures := map[string][]int64{}
	for _, r := range c.ask(referral.Query{Metrics: []string{"commission", "volume", "traders"}, GroupBy: referral.ByReferee, Period: c.parse(period)}).Rows {
		figures[r.Key] = r.Values
	}
	traded := func(r oracle.Referee) bool { return figures[strconv.FormatInt(r.UID, 10)][2] > 0 }
	passes := func(oracle.Referee) bool { return true }
	switch c.rng.IntN(6) {
	case 0:
		level := referral.KYCLevels[c.rng.IntN(3)]
		args["kyc"], passes = level, func(r oracle.Referee) bool { return r.KYC == level }
	case 1:
		yes := c.rng.IntN(2) == 0
		args["traded"], passes = yes, func(r oracle.Referee) bool { return traded(r) == yes }
	case 2:
		args["activity"], passes = "active", traded
	case 3:
		args["relation"], passes = "direct", func(r oracle.Referee) bool { return r.Relation == referral.Direct }
	}
	want := map[string]any{}
	for _, r := range c.model.Referees(c.partner) {
		if passes(r) {
			key := strconv.FormatInt(r.UID, 10)
			want[key] = c.refereeRow(r, figures[key][0], figures[key][1])
		}
	}
	got := map[string]any{}
	for {
		page := c.box.result(c.t, c.partner, "list_referees", args)
		if page.Total != float64(len(want)) {
			c.t.Fatalf("%v: total %v, want %d", args, page.Total, len(want))
		}
		for _, row := range page.Rows {
			if _, twice := got[row["key"].(string)]; twice {
				c.t.Fatalf("%v: %v comes twice", args, row["key"])
			}
			got[row["key"].(string)] = row
		}
		if page.NextCursor == "" {
			break
		}
		args["cursor"] = page.NextCursor
	}
	for key, row := range want {
		c.equal("row "+key, args, got[key], row)
	}
	c.equal("keys", args, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
}

func (c *check) getReferee(everybody []int64) {
	c.t.Helper()
	uid := everybody[c.rng.IntN(len(everybody))]
	args := map[string]any{"uid": uid, "period": c.period()}
	q := referral.Query{
		Metrics: []string{"commission", "volume", "eligibleVolume", "fees", "trades", "sharedCommission", "deposits", "withdrawals"},
		Period:  c.parse(args["period"].(string)), Filter: referral.Filter{UID: uid},
	}
	theirs := c.model.Referees(c.partner)
	i := slices.IndexFunc(theirs, func(r oracle.Referee) bool { return r.UID == uid })
	if i < 0 {
		text, err := c.box.call(c.t, c.partner, "get_referee", fmt.Sprintf(`{"uid":%d}`, uid))
		if e := domain.AsError(err); err == nil || e.Code != domain.CodeNotFound || e.Field != "uid" {
			c.t.Fatalf("%d is no referee of %d: got %s, %v", uid, c.partner, text, err)
		}
		// A filter by somebody else's uid leaves nothing to count.
		for _, v := range c.box.result(c.t, c.partner, "query_metrics", map[string]any{"metrics": q.Metrics, "period": args["period"], "uid": uid}).Total.(map[string]any) {
			if v != "0" && v != 0.0 {
				c.t.Fatalf("%d sees %v of %d", c.partner, v, uid)
			}
		}
		return
	}
	values := c.ask(q).Total
	want := c.refereeRow(theirs[i], values[0], values[1])
	for j, m := range q.Metrics {
		want[m] = written(m, values[j])
	}
	got := c.box.result(c.t, c.partner, "get_referee", args)
	c.equal("row", args, got.Rows, []map[string]any{want})
}
