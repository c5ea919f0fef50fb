package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"

	"partnerhub/agent/modeltest"
	"partnerhub/domain"
)

// The question of the turns, which every partner has an answer to.
const question = "How much commission did I earn this week?"

// idleFrom is the uid from which those count who only hold a socket open.
const idleFrom = 5_000_000

// sockets measures one process that holds many idle WebSockets and answers many turns: what a socket costs, how long a message waits for its
// first event, what ingest gets meanwhile, and whether slow readers or one partner's flood hold the others up.
func (b *bench) sockets(ctx context.Context) error {
	w, err := b.newServeWorld(ctx, "sockets", 3000)
	if err != nil {
		return err
	}
	defer w.close()
	if err := b.idleSockets(ctx, w); err != nil {
		return err
	}
	if err := b.fairness(ctx, w); err != nil {
		return err
	}
	return b.manyTurns(ctx, w)
}

// idleSockets has one process hold the sockets, first without a conversation and then each with one that it follows.
func (b *bench) idleSockets(ctx context.Context, w *serveWorld) error {
	h, err := b.startHub(ctx, w.database, "")
	if err != nil {
		return err
	}
	defer h.end(os.Interrupt)
	if err := mayOpen(b.idle + 2000); err != nil {
		return err
	}
	if _, err := h.talk(ctx, w.next, 4, 50); err != nil { // finds plans, and grows what grows once
		return err
	}
	alone, err := b.firstEvents(ctx, h, w, "no other sockets")
	if err != nil {
		return err
	}
	before := h.residentMB()
	idle, err := h.openIdle(ctx, 0, b.idle)
	defer func() {
		for _, t := range idle {
			_ = t.conn.CloseNow()
		}
	}()
	if err != nil {
		return err
	}
	open := h.residentMB()
	b.add("sockets", fmt.Sprintf("memory of each of %d idle sockets", b.idle), (open-before)*1024/float64(b.idle), "kB", "")
	used, begin := h.cpuSeconds(), time.Now()
	if err := pause(ctx, 2*time.Second+keepAliveOf); err != nil {
		return err
	}
	b.add("sockets", "processor for them, pings and checks of tokens", (h.cpuSeconds()-used)/time.Since(begin).Seconds()*100, "% of one", "")
	beside, err := b.firstEvents(ctx, h, w, fmt.Sprintf("%d idle sockets", b.idle))
	if err != nil {
		return err
	}
	b.add("sockets", "first event p99 with them by that without", beside/alone, "", "aim: near 1")
	if err := followAll(ctx, w, idle); err != nil {
		return err
	}
	b.add("sockets", "memory of each that follows a conversation", (h.residentMB()-before)*1024/float64(b.idle), "kB", "")
	used, begin = h.cpuSeconds(), time.Now()
	if err := pause(ctx, 2*time.Second+keepAliveOf); err != nil {
		return err
	}
	b.add("sockets", "processor for them", (h.cpuSeconds()-used)/time.Since(begin).Seconds()*100, "% of one", "")
	if beside, err = b.firstEvents(ctx, h, w, fmt.Sprintf("%d sockets that follow", b.idle)); err != nil {
		return err
	}
	b.add("sockets", "first event p99 with those that follow by that without", beside/alone, "", "aim: near 1")
	return b.slowReaders(ctx, h, w)
}

// keepAliveOf is how often a hub pings a socket.
const keepAliveOf = 20 * time.Second

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mayOpen says whether this process may open so many files; Go has raised the limit as far as it may be.
func mayOpen(files int) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if l.Cur < uint64(files) {
		return fmt.Errorf("%d open files are allowed, want %d: raise `ulimit -n`, or lower -idle", l.Cur, files)
	}
	return nil
}

