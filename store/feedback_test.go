package store_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/feedback"
	"partnerhub/domain/handoff"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// answer ends a run with a call, its result and a text.
func answer(t *testing.T, s *store.Conversations, r conversation.Run, after int64, text string, end conversation.State) {
	t.Helper()
	e := conversation.Entry{
		Events: conversation.Log(r.ID, after, time.Now(),
			conversation.Event{Type: conversation.CallStart, ToolCallID: r.ID, ToolCallName: "query_metrics", ParentMessageID: "m" + r.ID},
			conversation.Event{Type: conversation.CallArgs, ToolCallID: r.ID, Delta: `{"period":"today"}`},
			conversation.Event{Type: conversation.CallResult, ToolCallID: r.ID, Content: `{"rows":[]}`},
			conversation.Event{Type: conversation.TextContent, MessageID: "m" + r.ID, Delta: text},
			conversation.Event{Type: conversation.RunFinished}),
		End: end, Answer: text,
		Meter: conversation.Meter{Model: "m1", Prompts: "p1", Kind: "answer", TokensIn: 7, TokensOut: 3, Cost: 12},
	}
	if _, err := s.Append(t.Context(), r, e, lease); err != nil {
		t.Fatal(err)
	}
}

func TestVotes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool := storetest.New(t)
	s := store.NewConversations(pool)
	first, h := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "today?"})
	thread := first.Run.ThreadID
	if _, err := s.Vote(ctx, ann, feedback.Feedback{RunID: first.Run.ID, Vote: feedback.Up}); code(err) != domain.CodeBusy {
		t.Errorf("a vote on an answer that is being written: %v", err)
	}
	answer(t, s, first.Run, h.Last, "Nothing.", conversation.Finished)
	second, h := begin(t, s, ann, conversation.Message{ClientID: "b", ThreadID: thread, Text: "really?"})
	answer(t, s, second.Run, h.Last, "Really.", conversation.Finished)
	note, err := s.Note(ctx, ann, thread, conversation.Event{Type: conversation.TextContent, MessageID: "n", Delta: "A note."})
	if err != nil {
		t.Fatal(err)
	}

	down := feedback.Feedback{RunID: second.Run.ID, Vote: feedback.Down, Reasons: []string{"other", "wrong_figure", "other"}, Text: " no "}
	got, err := s.Vote(ctx, ann, down)
	if err != nil || !slices.Equal(got.Reasons, []string{"wrong_figure", "other"}) || got.Text != "no" {
		t.Fatalf("%+v %v", got, err)
	}
	var raw []byte
	if err := pool.QueryRow(ctx, `SELECT snapshot FROM feedback WHERE run = $1`, second.Run.ID).Scan(&raw); err != nil {
		t.Fatal(err)
	}
	var snap feedback.Snapshot
	if err := json.Unmarshal(raw, &snap); err != nil {
		t.Fatal(err)
	}
	if snap.Question != "really?" || snap.Answer != "Really." || len(snap.History) != 1 || snap.History[0].Question != "today?" ||
		len(snap.Calls) != 1 || string(snap.Calls[0].Result) != `{"rows":[]}` || snap.Model != "m1" || snap.Prompts != "p1" ||
		snap.Tokens != [2]int{7, 3} || snap.Cost != 12 || snap.Topic() != "query_metrics" || time.Since(snap.At) > time.Minute {
		t.Errorf("%s", raw)
	}

	for what, c := range map[string]struct {
		by   domain.Caller
		f    feedback.Feedback
		want domain.Code
	}{
		"another's answer":         {bob, feedback.Feedback{RunID: second.Run.ID, Vote: feedback.Up}, domain.CodeNotFound},
		"no answer":                {ann, feedback.Feedback{RunID: thread, Vote: feedback.Up}, domain.CodeNotFound},
		"a note":                   {ann, feedback.Feedback{RunID: note.Run.ID, Vote: feedback.Up}, domain.CodeNotFound},
		"no UUID":                  {ann, feedback.Feedback{RunID: "x", Vote: feedback.Up}, domain.CodeNotFound},
		"no vote":                  {ann, feedback.Feedback{RunID: second.Run.ID, Vote: "sideways"}, domain.CodeInvalid},
		"a reason of the other":    {ann, feedback.Feedback{RunID: second.Run.ID, Vote: feedback.Up, Reasons: []string{"wrong_figure"}}, domain.CodeInvalid},
		"a text that is too long":  {ann, feedback.Feedback{RunID: second.Run.ID, Vote: feedback.Up, Text: strings.Repeat("x", 1001)}, domain.CodeTooLarge},
		"a text with a zero in it": {ann, feedback.Feedback{RunID: second.Run.ID, Vote: feedback.Up, Text: "\x00"}, domain.CodeInvalid},
	} {
		if _, err := s.Vote(ctx, c.by, c.f); code(err) != c.want {
			t.Errorf("%s: %v", what, err)
		}
	}

	// Two in a row, failed or with a 👎: a person is offered, once.
	offers := func(run conversation.Run, want int) {
		t.Helper()
		if err := s.OfferPerson(ctx, ann, run.ID, conversation.CustomEvent(conversation.Question, conversation.Ask{Question: "A person?"})); err != nil {
			t.Fatal(err)
		}
		n := 0
		log, err := s.Events(ctx, ann, thread, 0, 1000)
		for _, l := range log {
			if l.Type == conversation.Question {
				n++
			}
		}
		if err != nil || n != want {
			t.Errorf("offered %d times, want %d; %v", n, want, err)
		}
	}
	offers(second.Run, 0)
	if _, err := s.Vote(ctx, ann, feedback.Feedback{RunID: first.Run.ID, Vote: feedback.Down}); err != nil {
		t.Fatal(err)
	}
	offers(first.Run, 1)
	offers(first.Run, 1)
	offers(second.Run, 1)
	third, h := begin(t, s, ann, conversation.Message{ClientID: "c", ThreadID: thread, Text: "and?"})
	if h.Bad != 0 {
		t.Errorf("%d bad answers behind the offer", h.Bad)
	}
	answer(t, s, third.Run, h.Last, "", conversation.Failed)
	offers(third.Run, 1)
	fourth, h := begin(t, s, ann, conversation.Message{ClientID: "d", ThreadID: thread, Text: "and?"})
	if h.Bad != 1 {
		t.Errorf("%d bad answers, want the one that failed", h.Bad)
	}
	answer(t, s, fourth.Run, h.Last, "", conversation.Failed)
	if _, err := store.NewTickets(pool, handoff.Desk{}).Open(ctx, ann, handoff.Request{Thread: thread, Category: handoff.Other, Summary: "x", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	offers(fourth.Run, 1) // somebody has been called
	if err := s.OfferPerson(ctx, bob, fourth.Run.ID); code(err) != domain.CodeNotFound {
		t.Errorf("of another's answer: %v", err)
	}
	// Changed, and taken back.
	if _, err := s.Vote(ctx, ann, feedback.Feedback{RunID: second.Run.ID, Vote: feedback.Up, Reasons: []string{"clear"}}); err != nil {
		t.Fatal(err)
	}
	votes, err := s.Votes(ctx, ann, thread)
	if err != nil || len(votes) != 2 || votes[0].RunID != second.Run.ID || votes[0].Vote != feedback.Up || votes[0].Reasons[0] != "clear" || votes[0].Text != "" {
		t.Errorf("%+v %v", votes, err)
	}
	if others, err := s.Votes(ctx, bob, thread); err != nil || len(others) != 0 {
		t.Errorf("another's votes: %+v %v", others, err)
	}
	if err := s.Unvote(ctx, bob, second.Run.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Unvote(ctx, ann, first.Run.ID); err != nil {
		t.Fatal(err)
	}
	if votes, err = s.Votes(ctx, ann, thread); err != nil || len(votes) != 1 {
		t.Errorf("%+v %v", votes, err)
	}
	// What a partner deletes is gone.
	if err := s.Delete(ctx, ann, thread); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM feedback`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d votes are left, %v", n, err)
	}
}
