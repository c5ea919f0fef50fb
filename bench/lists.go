package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
	"partnerhub/tools"
	"partnerhub/web"
)

// lists measures what one very large partner reads over REST: pages of referees in each order, the overview, the export; beside the bare
// SQL of the same question. The trades are as many as -trades says, the referees as -referees.
func (b *bench) lists(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "lists")
	if err != nil {
		return err
	}
	defer d.close()
	now := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	if err := b.fillLists(ctx, d, now); err != nil {
		return err
	}
	begin := time.Now()
	if _, err := d.store.RankLarge(ctx, 1, now); err != nil {
		return err
	}
	b.add("lists", "sorting all for the first time", time.Since(begin).Seconds(), "s", "")
	// As autovacuum leaves it sooner or later.
	for _, sql := range []string{`VACUUM ANALYZE account, referee_count, referee_rank, group_day, trader_day, trader_count`, `ANALYZE`} {
		if _, err := d.pool.Exec(ctx, sql); err != nil {
			return err
		}
	}
	get, stop, err := serveLists(ctx, d, now)
	if err != nil {
		return err
	}
	defer stop()
	for _, sort := range referral.RefereeSorts {
		if err := b.listPages(ctx, d, get, string(sort)); err != nil {
			return err
		}
	}
	for _, q := range []struct{ what, path, bare string }{
		{"overview, last_30_days", "/v1/overview?period=last_30_days",
			`SELECT sum(earned), sum(volume), sum(fees), sum(trades), sum(deposits) FROM partner_hour WHERE partner = 1 AND hour >= '2026-10-22'`},
		{"top 10 referees of this_month, beside last_month", "/v1/metrics/query?metrics=commission,volume,trades&groupBy=referee&limit=10&period=this_month&compare=true",
			`SELECT referee, sum(earned1), sum(volume), sum(trades) FROM referee_day WHERE owner = 1 AND day >= '2026-11-01' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`},
		{"traders and volume by country, last_month", "/v1/metrics/query?metrics=traders,volume&groupBy=country&period=last_month",
			`SELECT a.country, count(DISTINCT d.referee), sum(d.volume) FROM referee_day d JOIN account a ON a.uid = d.referee WHERE d.owner = 1 AND d.day >= '2026-10-01' AND d.day < '2026-11-01' GROUP BY 1`},
		{"cohorts of a code", "/v1/cohorts?code=ONE", ""}, // from the rollups by referee it takes a minute of twenty million trades
	} {
		if err := b.timed(q.what, min(b.queries, 10), func(int) error { _, err := get(q.path); return err }); err != nil {
			return err
		}
		if q.bare == "" {
			continue
		}
		if err := b.timed("  bare SQL: "+map[bool]string{true: "the sums of its activity", false: "from the rollups by referee"}[q.what[0] == 'o'], 1, func(int) error {
			_, err := d.pool.Exec(ctx, q.bare)
			return err
		}); err != nil {
			return err
		}
	}
	return b.listExport(ctx, d, get)
}

// fillLists ingests the partner, their referees and their trades by two writers, while another folds, as serve does.
func (b *bench) fillLists(ctx context.Context, d *database, now time.Time) error {
	note("%d referees and %d trades under one partner", b.referees, b.trades)
	begin := time.Now()
	start := now.AddDate(0, 0, -100)
	half := domain.Rate(500_000)
	n := 0
	line := func(typ referral.EventType, uid int64, at time.Time, body referral.Body) store.Line {
		n++
		return store.Line{No: int64(n), Event: referral.Event{ID: "e" + strconv.Itoa(n), Type: typ, UID: uid, At: at, Body: body}}
	}
	if err := d.land(ctx, []store.Line{
		line(referral.AccountRegistered, 1, start, referral.Registration{}),
		line(referral.PartnerEnrolled, 1, start, referral.Rates{Enrolled: true, SpotRate: half, FuturesRate: half}),
		line(referral.ReferralCodeCreated, 1, start, referral.Code{Created: true, Code: "ONE"}),
	}); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(b.seed, 7))
	countries := []string{"VN", "TH", "ID", "BR", "NG", "TR", "IN"}
	if err := d.landAll(ctx, b.referees, func(i int) store.Line {
		joined := start.Add(time.Duration(i) * 40 * 24 * time.Hour / time.Duration(b.referees))
		return line(referral.AccountRegistered, int64(10+i), joined, referral.Registration{ReferralCode: "ONE", Country: countries[rng.IntN(len(countries))]})
	}); err != nil {
		return err
	}
	begun := start.AddDate(0, 0, 40)
	if err := d.landAll(ctx, b.trades, func(i int) store.Line { // in the order of their time; some referees trade much more than others
		r := int(float64(b.referees) * rng.Float64() * rng.Float64())
		fee := domain.Money(1+rng.IntN(5_000_000)) * 10
		body := referral.Trade{TradeID: "t" + strconv.Itoa(i), Product: []referral.Product{referral.Spot, referral.Futures}[rng.IntN(2)], Symbol: "BTCUSDT", Side: "buy", Volume: fee * 1000, FeeGross: fee, FeePaid: fee}
		return line(referral.TradeExecuted, int64(10+r), begun.Add(time.Duration(float64(now.Sub(begun))*float64(i)/float64(b.trades))), body)
	}); err != nil {
		return err
	}
	b.add("lists", "filling, with folds", float64(n)/time.Since(begin).Seconds(), "events/s", "")
	return nil
}

