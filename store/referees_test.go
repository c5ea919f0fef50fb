package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// refereesOf is what the model says to a query, all pages in one.
func refereesOf(t *testing.T, model *oracle.Oracle, zone *time.Location, partner int64, q referral.RefereeQuery, now time.Time) []referral.RefereeRow {
	t.Helper()
	figures, err := model.Query(partner, referral.Query{Metrics: []string{"commission", "volume", "traders"}, Period: q.Period, GroupBy: referral.ByReferee}, now)
	if err != nil {
		t.Fatal(err)
	}
	of := map[int64][]int64{}
	for _, r := range figures.Rows {
		uid, err := strconv.ParseInt(r.Key, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		of[uid] = r.Values
	}
	month, err := domain.ParsePeriod("last_30_days", now, zone)
	if err != nil {
		t.Fatal(err)
	}
	var rows []referral.RefereeRow
	for _, r := range model.Referees(partner) {
		traded := of[r.UID][2] > 0
		never := r.LastTradeAt.IsZero()
		passes := (q.KYC == "" || r.KYC == q.KYC) &&
			(q.Deposited == nil || *q.Deposited == !r.FirstDepositAt.IsZero()) &&
			(q.Traded == nil || *q.Traded == traded) &&
			(q.Activity != referral.Active || traded) &&
			(q.Activity != referral.Dormant || !never && r.LastTradeAt.Before(month.From)) &&
			(q.Activity != referral.Inactive || never) &&
			max(r.SpotVIP, r.FuturesVIP) >= q.VIPMin &&
			(q.Registered.To.IsZero() || q.Registered.Contains(r.RegisteredAt)) &&
			(q.Code == "" || r.Code == q.Code) &&
			(q.Country == "" || r.Country == q.Country) &&
			(q.Relation == "" || r.Relation == q.Relation) &&
			(q.SubPartnerUID == 0 || r.SubPartnerUID == q.SubPartnerUID) &&
			(q.Note == "" || strings.Contains(strings.ToLower(r.Note), strings.ToLower(q.Note)))
		if passes {
			rows = append(rows, referral.RefereeRow{Referee: referral.Referee(r), Commission: domain.Money(of[r.UID][0]), Volume: domain.Money(of[r.UID][1])})
		}
	}
	slices.SortFunc(rows, func(a, b referral.RefereeRow) int {
		by := map[referral.RefereeSort]int{
			referral.SortRegisteredAt: a.RegisteredAt.Compare(b.RegisteredAt),
			referral.SortLastTradeAt:  a.LastTradeAt.Compare(b.LastTradeAt), // zero, never, is before all
			referral.SortCommission:   cmp.Compare(a.Commission, b.Commission),
			referral.SortVolume:       cmp.Compare(a.Volume, b.Volume),
		}[q.Sort]
		if !q.Ascending {
			by = -by
		}
		return cmp.Or(by, cmp.Compare(a.UID, b.UID))
	})
	return rows
}

// TestRefereesAgainstModel asks for random lists, page by page, and holds all pages together against the model.
func TestRefereesAgainstModel(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 3))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			events := agreeing(oracle.Random(rng, 400+rng.IntN(400)))
			s, _ := open(t, zone)
			model := oracle.New(zone)
			model.Apply(events)
			half := len(events) / 2
			ingest(t, s, rng, 2, events[:half])
			foldAll(t, s)
			ingest(t, s, rng, 2, events[half:])
			partners := oracle.Partners(events)
			// Those with many referees first: they are asked about more often.
			size := map[int64]int{}
			for _, p := range partners {
				size[p] = len(model.Referees(p))
			}
			slices.SortFunc(partners, func(a, b int64) int { return cmp.Compare(size[b], size[a]) })
			nonempty, paged := 0, 0
			for i := range questions {
				partner := partners[min(rng.IntN(len(partners)), rng.IntN(len(partners)), rng.IntN(len(partners)))]
				q, now := randomRefereeQuery(rng, zone, model, partner)
				want := refereesOf(t, model, zone, partner, q, now)
				got, pages := allPages(t, s, partner, q, now, len(want))
				if len(want) > 0 {
					nonempty++
				}
				if pages > 1 {
					paged++
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%d: partner %d, now %v:\n%+v\n got %+v\nwant %+v", i, partner, now, q, got, want)
				}
			}
			if nonempty < questions/4 || paged < questions/50 {
				t.Errorf("%d lists with rows, %d of several pages: the test says little", nonempty, paged)
			}
			for _, partner := range partners {
				theirs := model.Referees(partner)
				for _, uid := range append(slices.Clone(partners), 99, 7) {
					got, err := s.Referee(context.Background(), domain.Partner(partner), uid)
					i := slices.IndexFunc(theirs, func(r oracle.Referee) bool { return r.UID == uid })
					if i >= 0 && (err != nil || got != referral.Referee(theirs[i])) {
						t.Fatalf("%d of %d:\n got %+v, %v\nwant %+v", uid, partner, got, err, theirs[i])
					}
					var e *domain.Error
					if i < 0 && (!errors.As(err, &e) || e.Code != domain.CodeNotFound || e.Field != "uid" || got != (referral.Referee{})) {
						t.Fatalf("%d is no referee of %d: got %+v, %v", uid, partner, got, err)
					}
				}
			}
		})
	}
}

