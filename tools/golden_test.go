package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/knowledge"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

var update = flag.Bool("update", false, "write the golden results anew; read the difference before you keep it")

func TestMain(m *testing.M) { storetest.Main(m) }

// open is a store on a database of its own.
func open(t testing.TB, zone *time.Location) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.New(t), zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ingest(t testing.TB, s *store.Store, events []referral.Event) {
	t.Helper()
	lines := make([]store.Line, len(events))
	for i, e := range events {
		lines[i] = store.Line{No: int64(i + 1), Event: e, Raw: []byte(e.ID)}
	}
	out, err := s.Ingest(t.Context(), store.Batch{Source: "test", Lines: lines})
	if err != nil {
		t.Fatal(err)
	}
	if out.Rejected != 0 {
		t.Fatalf("rejected: %v", out.Refused[0].Err)
	}
}

// toolbox calls tools by name.
type toolbox map[string]tools.Tool

func toolsOf(s *store.Store, now time.Time) toolbox {
	box := toolbox{}
	words, err := prompts.Load()
	if err != nil {
		panic(err) // embedded, and tested where they are
	}
	for _, tool := range tools.All(tools.Deps{Programs: s, Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Library: rules{}, Tickets: desk{}, Now: func() time.Time { return now }, Zone: s.Zone(), Advice: words.Advice}) {
		box[tool.Name] = tool
	}
	return box
}

// desk opens tickets and keeps none; what a real one does is tested in package store.
type desk struct{}

func (desk) Open(_ context.Context, c domain.Caller, r handoff.Request) (handoff.Opened, error) {
	t := handoff.Ticket{ID: "ticket-1", Owner: c.UID, State: handoff.Open, Category: r.Category, Summary: r.Summary, OpenedAt: r.At, DueAt: r.At.Add(time.Hour)}
	if !json.Valid(r.Figures) {
		return handoff.Opened{}, errors.New("no key figures")
	}
	return handoff.Opened{Ticket: t, Route: handoff.Route{Reason: "no_bd"}}, nil
}

func (desk) Desk() handoff.Desk { return handoff.Desk{Support: "https://support.example.com"} }

// rules is a small library: what a real one finds is tested where it is.
type rules struct{}

func (rules) Ask(_ context.Context, _ domain.Caller, question string, _ []string, _ time.Time) (knowledge.Answer, error) {
	if !strings.Contains(question, "settled") {
		return knowledge.Answer{Version: 3}, nil
	}
	return knowledge.Answer{Answered: true, Version: 3, Locale: "en", Sentences: []knowledge.Sentence{{Text: "Commission is settled at 08:00."}},
		Evidence: []knowledge.Hit{{Section: knowledge.Section{Heading: "When", Anchor: "when", Text: "Commission is settled at 08:00. Every day."},
			Article: knowledge.Meta{Title: "Settlement", Slug: "settlement", Locale: "en", Link: "https://hub.example.com/s"}, Since: 2, Version: 3, Score: 1.5}}}, nil
}

func (rules) Articles(_ context.Context, f knowledge.ArticleFilter) ([]knowledge.Stored, error) {
	if f.Kind != knowledge.Event {
		return nil, nil
	}
	event := func(slug string, starts, ends knowledge.Day, goals []knowledge.Goal, countries ...string) knowledge.Stored {
		return knowledge.Stored{Since: 2, Article: knowledge.Article{Body: "About " + slug + ". More.", Meta: knowledge.Meta{Title: strings.ToUpper(slug), Slug: slug, Kind: knowledge.Event,
			Locale: "en", Starts: starts, Ends: ends, Goals: goals, Countries: countries, Link: "https://hub.example.com/" + slug}}}
	}
	return []knowledge.Stored{event("over", "2026-01-01", "2026-11-01", []knowledge.Goal{"recruit"}), event("later", "2026-12-01", "2027-01-01", []knowledge.Goal{"recruit"}),
		event("invite", "2026-11-01", "2027-01-01", []knowledge.Goal{"recruit"}), event("perps", "2026-11-01", "2026-11-25", []knowledge.Goal{"futures"}),
		event("abroad", "2026-11-01", "2027-01-01", []knowledge.Goal{"recruit"}, "BR")}, nil
}

func (b toolbox) call(t testing.TB, uid int64, tool, args string) (json.RawMessage, error) {
	t.Helper()
	known, ok := b[tool]
	if !ok {
		t.Fatalf("no tool %q", tool)
	}
	return known.Run(t.Context(), domain.Partner(uid), json.RawMessage(args))
}

