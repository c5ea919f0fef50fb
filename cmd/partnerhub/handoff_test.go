package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"partnerhub/store/storetest"
)

// replica is a server in a process of its own.
type replica struct {
	cmd     *exec.Cmd
	address string
}

// startReplica runs `partnerhub serve --dev` over a database that others share.
func startReplica(t *testing.T, database string) *replica {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "--dev", "--listen", "127.0.0.1:0", "--database-url", database, "--office-hours", "always")
	cmd.Args[0] = "partnerhub" // as which the test binary is the program
	cmd.Env = append(os.Environ(), "PARTNERHUB_HOME="+t.TempDir())
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &replica{cmd: cmd}
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "Partner Hub is at http://localhost:"); ok {
				address <- "127.0.0.1:" + at
			}
		}
		close(address)
	}()
	t.Cleanup(r.kill)
	var ok bool
	if r.address, ok = <-address; !ok {
		t.Fatal("a replica did not start")
	}
	return r
}

func (r *replica) kill() {
	_ = r.cmd.Process.Kill() // SIGKILL
	_ = r.cmd.Wait()
}

// person is somebody at the chat: a partner or a BD, with a window that follows one conversation, at whichever replica is up.
type person struct {
	t      *testing.T
	uid    int64
	role   string
	name   string // of the field that names the conversation: threadId or ticketId
	client http.Client

	mu      sync.Mutex
	changed *sync.Cond
	at      *replica
	cookie  *http.Cookie
	socket  *websocket.Conn
	id      string // of the conversation or the ticket
	cursor  int64
	events  []chatEvent
	signals []chatSignal
	taken   map[string]bool // client ids that were accepted
	wrong   []string
}

type chatEvent struct {
	Type, Delta, Name string
	Seq               int64
	Value             json.RawMessage
}

type chatSignal struct {
	From   string
	Typing bool
	Seen   int64
}