// allPages follows the cursors, at later and later times, and checks what each page says about the whole.
func allPages(t *testing.T, s interface {
	Referees(context.Context, domain.Caller, referral.RefereeQuery, time.Time) (referral.RefereePage, error)
}, partner int64, q referral.RefereeQuery, now time.Time, total int) (rows []referral.RefereeRow, pages int) {
	t.Helper()
	for at := now; ; at = at.Add(7 * time.Hour) {
		page, err := s.Referees(context.Background(), domain.Partner(partner), q, at)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		if int(page.Total) != total || !page.Period.From.Equal(q.Period.From) || !page.Period.To.Equal(q.Period.To) {
			t.Fatalf("%+v: page says total %d, want %d; period %v", q, page.Total, total, page.Period)
		}
		if len(page.Rows) > q.Limit || page.Next != "" && len(page.Rows) < q.Limit {
			t.Fatalf("%+v: page of %d rows", q, len(page.Rows))
		}
		rows = append(rows, page.Rows...)
		pages++
		if page.Next == "" {
			return rows, pages
		}
		q.Cursor = page.Next
	}
}

func randomRefereeQuery(rng *rand.Rand, zone *time.Location, model *oracle.Oracle, partner int64) (referral.RefereeQuery, time.Time) {
	// Up to 40 days after the last event, so that there are dormant ones.
	at := oracle.Start.Add(time.Duration(rng.Int64N(int64(oracle.End.Sub(oracle.Start)) + 40*24*int64(time.Hour)))).Truncate(time.Microsecond)
	period := func() domain.Period {
		words := []string{"this_week", "last_week", "this_month", "last_month", "today", "last_9_days", "last_30_days", "last_30_days", "2026-10-21..2026-10-28"}
		p, err := domain.ParsePeriod(words[rng.IntN(len(words))], at, zone)
		if err != nil {
			panic(err)
		}
		return p
	}
	q := referral.RefereeQuery{
		Period: period(), Sort: referral.RefereeSorts[rng.IntN(len(referral.RefereeSorts))], Ascending: rng.IntN(2) == 0, Limit: 1 + rng.IntN(4),
	}
	seldom := func() bool { return rng.IntN(12) == 0 }
	yes := rng.IntN(2) == 0
	if seldom() {
		q.KYC = referral.KYCLevels[rng.IntN(3)]
	}
	if seldom() {
		q.Deposited = &yes
	}
	if seldom() {
		q.Traded = &yes
	}
	if rng.IntN(5) == 0 {
		q.Activity = referral.Activities[rng.IntN(3)]
	}
	if seldom() {
		q.VIPMin = rng.IntN(5)
	}
	if seldom() {
		q.Registered = period()
	}
	if seldom() {
		q.Note = []string{"chan", "CHANNEL", "%", "nothing"}[rng.IntN(4)]
	}
	if theirs := model.Referees(partner); len(theirs) > 0 {
		r := theirs[rng.IntN(len(theirs))]
		if seldom() {
			q.Code = r.Code
		}
		if seldom() {
			q.Country = r.Country
		}
		if seldom() {
			q.Relation = r.Relation
		}
		if seldom() {
			q.SubPartnerUID = r.SubPartnerUID
		}
	}
	return q, at
}

