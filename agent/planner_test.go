package agent_test

import (
	"strings"
	"testing"
	"time"

	"partnerhub/agent"
	"partnerhub/agent/offline"
	"partnerhub/domain/conversation"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/tools"
)

// The loop with the offline planner and the tools as they are shipped, over a program without trades.
func TestDialogWithTheRealPlanner(t *testing.T) {
	words, err := prompts.Load()
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return today }
	planner := offline.New(words, nil, now, time.UTC)
	planner.Suggest(nil) // it has learned its examples: the clock of a turn does not wait for that
	w := newWorld(t, nil)
	s, err := store.Open(t.Context(), w.pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	w.agent = w.another(nil, func(c *agent.Config) {
		c.Offline, c.Suggest = planner, planner.Suggest
		c.Tools = tools.All(tools.Deps{Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Now: now, Zone: time.UTC})
	})
	w.run(w.agent)
	thread := ""
	for _, turn := range []struct{ text, call, card string }{
		{"How much commission did I earn this week?", `query_metrics {"metrics":["commission"],"period":"this_week"`, "card metrics: Commission, this week"},
		{"How does it compare to last week?", "compare_metrics", "card comparison: Commission, this week vs 9 Nov – 14 Nov 2026"},
		{"and futures only?", `"product":"futures"`, "· futures"},
		{"top 5 referees this month", "leaderboard", "card leaderboard: Top referees by commission, this month"},
		{"Check my referees' activity", `referee_activity {"period":"last_30_days"}`, "card activity: Referee activity, last 30 days vs "},
		{"show my reward records this month", `list_rewards {"period":"this_month","kind":"rebate"}`, "card rewards: Commission rebate records, this month"},
		{"what are my referral codes?", "list_referral_codes {}", "card codes: Referral codes, "},
		{"hello!", "", ""},
	} {
		got := w.ask(thread, turn.text)
		thread = got.thread
		out := got.String()
		if !strings.Contains(out, turn.call) || !strings.Contains(out, turn.card) || got.answer() == "" ||
			(strings.Contains(out, "call ") != (turn.call != "")) || strings.Contains(out, `{"error"`) || got.custom(conversation.Suggestions) == "" && turn.call != "" {
			t.Errorf("%s:\n%s", turn.text, out)
		}
	}
}
