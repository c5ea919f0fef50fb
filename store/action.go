package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// Action is something that an operator did.
type Action struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"` // UTC
	By      int64          `json:"by" doc:"the operator's uid; 0: the command line"`
	Action  string         `json:"action" doc:"replay, rates, rebates, vip, rules or setting"`
	Subject string         `json:"subject"`
	Detail  map[string]any `json:"detail"`
}

// noteAction keeps a trace of what the caller does, and returns its number.
func noteAction(ctx context.Context, q queryer, c domain.Caller, action, subject string, detail any, now time.Time) (seq int64, err error) {
	err = q.QueryRow(ctx, `INSERT INTO operator_action (at, by_uid, action, subject, detail) VALUES ($1, $2, $3, $4, $5) RETURNING seq`, now, c.UID, action, subject, detail).Scan(&seq)
	return seq, err
}

// Actions lists what operators did, the latest first. next is the cursor of the next page, "" on the last. It returns CodeInvalid
// for a bad cursor.
func (s *Store) Actions(ctx context.Context, cursor string, limit int) (list []Action, next string, err error) {
	before := int64(1<<63 - 1)
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT seq, at, by_uid, action, subject, detail FROM operator_action WHERE seq < $1 ORDER BY seq DESC LIMIT $2`, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Action, err error) {
		var detail []byte
		if err = row.Scan(&a.ID, &a.At, &a.By, &a.Action, &a.Subject, &detail); err != nil {
			return a, err
		}
		a.At = a.At.UTC()
		return a, json.Unmarshal(detail, &a.Detail)
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], strconv.FormatInt(list[limit-1].ID, 10), nil
}
