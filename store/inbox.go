package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/notice"
)

// MaxNotices is the most that one page of an inbox holds.
const MaxNotices = 100

// maxUnread is where counting stops: beyond it, an inbox says so many and more.
const maxUnread = 1000

// asWriter runs f in a transaction that sees and writes the caller's rows alone, by row level security.
func (s *Store) asWriter(ctx context.Context, c domain.Caller, f func(pgx.Tx) error) error {
	opts := pgx.TxOptions{BeginQuery: fmt.Sprintf(`BEGIN; SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '%d'`, c.UID)}
	return pgx.BeginTxFunc(ctx, s.pool, opts, f)
}

// Tell puts notices into inboxes in a transaction of its own; one whose owner has its key already is left out.
// The error is CodeInvalid on the field at fault.
func (s *Store) Tell(ctx context.Context, notices []notice.Notice) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return notify(ctx, tx, notices) })
}

// Notices lists the caller's inbox, the latest first. next is the cursor of the next page, "" on the last.
// It returns CodeInvalid on "cursor" and "limit" (1 to MaxNotices).
func (s *Store) Notices(ctx context.Context, c domain.Caller, cursor string, limit int) (list []notice.Item, next string, err error) {
	before := int64(1) << 62
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before <= 0 {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	if limit < 1 || limit > MaxNotices {
		return nil, "", domain.Invalid("limit", "want 1 to %d", MaxNotices)
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, kind, data, link, at, read_at IS NOT NULL FROM notice WHERE owner = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, c.UID, before, limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (n notice.Item, err error) {
			err = row.Scan(&n.ID, &n.Kind, (*[]byte)(&n.Data), &n.Link, &n.At, &n.Read)
			n.At = n.At.UTC()
			return n, err
		})
		return err
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], strconv.FormatInt(list[limit-1].ID, 10), nil
}

// Unread counts what the caller has not read, up to 1,000.
func (s *Store) Unread(ctx context.Context, c domain.Caller) (n int, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM notice WHERE owner = $1 AND read_at IS NULL LIMIT $2) x`, c.UID, maxUnread).Scan(&n)
	})
	return n, err
}

// MarkRead marks notices of the caller's read: those of the ids, and with through above 0 all up to that one, so that what came after the
// list was shown stays unread. Ids of others, or unknown ones, change nothing. It returns how many are unread then.
// Other open windows of the caller hear of it.
func (s *Store) MarkRead(ctx context.Context, c domain.Caller, ids []int64, through int64) (unread int, err error) {
	err = s.asWriter(ctx, c, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`UPDATE notice SET read_at = now() WHERE owner = $1 AND read_at IS NULL AND (id = ANY ($2::bigint[]) OR id <= $3)`, c.UID, ids, through)
		b.Queue(`SELECT pg_notify($1, $2)`, noticeChannel, strconv.FormatInt(c.UID, 10))
		b.Queue(`SELECT count(*) FROM (SELECT FROM notice WHERE owner = $1 AND read_at IS NULL LIMIT $2) x`, c.UID, maxUnread).
			QueryRow(func(row pgx.Row) error { return row.Scan(&unread) })
		return tx.SendBatch(ctx, b).Close()
	})
	return unread, err
}

// ListenNotices calls wake with the uids whose inbox changed, nil for anybody's, until ctx ends or the connection breaks; and once with
// nil when it begins to hear. The connection is its own, not one of the pool's.
func (s *Store) ListenNotices(ctx context.Context, wake func(uids []int64)) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+noticeChannel); err != nil {
		return err
	}
	wake(nil)
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var uids []int64
		for text := range strings.SplitSeq(n.Payload, ",") {
			if uid, err := strconv.ParseInt(text, 10, 64); err == nil {
				uids = append(uids, uid)
			}
		}
		wake(uids)
	}
}