// worldOf is a random world and, in it, a partner with so many referees or more.
func worldOf(referees int) ([]referral.Event, int64) {
	for seed := uint64(0); ; seed++ {
		events := agreeing(oracle.Random(rand.New(rand.NewPCG(seed, 4)), 600))
		model := oracle.New(time.UTC)
		model.Apply(events)
		for _, p := range oracle.Partners(events) {
			if len(model.Referees(p)) >= referees {
				return events, p
			}
		}
	}
}

// TestRefereePagesWhileDataArrives ingests between the pages. By registration, whoever was there on the first page comes
// exactly once, in order. By another order that holds for those whose figure stays.
func TestRefereePagesWhileDataArrives(t *testing.T) {
	t.Parallel()
	events, partner := worldOf(8)
	slices.SortFunc(events, func(a, b referral.Event) int { return a.At.Compare(b.At) })
	first := events[:len(events)*3/4]
	before, after := oracle.New(time.UTC), oracle.New(time.UTC)
	before.Apply(first)
	after.Apply(events)
	for _, sort := range referral.RefereeSorts {
		for _, ascending := range []bool{false, true} {
			t.Run(fmt.Sprint(sort, ascending), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(11, 4))
				s, _ := open(t, time.UTC)
				ingest(t, s, rng, 1, first)
				q := referral.RefereeQuery{Period: domain.Period{From: oracle.Start, To: oracle.End}, Sort: sort, Ascending: ascending, Limit: 2}
				was, is := refereesOf(t, before, time.UTC, partner, q, oracle.End), refereesOf(t, after, time.UTC, partner, q, oracle.End)
				if len(was) < 6 {
					t.Fatalf("only %d referees at first: the test says little", len(was))
				}
				seen := map[int64]int{}
				rest := events[len(first):]
				for {
					page, err := s.Referees(context.Background(), domain.Partner(partner), q, oracle.End)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range page.Rows {
						seen[r.UID]++
					}
					n := min(len(rest), 40)
					ingest(t, s, rng, 1, rest[:n])
					if rest = rest[n:]; n%2 == 0 {
						foldAll(t, s)
					}
					if q.Cursor = page.Next; q.Cursor == "" {
						break
					}
				}
				value := func(r referral.RefereeRow) any {
					return map[referral.RefereeSort]any{referral.SortLastTradeAt: r.LastTradeAt, referral.SortCommission: r.Commission, referral.SortVolume: r.Volume}[sort]
				}
				stayed := 0
				for _, r := range was {
					i := slices.IndexFunc(is, func(x referral.RefereeRow) bool { return x.UID == r.UID })
					if value(is[i]) != value(r) {
						continue
					}
					if stayed++; seen[r.UID] != 1 {
						t.Errorf("%d came %d times", r.UID, seen[r.UID])
					}
				}
				if stayed == 0 || sort == referral.SortRegisteredAt && stayed < len(was) {
					t.Errorf("%d of %d stayed where they were: the test says little", stayed, len(was))
				}
				if sort == referral.SortRegisteredAt {
					for uid, n := range seen {
						if n > 1 {
							t.Errorf("%d came %d times", uid, n)
						}
					}
				}
			})
		}
	}
}

