package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"partnerhub/store"
	"partnerhub/store/storetest"
)

var (
	seed = flag.Uint64("seed", defaultSeed, "of the faults and the load; 0: another one each time")
	last = flag.Duration("for", defaultTime, "how long faults are injected; each comes once at least")
	only = flag.String("only", "", "name of the only fault to inject")
)

const secret = "a secret of the exchange's, of thirty-two bytes or more"

// patience is how long after the last fault everything must have ended: a worker that died is replaced within half a minute.
const patience = 90 * time.Second

// world is all that takes part.
type world struct {
	t        *testing.T
	seed     uint64
	program  string
	settings []string // of serve
	diskFull string   // the file system that can be filled; "" where none can be made

	pg       *storetest.Server
	admin    *pgxpool.Pool // straight to the database
	wrongly  *store.Store  // of a worker whose clock is wrong
	model    *model
	sinks    *sinks
	replicas []*replica
	key      string // API key of the exchange
	book     *book
	known    remembered

	mu     sync.Mutex
	going  map[*replica]bool // told to end
	faulty int               // what was wrong
	over   atomic.Int64      // when patience ends, in Unix nanoseconds; 0: not yet known
}

// wrong reports what must not be.
func (w *world) wrong(format string, args ...any) {
	w.mu.Lock()
	w.faulty++
	n := w.faulty
	w.mu.Unlock()
	if n <= 40 {
		w.t.Errorf("seed %d: "+format, append([]any{w.seed}, args...)...)
	}
}

// patient reports whether there is reason to wait still.
func (w *world) patient() bool {
	over := w.over.Load()
	return over == 0 || time.Now().UnixNano() < over
}

func TestFaults(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load, probes sync.WaitGroup
	var senders []*sender
	var people []*person
	for n := range 3 {
		senders = append(senders, w.newSender(n))
	}
	for n := range subPartners {
		people = append(people, w.newPerson(n, subPartner(n)))
	}
	for n := range 2 {
		people = append(people, w.newPerson(subPartners+2*n, partnerUID))
	}
	own := w.newOwner()
	probing, endProbes := context.WithCancel(t.Context())
	defer endProbes()
	for _, r := range w.replicas {
		probes.Go(func() { r.probe(probing) })
	}
	for _, s := range senders {
		load.Go(func() { s.run(ctx) })
	}
	for _, p := range people {
		load.Go(func() { p.run(ctx) })
	}
	load.Go(func() { own.run(ctx) })

	time.Sleep(2 * time.Second)
	counts := w.schedule(time.Now().Add(*last))
	w.over.Store(time.Now().Add(patience).UnixNano())
	stop()
	begun := time.Now()
	load.Wait()
	quiet := time.Since(begun)
	w.over.Store(time.Now().Add(patience).UnixNano())
	w.atEnd(people, own)
	endProbes()
	probes.Wait()
	w.tell(counts, senders, people, own, quiet)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, seed: *seed, going: map[*replica]bool{}, book: &book{trades: map[string]trade{}, deposits: map[string]int64{}, others: map[string]bool{}},
		known: remembered{asked: map[string]int64{}, heard: map[string][]seen{}, of: map[string]int64{}}}
	if w.seed == 0 {
		w.seed = uint64(time.Now().UnixNano() % 1e6)
	}
	t.Logf("again with: go test ./faults -v -seed %d -for %s", w.seed, *last)
	w.program = buildProgram(t)
	w.pg = storetest.NewServer(t, w.home())
	if err := store.Migrate(t.Context(), w.pg.URL()); err != nil {
		t.Fatal(err)
	}
	var err error
	w.admin = w.connect(strings.Replace(w.pg.URL(), "user=partnerhub", "user=postgres", 1)) // whom row level security lets see all
	if w.wrongly, err = store.Open(t.Context(), w.connect(w.pg.URL()), time.UTC); err != nil {
		t.Fatal(err)
	}
	w.model, w.sinks = newModel(t, w.seed), newSinks(t)
	w.settings = []string{"--jwt-secret", secret, "--private-webhooks", "--office-hours", "always", "--log-level", "warn",
		"--openai-base-url", w.model.url, "--openai-api-key", "none", "--model", "scripted",
		"--smtp-server", w.sinks.mails.Addr(), "--smtp-tls", "none", "--smtp-from", "hub@example.com", "--smtp-to", "desk@example.com"}
	for _, name := range []string{"a", "b"} {
		r := newReplica(w, name)
		w.replicas = append(w.replicas, r)
		r.start()
	}
	w.setUp()
	return w
}

func (w *world) connect(url string) *pgxpool.Pool {
	w.t.Helper()
	cfg, err := store.PoolConfig(url + "&pool_max_conns=4&application_name=test")
	if err != nil {
		w.t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	return pool
}

// home is a folder for PostgreSQL: on a file system of its own that can be filled, where this process may mount one.
func (w *world) home() string {
	dir, err := os.MkdirTemp("", "partnerhub-faults") // not t.TempDir, which is removed before the server is stopped
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { os.RemoveAll(dir) })
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1500m,mode=0755", "faults", dir).CombinedOutput(); err != nil {
		w.t.Logf("*** NOT TESTED: a full disk. A small file system cannot be mounted here (%v %s): run as root. ***", err, bytes.TrimSpace(out))
		return dir
	}
	w.t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	w.diskFull = dir
	return dir
}

