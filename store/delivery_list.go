package store

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/webhook"
)

// DeliveryQuery says which deliveries are listed.
type DeliveryQuery struct {
	Target string // of an endpoint alone; "" all
	State  string // failing (dead, or pending after a failure), pending, done, dead; "" all
	Cursor string
	Limit  int // 1 to 200
}

var deliveryStates = map[string]string{
	"": `true`, "failing": `(state = 'dead' OR state = 'pending' AND last_error <> '')`,
	"pending": `state = 'pending'`, "done": `state = 'done'`, "dead": `state = 'dead'`,
}

// Deliveries lists them, the latest first. next is the cursor of the next page, "" on the last.
// It returns CodeInvalid on "state", "target", "cursor" and "limit".
func (s *Store) Deliveries(ctx context.Context, q DeliveryQuery) (list []webhook.Record, next string, err error) {
	state, ok := deliveryStates[q.State]
	if !ok {
		return nil, "", domain.Invalid("state", "want failing, pending, done or dead")
	}
	if q.Limit < 1 || q.Limit > 200 {
		return nil, "", domain.Invalid("limit", "want 1 to 200")
	}
	before, beforeID := time.Now().Add(time.Hour), uuid.Max.String()
	if q.Cursor != "" {
		micro, id, _ := strings.Cut(q.Cursor, ".")
		n, err := strconv.ParseInt(micro, 10, 64)
		if err != nil || uuid.Validate(id) != nil {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
		before, beforeID = time.UnixMicro(n), id
	}
	var target *string
	if q.Target != "" {
		id, err := parseID("target", q.Target)
		if err != nil {
			return nil, "", err
		}
		target = &id
	}
	rows, err := s.pool.Query(ctx, `SELECT d.owner, d.id, channel, target, coalesce(e.url, p.endpoint, ''), message, type, state, attempts, last_status, last_error, d.created_at, next_at, ended_at
		FROM (SELECT * FROM delivery WHERE (created_at, id) < ($1, $2::uuid) AND ($3::uuid IS NULL OR target = $3) AND `+state+` ORDER BY created_at DESC, id DESC LIMIT $4) d
		LEFT JOIN webhook_endpoint e ON e.id = d.target
		LEFT JOIN push_subscription p ON p.owner = d.owner AND p.id = d.target
		ORDER BY d.created_at DESC, d.id DESC`, before, beforeID, target, q.Limit+1)
	if err != nil {
		return nil, "", err
	}
	type key struct {
		at time.Time
		id string
	}
	var keys []key
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r webhook.Record, err error) {
		var k key
		var address string
		var nextAt time.Time
		err = row.Scan(&r.UID, &k.id, &r.Channel, &r.Target, &address, &r.Message, &r.Type, &r.State, &r.Attempts, &r.Status, &r.Error, &k.at, &nextAt, &r.EndedAt)
		r.ID, r.CreatedAt, r.Host = strconv.FormatInt(r.UID, 10)+"."+k.id, k.at.UTC(), hostOf(address)
		if r.State == webhook.Pending {
			at := nextAt.UTC()
			r.NextAt = &at
		}
		if r.EndedAt != nil {
			at := r.EndedAt.UTC()
			r.EndedAt = &at
		}
		keys = append(keys, k)
		return r, err
	})
	if err != nil || len(list) <= q.Limit {
		return list, "", err
	}
	last := keys[q.Limit-1]
	return list[:q.Limit], strconv.FormatInt(last.at.UnixMicro(), 10) + "." + last.id, nil
}

// hostOf is what may be shown of an address: a path can hold a secret, that of a browser's subscription does.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// Resend has a delivery that ended tried anew, under its message id. target, unless it is "", is the endpoint that it must belong to. Errors:
// CodeNotFound; CodeConflict while it is on its way anyway, or when its target is gone.
func (s *Store) Resend(ctx context.Context, id, target string) error {
	missing := domain.Errorf(domain.CodeNotFound, "id", "no such delivery")
	ownerText, text, _ := strings.Cut(id, ".")
	owner, err := strconv.ParseInt(ownerText, 10, 64)
	if err != nil || uuid.Validate(text) != nil {
		return missing
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var state webhook.State
		var to string
		var alive bool
		err := tx.QueryRow(ctx, `SELECT state, target, EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = d.target AND e.disabled_at IS NULL)
				OR EXISTS (SELECT FROM push_subscription p WHERE p.owner = d.owner AND p.id = d.target)
			FROM delivery d WHERE owner = $1 AND id = $2`, owner, text).Scan(&state, &to, &alive)
		switch {
		case errors.Is(err, pgx.ErrNoRows) || err == nil && target != "" && to != target:
			return missing
		case err != nil:
			return err
		case !alive:
			return domain.Errorf(domain.CodeConflict, "id", "its target is gone")
		}
		// The attempts begin anew, so that it is tried for days again; the condition lets one of two who press at once do it.
		tag, err := tx.Exec(ctx, `UPDATE delivery SET state = 'pending', attempts = 0, next_at = now(), ended_at = NULL WHERE owner = $1 AND id = $2 AND (state <> 'pending' OR last_error <> '')`, owner, text)
		if err == nil && tag.RowsAffected() == 0 {
			err = domain.Errorf(domain.CodeConflict, "id", "it is on its way already")
		}
		return err
	})
}
