package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"partnerhub/domain"
)

// The load that the capacity model answers for (docs/capacity.md says why).
const (
	modelTrades     = 1e9   // a day
	modelAccounts   = 100e6 // which so trade ten times a day
	modelPartners   = 100e3 // one in a thousand accounts
	modelPeak       = 4.0   // the busiest second by the average one
	modelBusy       = 0.6   // of a processor that may be planned for
	modelSockets    = 20e3  // open at the busiest time: each tenth partner, with two
	modelTurns      = 500e3 // a day: five of each partner
	modelRequests   = 16e6  // a day: twenty pages of eight requests of each partner
	modelDays       = 90    // that facts are kept
	secondsInDay    = 86_400
	tradesOfAccount = 10 // a day, here as there: what is summed in a rollup's row
)

// unitCost is what one of something takes: processor time of the hub and of PostgreSQL in microseconds, and bytes that stay.
type unitCost struct{ hub, server, bytes float64 }

// usage is all that a piece of work took.
type usage struct {
	n float64
	cpu
	bytes float64
}

func (u usage) each() unitCost {
	return unitCost{u.hub / u.n * 1e6, u.server / u.n * 1e6, u.bytes / u.n}
}

// capacity measures what one event, turn, query and socket costs at a size and at four times of it, holds what the smaller says of the larger
// against what was measured there, and says what a load past one machine needs.
func (b *bench) capacity(ctx context.Context) error {
	w, err := b.newServeWorld(ctx, "capacity", b.events/tradesOfAccount)
	if err != nil {
		return err
	}
	defer w.close()
	h, err := b.startHub(ctx, w.database, "")
	if err != nil {
		return err
	}
	defer h.end(os.Interrupt)
	if _, err := h.talk(ctx, w.next, 4, 50); err != nil {
		return err
	}
	days := 0 // each so many events are of a day of their own, the latest first
	events := func(times int) (float64, error) {
		for range times {
			if err := b.sendDay(ctx, w, h, days); err != nil {
				return 0, err
			}
			days++
		}
		return float64(times * (b.events / eventsInBody) * eventsInBody), nil
	}
	turns := func(times int) (float64, error) {
		n := times * b.queries
		_, err := h.talk(ctx, w.next, 2, n)
		return float64(n), err
	}
	queries := func(times int) (float64, error) { return b.askPages(ctx, w, h, times*b.queries) }
	costs := map[string]unitCost{}
	for _, x := range []struct {
		what   string
		do     func(times int) (n float64, err error)
		tables []string // in which it leaves something
	}{
		{"event", events, []string{"trade", "referee_day", "partner_hour"}},
		{"turn", turns, []string{"conversation", "run", "run_event", "message"}},
		{"request", queries, nil},
	} {
		if _, err := x.do(1); err != nil { // finds plans, and grows what grows once
			return fmt.Errorf("%s: %w", x.what, err)
		}
		small, err := b.used(ctx, w, h, x.tables, func() (float64, error) { return x.do(1) })
		if err != nil {
			return fmt.Errorf("%s: %w", x.what, err)
		}
		large, err := b.used(ctx, w, h, x.tables, func() (float64, error) { return x.do(4) })
		if err != nil {
			return fmt.Errorf("%s: %w", x.what, err)
		}
		one := small.each()
		costs[x.what] = one
		b.add("capacity", x.what+": processor, hub", one.hub, "µs", "")
		b.add("capacity", x.what+": processor, PostgreSQL", one.server, "µs", "")
		b.add("capacity", x.what+fmt.Sprintf(": processor of %.0f, measured by predicted of %.0f", large.n, small.n), (large.hub+large.server)/(one.hub+one.server)/large.n*1e6, "", "aim: near 1")
		if x.tables != nil {
			b.add("capacity", x.what+": bytes that stay", one.bytes, "B", "")
			b.add("capacity", x.what+": bytes, measured by predicted", large.bytes/one.bytes/large.n, "", "aim: near 1")
		}
	}
	socket, err := b.socketCost(ctx, w)
	if err != nil {
		return err
	}
	accounts, err := b.accountBytes(ctx, w)
	if err != nil {
		return err
	}
	b.extrapolate(costs, socket, accounts)
	return nil
}