// setUp makes the people, their fund, and the endpoint.
func (w *world) setUp() {
	w.t.Helper()
	key, err := w.command("key", "create", "exchange", "--scopes", "events,ledger,webhooks")
	if err != nil {
		w.t.Fatal(err)
	}
	w.key = strings.TrimSpace(key)
	rng := rand.New(rand.NewPCG(w.seed, 1))
	if got, ok := w.newSender(9).deliver(w.book.opening(time.Now())); !ok || got.Deferred > 0 {
		w.t.Fatalf("the opening: %+v", got)
	}
	if status, b, err := w.call(rng, http.MethodPost, "/v1/fund/top-ups", "", "", map[string]any{"uid": partnerUID, "amount": "1000000", "reference": "opening"}); err != nil || status != http.StatusOK {
		w.t.Fatalf("%d %s %v", status, b, err)
	}
	status, b, err := w.call(rng, http.MethodPost, "/v1/webhooks", "", "", map[string]any{"url": "http://" + w.sinks.network.Addr() + "/hooks"})
	var endpoint struct{ Secret string }
	if err != nil || status != http.StatusCreated || json.Unmarshal(b, &endpoint) != nil {
		w.t.Fatalf("%d %s %v", status, b, err)
	}
	if w.sinks.secret, err = standardwebhooks.NewWebhook(endpoint.Secret); err != nil {
		w.t.Fatal(err)
	}
}

// token is the exchange's, for a person.
func (w *world) token(uid int64, role string) string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": strconv.FormatInt(uid, 10), "role": role, "exp": time.Now().Add(2 * time.Hour).Unix()}).SignedString([]byte(secret))
	if err != nil {
		panic(err) // a map marshals
	}
	return text
}

var rest = http.Client{Timeout: 15 * time.Second}

// request makes a request with a person's token or, without one, with the exchange's key.
func (w *world) request(method, url, token, idempotency string, body any) (status int, answer []byte, err error) {
	var b []byte
	if body != nil {
		if b, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	} else {
		req.Header.Set("X-API-Key", w.key)
	}
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	res, err := rest.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// tell prints what happened.
func (w *world) tell(counts map[string]int, senders []*sender, people []*person, own *owner, quiet time.Duration) {
	var names []string
	n := 0
	for name, count := range counts {
		names, n = append(names, fmt.Sprintf("%s %d", name, count)), n+count
	}
	slices.Sort(names)
	w.t.Logf("seed %d: %d faults: %s", w.seed, n, strings.Join(names, ", "))
	var batches, lines, failed, resent int
	for _, s := range senders {
		batches, lines, failed, resent = batches+s.report.batches, lines+s.report.lines, failed+s.report.failed, resent+s.report.resent
	}
	w.t.Logf("events: %d batches of %d lines acknowledged, %d of them after %d attempts that failed", batches, lines, resent, failed)
	var all talk
	for _, p := range people {
		r := p.report
		all.sent, all.answered, all.told, all.approved, all.reconnects = all.sent+r.sent, all.answered+r.answered, all.told+r.told, all.approved+r.approved, all.reconnects+r.reconnects
		all.all = append(all.all, r.all...)
	}
	slices.Sort(all.all)
	at := func(q float64) time.Duration {
		if len(all.all) == 0 {
			return 0
		}
		return all.all[int(q*float64(len(all.all)-1))].Round(10 * time.Millisecond)
	}
	w.t.Logf("messages: %d sent, %d answered, %d told that there is no answer, %d connections made again; the end came after %s (half), %s (95 %%), %s (all)",
		all.sent, all.answered, all.told, all.reconnects, at(0.5), at(0.95), at(1))
	w.t.Logf("tasks: %d created by API, %d proposals approved, %d top-ups, %d requests made again", len(own.tasks), all.approved, len(own.topUps), own.again)
	w.sinks.mu.Lock()
	w.t.Logf("webhooks: %d acknowledged, %d of them came again, %d refused; mail: %d", len(w.sinks.hooks), w.sinks.again, w.sinks.refused, len(w.sinks.mail.Messages()))
	w.sinks.mu.Unlock()
	for _, r := range w.replicas {
		r.mu.Lock()
		w.t.Logf("replica %s: alive %d times of %d asked, ready %d of %d", r.name, r.states.alive, r.states.alive+r.states.dead, r.states.ready, r.states.ready+r.states.unready)
		r.mu.Unlock()
	}
	w.t.Logf("all ended %s after the last fault", quiet.Round(100*time.Millisecond))
	if w.t.Failed() {
		for _, r := range w.replicas {
			path := filepath.Join(os.TempDir(), fmt.Sprintf("faults-%d-%s.log", w.seed, r.name))
			r.mu.Lock()
			_ = os.WriteFile(path, r.log.Bytes(), 0o600)
			r.mu.Unlock()
			w.t.Logf("the log of replica %s: %s", r.name, path)
		}
	}
}
