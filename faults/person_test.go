package faults_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
)

const (
	askTask   = "Create a futures trading task for 10101 from tomorrow to next Friday, 50k gets 30 USDT"
	askPerson = "My commission of yesterday never arrived"
)

var questions = []string{"How much commission did I earn this week?", "hello", "top 5 referees this week", "How much commission did I earn this week?", "thank you"}

// person is a partner at the chat, with a client as the web app's: it sends a message until it was accepted, follows the answer from the last
// event seen, and connects again wherever a replica answers.
type person struct {
	w        *world
	n        int
	uid      int64
	standard bool // speaks AG-UI over server-sent events, else over a WebSocket
	rng      *rand.Rand

	thread  string
	cursor  int64
	events  []seen           // of the thread
	current string           // the run whose events come
	ends    map[string]ended // of the thread, by run
	report  talk
}

type seen struct {
	seq int64
	typ string
}

// talk is how a person's messages fared.
type talk struct {
	sent, answered, told int // ended by RUN_FINISHED, and by RUN_ERROR, which says what went wrong
	approved             int
	reconnects           int
	longest              time.Duration
	all                  []time.Duration
}

// ended is how a run ended, and what it waits for.
type ended struct {
	how      string
	proposal interrupt
}

// message is one that a person sends.
type message struct {
	id, text string
	accepted bool
	run      string
	last     int64 // event seen, of a standard client
	end      string
	proposal interrupt
}

type interrupt struct {
	ID       string
	Metadata struct{ Digest string }
}

type frame struct {
	Type, ThreadID, RunID, ClientID string
	Event                           json.RawMessage
	Error                           *struct{ Code, Field, Message string }
}

type event struct {
	Type, RunID, Name, Delta string
	Seq                      int64
	Outcome                  struct {
		Type       string
		Interrupts []interrupt
	}
}

func (w *world) newPerson(n int, uid int64) *person {
	return &person{w: w, n: n, uid: uid, standard: n%3 == 2, ends: map[string]ended{}, rng: rand.New(rand.NewPCG(w.seed, 200+uint64(n)))}
}

// run talks until ctx ends, and then waits for the answer under way.
func (p *person) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		text := questions[p.rng.IntN(len(questions))]
		switch {
		case p.uid == partnerUID && p.report.approved < 40 && p.rng.IntN(4) == 0:
			text = askTask
		case p.rng.IntN(25) == 0:
			text = askPerson
		case p.rng.IntN(12) == 0 || p.standard:
			p.thread, p.cursor, p.events, p.ends = "", 0, nil, map[string]ended{} // a new conversation
		}
		m := &message{id: fmt.Sprintf("%d-%d", p.n, n), text: text}
		begun := time.Now()
		p.current = ""
		p.report.sent++
		for m.end == "" && p.w.patient() {
			if p.standard {
				p.postOnce(m)
			} else {
				p.connectOnce(m)
			}
			if m.end == "" {
				p.report.reconnects++
				time.Sleep(time.Duration(100+p.rng.IntN(300)) * time.Millisecond)
			}
		}
		took := time.Since(begun)
		p.report.longest = max(p.report.longest, took)
		p.report.all = append(p.report.all, took)
		switch m.end {
		case "RUN_FINISHED":
			p.report.answered++
		case "RUN_ERROR":
			p.report.told++
		default:
			p.w.wrong("partner %d heard no end of %q (%s, accepted %t, thread %s, run %s) in %s: %v", p.uid, m.text, m.id, m.accepted, p.thread, m.run, took.Round(time.Second), p.events)
			return
		}
		p.w.asked(p.uid, m.id)
		if m.proposal.ID != "" {
			p.approve(m.proposal)
		}
		time.Sleep(time.Duration(1000+p.rng.IntN(2500)) * time.Millisecond)
	}
}

// silence is how long nothing may come before a client connects again.
const silence = 12 * time.Second

// connectOnce is one connection: it ends with the message's end, or sooner.
func (p *person) connectOnce(m *message) {
	at := p.w.pick(p.rng)
	if at == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dialling, undial := context.WithTimeout(ctx, 5*time.Second)
	defer undial()
	socket, res, err := websocket.Dial(dialling, "ws://"+at+"/v1/chat/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + p.w.token(p.uid, "partner")}}, Subprotocols: []string{"partnerhub.v1"},
	})
	if err != nil {
		return
	}
	if res.Body != nil {
		res.Body.Close()
	}
	defer socket.CloseNow()
	socket.SetReadLimit(1 << 20)
	say := func(f map[string]any) bool {
		b, err := json.Marshal(f)
		return err == nil && socket.Write(ctx, websocket.MessageText, b) == nil
	}
	if p.thread != "" && !say(map[string]any{"type": "resume", "threadId": p.thread, "after": p.cursor}) {
		return
	}
	if !m.accepted && !say(map[string]any{"type": "send", "clientId": m.id, "threadId": p.thread, "text": m.text}) {
		return
	}
	for m.end == "" && p.w.patient() {
		reading, stop := context.WithTimeout(ctx, silence)
		_, b, err := socket.Read(reading)
		stop()
		if err != nil {
			return
		}
		var f frame
		if err := json.Unmarshal(b, &f); err != nil {
			p.w.wrong("a frame that is no JSON: %s", b)
			return
		}
		switch f.Type {
		case "accepted":
			m.accepted, m.run, p.thread = true, f.RunID, f.ThreadID
		case "event":
			p.hear(f.Event, 0)
		case "error":
			if f.Error.Code == "not_found" && m.accepted {
				p.w.wrong("partner %d: the message %s was accepted, and is gone: %s", p.uid, m.id, b)
				m.end = "LOST"
			}
			return // it says what is wrong; the client tries again
		}
		if end, over := p.ends[m.run]; over { // of other runs, notes may come between
			m.end, m.proposal = end.how, end.proposal
		}
	}
}