// land ingests a batch, of which nothing may be refused.
func (d *database) land(ctx context.Context, lines []store.Line) error {
	out, err := d.store.Ingest(ctx, store.Batch{Source: "bench", Lines: lines})
	if err == nil && out.Rejected > 0 {
		err = fmt.Errorf("%d lines were refused", out.Rejected)
	}
	return err
}

// landAll ingests so many lines, made in their order, by two writers in batches, and folds meanwhile and at the end.
func (d *database) landAll(ctx context.Context, lines int, line func(i int) store.Line) error {
	const batch, foldEvery = 5000, 200_000
	writers, ctx := errgroup.WithContext(ctx)
	batches, folds := make(chan []store.Line, 2), make(chan struct{}, 1)
	writers.Go(func() error {
		defer close(batches)
		defer close(folds)
		for i := 0; i < lines; {
			part := make([]store.Line, 0, batch)
			for ; i < lines && len(part) < batch; i++ {
				part = append(part, line(i))
			}
			select {
			case batches <- part:
			case <-ctx.Done():
				return ctx.Err()
			}
			if i%foldEvery == 0 {
				select {
				case folds <- struct{}{}:
				default: // one is under way
				}
			}
		}
		return nil
	})
	for range 2 {
		writers.Go(func() error {
			for part := range batches {
				if err := d.land(ctx, part); err != nil {
					return err
				}
			}
			return nil
		})
	}
	writers.Go(func() error {
		for range folds {
			if _, err := d.store.Fold(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err := writers.Wait(); err != nil {
		return err
	}
	_, err := d.store.Fold(context.WithoutCancel(ctx))
	return err
}

// serveLists serves the REST API over the database; get reads a path as the partner, counts the lines of the body, and looks at nothing else.
func serveLists(ctx context.Context, d *database, now time.Time) (get func(path string) (body string, err error), stop func(), err error) {
	secret := []byte("the benchmark's own, of no use elsewhere")
	auth, err := web.NewAuth(ctx, web.AuthConfig{Secret: secret})
	if err != nil {
		return nil, nil, err
	}
	clock := func() time.Time { return now }
	srv := httptest.NewServer(web.New(web.Config{
		Store: d.store, Auth: auth, Chat: web.NewChat(web.ChatConfig{Caller: auth.Caller}), Zone: time.UTC, Now: clock, PerMinute: 1_000_000, Logger: slog.New(slog.DiscardHandler),
		Tools: tools.All(tools.Deps{Metrics: d.store, Referees: d.store, Records: d.store, Tasks: d.store, Now: clock, Zone: time.UTC}),
	}))
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "1", "role": "partner", "exp": time.Now().Add(24 * time.Hour).Unix()}).SignedString(secret)
	if err != nil {
		srv.Close()
		return nil, nil, err
	}
	return func(path string) (string, error) {
		res, err := send(ctx, srv.URL+path, token)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		if strings.Contains(path, ".csv") {
			lines, err := countLines(res.Body)
			return strconv.Itoa(lines), err
		}
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}, srv.Close, nil
}

func send(ctx context.Context, url, token string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err == nil && res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		return nil, fmt.Errorf("%s: %s %s", url, res.Status, body)
	}
	return res, err
}

func countLines(r io.Reader) (n int, err error) {
	part := make([]byte, 64<<10)
	for {
		size, err := r.Read(part)
		for _, c := range part[:size] {
			if c == '\n' {
				n++
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// timed does something so many times, after at most three to warm up (none for a single time), and reports the times that it took.
func (b *bench) timed(what string, times int, do func(i int) error) error {
	var took []float64
	warm := min(times-1, 3)
	for i := range times + warm {
		begin := time.Now()
		if err := do(i); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if i >= warm {
			took = append(took, time.Since(begin).Seconds()*1000)
		}
	}
	slices.Sort(took)
	b.add("lists", what+", p50", took[len(took)/2], "ms", "")
	b.add("lists", what+", p99", took[len(took)*99/100], "ms", "")
	return nil
}

// listPages reads the first page in an order again and again, then page after page, then asks the bare SQL for the first one.
func (b *bench) listPages(ctx context.Context, d *database, get func(string) (string, error), sort string) error {
	path := "/v1/referees?period=last_30_days&limit=50&sort=" + sort
	if err := b.timed("50 referees by "+sort+", first page", b.queries, func(int) error { _, err := get(path); return err }); err != nil {
		return err
	}
	cursor := ""
	if err := b.timed("50 referees by "+sort+", next page", b.queries, func(int) error {
		next := path
		if cursor != "" {
			next += "&cursor=" + url.QueryEscape(cursor)
		}
		body, err := get(next)
		_, after, _ := strings.Cut(body, `"nextCursor":"`)
		cursor, _, _ = strings.Cut(after, `"`)
		return err
	}); err != nil {
		return err
	}
	bare := map[string]string{
		"registeredAt": `SELECT uid FROM account WHERE u1 = 1 ORDER BY registered_at DESC, uid LIMIT 50`,
		"lastTradeAt":  `SELECT uid FROM account WHERE u1 = 1 ORDER BY last_trade_at DESC NULLS LAST, uid LIMIT 50`,
		"commission":   `SELECT referee FROM referee_day WHERE owner = 1 AND day >= '2026-10-22' GROUP BY 1 ORDER BY sum(earned1) DESC, 1 LIMIT 50`,
		"volume":       `SELECT referee FROM referee_day WHERE owner = 1 AND day >= '2026-10-22' GROUP BY 1 ORDER BY sum(volume) DESC, 1 LIMIT 50`,
	}[sort]
	return b.timed("  bare SQL without sorted lists", 1, func(int) error { _, err := d.pool.Exec(ctx, bare); return err })
}

// listExport downloads all referees, and watches the memory meanwhile.
func (b *bench) listExport(ctx context.Context, d *database, get func(string) (string, error)) error {
	begin := time.Now()
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Conn().PgConn().CopyTo(ctx, io.Discard, `COPY (SELECT a.uid, a.code1, a.country, a.registered_at, a.last_trade_at, f.* FROM account a LEFT JOIN
		(SELECT referee, sum(earned1), sum(volume) FROM referee_day WHERE owner = 1 AND day >= '2026-10-22' GROUP BY 1) f ON f.referee = a.uid
		WHERE u1 = 1 ORDER BY registered_at DESC, uid) TO STDOUT (FORMAT csv)`)
	conn.Release()
	if err != nil {
		return err
	}
	b.add("lists", "  bare SQL: COPY of the referees and their figures", float64(b.referees)/time.Since(begin).Seconds(), "rows/s", "")
	var active int
	if err := d.pool.QueryRow(ctx, `SELECT count(*) FROM account WHERE u1 = 1 AND country = 'VN' AND last_trade_at >= '2026-10-22'`).Scan(&active); err != nil {
		return err
	}
	for _, x := range []struct {
		what, query string
		rows        int
	}{
		{"registration", "sort=registeredAt", b.referees},
		{"commission", "sort=commission", b.referees},
		{"volume, of the active ones in one country", "sort=volume&activity=active&country=VN", active},
	} {
		runtime.GC()
		grown := watchHeap()
		begin := time.Now()
		lines, err := get("/v1/exports/referees.csv?period=last_30_days&" + x.query)
		most := grown()
		if err != nil {
			return err
		}
		if want := strconv.Itoa(x.rows + 1); lines != want {
			return fmt.Errorf("an export by %s of %s lines, want %s", x.what, lines, want)
		}
		b.add("lists", "export by "+x.what, float64(x.rows)/time.Since(begin).Seconds(), "rows/s", "")
		b.add("lists", "  the heap's growth meanwhile", most, "MB", "")
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	b.add("lists", "peak resident memory of the process, filling included", float64(usage.Maxrss)/1024, "MB", "")
	return nil
}

// watchHeap looks at the heap ten times a second until stop, which says how far it grew, in MB.
func watchHeap() (stop func() float64) {
	read := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	base := read()
	end, peak := make(chan struct{}), base
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, read())
			case <-end:
				return
			}
		}
	})
	return func() float64 {
		close(end)
		done.Wait()
		return float64(peak-base) / (1 << 20)
	}
}
