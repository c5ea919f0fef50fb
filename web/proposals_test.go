package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/proposal"
	"partnerhub/domain/referral"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

var caller1 = domain.Partner(1)

// coder is a model that proposes the code whose name it is told.
type coder struct{}

func (coder) Call(context.Context, string, ...llms.CallOption) (string, error) {
	return "", errors.New("not used")
}

func (coder) GenerateContent(_ context.Context, messages []llms.MessageContent, _ ...llms.CallOption) (*llms.ContentResponse, error) {
	choice := &llms.ContentChoice{StopReason: "stop", Content: "Please confirm."}
	if last := messages[len(messages)-1]; last.Role == llms.ChatMessageTypeHuman {
		args := fmt.Sprintf(`{"code":%q,"spotRebateRate":"0.1","futuresRebateRate":"0"}`, last.Parts[0].(llms.TextContent).Text)
		choice = &llms.ContentChoice{StopReason: "tool_calls", ToolCalls: []llms.ToolCall{{ID: "1", FunctionCall: &llms.FunctionCall{Name: "propose_referral_code", Arguments: args}}}}
	}
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
}

// proposalServer is the whole surface with an assistant that proposes codes; 1 and 2 are partners.
func proposalServer(t *testing.T) (string, *store.Store) {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().AddDate(0, 0, -40)
	var lines []store.Line
	for _, uid := range []int64{1, 2} {
		lines = append(lines, store.Line{Event: referral.Event{ID: fmt.Sprint("a", uid), Type: referral.AccountRegistered, At: at, UID: uid, Body: referral.Registration{}}},
			store.Line{Event: referral.Event{ID: fmt.Sprint("b", uid), Type: referral.PartnerEnrolled, At: at, UID: uid, Body: referral.Rates{Enrolled: true, SpotRate: 500_000}}})
	}
	if out, err := s.Ingest(t.Context(), store.Batch{Source: "test", Lines: lines}); err != nil || out.Rejected > 0 {
		t.Fatal(out, err)
	}
	log := store.NewConversations(pool)
	a, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	ag, err := agent.New(agent.Config{Log: log, Proposals: s, Notes: log, Offline: coder{}, Tools: tools.All(tools.Deps{Proposals: s, Now: time.Now, Zone: time.UTC})})
	if err != nil {
		t.Fatal(err)
	}
	chat := NewChat(ChatConfig{Agent: ag, Conversations: log, Caller: a.Caller})
	srv := httptest.NewServer(New(Config{Store: s, Auth: a, Chat: chat, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler)}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = ag.Run(ctx) }()
	t.Cleanup(func() { chat.Close(); srv.Close(); cancel(); <-done })
	return srv.URL, s
}

func bearerOf(t *testing.T, uid string) string {
	return "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"] = uid })
}

