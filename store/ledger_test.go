package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/store"
)

func topUp(uid int64, key string, amount domain.Money) ledger.Transfer {
	return ledger.Transfer{Key: key, From: ledger.Account{Owner: uid, Kind: ledger.External}, To: ledger.FundOf(uid), Amount: amount, Reason: ledger.TopUp, Ref: key, At: time.Unix(1_790_000_000, 0)}
}

func fundTask(uid int64, key, task string, amount domain.Money) ledger.Transfer {
	return ledger.Transfer{Key: key, From: ledger.FundOf(uid), To: ledger.Account{Owner: uid, Kind: ledger.Escrow, Ref: task}, Amount: amount, Reason: ledger.TaskFund, Ref: task, At: time.Unix(1_790_000_000, 0)}
}

// refusal is the domain error of a posting.
func refusal(t testing.TB, err error) *domain.Error {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return e
}

// books checks that balances are the sums of their entries, and returns the fund accounts.
func books(t interface {
	Helper()
	Fatal(...any)
}, pool *pgxpool.Pool,
) map[int64]domain.Money {
	t.Helper()
	var wrong, sum int64
	err := pool.QueryRow(context.Background(), `SELECT (SELECT count(*) FROM ledger_account a WHERE balance <> coalesce((SELECT sum(amount) FROM ledger_entry e
		WHERE (e.owner, e.kind, e.ref) = (a.owner, a.kind, a.ref)), 0)), (SELECT coalesce(sum(balance), 0)::bigint FROM ledger_account)`).Scan(&wrong, &sum)
	if err != nil || wrong != 0 || sum != 0 {
		t.Fatal(wrong, "balances are not their entries; all sum to", sum, err)
	}
	rows, err := pool.Query(context.Background(), `SELECT owner, balance FROM ledger_account WHERE kind = 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[int64]domain.Money{}
	for rows.Next() {
		var uid int64
		var b domain.Money
		if err := rows.Scan(&uid, &b); err != nil {
			t.Fatal(err)
		}
		out[uid] = b
	}
	return out
}

// TestLedgerHalfFits lets 64 clients fund from one account that covers half of them.
func TestLedgerHalfFits(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	ctx := context.Background()
	if isNew, err := s.TopUp(ctx, topUp(7, "in", 320*domain.USDT)); err != nil || !isNew {
		t.Fatal(isNew, err)
	}
	var done, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			out, err := s.Post(ctx, []ledger.Transfer{fundTask(7, fmt.Sprint("task", i), fmt.Sprint(i), 10*domain.USDT)})
			switch {
			case err != nil:
				t.Error(err)
			case out[0].New:
				done.Add(1)
			default:
				if e := refusal(t, out[0].Err); e.Code == domain.CodeConflict && e.Field == "balance" && e.Missing == 10*domain.USDT {
					refused.Add(1)
				} else if e.Code != domain.CodeBusy && e.Missing <= 0 {
					t.Error(e)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if done.Load() != 32 || refused.Load() != 32 || books(t, pool)[7] != 0 {
		t.Fatal(done.Load(), refused.Load(), books(t, pool))
	}
}

// TestLedgerRefusals looks at each refusal, and that it leaves nothing behind.
func TestLedgerRefusals(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	ctx := context.Background()
	in := topUp(7, "in", 5*domain.USDT)
	out, err := s.Post(ctx, []ledger.Transfer{in, in, fundTask(7, "a", "A", 8*domain.USDT), topUp(8, "in", domain.USDT), fundTask(7, "b", "B", 2*domain.USDT)})
	if err != nil || !out[0].New || !out[3].New || !out[4].New || out[1].Err != nil {
		t.Fatal(out, err)
	}
	if e := refusal(t, out[2].Err); e.Field != "balance" || e.Missing == 0 {
		t.Fatal(e)
	}
	other := in
	other.Amount++
	if _, err := s.TopUp(ctx, other); refusal(t, err).Code != domain.CodeConflict || refusal(t, err).Field != "key" {
		t.Fatal(err)
	}
	if isNew, err := s.TopUp(ctx, in); isNew || err != nil {
		t.Fatal(isNew, err)
	}
	wrong := fundTask(7, "c", "C", 1)
	wrong.To.Owner = 8
	if _, err := s.TopUp(ctx, wrong); refusal(t, err).Field != "reason" {
		t.Fatal(err)
	}
	if b := books(t, pool); b[7] != 3*domain.USDT || b[8] != domain.USDT {
		t.Fatal(b)
	}
	for _, sql := range []string{`UPDATE ledger_transfer SET amount = 1`, `DELETE FROM ledger_transfer`, `TRUNCATE ledger_transfer`, `DELETE FROM settlement_record`, `UPDATE ledger_account SET balance = -1 WHERE kind = 1`} {
		if _, err := pool.Exec(ctx, sql); err == nil {
			t.Errorf("%s was not refused", sql)
		}
	}
	if b, err := s.Balance(ctx, domain.Partner(7)); err != nil || b != 3*domain.USDT {
		t.Fatal(b, err)
	}
	var seen []ledger.Entry
	for cursor := ""; ; {
		page, next, err := s.Entries(ctx, domain.Partner(7), cursor, 1)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page...)
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(seen) != 3 || seen[2].Amount != 5*domain.USDT || seen[0].Amount+seen[1].Amount != 0 {
		t.Fatal(seen)
	}
	if page, _, err := s.Entries(ctx, domain.Partner(9), "", 10); err != nil || len(page) != 0 {
		t.Fatal("a stranger sees", page, err)
	}
}

// TestLedgerProperty posts random transfers from several goroutines, with duplicates, conflicting keys and overdrafts.
func TestLedgerProperty(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		base := int64(run * 10)
		one := rapid.Custom(func(t *rapid.T) ledger.Transfer {
			uid := base + rapid.Int64Range(1, 3).Draw(t, "uid")
			key := fmt.Sprint("k", rapid.IntRange(0, 30).Draw(t, "key"))
			amount := domain.Money(rapid.Int64Range(1, 5).Draw(t, "amount"))
			task := fmt.Sprint("t", rapid.IntRange(0, 2).Draw(t, "task"))
			x := fundTask(uid, key, task, amount)
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				return topUp(uid, key, amount)
			case 1:
				x.From, x.To, x.Reason = x.To, ledger.FundOf(base+rapid.Int64Range(1, 3).Draw(t, "to")), ledger.TaskReward
			case 2:
				x.From, x.To, x.Reason = x.To, x.From, ledger.TaskRefund
			}
			return x
		})
		batches := rapid.SliceOfN(rapid.SliceOfN(one, 1, 12), 4, 12).Draw(t, "batches")
		results := make([][]store.Posted, len(batches))
		errs := make([]error, len(batches))
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := g; i < len(batches); i += 4 {
					results[i], errs[i] = s.Post(context.Background(), batches[i])
				}
			})
		}
		wg.Wait()
		want := map[int64]domain.Money{}
		for i, b := range batches {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			for j, x := range b {
				var e *domain.Error
				switch out := results[i][j]; {
				case out.New:
					if x.From.Kind == ledger.Fund {
						want[x.From.Owner] -= x.Amount
					}
					if x.To.Kind == ledger.Fund {
						want[x.To.Owner] += x.Amount
					}
				case out.Err != nil && (!errors.As(out.Err, &e) || e.Code != domain.CodeConflict && e.Code != domain.CodeBusy):
					t.Fatal(out.Err)
				}
			}
		}
		have := books(t, pool)
		for uid, b := range want {
			if have[uid] != b || b < 0 {
				t.Fatal(uid, "has", have[uid], "and the postings say", b)
			}
		}
	})
}