// used is what a piece of work takes, until all of it is folded, and what it leaves in the tables.
func (b *bench) used(ctx context.Context, w *serveWorld, h *hub, tables []string, do func() (float64, error)) (u usage, err error) {
	at := func() (c cpu, bytes float64, err error) {
		for left := 1; left > 0; {
			if err := w.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM delta LIMIT 1) d`).Scan(&left); err != nil {
				return c, 0, err
			}
			if err := pause(ctx, 300*time.Millisecond); err != nil {
				return c, 0, err
			}
		}
		if c, err = b.cpuUsed(ctx); err != nil {
			return c, 0, err
		}
		c.hub = h.cpuSeconds()
		err = w.pool.QueryRow(ctx, `SELECT coalesce(sum(pg_total_relation_size(t::regclass)), 0)::float8 FROM unnest($1::text[]) t`, tables).Scan(&bytes)
		return c, bytes, err
	}
	before, bytes, err := at()
	if err != nil {
		return u, err
	}
	if u.n, err = do(); err != nil {
		return u, err
	}
	after, now, err := at()
	u.cpu, u.bytes = after.less(before), now-bytes
	return u, err
}

// sendDay has two senders post -events events of one day.
func (b *bench) sendDay(ctx context.Context, w *serveWorld, h *hub, day int) error {
	bodies := make(chan []byte, b.events/eventsInBody)
	for n := range b.events / eventsInBody {
		bodies <- w.body(fmt.Sprint("day-", day), n, w.clock.AddDate(0, 0, -day))
	}
	close(bodies)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for s := range errs {
		wg.Go(func() {
			for body := range bodies {
				if errs[s] = h.post(ctx, "/v1/events", w.key, "application/x-ndjson", body, nil); errs[s] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// pagesAsked are what a page of the app reads.
var pagesAsked = []string{"/v1/overview?period=last_7_days", "/v1/metrics/query?metrics=commission&period=this_week", "/v1/metrics/query?metrics=volume,trades&period=last_30_days&groupBy=day",
	"/v1/referees?limit=20", "/v1/notices", "/v1/tasks", "/v1/codes", "/v1/fund"}

func (b *bench) askPages(ctx context.Context, w *serveWorld, h *hub, n int) (float64, error) {
	for i := range n {
		res, err := send(ctx, "http://"+h.address+pagesAsked[i%len(pagesAsked)], token(domain.Partner(w.next())))
		if err != nil {
			return 0, err
		}
		if _, err := countLines(res.Body); err != nil {
			return 0, err
		}
		_ = res.Body.Close()
	}
	return float64(n), nil
}

// socketCost is what an idle socket holds of the hub's memory, in bytes.
func (b *bench) socketCost(ctx context.Context, w *serveWorld) (float64, error) {
	h, err := b.startHub(ctx, w.database, "") // one that has not grown by other work
	if err != nil {
		return 0, err
	}
	defer h.end(os.Interrupt)
	if _, err := h.talk(ctx, w.next, 4, 20); err != nil {
		return 0, err
	}
	before, quarter := h.residentMB(), b.idle/4
	var all []*talker
	defer func() {
		for _, t := range all {
			_ = t.conn.CloseNow()
		}
	}()
	open := func(from, n int) (heldMB float64, err error) {
		more, err := h.openIdle(ctx, from, n)
		all = append(all, more...)
		return h.residentMB() - before, err
	}
	first, err := open(0, quarter) // fills what the process had room for
	if err != nil {
		return 0, err
	}
	second, err := open(quarter, quarter)
	if err != nil {
		return 0, err
	}
	whole, err := open(2*quarter, 2*quarter)
	if err != nil {
		return 0, err
	}
	each := (second - first) / float64(quarter)
	b.add("capacity", fmt.Sprintf("socket: memory of each of %d more", quarter), each*1024, "kB", "")
	b.add("capacity", fmt.Sprintf("socket: memory of %d more, measured by predicted", 2*quarter), (whole-second)/each/float64(2*quarter), "", "aim: near 1")
	return whole / float64(4*quarter) * (1 << 20), nil
}

// accountBytes is what an account takes in the table of accounts, its indexes included.
func (b *bench) accountBytes(ctx context.Context, w *serveWorld) (each float64, err error) {
	err = w.pool.QueryRow(ctx, `SELECT pg_total_relation_size('account') / count(*)::float8 FROM account`).Scan(&each)
	b.add("capacity", "account: bytes", each, "B", "")
	return each, err
}

// extrapolate says what the model's load needs.
func (b *bench) extrapolate(costs map[string]unitCost, socket, account float64) {
	cores := func(what string, perDay float64) (hub, server float64) {
		atPeak := perDay / secondsInDay * modelPeak / modelBusy / 1e6
		return costs[what].hub * atPeak, costs[what].server * atPeak
	}
	var hubs, servers float64
	for _, x := range []struct {
		what   string
		perDay float64
	}{{"event", modelTrades}, {"turn", modelTurns}, {"request", modelRequests}} {
		hub, server := cores(x.what, x.perDay)
		hubs, servers = hubs+hub, servers+server
		b.add("capacity model", fmt.Sprintf("%.3g %ss a day: processors of hubs", x.perDay, x.what), hub, "", "")
		b.add("capacity model", fmt.Sprintf("%.3g %ss a day: processors of PostgreSQL", x.perDay, x.what), server, "", "")
	}
	b.add("capacity model", "all: processors of hubs", hubs, "", "")
	b.add("capacity model", "all: processors of PostgreSQL", servers, "", "")
	b.add("capacity model", fmt.Sprintf("%.3g sockets: memory", modelSockets), modelSockets*socket/(1<<30), "GB", "")
	b.add("capacity model", fmt.Sprintf("facts and rollups of %d days", modelDays), modelDays*modelTrades*costs["event"].bytes/(1<<40), "TB", "one copy")
	b.add("capacity model", "conversations of a year", 365*modelTurns*costs["turn"].bytes/(1<<40), "TB", "one copy")
	b.add("capacity model", fmt.Sprintf("%.3g accounts, on each node", modelAccounts), modelAccounts*account/(1<<30), "GB", "")
}