// firstEvents asks -queries questions, two at a time, and returns how long the first event took at p99.
func (b *bench) firstEvents(ctx context.Context, h *hub, w *serveWorld, beside string) (p99 float64, err error) {
	took, err := h.talk(ctx, w.next, 2, b.queries)
	if err != nil {
		return 0, err
	}
	b.add("sockets", "first event, "+beside+", p50", quantile(took, firstOf, 0.5), "ms", "")
	p99 = quantile(took, firstOf, 0.99)
	b.add("sockets", "first event, "+beside+", p99", p99, "ms", "")
	b.add("sockets", "whole offline turn, "+beside+", p99", quantile(took, wholeOf, 0.99), "ms", "")
	return p99, nil
}

// openIdle opens n sockets, each of a partner of its own, of whom from are left out.
func (h *hub) openIdle(ctx context.Context, from, n int) (all []*talker, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var opened atomic.Int64
	for range 32 {
		wg.Go(func() {
			for {
				i := opened.Add(1)
				if i > int64(n) {
					return
				}
				t, failed := h.dial(ctx, idleFrom+int64(from)+i, nil)
				if failed == nil {
					go func() { // answers pings, as a browser does
						for {
							if _, _, err := t.conn.Read(ctx); err != nil {
								return
							}
						}
					}()
				}
				mu.Lock()
				if failed != nil {
					err = errors.Join(err, failed)
				} else {
					all = append(all, t)
				}
				mu.Unlock()
				if failed != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return all, err
}

// followAll has each of the sockets follow a conversation of its partner.
func followAll(ctx context.Context, w *serveWorld, idle []*talker) error {
	if err := w.asOwner(ctx, `INSERT INTO conversation (owner, id, title) SELECT u, lpad(u::text, 32, '0')::uuid, 'idle' FROM generate_series($1::bigint, $2::bigint) u`,
		idleFrom+1, idleFrom+len(idle)); err != nil {
		return err
	}
	for i, t := range idle {
		id := fmt.Sprintf("00000000-0000-0000-0000-%012d", t.uid)
		if err := t.say(ctx, map[string]any{"type": "resume", "threadId": id, "after": 0}); err != nil {
			return err
		}
		if i%500 == 499 {
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return pause(ctx, 3*time.Second)
}

// slowReaders has a partner open sockets that ask for a long conversation and read nothing of it.
func (b *bench) slowReaders(ctx context.Context, h *hub, w *serveWorld) error {
	const slow, events, size = 16, 10_000, 2000
	uid := w.partners[len(w.partners)-1]
	id := "00000000-0000-0000-0001-000000000001"
	if err := w.asOwner(ctx, `WITH c AS (INSERT INTO conversation (owner, id, title) VALUES ($1, $2, 'long')),
		r AS (INSERT INTO run (owner, id, thread, after, role, client_id, state, worker, lease_until)
			VALUES ($1, $2, $2, 0, 'partner', 'long', 'finished', $2, now()) RETURNING owner, id)
		INSERT INTO run_event (owner, thread, seq, run, type, body)
		SELECT owner, $2, i, id, 'CUSTOM', json_build_object('type', 'CUSTOM', 'name', 'long', 'seq', i, 'value', repeat('x', $4)) FROM r, generate_series(1, $3::int) i`,
		uid, id, events, size); err != nil {
		return err
	}
	before := h.residentMB()
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		return errors.Join(c.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) }), failed)
	}}).DialContext}}
	var readers []*talker
	for range slow {
		t, err := h.dial(ctx, uid, client)
		if err != nil {
			return err
		}
		defer func() { _ = t.conn.CloseNow() }()
		if err := t.say(ctx, map[string]any{"type": "resume", "threadId": id, "after": 0}); err != nil {
			return err
		}
		readers = append(readers, t)
	}
	most := before
	watched, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		for pause(watched, 100*time.Millisecond) == nil {
			most = max(most, h.residentMB())
		}
	})
	if err := pause(ctx, 2*time.Second); err != nil { // until their connections are full
		stop()
		watching.Wait()
		return err
	}
	_, err := b.firstEvents(ctx, h, w, fmt.Sprintf("and %d readers that do not read", slow))
	if err == nil {
		err = pause(ctx, 12*time.Second)
	}
	stop()
	watching.Wait()
	if err != nil {
		return err
	}
	b.add("sockets", "memory of each of them at most", (most-before)/slow, "MB", fmt.Sprintf("of %d MB to be sent", events*size>>20))
	cut := 0
	for _, t := range readers {
		got := 0
		for ctx.Err() == nil {
			if _, _, err := t.conn.Read(ctx); err != nil {
				break
			}
			got++
		}
		if got < events {
			cut++
		}
	}
	b.add("sockets", "of them cut off after 10 s", float64(cut), fmt.Sprintf("of %d", slow), "")
	return ctx.Err()
}

