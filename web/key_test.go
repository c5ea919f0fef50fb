package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestKeyLimit: a key makes so many requests in a minute, its own number or the server's; what is beyond is told when to come again, and
// lands nothing. Both keys of a rotation share it, another key has its own.
func TestKeyLimit(t *testing.T) {
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{Store: s, Auth: auth, Zone: time.UTC, KeyPerMinute: 2, Logger: slog.New(slog.DiscardHandler)}))
	t.Cleanup(srv.Close)
	key := func(k store.APIKey) string {
		t.Helper()
		k.Scopes = []string{store.ScopeEvents}
		text, err := s.CreateAPIKey(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	send := func(key string, uid int) (int, http.Header, []byte) {
		t.Helper()
		return post(t, srv.URL+"/v1/events", strings.NewReader(registered(uid)), "X-API-Key", key)
	}
	first, other, own := key(store.APIKey{Name: "first"}), key(store.APIKey{Name: "other"}), key(store.APIKey{Name: "own", PerMinute: 3})
	rotated, err := s.RotateAPIKey(t.Context(), "first", time.Hour, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range []string{first, rotated, other, own, own, own} {
		if status, _, body := send(k, i+1); status != http.StatusOK {
			t.Fatalf("request %d: %d %s", i, status, body)
		}
	}
	for _, k := range []string{first, rotated, own} {
		status, h, body := send(k, 99)
		refusedAs(t, status, h, body, http.StatusTooManyRequests, "busy", "", "in a minute")
		if wait, err := strconv.Atoi(h.Get("Retry-After")); err != nil || wait < 10 || wait > 30 {
			t.Errorf("Retry-After %q", h.Get("Retry-After"))
		}
	}
	if status, _, body := send(other, 98); status != http.StatusOK {
		t.Errorf("another key: %d %s", status, body)
	}
	if n := count(t, pool, `SELECT count(*) FROM event WHERE uid = 99`); n != 0 {
		t.Error("a refused request landed something")
	}
}
