package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// maxSubscriptions is how many browsers of one person get pushes: beyond it, the oldest goes.
const maxSubscriptions = 10

// Subscribe has notices of the caller's pushed to a browser, which the caller has checked, and returns the subscription's id. A browser has one
// person at a time: whoever subscribed there before gets no more pushes to it.
func (s *Store) Subscribe(ctx context.Context, c domain.Caller, endpoint, p256dh, auth string) (id string, err error) {
	if _, err := s.pool.Exec(ctx, `DELETE FROM push_subscription WHERE endpoint = $1 AND owner <> $2`, endpoint, c.UID); err != nil {
		return "", err
	}
	err = s.asWriter(ctx, c, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`DELETE FROM push_subscription WHERE owner = $1 AND endpoint = $2`, c.UID, endpoint)
		b.Queue(`DELETE FROM push_subscription WHERE owner = $1 AND id IN (SELECT id FROM push_subscription WHERE owner = $1 ORDER BY id DESC OFFSET $2)`, c.UID, maxSubscriptions-1)
		b.Queue(`INSERT INTO push_subscription (owner, id, endpoint, p256dh, auth) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			c.UID, newID(), endpoint, p256dh, auth)
		b.Queue(`SELECT id FROM push_subscription WHERE owner = $1 AND endpoint = $2`, c.UID, endpoint).QueryRow(func(row pgx.Row) error { return row.Scan(&id) })
		return tx.SendBatch(ctx, b).Close()
	})
	return id, err
}

// Unsubscribe ends the pushes of the caller's to a browser. One that is not there is no error.
func (s *Store) Unsubscribe(ctx context.Context, c domain.Caller, endpoint string) error {
	return s.asWriter(ctx, c, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM push_subscription WHERE owner = $1 AND endpoint = $2`, c.UID, endpoint)
		return err
	})
}
