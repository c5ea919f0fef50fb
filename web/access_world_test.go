package web

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/evaluation"
	"partnerhub/domain/feedback"
	"partnerhub/domain/handoff"
	"partnerhub/domain/ledger"
	"partnerhub/domain/notice"
	"partnerhub/domain/referral"
	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

// accessWorld is a server over two trees: 1 above 2 above 3, and 5 above 6; and the means to make what a request is about.
type accessWorld struct {
	t       *testing.T
	url     string
	routes  chi.Routes
	store   *store.Store
	talks   *store.Conversations
	tickets *store.Tickets
	header  map[string][2]string // by caller
	log     safeBuffer           // all of the server's, at the level debug
	digest  string               // of the latest proposal
	hook    string               // the latest webhook
	n       int
	sent    []sentRequest // one of each row of the table, as one who may
	pool    *pgxpool.Pool
}

type sentRequest struct{ who, method, path, body string }

// personal is a word in the name of everybody who signs in.
const personal = "zqxpersonal"

// safeBuffer is a buffer that several goroutines write to.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// marker is a word that stands in what is a partner's own.
func marker(who string) string { return "own-of-" + strings.ReplaceAll(who, "-", "") }

func newAccessWorld(t *testing.T) *accessWorld {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	w := &accessWorld{t: t, pool: pool, store: s, talks: store.NewConversations(pool), tickets: store.NewTickets(pool, handoff.Desk{}), header: map[string][2]string{nobody: {"X-Nothing", "x"}}}
	w.ingest()
	w.serve(pool)
	w.fill(pool)
	return w
}

// ingest makes the two trees, and partners of the BD whose tickets the test opens.
func (w *accessWorld) ingest() {
	at := time.Now().AddDate(0, 0, -40)
	var lines []store.Line
	add := func(typ referral.EventType, uid int64, body referral.Body) {
		lines = append(lines, store.Line{No: int64(len(lines)), Event: referral.Event{ID: fmt.Sprint(len(lines)), Type: typ, At: at, UID: uid, Body: body}})
	}
	bd := uidOf[aBD]
	enrolled := referral.Rates{Enrolled: true, SpotRate: 500_000, FuturesRate: 500_000, BDUID: &bd}
	for _, x := range []struct {
		uid          int64
		by, code, of string
	}{{1, "", "ONE", aPartner}, {2, "ONE", "TWO", subPartner}, {3, "TWO", "", ""}, {5, "", "FIVE", stranger}, {6, "FIVE", "", ""}} {
		add(referral.AccountRegistered, x.uid, referral.Registration{ReferralCode: x.by})
		add(referral.PartnerEnrolled, x.uid, enrolled)
		if x.code != "" {
			note := marker(x.of)
			add(referral.ReferralCodeCreated, x.uid, referral.Code{Created: true, Code: x.code, Note: &note})
		}
	}
	for uid := range int64(100) {
		add(referral.PartnerEnrolled, 1000+uid, enrolled)
		add(referral.AccountRegistered, 1000+uid, referral.Registration{})
	}
	if out, err := w.store.Ingest(w.t.Context(), store.Batch{Source: "test", Lines: lines}); err != nil || out.Rejected > 0 {
		w.t.Fatal(out, err)
	}
}

