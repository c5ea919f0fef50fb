package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// VoidRelation is a relation that does not hold, since it would be to oneself or close a loop (SPEC 3).
type VoidRelation struct {
	UID          int64     `json:"uid"`
	ReferrerUID  int64     `json:"referrerUid"` // whose code the account signed up with
	Code         string    `json:"code"`
	Reason       string    `json:"reason" enum:"self,loop"`
	RegisteredAt time.Time `json:"registeredAt"` // UTC
}

// VoidRelations lists the relations that do not hold, by uid. next is the cursor of the next page, "" on the last. It
// returns CodeInvalid for a bad cursor.
func (s *Store) VoidRelations(ctx context.Context, cursor string, limit int) (list []VoidRelation, next string, err error) {
	after := int64(0)
	if cursor != "" {
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT uid, referrer, signup_code, void, registered_at FROM account WHERE void <> '' AND uid > $1 ORDER BY uid LIMIT $2`, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v VoidRelation, err error) {
		err = row.Scan(&v.UID, &v.ReferrerUID, &v.Code, &v.Reason, &v.RegisteredAt)
		v.RegisteredAt = v.RegisteredAt.UTC()
		return v, err
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], strconv.FormatInt(list[limit-1].UID, 10), nil
}
