package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// feedbackServer serves the surface over conversations that the test writes itself.
type feedbackServer struct {
	*httptest.Server
	t             *testing.T
	conversations *store.Conversations
	pool          *pgxpool.Pool
	folder        string // of case files
}

func newFeedbackServer(t *testing.T) *feedbackServer {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	conversations, folder := store.NewConversations(pool), t.TempDir()
	ag, err := agent.New(agent.Config{Log: conversations, Offline: chatModel{}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{
		Store: s, Auth: a, Reviews: store.NewReviews(pool), CaseFolder: folder, Chat: NewChat(ChatConfig{Agent: ag, Conversations: conversations, Caller: a.Caller}), Zone: time.UTC, Logger: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(srv.Close)
	return &feedbackServer{srv, t, conversations, pool, folder}
}

// answered is a finished run of a partner's.
func (s *feedbackServer) answered(uid int64, question, text string) conversation.Run {
	s.t.Helper()
	const worker = "00000000-0000-4000-8000-00000000000a"
	started, h, err := s.conversations.Begin(s.t.Context(), domain.Partner(uid), conversation.Message{ClientID: question, Text: question}, worker, time.Minute, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.conversations.Append(s.t.Context(), started.Run, conversation.Entry{
		Events: conversation.Log(started.Run.ID, h.Last, time.Now(), conversation.Event{Type: conversation.TextContent, MessageID: "m", Delta: text}, conversation.Event{Type: conversation.RunFinished}),
		End:    conversation.Finished, Answer: text, Meter: conversation.Meter{Model: "offline", Kind: "answer"},
	}, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	return started.Run
}

// call makes a request as somebody, and decodes the answer into out.
func (s *feedbackServer) call(uid int64, role domain.Role, method, path string, body, out any) int {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token(s.t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"], c["role"] = fmt.Sprint(uid), string(role) }))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if out != nil && len(raw) > 0 && resp.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			s.t.Fatalf("%s: %v", raw, err)
		}
	}
	return resp.StatusCode
}

func TestVotesOverHTTP(t *testing.T) {
	s := newFeedbackServer(t)
	run := s.answered(1, "How much?", "12 USDT.")
	votes := func(uid int64) (items []vote) {
		t.Helper()
		var p page[vote]
		if got := s.call(uid, domain.RolePartner, "GET", "/v1/feedback?threadId="+run.ThreadID, nil, &p); got != http.StatusOK {
			t.Errorf("votes: %d", got)
		}
		return p.Items
	}
	down := vote{RunID: run.ID, Vote: "down", Reasons: []string{"wrong_figure"}, Text: "13"}
	for what, c := range map[string]struct {
		uid  int64
		role domain.Role
		body any
		want int
	}{
		"another's":      {2, domain.RolePartner, down, http.StatusNotFound},
		"an operator's":  {1, domain.RoleOperator, down, http.StatusForbidden},
		"sideways":       {1, domain.RolePartner, vote{RunID: run.ID, Vote: "sideways"}, http.StatusUnprocessableEntity},
		"unknown reason": {1, domain.RolePartner, vote{RunID: run.ID, Vote: "up", Reasons: []string{"x"}}, http.StatusUnprocessableEntity},
		"with an owner":  {1, domain.RolePartner, map[string]any{"runId": run.ID, "vote": "up", "uid": 2}, http.StatusUnprocessableEntity},
	} {
		if got := s.call(c.uid, c.role, "PUT", "/v1/feedback", c.body, nil); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
	if v := votes(1); len(v) != 0 {
		t.Errorf("%+v", v)
	}
	if got := s.call(1, domain.RolePartner, "PUT", "/v1/feedback", down, nil); got != http.StatusOK {
		t.Fatalf("a vote: %d", got)
	}
	if v := votes(1); len(v) != 1 || v[0].Vote != "down" || v[0].Text != "13" {
		t.Errorf("%+v", v)
	}
	if v := votes(2); len(v) != 0 {
		t.Errorf("another sees %+v", v)
	}
	if got := s.call(1, domain.RolePartner, "DELETE", "/v1/feedback?runId="+run.ID, nil, nil); got != http.StatusNoContent {
		t.Errorf("taking it back: %d", got)
	}
	if v := votes(1); len(v) != 0 {
		t.Errorf("%+v", v)
	}
}

func TestReviewsOverHTTP(t *testing.T) {
	s := newFeedbackServer(t)
	runs := []conversation.Run{s.answered(1, "How much?", "12 USDT."), s.answered(1, "And today?", "3 USDT."), s.answered(2, "Hello", "Hi.")}
	for _, r := range runs {
		if got := s.call(r.Owner.UID, domain.RolePartner, "PUT", "/v1/feedback", vote{RunID: r.ID, Vote: "down"}, nil); got != http.StatusOK {
			t.Fatalf("a vote: %d", got)
		}
	}
	list := func(query string) (p reviewPage) {
		t.Helper()
		if got := s.call(9, domain.RoleContent, "GET", "/v1/reviews?"+query, nil, &p); got != http.StatusOK {
			t.Fatalf("%s: %d", query, got)
		}
		return p
	}
	first := list("limit=2")
	if len(first.Items) != 2 || first.Items[0].ID != runs[2].ID || len(first.Topics) != 1 || first.Topics[0] != (store.Topic{Topic: "answer", Count: 3}) {
		t.Fatalf("%+v", first)
	}
	if rest := list("limit=2&cursor=" + first.NextCursor); len(rest.Items) != 1 || rest.Items[0].Snapshot.Question != "How much?" || rest.NextCursor != "" {
		t.Errorf("%+v", rest)
	}
	if other := list("topic=query_metrics"); len(other.Items) != 0 {
		t.Errorf("%+v", other)
	}
	// An editor sees them among the gaps.
	gaps, err := store.NewLibrary(s.pool).OpenGaps(t.Context(), 10)
	if err != nil || len(gaps) != 3 || gaps[0].Question != "Hello" {
		t.Errorf("%+v %v", gaps, err)
	}
	act := func(role domain.Role, path string, body any, want int) (made madeCase) {
		t.Helper()
		if got := s.call(9, role, "POST", "/v1/reviews/"+path, body, &made); got != want {
			t.Errorf("%s of %s: %d, want %d", path, role, got, want)
		}
		return made
	}
	act(domain.RolePartner, runs[0].ID+"/case", struct{}{}, http.StatusForbidden)
	act(domain.RoleContent, runs[0].ID+"/case", struct{}{}, http.StatusForbidden)
	act(domain.RoleOperator, runs[0].ThreadID+"/case", struct{}{}, http.StatusNotFound)
	act(domain.RoleOperator, runs[0].ID+"/case", map[string]string{"expect": "clal x"}, http.StatusUnprocessableEntity)
	made := act(domain.RoleOperator, runs[0].ID+"/case", struct{}{}, http.StatusOK)
	written, err := os.ReadFile(filepath.Join(s.folder, made.Name+".txtar"))
	if err != nil || string(written) != made.File || made.Name != "review-"+runs[0].ID {
		t.Errorf("%+v %v", made, err)
	}
	if cased := list("state=case"); len(cased.Items) != 1 || cased.Items[0].Case != made.Name {
		t.Errorf("%+v", cased)
	}
	act(domain.RoleOperator, runs[0].ID+"/dismiss", struct{}{}, http.StatusConflict)
	act(domain.RoleOperator, runs[1].ID+"/dismiss", struct{}{}, http.StatusNoContent)
	if left := list(""); len(left.Items) != 1 {
		t.Errorf("%+v", left)
	}
	// Given again, it is to be looked at again.
	s.call(1, domain.RolePartner, "PUT", "/v1/feedback", vote{RunID: runs[1].ID, Vote: "down", Text: "still"}, nil)
	if left := list(""); len(left.Items) != 2 {
		t.Errorf("%+v", left)
	}
}

func TestFiguresOverHTTP(t *testing.T) {
	s := newFeedbackServer(t)
	up, down := s.answered(1, "a", "b"), s.answered(2, "c", "d")
	s.answered(3, "e", "f")
	for run, v := range map[string]struct {
		uid  int64
		vote vote
	}{up.ID: {1, vote{RunID: up.ID, Vote: "up"}}, down.ID: {2, vote{RunID: down.ID, Vote: "down"}}} {
		if got := s.call(v.uid, domain.RolePartner, "PUT", "/v1/feedback", v.vote, nil); got != http.StatusOK {
			t.Fatalf("%s: %d", run, got)
		}
	}
	var f figures
	if got := s.call(9, domain.RoleOperator, "GET", "/v1/operator/figures?period=last_7_days", nil, &f); got != http.StatusOK {
		t.Fatal(got)
	}
	if f.Answers != 3 || f.Up != 1 || f.Down != 1 || *f.Helpfulness != 0.5 || f.Conversations != 3 || f.Resolved != 1 || f.Unresolved != 1 || f.Unknown != 1 ||
		*f.Resolution != 0.5 || f.Handoffs != 0 || f.LatencyP50 == nil || f.CostPerResolved == nil || len(f.Days) != 7 || f.Days[6].Answers != 3 {
		t.Errorf("%+v", f)
	}
	for query, want := range map[string]int{"period=this_year": http.StatusUnprocessableEntity, "period=someday": http.StatusUnprocessableEntity, "period=2026-01-01..2026-01-03": http.StatusOK} {
		if got := s.call(9, domain.RoleOperator, "GET", "/v1/operator/figures?"+query, nil, nil); got != want {
			t.Errorf("%s: %d", query, got)
		}
	}
	for _, path := range []string{"figures", "evaluations", "evaluations/1", "evaluations/1/compare?with=2"} {
		if got := s.call(1, domain.RolePartner, "GET", "/v1/operator/"+path, nil, nil); got != http.StatusForbidden {
			t.Errorf("a partner reads %s: %d", path, got)
		}
	}
	if got := s.call(9, domain.RoleOperator, "GET", "/v1/operator/evaluations/1", nil, nil); got != http.StatusNotFound {
		t.Error(got)
	}
}
