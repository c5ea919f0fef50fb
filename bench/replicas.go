package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"partnerhub/store"
)

// Clients and senders of every number of replicas, so that more replicas get the same work.
const (
	replicaClients = 6
	replicaSenders = 3
)

// replicas measures one, two and three processes on one database, whether any of them does what another has done, and what becomes of the
// work of one that is killed.
func (b *bench) replicas(ctx context.Context) error {
	w, err := b.newServeWorld(ctx, "replicas", 3000)
	if err != nil {
		return err
	}
	defer w.close()
	var turnsOfOne, eventsOfOne float64
	for n := 1; n <= 3; n++ {
		hubs, stop, err := b.startHubs(ctx, w, n, "")
		if err != nil {
			return err
		}
		turns, err := w.turnsFor(ctx, hubs, measureFor)
		var events float64
		if err == nil {
			events, err = w.ingestFor(ctx, hubs, fmt.Sprint("replicas-", n, "-"), replicaSenders, measureFor)
		}
		if err == nil && n == 3 {
			err = b.onceEach(ctx, w, hubs)
		}
		stop()
		if err != nil {
			return err
		}
		b.add("replicas", fmt.Sprintf("offline turns of %d clients, %d replicas", replicaClients, n), turns, "turns/s", "")
		b.add("replicas", fmt.Sprintf("ingest of %d senders, %d replicas", replicaSenders, n), events, "events/s", "")
		if n == 1 {
			turnsOfOne, eventsOfOne = turns, events
			continue
		}
		b.add("replicas", fmt.Sprintf("turns of %d replicas by those of one", n), turns/turnsOfOne, "", "on the processors of one machine")
		b.add("replicas", fmt.Sprintf("ingest of %d replicas by that of one", n), events/eventsOfOne, "", "")
	}
	return b.killed(ctx, w)
}

func (b *bench) startHubs(ctx context.Context, w *serveWorld, n int, model string) (hubs []*hub, stop func(), err error) {
	stop = func() {
		for _, h := range hubs {
			h.end(os.Interrupt)
		}
	}
	for range n {
		h, err := b.startHub(ctx, w.database, model)
		if err != nil {
			stop()
			return nil, nil, err
		}
		hubs = append(hubs, h)
	}
	for _, h := range hubs {
		if _, err := h.talk(ctx, w.next, 4, 20); err != nil {
			stop()
			return nil, nil, err
		}
	}
	return hubs, stop, nil
}

// turnsFor has the clients ask for some time, and returns turns a second.
func (w *serveWorld) turnsFor(ctx context.Context, hubs []*hub, d time.Duration) (float64, error) {
	timed, stop := context.WithTimeout(ctx, d)
	defer stop()
	var wg sync.WaitGroup
	var done atomic.Int64
	errs := make([]error, len(hubs))
	for i, h := range hubs {
		wg.Go(func() {
			took, err := h.talk(timed, w.next, replicaClients/len(hubs), 1<<30)
			done.Add(int64(len(took)))
			errs[i] = err
		})
	}
	wg.Wait()
	return float64(done.Load()) / d.Seconds(), errors.Join(errs...)
}

// handoffs is what asks for a person: each makes one ticket, and one webhook.
const handoffs, handoffQuestion = 60, "I want to talk to a human agent"

