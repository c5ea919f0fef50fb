package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/eval"
	"partnerhub/store/storetest"
)

// TestTicketHoldsWhatIsDisputed has a ticket carry what the data says of the complaint, over the demo program and with all of the tools:
// of a reward that was not credited the task, its progress and the partner's own postings, of a commission that is too low the trades.
func TestTicketHoldsWhatIsDisputed(t *testing.T) {
	a := &app{zone: time.UTC, log: slog.New(slog.DiscardHandler), stdout: io.Discard, stderr: io.Discard, settings: settings{OfficeHours: "always", PriceIn: "0", PriceOut: "0"}}
	defer a.close()
	pool := storetest.New(t)
	p, _, err := a.player(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	partner, sub := p.Partner, domain.Partner(demo.Cast().SubPartner.UID)
	for c, amount := range map[domain.Caller]string{partner: "123", sub: "7"} {
		money, err := domain.ParseMoney(amount)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Fund(t.Context(), c, money); err != nil {
			t.Fatal(err)
		}
	}
	approveTask(t, p, "create a trading task for 10002 from 2026-11-19 to 2026-12-15, futures, 5,000,000 USDT volume for a 30 USDT reward")

	says(t, p, sub, "I finished the task and my reward was not credited")
	s := ticketOf(t, pool, sub)
	tasks := disputed(s, "list_tasks")
	if len(tasks) != 1 || !strings.Contains(string(tasks[0].Result), `"progress"`) || !strings.Contains(string(tasks[0].Result), `"5000000"`) {
		t.Errorf("the task with its progress is not in %+v", s.Disputed)
	}
	if len(disputed(s, "list_rewards")) != 1 {
		t.Errorf("no records of rewards in %+v", s.Disputed)
	}
	own := slices.ContainsFunc(s.Postings, func(e entry) bool { return e.Amount == "7" })
	if foreign := slices.ContainsFunc(s.Postings, func(e entry) bool { return strings.HasSuffix(e.Amount, "123") || e.Account == "escrow" }); !own || foreign {
		t.Errorf("postings: %+v", s.Postings)
	}
	if len(s.Transcript) == 0 || !strings.Contains(s.Transcript[0].Text, "my reward was not credited") || string(s.Figures) == "null" {
		t.Errorf("transcript %+v, figures %s", s.Transcript, s.Figures)
	}

	says(t, p, partner, "my commission of yesterday is too low")
	s = ticketOf(t, pool, partner)
	var trace struct{ Rows []json.RawMessage }
	if traces := disputed(s, "trace_commission"); len(traces) != 1 || json.Unmarshal(traces[0].Result, &trace) != nil || len(trace.Rows) == 0 {
		t.Errorf("no trace with trades in %+v", s.Disputed)
	}
	if len(disputed(s, "list_rewards")) != 1 || len(s.Postings) == 0 {
		t.Errorf("no records, or no postings: %+v, %+v", s.Disputed, s.Postings)
	}
}

// entry is a posting as the console reads it.
type entry struct{ Account, Amount, Reason string }

type snapshot struct {
	Transcript []handoff.Line
	Disputed   []handoff.Call
	Figures    json.RawMessage
	Postings   []entry
}

func disputed(s snapshot, tool string) []handoff.Call {
	return slices.DeleteFunc(slices.Clone(s.Disputed), func(c handoff.Call) bool { return c.Name != tool })
}

// says has somebody complain, which must go to a person about money.
func says(t *testing.T, p eval.Player, c domain.Caller, text string) {
	t.Helper()
	answer, _, err := p.Agent.AskTurn(t.Context(), c, "", text)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Handoff == nil || answer.Handoff.Category != string(handoff.Finance) {
		t.Fatalf("%q was not handed over: %+v", text, answer)
	}
}

func ticketOf(t *testing.T, pool *pgxpool.Pool, c domain.Caller) (s snapshot) {
	t.Helper()
	var raw []byte
	if err := pool.QueryRow(t.Context(), `SELECT snapshot FROM ticket WHERE owner = $1`, c.UID).Scan(&raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// approveTask proposes a task in words, and presses the button on its card.
func approveTask(t *testing.T, p eval.Player, text string) {
	t.Helper()
	answer, _, err := p.Agent.AskTurn(t.Context(), p.Partner, "", text)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range answer.Cards {
		var card struct {
			Kind string
			Data struct{ ProposalID, Digest string }
		}
		if json.Unmarshal(raw, &card) != nil || card.Kind != "proposal" {
			continue
		}
		done, err := p.Agent.DecideTurn(context.WithoutCancel(t.Context()), p.Partner, agent.Decision{ProposalID: card.Data.ProposalID, Digest: card.Data.Digest, Approved: true})
		if err != nil || done.Error != nil {
			t.Fatalf("the task was not created: %v, %+v", err, done)
		}
		return
	}
	t.Fatalf("nothing was proposed: %+v", answer)
}
