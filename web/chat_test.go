package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

// chatModel echoes: "wait" holds the answer until the gate opens, "long" answers many sentences.
type chatModel struct{ gate chan struct{} }

func (m chatModel) Call(context.Context, string, ...llms.CallOption) (string, error) {
	return "", errors.New("not used")
}

func (m chatModel) GenerateContent(ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption) (*llms.ContentResponse, error) {
	var opts llms.CallOptions
	for _, o := range options {
		o(&opts)
	}
	choice := &llms.ContentChoice{StopReason: "stop"}
	last := messages[len(messages)-1]
	if last.Role == llms.ChatMessageTypeTool {
		choice.Content = "You are " + last.Parts[0].(llms.ToolCallResponse).Content + "."
		return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
	}
	text := fmt.Sprint(last.Parts[0])
	switch {
	case strings.Contains(text, "who am I"):
		choice.ToolCalls = []llms.ToolCall{{ID: "1", FunctionCall: &llms.FunctionCall{Name: "whoami", Arguments: "{}"}}}
	case strings.Contains(text, "wait"):
		_ = opts.StreamingFunc(ctx, []byte("One moment. "))
		select {
		case <-m.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		choice.Content = "One moment. Done."
	case strings.Contains(text, "long"):
		choice.Content = strings.Repeat("This is one more sentence of a long answer, and it has some length.\n", 400)
	default:
		choice.Content = "You said: " + text
	}
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
}

type chatServer struct {
	*httptest.Server
	t     *testing.T
	chat  *Chat
	agent *agent.Agent
	gate  chan struct{}
}

// newChatServer serves chat alone. A bearer token is a uid; 0 is refused; tokens of BDs and editors begin with their role.
func newChatServer(t *testing.T, change ...func(*ChatConfig)) *chatServer {
	t.Helper()
	pool := storetest.New(t)
	log := store.NewConversations(pool)
	s := &chatServer{t: t, gate: make(chan struct{})}
	var err error
	s.agent, err = agent.New(agent.Config{
		Log: log, Offline: chatModel{s.gate}, Tools: []tools.Tool{tools.Define("whoami", "Says who.",
			func(_ context.Context, c domain.Caller, _ struct{}) (int64, error) { return c.UID, nil })},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := ChatConfig{Agent: s.agent, Conversations: log, Tickets: store.NewTickets(pool, handoff.Desk{}), Caller: func(r *http.Request) (domain.Caller, error) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		role := domain.RolePartner
		for _, other := range []domain.Role{domain.RoleBD, domain.RoleContent} {
			if rest, is := strings.CutPrefix(token, string(other)); is {
				role, token = other, rest
			}
		}
		uid, err := strconv.ParseInt(token, 10, 64)
		if err != nil {
			return domain.Caller{}, domain.Errorf(domain.CodeForbidden, "", "sign in")
		}
		return domain.Caller{UID: uid, Role: role}, nil
	}}
	for _, c := range change {
		c(&cfg)
	}
	s.chat = NewChat(cfg)
	r := chi.NewRouter()
	s.chat.Register(r)
	s.Server = httptest.NewServer(r)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.agent.Run(ctx) }()
	t.Cleanup(func() {
		s.chat.Close()
		s.Close()
		cancel()
		<-done
	})
	return s
}

// client is one WebSocket.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func (s *chatServer) dial(token string, header ...string) (*client, error) {
	h := http.Header{"Authorization": {"Bearer " + token}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, s.URL+"/v1/chat/ws", &websocket.DialOptions{HTTPHeader: h, Subprotocols: []string{chatProtocol}})
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("status %d: %w", resp.StatusCode, err)
			resp.Body.Close()
		}
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{s.t, conn}, nil
}

func (s *chatServer) connect(uid int64) *client {
	s.t.Helper()
	c, err := s.dial(fmt.Sprint(uid))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (c *client) say(frame string, args ...any) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, frame, args...)); err != nil {
		c.t.Error(err)
	}
}

