package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

const (
	worker = "00000000-0000-4000-8000-00000000000a"
	other  = "00000000-0000-4000-8000-00000000000b"
	lease  = time.Minute
)

var ann, bob = domain.Partner(1), domain.Partner(2)

func begin(t *testing.T, s *store.Conversations, c domain.Caller, m conversation.Message) (conversation.Started, conversation.History) {
	t.Helper()
	started, history, err := s.Begin(t.Context(), c, m, worker, lease, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return started, history
}

func say(text string) conversation.Event {
	return conversation.Event{Type: conversation.TextContent, MessageID: "m", Delta: text}
}

func finish(t *testing.T, s *store.Conversations, r conversation.Run, after int64, answer string) {
	t.Helper()
	e := conversation.Entry{
		Events: conversation.Log(r.ID, after, time.Now(), say(answer), conversation.Event{Type: conversation.RunFinished}),
		End:    conversation.Finished, Answer: answer,
	}
	if _, err := s.Append(t.Context(), r, e, lease); err != nil {
		t.Fatal(err)
	}
}

func code(err error) domain.Code {
	if err == nil {
		return ""
	}
	return domain.AsError(err).Code
}

func TestRunLog(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	started, history := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "How much did I earn this week?"})
	run := started.Run
	if started.Duplicate || started.After != 0 || history.Last != 2 || len(history.Log) != 2 {
		t.Fatalf("%+v %+v", started, history)
	}

	again, _ := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "How much did I earn this week?"})
	if !again.Duplicate || again.Run.ID != run.ID || again.Run.ThreadID != run.ThreadID || again.State != conversation.Running {
		t.Fatalf("the same message again: %+v", again)
	}
	if _, _, err := s.Begin(t.Context(), ann, conversation.Message{ClientID: "b", ThreadID: run.ThreadID, Text: "and?"}, worker, lease, time.Now()); code(err) != domain.CodeBusy {
		t.Fatalf("a second message while the first is answered: %v", err)
	}
	finish(t, s, run, 2, "12.3 USDT")
	if _, err := s.Append(t.Context(), run, conversation.Entry{Events: conversation.Log(run.ID, 4, time.Now(), say("more"))}, lease); code(err) != domain.CodeConflict {
		t.Fatalf("appending to a run that has ended: %v", err)
	}

	next, history := begin(t, s, ann, conversation.Message{ClientID: "b", ThreadID: run.ThreadID, Text: "and futures?"})
	if next.After != 4 || history.Last != 6 || next.Run.ID == run.ID {
		t.Fatalf("%+v %+v", next, history)
	}
	turns, err := conversation.Replay(history.Log)
	if err != nil || len(turns) != 2 || turns[0].Text() != "12.3 USDT" || turns[1].User != "and futures?" {
		t.Fatalf("%+v %v", turns, err)
	}

	events, err := s.Events(t.Context(), ann, run.ThreadID, 1, 100)
	if err != nil || len(events) != 5 || events[0].Seq != 2 || events[4].Seq != 6 || events[0].Type != conversation.UserMessage {
		t.Fatalf("%+v %v", events, err)
	}
	// Another partner has no such conversation: not to read, to write, to stop, to rename or to delete.
	_, err = s.Events(t.Context(), bob, run.ThreadID, 0, 100)
	_, _, errBegin := s.Begin(t.Context(), bob, conversation.Message{ClientID: "x", ThreadID: run.ThreadID, Text: "hi"}, worker, lease, time.Now())
	for what, err := range map[string]error{
		"read": err, "write": errBegin, "stop": s.Stop(t.Context(), bob, next.Run.ID),
		"rename": s.Rename(t.Context(), bob, run.ThreadID, "mine"), "delete": s.Delete(t.Context(), bob, run.ThreadID),
		"nonsense": s.Delete(t.Context(), bob, "x"),
	} {
		if code(err) != domain.CodeNotFound {
			t.Errorf("%s another's conversation: %v", what, err)
		}
	}
	if list, _, err := s.List(t.Context(), bob, "", "", 10); err != nil || len(list) != 0 {
		t.Errorf("another's list: %v %v", list, err)
	}
}

