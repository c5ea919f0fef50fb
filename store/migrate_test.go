package store_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestMigrateTogether has many processes' worth of migrations begin at once on an empty database, as commands that
// are started together on a new home do.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	ctx, url := context.Background(), storetest.URL(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	// Everything but the extensions, which only a superuser may create.
	if _, err := conn.Exec(ctx, `DO $$ DECLARE t text; BEGIN
		FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', t); END LOOP;
	END $$`); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = store.Migrate(ctx, url) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if err := store.CheckSchema(ctx, url); err != nil {
		t.Fatal(err)
	}
}

// TestOlderProgramIsRefused lets a program work with a database that was only added to since, and neither serve nor migrate one that something
// was taken from.
func TestOlderProgramIsRefused(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), storetest.URL(t)
	files, err := fs.Sub(store.Migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	next := fstest.MapFS{}
	names, err := fs.ReadDir(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := fs.ReadFile(files, n.Name())
		if err != nil {
			t.Fatal(err)
		}
		next[n.Name()] = &fstest.MapFile{Data: text}
	}
	add := func(name, statement string) {
		t.Helper()
		next[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statement + ";\n")}
		if err := store.MigrateBy(ctx, url, next); err != nil {
			t.Fatal(err)
		}
	}
	add("90001_expand.sql", `ALTER TABLE notice ADD COLUMN later text`)
	if err := errors.Join(store.CheckSchema(ctx, url), store.Migrate(ctx, url)); err != nil {
		t.Errorf("after a migration that adds: %v", err)
	}
	add("90002_contract.sql", `INSERT INTO setting (name, value) VALUES ('oldest_program', '90001') ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
	if err := store.CheckSchema(ctx, url); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("after one that takes away, serving: %v", err)
	}
	if err := store.Migrate(ctx, url); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("after one that takes away, migrating: %v", err)
	}
	if err := store.MigrateBy(ctx, url, next); err != nil {
		t.Errorf("the newer program: %v", err)
	}
}

// TestMigrationGivesWay holds a table that a migration wants, and has others read it meanwhile: they wait for as long as the migration does
// before it gives way, not for as long as the holder takes.
func TestMigrationGivesWay(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), storetest.URL(t)
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	holder, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // committed below
	if _, err := holder.Exec(ctx, `SELECT FROM notice`); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	go func() {
		migrated <- store.MigrateBy(ctx, url, fstest.MapFS{"90001_expand.sql": {Data: []byte("-- +goose Up\nALTER TABLE notice ADD COLUMN later text;\n")}})
	}()
	waiting := func() (n int) {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
			WHERE d.datname = current_database() AND relation = 'notice'::regclass AND NOT granted`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for waiting() == 0 { // until the migration waits; the test's own deadline ends it
		select {
		case err := <-migrated:
			t.Fatalf("the migration did not wait: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if _, err := pool.Exec(ctx, `SELECT FROM notice`); err != nil { // behind the migration
		t.Fatal(err)
	}
	select {
	case err := <-migrated:
		t.Fatalf("the migration ended while the table was held: %v", err)
	default:
	}
	if err := holder.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
}

// TestStaleSchemaIsRefused has a program refuse a database that lacks a migration, and one that was never migrated.
func TestStaleSchemaIsRefused(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), storetest.URL(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := store.CheckSchema(ctx, url); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`, `DROP TABLE goose_db_version`} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
		if err := store.CheckSchema(ctx, url); !errors.Is(err, store.ErrStaleSchema) {
			t.Errorf("after %s: %v", statement, err)
		}
	}
}