func newPerson(t *testing.T, uid int64, role string) *person {
	p := &person{t: t, uid: uid, role: role, name: "threadId", taken: map[string]bool{}, client: http.Client{Timeout: 30 * time.Second}}
	if role == "bd" {
		p.name = "ticketId"
	}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// join opens the window at a replica, and goes on there after the last event that it has.
func (p *person) join(at *replica) {
	p.t.Helper()
	p.at = at
	body := fmt.Sprintf(`{"uid":%d,"role":%q}`, p.uid, p.role)
	res, err := p.client.Post("http://"+at.address+"/v1/dev/session", "application/json", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	if len(res.Cookies()) != 1 {
		p.t.Fatalf("sign-in: %s", res.Status)
	}
	p.cookie = res.Cookies()[0]
	socket, res, err := websocket.Dial(p.t.Context(), "ws://"+at.address+"/v1/chat/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {p.cookie.Name + "=" + p.cookie.Value}}, Subprotocols: []string{"partnerhub.v1"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if res.Body != nil {
		res.Body.Close()
	}
	socket.SetReadLimit(1 << 20)
	p.t.Cleanup(func() { _ = socket.CloseNow() })
	p.mu.Lock()
	p.socket = socket
	p.mu.Unlock()
	go p.read(socket)
	if p.id != "" {
		p.follow(p.id)
	}
}

// follow asks for what comes after the last event.
func (p *person) follow(id string) {
	p.mu.Lock()
	p.id = id
	after := p.cursor
	p.mu.Unlock()
	p.say(map[string]any{"type": "resume", p.name: id, "after": after})
}

// say sends a frame, if the connection still stands.
func (p *person) say(frame map[string]any) {
	b, err := json.Marshal(frame)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = p.socket.Write(p.t.Context(), websocket.MessageText, b)
}

func (p *person) read(socket *websocket.Conn) {
	for {
		_, b, err := socket.Read(p.t.Context())
		if err != nil {
			return
		}
		var f struct {
			Type, ThreadID, ClientID string
			Event                    chatEvent
			Signal                   chatSignal
		}
		err = json.Unmarshal(b, &f)
		p.mu.Lock()
		switch {
		case err != nil, f.Type == "error":
			p.wrong = append(p.wrong, string(b))
		case f.Type == "accepted":
			p.taken[f.ClientID] = true
			if p.role == "partner" && p.id == "" { // it stays: others read it without mu
				p.id = f.ThreadID
			}
		case f.Type == "signal":
			p.signals = append(p.signals, f.Signal)
		case f.Type == "event":
			if f.Event.Seq != p.cursor+1 {
				p.wrong = append(p.wrong, fmt.Sprintf("event %d after %d", f.Event.Seq, p.cursor))
			}
			p.cursor = f.Event.Seq
			p.events = append(p.events, f.Event)
		}
		p.changed.Broadcast()
		p.mu.Unlock()
	}
}

// reached is the last event that came.
func (p *person) reached() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cursor
}

// await waits until something has been heard.
func (p *person) await(what string, heard func() bool) {
	p.t.Helper()
	stuck := false
	timer := time.AfterFunc(time.Minute, func() { p.mu.Lock(); stuck = true; p.changed.Broadcast(); p.mu.Unlock() })
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !heard() {
		if stuck {
			p.t.Fatalf("%s %d waits for %s; heard %d events, %q", p.role, p.uid, what, len(p.events), p.wrong)
		}
		p.changed.Wait()
	}
}

// hasEvent reports whether a custom event of this name holds a text. The caller holds mu, as await's heard does.
func (p *person) hasEvent(name, text string) bool {
	return slices.ContainsFunc(p.events, func(e chatEvent) bool { return e.Name == name && strings.Contains(string(e.Value), text) })
}

// asks says something as a partner, and waits until the answer has ended.
func (p *person) asks(text string) (run string) {
	p.t.Helper()
	p.say(map[string]any{"type": "send", "clientId": text, "threadId": p.id, "text": text})
	p.await("the answer to "+text, func() bool {
		return p.taken[text] && p.hasEvent("user_message", text) && p.events[len(p.events)-1].Type == "RUN_FINISHED"
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		var said struct{ MessageID, Text string }
		if e.Name == "user_message" && json.Unmarshal(e.Value, &said) == nil && said.Text == text {
			run = strings.TrimSuffix(said.MessageID, "-user")
		}
	}
	return run
}

// call makes a request at the replica that the person is at; ok is false when it did not answer.
func (p *person) call(method, path string, body any) (answer map[string]any, ok bool) {
	p.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.at.address+path, bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(p.cookie)
	req.Header.Set("Origin", "http://"+p.at.address) // a cookie counts from the own pages alone
	res, err := p.client.Do(req)
	if err != nil {
		return nil, false
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, false
	}
	if res.StatusCode >= 300 {
		p.t.Fatalf("%s %s: %s %s", method, path, res.Status, raw)
	}
	_ = json.Unmarshal(raw, &answer)
	return answer, true
}

// said are the texts of the partner, or of the BD, that reached this person.
func (p *person) said(role string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := ""
	for _, e := range p.events {
		var said struct{ Text string }
		switch {
		case e.Type == "TEXT_MESSAGE_START":
			from = e.Name
		case e.Type == "TEXT_MESSAGE_CONTENT" && role == "bd" && from != "":
			texts = append(texts, e.Delta)
		case e.Name == "user_message" && role == "partner" && json.Unmarshal(e.Value, &said) == nil:
			texts = append(texts, said.Text)
		}
	}
	return texts
}

// TestHandoffOverReplicas has a partner and a BD talk over two replicas that are killed one after the other. What each of them
// says arrives once and in order on both sides, and nobody but the two says anything.
func TestHandoffOverReplicas(t *testing.T) {
	database := storetest.URL(t)
	first, second := startReplica(t, database), startReplica(t, database)
	ann, ada := newPerson(t, 10001, "partner"), newPerson(t, 70001, "bd")
	ann.join(first)
	ada.join(second)

	// Two thumbs down: a person is offered, and "yes" calls one.
	for _, question := range []string{"hello", "thank you"} {
		run := ann.asks(question)
		ann.call("PUT", "/v1/feedback", map[string]any{"runId": run, "vote": "down"})
	}
	ann.await("the offer", func() bool { return ann.hasEvent("question", "person") })
	ann.asks("yes")
	ann.await("the handover", func() bool { return ann.hasEvent("handoff", `"unanswered"`) })

	queue, _ := ada.call("GET", "/v1/tickets", nil)
	ticket := queue["items"].([]any)[0].(map[string]any)["id"].(string)
	ada.call("POST", "/v1/tickets/"+ticket+"/claim", map[string]any{})
	ada.follow(ticket)
	ann.await("the claim", func() bool { return ann.hasEvent("handoff", `"claimed"`) })

	// Typing and seen pass from replica to replica, and what was seen is kept.
	seen := ann.reached() // more may come: the end of the run that told of the claim
	ada.await("the conversation", func() bool { return ada.cursor >= seen })
	ada.say(map[string]any{"type": "signal", "ticketId": ticket, "typing": true})
	ann.await("typing", func() bool { return slices.Contains(ann.signals, chatSignal{From: "bd", Typing: true}) })
	ann.say(map[string]any{"type": "signal", "threadId": ann.id, "seen": seen, "delivered": seen})
	ada.await("seen", func() bool { return slices.Contains(ada.signals, chatSignal{From: "partner", Seen: seen}) })
	if kept, _ := ada.call("GET", "/v1/tickets/"+ticket, nil); kept["partnerSeen"] != float64(seen) {
		t.Errorf("kept as seen: %v, want %d", kept["partnerSeen"], seen)
	}

	// They talk; the partner's replica is killed, one comes back, and then the BD's is.
	const texts = 18
	var wantAnn, wantAda []string
	for i := range texts {
		mine, yours := fmt.Sprintf("partner says %d", i), fmt.Sprintf("BD says %d", i)
		wantAnn, wantAda = append(wantAnn, mine), append(wantAda, yours)
		ann.say(map[string]any{"type": "send", "clientId": mine, "threadId": ann.id, "text": mine})
		switch i {
		case texts / 3:
			first.kill()
			ann.join(second)
			first = startReplica(t, database)
		case 2 * texts / 3:
			second.kill()
			ann.join(first)
			ada.join(first)
		}
		// What was not accepted on a connection that broke is sent again under its id.
		ann.mu.Lock()
		taken := ann.taken[mine]
		ann.mu.Unlock()
		if !taken {
			ann.say(map[string]any{"type": "send", "clientId": mine, "threadId": ann.id, "text": mine})
		}
		ann.await(mine, func() bool { return ann.taken[mine] })
		if _, ok := ada.call("POST", "/v1/tickets/"+ticket+"/reply", map[string]any{"text": yours, "clientId": yours}); !ok {
			t.Fatal("a replica that is up did not answer")
		}
	}
	ada.call("POST", "/v1/tickets/"+ticket+"/resolve", map[string]any{})
	for _, p := range []*person{ann, ada} {
		p.await("the end", func() bool {
			return p.hasEvent("handoff", `"resolved"`) && p.events[len(p.events)-1].Type == "RUN_FINISHED"
		})
		if len(p.wrong) > 0 {
			t.Errorf("%s: %q", p.role, p.wrong)
		}
		if got := p.said("partner"); !slices.Equal(got[3:], wantAnn) {
			t.Errorf("the %s has of the partner: %q", p.role, got)
		}
		if got := p.said("bd"); !slices.Equal(got, wantAda) {
			t.Errorf("the %s has of the BD: %q", p.role, got)
		}
	}
	if !slices.EqualFunc(ann.events, ada.events, func(a, b chatEvent) bool {
		return a.Seq == b.Seq && a.Type == b.Type && bytes.Equal(a.Value, b.Value) && a.Delta == b.Delta
	}) {
		t.Error("the two sides hold different logs")
	}
	// The assistant is back, and knows what was said.
	ann.asks("hello again")
}