func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.NewConversations(pool)
	started, _ := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "secret"})
	finish(t, s, started.Run, 2, "more secret")
	for uid, want := range map[string]int{"1": 1, "2": 0, "": 0} {
		for _, table := range []string{"conversation", "run", "run_event", "message"} {
			err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), "SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '"+uid+"'"); err != nil {
					return err
				}
				n := 0
				err := tx.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n)
				if (n > 0) != (want > 0) {
					t.Errorf("uid %q sees %d rows of %s", uid, n, table)
				}
				return err
			})
			if err != nil {
				t.Errorf("%s as %q: %v", table, uid, err)
			}
		}
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '1'; UPDATE run_event SET body = '{}'")
		return err
	})
	if err == nil {
		t.Error("the log can be rewritten")
	}
}

func TestTheSameMessageAtOnceMakesOneTurn(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	var wg sync.WaitGroup
	var mu sync.Mutex
	runs, made := map[string]bool{}, 0
	for range 12 {
		wg.Go(func() {
			started, _, err := s.Begin(context.Background(), ann, conversation.Message{ClientID: "once", Text: "hello"}, worker, lease, time.Now())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			runs[started.Run.ID] = true
			if !started.Duplicate {
				made++
			}
		})
	}
	wg.Wait()
	if len(runs) != 1 || made != 1 {
		t.Errorf("%d runs, %d made", len(runs), made)
	}
}

func TestTwoMessagesAtOnceInOneThread(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	first, _ := begin(t, s, ann, conversation.Message{ClientID: "0", Text: "hello"})
	finish(t, s, first.Run, 2, "hello")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = s.Begin(context.Background(), ann, conversation.Message{
				ClientID: fmt.Sprint("c", i), ThreadID: first.Run.ThreadID, Text: "again",
			}, worker, lease, time.Now())
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if code(err) != domain.CodeBusy {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of them began", won)
	}
}

func TestRunsPerCaller(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	for i := range 4 {
		begin(t, s, ann, conversation.Message{ClientID: fmt.Sprint(i), Text: "hello"})
	}
	_, _, err := s.Begin(t.Context(), ann, conversation.Message{ClientID: "5", Text: "hello"}, worker, lease, time.Now())
	if code(err) != domain.CodeBusy {
		t.Errorf("got %v", err)
	}
	begin(t, s, bob, conversation.Message{ClientID: "1", Text: "hello"}) // the same client id, of another partner
}

