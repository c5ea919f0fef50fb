package store_test

import (
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/store"
)

// TestKeyRotation: both keys are valid within the overlap, the old one not after it; a revocation ends both; nothing is told of a key's text.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	ctx, now := t.Context(), time.Now()
	valid := func(text string) bool {
		t.Helper()
		_, err := s.APIKey(ctx, text, store.ScopeEvents)
		if err != nil && domain.AsError(err).Code != domain.CodeUnauthenticated {
			t.Fatal(err)
		}
		return err == nil
	}
	expect := func(what string, text string, want bool) {
		t.Helper()
		if valid(text) != want {
			t.Errorf("%s: valid %v", what, !want)
		}
	}
	first, err := s.CreateAPIKey(ctx, store.APIKey{Name: "exchange", Scopes: []string{store.ScopeEvents}, PerMinute: 7})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAPIKey(ctx, store.APIKey{Name: "exchange", Scopes: []string{store.ScopeEvents}}); domain.AsError(err).Code != domain.CodeConflict {
		t.Errorf("the name twice: %v", err)
	}
	second, err := s.RotateAPIKey(ctx, "exchange", time.Hour, nil, now)
	if err != nil || second == first {
		t.Fatal(second, err)
	}
	expect("the old one within the overlap", first, true)
	expect("the new one", second, true)
	if k, err := s.APIKey(ctx, second, store.ScopeEvents); err != nil || k.PerMinute != 7 {
		t.Errorf("%+v %v", k, err)
	}
	if _, err := s.APIKey(ctx, second, store.ScopeLedger); domain.AsError(err).Code != domain.CodeForbidden {
		t.Errorf("a scope that the old one had not: %v", err)
	}
	third, err := s.RotateAPIKey(ctx, "exchange", 0, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	expect("the first one, which has its own overlap", first, true)
	expect("the second one, without an overlap", second, false)
	if _, err := pool.Exec(ctx, `UPDATE api_key SET expires_at = now() - interval '1 second' WHERE expires_at > now()`); err != nil {
		t.Fatal(err)
	}
	expect("the first one after its overlap", first, false)
	expect("the third one", third, true)
	if err := s.RevokeAPIKey(ctx, "exchange"); err != nil {
		t.Fatal(err)
	}
	expect("a revoked one", third, false)
	for what, err := range map[string]error{"revoke": s.RevokeAPIKey(ctx, "exchange"), "rotate": func() error { _, err := s.RotateAPIKey(ctx, "exchange", time.Hour, nil, now); return err }()} {
		if domain.AsError(err).Code != domain.CodeNotFound {
			t.Errorf("%s what is revoked: %v", what, err)
		}
	}
	expired := now.Add(-time.Second)
	old, err := s.CreateAPIKey(ctx, store.APIKey{Name: "exchange", Scopes: []string{store.ScopeEvents}, ExpiresAt: &expired})
	if err != nil {
		t.Fatalf("the name of a revoked key: %v", err)
	}
	expect("an expired one", old, false)
	list, err := s.APIKeys(ctx)
	if err != nil || len(list) != 4 || list[0].LastUsedAt != nil || list[1].LastUsedAt == nil || list[1].RevokedAt == nil || list[2].ReplacedAt == nil || time.Since(*list[1].LastUsedAt) > time.Minute {
		t.Errorf("%+v %v", list, err)
	}
}

// Two who rotate at once get two keys, both valid, and never two current ones of a name.
func TestKeyRotationsAtOnce(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	ctx := t.Context()
	if _, err := s.CreateAPIKey(ctx, store.APIKey{Name: "k", Scopes: []string{store.ScopeEvents}}); err != nil {
		t.Fatal(err)
	}
	var at sync.WaitGroup
	for range 8 {
		at.Go(func() {
			text, err := s.RotateAPIKey(ctx, "k", time.Hour, nil, time.Now())
			if err != nil {
				if domain.AsError(err).Code != domain.CodeNotFound {
					t.Error(err)
				}
				return
			}
			if _, err := s.APIKey(ctx, text, store.ScopeEvents); err != nil {
				t.Error(err)
			}
		})
	}
	at.Wait()
	var current int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM api_key WHERE replaced_at IS NULL`).Scan(&current); err != nil || current != 1 {
		t.Errorf("%d current keys, %v", current, err)
	}
}
