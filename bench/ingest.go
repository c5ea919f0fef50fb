package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain/referral"
	"partnerhub/ingest"
)

const batch = 5000 // rows of a COPY, as of a slice of ingest

// ingestEmpty measures ingest where nothing but the structure is stored.
func (b *bench) ingestEmpty(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "empty")
	if err != nil {
		return err
	}
	defer d.close()
	structure, err := b.stream.structure()
	if err != nil {
		return err
	}
	defer structure.Close()
	note("loading the accounts")
	if _, err := ingest.Run(ctx, d.store, structure, ingest.Options{Writers: 2}); err != nil {
		return err
	}
	if _, err := d.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	ratio, err := b.compare(ctx, d, "ingest")
	b.empty = ratio
	return err
}

// ingestFull measures ingest where all trades are stored, and the process's memory while they are loaded.
func (b *bench) ingestFull(ctx context.Context) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	ratio, err := b.compare(ctx, b.full, "ingest-full")
	if err != nil {
		return err
	}
	for w := 1; w <= 2; w++ {
		if b.empty[w] > 0 {
			b.add("ingest-full", fmt.Sprintf("beside the empty start, %d writers", w), ratio[w]/b.empty[w], "", "aim >= 0.8")
		}
	}
	return nil
}

// load stores the first part of the stream, once.
func (b *bench) load(ctx context.Context) error {
	if b.full != nil {
		return nil
	}
	d, err := b.newDatabase(ctx, "full")
	if err != nil {
		return err
	}
	b.full = d
	first, err := b.stream.first()
	if err != nil {
		return err
	}
	defer first.Close()
	note("loading %d trades", b.trades)
	var rss []float64
	var last time.Time
	begin := time.Now()
	sum, err := ingest.Run(ctx, d.store, first, ingest.Options{Writers: 2, Progress: func(p ingest.Progress) {
		if rss = append(rss, residentMB(os.Getpid())); time.Since(last) > time.Minute {
			last = time.Now()
			note("%d lines", p.Lines)
		}
	}})
	if err != nil {
		return err
	}
	if sum.Rejected > 0 || sum.Deferred > 0 {
		return fmt.Errorf("%d lines rejected, %d deferred", sum.Rejected, sum.Deferred)
	}
	b.add("memory", "events per second of the load, 2 writers", float64(sum.Accepted)/time.Since(begin).Seconds(), "events/s", "")
	n := len(rss)
	b.add("memory", "resident after a tenth of the load", rss[n/10], "MB", "")
	b.add("memory", "resident at its end", rss[n-1], "MB", "aim: flat")
	b.add("memory", "most of all", slices.Max(rss), "MB", "")
	// Autovacuum would do it in its own time.
	note("vacuum")
	_, err = d.pool.Exec(ctx, `VACUUM ANALYZE`)
	return err
}

// residentMB is what a process holds of the machine's memory.
func residentMB(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kb float64
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		_, _ = fmt.Sscan(rest, &kb)
	}
	return kb / 1024
}

