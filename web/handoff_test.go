package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestHandoff goes through a ticket's life over REST, as its partner, two BDs and an operator.
func TestHandoff(t *testing.T) {
	pool := storetest.New(t)
	chats, tickets := store.NewConversations(pool), store.NewTickets(pool, handoff.Desk{Support: "https://support.example.com"})
	a, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{
		Auth: a, Chat: NewChat(ChatConfig{Conversations: chats, Tickets: tickets, Caller: a.Caller}), Tickets: tickets,
		Zone: time.UTC, Logger: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(srv.Close)
	as := func(uid, role, name string) func(method, path, body string, status int, holds string) string {
		bearer := "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"], c["role"], c["name"] = uid, role, name })
		return func(method, path, body string, status int, holds string) string {
			t.Helper()
			code, got := get(t, http.DefaultClient, method, srv.URL+path, body, "Authorization", bearer, "Content-Type", "application/json")
			if code != status || !strings.Contains(got, holds) {
				t.Fatalf("%s %s %s by %s: %d %s, want %d %s", method, path, body, name, code, got, status, holds)
			}
			return got
		}
	}
	ann, ada, ben, op := as("1", "partner", ""), as("70", "bd", "Ada"), as("71", "bd", "Ben"), as("90", "operator", "Olga")

	opened, err := tickets.Open(t.Context(), domain.Partner(1), handoff.Request{Category: handoff.Finance, Summary: "not paid", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	id, thread := opened.ID, opened.Thread
	path := "/v1/tickets/" + id
	ann("GET", "/v1/handoff", "", 200, `"supportUrl":"https://support.example.com"`)
	ann("GET", "/v1/tickets", "", 403, "forbidden")
	ann("GET", path, "", 403, "forbidden")
	ann("GET", path+"/events", "", 403, "forbidden")
	ben("GET", "/v1/tickets", "", 200, `"sla":"on_time"`)
	ada("GET", "/v1/tickets?state=open,reopened&mine=false", "", 200, id)
	ada("GET", "/v1/tickets?mine=true", "", 200, `{"items":[]}`)
	ada("POST", path+"/reply", `{"text":"hi"}`, 409, "claim the ticket first")
	ada("POST", path+"/claim", `{}`, 200, `"state":"claimed"`)
	ben("GET", path, "", 404, "no such ticket")
	ben("POST", path+"/claim", `{}`, 404, "no such ticket")
	ada("POST", path+"/reply", `{"text":"  "}`, 422, `"field":"text"`)
	ada("POST", path+"/reply", `{"text":"I look into it.","clientId":"1"}`, 200, `"repliedAt"`)
	ada("POST", path+"/reply", `{"text":"I look into it.","clientId":"1"}`, 200, `"repliedAt"`)
	ada("POST", path+"/note", `{"text":"looks right"}`, 200, "")
	ada("POST", path+"/waiting", `{}`, 200, `"state":"waiting"`)
	if _, _, err := chats.Begin(t.Context(), domain.Partner(1), conversation.Message{ClientID: "m", ThreadID: thread, Text: "it was Monday"}, "00000000-0000-4000-8000-00000000000a", time.Minute, time.Now()); err != nil {
		t.Fatal(err)
	}
	ann("GET", "/v1/handoff", "", 200, `"state":"claimed"`)
	log := ann("GET", "/v1/conversations/"+thread+"/events", "", 200, `"delta":"I look into it."`)
	if strings.Count(log, "I look into it.") != 1 || strings.Contains(log, "looks right") {
		t.Errorf("the partner's log: %s", log)
	}
	if got := ada("GET", path+"/events", "", 200, "it was Monday"); got != log {
		t.Errorf("the BD's log differs: %s", got)
	}
	ada("POST", path+"/reassign", `{"bd":12345}`, 422, `"field":"bd"`)
	ada("GET", "/v1/desk", "", 200, `"name":"Ben"`)
	ada("POST", path+"/reassign", `{"bd":71}`, 200, `"bdName":"Ben"`)
	ada("GET", path+"/events", "", 404, "no such ticket")
	op("POST", path+"/resolve", `{"text":"Paid now."}`, 200, `"state":"resolved"`)
	if _, _, err := chats.Begin(t.Context(), domain.Partner(1), conversation.Message{ClientID: "n", ThreadID: thread, Text: "something private"}, "00000000-0000-4000-8000-00000000000a", time.Minute, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := ben("GET", path+"/events", "", 200, "Paid now."); strings.Contains(got, "private") {
		t.Errorf("after the end the BD reads on: %s", got)
	}
	var detail struct {
		Events   []handoff.Event
		Snapshot handoff.Snapshot
	}
	if err := json.Unmarshal([]byte(ben("GET", path, "", 200, "looks right")), &detail); err != nil || len(detail.Events) != 7 {
		t.Errorf("%d events, %v", len(detail.Events), err)
	}
	ann("POST", "/v1/handoff/"+id+"/cancel", "", 409, "the ticket is resolved")
	// What the partner is told waits for the answer that is being written; here nobody writes it.
	if _, err := pool.Exec(t.Context(), `UPDATE run SET state = 'finished' WHERE state = 'running'`); err != nil {
		t.Fatal(err)
	}
	ben("POST", path+"/reopen", `{}`, 200, `"state":"reopened"`)
	ann("POST", "/v1/handoff/"+id+"/cancel", "", 200, `"state":"cancelled"`)
}