// hear is the next frame, and its event if it has one.
func (c *client) hear() (f serverFrame, e conversation.Event) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, b, err := c.conn.Read(ctx)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err == nil && f.Event != nil {
		err = json.Unmarshal(f.Event, &e)
	}
	if err != nil {
		f.Type = "broken: " + err.Error()
	}
	return f, e
}

// turn hears a run to its end: its thread, its events, its text.
func (c *client) turn() (thread string, events []conversation.Event, text string) {
	for {
		f, e := c.hear()
		switch {
		case f.Type == "accepted":
			thread = f.ThreadID
			continue
		case f.Type != "event":
			c.t.Errorf("heard %+v %v", f, f.Error)
			return thread, events, text
		}
		events = append(events, e)
		if e.Type == conversation.TextContent {
			text += e.Delta
		}
		if e.Ends() {
			return f.ThreadID, events, text
		}
	}
}

func TestSocketChat(t *testing.T) {
	s := newChatServer(t)
	c := s.connect(1)
	c.say(`{"type":"ping"}`)
	if f, _ := c.hear(); f.Type != "pong" {
		t.Fatalf("heard %+v", f)
	}
	c.say(`{"type":"send","clientId":"a","text":"hello"}`)
	accepted, _ := c.hear()
	if accepted.Type != "accepted" || accepted.ClientID != "a" || accepted.ThreadID == "" || accepted.RunID == "" {
		t.Fatalf("heard %+v", accepted)
	}
	thread, events, text := c.turn()
	if thread != accepted.ThreadID || text != "You said: hello" || events[0].Type != conversation.RunStarted || events[0].RunID != accepted.RunID {
		t.Fatalf("%s %q %+v", thread, text, events)
	}
	c.say(`{"type":"send","clientId":"b","threadId":%q,"text":"","option":"the option"}`, thread)
	_, more, text := c.turn()
	if text != "You said: the option" {
		t.Errorf("text %q", text)
	}
	for i, e := range append(events, more...) {
		if e.Seq != int64(i)+1 {
			t.Errorf("event %d has seq %d", i, e.Seq)
		}
	}
	// The same message again, here and on a new connection: no second turn.
	again := s.connect(1)
	again.say(`{"type":"send","clientId":"a","text":"hello"}`)
	if f, _ := again.hear(); f.RunID != accepted.RunID {
		t.Errorf("heard %+v", f)
	}
	if _, replayed, _ := again.turn(); len(replayed) != len(events) {
		t.Errorf("%d events of the run, %d the first time", len(replayed), len(events))
	}
	// Resuming from the middle.
	third := s.connect(1)
	third.say(`{"type":"resume","threadId":%q,"after":%d}`, thread, len(events)-1)
	if f, e := third.hear(); f.Type != "event" || e.Seq != int64(len(events)) || e.Type != conversation.RunFinished {
		t.Errorf("heard %+v %+v", f, e)
	}
	if _, rest, _ := third.turn(); len(rest) != len(more) {
		t.Errorf("%d events, want %d", len(rest), len(more))
	}
}

func TestSocketGoesTheRunGoesOn(t *testing.T) {
	s := newChatServer(t)
	c := s.connect(1)
	c.say(`{"type":"send","clientId":"a","text":"wait"}`)
	f, _ := c.hear()
	var last int64
	for {
		_, e := c.hear()
		if last = e.Seq; e.Type == conversation.TextContent {
			break
		}
	}
	_ = c.conn.CloseNow()
	close(s.gate)
	back := s.connect(1)
	back.say(`{"type":"resume","threadId":%q,"after":%d}`, f.ThreadID, last)
	_, rest, text := back.turn()
	if rest[0].Seq != last+1 || text != "Done." {
		t.Errorf("after %d: %+v", last, rest)
	}
}

func TestSocketStop(t *testing.T) {
	s := newChatServer(t)
	c := s.connect(1)
	c.say(`{"type":"send","clientId":"a","text":"wait"}`)
	f, _ := c.hear()
	c.say(`{"type":"stop","runId":%q}`, f.RunID)
	_, events, _ := c.turn()
	if last := events[len(events)-2]; last.Name != conversation.Stopped {
		t.Errorf("got %+v", events)
	}
}

