package eval_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
	"partnerhub/agent/offline"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/feedback"
	"partnerhub/eval"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/tools"
)

// say asks one thing, and returns the run and its conversation.
func say(t *testing.T, a *agent.Agent, thread, text string) (run, inThread string) {
	t.Helper()
	err := a.Ask(t.Context(), partner(), conversation.Message{ThreadID: thread, Text: text}, func(l conversation.Logged) error {
		run = l.Run
		if e, err := l.Event(); err == nil && e.ThreadID != "" {
			inThread = e.ThreadID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return run, inThread
}

// play plays a case file against a planner, over what was recorded.
func play(t *testing.T, pool *pgxpool.Pool, file string, planner *offline.Planner) eval.Result {
	t.Helper()
	cases, err := eval.Parse("reviews", []byte(file))
	if err != nil || len(cases) != 1 {
		t.Fatalf("%v\n%s", err, file)
	}
	p := eval.Player{Partner: partner(), For: func(k eval.Case) (*agent.Agent, error) {
		if !k.Now.Equal(now()) {
			t.Errorf("the case's clock is %s, want %s", k.Now, now())
		}
		return assistantOf(t, pool, nil, agent.Limits{}, planner, now, k.Replay), nil
	}}
	results, err := p.Play(t.Context(), cases[0])
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return results[0]
}

// A thumb down becomes a case file, which fails; the assistant learns the word, and the case passes; the review is fixed.
func TestThumbDownBecomesCase(t *testing.T) {
	ctx := t.Context()
	pool := loaded(t)
	a := assistant(t, pool, nil, agent.Limits{})
	if r := holdsState(t, pool, a, "of task proposal ledger_account\n"); !r.Passed() || r.State == nil {
		t.Errorf("a question changes nothing: %+v", r)
	}
	if r := holdsState(t, pool, a, "of conversation\n"); r.Passed() || r.Fault != eval.Data || !strings.Contains(r.Wrong[0], `+ conversation {`) || strings.Contains(r.Wrong[0], "created_at") {
		t.Errorf("a new conversation is a change: %+v", r)
	}
	if r := holdsState(t, pool, a, "of no_such_table\n"); r.Passed() || r.Fault != eval.Infrastructure {
		t.Errorf("a table that there is not: %+v", r)
	}
	conversations, reviews := store.NewConversations(pool), store.NewReviews(pool)

	_, thread := say(t, a, "", "trading volume this week")
	run, _ := say(t, a, thread, "show me the zlotniks for last month")
	if _, err := conversations.Vote(ctx, partner(), feedback.Feedback{RunID: run, Vote: feedback.Down, Reasons: []string{"misunderstood"}, Text: "my commission"}); err != nil {
		t.Fatal(err)
	}
	list, _, err := reviews.List(ctx, feedback.New, "", "", 10)
	if err != nil || len(list) != 1 || list[0].ID != run || len(list[0].Snapshot.History) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	_, expecting, err := eval.File(list[0], "call query_metrics metrics=commission period=last_month\nnever query_metrics metrics=volume")
	if err != nil {
		t.Fatal(err)
	}
	name, file, err := eval.File(list[0], "")
	if err != nil {
		t.Fatal(err)
	}
	if err := reviews.MakeCase(ctx, domain.Caller{UID: 9, Role: domain.RoleOperator}, list[0], name, file); err != nil {
		t.Fatal(err)
	}
	state := func() feedback.State {
		t.Helper()
		r, err := reviews.Review(ctx, run)
		if err != nil || r.Case != name {
			t.Fatalf("%+v %v", r, err)
		}
		return r.State
	}
	if state() != feedback.Cased {
		t.Error(state())
	}

	r := play(t, pool, string(file), planner())
	if r.Passed() || r.Fault != eval.Agent || !slices.ContainsFunc(r.Wrong, func(w string) bool { return strings.Contains(w, "found bad") }) {
		t.Fatalf("the case should fail: %+v", r)
	}
	if r := play(t, pool, string(expecting), planner()); r.Passed() || !slices.ContainsFunc(r.Wrong, func(w string) bool { return strings.Contains(w, "must not happen") }) {
		t.Errorf("the case that says what it expects should fail: %+v", r)
	}
	if err := reviews.Checked(ctx, name, r.Passed()); err != nil || state() != feedback.Cased {
		t.Error(state(), err)
	}

	words, err := prompts.Load()
	if err != nil {
		t.Fatal(err)
	}
	words.Words = append(words.Words, prompts.Word{Slot: "metric", Value: "commission", Phrases: []string{"zlotniks"}})
	taught := offline.New(words, asked(), now, time.UTC)
	for _, f := range [][]byte{file, expecting} {
		if r = play(t, pool, string(f), taught); !r.Passed() {
			t.Fatalf("the case should pass: %+v", r)
		}
	}
	if err := reviews.Checked(ctx, name, r.Passed()); err != nil || state() != feedback.Fixed {
		t.Error(state(), err)
	}
}

// holdsState plays a case that says what it may change in the database.
func holdsState(t *testing.T, pool *pgxpool.Pool, a *agent.Agent, changes string) eval.Result {
	t.Helper()
	cases, err := eval.Parse("f", []byte("-- a --\n> How much commission did I earn this week?\nany\n-- a.state --\n# chats are rows, too\n"+changes))
	if err != nil {
		t.Fatal(err)
	}
	results, err := eval.Player{Agent: a, Partner: partner(), Dump: store.NewReviews(pool).Canonical}.Play(t.Context(), cases[0])
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

// What was recorded stands for the tools' own results; what was not is asked of them.
func TestReplay(t *testing.T) {
	asked := 0
	tool := tools.Tool{Name: "t", Run: func(context.Context, domain.Caller, json.RawMessage) (json.RawMessage, error) {
		asked++
		return json.RawMessage(`"live"`), nil
	}}
	k := eval.Case{Recorded: []feedback.Call{
		{Tool: "t", Args: json.RawMessage(`{"a":1,"b":2}`), Result: json.RawMessage(`"recorded"`)},
		{Tool: "t", Args: json.RawMessage(`{"a":2}`), Result: json.RawMessage(`{"error":{"code":"not_found","message":"no"}}`)},
	}}
	run := k.Replay([]tools.Tool{tool})[0].Run
	for args, want := range map[string]string{`{"b":2,"a":1}`: `"recorded"`, `{"a":3}`: `"live"`, `{"a":2}`: "no"} {
		got, err := run(t.Context(), partner(), json.RawMessage(args))
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
	if asked != 1 {
		t.Errorf("the tool itself was asked %d times", asked)
	}
}

// A case that cannot be read is refused, and so are lines that would change another turn.
func TestFile(t *testing.T) {
	r := feedback.Review{ID: "r", UID: 1, Snapshot: feedback.Snapshot{Question: "a\nb -- c --", Answer: "x\n-- dialog --\ny", Calls: []feedback.Call{}}}
	_, file, err := eval.File(r, "")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := eval.Parse("f", file)
	if err != nil || len(cases) != 1 || cases[0].Turns[0].Says[0] != "a b -- c --" || cases[0].Was.Text != r.Snapshot.Answer || cases[0].As != 1 {
		t.Errorf("%+v %v", cases, err)
	}
	for _, expect := range []string{"> another turn", "as 2", "-- x --", "clal t", "call t period"} {
		if _, _, err := eval.File(r, expect); domain.AsError(err).Field != "expect" {
			t.Errorf("%q: %v", expect, err)
		}
	}
}
