package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// Scopes that an API key may have.
const (
	ScopeEvents   = "events"   // POST /v1/events
	ScopeLedger   = "ledger"   // POST /v1/fund/top-ups
	ScopeWebhooks = "webhooks" // /v1/webhooks
)

var scopes = []string{ScopeEvents, ScopeLedger, ScopeWebhooks}

// APIKey is what is known of a key.
type APIKey struct {
	Name   string
	Scopes []string
}

// CreateAPIKey makes a key and returns its text, which is not kept. CodeConflict when the name is taken.
func (s *Store) CreateAPIKey(ctx context.Context, k APIKey) (string, error) {
	if k.Name == "" || len(k.Name) > 64 {
		return "", domain.Invalid("name", "want 1 to 64 bytes")
	}
	for _, scope := range k.Scopes {
		if !slices.Contains(scopes, scope) {
			return "", domain.Invalid("scopes", "unknown scope %q: want %s", scope, strings.Join(scopes, " or "))
		}
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", err
	}
	text := "phk_" + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(text))
	tag, err := s.pool.Exec(ctx, `INSERT INTO api_key (hash, name, scopes) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, hash[:], k.Name, k.Scopes)
	if err != nil {
		return "", err
	}
	if tag.RowsAffected() == 0 {
		return "", domain.Errorf(domain.CodeConflict, "name", "a key named %s exists", k.Name)
	}
	return text, nil
}

// RevokeAPIKey ends a key. CodeNotFound when no valid key has the name.
func (s *Store) RevokeAPIKey(ctx context.Context, name string) error {
	tag, err := s.pool.Exec(ctx, `UPDATE api_key SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL`, name)
	if err == nil && tag.RowsAffected() == 0 {
		err = domain.Errorf(domain.CodeNotFound, "name", "no valid key is named %s", name)
	}
	return err
}

// APIKey finds a valid key by its text and checks that it has the scope. The error is CodeForbidden.
func (s *Store) APIKey(ctx context.Context, text, scope string) (APIKey, error) {
	hash := sha256.Sum256([]byte(text))
	var k APIKey
	err := s.pool.QueryRow(ctx, `SELECT name, scopes FROM api_key WHERE hash = $1 AND revoked_at IS NULL`, hash[:]).Scan(&k.Name, &k.Scopes)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return k, domain.Errorf(domain.CodeUnauthenticated, "", "the API key is not valid")
	case err != nil:
		return k, err
	case !slices.Contains(k.Scopes, scope):
		return k, domain.Errorf(domain.CodeForbidden, "", "the API key %s lacks the scope %q", k.Name, scope)
	}
	return k, nil
}

// Secret is a random secret of the deployment, made when it is first asked for: all replicas share it.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	var text string
	err := s.pool.QueryRow(ctx, `
		WITH new AS (INSERT INTO setting (name, value) VALUES ('secret:' || $1, $2) ON CONFLICT DO NOTHING RETURNING value)
		SELECT value FROM new UNION ALL SELECT value FROM setting WHERE name = 'secret:' || $1 LIMIT 1`, name, base64.StdEncoding.EncodeToString(secret)).Scan(&text)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}

// Empty reports whether nothing was ever ingested.
func (s *Store) Empty(ctx context.Context) (empty bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM event)`).Scan(&empty)
	return empty, err
}