func TestSocketErrors(t *testing.T) {
	s := newChatServer(t)
	other := s.connect(2)
	other.say(`{"type":"send","clientId":"x","text":"secret"}`)
	thread, events, _ := other.turn()
	run := events[0].RunID
	c := s.connect(1)
	for frame, want := range map[string]string{
		`nonsense`:                                 "invalid ",
		`{"type":"dance"}`:                         "invalid type",
		`{"type":"send","role":"bd"}`:              "invalid ",
		`{"type":"send","text":7}`:                 "invalid text",
		`{"type":"send","clientId":"a","text":""}`: "invalid text",
		`{"type":"send","text":"a"}`:               "invalid clientId",
		`{"type":"send","clientId":"b","text":"` + strings.Repeat("x", 4001) + `"}`: "too_large text",
		`{"type":"send","clientId":"c","threadId":"x","text":"a"}`:                  "invalid threadId",
		`{"type":"send","clientId":"d","threadId":"` + thread + `","text":"a"}`:     "not_found threadId",
		`{"type":"resume","threadId":"` + thread + `","after":0}`:                   "not_found threadId",
		`{"type":"resume","after":0}`:                                               "invalid threadId",
		`{"type":"resume","threadId":"` + thread + `","after":-1}`:                  "invalid after",
		`{"type":"stop","runId":"` + run + `"}`:                                     "not_found runId",
		`{"type":"stop","runId":"'; DROP TABLE run"}`:                               "not_found runId",
	} {
		c.say("%s", frame)
		f, _ := c.hear()
		if f.Type != "error" || f.Error == nil || string(f.Error.Code)+" "+f.Error.Field != want {
			t.Errorf("%.60s: heard %+v %+v, want %s", frame, f, f.Error, want)
		}
	}
	c.say(`{"type":"send","clientId":"z","text":"still here"}`)
	if _, _, text := c.turn(); text != "You said: still here" {
		t.Errorf("text %q", text)
	}
	c.say(`{"type":"ping","text":"%s"}`, strings.Repeat("x", 70<<10))
	if f, _ := c.hear(); !strings.Contains(f.Type, "StatusMessageTooBig") {
		t.Errorf("a frame of 70 kB: %+v", f)
	}
}

func TestSocketIsRefused(t *testing.T) {
	s := newChatServer(t, func(c *ChatConfig) { c.Sockets = 2; c.Origins = []string{"friend.example"} })
	for name, tt := range map[string]struct {
		token, origin string
		want          string
	}{
		"nobody":         {"", "", "403"},
		"an editor":      {"content7", "", "403"},
		"another site":   {"4", "https://evil.example", "403"},
		"a friend":       {"1", "https://friend.example", ""},
		"the same site":  {"2", s.URL, ""},
		"no browser":     {"3", "", ""},
		"a second":       {"1", "", ""},
		"a third of one": {"", "", "403"},
	} {
		header := []string{}
		if tt.origin != "" {
			header = []string{"Origin", tt.origin}
		}
		_, err := s.dial(tt.token, header...)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.dial("1"); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("a third socket of a caller: %v", err)
	}
}

// TestSocketOfBD has a BD follow tickets, and write in nobody's name.
func TestSocketOfBD(t *testing.T) {
	s := newChatServer(t)
	c, err := s.dial("bd7")
	if err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[string]domain.Code{
		`{"type":"send","clientId":"a","text":"hello"}`:                                 domain.CodeForbidden,
		`{"type":"decide","interruptId":"a","approved":true}`:                           domain.CodeForbidden,
		`{"type":"stop","runId":"00000000-0000-4000-8000-00000000000a"}`:                domain.CodeForbidden,
		`{"type":"resume","threadId":"00000000-0000-4000-8000-00000000000a"}`:           domain.CodeInvalid,
		`{"type":"resume","ticketId":"00000000-0000-4000-8000-00000000000a"}`:           domain.CodeNotFound,
		`{"type":"signal","ticketId":"00000000-0000-4000-8000-00000000000a","seen":1}`:  domain.CodeNotFound,
		`{"type":"signal","ticketId":"00000000-0000-4000-8000-00000000000a","seen":-1}`: domain.CodeInvalid,
	} {
		c.say("%s", frame)
		if f, _ := c.hear(); f.Error == nil || f.Error.Code != want {
			t.Errorf("%s: heard %+v %v, want %s", frame, f, f.Error, want)
		}
	}
}