// run sends an AG-UI run and returns its events, or the problem.
func run(t *testing.T, url, bearer, body string) (int, []conversation.Event, string) {
	t.Helper()
	status, text := get(t, http.DefaultClient, "POST", url+"/v1/chat/sse", body, "Authorization", bearer, "Content-Type", "application/json")
	var events []conversation.Event
	for line := range strings.SplitSeq(text, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var e conversation.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return status, events, text
}

// TestResume answers interrupts as an AG-UI client does.
func TestResume(t *testing.T) {
	url, s := proposalServer(t)
	one, two := bearerOf(t, "1"), bearerOf(t, "2")
	ask := func(code string) (conversation.Interrupt, string) {
		t.Helper()
		_, events, text := run(t, url, one, fmt.Sprintf(`{"threadId":"00000000-0000-4000-8000-0000000000aa","messages":[{"id":%q,"role":"user","content":%q}]}`, code, code))
		if len(events) == 0 {
			t.Fatal(text)
		}
		last := events[len(events)-1]
		if last.Outcome == nil || len(last.Outcome.Interrupts) != 1 {
			t.Fatalf("no interrupt: %s", text)
		}
		return last.Outcome.Interrupts[0], events[0].ThreadID
	}
	answer := func(i conversation.Interrupt, thread, status, payload string) string {
		return fmt.Sprintf(`{"threadId":%q,"runId":"r","messages":[],"resume":[{"interruptId":%q,"status":%q,"payload":%s}]}`, thread, i.ID, status, payload)
	}
	i, thread := ask("SUMMER")
	var meta struct{ Digest string }
	if err := json.Unmarshal(i.Metadata, &meta); err != nil {
		t.Fatal(err)
	}
	yes := fmt.Sprintf(`{"approved":true,"digest":%q}`, meta.Digest)
	for what, x := range map[string]struct {
		bearer, body string
		status       int
	}{
		"another":        {two, answer(i, thread, "resolved", yes), 404},
		"no digest":      {one, answer(i, thread, "resolved", `{"approved":true}`), 409},
		"other digest":   {one, answer(i, thread, "resolved", `{"approved":true,"digest":"sha256:00"}`), 409},
		"unknown status": {one, answer(i, thread, "approved", yes), 422},
		"bare boolean":   {one, answer(i, thread, "resolved", `true`), 422},
		"two at once":    {one, fmt.Sprintf(`{"threadId":%q,"resume":[{"interruptId":"a","status":"cancelled"},{"interruptId":"b","status":"cancelled"}]}`, thread), 422},
	} {
		if status, _, text := run(t, url, x.bearer, x.body); status != x.status {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	for range 2 { // the second time as a client that lost its connection
		status, events, text := run(t, url, one, answer(i, thread, "resolved", yes))
		if status != 200 || len(events) == 0 || events[0].Type != conversation.RunStarted || events[len(events)-1].Type != conversation.RunFinished || !strings.Contains(text, "The referral code SUMMER is created.") {
			t.Fatalf("%d %s", status, text)
		}
	}
	if status, _, text := run(t, url, one, answer(i, thread, "cancelled", `{}`)); status != 409 {
		t.Errorf("declined after its approval: %d %s", status, text)
	}
	codes, err := s.Codes(t.Context(), caller1)
	if err != nil || len(codes) != 1 {
		t.Fatal(codes, err)
	}
	no, _ := ask("WINTER")
	if _, _, text := run(t, url, one, answer(no, thread, "cancelled", `{}`)); !strings.Contains(text, "You declined this") {
		t.Error(text)
	}
}

// TestProposalsOverREST lists, approves and declines.
func TestProposalsOverREST(t *testing.T) {
	url, _ := proposalServer(t)
	one, two := bearerOf(t, "1"), bearerOf(t, "2")
	call := func(bearer, method, path, body string, status int, holds string) string {
		t.Helper()
		code, got := get(t, http.DefaultClient, method, url+path, body, "Authorization", bearer, "Content-Type", "application/json")
		if code != status || !strings.Contains(got, holds) {
			t.Fatalf("%s %s %s: %d %s, want %d %s", method, path, body, code, got, status, holds)
		}
		return got
	}
	call(one, "GET", "/v1/proposals", "", 200, `{"items":[]}`)
	for _, code := range []string{"SUMMER", "WINTER"} {
		run(t, url, one, fmt.Sprintf(`{"messages":[{"id":%q,"role":"user","content":%q}]}`, code, code))
	}
	var list struct{ Items []proposal.Proposal }
	if err := json.Unmarshal([]byte(call(one, "GET", "/v1/proposals?state=proposed", "", 200, `"title":"Create the referral code WINTER"`)), &list); err != nil || len(list.Items) != 2 {
		t.Fatal(list, err)
	}
	winter, summer := list.Items[0], list.Items[1]
	path := "/v1/proposals/" + winter.ID
	call(two, "GET", "/v1/proposals", "", 200, `{"items":[]}`)
	call(two, "GET", path, "", 404, "not_found")
	call(two, "POST", path+"/approve", `{"digest":"`+winter.Digest+`"}`, 404, "not_found")
	call(one, "POST", path+"/approve", `{"digest":"`+summer.Digest+`"}`, 409, `"field":"digest"`)
	call(one, "POST", path+"/approve", `{}`, 422, `digest`)
	call(one, "GET", path, "", 200, `"state":"proposed"`)
	call(one, "POST", path+"/approve", `{"digest":"`+winter.Digest+`"}`, 200, `"state":"approved"`)
	call(one, "POST", path+"/approve", `{"digest":"`+winter.Digest+`"}`, 409, `"field":"state"`)
	call(one, "POST", "/v1/proposals/"+summer.ID+"/decline", ``, 200, `"state":"declined"`)
	call(one, "POST", "/v1/proposals/"+summer.ID+"/approve", `{"digest":"`+summer.Digest+`"}`, 409, `declined already`)
	call(one, "GET", "/v1/proposals?state=approved", "", 200, `"result":{"code":"WINTER"`)
	operator := "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["role"] = "operator" })
	call(operator, "GET", "/v1/proposals", "", 403, "forbidden")
}

// TestDecideOverWebSocket clicks twice: both are accepted, one executes, and the socket hears of it once.
func TestDecideOverWebSocket(t *testing.T) {
	url, s := proposalServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, url+"/v1/chat/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {bearerOf(t, "1")}}, Subprotocols: []string{chatProtocol}})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		defer resp.Body.Close()
	}
	defer func() { _ = conn.CloseNow() }()
	c := &client{t: t, conn: conn}
	c.say(`{"type":"send","clientId":"a","text":"SUMMER"}`)
	_, events, _ := c.turn()
	last := events[len(events)-1]
	if last.Outcome == nil || len(last.Outcome.Interrupts) != 1 {
		t.Fatalf("no interrupt: %+v", last)
	}
	i := last.Outcome.Interrupts[0]
	var meta struct{ Digest string }
	if err := json.Unmarshal(i.Metadata, &meta); err != nil {
		t.Fatal(err)
	}
	c.say(`{"type":"decide","clientId":"b","interruptId":%q,"approved":true,"digest":"sha256:0"}`, i.ID)
	if f, _ := c.hear(); f.Type != "error" || f.Error.Field != "digest" || f.ClientID != "b" {
		t.Fatalf("%+v", f)
	}
	for _, id := range []string{"c", "d"} {
		c.say(`{"type":"decide","clientId":%q,"interruptId":%q,"approved":true,"digest":%q}`, id, i.ID, meta.Digest)
	}
	accepted, finished, text := 0, 0, ""
	for accepted < 2 || finished < 1 {
		f, e := c.hear()
		switch {
		case f.Type == "accepted":
			accepted++
		case f.Type != "event":
			t.Fatalf("%+v", f)
		case e.Type == conversation.RunFinished:
			finished++
		case e.Type == conversation.TextContent:
			text += e.Delta
		}
	}
	if codes, err := s.Codes(t.Context(), caller1); err != nil || len(codes) != 1 || text != "Done. The referral code SUMMER is created." {
		t.Error(codes, err, text)
	}
}
