package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/notice"
	"partnerhub/domain/webhook"
)

// noticeChannel is the channel on which replicas hear of new notices. The payload is the uids with commas, or "" for too many to name.
const noticeChannel = "partnerhub_notice"

// maxNotify is PostgreSQL's limit of a payload, with room to spare.
const maxNotify = 7000

// notify puts notices into inboxes inside tx, which must not have taken the caller's role: it writes for others. Those whose owner has
// their key already are left out. With the new ones go, in the same transaction, the webhook events notice.created, the pushes to
// browsers that asked for them, and one pg_notify. Call it once a transaction with all there is to tell: it is a few statements however many.
//
// The error is CodeInvalid on the field at fault; nothing was written then.
func notify(ctx context.Context, tx pgx.Tx, notices []notice.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	sorted := slices.Clone(notices)
	// In the order of keys, so that two transactions that tell the same wait for each other in one order.
	slices.SortStableFunc(sorted, func(a, b notice.Notice) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Key, b.Key))
	})
	n := len(sorted)
	owners, keys, kinds, datas, links, ats := make([]int64, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]any, n)
	type id struct {
		owner int64
		key   string
	}
	byID := make(map[id]notice.Notice, n)
	for i, x := range sorted {
		if err := x.Check(); err != nil {
			return err
		}
		owners[i], keys[i], kinds[i], datas[i], links[i], ats[i] = x.Owner, x.Key, string(x.Kind), string(x.Data), x.Link, x.At
		if _, twice := byID[id{x.Owner, x.Key}]; !twice {
			byID[id{x.Owner, x.Key}] = x
		}
	}
	rows, err := tx.Query(ctx, `INSERT INTO notice (owner, key, kind, data, link, at)
		SELECT t.owner, t.key, t.kind, t.data::jsonb, t.link, t.at
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) WITH ORDINALITY t (owner, key, kind, data, link, at, n)
		ORDER BY t.n ON CONFLICT (owner, key) DO NOTHING RETURNING owner, key, id`, owners, keys, kinds, datas, links, ats)
	if err != nil {
		return err
	}
	var events []webhook.Event
	var told []int64
	var at id
	var number int64
	if _, err := pgx.ForEachRow(rows, []any{&at.owner, &at.key, &number}, func() error {
		x := byID[at]
		events = append(events, noticeEvent(x, number))
		told = append(told, x.Owner)
		return nil
	}); err != nil || len(told) == 0 {
		return err
	}
	if err := enqueue(ctx, tx, events, true); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT pg_notify($1, $2)`, noticeChannel, uidList(told))
	return err
}

// noticeEvent tells the exchange of a notice.
func noticeEvent(x notice.Notice, number int64) webhook.Event {
	return webhook.Event{Owner: x.Owner, Type: webhook.NoticeCreated, Key: x.Key, At: x.At, Data: notice.JSON(struct {
		ID   int64           `json:"id,string"`
		Kind notice.Kind     `json:"kind"`
		Data json.RawMessage `json:"data"`
		Link string          `json:"link,omitempty"`
	}{number, x.Kind, x.Data, x.Link})}
}

// uidList is the uids once each, or "" when they are too many for a payload.
func uidList(uids []int64) string {
	slices.Sort(uids)
	var b strings.Builder
	for i, uid := range slices.Compact(uids) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(uid, 10))
		if b.Len() > maxNotify {
			return ""
		}
	}
	return b.String()
}

// emit enqueues webhook events inside tx for every endpoint that wants their types, with the transaction's other writes or not
// at all. An event that went to an endpoint before, by owner, type and key, does not go again.
//
// The error is CodeInvalid on the field at fault; nothing was written then.
func emit(ctx context.Context, tx pgx.Tx, events []webhook.Event) error {
	return enqueue(ctx, tx, events, false)
}

// mailOut puts an event into the outbox for the desk's mailbox.
func mailOut(ctx context.Context, tx pgx.Tx, e webhook.Event) error {
	_, err := tx.Exec(ctx, `INSERT INTO delivery (owner, id, channel, target, key, message, type, body)
		VALUES ($1, gen_random_uuid(), $2, '00000000-0000-0000-0000-000000000000', $3, $4, $5, $6) ON CONFLICT (owner, channel, target, key) DO NOTHING`,
		e.Owner, string(webhook.ToMail), string(e.Type)+":"+e.Key, "msg_"+newID(), string(e.Type), string(e.Body()))
	return err
}

// enqueue writes the deliveries: one for each event and endpoint, and with push one for each of the owner's browsers.
// Where nobody listens it is one look.
func enqueue(ctx context.Context, tx pgx.Tx, events []webhook.Event, push bool) error {
	n := len(events)
	if n == 0 {
		return nil
	}
	owners := make([]int64, n)
	for i, e := range events {
		if err := e.Check(); err != nil {
			return err
		}
		owners[i] = e.Owner
	}
	var endpoints, browsers bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM webhook_endpoint WHERE disabled_at IS NULL),
		$2 AND EXISTS (SELECT FROM push_subscription WHERE owner = ANY ($1::bigint[]))`, owners, push).Scan(&endpoints, &browsers); err != nil {
		return err
	}
	if !endpoints && !browsers {
		return nil
	}
	messages, types, keys, bodies := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, e := range events {
		messages[i], types[i], keys[i], bodies[i] = "msg_"+newID(), string(e.Type), string(e.Type)+":"+e.Key, string(e.Body())
	}
	// The database makes the rows' ids, for they are events × targets.
	for _, to := range []struct {
		wanted       bool
		channel, sql string
	}{
		{endpoints, "webhook", `JOIN webhook_endpoint x ON x.disabled_at IS NULL AND (x.types = '{}' OR t.type = ANY (x.types))`},
		{browsers, "push", `JOIN push_subscription x ON x.owner = t.owner`},
	} {
		if !to.wanted {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO delivery (owner, id, channel, target, key, message, type, body)
			SELECT t.owner, gen_random_uuid(), $6, x.id, t.key, t.message, t.type, t.body
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY t (owner, message, type, key, body, n) `+to.sql+`
			ORDER BY t.owner, t.key, x.id ON CONFLICT (owner, channel, target, key) DO NOTHING`, owners, messages, types, keys, bodies, to.channel); err != nil {
			return err
		}
	}
	return nil
}