func TestMessagesPerMinute(t *testing.T) {
	s := newChatServer(t, func(c *ChatConfig) { c.PerMinute = 3 })
	c := s.connect(1)
	for i := range 3 {
		c.say(`{"type":"send","clientId":"%d","text":"hello"}`, i)
		c.turn()
	}
	for range 2 { // on another socket too
		c.say(`{"type":"send","clientId":"4","text":"hello"}`)
		if f, _ := c.hear(); f.Error == nil || f.Error.Code != domain.CodeBusy {
			t.Errorf("heard %+v", f)
		}
		c = s.connect(1)
	}
	other := s.connect(2)
	other.say(`{"type":"send","clientId":"1","text":"hello"}`)
	other.turn()
}

func TestLimiterRefills(t *testing.T) {
	l := limiter[int64]{perMinute: 2}
	now := time.Now()
	for i, want := range []bool{true, true, false, false} {
		if err := l.allow(1, now); (err == nil) != want {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := l.allow(1, now.Add(31*time.Second)); err != nil {
		t.Error(err)
	}
	if err := l.allow(1, now.Add(32*time.Second)); err == nil {
		t.Error("refilled too soon")
	}
	if err := l.allow(2, now.Add(5*time.Minute)); err != nil || len(l.buckets) != 1 {
		t.Errorf("%d buckets kept", len(l.buckets))
	}
}

// A client that does not read: the run ends all the same, other clients see it, and the idle one is cut off by its
// own connection's buffers and deadline alone.
func TestSlowReaderBlocksNobody(t *testing.T) {
	s := newChatServer(t)
	quick := s.connect(1)
	quick.say(`{"type":"send","clientId":"0","text":"hello"}`)
	thread, _, _ := quick.turn()
	var idle []net.Conn
	for range 4 {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(1024)
		fmt.Fprintf(conn, "GET /v1/conversations/%s/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer 1\r\nAccept: text/event-stream\r\n\r\n", thread)
		idle = append(idle, conn)
	}
	deaf := s.connect(1) // asks for everything and never reads
	deaf.say(`{"type":"resume","threadId":%q,"after":0}`, thread)
	for i := range 10 {
		start := time.Now()
		quick.say(`{"type":"send","clientId":"long %d","threadId":%q,"text":"long"}`, i, thread)
		if _, events, text := quick.turn(); len(text) < 20_000 || !events[len(events)-1].Ends() {
			t.Fatalf("%d events, %d bytes", len(events), len(text))
		}
		if took := time.Since(start); took > 8*time.Second {
			t.Fatalf("turn %d took %s", i, took)
		}
	}
	_ = idle
}

func TestSixteenPartnersAtOnce(t *testing.T) {
	s := newChatServer(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			uid := int64(100 + i)
			c, err := s.dial(fmt.Sprint(uid))
			if err != nil {
				t.Error(err)
				return
			}
			thread := ""
			for n := range 4 {
				c.say(`{"type":"send","clientId":"%d","threadId":%q,"text":"who am I"}`, n, thread)
				var events []conversation.Event
				var text string
				thread, events, text = c.turn()
				if want := fmt.Sprintf("You are %d.", uid); text != want {
					t.Errorf("%d was told %q", uid, text)
				}
				for j, e := range events {
					if e.Seq != events[0].Seq+int64(j) {
						t.Errorf("%d: a gap at %d", uid, e.Seq)
					}
				}
			}
		})
	}
	wg.Wait()
}

// reply is a response whose body is closed when the test ends.
type reply struct {
	status int
	header http.Header
	body   io.Reader
}

func (s *chatServer) do(uid int64, method, path, body string, header ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", fmt.Sprint("Bearer ", uid))
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { resp.Body.Close() })
	return reply{resp.StatusCode, resp.Header, resp.Body}
}

