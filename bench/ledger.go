package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
)

// measureFor is how long each rate is measured.
const measureFor = 5 * time.Second

// ledger measures transfers per second beside pgbench's TPC-B-like transactions on the same server.
func (b *bench) ledger(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "ledger")
	if err != nil {
		return err
	}
	defer d.close()
	tpcb, err := b.pgbench(ctx, d)
	if err != nil {
		return err
	}
	b.add("ledger", "pgbench, TPC-B-like, scale 1, 2 clients", tpcb, "tps", "")
	var seq atomic.Int64
	// Paid in from outside, so that none is refused: the locks and rows are those of any other transfer.
	transfers := func(n int, owner func() int64) []ledger.Transfer {
		out := make([]ledger.Transfer, n)
		for i := range out {
			uid := owner()
			out[i] = ledger.Transfer{Key: strconv.FormatInt(seq.Add(1), 10), From: ledger.Account{Owner: uid, Kind: ledger.External}, To: ledger.FundOf(uid), Amount: domain.USDT, Reason: ledger.TopUp, At: time.Now()}
		}
		return out
	}
	hot := func() int64 { return 1 }
	distinct := func() int64 { return 2 + rand.Int64N(int64(b.accounts)) }
	note("one transfer to each of %d accounts", b.accounts)
	for from := 0; from < b.accounts; from += 1000 {
		uid := int64(from + 1)
		out, err := d.store.Post(ctx, transfers(min(1000, b.accounts-from), func() int64 { uid++; return uid }))
		for _, p := range out {
			err = errors.Join(err, p.Err)
		}
		if err != nil {
			return err
		}
	}
	for _, m := range []struct {
		what  string
		batch int
		owner func() int64
		aim   string
	}{
		{"one at a time, distinct accounts", 1, distinct, ""},
		{"one at a time, one hot account", 1, hot, ""},
		{"batches of 1,000, distinct accounts", 1000, distinct, ""},
		{"batches of 1,000, one hot account", 1000, hot, "aim: 6 × pgbench"},
	} {
		rate, err := perSecond(ctx, 2, func(ctx context.Context) (int, error) {
			out, err := d.store.Post(ctx, transfers(m.batch, m.owner))
			for _, p := range out {
				err = errors.Join(err, p.Err)
			}
			return m.batch, err
		})
		if err != nil {
			return err
		}
		b.add("ledger", m.what, rate, "transfers/s", m.aim)
		if m.aim != "" {
			b.add("ledger", "that by pgbench's tps", rate/tpcb, "×", "aim: 6")
		}
	}
	return nil
}

// perSecond has workers do a step again and again, and returns how much they did a second.
func perSecond(ctx context.Context, workers int, step func(context.Context) (int, error)) (float64, error) {
	var done atomic.Int64
	var mu sync.Mutex
	var failed error
	begin := time.Now()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for time.Since(begin) < measureFor {
				n, err := step(ctx)
				done.Add(int64(n))
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), failed
}

var tpsRule = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench is the tps of PostgreSQL's own benchmark on this server.
func (b *bench) pgbench(ctx context.Context, d *database) (float64, error) {
	path, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			return 0, errors.New("pgbench is not installed: it comes with PostgreSQL's server")
		}
		path = slices.Max(found)
	}
	url := withDatabase(b.url, d.name)
	if out, err := exec.CommandContext(ctx, path, "-i", "-q", "-s", "1", url).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("pgbench -i: %w: %s", err, out)
	}
	out, err := exec.CommandContext(ctx, path, "-n", "-c", "2", "-j", "2", "-T", strconv.Itoa(int(measureFor.Seconds())), url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	m := tpsRule.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench said no tps: %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
