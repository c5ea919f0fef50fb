package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/notice"
	"partnerhub/domain/webhook"
	"partnerhub/store"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func tell(t testing.TB, pool *pgxpool.Pool, notices ...notice.Notice) error {
	t.Helper()
	return pgx.BeginFunc(context.Background(), pool, func(tx pgx.Tx) error { return store.Notify(context.Background(), tx, notices) })
}

func reward(owner int64, key string) notice.Notice {
	return notice.Notice{Owner: owner, Kind: notice.TaskReward, Key: key, Data: notice.JSON(map[string]any{"taskId": "t", "amount": "10"}), Link: "/tasks/t", At: noon}
}

func count(t testing.TB, pool *pgxpool.Pool, query string, args ...any) (n int64) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestANoticeComesOnce(t *testing.T) {
	t.Parallel()
	_, pool := open(t, time.UTC)
	var wg sync.WaitGroup
	for range 4 { // as a compactor that is killed, or two replicas, may tell it again
		wg.Go(func() {
			list := make([]notice.Notice, 0, 300)
			for i := range 100 {
				list = append(list, reward(int64(1+i%7), "k"+strconv.Itoa(i)), reward(int64(1+i%7), "k"+strconv.Itoa(i)))
			}
			if err := tell(t, pool, list...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, pool, `SELECT count(*) FROM notice`); n != 100 {
		t.Error(n, "notices, want 100")
	}
	if n := count(t, pool, `SELECT count(*) FROM delivery`); n != 0 {
		t.Error(n, "deliveries, and nobody listens")
	}
	bad := reward(1, "x")
	bad.Link = "//elsewhere"
	var refused *domain.Error
	if err := tell(t, pool, reward(1, "y"), bad); !errors.As(err, &refused) || refused.Field != "link" {
		t.Error(err)
	}
	if n := count(t, pool, `SELECT count(*) FROM notice WHERE key IN ('x', 'y')`); n != 0 {
		t.Error("a refused call wrote", n)
	}
}

func TestEventsGoToWhoWantsThem(t *testing.T) {
	t.Parallel()
	_, pool := open(t, time.UTC)
	ctx := context.Background()
	if _, err := pool.Exec(ctx, `INSERT INTO webhook_endpoint (id, url, types, secrets, created_by, disabled_at) VALUES
		('00000000-0000-0000-0000-000000000001', 'https://a', '{}', '{}', 'k', NULL),
		('00000000-0000-0000-0000-000000000002', 'https://b', '{task.progress}', '{}', 'k', NULL),
		('00000000-0000-0000-0000-000000000003', 'https://c', '{}', '{}', 'k', now())`); err != nil {
		t.Fatal(err)
	}
	progress := webhook.Event{Owner: 5, Type: webhook.TaskProgress, Key: "t:5:3", Data: json.RawMessage(`{"taskId":"t"}`), At: noon}
	for range 2 {
		if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return store.Emit(ctx, tx, []webhook.Event{progress, progress}) }); err != nil {
			t.Fatal(err)
		}
		if err := tell(t, pool, reward(6, "r")); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := pool.Query(ctx, `SELECT right(target::text, 1) || ' ' || owner || ' ' || type || ' ' || body FROM delivery ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`1 5 task.progress {"type":"task.progress","timestamp":"2026-11-20T12:00:00Z","uid":5,"data":{"taskId":"t"}}`,
		`1 6 notice.created {"type":"notice.created","timestamp":"2026-11-20T12:00:00Z","uid":6,"data":{"id":"1","kind":"task_reward","data":{"amount":"10","taskId":"t"},"link":"/tasks/t"}}`,
		`2 5 task.progress {"type":"task.progress","timestamp":"2026-11-20T12:00:00Z","uid":5,"data":{"taskId":"t"}}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestInboxesAreApart reads and writes as the service does for a caller, without any filter of its own.
func TestInboxesAreApart(t *testing.T) {
	t.Parallel()
	_, pool := open(t, time.UTC)
	ctx := context.Background()
	if err := tell(t, pool, reward(1, "a"), reward(2, "a"), reward(2, "b")); err != nil {
		t.Fatal(err)
	}
	as := func(uid, statement string) (n int64, err error) {
		err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '`+uid+`'`); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, statement)
			n = tag.RowsAffected()
			return err
		})
		return n, err
	}
	for _, x := range []struct {
		uid, statement string
		rows           int64
		refused        bool
	}{
		{"1", `SELECT FROM notice`, 1, false},
		{"3", `SELECT FROM notice`, 0, false},
		{"", `SELECT FROM notice`, 0, false},
		{"1", `UPDATE notice SET read_at = now()`, 1, false},
		{"1", `UPDATE notice SET owner = 1`, 0, true},
		{"1", `DELETE FROM notice`, 0, true},
		{"1", `INSERT INTO notice (owner, key, kind, data, link, at) VALUES (2, 'x', 'x', '{}', '', now())`, 0, true},
		{"1", `INSERT INTO push_subscription (owner, id, endpoint, p256dh, auth) VALUES (2, gen_random_uuid(), 'x', 'x', 'x')`, 0, true},
		{"1", `SELECT FROM delivery`, 0, true},
		{"1", `SELECT FROM webhook_endpoint`, 0, true},
	} {
		if n, err := as(x.uid, x.statement); n != x.rows || (err != nil) != x.refused {
			t.Errorf("%s as %q: %d rows, %v", x.statement, x.uid, n, err)
		}
	}
}