// The people of the small program.
const (
	partner    = 10001 // 60 %, codes P1 (10 % rebate) and P2
	subPartner = 10011 // 45 %, through P1, code S1 (10 % rebate)
	stranger   = 20001 // another partner
)

// now is a Wednesday noon, so that this week and this month are not over.
var now = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

// program is small enough to check every figure by hand:
//
//	10001 ─┬─ P1 ─ 10011 (sub-partner) ── S1 ─ 10023
//	       ├─ P1 ─ 10025
//	       ├─ P2 ─ 10024 (no partner) ─── D1 ─ 10026
//	       └─ P2 ─ 10027
//	20001 ─── O1 ─ 20002
func program(t testing.TB) []referral.Event {
	var events []referral.Event
	add := func(at string, uid int64, typ referral.EventType, body referral.Body) {
		when, err := time.Parse("01-02 15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, referral.Event{
			ID: fmt.Sprintf("e%02d", len(events)), Type: typ, UID: uid, At: when.AddDate(2026, 0, 0), Body: body,
		})
	}
	usdt := func(s string) domain.Money {
		m, err := domain.ParseMoney(s)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	register := func(at string, uid int64, code, country string) {
		add(at, uid, referral.AccountRegistered, referral.Registration{ReferralCode: code, Country: country})
	}
	enrol := func(at string, uid int64, rate domain.Rate) {
		add(at, uid, referral.PartnerEnrolled, referral.Rates{Enrolled: true, SpotRate: rate, FuturesRate: rate})
	}
	code := func(at string, uid int64, name string, rebate domain.Rate, note string) {
		add(at, uid, referral.ReferralCodeCreated, referral.Code{Created: true, Code: name, SpotRebateRate: &rebate, FuturesRebateRate: &rebate, Note: &note})
	}
	trades := 0
	trade := func(at string, uid int64, product referral.Product, volume, fee string) string {
		trades++
		id := fmt.Sprintf("T%d", trades)
		add(at, uid, referral.TradeExecuted, referral.Trade{
			TradeID: id, Product: product, Symbol: "BTCUSDT", Side: "buy", Volume: usdt(volume), FeeGross: usdt(fee), FeePaid: usdt(fee),
		})
		return id
	}
	transfer := func(at string, uid int64, withdrawal bool, amount string) {
		typ := referral.DepositCompleted
		if withdrawal {
			typ = referral.WithdrawalCompleted
		}
		add(at, uid, typ, referral.Transfer{Withdrawal: withdrawal, Amount: amount, Asset: "USDT", Method: "crypto", AmountUSDT: usdt(amount)})
	}

	register("09-01 00:00", partner, "", "SG")
	enrol("09-01 00:00", partner, 600_000)
	code("09-01 00:00", partner, "P1", 100_000, "Telegram group")
	code("09-01 00:00", partner, "P2", 0, "YouTube, autumn")
	register("09-02 08:00", subPartner, "P1", "VN")
	enrol("09-03 00:00", subPartner, 450_000)
	code("09-03 00:00", subPartner, "S1", 100_000, "private")
	register("09-10 08:00", 10023, "S1", "BR")
	register("10-05 08:00", 10024, "P2", "VN")
	code("10-06 00:00", 10024, "D1", 0, "")
	register("10-08 08:00", 10025, "P1", "")
	register("10-21 08:00", 10027, "P2", "unknown")
	register("11-05 08:00", 10026, "D1", "VN")
	register("09-01 00:00", stranger, "", "SG")
	enrol("09-01 00:00", stranger, 500_000)
	code("09-01 00:00", stranger, "O1", 50_000, "other")
	register("09-02 00:00", 20002, "O1", "VN")
	trade("11-16 09:00", 20002, referral.Spot, "777", "7")

	add("11-15 08:00", 10023, referral.KYCCompleted, referral.KYC{Level: referral.KYCAdvanced})
	add("11-01 08:00", 10024, referral.KYCCompleted, referral.KYC{Level: referral.KYCBasic})
	add("10-20 08:00", 10024, referral.VIPChanged, referral.VIP{SpotLevel: 1, FuturesLevel: 0})
	add("10-01 08:00", subPartner, referral.VIPChanged, referral.VIP{SpotLevel: 2, FuturesLevel: 1})

	trade("10-01 09:00", 10023, referral.Spot, "100", "1")           // 0.60 less 0.45: 0.15
	trade("10-10 09:00", 10025, referral.Spot, "40", "1")            // 0.6 less the rebate of 0.1: 0.5
	trade("11-10 10:00", 10024, referral.Futures, "9000", "20")      // 60 %: 12
	wrong := trade("11-11 08:00", 10026, referral.Margin, "50", "2") // 1.2, taken back on the 12th
	trade("11-14 10:00", 10024, referral.Futures, "100", "5")        // 3: after Wednesday noon of its week
	trade("11-16 09:00", 10023, referral.Spot, "1000", "8")          // 4.8 less 3.6: 1.2
	trade("11-17 10:00", 10024, referral.Futures, "5000", "10")      // 6
	trade("11-18 11:00", subPartner, referral.Spot, "600", "5")      // 3 less the rebate of 0.5: 2.5
	add("11-12 08:00", 10026, referral.TradeReversed, referral.Reversal{TradeID: wrong, Reason: "error"})
	transfer("11-16 12:00", 10024, false, "100")
	transfer("11-17 12:00", 10023, true, "30.25")
	return events
}