// onceEach has partners ask for a person, and counts how often the exchange's backend hears of each ticket.
func (b *bench) onceEach(ctx context.Context, w *serveWorld, hubs []*hub) error {
	var mu sync.Mutex
	heard, tickets := map[string]int{}, map[string]bool{}
	backend := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		heard[r.Header.Get("webhook-id")]++
		tickets[string(body)] = true
	}))
	defer backend.Close()
	body, err := json.Marshal(map[string]any{"url": backend.URL, "types": []string{"ticket.created"}})
	if err != nil {
		return err
	}
	if err := hubs[0].post(ctx, "/v1/webhooks", w.key, "application/json", body, nil); err != nil {
		return err
	}
	for i := range handoffs {
		if _, err := hubs[i%len(hubs)].turn(ctx, w.next(), handoffQuestion); err != nil {
			return err
		}
	}
	for begin := time.Now(); time.Since(begin) < 30*time.Second; {
		mu.Lock()
		n := len(heard)
		mu.Unlock()
		if n >= handoffs {
			break
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	if err := pause(ctx, 3*time.Second); err != nil { // time for what should not come
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	sent := 0
	for _, n := range heard {
		sent += n
	}
	b.add("replicas", fmt.Sprintf("webhooks of %d tickets by 3 replicas", handoffs), float64(len(tickets)), "", fmt.Sprint("aim: ", handoffs))
	b.add("replicas", "of them sent more than once", float64(sent-len(heard)), "", "aim: 0")
	return nil
}

// fleet is the replicas that live.
type fleet struct {
	mu   sync.Mutex
	hubs []*hub
}

func (f *fleet) any() *hub {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hubs[rand.IntN(len(f.hubs))]
}

// kill ends the first replica with a signal that it cannot catch.
func (f *fleet) kill() {
	f.mu.Lock()
	dead := f.hubs[0]
	f.hubs = slices.Clone(f.hubs[1:])
	f.mu.Unlock()
	dead.end(os.Kill)
}

// killed has three replicas at work, kills one, and holds what was accepted against what is stored.
func (b *bench) killed(ctx context.Context, w *serveWorld) error {
	hubs, stop, err := b.startHubs(ctx, w, 3, slowModel(time.Second, 0)) // so that some are in the middle of an answer
	if err != nil {
		return err
	}
	defer stop() // a signal to the dead one does nothing
	f := &fleet{hubs: hubs}
	working, enough := context.WithCancel(ctx)
	defer enough()
	var wg sync.WaitGroup
	var events, messages, again, failed atomic.Int64
	for s := range replicaSenders {
		wg.Go(func() {
			for n := 0; working.Err() == nil; n++ {
				body := w.body(fmt.Sprint("killed-", s), n, w.clock)
				for f.any().post(ctx, "/v1/events", w.key, "application/x-ndjson", body, nil) != nil && ctx.Err() == nil {
					again.Add(1)
				}
				events.Add(eventsInBody)
			}
		})
	}
	var mu sync.Mutex
	var slowest float64
	for range 4 * replicaClients {
		wg.Go(func() {
			for working.Err() == nil {
				id, uid, begin := "killed-"+uuid.NewString(), w.next(), time.Now()
				for ctx.Err() == nil {
					err := f.any().message(ctx, uid, id)
					if errors.Is(err, errRunFailed) {
						failed.Add(1)
					}
					if err == nil || errors.Is(err, errRunFailed) {
						break
					}
					again.Add(1)
					_ = pause(ctx, 50*time.Millisecond)
				}
				messages.Add(1)
				mu.Lock()
				slowest = max(slowest, time.Since(begin).Seconds())
				mu.Unlock()
			}
		})
	}
	err = pause(ctx, measureFor)
	f.kill()
	err = errors.Join(err, pause(ctx, measureFor))
	enough()
	wg.Wait()
	if err != nil {
		return err
	}
	b.add("replicas", "one of three killed: attempts repeated by clients", float64(again.Load()), "", "")
	var taken int64
	if err := w.pool.QueryRow(ctx, `SELECT count(*) FROM run WHERE starts_with(client_id, 'killed-') AND attempt > 1`).Scan(&taken); err != nil {
		return err
	}
	b.add("replicas", "runs of the dead one, taken over by another", float64(taken), "", "")
	b.add("replicas", "answers that ended in an error", float64(failed.Load()), "", "aim: 0")
	b.add("replicas", "slowest answer, the dead one's taken over among them", slowest, "s", "")
	for _, x := range []struct {
		what, query string
		want        int64
	}{
		{"events accepted and not stored once", `SELECT count(*) FROM trade WHERE starts_with(id, 'killed-')`, events.Load()},
		{"messages without one run", `SELECT count(*) FROM run WHERE starts_with(client_id, 'killed-')`, messages.Load()},
		{"runs not ended", `SELECT count(*) FROM run WHERE starts_with(client_id, 'killed-') AND state <> 'running'`, messages.Load()},
	} {
		var got int64
		if err := w.pool.QueryRow(ctx, x.query).Scan(&got); err != nil {
			return err
		}
		b.add("replicas", fmt.Sprintf("%s, of %d", x.what, x.want), float64(x.want-got), "", "aim: 0")
	}
	var ends int64
	if err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `ALTER TABLE run_event NO FORCE ROW LEVEL SECURITY`); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM run_event e JOIN run r ON (r.owner, r.id) = (e.owner, e.run)
			WHERE starts_with(r.client_id, 'killed-') AND e.type = 'RUN_FINISHED'`).Scan(&ends); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ALTER TABLE run_event FORCE ROW LEVEL SECURITY`)
		return err
	}); err != nil {
		return err
	}
	b.add("replicas", "ends of runs above or below one each", float64(ends+failed.Load()-messages.Load()), "", "aim: 0")
	report, err := w.store.Verify(ctx, store.VerifyOptions{})
	if err != nil {
		return err
	}
	wrong := int64(0)
	for _, c := range report.Checks {
		wrong += c.Mismatches
	}
	b.add("replicas", "verify afterwards: rows wrong", float64(wrong), "", "aim: 0")
	return nil
}

// message sends a message under its own id, and reads the answer to its end.
func (h *hub) message(ctx context.Context, uid int64, id string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // longer than a dead worker's lease
	defer cancel()
	t, err := h.dial(ctx, uid, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.conn.CloseNow() }()
	err = t.tell(ctx, id, question, &turnTimes{})
	if refused := (*refusal)(nil); errors.As(err, &refused) && strings.Contains(refused.text, "RUN_ERROR") {
		return errRunFailed
	}
	return err
}

var errRunFailed = errors.New("the answer ended in an error")
