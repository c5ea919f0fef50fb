package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// WaitingEvent is an accepted event that is not applied, since something that it names has not come.
type WaitingEvent struct {
	referral.Event
	WaitsFor string    // account:5, code:X or trade:T
	Arrived  time.Time // UTC
}

// StillWaiting counts those of the events that wait for something.
func (s *Store) StillWaiting(ctx context.Context, ids []string) (n int, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM event WHERE id = ANY($1) AND waits_for IS NOT NULL`, ids).Scan(&n)
	return n, err
}

// Waiting lists the events that wait, by what they wait for. next is the cursor of the next page, "" on the last. It
// returns CodeInvalid for a bad cursor.
func (s *Store) Waiting(ctx context.Context, cursor string, limit int) (list []WaitingEvent, next string, err error) {
	var after [2]string // what it waits for, id
	if cursor != "" {
		if b, err := base64.RawURLEncoding.DecodeString(cursor); err != nil || json.Unmarshal(b, &after) != nil {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT id, type, uid, at, body, waits_for, arrived FROM event
		WHERE waits_for IS NOT NULL AND (waits_for, id) > ($1, $2) ORDER BY waits_for, id LIMIT $3`, after[0], after[1], limit+1)
	if err != nil {
		return nil, "", err
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (w WaitingEvent, err error) {
		var body []byte
		if err = row.Scan(&w.ID, &w.Type, &w.UID, &w.At, &body, &w.WaitsFor, &w.Arrived); err != nil {
			return w, err
		}
		w.At, w.Arrived = w.At.UTC(), w.Arrived.UTC()
		w.Body, err = decodeBody(w.Type, body)
		return w, err
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	b, err := json.Marshal([2]string{list[limit-1].WaitsFor, list[limit-1].ID})
	return list, base64.RawURLEncoding.EncodeToString(b), err
}