func TestConversationsOverREST(t *testing.T) {
	s := newChatServer(t)
	c := s.connect(1)
	c.say(`{"type":"send","clientId":"a","text":"How much commission?"}`)
	thread, events, _ := c.turn()
	read := func(uid int64, method, path, body string) (status int, v map[string]any) {
		resp := s.do(uid, method, path, body)
		_ = json.NewDecoder(resp.body).Decode(&v)
		return resp.status, v
	}
	if status, v := read(1, "GET", "/v1/conversations", ""); status != 200 || len(v["items"].([]any)) != 1 || v["items"].([]any)[0].(map[string]any)["id"] != thread {
		t.Errorf("list: %d %v", status, v)
	}
	if status, v := read(2, "GET", "/v1/conversations", ""); status != 200 || v["items"] == nil || len(v["items"].([]any)) != 0 {
		t.Errorf("another's list: %d %v", status, v)
	}
	if status, v := read(1, "GET", "/v1/conversations/"+thread+"/events?after=1", ""); status != 200 || len(v["items"].([]any)) != len(events)-1 {
		t.Errorf("events: %d %v", status, v)
	}
	if status, _ := read(1, "PATCH", "/v1/conversations/"+thread, `{"title":"November"}`); status != 204 {
		t.Errorf("rename: %d", status)
	}
	if _, v := read(1, "GET", "/v1/conversations?search=novem", ""); len(v["items"].([]any)) != 1 {
		t.Errorf("search: %v", v)
	}
	for _, tt := range []struct {
		uid                int64
		method, path, body string
		want               string
	}{
		{2, "GET", "/v1/conversations/" + thread + "/events", "", "404 threadId"},
		{2, "PATCH", "/v1/conversations/" + thread, `{"title":"mine"}`, "404 threadId"},
		{2, "DELETE", "/v1/conversations/" + thread, "", "404 threadId"},
		{1, "GET", "/v1/conversations/x/events", "", "404 threadId"},
		{1, "GET", "/v1/conversations/" + thread + "/events?after=-1", "", "422 after"},
		{1, "GET", "/v1/conversations?limit=0", "", "422 limit"},
		{1, "GET", "/v1/conversations?cursor=x", "", "422 cursor"},
		{1, "GET", "/v1/conversations?search=%00", "", "422 search"},
		{1, "GET", "/v1/conversations?search=" + strings.Repeat("x", 300), "", "413 search"},
		{1, "PATCH", "/v1/conversations/" + thread, `{"title":""}`, "422 title"},
		{1, "PATCH", "/v1/conversations/" + thread, `{}`, "422 title"},
		{1, "PATCH", "/v1/conversations/" + thread, `{"title":"` + strings.Repeat("x", 5000) + `"}`, "413 <nil>"},
	} {
		status, v := read(tt.uid, tt.method, tt.path, tt.body)
		if got := fmt.Sprint(status, " ", v["field"]); got != tt.want {
			t.Errorf("%s %.80s: %s, want %s", tt.method, tt.path, got, tt.want)
		}
	}
	if status, _ := read(1, "DELETE", "/v1/conversations/"+thread, ""); status != 204 {
		t.Errorf("delete: %d", status)
	}
	if status, _ := read(1, "GET", "/v1/conversations/"+thread+"/events", ""); status != 404 {
		t.Errorf("deleted: %d", status)
	}
}

func TestCloseEndsSocketsAndStreams(t *testing.T) {
	s := newChatServer(t)
	c := s.connect(1)
	c.say(`{"type":"send","clientId":"a","text":"hello"}`)
	thread, _, _ := c.turn()
	stream := s.do(1, "GET", "/v1/conversations/"+thread+"/events?after=100", "", "Accept", "text/event-stream")
	s.chat.Close()
	if f, _ := c.hear(); !strings.Contains(f.Type, "StatusGoingAway") {
		t.Errorf("heard %+v", f)
	}
	if _, err := io.ReadAll(stream.body); err != nil {
		t.Errorf("the stream did not end well: %v", err)
	}
}