// serve is the server as `partnerhub serve` has it, with an assistant that proposes codes.
func (w *accessWorld) serve(pool *pgxpool.Pool) {
	t, s := w.t, w.store
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret, Audience: "hub"})
	if err != nil {
		t.Fatal(err)
	}
	stored := store.NewLibrary(pool)
	lib := knowledge.New(stored, knowledge.BuiltIn{}, nil, time.UTC)
	all := tools.All(tools.Deps{Programs: s, Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Now: time.Now, Zone: time.UTC})
	log := slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ag, err := agent.New(agent.Config{Log: w.talks, Proposals: s, Notes: w.talks, Offline: coder{}, Tools: all, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	chat := NewChat(ChatConfig{Agent: ag, Conversations: w.talks, Tickets: w.tickets, Caller: auth.Caller, PerMinute: 1000, Logger: log})
	inbox := NewInbox(s, auth.Caller, log)
	handler := New(Config{
		Store: s, Auth: auth, Chat: chat, Inbox: inbox, Tickets: w.tickets, PushKey: "B", Tools: all, Rules: lib, Library: stored, Articles: testArticles,
		Reviews: store.NewReviews(pool), Zone: time.UTC, PerMinute: 100_000, Logger: log,
	})
	w.routes = handler.(chi.Routes)
	srv := httptest.NewServer(handler)
	w.url = srv.URL
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = ag.Run(ctx) }()
	t.Cleanup(func() { chat.Close(); srv.Close(); cancel(); <-done })

	a, err := knowledge.Parse("gift.md", []byte("---\ntitle: Crypto gift\nslug: gift\nkind: rule\n---\n## How do I send a gift?\nOpen the toolbox.\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lib.Publish(t.Context(), domain.Caller{UID: uidOf[editor], Role: domain.RoleContent}, []knowledge.Article{a}, "first", time.Now()); err != nil {
		t.Fatal(err)
	}
	for who, uid := range uidOf {
		w.header[who] = [2]string{"Authorization", "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, says(uid, roleOf[who]))}
	}
	for who, forged := range forgedTokens(t) {
		w.header[who] = [2]string{"Authorization", "Bearer " + forged}
	}
	for _, who := range keys {
		scopes := []string{scopeOfKey[who]}
		if who == revokedKey {
			scopes = slices.Collect(maps.Values(scopeOfKey))
		}
		key, err := s.CreateAPIKey(t.Context(), store.APIKey{Name: who, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		w.header[who] = [2]string{"X-API-Key", key}
	}
	if err := s.RevokeAPIKey(t.Context(), revokedKey); err != nil {
		t.Fatal(err)
	}
}

// says are the claims of a good token.
func says(uid int64, role domain.Role) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) {
		c["sub"], c["role"], c["aud"], c["name"] = fmt.Sprint(uid), role, "hub", "Name "+personal
	}
}

// forgedTokens are tokens of the partner and the operator that nobody may believe.
func forgedTokens(t *testing.T) map[string]string {
	good := says(uidOf[aPartner], domain.RolePartner)
	and := func(name string, v any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { good(c); c[name] = v }
	}
	// The signature is a good one, of other claims.
	partner, operator := token(t, jwt.SigningMethodHS256, testSecret, good), token(t, jwt.SigningMethodHS256, testSecret, says(uidOf[operator], domain.RoleOperator))
	parts := strings.Split(operator, ".")
	parts[2] = partner[strings.LastIndexByte(partner, '.')+1:]
	return map[string]string{
		unsigned:     token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good),
		otherSecret:  token(t, jwt.SigningMethodHS256, []byte("another secret of the same length"), good),
		expired:      token(t, jwt.SigningMethodHS256, testSecret, and("exp", time.Now().Add(-time.Hour).Unix())),
		otherHub:     token(t, jwt.SigningMethodHS256, testSecret, and("aud", "elsewhere")),
		changedToken: strings.Join(parts, "."),
	}
}

// fill gives everybody something of their own in every list.
func (w *accessWorld) fill(pool *pgxpool.Pool) {
	t, ctx := w.t, w.t.Context()
	reviews := store.NewReviews(pool)
	for range 2 {
		if _, err := reviews.KeepEvaluation(ctx, evaluation.Run{StartedAt: time.Now(), EndedAt: time.Now(), Model: "m", Prompts: "p", Repeats: 1, Report: json.RawMessage(`{}`)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range people {
		n := notice.Notice{Owner: uidOf[who], Kind: notice.Settlement, Key: "a", Data: notice.JSON(map[string]string{"day": marker(who), "amount": "1"}), At: time.Now()}
		if err := w.store.Tell(ctx, []notice.Notice{n}); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range partners {
		uid := uidOf[who]
		if _, err := w.store.TopUp(ctx, ledger.Transfer{Key: "k", From: ledger.Account{Owner: uid, Kind: ledger.External}, To: ledger.FundOf(uid), Amount: 100_000 * domain.USDT, Reason: ledger.TopUp, Ref: marker(who), At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		w.talk(uid, marker(who))
		w.must(who, "POST", "/v1/tasks", draftOfTask)
		w.must(who, "POST", "/v1/chat/sse", `{"messages":[{"id":"{new}","role":"user","content":"{marker}"}]}`)
	}
}

// talk is a conversation with one answer: its ids.
func (w *accessWorld) talk(uid int64, question string) (thread, run string) {
	w.t.Helper()
	started, h, err := w.talks.Begin(w.t.Context(), domain.Partner(uid), conversation.Message{ClientID: uuid.NewString(), Text: question}, "00000000-0000-4000-8000-00000000000a", time.Minute, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err = w.talks.Append(w.t.Context(), started.Run, conversation.Entry{
		Events: conversation.Log(started.Run.ID, h.Last, time.Now(), conversation.Event{Type: conversation.TextContent, MessageID: "m", Delta: question}, conversation.Event{Type: conversation.RunFinished}),
		End:    conversation.Finished, Answer: question, Meter: conversation.Meter{Model: "offline", Kind: "answer"},
	}, time.Minute); err != nil {
		w.t.Fatal(err)
	}
	return started.Run.ThreadID, started.Run.ID
}

// ticket is one of a partner whose BD is aBD, after moves of that BD.
func (w *accessWorld) ticket(owner int64, moves ...handoff.Action) string {
	w.t.Helper()
	opened, err := w.tickets.Open(w.t.Context(), domain.Partner(owner), handoff.Request{Category: handoff.Finance, Summary: "not paid", At: time.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range moves {
		if _, err := w.tickets.Move(w.t.Context(), domain.Caller{UID: uidOf[aBD], Role: domain.RoleBD}, opened.ID, store.TicketMove{Action: m, At: time.Now()}); err != nil {
			w.t.Fatal(err)
		}
	}
	return opened.ID
}

// made makes what a {name} in a request stands for, anew each time.
func (w *accessWorld) made(name, who string) string {
	w.t.Helper()
	w.n++
	client := 1000 + int64(w.n%100) // a partner of aBD's
	switch name {
	case "new":
		return fmt.Sprint("new", w.n)
	case "marker":
		return marker(who)
	case "target":
		return map[string]string{aPartner: "2", subPartner: "3", stranger: "6"}[who]
	case "today":
		return time.Now().UTC().Format(time.RFC3339)
	case "nextWeek":
		return time.Now().UTC().AddDate(0, 0, 7).Format(time.RFC3339)
	case "nextMonth":
		return time.Now().UTC().AddDate(0, 0, 30).Format(time.RFC3339)
	case "conversation":
		thread, _ := w.talk(uidOf[aPartner], marker(aPartner))
		return thread
	case "run":
		_, run := w.talk(uidOf[aPartner], marker(aPartner))
		return run
	case "review":
		_, run := w.talk(uidOf[aPartner], marker(aPartner))
		if _, err := w.talks.Vote(w.t.Context(), domain.Partner(uidOf[aPartner]), feedback.Feedback{RunID: run, Vote: feedback.Down}); err != nil {
			w.t.Fatal(err)
		}
		return run
	case "ticket":
		return w.ticket(client)
	case "claimed":
		return w.ticket(client, handoff.Claims)
	case "resolved":
		return w.ticket(client, handoff.Claims, handoff.Resolves)
	case "ticketOfPartner":
		return w.ticket(uidOf[aPartner])
	case "task":
		var made struct{ Task struct{ ID json.Number } }
		w.read(w.must(aPartner, "POST", "/v1/tasks", draftOfTask), &made)
		return made.Task.ID.String()
	case "export": // which the caller may have three of at once
		if err := w.store.SweepExports(w.t.Context(), time.Now().AddDate(0, 0, 2)); err != nil {
			w.t.Fatal(err)
		}
		var made exportJob
		w.read(w.must(aPartner, "POST", "/v1/exports", `{"list":"codes"}`), &made)
		return made.ID
	case "proposal":
		w.must(aPartner, "POST", "/v1/chat/sse", `{"messages":[{"id":"{new}","role":"user","content":"{new}"}]}`)
		var list struct{ Items []struct{ ID, Digest string } }
		w.read(w.must(aPartner, "GET", "/v1/proposals", ""), &list)
		w.digest = list.Items[0].Digest
		return list.Items[0].ID
	case "refused":
		if _, err := w.store.Ingest(w.t.Context(), store.Batch{Source: "test", Lines: []store.Line{{No: 1, Raw: []byte("{}"), Err: domain.Invalid("type", "missing")}}}); err != nil {
			w.t.Fatal(err)
		}
		list, _, err := w.store.RejectedLines(w.t.Context(), nil, "", 1)
		if err != nil {
			w.t.Fatal(err)
		}
		return fmt.Sprint(list[0].ID)
	case "point": // a browser's public key
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			w.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
	case "digest":
		return w.digest
	case "webhook":
		var made webhookSecret
		w.read(w.must(hooksKey, "POST", "/v1/webhooks", `{"url":"https://example.invalid/{new}"}`), &made)
		w.hook = made.ID
		return made.ID
	case "delivery": // to the latest webhook
		if w.hook == "" {
			w.made("webhook", who)
		}
		n := notice.Notice{Owner: uidOf[aPartner], Kind: notice.Settlement, Key: fmt.Sprint(w.n), Data: notice.JSON(map[string]string{"day": "2026-11-20", "amount": "1"}), At: time.Now()}
		if err := w.store.Tell(w.t.Context(), []notice.Notice{n}); err != nil {
			w.t.Fatal(err)
		}
		var list page[struct{ ID string }]
		w.read(w.must(hooksKey, "GET", "/v1/webhooks/"+w.hook+"/deliveries", ""), &list)
		return list.Items[0].ID
	}
	w.t.Fatalf("nothing is called {%s}", name)
	return ""
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z]+\}`)

// fillIn puts what is made in the places of its names.
func (w *accessWorld) fillIn(text, who string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string { return w.made(strings.Trim(name, "{}"), who) })
}

func (w *accessWorld) read(text string, into any) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
}

// must is a request that is part of the preparation.
func (w *accessWorld) must(who, method, path, body string) string {
	w.t.Helper()
	status, answer := w.send(who, method, w.fillIn(path, who), w.fillIn(body, who))
	if status >= 300 {
		w.t.Fatalf("%s %s as %s: %d %s", method, path, who, status, answer)
	}
	return answer
}

func (w *accessWorld) send(who, method, path, body string) (int, string) {
	w.t.Helper()
	h := w.header[who]
	header := []string{h[0], h[1], "Content-Type", "application/json", "Idempotency-Key", uuid.NewString()}
	switch {
	case path == "/mcp":
		header = append(header, "Accept", "application/json, text/event-stream")
	case strings.HasPrefix(path, "/v1/library/uploads"):
		body, header[3] = form(w.t, "payouts.md", articleFront+"## When?\nAt ten.\n")
	}
	return get(w.t, http.DefaultClient, method, w.url+path, body, header...)
}

// probe sends a request as everybody: first as those who are refused, who must change nothing for those after them.
func (w *accessWorld) probe(method string, x access) {
	w.t.Helper()
	path, body := w.fillIn(x.path, x.may[0]), w.fillIn(x.body, x.may[0])
	knownByKey := slices.ContainsFunc(x.may, func(who string) bool { return slices.Contains(keys, who) })
	knownByToken := slices.ContainsFunc(x.may, func(who string) bool { return slices.Contains(people, who) })
	for _, who := range everybody {
		if slices.Contains(x.may, who) {
			continue
		}
		want := http.StatusUnauthorized
		switch {
		case slices.Contains(x.hidden, who):
			want = http.StatusNotFound
		case slices.Contains(x.invalid, who):
			want = http.StatusUnprocessableEntity
		case who == nobody || who == revokedKey || slices.Contains(forgers, who):
		case slices.Contains(keys, who) && knownByKey, slices.Contains(people, who) && knownByToken:
			want = http.StatusForbidden
		}
		if status, answer := w.send(who, method, path, body); status != want {
			w.t.Errorf("%s %s as %s: %d, want %d: %.200s", method, x.path, who, status, want, answer)
		}
	}
	for i, who := range x.may {
		if i > 0 {
			path, body = w.fillIn(x.path, who), w.fillIn(x.body, who)
		}
		status, answer := w.send(who, method, path, body)
		if i == 0 {
			w.sent = append(w.sent, sentRequest{who, method, path, body})
		}
		if status != x.status && (x.status != 0 || status < 200 || status >= 300) {
			w.t.Errorf("%s %s as %s: %d, want to be let in: %.200s", method, x.path, who, status, answer)
		}
		for _, other := range people {
			if holds := strings.Contains(answer, marker(other)); holds && other != who && slices.Contains(partners, who) && !x.shared {
				w.t.Errorf("%s %s as %s: holds what is of the %s: %.300s", method, x.path, who, other, answer)
			} else if !holds && other == who && x.shows {
				w.t.Errorf("%s %s as %s: lacks their own: %.300s", method, x.path, who, answer)
			}
		}
	}
}