// postOnce is connectOnce for a client of AG-UI.
func (p *person) postOnce(m *message) {
	at := p.w.pick(p.rng)
	if at == "" {
		return
	}
	if p.thread == "" {
		p.thread = uuid.NewString()
	}
	body, err := json.Marshal(map[string]any{"threadId": p.thread, "messages": []map[string]string{{"id": m.id, "role": "user", "content": m.text}}})
	if err != nil {
		p.w.wrong("%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at+"/v1/chat/sse", strings.NewReader(string(body)))
	if err != nil {
		p.w.wrong("%v", err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+p.w.token(p.uid, "partner"))
	req.Header.Set("Content-Type", "application/json")
	if m.last > 0 {
		req.Header.Set("Last-Event-ID", strconv.FormatInt(m.last, 10))
	}
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusConflict {
			p.w.wrong("partner %d: %s", p.uid, res.Status)
			m.end = "REFUSED"
		}
		return
	}
	id := int64(0)
	for lines := bufio.NewScanner(res.Body); m.end == "" && lines.Scan(); {
		quiet.Reset(silence)
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id, _ = strconv.ParseInt(text, 10, 64)
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if id <= m.last {
				p.w.wrong("partner %d: event %d after %d", p.uid, id, m.last)
			}
			m.last, m.accepted = id, true
			p.hear(json.RawMessage(data), id)
			if end, over := p.ends[p.current]; over { // a standard client hears of its run alone
				m.end, m.proposal = end.how, end.proposal
			}
		}
	}
}

// hear takes an event in. A WebSocket's (id 0) come one after the other, none missing, none twice.
func (p *person) hear(raw json.RawMessage, id int64) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		p.w.wrong("an event that is no JSON: %s", raw)
		return
	}
	if strings.Contains(e.Delta, "918") && strings.Contains(e.Delta, "273") {
		p.w.wrong("a figure that nobody returned was shown: %s", raw)
	}
	if id == 0 {
		if e.Seq != p.cursor+1 {
			p.w.wrong("partner %d, %s: event %d after %d", p.uid, p.thread, e.Seq, p.cursor)
		}
		p.cursor = e.Seq
		p.events = append(p.events, seen{e.Seq, e.Type})
		p.w.heard(p.uid, p.thread, p.events)
	}
	switch e.Type {
	case "RUN_STARTED":
		p.current = e.RunID
	case "RUN_FINISHED":
		end := ended{how: e.Type}
		if e.Outcome.Type == "interrupt" {
			end.proposal = e.Outcome.Interrupts[0]
		}
		p.ends[e.RunID] = end
	case "RUN_ERROR": // names no run
		p.ends[p.current] = ended{how: e.Type}
	}
}

// approve approves a proposal until it is known to be approved, and now and then once more.
func (p *person) approve(i interrupt) {
	path := "/v1/proposals/" + i.ID
	again := p.rng.IntN(2)
	for p.w.patient() {
		status, body, err := p.w.call(p.rng, http.MethodPost, path+"/approve", p.w.token(p.uid, "partner"), "", map[string]string{"digest": i.Metadata.Digest})
		var known struct{ State string }
		switch {
		case err != nil || status >= 500 || status == http.StatusTooManyRequests:
			time.Sleep(200 * time.Millisecond)
			continue
		case status == http.StatusOK:
		case status == http.StatusConflict: // decided on already: by the request whose answer was lost
			if status, body, err = p.w.call(p.rng, http.MethodGet, path, p.w.token(p.uid, "partner"), "", nil); err != nil || status != http.StatusOK {
				continue
			}
		default:
			p.w.wrong("approving: %d %s", status, body)
			return
		}
		if err := json.Unmarshal(body, &known); err != nil || known.State != "approved" && known.State != "declined" {
			p.w.wrong("a proposal that was decided on: %s, %v", body, err)
			return
		}
		if known.State == "declined" { // a newer one stands for it
			return
		}
		if again--; again < 0 {
			p.report.approved++
			p.w.approvedOne(i.ID)
			return
		}
	}
	p.w.wrong("an approval was never answered")
}

// remembered is what people know, for the comparison at the end.
type remembered struct {
	mu       sync.Mutex
	asked    map[string]int64  // messages that have ended: client id, by whom
	heard    map[string][]seen // by thread
	of       map[string]int64  // whose thread
	approved []string
}

func (w *world) asked(uid int64, id string) {
	w.known.mu.Lock()
	defer w.known.mu.Unlock()
	w.known.asked[id] = uid
}

func (w *world) heard(uid int64, thread string, events []seen) {
	w.known.mu.Lock()
	defer w.known.mu.Unlock()
	w.known.heard[thread], w.known.of[thread] = events, uid
}

func (w *world) approvedOne(id string) {
	w.known.mu.Lock()
	defer w.known.mu.Unlock()
	w.known.approved = append(w.known.approved, id)
}

// call makes a request of the REST API at some replica.
func (w *world) call(rng *rand.Rand, method, path, token, idempotency string, body any) (status int, answer []byte, err error) {
	at := w.pick(rng)
	if at == "" {
		return 0, nil, errors.New("no replica serves")
	}
	return w.request(method, "http://"+at+path, token, idempotency, body)
}
