package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"partnerhub/domain/notice"
	"partnerhub/domain/webhook"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// sink is an endpoint that notes what it gets, and answers as it is told to.
type sink struct {
	*httptest.Server
	mu      sync.Mutex
	got     map[string]int // by webhook-id
	bodies  map[string]string
	answer  func(w http.ResponseWriter, n int) // n: how often it got this id
	secrets []string
	bad     []string
	changed chan struct{}
}

func newSink(t *testing.T) *sink {
	t.Helper()
	k := &sink{got: map[string]int{}, bodies: map[string]string{}, changed: make(chan struct{}, 1)}
	k.Server = httptest.NewServer(k)
	t.Cleanup(k.Close)
	return k
}

func (k *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	id := r.Header.Get("webhook-id")
	k.mu.Lock()
	for _, secret := range k.secrets {
		v, _ := standardwebhooks.NewWebhook(secret)
		if err == nil {
			err = v.Verify(body, r.Header)
		}
	}
	if was, again := k.bodies[id]; again && was != string(body) {
		err = fmt.Errorf("%s changed", id)
	}
	if err != nil {
		k.bad = append(k.bad, err.Error())
	}
	k.got[id]++
	k.bodies[id] = string(body)
	n, answer := k.got[id], k.answer
	k.mu.Unlock()
	if answer != nil {
		answer(w, n)
	}
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// until waits until it holds, looking at each request.
func (k *sink) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		k.mu.Lock()
		ok := holds()
		k.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-k.changed:
		case <-time.After(100 * time.Millisecond):
		case <-limit:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

type world struct {
	*store.Store
	pool *pgxpool.Pool
	told int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return &world{Store: s, pool: pool}
}

func (w *world) register(t *testing.T, k *sink, types ...webhook.Type) webhook.Endpoint {
	t.Helper()
	e, secret, err := w.CreateWebhook(t.Context(), k.URL+"/"+string(fmt.Append(nil, types)), types, "test")
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.secrets = []string{secret}
	k.mu.Unlock()
	return e
}

// tell makes n events.
func (w *world) tell(t *testing.T, n int) {
	t.Helper()
	list := make([]notice.Notice, n)
	for i := range list {
		w.told++
		list[i] = notice.Notice{Owner: int64(1 + i%5), Kind: notice.Settlement, Key: fmt.Sprint(w.told), Data: json.RawMessage(`{"day":"2026-11-20"}`), At: time.Now()}
	}
	if err := w.Tell(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func (w *world) records(t *testing.T, state string) []webhook.Record {
	t.Helper()
	list, _, err := w.Deliveries(t.Context(), store.DeliveryQuery{State: state, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wait looks at the database until it holds.
func (w *world) wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s: %+v", what, w.records(t, ""))
		}
		var none int
		_ = w.pool.QueryRow(t.Context(), `SELECT 1 FROM pg_sleep(0.02)`).Scan(&none)
	}
}

// start runs a worker until stop or the test's end.
func (w *world) start(t *testing.T, change func(*Worker)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	x := &Worker{Queue: w.Store, Client: NewClient(true), Logger: slog.New(slog.DiscardHandler),
		Retry: func(now time.Time, _ int, _ time.Duration) time.Time { return now }}
	if change != nil {
		change(x)
	}
	var wg sync.WaitGroup
	wg.Go(func() { x.Run(ctx) })
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); wg.Wait() }) }
	t.Cleanup(stop)
	return stop
}

