package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"
	"pgregory.net/rapid"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

// follow reads a thread from a sequence number until a run of it ends.
func follow(t *testing.T, a *agent.Agent, thread string, after int64) transcript {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out transcript
	over := errors.New("over")
	err := a.Follow(ctx, ann, thread, after, func(events []conversation.Logged) error {
		for _, l := range events {
			if err := out.add(l); err != nil {
				return err
			}
			if out.events[len(out.events)-1].Ends() {
				return over
			}
		}
		return nil
	})
	if !errors.Is(err, over) {
		t.Fatalf("follow: %v\n%s", err, out)
	}
	return out
}

func (w *world) send(a *agent.Agent, text string) conversation.Started {
	w.t.Helper()
	started, err := a.Send(w.t.Context(), ann, message(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return started
}

func TestResumeGivesExactlyTheRest(t *testing.T) {
	w := newWorld(t, script(calls("query_metrics", week), text("You earned 12.3 USDT. ", "This week, that is. ", "Since Monday. ", "All of it.")))
	thread := w.ask("", "How much?").thread
	w.ask(thread, "And now?")
	all, err := w.log.Events(t.Context(), ann, thread, 0, 1000)
	if err != nil || len(all) < 20 {
		t.Fatalf("%d events, %v", len(all), err)
	}
	replica := w.another(nil)
	rapid.Check(t, func(rt *rapid.T) {
		after := rapid.Int64Range(0, int64(len(all))-1).Draw(rt, "after")
		a := []*agent.Agent{w.agent, replica}[rapid.IntRange(0, 1).Draw(rt, "replica")]
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []conversation.Logged
		err := a.Follow(ctx, ann, thread, after, func(events []conversation.Logged) error {
			if got = append(got, events...); len(got) >= len(all)-int(after) {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || len(got) != len(all)-int(after) {
			rt.Fatalf("after %d: %d events, %v", after, len(got), err)
		}
		for i, e := range got {
			if want := all[int(after)+i]; string(e.JSON) != string(want.JSON) || e.Seq != after+int64(i)+1 {
				rt.Fatalf("after %d: event %d is %s, want %s", after, i, e.JSON, want.JSON)
			}
		}
	})
}

func TestReadersOnAnyReplicaSeeTheRunLive(t *testing.T) {
	gate := make(chan struct{})
	w := newWorld(t, script(calls("query_metrics", week), func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		if err := r.opts.StreamingFunc(ctx, []byte("You earned 12.3 USDT. ")); err != nil {
			return nil, err
		}
		<-gate
		return &llms.ContentChoice{Content: "You earned 12.3 USDT. And so on.", StopReason: "stop"}, nil
	}))
	replica := w.another(nil)
	w.run(replica)
	started := w.send(w.agent, "How much?")
	var wg sync.WaitGroup
	var waiting atomic.Int32
	for _, a := range []*agent.Agent{w.agent, w.agent, replica, replica} {
		wg.Go(func() {
			var out transcript
			err := a.FollowRun(t.Context(), ann, started, func(l conversation.Logged) error {
				if strings.Contains(string(l.JSON), "12.3 USDT. ") && l.Type == conversation.TextContent {
					if waiting.Add(1) == 4 {
						close(gate) // all have seen the first sentence before the second was said
					}
				}
				return out.add(l)
			})
			if err != nil {
				t.Error(err)
			}
			out.check(t)
			if out.answer() != "You earned 12.3 USDT. And so on." {
				t.Errorf("got:\n%s", out)
			}
		})
	}
	wg.Wait()
}

func TestTheSameMessageMakesOneTurn(t *testing.T) {
	w := newWorld(t, nil)
	m := message("How much?")
	var wg sync.WaitGroup
	threads := sync.Map{}
	for range 8 {
		wg.Go(func() {
			started, err := w.agent.Send(context.Background(), ann, m)
			if err != nil {
				t.Error(err)
			}
			threads.Store(started.Run.ThreadID, started)
			if err := w.agent.FollowRun(context.Background(), ann, started, func(conversation.Logged) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	threads.Range(func(any, any) bool { n++; return true })
	if n != 1 || w.tools.queries.Load() != 1 {
		t.Errorf("%d threads, %d queries", n, w.tools.queries.Load())
	}
}

func TestStop(t *testing.T) {
	for name, remote := range map[string]bool{"here": false, "on another replica": true} {
		t.Run(name, func(t *testing.T) {
			shown := make(chan struct{})
			w := newWorld(t, script(calls("query_metrics", week), func(ctx context.Context, r request) (*llms.ContentChoice, error) {
				_ = r.opts.StreamingFunc(ctx, []byte("You earned 12.3 USDT. And besi"))
				close(shown)
				<-ctx.Done()
				return nil, ctx.Err()
			}), func(c *agent.Config) { c.Limits.Lease = 600 * time.Millisecond })
			by := w.agent
			if remote {
				by = w.another(nil)
			}
			started := w.send(w.agent, "How much?")
			<-shown
			if err := by.Stop(t.Context(), bob, started.Run.ID); domain.AsError(err).Code != domain.CodeNotFound {
				t.Fatalf("another partner stops it: %v", err)
			}
			if err := by.Stop(t.Context(), ann, started.Run.ID); err != nil {
				t.Fatal(err)
			}
			got := follow(t, w.agent, started.Run.ThreadID, 0)
			got.check(t)
			if got.answer() != "You earned 12.3 USDT. " || got.custom(conversation.Stopped) != "{}" || got.custom(conversation.Fallback) != "" ||
				!strings.HasSuffix(got.String(), "finished success\n") {
				t.Errorf("got:\n%s", got)
			}
			if err := by.Stop(t.Context(), ann, started.Run.ID); err != nil {
				t.Errorf("stopping what has stopped: %v", err)
			}
			w.ask(started.Run.ThreadID, "hello") // the thread goes on
		})
	}
}

func TestSecondMessageIsRefusedWhileOneIsAnswered(t *testing.T) {
	w := newWorld(t, script(hangs()))
	started := w.send(w.agent, "How much?")
	m := message("And?")
	m.ThreadID = started.Run.ThreadID
	if _, err := w.agent.Send(t.Context(), ann, m); domain.AsError(err).Code != domain.CodeBusy || domain.AsError(err).Field != "threadId" {
		t.Errorf("got %v", err)
	}
	if _, err := w.agent.Send(t.Context(), bob, m); domain.AsError(err).Code != domain.CodeNotFound {
		t.Errorf("another partner: %v", err)
	}
	if err := w.agent.Stop(t.Context(), ann, started.Run.ID); err != nil {
		t.Fatal(err)
	}
	follow(t, w.agent, started.Run.ThreadID, 0)
}

// A worker that shows no sign of life is one whose Run is not running: nothing extends its leases.
func TestDeadWorkersRunIsFinishedByAnother(t *testing.T) {
	const lease = 200 * time.Millisecond
	release := make(chan struct{})
	late := func(text string) answer { // what the dead worker's model still says, much later
		return func(ctx context.Context, r request) (*llms.ContentChoice, error) {
			<-release
			_ = r.opts.StreamingFunc(ctx, []byte(text))
			return &llms.ContentChoice{Content: text, StopReason: "stop"}, nil
		}
	}
	for name, tt := range map[string]struct {
		dying   *scripted
		want    string
		queries int32
	}{
		"before anything": {script(late("You earned 12.3 USDT. ")), "finished success", 1},
		"after results":   {script(calls("query_metrics", week), late("You earned 12.3 USDT. ")), "finished success", 1},
		"after text": {script(calls("query_metrics", week), func(ctx context.Context, r request) (*llms.ContentChoice, error) {
			_ = r.opts.StreamingFunc(ctx, []byte("You earned 12.3 USDT. "))
			return late("And more. ")(ctx, r)
		}), "error internal", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, func(c *agent.Config) { c.Limits.Lease = lease })
			dead := w.another(tt.dying, func(c *agent.Config) { c.Limits.Lease = lease })
			started := w.send(dead, "How much commission this week?")
			got := follow(t, w.agent, started.Run.ThreadID, 0)
			got.check(t)
			if !strings.Contains(got.String(), tt.want) || got.answer() != rendered && !strings.Contains(tt.want, "error") {
				t.Errorf("got:\n%s", got)
			}
			if n := w.tools.queries.Load(); n != tt.queries {
				t.Errorf("%d queries, want %d: results in the log are used again", n, tt.queries)
			}
			// The worker was not dead but slow. What it says now is not heard.
			release <- struct{}{}
			time.Sleep(100 * time.Millisecond)
			all, err := w.log.Events(t.Context(), ann, started.Run.ThreadID, 0, 1000)
			if err != nil || len(all) != len(got.events) {
				t.Errorf("%d events, then %d: %v", len(got.events), len(all), err)
			}
			w.ask(started.Run.ThreadID, "hello")
		})
	}
}

func TestRunThatKillsItsWorkersIsClosed(t *testing.T) {
	const lease = 100 * time.Millisecond
	short := func(c *agent.Config) { c.Limits.Lease = lease }
	w := newWorld(t, nil, short)
	log := w.log
	started, _, err := log.Begin(t.Context(), ann, message("How much?"), "00000000-0000-4000-8000-00000000000a", time.Hour, today) // until the next line, nobody may take it over
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.pool.Exec(t.Context(), "UPDATE run SET attempt = 3, lease_until = now() - interval '1 s'"); err != nil {
		t.Fatal(err)
	}
	got := follow(t, w.agent, started.Run.ThreadID, 0)
	got.check(t)
	if !strings.Contains(got.String(), "interrupted several times") {
		t.Errorf("got:\n%s", got)
	}
}

func TestShutdownHandsRunsOver(t *testing.T) {
	change := func(c *agent.Config) { c.Limits.Drain = 50 * time.Millisecond; c.Limits.Lease = time.Minute }
	w := newWorld(t, nil, func(c *agent.Config) { c.Limits.Lease = 300 * time.Millisecond })
	leaving := w.another(script(hangs()), change)
	stop := w.run(leaving)
	started := w.send(leaving, "How much commission this week?")
	stop()
	if _, err := leaving.Send(t.Context(), ann, message("more")); domain.AsError(err).Code != domain.CodeUnavailable {
		t.Errorf("a worker that has left takes a message: %v", err)
	}
	got := follow(t, w.agent, started.Run.ThreadID, 0) // long before the lease of a minute is over
	got.check(t)
	if got.answer() != rendered {
		t.Errorf("got:\n%s", got)
	}
}

func TestDeletedConversationEndsItsRun(t *testing.T) {
	w := newWorld(t, script(calls("query_metrics", week), hangs()), func(c *agent.Config) { c.Limits.Lease = 200 * time.Millisecond })
	started := w.send(w.agent, "How much?")
	if err := w.log.Delete(t.Context(), ann, started.Run.ThreadID); err != nil {
		t.Fatal(err)
	}
	err := w.agent.Follow(t.Context(), ann, started.Run.ThreadID, 0, func([]conversation.Logged) error { return nil })
	if domain.AsError(err).Code != domain.CodeNotFound {
		t.Errorf("got %v", err)
	}
}

func TestOtherPartnersThread(t *testing.T) {
	w := newWorld(t, nil)
	thread := w.ask("", "How much?").thread
	err := w.agent.Follow(t.Context(), bob, thread, 0, func([]conversation.Logged) error {
		t.Error("another partner reads it")
		return nil
	})
	if domain.AsError(err).Code != domain.CodeNotFound {
		t.Errorf("got %v", err)
	}
}

func TestMessageIsChecked(t *testing.T) {
	w := newWorld(t, nil)
	for name, tt := range map[string]struct {
		m     conversation.Message
		field string
		code  domain.Code
	}{
		"empty":          {conversation.Message{ClientID: "a", Text: " \n"}, "text", domain.CodeInvalid},
		"long":           {conversation.Message{ClientID: "a", Text: strings.Repeat("ä", 4001)}, "text", domain.CodeTooLarge},
		"NUL":            {conversation.Message{ClientID: "a", Text: "a\x00b"}, "text", domain.CodeInvalid},
		"UTF-8":          {conversation.Message{ClientID: "a", Text: "a\xff"}, "text", domain.CodeInvalid},
		"no client id":   {conversation.Message{Text: "a"}, "clientId", domain.CodeInvalid},
		"long client id": {conversation.Message{ClientID: strings.Repeat("x", 101), Text: "a"}, "clientId", domain.CodeTooLarge},
		"bad thread":     {conversation.Message{ClientID: "a", ThreadID: "x", Text: "a"}, "threadId", domain.CodeInvalid},
		"no thread":      {conversation.Message{ClientID: "a", ThreadID: "00000000-0000-4000-8000-000000000000", Text: "a"}, "threadId", domain.CodeNotFound},
	} {
		_, err := w.agent.Send(t.Context(), ann, tt.m)
		if e := domain.AsError(err); e.Field != tt.field || e.Code != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := w.ask("", strings.Repeat("ä", 4000)); got.answer() != rendered {
		t.Errorf("the longest message: %s", got)
	}
}

// brokenLog fails to append for a while.
type brokenLog struct {
	agent.Log
	failures atomic.Int32
}

func (l *brokenLog) Append(ctx context.Context, run conversation.Run, e conversation.Entry, lease time.Duration) (bool, error) {
	if l.failures.Add(-1) >= 0 {
		return false, errors.New("connection reset")
	}
	return l.Log.Append(ctx, run, e, lease)
}

func TestDatabaseThatComesBack(t *testing.T) {
	log := &brokenLog{}
	w := newWorld(t, script(calls("query_metrics", week), text("You earned 12.3 USDT.")), func(c *agent.Config) {
		log.Log, c.Log = c.Log, log
		log.failures.Store(3)
	})
	if got := w.ask("", "How much?"); got.answer() != "You earned 12.3 USDT." {
		t.Errorf("got:\n%s", got)
	}
}

func TestManyPartnersAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			c := domain.Partner(int64(20000 + i))
			thread := ""
			for n := range 3 {
				m := message(fmt.Sprintf("Question %d of %d: how much commission?", n, c.UID))
				m.ThreadID = thread
				var out transcript
				err := w.agent.Ask(context.Background(), c, m, func(l conversation.Logged) error { return out.add(l) })
				if err != nil || out.answer() != rendered {
					t.Errorf("%v: %v\n%s", c, err, out)
					return
				}
				out.check(t)
				thread = out.thread
			}
		})
	}
	wg.Wait()
}
