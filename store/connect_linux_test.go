package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/store"
	"partnerhub/store/storetest"
)

func connectThrough(t *testing.T, settings string) (*storetest.Proxy, *pgxpool.Pool) {
	t.Helper()
	network, url := storetest.NewDatabaseProxy(t, storetest.URL(t))
	if !network.CanCut() {
		t.Skip("LEFT OUT: this kernel takes no packet filter on a socket, so that no network can be cut unsaid")
	}
	cfg, err := store.PoolConfig(url + settings)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return network, pool
}

// TestNetworkIsCut loses the network under statements that wait for their answers, which nobody says. They end with an error all the same, and
// what the pool connects after that works.
func TestNetworkIsCut(t *testing.T) {
	t.Parallel() // it waits for store.deadAfter
	network, pool := connectThrough(t, "&pool_max_conns=1")
	waiting := make(chan error)
	begun := make(chan struct{})
	go func() {
		conn, err := pool.Acquire(context.Background())
		close(begun)
		if err == nil {
			_, err = conn.Exec(context.Background(), `SELECT pg_sleep(300)`)
			conn.Release()
		}
		waiting <- err
	}()
	<-begun
	time.Sleep(100 * time.Millisecond) // the statement is on its way, mostly
	network.Cut()
	if err := pool.Ping(shortly(t)); err == nil {
		t.Error("a connection was made over a network that is cut")
	}
	network.Heal()
	if err := <-waiting; err == nil {
		t.Error("an answer came over a network that was cut")
	}
	if err := pool.Ping(t.Context()); err != nil {
		t.Error("after the network is back:", err)
	}
}

func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// TestLostReplicaHoldsNoLock cuts a replica off in the middle of a transaction. The server frees its locks for the others.
func TestLostReplicaHoldsNoLock(t *testing.T) {
	t.Parallel()
	network, lost := connectThrough(t, "&idle_in_transaction_session_timeout=500ms&pool_max_conns=1")
	_, other := connectThrough(t, "")
	tx, err := lost.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(42)`); err != nil {
		t.Fatal(err)
	}
	network.Cut()
	defer func() { _ = tx.Rollback(shortly(t)) }() // it cannot be said any more
	// The other is connected to another database: the lock is not its own.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for left := 1; left > 0; time.Sleep(50 * time.Millisecond) {
		if err := other.QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42`).Scan(&left); err != nil {
			t.Fatal("the lock is held still: ", err)
		}
	}
	var timeout string
	if err := other.QueryRow(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&timeout); err != nil || timeout != "1min" {
		t.Errorf("without a setting of the URL: %s, %v", timeout, err)
	}
}
