package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	intake "partnerhub/ingest"
	"partnerhub/store"
	"partnerhub/store/localpg"
)

// TestBackup rehearses what docs/operations.md says of backups: a database with everything in it is dumped and restored on another server. Every row
// is there again, Verify finds nothing, who had access has it, and the exchange's stream sent again changes nothing.
func TestBackup(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newKilledWorld(t, rand.New(rand.NewPCG(9, 3)), true)
	from := newKilledServer(t)
	s, pool := openAt(t, from.server.URL())
	w.prepare(t, s)
	if err := takeIn(ctx, s, w.path, nil); err != nil {
		t.Fatal(err)
	}
	advance(t, s, killedNow)
	partner := domain.Partner(demo.Cast().Partner.UID)
	chats := store.NewConversations(pool)
	run, told := begin(t, chats, partner, conversation.Message{ClientID: "1", Text: "Where is my commission?"})
	finish(t, chats, run.Run, told.Last, "It is settled tomorrow.")
	if _, err := store.NewTickets(pool, handoff.Desk{}).Open(ctx, partner, handoff.Request{Category: handoff.Finance, Summary: "not paid", At: killedNow}); err != nil {
		t.Fatal(err)
	}
	key, err := s.CreateAPIKey(ctx, store.APIKey{Name: "exchange", Scopes: []string{store.ScopeEvents}})
	if err != nil {
		t.Fatal(err)
	}

	// The service's own role is subject to row level security: its dump must fail, and not leave rows out.
	file := filepath.Join(t.TempDir(), "hub.dump")
	bin := programsOf(t, admin(t, from.server.URL()))
	if out, err := bin.run(ctx, "pg_dump", "--format=custom", "--file="+file, from.server.URL()); err == nil || !strings.Contains(out, "row-level security") {
		t.Errorf("a dump by the service's role: %v, %s", err, out)
	}
	if out, err := bin.run(ctx, "pg_dump", "--format=custom", "--file="+file, admin(t, from.server.URL())); err != nil {
		t.Fatal(err, out)
	}
	before := everyRow(t, admin(t, from.server.URL()))

	to, err := localpg.Open(ctx, t.TempDir(), slog.New(slog.DiscardHandler), localpg.WithoutSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := to.Close(); err != nil {
			t.Error(err)
		}
	})
	execute(t, admin(t, to.URL()), `CREATE ROLE partnerhub_app NOLOGIN`, `GRANT partnerhub_app TO partnerhub`)
	if out, err := bin.run(ctx, "pg_restore", "--exit-on-error", "--dbname="+admin(t, to.URL()), file); err != nil {
		t.Fatal(err, out)
	}
	for table, rows := range everyRow(t, admin(t, to.URL())) {
		if rows != before[table] {
			t.Errorf("%s: %s", table, diff(before[table], rows))
		}
		delete(before, table)
	}
	if len(before) > 0 {
		t.Errorf("tables that are gone: %d", len(before))
	}

	if err := store.CheckSchema(ctx, to.URL()); err != nil {
		t.Error(err)
	}
	back, restored := openAt(t, to.URL())
	verified(t, back)
	books(t, restored)
	if k, err := back.APIKey(ctx, key, store.ScopeEvents); err != nil || k.Name != "exchange" {
		t.Error(k, err)
	}
	if list, _, err := store.NewConversations(restored).List(ctx, partner, "", "", 10); err != nil || len(list) != 2 { // the ticket has one of its own
		t.Error("the partner's conversations:", list, err)
	}
	if list, _, err := store.NewConversations(restored).List(ctx, domain.Partner(demo.Cast().SubPartner.UID), "", "", 10); err != nil || len(list) != 0 {
		t.Error("another's conversations:", list, err)
	}

	money, progress, facts := taskMoney(t, restored), taskProgress(t, restored), derived(t, restored)
	f, err := os.Open(w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum, err := intake.Run(ctx, back, f, intake.Options{Writers: 2})
	if err != nil || sum.Duplicate != w.lines || sum.Accepted != 0 || sum.Rejected != 0 {
		t.Errorf("%d lines sent again: %+v, %v", w.lines, sum, err)
	}
	deposit(t, back, partner.UID, 1_000_000*domain.USDT) // the same reference as prepare's
	advance(t, back, killedNow)
	for what, x := range map[string][2]string{"money": {money, taskMoney(t, restored)}, "progress": {progress, taskProgress(t, restored)}, "derived": {facts, derived(t, restored)}} {
		if x[0] != x[1] {
			t.Errorf("%s changed: %s", what, diff(x[0], x[1]))
		}
	}
	verified(t, back)

	// Life goes on: numbers are drawn behind those that were given out.
	again, told := begin(t, store.NewConversations(restored), partner, conversation.Message{ClientID: "2", Text: "And now?"})
	finish(t, store.NewConversations(restored), again.Run, told.Last, "It is settled.")
	if isNew, err := back.TopUp(ctx, topUp(partner.UID, "after", domain.USDT)); err != nil || !isNew {
		t.Error(isNew, err)
	}
	verified(t, back)
}

// admin is the connection string of the service for the superuser of its server.
func admin(t *testing.T, service string) string {
	t.Helper()
	u, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("user", "postgres")
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
	}
}

// programs are PostgreSQL's of a server, by its folders.
type programs struct{ bin, lib string }

func programsOf(t *testing.T, url string) (p programs) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), `SELECT (SELECT setting FROM pg_config() WHERE name = 'BINDIR'), (SELECT setting FROM pg_config() WHERE name = 'LIBDIR')`).Scan(&p.bin, &p.lib); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p programs) run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+p.lib)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// everyRow is each table's rows as text, in order.
func everyRow(t *testing.T, url string) map[string]string {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	out := map[string]string{}
	for table := range strings.Lines(rowsOf(t, pool, `SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND nspname = 'public' ORDER BY 1`)) {
		table = strings.Trim(table, "()\n")
		out[table] = rowsOf(t, pool, fmt.Sprintf(`SELECT x::text AS row FROM %s x ORDER BY 1`, table))
	}
	for _, table := range []string{"event", "trade", "task_participant", "ledger_transfer", "ledger_account", "ticket", "message", "run_event", "notice", "api_key"} {
		if out[table] == "" {
			t.Errorf("table %s is empty: the rehearsal says nothing of it", table)
		}
	}
	return out
}
