package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestAcceptedIsDurable kills PostgreSQL right after messages were accepted: they are there when it is back. The server's writer of the log is kept
// from its work, which would make them durable a moment later anyway.
func TestAcceptedIsDurable(t *testing.T) {
	t.Parallel()
	server := storetest.NewServer(t, t.TempDir())
	if err := store.Migrate(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	admin, err := pgxpool.New(t.Context(), strings.Replace(server.URL(), "user=partnerhub", "user=postgres", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, statement := range []string{`ALTER SYSTEM SET wal_writer_delay = '10s'`, `SELECT pg_reload_conf()`} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond) // the writer wakes once more by its former delay
	pool, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conversations := store.NewConversations(pool)
	const messages = 5
	for i := range messages {
		m := conversation.Message{ClientID: fmt.Sprint("m", i), Text: "hello"}
		if _, _, err := conversations.Begin(t.Context(), domain.Partner(int64(1+i)), m, worker, lease, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	server.Kill()
	server.Start()
	var kept int
	for range 20 { // connections of before the kill are found broken when they are used
		if err = admin.QueryRow(t.Context(), `SELECT count(*) FROM run`).Scan(&kept); err == nil {
			break
		}
	}
	if err != nil || kept != messages {
		t.Errorf("%d of %d accepted messages are there, %v", kept, messages, err)
	}
}
