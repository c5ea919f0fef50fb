package storetest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	names := make([]string, 4)
	var all sync.WaitGroup
	for i := range names {
		pool := storetest.New(t)
		all.Go(func() {
			if _, err := pool.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
				t.Error(err)
			}
			if err := pool.QueryRow(t.Context(), "SELECT current_database()").Scan(&names[i]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, name := range names {
		for _, other := range names[:i] {
			if name == other {
				t.Errorf("two tests got the database %s", name)
			}
		}
	}
}

func TestTheDatabaseIsMigratedAndHoldsNoOthersData(t *testing.T) {
	pool := storetest.New(t)
	var tables, mine int
	err := pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE tablename = 'mine')
		FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`).Scan(&tables, &mine)
	if err != nil {
		t.Fatal(err)
	}
	if tables == 0 || mine != 0 {
		t.Errorf("%d tables, %d of another test", tables, mine)
	}
}

func TestTheDatabaseIsDroppedWithTheTest(t *testing.T) {
	var address string
	ok := t.Run("using it", func(t *testing.T) {
		address = storetest.URL(t)
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		// Left open on purpose: a leaked connection does not keep the database.
		if err := conn.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err == nil {
		conn.Close(ctx)
		t.Fatal("the database is still there")
	}
	if !strings.Contains(err.Error(), "does not exist") {
		t.Error(err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		storetest.URL(b)
	}
}
