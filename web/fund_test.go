package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"log/slog"

	"partnerhub/domain"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestFund tops up by API key, once for each reference, and reads the account as its partner and as another.
func TestFund(t *testing.T) {
	ctx := context.Background()
	s, err := store.Open(ctx, storetest.New(t), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := NewAuth(ctx, AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{Store: s, Auth: auth, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler)}))
	t.Cleanup(srv.Close)
	keys := map[string]string{}
	for _, scope := range []string{store.ScopeEvents, store.ScopeLedger} {
		if keys[scope], err = s.CreateAPIKey(ctx, store.APIKey{Name: scope, Scopes: []string{scope}}); err != nil {
			t.Fatal(err)
		}
	}
	tokens := map[int64]string{}
	for _, uid := range []int64{1, 2} {
		if tokens[uid], err = auth.sign(domain.Partner(uid), "", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		method, path, token, body string
		status                    int
		holds                     string
	}{
		{"POST", "/v1/fund/top-ups", keys[store.ScopeLedger], `{"uid":1,"amount":"12.5","reference":"a"}`, 200, `"credited":true`},
		{"POST", "/v1/fund/top-ups", keys[store.ScopeLedger], `{"uid":1,"amount":"12.5","reference":"a"}`, 200, `"credited":false`},
		{"POST", "/v1/fund/top-ups", keys[store.ScopeLedger], `{"uid":1,"amount":"13","reference":"a"}`, 409, `"field":"key"`},
		{"POST", "/v1/fund/top-ups", keys[store.ScopeLedger], `{"uid":1,"amount":"0","reference":"b"}`, 422, `"field":"amount"`},
		{"POST", "/v1/fund/top-ups", keys[store.ScopeLedger], `{"uid":1,"amount":"-1","reference":"b"}`, 422, `"field":"amount"`},
		{"POST", "/v1/fund/top-ups", keys[store.ScopeEvents], `{"uid":1,"amount":"1","reference":"b"}`, 403, `"code":"forbidden"`},
		{"POST", "/v1/fund/top-ups", tokens[1], `{"uid":1,"amount":"1","reference":"b"}`, 401, `"code":"unauthenticated"`},
		{"GET", "/v1/fund", tokens[1], "", 200, `"balance":"12.5"`},
		{"GET", "/v1/fund", tokens[2], "", 200, `"balance":"0"`},
		{"GET", "/v1/fund", "", "", 401, `"code":"unauthenticated"`},
		{"GET", "/v1/fund/entries", tokens[1], "", 200, `"amount":"12.5","reason":"top_up","ref":"a"`},
		{"GET", "/v1/fund/entries", tokens[2], "", 200, `"items":[]`},
		{"GET", "/v1/fund/entries?cursor=x", tokens[1], "", 422, `"field":"cursor"`},
	} {
		req, err := http.NewRequestWithContext(ctx, tt.method, srv.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tt.token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || !strings.Contains(string(b), tt.holds) {
			t.Errorf("%s %s %s: %d %s, want %d %s", tt.method, tt.path, tt.body, resp.StatusCode, b, tt.status, tt.holds)
		}
	}
}
