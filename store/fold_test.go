package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerhub/domain/referral"
	"partnerhub/store"
)

// TestFoldYields has another transaction take the accounts' rows in the way of a fold. PostgreSQL ends the fold, which
// has waited longer, and the fold begins again.
func TestFoldYields(t *testing.T) {
	t.Parallel()
	for _, held := range []int64{1, 20} { // whichever order the fold takes the rows in, one of the two is not its first
		// Where the machine was so slow that the fold had waited for a second before the other did, the other is ended.
		for try := 1; !foldYields(t, held); try++ {
			if try == 5 {
				t.Fatalf("account %d held: never was it the fold that yielded", held)
			}
		}
	}
}

// foldYields reports whether of the two it was the fold that PostgreSQL ended.
func foldYields(t *testing.T, held int64) bool {
	ctx := context.Background()
	s, pool := open(t, time.UTC)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var b store.Batch
	add := func(id string, typ referral.EventType, uid int64, body referral.Body) {
		b.Lines = append(b.Lines, store.Line{No: int64(len(b.Lines) + 1), Event: referral.Event{ID: id, Type: typ, At: at, UID: uid, Body: body}})
	}
	for uid := int64(1); uid <= 20; uid++ {
		add(fmt.Sprint("account", uid), referral.AccountRegistered, uid, referral.Registration{})
		add(fmt.Sprint("trade", uid), referral.TradeExecuted, uid, referral.Trade{TradeID: fmt.Sprint(uid), Product: referral.Spot, Symbol: "BTC", Side: "buy", Volume: 1})
	}
	if _, err := s.Ingest(ctx, b); err != nil {
		t.Fatal(err)
	}
	folded := make(chan error, 1)
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM account WHERE uid = $1 FOR UPDATE`, held); err != nil {
			return err
		}
		go func() {
			rows, err := s.Fold(ctx)
			if err == nil && rows == 0 {
				err = fmt.Errorf("nothing was folded")
			}
			folded <- err
		}()
		for waits := false; !waits; { // until the fold waits for that row
			time.Sleep(10 * time.Millisecond)
			if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `SELECT FROM account FOR UPDATE`)
		return err
	})
	if failed := <-folded; failed != nil {
		t.Fatalf("account %d held: %v", held, failed)
	}
	var ended *pgconn.PgError
	if errors.As(err, &ended) && ended.Code == "40P01" {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}
