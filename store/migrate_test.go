package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

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