// flood has one partner send messages over all sockets that it may have, and ask the REST API for pages, as fast as both go, until ctx ends.
func (h *hub) flood(ctx context.Context, uid int64) (messages, requests *atomic.Int64, wait func()) {
	messages, requests = &atomic.Int64{}, &atomic.Int64{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for ctx.Err() == nil {
				t, err := h.dial(ctx, uid, nil)
				if err != nil {
					continue
				}
				for ctx.Err() == nil {
					if _, err := t.ask(ctx, question); err != nil && !errors.As(err, new(*refusal)) {
						break // more frames than a socket may send
					}
					messages.Add(1)
				}
				_ = t.conn.CloseNow()
			}
		})
	}
	bearer := "Bearer " + token(domain.Partner(uid))
	for range 64 {
		wg.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.address+"/v1/overview?period=last_30_days", nil)
				if err != nil {
					return
				}
				req.Header.Set("Authorization", bearer)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				requests.Add(1)
			}
		})
	}
	return messages, requests, wg.Wait
}

// fairness measures others' turns without and with one partner's flood.
func (b *bench) fairness(ctx context.Context, w *serveWorld) error {
	h, err := b.startHub(ctx, w.database, "")
	if err != nil {
		return err
	}
	defer h.end(os.Interrupt)
	if _, err := h.talk(ctx, w.next, 4, 50); err != nil {
		return err
	}
	others := w.partners[1:]
	next := func() int64 { return others[int(w.asked.Add(1))%len(others)] }
	var first, whole [2][]turnTimes
	for round := range b.rounds { // by turns, so that both see the same machine
		for i := range 2 {
			flooding, stop := context.WithCancel(ctx)
			wait := func() {}
			if i == 1 {
				var messages, requests *atomic.Int64
				messages, requests, wait = h.flood(flooding, w.partners[0])
				defer func() {
					if round == b.rounds-1 {
						b.add("sockets", "messages and requests of the flood, last round", float64(messages.Load()+requests.Load()), "", "")
					}
				}()
				if err := pause(ctx, time.Second); err != nil {
					stop()
					return err
				}
			}
			took, err := h.talk(ctx, next, 1, b.queries)
			stop()
			wait()
			if err != nil {
				return err
			}
			first[i], whole[i] = append(first[i], took...), append(whole[i], took...)
		}
	}
	for i, beside := range []string{"no flood", "one partner's flood of messages and pages"} {
		b.add("sockets", "another partner's first event, "+beside+", p99", quantile(first[i], firstOf, 0.99), "ms", "")
		b.add("sockets", "another partner's turn, "+beside+", p50", quantile(whole[i], wholeOf, 0.5), "ms", "")
		b.add("sockets", "another partner's turn, "+beside+", p99", quantile(whole[i], wholeOf, 0.99), "ms", "")
	}
	b.add("sockets", "turn p99 beside the flood by that without", quantile(whole[1], wholeOf, 0.99)/quantile(whole[0], wholeOf, 0.99), "", "aim: near 1")
	return nil
}

// manyTurns has one process answer -running turns at the same time, by the planner and by a model that takes its time, while events come in.
func (b *bench) manyTurns(ctx context.Context, w *serveWorld) error {
	model := slowModel(0, 2500*time.Millisecond)
	for _, m := range []struct{ name, url string }{{"by the planner", ""}, {"by a model of 20 s", model}} {
		if err := b.runningTurns(ctx, w, m.name, m.url); err != nil {
			return fmt.Errorf("turns %s: %w", m.name, err)
		}
	}
	return nil
}

