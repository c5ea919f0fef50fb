package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/webhook"
)

// How long ended deliveries are kept.
const (
	keepDone = 7 * 24 * time.Hour
	keepDead = 30 * 24 * time.Hour
)

// oldSecretSigns is how long the secret before a rotation signs beside the new one.
const oldSecretSigns = 24 * time.Hour

// dueDeliveries are the keys of what is due: a few of each endpoint that is not busy, the oldest of the browsers' and of the mail.
const dueDeliveries = `SELECT d.owner, d.id, d.next_at FROM webhook_endpoint e CROSS JOIN LATERAL (
		SELECT owner, id, next_at FROM delivery WHERE target = e.id AND channel = 'webhook' AND state = 'pending' AND next_at <= now() ORDER BY next_at LIMIT $2) d
	WHERE e.disabled_at IS NULL AND NOT e.id = ANY ($1::uuid[])
	UNION ALL (SELECT owner, id, next_at FROM delivery WHERE channel <> 'webhook' AND state = 'pending' AND next_at <= now() AND NOT target = ANY ($1::uuid[]) ORDER BY next_at LIMIT $2)
	ORDER BY 3 LIMIT $3`

// ClaimDeliveries takes deliveries that are due for a worker: up to limit in all, up to perTarget to each endpoint, none to the busy
// ones. What the worker does not finish within the lease comes due again: it may have arrived, so that a
// receiver can get it twice, under one message id.
//
// The race that the UPDATE's condition closes: two replicas find the same row due. The second waits for the first's lock, sees next_at
// moved, and leaves it. Rows are locked in the order of their keys, so that the two never wait for each other.
func (s *Store) ClaimDeliveries(ctx context.Context, limit, perTarget int, busy []string, lease time.Duration) ([]webhook.Delivery, error) {
	if busy == nil {
		busy = []string{}
	}
	type due struct {
		Owner  int64
		ID     string
		NextAt time.Time
	}
	rows, err := s.pool.Query(ctx, dueDeliveries, busy, perTarget, limit)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[due])
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.SortFunc(found, func(a, b due) int { return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.ID, b.ID)) })
	var claimed []webhook.Delivery
	b := &pgx.Batch{}
	for _, k := range found {
		b.Queue(`UPDATE delivery SET next_at = now() + $4::interval, attempts = attempts + 1
			WHERE owner = $1 AND id = $2 AND next_at = $3 AND state = 'pending'
			RETURNING owner, id, channel, target, message, type, body, attempts`, k.Owner, k.ID, k.NextAt, lease).
			Query(func(rows pgx.Rows) error {
				list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d webhook.Delivery, err error) {
					err = row.Scan(&d.Owner, &d.ID, &d.Channel, &d.Target, &d.Message, &d.Type, &d.Body, &d.Attempt)
					return d, err
				})
				claimed = append(claimed, list...)
				return err
			})
	}
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	return s.addressed(ctx, claimed)
}

// addressed fills in where deliveries go. One whose target is gone meanwhile is left out: it ended with it, or ends with the next sweep.
func (s *Store) addressed(ctx context.Context, list []webhook.Delivery) ([]webhook.Delivery, error) {
	type address struct {
		url, p256dh, auth string
		secrets           []string
	}
	targets, owners := make([]string, len(list)), make([]int64, len(list))
	for i, d := range list {
		targets[i], owners[i] = d.Target, d.Owner
	}
	rows, err := s.pool.Query(ctx, `SELECT id, url, CASE WHEN rotated_at < now() - $3::interval THEN secrets[1:1] ELSE secrets[1:2] END, '', ''
			FROM webhook_endpoint WHERE id = ANY ($1::uuid[]) AND disabled_at IS NULL
		UNION ALL SELECT id, endpoint, '{}', p256dh, auth FROM push_subscription WHERE owner = ANY ($2::bigint[]) AND id = ANY ($1::uuid[])`, targets, owners, oldSecretSigns)
	if err != nil {
		return nil, err
	}
	at := map[string]address{}
	var id string
	var a address
	if _, err := pgx.ForEachRow(rows, []any{&id, &a.url, &a.secrets, &a.p256dh, &a.auth}, func() error {
		at[id], a = a, address{}
		return nil
	}); err != nil {
		return nil, err
	}
	kept := list[:0]
	for _, d := range list {
		a, ok := at[d.Target]
		if !ok && d.Channel != webhook.ToMail { // whose address is a setting
			if err := s.FinishDelivery(ctx, d, webhook.Outcome{State: webhook.Dead, Err: targetGone}); err != nil {
				return nil, err
			}
			continue
		}
		d.URL, d.Secrets, d.P256dh, d.Auth = a.url, a.secrets, a.p256dh, a.auth
		kept = append(kept, d)
	}
	return kept, nil
}

const targetGone = "the target is gone"

// FinishDelivery notes what became of an attempt. Where the target is gone it goes too, with all that waits for it. Nothing happens when the
// attempt is not the present one any more: its lease ran out, and another worker has the delivery.
func (s *Store) FinishDelivery(ctx context.Context, d webhook.Delivery, o webhook.Outcome) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE delivery SET state = $4, next_at = coalesce($5, next_at), last_status = $6, last_error = $7,
				ended_at = CASE WHEN $4 = 'pending' THEN NULL ELSE now() END
			WHERE owner = $1 AND id = $2 AND attempts = $3 AND state = 'pending'`,
			d.Owner, d.ID, d.Attempt, o.State, nullTime(o.Next), o.Status, o.Err); err != nil || !o.Gone {
			return err
		}
		if d.Channel == webhook.ToPush {
			_, err := tx.Exec(ctx, `DELETE FROM push_subscription WHERE owner = $1 AND id = $2`, d.Owner, d.Target)
			return err
		}
		_, err := disable(ctx, tx, d.Target, o.Err)
		return err
	})
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// disable ends an endpoint, and what waits for it with it; false when it has ended before.
func disable(ctx context.Context, tx pgx.Tx, id, why string) (bool, error) {
	tag, err := tx.Exec(ctx, `UPDATE webhook_endpoint SET disabled_at = now(), disabled_why = $2 WHERE id = $1 AND disabled_at IS NULL`, id, why)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	_, err = tx.Exec(ctx, `UPDATE delivery SET state = 'dead', ended_at = now(), last_error = $2 WHERE target = $1 AND state = 'pending'`, id, "the endpoint is disabled: "+why)
	return true, err
}

// SweepDeliveries deletes those that ended long ago, some thousands at a time, and returns how many.
func (s *Store) SweepDeliveries(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, `DELETE FROM delivery d USING (SELECT owner, id FROM delivery
			WHERE state <> 'pending' AND ended_at < now() - CASE state WHEN 'done' THEN $1::interval ELSE $2::interval END ORDER BY owner, id LIMIT 5000) old
		WHERE (d.owner, d.id) = (old.owner, old.id)`, keepDone, keepDead)
	return tag.RowsAffected(), err
}
