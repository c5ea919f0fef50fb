package eval_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/agent/offline"
	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/eval"
	"partnerhub/ingest"
	"partnerhub/knowledge"
	"partnerhub/library"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// now is the clock of all cases: a Thursday.
func now() time.Time { return eval.Program().Now }

// program is the demo program's stream of events, made once.
var program = sync.OnceValues(func() ([]byte, error) {
	var b bytes.Buffer
	_, err := demo.Generate(eval.Program(), &b)
	return b.Bytes(), err
})

// loaded is a database that holds the demo program.
func loaded(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	events, err := program()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := ingest.Run(t.Context(), s, bytes.NewReader(events), ingest.Options{Writers: 1})
	if err != nil || sum.Rejected > 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	articles, err := knowledge.Load(library.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := knowledge.New(store.NewLibrary(pool), knowledge.BuiltIn{}, nil, time.UTC).Publish(t.Context(), domain.Caller{Role: domain.RoleContent}, articles, "", now()); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	return pool
}

// planner is trained once: it keeps nothing between messages.
var planner = sync.OnceValue(func() *offline.Planner {
	words, err := prompts.Load()
	if err != nil {
		panic(err)
	}
	return offline.New(words, asked(), now, time.UTC)
})

// asked are the ways to ask for the shipped library's rules.
func asked() []string {
	articles, err := knowledge.Load(library.Files)
	if err != nil {
		panic(err)
	}
	return knowledge.Asked(articles)
}

// assistant answers over the database, with a model or, without one, by the offline planner.
func assistant(t *testing.T, pool *pgxpool.Pool, model llms.Model, limits agent.Limits) *agent.Agent {
	t.Helper()
	return assistantOf(t, pool, model, limits, planner(), now, nil)
}

// assistantOf is assistant with a planner and a clock of its own, and with a case's results in the place of the tools'.
func assistantOf(t *testing.T, pool *pgxpool.Pool, model llms.Model, limits agent.Limits, planner *offline.Planner, now func() time.Time, wrap func([]tools.Tool) []tools.Tool) *agent.Agent {
	t.Helper()
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	words, err := prompts.Load()
	if err != nil {
		t.Fatal(err)
	}
	synonyms, err := knowledge.NewSynonyms(words.Synonyms)
	if err != nil {
		t.Fatal(err)
	}
	lib := knowledge.New(store.NewLibrary(pool), knowledge.BuiltIn{}, synonyms, time.UTC)
	all := tools.All(tools.Deps{Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Library: lib, Now: now, Zone: time.UTC, Advice: words.Advice})
	if wrap != nil {
		all = wrap(all)
	}
	conversations := store.NewConversations(pool)
	a, err := agent.New(agent.Config{
		Log: conversations, Notes: conversations, Proposals: s, Model: model, Offline: planner, Suggest: planner.Suggest, Now: now, Zone: time.UTC, Solo: true, Limits: limits,
		Tools: all, ModelName: "scripted", Prompts: words.Fingerprint,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func partner() domain.Caller { return domain.Partner(demo.Cast().Partner.UID) }

// player plays the cases against the offline planner.
func player(t *testing.T, pool *pgxpool.Pool) eval.Player {
	t.Helper()
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	paid := 0
	return eval.Player{
		Agent: assistant(t, pool, nil, agent.Limits{}), Partner: partner(), Dump: store.NewReviews(pool).Canonical,
		For: func(k eval.Case) (*agent.Agent, error) {
			return assistantOf(t, pool, nil, agent.Limits{}, planner(), func() time.Time { return k.Now }, k.Replay), nil
		},
		Fund: func(ctx context.Context, c domain.Caller, amount domain.Money) error {
			paid++
			_, err := s.TopUp(ctx, ledger.Transfer{Key: fmt.Sprint("top_up:case", paid), From: ledger.Account{Owner: c.UID, Kind: ledger.External}, To: ledger.FundOf(c.UID), Amount: amount, Reason: ledger.TopUp, At: now()})
			return err
		},
	}
}

// TestShipped runs every shipped case against the offline planner.
func TestShipped(t *testing.T) {
	cases, err := eval.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	pool := loaded(t)
	p := player(t, pool)
	var all []eval.Result
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			results, err := p.Play(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, results...)
			for _, r := range results {
				if !r.Passed() {
					t.Errorf("%s\n    %s", strings.Join(r.Said, " >> "), strings.Join(r.Wrong, "\n    "))
				}
			}
		})
	}
	rep := eval.Sum(all)
	t.Logf("%d of %d dialogs", rep.Dialogs.Right, rep.Dialogs.Total)
	for tool, s := range rep.Tools {
		t.Logf("%-24s %d of %d", tool, s.Right, s.Total)
	}
}