// TestReplicasDeliverOnce has three workers on one outbox: each event arrives at each endpoint once, signed.
func TestReplicasDeliverOnce(t *testing.T) {
	w, all, some := newWorld(t), newSink(t), newSink(t)
	w.tell(t, 3) // before anybody was registered: nobody is told
	w.register(t, all)
	w.register(t, some, webhook.TicketCreated)
	for range 3 {
		w.start(t, nil)
	}
	for range 4 {
		w.tell(t, 60)
	}
	all.until(t, "all arrived", func() bool { return len(all.got) == 240 })
	w.wait(t, "all are noted", func() bool { return len(w.records(t, "pending")) == 0 })
	all.mu.Lock()
	defer all.mu.Unlock()
	for id, n := range all.got {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if len(all.bad) > 0 || len(some.got) > 0 {
		t.Error(all.bad, some.got)
	}
}

// TestFailures has endpoints that fail in every way beside one that works and must not wait for them.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	shaky, gone, down, slow, away, good := newSink(t), newSink(t), newSink(t), newSink(t), newSink(t), newSink(t)
	shaky.answer = func(w http.ResponseWriter, n int) {
		if n < 3 {
			http.Error(w, "not now", http.StatusInternalServerError)
		}
	}
	gone.answer = func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusGone) }
	hold := make(chan struct{})
	slow.answer = func(http.ResponseWriter, int) { <-hold }
	defer close(hold)
	away.answer = func(w http.ResponseWriter, _ int) {
		w.Header().Set("Location", good.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	ends := map[string]webhook.Endpoint{}
	for name, k := range map[string]*sink{"shaky": shaky, "gone": gone, "down": down, "slow": slow, "away": away, "good": good} {
		ends[name] = w.register(t, k)
	}
	down.Close()
	const events = 5
	w.tell(t, events)
	w.start(t, func(x *Worker) {
		x.Client.Timeout = 200 * time.Millisecond
		x.Retry = func(now time.Time, attempt int, _ time.Duration) time.Time {
			if attempt < 4 {
				return now
			}
			return now.Add(time.Hour)
		}
	})
	good.until(t, "the good one has all", func() bool { return len(good.got) == events })
	of := func(name, state string) (list []webhook.Record) {
		all, _, err := w.Deliveries(t.Context(), store.DeliveryQuery{Target: ends[name].ID, State: state, Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	w.wait(t, "each has come to its end", func() bool {
		waits := 0
		for _, name := range []string{"down", "slow", "away"} {
			for _, r := range of(name, "failing") {
				if r.Attempts == 4 && r.NextAt.After(time.Now().Add(50*time.Minute)) {
					waits++
				}
			}
		}
		return waits == 3*events && len(of("shaky", "done")) == events && len(of("gone", "dead")) == events && len(of("good", "done")) == events
	})
	for name, want := range map[string]string{"down": "refused", "slow": "no answer in time", "away": "redirects are not followed"} {
		for _, r := range of(name, "") {
			if r.State != webhook.Pending || !strings.Contains(r.Error, want) || r.NextAt == nil {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	for id, n := range shaky.got {
		if n != 3 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	for id, n := range good.got {
		if n != 1 {
			t.Errorf("%s came %d times: did a redirect lead here?", id, n)
		}
	}
	list, err := w.Webhooks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if (e.DisabledAt != nil) != (e.ID == ends["gone"].ID) {
			t.Errorf("%+v", e)
		}
	}
}

// TestDeadAndSentAgain lets a delivery die, and sends it again by hand under its message id, once for two who press at once.
func TestDeadAndSentAgain(t *testing.T) {
	w, k := newWorld(t), newSink(t)
	works := false
	k.answer = func(w http.ResponseWriter, _ int) {
		if !works {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	e := w.register(t, k)
	w.tell(t, 1)
	w.start(t, nil)
	w.wait(t, "it is dead", func() bool { return len(w.records(t, "dead")) == 1 })
	r := w.records(t, "failing")[0]
	if r.Attempts != webhook.MaxAttempts || r.Status != 503 || r.EndedAt == nil || r.Host == "" {
		t.Errorf("%+v", r)
	}
	if err := w.Resend(t.Context(), r.ID, "00000000-0000-0000-0000-000000000001"); err == nil {
		t.Error("another endpoint's")
	}
	k.mu.Lock()
	works = true
	k.mu.Unlock()
	secret, err := w.RotateWebhook(t.Context(), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.secrets = append(k.secrets, secret) // both must sign
	k.mu.Unlock()
	if err := w.Resend(t.Context(), r.ID, e.ID); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "it arrived", func() bool { return len(w.records(t, "done")) == 1 })
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.got) != 1 || k.got[r.Message] != webhook.MaxAttempts+1 || len(k.bad) > 0 {
		t.Error(k.got, k.bad)
	}
	if err := w.DeleteWebhook(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Resend(t.Context(), r.ID, ""); err == nil {
		t.Error("sent to an endpoint that is deleted")
	}
}

const childURL = "PARTNERHUB_DELIVERY_CHILD"

// child is a replica that a test kills.
func child(url string) {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		panic(err)
	}
	s, err := store.Open(ctx, pool, time.UTC)
	if err != nil {
		panic(err)
	}
	(&Worker{Queue: s, Client: NewClient(true), Logger: slog.New(slog.DiscardHandler), Lease: time.Second}).Run(ctx)
}

// TestKilled kills replicas at random moments: nothing is lost, and what comes twice has one id and was in flight at a kill.
func TestKilled(t *testing.T) {
	url := storetest.URL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	w, k := &world{Store: s, pool: pool}, newSink(t)
	w.register(t, k)
	const events, kills = 120, 3
	w.tell(t, events)
	for i := range kills + 1 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childURL+"="+url)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		k.until(t, fmt.Sprint("part ", i, " arrived"), func() bool { return len(k.got) >= min(events, (i+1)*events/(kills+1)) })
		if i == kills {
			w.wait(t, "all are noted", func() bool { return len(w.records(t, "pending")) == 0 })
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	doubled := 0
	for _, n := range k.got {
		doubled += n - 1
	}
	if len(k.got) != events || doubled > kills*2*perTarget || len(k.bad) > 0 {
		t.Errorf("%d of %d arrived, %d twice, %v", len(k.got), events, doubled, k.bad)
	}
}
