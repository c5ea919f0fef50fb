package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// note adds one text of a person to a thread, waiting for the answer that is written.
func note(s *store.Conversations, thread, text string) error {
	return store.WhenFree(context.Background(), 10*time.Second, func() error {
		_, err := s.Note(context.Background(), ann, thread, store.SayEvents("n-"+text, "Minh", text)...)
		return err
	})
}

// readLog returns a thread's whole log, and fails where its sequence numbers have a gap or its runs overlap.
func readLog(t *testing.T, s *store.Conversations, thread string) []conversation.Logged {
	t.Helper()
	log, err := s.Events(t.Context(), ann, thread, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	open := ""
	for i, l := range log {
		if l.Seq != int64(i+1) {
			t.Fatalf("event %d has the number %d", i+1, l.Seq)
		}
		switch {
		case l.Type == conversation.RunStarted && open == "":
			open = l.Run
		case l.Run != open:
			t.Fatalf("event %d is of run %s within run %q", l.Seq, l.Run, open)
		case l.Type == conversation.RunFinished:
			open = ""
		}
	}
	return log
}

func TestNote(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	started, _ := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "hello"})
	thread := started.Run.ThreadID
	if _, err := s.Note(t.Context(), ann, thread, store.SayEvents("m", "", "too early")...); code(err) != domain.CodeBusy {
		t.Fatalf("beside a run: %v", err)
	}
	finish(t, s, started.Run, 2, "hello")

	first, err := s.NoteOnce(t.Context(), ann, thread, "ticket-1", store.SayEvents("m1", "Minh", "I look into it.")...)
	if err != nil || first.After != 4 || first.Duplicate {
		t.Fatalf("%+v %v", first, err)
	}
	again, err := s.NoteOnce(t.Context(), ann, thread, "ticket-1", store.SayEvents("m1", "Minh", "I look into it.")...)
	if err != nil || !again.Duplicate || again.Run.ID != first.Run.ID || again.After != 4 {
		t.Fatalf("the same key again: %+v %v", again, err)
	}
	log := readLog(t, s, thread)
	types := ""
	for _, l := range log[4:] {
		types += l.Type + " "
	}
	if types != "RUN_STARTED TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END RUN_FINISHED " {
		t.Fatalf("got %s", types)
	}
	// The next run's history has it, and a search finds it.
	_, history := begin(t, s, ann, conversation.Message{ClientID: "b", ThreadID: thread, Text: "thanks"})
	turns, err := conversation.Replay(history.Log)
	if err != nil || len(turns) != 3 || turns[1].User != "" || turns[1].Text() != "Minh: I look into it." {
		t.Fatalf("%+v %v", turns, err)
	}
	if list, _, err := s.List(t.Context(), ann, "look into", "", 10); err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	// Nobody writes into another's thread, nor into one that is not there.
	for _, id := range []string{thread, "x", worker} {
		if _, err := s.Note(t.Context(), bob, id, store.SayEvents("m", "", "hi")...); code(err) != domain.CodeNotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Notes, messages and their answers at the same time: nothing is lost, doubled or interleaved.
func TestNotesBesideRuns(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	opening, _ := begin(t, s, ann, conversation.Message{ClientID: "0", Text: "hello"})
	finish(t, s, opening.Run, 2, "hello")
	thread := opening.Run.ThreadID
	const each = 8
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := range each {
				if err := note(s, thread, fmt.Sprint(w, "-", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range each {
			err := store.WhenFree(context.Background(), 10*time.Second, func() error {
				m := conversation.Message{ClientID: fmt.Sprint("c", i), ThreadID: thread, Text: "again"}
				started, history, err := s.Begin(context.Background(), ann, m, worker, lease, time.Now())
				if err != nil {
					return err
				}
				_, err = s.Append(context.Background(), started.Run, conversation.Entry{
					Events: conversation.Log(started.Run.ID, history.Last, time.Now(), say("yes"), conversation.Event{Type: conversation.RunFinished}),
					End:    conversation.Finished, Answer: "yes",
				}, lease)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	runs := map[string]bool{}
	for _, l := range readLog(t, s, thread) {
		runs[l.Run] = true
	}
	if want := 1 + 4*each; len(runs) != want {
		t.Errorf("%d runs, want %d", len(runs), want)
	}
}

func TestNotesAreHeard(t *testing.T) {
	t.Parallel()
	s := store.NewConversations(storetest.New(t))
	started, _ := begin(t, s, ann, conversation.Message{ClientID: "a", Text: "hello"})
	finish(t, s, started.Run, 2, "hello")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	heard := make(chan string, 10)
	go func() { _ = s.Listen(ctx, func(thread, by string) { heard <- thread + "/" + by }) }()
	<-heard
	if err := note(s, started.Run.ThreadID, "hi"); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-heard:
		if got != started.Run.ThreadID+"/00000000-0000-0000-0000-000000000000" {
			t.Errorf("got %q", got)
		}
	case <-ctx.Done():
		t.Error("nobody was woken")
	}
}
