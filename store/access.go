package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

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

// APIKey is what is known of a key. Two of a name are valid at once while the one that was rotated has not expired.
type APIKey struct {
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes"`
	PerMinute  int        `json:"perMinute,omitempty"` // requests; 0: the server's limit
	CreatedAt  time.Time  `json:"createdAt"`           // UTC, as all of its times
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
	ReplacedAt *time.Time `json:"replacedAt,omitempty"` // by a rotation
	RevokedAt  *time.Time `json:"revokedAt,omitempty"`
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty"` // to the minute
}

// maxPerMinute bounds a key's own limit of requests.
const maxPerMinute = 1_000_000

// CreateAPIKey makes a key and returns its text, which is not kept. CodeConflict when the name has one that was not revoked, CodeInvalid on the
// field at fault.
func (s *Store) CreateAPIKey(ctx context.Context, k APIKey) (string, error) {
	if k.Name == "" || len(k.Name) > 64 {
		return "", domain.Invalid("name", "want 1 to 64 bytes")
	}
	for _, scope := range k.Scopes {
		if !slices.Contains(scopes, scope) {
			return "", domain.Invalid("scopes", "unknown scope %q: want %s", scope, strings.Join(scopes, " or "))
		}
	}
	if k.PerMinute < 0 || k.PerMinute > maxPerMinute {
		return "", domain.Invalid("per-minute", "want 1 to %d", maxPerMinute)
	}
	text, hash, err := newKey()
	if err != nil {
		return "", err
	}
	tag, err := s.pool.Exec(ctx, `INSERT INTO api_key (hash, name, scopes, per_minute, expires_at) VALUES ($1, $2, $3, nullif($4, 0), $5)
		ON CONFLICT (name) WHERE revoked_at IS NULL AND replaced_at IS NULL DO NOTHING`, hash, k.Name, k.Scopes, k.PerMinute, k.ExpiresAt)
	if err != nil {
		return "", err
	}
	if tag.RowsAffected() == 0 {
		return "", domain.Errorf(domain.CodeConflict, "name", "a key named %s exists", k.Name)
	}
	return text, nil
}

// newKey is a key's text, and the hash by which it is known.
func newKey() (text string, hash []byte, err error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", nil, err
	}
	text = "phk_" + base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(text))
	return text, sum[:], nil
}

// RotateAPIKey makes another key of a name, with the same scopes and limit, and lets the old one expire after the overlap, or earlier where
// it would anyway. It returns the new one's text, which is not kept. CodeNotFound when no key of the name is in use.
func (s *Store) RotateAPIKey(ctx context.Context, name string, overlap time.Duration, expires *time.Time, now time.Time) (text string, err error) {
	text, hash, err := newKey()
	if err != nil {
		return "", err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The condition lets one of two who rotate at once do it: the other finds the key replaced, and rotates the new one.
		var granted []string
		var perMinute *int
		err := tx.QueryRow(ctx, `UPDATE api_key SET replaced_at = $2, expires_at = least(expires_at, $3) WHERE name = $1 AND revoked_at IS NULL AND replaced_at IS NULL
			RETURNING scopes, per_minute`, name, now, now.Add(overlap)).Scan(&granted, &perMinute)
		if errors.Is(err, pgx.ErrNoRows) {
			return domain.Errorf(domain.CodeNotFound, "name", "no valid key is named %s", name)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO api_key (hash, name, scopes, per_minute, expires_at) VALUES ($1, $2, $3, $4, $5)`, hash, name, granted, perMinute, expires)
		return err
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// RevokeAPIKey ends all keys of a name at once. CodeNotFound when it has none that was not revoked.
func (s *Store) RevokeAPIKey(ctx context.Context, name string) error {
	tag, err := s.pool.Exec(ctx, `UPDATE api_key SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL`, name)
	if err == nil && tag.RowsAffected() == 0 {
		err = domain.Errorf(domain.CodeNotFound, "name", "no valid key is named %s", name)
	}
	return err
}

// APIKeys lists all keys by name, the latest of each first.
func (s *Store) APIKeys(ctx context.Context) ([]APIKey, error) {
	rows, err := s.pool.Query(ctx, `SELECT name, scopes, coalesce(per_minute, 0), created_at, expires_at, replaced_at, revoked_at, last_used_at FROM api_key ORDER BY name, created_at DESC`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k APIKey, err error) {
		err = row.Scan(&k.Name, &k.Scopes, &k.PerMinute, &k.CreatedAt, &k.ExpiresAt, &k.ReplacedAt, &k.RevokedAt, &k.LastUsedAt)
		k.CreatedAt = k.CreatedAt.UTC()
		for _, at := range []*time.Time{k.ExpiresAt, k.ReplacedAt, k.RevokedAt, k.LastUsedAt} {
			if at != nil {
				*at = at.UTC()
			}
		}
		return k, err
	})
}

// APIKey finds a valid key by its text, notes that it was used, and checks that it has the scope. The error is CodeUnauthenticated or CodeForbidden.
func (s *Store) APIKey(ctx context.Context, text, scope string) (APIKey, error) {
	hash := sha256.Sum256([]byte(text))
	var k APIKey
	var stale bool
	err := s.pool.QueryRow(ctx, `SELECT name, scopes, coalesce(per_minute, 0), coalesce(last_used_at < now() - interval '1 minute', true)
		FROM api_key WHERE hash = $1 AND revoked_at IS NULL AND coalesce(expires_at > now(), true)`, hash[:]).Scan(&k.Name, &k.Scopes, &k.PerMinute, &stale)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return k, domain.Errorf(domain.CodeUnauthenticated, "", "the API key is not valid")
	case err != nil:
		return k, err
	}
	if stale { // once a minute: a row that every request writes would make them wait for each other
		if _, err := s.pool.Exec(ctx, `UPDATE api_key SET last_used_at = now() WHERE hash = $1 AND coalesce(last_used_at < now() - interval '1 minute', true)`, hash[:]); err != nil {
			return k, err
		}
	}
	if !slices.Contains(k.Scopes, scope) {
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
