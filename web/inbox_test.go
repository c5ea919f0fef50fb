package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/notice"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// replica is a server with an inbox of its own, on a database that others may share.
func replica(t *testing.T, pool *pgxpool.Pool, change func(*Config)) (*httptest.Server, *store.Store, *Auth) {
	t.Helper()
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Store: s, Auth: auth, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler), Inbox: NewInbox(s, auth.Caller, slog.New(slog.DiscardHandler))}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { cfg.Inbox.Run(ctx) })
	srv := httptest.NewServer(New(cfg))
	t.Cleanup(func() { cancel(); wg.Wait(); srv.Close() })
	return srv, s, auth
}

func signed(t *testing.T, auth *Auth, c domain.Caller) string {
	t.Helper()
	text, err := auth.sign(c, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func told(owner int64, key string) notice.Notice {
	return notice.Notice{Owner: owner, Kind: notice.Settlement, Key: key, Data: notice.JSON(map[string]string{"day": "2026-11-20", "amount": "12.5"}), At: time.Now()}
}

// TestInbox reads and marks as the owner and as another, and page by page.
func TestInbox(t *testing.T) {
	srv, s, auth := replica(t, storetest.New(t), nil)
	for _, key := range []string{"a", "b", "c"} {
		if err := s.Tell(t.Context(), []notice.Notice{told(1, key), told(2, key)}); err != nil {
			t.Fatal(err)
		}
	}
	one, two, bd := signed(t, auth, domain.Partner(1)), signed(t, auth, domain.Partner(2)), signed(t, auth, domain.Caller{UID: 7, Role: domain.RoleBD})
	list := func(token, query string) (p noticePage) {
		t.Helper()
		status, body := get(t, srv.Client(), "GET", srv.URL+"/v1/notices"+query, "", "Authorization", "Bearer "+token)
		if err := json.Unmarshal([]byte(body), &p); err != nil || status != 200 {
			t.Fatal(status, body, err)
		}
		return p
	}
	first := list(one, "?limit=2")
	if len(first.Items) != 2 || first.NextCursor == "" || first.Unread != 3 {
		t.Fatalf("%+v", first)
	}
	rest := list(one, "?limit=2&cursor="+first.NextCursor)
	if len(rest.Items) != 1 || rest.NextCursor != "" || rest.Items[0].ID >= first.Items[1].ID {
		t.Fatalf("%+v", rest)
	}
	if p := list(bd, ""); p.Items == nil || len(p.Items) != 0 {
		t.Errorf("%+v", p)
	}
	read := func(token, body string, want int, holds string) {
		t.Helper()
		status, got := get(t, srv.Client(), "POST", srv.URL+"/v1/notices/read", body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
		if status != want || !strings.Contains(got, holds) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
	ids, err := json.Marshal(map[string]any{"ids": []string{idText(first.Items[0])}})
	if err != nil {
		t.Fatal(err)
	}
	read(two, string(ids), 200, `"unread":3`) // another's: nothing happens
	read(one, string(ids), 200, `"unread":2`)
	read(one, string(ids), 200, `"unread":2`)
	read(one, `{}`, 422, `"field":"ids"`)
	read(one, `{"ids":["x"]}`, 422, `"field":"ids"`)
	read("", `{"through":"1"}`, 401, `unauthenticated`)
	read(one, `{"through":"`+idText(first.Items[1])+`"}`, 200, `"unread":0`)
	if p := list(two, ""); p.Unread != 3 {
		t.Errorf("another's marks changed this inbox: %+v", p)
	}
}

func idText(n notice.Item) string { return strconv.FormatInt(n.ID, 10) }

// TestInboxPush has a window on one replica and the writes on another: it hears of what is its own, and of what was read elsewhere.
func TestInboxPush(t *testing.T) {
	pool := storetest.New(t)
	here, _, auth := replica(t, pool, nil)
	_, elsewhere, _ := replica(t, pool, nil)
	open := func(header http.Header) (*websocket.Conn, error) {
		conn, res, err := websocket.Dial(t.Context(), here.URL+"/v1/notices/ws", &websocket.DialOptions{HTTPHeader: header})
		if res != nil && res.Body != nil {
			_ = res.Body.Close()
		}
		return conn, err
	}
	if _, err := open(nil); err == nil {
		t.Error("a stranger's window was opened")
	}
	token := signed(t, auth, domain.Partner(1))
	if _, err := open(http.Header{"Cookie": {sessionCookie + "=" + token}, "Origin": {"https://elsewhere.example"}}); err == nil {
		t.Error("another site's page opened a window")
	}
	conn, err := open(http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	next := func() (state inboxState) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := wsjson.Read(ctx, conn, &state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	if s := next(); s.Unread != 0 || s.Latest != nil {
		t.Fatalf("%+v", s)
	}
	if err := elsewhere.Tell(t.Context(), []notice.Notice{told(2, "a")}); err != nil { // nothing of ours
		t.Fatal(err)
	}
	if err := elsewhere.Tell(t.Context(), []notice.Notice{told(1, "a")}); err != nil {
		t.Fatal(err)
	}
	s := next()
	if s.Unread != 1 || s.Latest == nil || s.Latest.Kind != notice.Settlement {
		t.Fatalf("%+v", s)
	}
	if _, err := elsewhere.MarkRead(t.Context(), domain.Partner(1), nil, s.Latest.ID); err != nil {
		t.Fatal(err)
	}
	if s := next(); s.Unread != 0 || !s.Latest.Read {
		t.Fatalf("%+v", s)
	}
}