// TestRefereeCursor refuses whatever is not the cursor of this very query.
func TestRefereeCursor(t *testing.T) {
	t.Parallel()
	events, partner := worldOf(5)
	s, _ := open(t, time.UTC)
	ingest(t, s, rand.New(rand.NewPCG(5, 5)), 1, events)
	at := func(now time.Time) referral.RefereeQuery {
		week, err := domain.ParsePeriod("this_week", now, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return referral.RefereeQuery{Period: week, Sort: referral.SortVolume, Limit: 1}
	}
	evening := time.Date(2026, 11, 1, 23, 59, 0, 0, time.UTC) // a Sunday
	q := at(evening)
	page, err := s.Referees(context.Background(), domain.Partner(partner), q, evening)
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}

	// The next page is asked for when another week has begun, with a query of that week.
	q = at(evening.Add(2 * time.Minute))
	q.Cursor, q.Limit = page.Next, 3
	again, err := s.Referees(context.Background(), domain.Partner(partner), q, evening.Add(2*time.Minute))
	if err != nil || again.Period.From != page.Period.From || !again.AsOf.Equal(evening) || len(again.Rows) == 0 || again.Rows[0].UID == page.Rows[0].UID {
		t.Fatalf("after midnight: %+v, %v", again, err)
	}

	refused := func(name string, partner int64, q referral.RefereeQuery) {
		t.Helper()
		_, err := s.Referees(context.Background(), domain.Partner(partner), q, evening)
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != domain.CodeInvalid || e.Field != "cursor" {
			t.Errorf("%s: got %v, want a refusal of the cursor", name, err)
		}
	}
	q = at(evening)
	q.Cursor = page.Next
	refused("another partner's", partner+1, q)
	for name, change := range map[string]func(*referral.RefereeQuery){
		"of another order":     func(q *referral.RefereeQuery) { q.Sort = referral.SortCommission },
		"of another direction": func(q *referral.RefereeQuery) { q.Ascending = true },
		"of another filter":    func(q *referral.RefereeQuery) { q.Country = "VN" },
		"of another choice":    func(q *referral.RefereeQuery) { q.Traded = new(bool) },
		"of another period":    func(q *referral.RefereeQuery) { q.Period = domain.Period{From: q.Period.From, To: q.Period.To} },
		"cut off":              func(q *referral.RefereeQuery) { q.Cursor = q.Cursor[:len(q.Cursor)-3] },
		"too long":             func(q *referral.RefereeQuery) { q.Cursor = strings.Repeat("A", 1000) },
		"not base64":           func(q *referral.RefereeQuery) { q.Cursor = "'; DROP TABLE account; --" },
	} {
		q := q
		change(&q)
		refused(name, partner, q)
	}
	for i := range page.Next {
		damaged := []byte(page.Next)
		if damaged[i]++; damaged[i] == page.Next[i] {
			continue
		}
		q.Cursor = string(damaged)
		refused("damaged", partner, q)
	}
}

// TestRefereesBehindTheSecondWall reads as a partner without the filters of the first: no row of anybody else's.
func TestRefereesBehindTheSecondWall(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 6))
	events := agreeing(oracle.Random(rng, 500))
	s, pool := open(t, time.UTC)
	ingest(t, s, rng, 1, events)
	model := oracle.New(time.UTC)
	model.Apply(events)
	codes := 0
	for _, partner := range oracle.Partners(events) {
		tx, err := pool.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(context.Background(), fmt.Sprintf(`SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '%d'`, partner)); err != nil {
			t.Fatal(err)
		}
		var mine, others, accounts int
		if err := tx.QueryRow(context.Background(), `SELECT count(*) FILTER (WHERE c.uid = $1), count(*) FILTER (WHERE c.uid IS DISTINCT FROM $1)
			FROM code_version v LEFT JOIN referral_code c USING (code)`, partner).Scan(&mine, &others); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(context.Background(), `SELECT count(*) FROM account WHERE uid <> $1`, partner).Scan(&accounts); err != nil {
			t.Fatal(err)
		}
		if want := len(model.Referees(partner)); accounts != want || others != 0 {
			t.Errorf("%d sees %d accounts, want %d, and %d versions of others' codes", partner, accounts, want, others)
		}
		codes += mine
		for _, table := range []string{"vip_version", "rate_version", "event"} {
			sub, err := tx.Begin(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sub.Exec(context.Background(), `SELECT 1 FROM `+table); err == nil {
				t.Errorf("a partner may read table %s", table)
			}
			_ = sub.Rollback(context.Background())
		}
		_ = tx.Rollback(context.Background())
	}
	if codes == 0 {
		t.Error("nobody saw a code of theirs: the test says little")
	}
}
