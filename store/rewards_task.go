package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// taskRewards lists what tasks paid the caller, the latest first. Each is settled as it is paid.
func (s *Store) taskRewards(ctx context.Context, c domain.Caller, q referral.RewardQuery, query []byte, at rewardCursor, page referral.RewardPage) (referral.RewardPage, error) {
	err := s.as(ctx, c, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT coalesce(sum(amount), 0)::bigint FROM task_reward WHERE uid = $1 AND paid_at >= $2 AND paid_at < $3`, c.UID, page.Period.From, page.Period.To).Scan(&page.Total); err != nil {
			return err
		}
		page.Settled = page.Total
		rows, err := tx.Query(ctx, `SELECT r.paid_at, r.owner, r.task, r.amount, t.title, t.type FROM task_reward r JOIN task t ON (t.owner, t.id) = (r.owner, r.task)
			WHERE r.uid = $1 AND r.paid_at >= $2 AND r.paid_at < $3 ORDER BY r.paid_at DESC, r.task DESC, r.step DESC OFFSET $4 LIMIT $5`,
			c.UID, page.Period.From, page.Period.To, at.UID, q.Limit+1)
		if err != nil {
			return err
		}
		page.Rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r referral.Reward, err error) {
			var kind int16
			err = row.Scan(&r.SettledAt, &r.UID, &r.TaskID, &r.Amount, &r.Title, &kind)
			r.SettledAt, r.Settled, r.Title = r.SettledAt.UTC(), true, titleOf(r.Title, kind)
			r.Day = domain.StartOfDay(r.SettledAt.In(s.zone)).UTC()
			return r, err
		})
		return err
	})
	if err != nil {
		return page, fmt.Errorf("rewards: %w", err)
	}
	if len(page.Rows) > q.Limit {
		page.Rows = page.Rows[:q.Limit]
		at.UID += int64(q.Limit) // rows seen: the period's earlier ones do not change, and what is paid meanwhile comes before them
		page.Next = formatPosition(query, at)
	}
	return page, nil
}