// slowModel serves a model that calls a tool, thinks, and then writes eight words with a pause before each. It returns its URL.
func slowModel(thinks, pause time.Duration) string {
	return modeltest.New(&outsideTests{}, modeltest.Endless(modeltest.Reply(func(r modeltest.Request) modeltest.Step {
		if r.Chat.Messages[len(r.Chat.Messages)-1].Role != "tool" {
			return modeltest.Calls(modeltest.Call{ID: uuid.NewString(), Name: "query_metrics", Args: `{"metrics":["commission"],"period":"this_week"}`})
		}
		parts := []modeltest.Part{modeltest.Pause(thinks), modeltest.Chunk("Your commission ")}
		for _, word := range []string{"of ", "this ", "week ", "is ", "on ", "the ", "card ", "above. "} {
			parts = append(parts, modeltest.Pause(pause), modeltest.Chunk(word))
		}
		return modeltest.Stream(append(parts, modeltest.Finish("stop"), modeltest.Usage(100, 20), modeltest.Done())...)
	}))).URL
}

func (b *bench) runningTurns(ctx context.Context, w *serveWorld, name, model string) error {
	h, err := b.startHub(ctx, w.database, model)
	if err != nil {
		return err
	}
	defer h.end(os.Interrupt)
	if _, err := h.talk(ctx, w.next, 4, 20); err != nil {
		return err
	}
	var alone, meanwhile float64
	var all, fresh []turnTimes
	var most float64
	before := h.residentMB()
	took := time.Duration(0)
	for round := range b.rounds {
		rate, err := w.ingestFor(ctx, []*hub{h}, fmt.Sprintf("alone-%d-%d", len(name), round), 2, measureFor)
		if err != nil {
			return err
		}
		alone += rate
		talking, stop, turns := ctx, context.CancelFunc(func() {}), b.running // of a model each to its end, of the planner for some time
		if model == "" {
			talking, stop = context.WithTimeout(ctx, time.Duration(b.running)*time.Second/40+2*measureFor)
			turns = 1 << 30
		}
		var times []turnTimes
		var failed error
		var wg sync.WaitGroup
		begin := time.Now()
		wg.Go(func() {
			times, failed = h.talk(talking, w.next, b.running, turns)
		})
		var late []turnTimes
		var lateFailed error
		if err = pause(ctx, time.Duration(b.running)*time.Second/40); err == nil { // until all have begun
			wg.Go(func() { late, lateFailed = h.talk(ctx, w.next, 5, 10) })
			rate, err = w.ingestFor(ctx, []*hub{h}, fmt.Sprintf("beside-%d-%d", len(name), round), 2, measureFor)
		}
		most = max(most, h.residentMB())
		wg.Wait()
		stop()
		took += time.Since(begin)
		if err = errors.Join(err, failed, lateFailed); err != nil {
			return err
		}
		meanwhile += rate
		all, fresh = slices.Concat(all, times), slices.Concat(fresh, late)
	}
	rounds := float64(b.rounds)
	what := fmt.Sprintf("%d turns at a time %s: ", b.running, name)
	b.add("sockets", what+"turns done", float64(len(all))/took.Seconds(), "turns/s", "")
	b.add("sockets", what+"first event p50, all sent at once", quantile(all, firstOf, 0.5), "ms", "")
	b.add("sockets", what+"first event p99, all sent at once", quantile(all, firstOf, 0.99), "ms", "")
	b.add("sockets", what+"first event p50 of a message beside them", quantile(fresh, firstOf, 0.5), "ms", "")
	b.add("sockets", what+"the most of those", quantile(fresh, firstOf, 1), "ms", "")
	b.add("sockets", what+"memory of each, its socket included", (most-before)*1024/float64(b.running), "kB", "")
	b.add("sockets", what+"ingest alone, 2 senders", alone/rounds, "events/s", "")
	b.add("sockets", what+"ingest meanwhile", meanwhile/rounds, "events/s", "")
	b.add("sockets", what+"ingest meanwhile by alone", meanwhile/alone, "", "")
	return nil
}
