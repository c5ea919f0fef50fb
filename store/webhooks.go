package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/webhook"
)

// maxEndpoints bounds how many endpoints are told of everything.
const maxEndpoints = 20

// newWebhookSecret is 32 random bytes in the standard's form.
func newWebhookSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails, or ends the program
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}

// CreateWebhook registers an endpoint, which is told of what happens from now on, and returns its secret, which is shown this once.
// The caller has checked the URL. Errors: CodeInvalid on "types"; CodeConflict on "url" for one that is registered, or when there are too many.
func (s *Store) CreateWebhook(ctx context.Context, url string, types []webhook.Type, key string) (e webhook.Endpoint, secret string, err error) {
	if types == nil {
		types = []webhook.Type{}
	}
	for _, t := range types {
		if !slices.Contains(webhook.Types, t) {
			var known []string
			for _, k := range webhook.Types {
				known = append(known, string(k))
			}
			return e, "", domain.Invalid("types", "unknown type %q: want some of %s, or none for all", t, strings.Join(known, ", "))
		}
	}
	secret = newWebhookSecret()
	e = webhook.Endpoint{ID: newID(), URL: url, Types: types, CreatedBy: key}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// Registrations are few: one at a time, so that two do not both take the last place, or the same URL.
		if _, err := tx.Exec(ctx, `LOCK TABLE webhook_endpoint IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		var n int
		var same bool
		if err := tx.QueryRow(ctx, `SELECT count(*), coalesce(bool_or(url = $1), false) FROM webhook_endpoint WHERE disabled_at IS NULL`, url).Scan(&n, &same); err != nil {
			return err
		}
		switch {
		case same:
			return domain.Errorf(domain.CodeConflict, "url", "is registered already")
		case n >= maxEndpoints:
			return domain.Errorf(domain.CodeConflict, "url", "%d endpoints are registered already", n)
		}
		return tx.QueryRow(ctx, `INSERT INTO webhook_endpoint (id, url, types, secrets, created_by) VALUES ($1, $2, $3, ARRAY[$4::text], $5) RETURNING created_at`,
			e.ID, url, types, secret, key).Scan(&e.CreatedAt)
	})
	e.CreatedAt = e.CreatedAt.UTC()
	return e, secret, err
}

// Webhooks lists the endpoints, the latest first; of those that were deleted none.
func (s *Store) Webhooks(ctx context.Context) ([]webhook.Endpoint, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, url, types, created_at, created_by, disabled_at, disabled_why FROM webhook_endpoint WHERE disabled_why <> $1 ORDER BY id DESC LIMIT 200`, webhookDeleted)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e webhook.Endpoint, err error) {
		err = row.Scan(&e.ID, &e.URL, &e.Types, &e.CreatedAt, &e.CreatedBy, &e.DisabledAt, &e.DisabledWhy)
		e.CreatedAt = e.CreatedAt.UTC()
		if e.DisabledAt != nil {
			at := e.DisabledAt.UTC()
			e.DisabledAt = &at
		}
		return e, err
	})
}

const webhookDeleted = "deleted"

// DeleteWebhook ends an endpoint, and what waits for it. CodeNotFound when there is none.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	id, err := parseID("id", id)
	if err != nil {
		return noWebhook()
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		ended, err := disable(ctx, tx, id, webhookDeleted)
		if err != nil || ended {
			return err
		}
		// One that answered 410 goes from the list.
		tag, err := tx.Exec(ctx, `UPDATE webhook_endpoint SET disabled_why = $2 WHERE id = $1 AND disabled_why <> $2`, id, webhookDeleted)
		if err == nil && tag.RowsAffected() == 0 {
			err = noWebhook()
		}
		return err
	})
}

// RotateWebhook gives an endpoint a new secret and returns it. The old one signs beside it for a day. CodeNotFound when there is none.
func (s *Store) RotateWebhook(ctx context.Context, id string) (secret string, err error) {
	if id, err = parseID("id", id); err != nil {
		return "", noWebhook()
	}
	secret = newWebhookSecret()
	tag, err := s.pool.Exec(ctx, `UPDATE webhook_endpoint SET secrets = ARRAY[$2, secrets[1]], rotated_at = now() WHERE id = $1 AND disabled_at IS NULL`, id, secret)
	if err == nil && tag.RowsAffected() == 0 {
		err = noWebhook()
	}
	return secret, err
}

func noWebhook() error { return domain.Errorf(domain.CodeNotFound, "id", "no such endpoint") }