// smallProgram has half of it folded into the rollups and half in the deltas.
func smallProgram(t testing.TB) toolbox {
	t.Helper()
	s := open(t, time.UTC)
	events := program(t)
	half := len(events) / 2
	ingest(t, s, events[:half])
	if _, err := s.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	ingest(t, s, events[half:])
	withTasks(t, s)
	programs, err := prompts.Programs()
	if err == nil {
		err = s.SeedPrograms(t.Context(), programs)
	}
	if err != nil {
		t.Fatal(err)
	}
	return toolsOf(s, now)
}

// withTasks adds two tasks for the sub-partner: one that has earned a reward, and one that is to come.
func withTasks(t testing.TB, s *store.Store) {
	t.Helper()
	if _, err := s.TopUp(t.Context(), ledger.Transfer{Key: "top_up:1", From: ledger.Account{Owner: partner, Kind: ledger.External}, To: ledger.FundOf(partner), Amount: 1000 * domain.USDT, Reason: ledger.TopUp, At: now}); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	for _, spec := range []task.Spec{
		{Type: task.Trading, Title: "Spot push", Targets: task.Targets{DirectPartners: true}, Start: day, End: day.AddDate(0, 0, 14), Product: task.Spot,
			Tiers: []task.Tier{{Threshold: 500 * domain.USDT, Reward: 10 * domain.USDT}, {Threshold: 5000 * domain.USDT, Reward: 30 * domain.USDT}}},
		{Type: task.Referral, Targets: task.Targets{UIDs: []int64{subPartner}}, Start: day.AddDate(0, 0, 7), End: day.AddDate(0, 0, 14), EveryX: 5, Reward: 50 * domain.USDT, MaxRepeats: 4},
	} {
		if _, err := s.CreateTask(t.Context(), domain.Partner(partner), spec, "", day); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AdvanceTasks(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// golden is one call and what comes of it: testdata holds one a file.
type golden struct {
	As     int64           `json:"as"`
	Args   json.RawMessage `json:"args"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *domain.Error   `json:"error,omitempty"`
}

// random are the fields of a result that no two runs have in common.
var random = regexp.MustCompile(`"(proposalId|digest)":"[^"]*"`)

// TestGolden runs the calls of testdata, tool.case.json, over the small program.
func TestGolden(t *testing.T) {
	box := smallProgram(t)
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files: ", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		tool, _, _ := strings.Cut(filepath.Base(file), ".")
		seen[tool] = true
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			got := golden{As: g.As, Args: g.Args}
			if got.Result, err = box.call(t, g.As, tool, string(g.Args)); err != nil && !errors.As(err, &got.Error) {
				t.Fatal(err)
			}
			got.Result = random.ReplaceAll(got.Result, []byte(`"$1":"random"`))
			if again := layout(t, got); !bytes.Equal(again, text) {
				if *update {
					if err := os.WriteFile(file, again, 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				t.Errorf("got:\n%s\nwant:\n%s", again, text)
			}
		})
	}
	for name := range box {
		if name != tools.AskUserName && !seen[name] {
			t.Errorf("no golden file of %s", name)
		}
	}
}

// layout writes it for people to read.
func layout(t *testing.T, g golden) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