// compare runs ingest and the limit by turns, and returns the ratio of their medians by writers.
func (b *bench) compare(ctx context.Context, d *database, section string) (map[int]float64, error) {
	whole, limit, own := map[int][]float64{}, map[int][]float64{}, map[int][]float64{}
	var used, usedByLimit cpu
	var events, rows int
	for range b.rounds {
		for w := 1; w <= 2; w++ {
			lines, trades, err := b.stream.next(b.events)
			if err != nil {
				return nil, err
			}
			for i, m := range []struct {
				into map[int][]float64
				f    func() (float64, error)
			}{
				{limit, func() (float64, error) { return copyTrades(ctx, d.pool, trades, w, copyFrom) }},
				{whole, func() (float64, error) { return ingestLines(ctx, d, lines, w) }},
				{own, func() (float64, error) { return copyTrades(ctx, d.pool, trades, w, copyBinary) }},
			} {
				before, err := b.cpuUsed(ctx)
				if err != nil {
					return nil, err
				}
				rate, err := m.f()
				if err != nil {
					return nil, err
				}
				m.into[w] = append(m.into[w], rate)
				after, err := b.cpuUsed(ctx)
				if err != nil {
					return nil, err
				}
				switch after = after.less(before); i {
				case 0:
					usedByLimit, rows = usedByLimit.plus(after), rows+len(trades)
				case 1:
					used, events = used.plus(after), events+b.events
				}
			}
		}
	}
	ratio := map[int]float64{}
	for w := 1; w <= 2; w++ {
		ratio[w] = median(whole[w]) / median(limit[w])
		aim := ""
		if w == 2 && section == "ingest" {
			aim = "aim >= 0.30"
		}
		b.add(section, fmt.Sprintf("whole ingest, %d writers", w), median(whole[w]), "events/s", "")
		b.add(section, fmt.Sprintf("limit: pgx CopyFrom into a table with a primary key, %d writers", w), median(limit[w]), "rows/s", "")
		b.add(section, fmt.Sprintf("limit by a COPY encoder without boxing, %d writers", w), median(own[w]), "rows/s", "")
		b.add(section, fmt.Sprintf("ingest / CopyFrom, %d writers", w), ratio[w], "", aim)
		b.add(section, fmt.Sprintf("ingest / COPY without boxing, %d writers", w), median(whole[w])/median(own[w]), "", "")
	}
	b.add(section, "processor time of an event, hub", used.hub/float64(events)*1e6, "µs", "")
	b.add(section, "processor time of an event, PostgreSQL", used.server/float64(events)*1e6, "µs", "")
	b.add(section, "processor time of a row by CopyFrom, hub", usedByLimit.hub/float64(rows)*1e6, "µs", "")
	b.add(section, "processor time of a row by CopyFrom, PostgreSQL", usedByLimit.server/float64(rows)*1e6, "µs", "")
	if section == "ingest-full" {
		return map[int]float64{1: median(whole[1]) / median(limit[1]), 2: median(whole[2]) / median(limit[2])}, nil
	}
	return ratio, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// ingestLines takes the lines in, decoding and folding included, and returns events per second.
func ingestLines(ctx context.Context, d *database, lines []byte, writers int) (float64, error) {
	n := bytes.Count(lines, []byte{'\n'})
	begin := time.Now()
	sum, err := ingest.Run(ctx, d.store, bytes.NewReader(lines), ingest.Options{Writers: writers})
	if err != nil {
		return 0, err
	}
	if sum.Accepted+sum.Duplicate != n {
		return 0, fmt.Errorf("of %d lines: %+v", n, sum)
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

// copyTrades copies the raw columns of the trades into a new table with a primary key, a batch a transaction, and
// returns rows per second.
func copyTrades(ctx context.Context, pool *pgxpool.Pool, trades []referral.Event, writers int,
	send func(context.Context, pgx.Tx, []referral.Event) error) (float64, error) {
	if _, err := pool.Exec(ctx, `DROP TABLE IF EXISTS bench_trade`); err != nil {
		return 0, err
	}
	if _, err := pool.Exec(ctx, `CREATE TABLE bench_trade (id text COLLATE "C" PRIMARY KEY, uid bigint, at timestamptz, trade_id text, product smallint,
		symbol text, side text, volume bigint, fee_gross bigint, fee_paid bigint, ineligible boolean, reason text)`); err != nil {
		return 0, err
	}
	work := make(chan []referral.Event, len(trades)/batch+1)
	for part := range slices.Chunk(trades, batch) {
		work <- part
	}
	close(work)
	var wg sync.WaitGroup
	errs := make([]error, writers)
	begin := time.Now()
	for w := range writers {
		wg.Go(func() {
			for part := range work {
				if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return send(ctx, tx, part) }); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	rate := float64(len(trades)) / time.Since(begin).Seconds()
	_, err := pool.Exec(ctx, `DROP TABLE bench_trade`)
	return rate, errors.Join(append(errs, err)...)
}

var copyColumns = []string{"id", "uid", "at", "trade_id", "product", "symbol", "side", "volume", "fee_gross", "fee_paid", "ineligible", "reason"}

func productOf(t referral.Trade) int16 { return int16(len(t.Product)) } // any small number will do

func copyFrom(ctx context.Context, tx pgx.Tx, trades []referral.Event) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"bench_trade"}, copyColumns, pgx.CopyFromSlice(len(trades), func(i int) ([]any, error) {
		e := &trades[i]
		t := e.Body.(referral.Trade)
		return []any{e.ID, e.UID, e.At, t.TradeID, productOf(t), t.Symbol, t.Side, int64(t.Volume), int64(t.FeeGross), int64(t.FeePaid), t.Ineligible, t.Reason}, nil
	}))
	return err
}

// copyBinary is the same by hand, as the store does it.
func copyBinary(ctx context.Context, tx pgx.Tx, trades []referral.Event) error {
	buf := append(make([]byte, 0, len(trades)*200), "PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000"...)
	text := func(s string) {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(s)))
		buf = append(buf, s...)
	}
	big := func(v int64) {
		buf = binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(v))
	}
	for i := range trades {
		e := &trades[i]
		t := e.Body.(referral.Trade)
		buf = binary.BigEndian.AppendUint16(buf, uint16(len(copyColumns)))
		text(e.ID)
		big(e.UID)
		big(e.At.UnixMicro() - 946_684_800*1_000_000)
		text(t.TradeID)
		buf = binary.BigEndian.AppendUint16(append(buf, 0, 0, 0, 2), uint16(productOf(t)))
		text(t.Symbol)
		text(t.Side)
		big(int64(t.Volume))
		big(int64(t.FeeGross))
		big(int64(t.FeePaid))
		buf = append(buf, 0, 0, 0, 1, 0)
		if t.Ineligible {
			buf[len(buf)-1] = 1
		}
		text(t.Reason)
	}
	buf = append(buf, 0xff, 0xff)
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(buf), "COPY bench_trade ("+strings.Join(copyColumns, ", ")+") FROM STDIN (FORMAT binary)")
	return err
}

// endless hands out a stream until the context ends, as if its sender had paused there.
type endless struct {
	ctx context.Context
	in  io.Reader
}

func (e endless) Read(p []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, io.EOF
	}
	return e.in.Read(p)
}