func TestLeases(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	ctx := t.Context()
	started, _, err := s.Begin(ctx, ann, conversation.Message{ClientID: "a", Text: "hello"}, worker, 50*time.Millisecond, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	run := started.Run
	alive, _ := begin(t, s, bob, conversation.Message{ClientID: "a", Text: "hello"})
	time.Sleep(80 * time.Millisecond)

	var wg sync.WaitGroup
	var mu sync.Mutex
	var claimed []conversation.Run
	for range 6 {
		wg.Go(func() {
			runs, err := s.Claim(context.Background(), other, lease)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			claimed = append(claimed, runs...)
		})
	}
	wg.Wait()
	want := conversation.Run{ID: run.ID, ThreadID: run.ThreadID, Owner: ann, Worker: other, Attempt: 2}
	if len(claimed) != 1 || claimed[0] != want {
		t.Fatalf("claimed %+v, want one %+v", claimed, want)
	}
	// The worker that was thought dead is not: it may not write any more.
	if _, err := s.Append(ctx, run, conversation.Entry{Events: conversation.Log(run.ID, 2, time.Now(), say("late"))}, lease); code(err) != domain.CodeConflict {
		t.Fatalf("append of the one before: %v", err)
	}
	if events, err := s.Events(ctx, ann, run.ThreadID, 2, 10); err != nil || len(events) != 0 {
		t.Fatalf("it wrote %v %v", events, err)
	}
	if stopped, err := s.Beat(ctx, worker, []string{run.ID, alive.Run.ID}, lease); err != nil || len(stopped) != 0 {
		t.Fatalf("%v %v", stopped, err)
	}
	if err := s.Stop(ctx, ann, run.ID); err != nil {
		t.Fatal(err)
	}
	if stopped, err := s.Beat(ctx, other, []string{run.ID}, lease); err != nil || len(stopped) != 1 || stopped[0] != run.ID {
		t.Fatalf("%v %v", stopped, err)
	}
	stop, err := s.Append(ctx, claimed[0], conversation.Entry{Events: conversation.Log(run.ID, 2, time.Now(), say("on"))}, lease)
	if err != nil || !stop {
		t.Fatalf("%v %v", stop, err)
	}
	// A deleted conversation ends its run.
	if err := s.Delete(ctx, ann, run.ThreadID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, claimed[0], conversation.Entry{Events: conversation.Log(run.ID, 3, time.Now(), say("gone"))}, lease); code(err) != domain.CodeConflict {
		t.Fatalf("append to a deleted conversation: %v", err)
	}
}

func TestListSearchRename(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	ctx := t.Context()
	ids := map[string]string{}
	for i, text := range []string{"Commission this week", "Who are my top referees?", "100% of _fees_ back?"} {
		started, _ := begin(t, s, ann, conversation.Message{ClientID: fmt.Sprint(i), Text: text})
		finish(t, s, started.Run, 2, "answer "+fmt.Sprint(i)+` C:\path`)
		ids[text] = started.Run.ThreadID
	}
	for search, want := range map[string]int{
		"": 3, "commission": 1, "REFEREES": 1, "answer 2": 1, "answer": 3, "100%": 1, "0%5": 0, "_fees_": 1, "%": 1, "_": 1, `C:\path`: 3, "nothing": 0,
	} {
		list, next, err := s.List(ctx, ann, search, "", 10)
		if err != nil || len(list) != want || next != "" {
			t.Errorf("%q: %d found, want %d (%v)", search, len(list), want, err)
		}
	}
	var seen []string
	for cursor := ""; ; {
		list, next, err := s.List(ctx, ann, "", cursor, 1)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		seen = append(seen, list[0].Title)
		if cursor = next; cursor == "" {
			break
		}
	}
	if strings.Join(seen, "|") != "100% of _fees_ back?|Who are my top referees?|Commission this week" {
		t.Errorf("paged: %v", seen)
	}
	if _, _, err := s.List(ctx, ann, "", "garbage", 1); code(err) != domain.CodeInvalid || domain.AsError(err).Field != "cursor" {
		t.Errorf("bad cursor: %v", err)
	}
	id := ids["Commission this week"]
	if err := s.Rename(ctx, ann, id, "  November \n review "); err != nil {
		t.Fatal(err)
	}
	if list, _, _ := s.List(ctx, ann, "november review", "", 10); len(list) != 1 || list[0].ID != id {
		t.Errorf("renamed: %v", list)
	}
	for _, bad := range []string{"", " \n", strings.Repeat("x", 200), "a\x00b"} {
		if err := s.Rename(ctx, ann, id, bad); domain.AsError(err).Field != "title" {
			t.Errorf("title %.10q: %v", bad, err)
		}
	}
	if err := s.Delete(ctx, ann, id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Events(ctx, ann, id, 0, 10); code(err) != domain.CodeNotFound {
		t.Errorf("deleted: %v", err)
	}
}

func TestHistoryKeepsTheLatestTurnsWhole(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	thread, after := "", int64(0)
	for i := range 12 {
		started, history := begin(t, s, ann, conversation.Message{ClientID: fmt.Sprint(i), ThreadID: thread, Text: fmt.Sprint("question ", i)})
		thread = started.Run.ThreadID
		turns, err := conversation.Replay(history.Log)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(i+1, 9); len(turns) != want || turns[len(turns)-1].User != fmt.Sprint("question ", i) {
			t.Fatalf("turn %d: %d whole turns, want %d", i, len(turns), want)
		}
		if want := max(0, 2*(i-8)); len(history.Earlier) != want {
			t.Fatalf("turn %d: %d earlier texts, want %d: %v", i, len(history.Earlier), want, history.Earlier)
		} else if want > 0 && (history.Earlier[0] != conversation.Said{Role: "user", Text: "question 0"} || history.Earlier[1].Text != "answer 0") {
			t.Fatalf("earlier: %v", history.Earlier)
		}
		finish(t, s, started.Run, after+2, fmt.Sprint("answer ", i))
		after += 4
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	heard, done := make(chan string, 10), make(chan error, 1)
	go func() { done <- s.Listen(ctx, func(thread, by string) { heard <- thread + "/" + by }) }()
	if got := <-heard; got != "/" {
		t.Fatalf("got %q first", got)
	}
	started, _ := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "hello"})
	finish(t, s, started.Run, 2, "hello")
	if got := <-heard; got != started.Run.ThreadID+"/"+worker {
		t.Errorf("got %q", got)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
