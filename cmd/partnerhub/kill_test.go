package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"partnerhub/agent/modeltest"
)

// server is `partnerhub serve` in a process of its own, which can be killed.
type server struct {
	cmd     *exec.Cmd
	address string
	ended   chan struct{}
}

// startServer runs the program, answered by the model at modelURL, and waits until it serves.
func startServer(t *testing.T, home, modelURL string) *server {
	t.Helper()
	return startServerWith(t, "PARTNERHUB_HOME="+home, "OPENAI_BASE_URL="+modelURL, "OPENAI_API_KEY=none", "PARTNERHUB_MODEL=scripted")
}

// startServerWith is startServer with settings.
func startServerWith(t *testing.T, settings ...string) *server {
	t.Helper()
	s := &server{cmd: exec.Command("partnerhub", "serve", "--dev", "--listen", "127.0.0.1:0"), ended: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), settings...)
	out, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		defer close(s.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "Partner Hub is at http://localhost:"); ok {
				address <- "127.0.0.1:" + at
			}
		}
		_ = s.cmd.Wait() // how it ends is the test's doing
	}()
	t.Cleanup(func() { s.end(os.Interrupt) })
	select {
	case s.address = <-address:
	case <-s.ended:
		t.Fatal("the server ended before it served")
	}
	return s
}

// end sends a signal and waits until the process is gone.
func (s *server) end(signal os.Signal) {
	_ = s.cmd.Process.Signal(signal) // it may be gone already
	<-s.ended
}

// logged is an event of a run as it came over the socket, or from the log.
type logged struct {
	seq  int64
	typ  string
	text string // the whole event
}

// listen sends a frame over a socket of its own and hands on the events that come, until stop says so.
func listen(ctx context.Context, t *testing.T, s *server, frame map[string]any, stop func(logged) bool) (thread string, events []logged) {
	t.Helper()
	cookie, err := signIn(ctx, s.address, 10001)
	if err != nil {
		t.Fatal(err)
	}
	socket, _, err := websocket.Dial(ctx, "ws://"+s.address+"/v1/chat/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}, Subprotocols: []string{"partnerhub.v1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	socket.SetReadLimit(1 << 20)
	data, err := json.Marshal(frame)
	if err != nil {
		t.Fatal(err)
	}
	if err := socket.Write(ctx, websocket.MessageText, data); err != nil {
		t.Fatal(err)
	}
	for {
		_, b, err := socket.Read(ctx)
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		var f struct {
			Type, ThreadID string
			Event          json.RawMessage
		}
		if err := json.Unmarshal(b, &f); err != nil || f.Type == "error" {
			t.Fatalf("%s: %v", b, err)
		}
		thread = f.ThreadID
		if f.Type == "event" {
			e := eventOf(t, f.Event)
			if events = append(events, e); stop(e) {
				return thread, events
			}
		}
	}
}

func eventOf(t *testing.T, raw json.RawMessage) logged {
	t.Helper()
	var e struct {
		Type string
		Seq  int64
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return logged{seq: e.Seq, typ: e.Type, text: string(raw)}
}

// stored are all events of a conversation, as the log has them.
func stored(ctx context.Context, t *testing.T, s *server, thread string) (events []logged) {
	t.Helper()
	cookie, err := signIn(ctx, s.address, 10001)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/v1/conversations/%s/events", s.address, thread), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var page struct{ Items []json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", res.Status, err)
	}
	for _, raw := range page.Items {
		events = append(events, eventOf(t, raw))
	}
	return events
}

// TestRunSurvivesKill kills the server with a signal that it cannot catch, while the model has called a tool and stalls in its answer.
// The server that is started after it finishes the run, and a reader who comes back with the last event seen gets the rest, each event once.
func TestRunSurvivesKill(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after modeltest.Step // the model's answer once the server is back
		calls bool           // the model calls the tool again; else it is gone
	}{
		{"model answers", modeltest.Text("Your commission is on the card."), true},
		{"model stays away", modeltest.Status(http.StatusInternalServerError, "overloaded"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the dead worker's lease to run out
			var killed atomic.Bool
			stalled := make(chan struct{}, 1)
			model := modeltest.New(t, modeltest.Endless(modeltest.Reply(func(r modeltest.Request) modeltest.Step {
				answered := r.Chat.Messages[len(r.Chat.Messages)-1].Role == "tool"
				switch {
				case !answered && (tt.calls || !killed.Load()):
					return modeltest.Calls(modeltest.Call{ID: fmt.Sprintf("call_%t", killed.Load()), Name: "query_metrics", Args: `{"metrics":["commission"],"period":"this_week"}`})
				case killed.Load():
					return tt.after
				}
				stalled <- struct{}{}
				return modeltest.Stream(modeltest.Chunk("Your commission "), modeltest.Stall())
			})))
			home := t.TempDir()
			first := startServer(t, home, model.URL)
			thread, seen := listen(t.Context(), t, first, map[string]any{"type": "send", "clientId": "once", "text": "How much commission did I earn this week?"},
				func(e logged) bool { return e.typ == "TOOL_CALL_RESULT" })
			<-stalled
			killed.Store(true)
			first.end(os.Kill)

			second := startServer(t, home, model.URL)
			last := seen[len(seen)-1].seq
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // longer than a dead worker's lease; a stuck run would never end
			defer cancel()
			_, rest := listen(ctx, t, second, map[string]any{"type": "resume", "threadId": thread, "after": last},
				func(e logged) bool { return e.typ == "RUN_FINISHED" || e.typ == "RUN_ERROR" })
			if end := rest[len(rest)-1]; end.typ != "RUN_FINISHED" {
				t.Errorf("the run ended with %s", end.text)
			}
			if got, want := append(seen, rest...), stored(ctx, t, second, thread); !slices.Equal(got, want) {
				t.Errorf("the reader got %d events of %d:\n%v\nwant\n%v", len(got), len(want), got, want)
			}
			for i, e := range rest {
				if e.seq != last+int64(i)+1 {
					t.Errorf("event %d comes after %d", e.seq, last+int64(i))
				}
			}
			// A message is one turn, however often it is sent, also to the server that came after.
			again, _ := listen(ctx, t, second, map[string]any{"type": "send", "clientId": "once", "text": "How much commission did I earn this week?"},
				func(e logged) bool { return e.typ == "RUN_FINISHED" })
			if again != thread || len(stored(ctx, t, second, thread)) != len(seen)+len(rest) {
				t.Errorf("the message sent again began conversation %s", again)
			}
		})
	}
}
