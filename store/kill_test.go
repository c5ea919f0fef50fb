package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/task"
	intake "partnerhub/ingest" // a helper of these tests has its name
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// The environment of the process that TestKilled starts and kills.
const (
	killedFile     = "PARTNERHUB_TEST_KILLED_FILE"
	killedDatabase = "PARTNERHUB_TEST_KILLED_DATABASE"
)

// The tasks of these tests run from 40 days before the end of the events to a day after it.
var (
	killedNow  = time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)
	killedFrom = killedNow.AddDate(0, 0, -40)
)

// TestKilledProcess is that process: it takes the file in, says how far it is, and advances the tasks beside. Alone it does nothing.
func TestKilledProcess(t *testing.T) {
	path := os.Getenv(killedFile)
	if path == "" {
		return
	}
	pool, err := pgxpool.New(t.Context(), os.Getenv(killedDatabase))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	defer advanceBeside(s)()
	if err := takeIn(t.Context(), s, path, func(p intake.Progress) { fmt.Println("landed", p.Lines) }); err != nil {
		t.Fatal(err)
	}
	fmt.Println("done")
}

func takeIn(ctx context.Context, s *store.Store, path string, progress func(intake.Progress)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = intake.Run(ctx, s, f, intake.Options{Writers: 2, Progress: progress})
	return err
}

// advanceBeside advances the tasks again and again, as serve does, until stop is called. It goes on after failures.
func advanceBeside(s *store.Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			_, _ = s.AdvanceTasks(ctx, killedNow)
			time.Sleep(5 * time.Millisecond)
		}
	})
	return func() { cancel(); wg.Wait() }
}

// TestKilled kills what takes a file in while tasks are active, the process or PostgreSQL, at random points, and sends the file again until it has
// gone through. The derived tables are those of one run without a fault. So are progress, rewards, notices and the ledger, to the micro-USDT, where
// nothing takes progress back; elsewhere the progress is the same, and Verify finds nothing.
func TestKilled(t *testing.T) {
	for seed := range uint64(killedRuns) {
		for _, reversals := range []bool{false, true} {
			name := fmt.Sprint("plain/", seed)
			if reversals {
				name = fmt.Sprint("reversals/", seed)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newKilledWorld(t, rand.New(rand.NewPCG(seed, 3)), reversals)
				t.Run("process", func(t *testing.T) { w.kill(t, rand.New(rand.NewPCG(seed, 4)), newKilledProcess(t)) })
				t.Run("database", func(t *testing.T) { w.kill(t, rand.New(rand.NewPCG(seed, 5)), newKilledServer(t)) })
			})
		}
	}
}

// killedWorld is a file of events and what must come of it.
type killedWorld struct {
	reversals         bool
	first             string // what is there before the tasks are created
	path              string // the file
	lines             int    // of it
	derived, progress string // after a run without a fault
	paid, settled     string // the same, of rewards and money; before and after all is settled
}

func newKilledWorld(t *testing.T, rng *rand.Rand, reversals bool) *killedWorld {
	t.Helper()
	var stream bytes.Buffer
	if _, err := demo.Generate(demo.Config{Seed: rng.Uint64(), Referees: killedReferees, Days: 60, Now: killedNow}, &stream); err != nil {
		t.Fatal(err)
	}
	var first, lines []string
	for line := range strings.Lines(stream.String()) {
		var e struct {
			Type string
			UID  int64
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		partner := e.UID < 90_000 // see demo
		switch e.Type {
		case "trade.reversed":
			if reversals {
				lines = append(lines, line)
			}
		case "trade.executed", "deposit.completed", "withdrawal.completed", "kyc.completed":
			lines = append(lines, line)
		default:
			// Late terms can take progress back, too: they come first where it must not fall, and in between where it may.
			if !reversals || partner && (e.Type == "account.registered" || e.Type == "partner.enrolled" || e.Type == "referral_code.created") {
				first = append(first, line)
			} else {
				lines = append(lines, line)
			}
		}
	}
	// Out of order within a thousand lines and some far too early or late, so that much waits and is derived again.
	for from := 0; from < len(lines); from += 1000 {
		part := lines[from:min(from+1000, len(lines))]
		rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	for range len(lines) / 100 {
		i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
	}
	w := &killedWorld{reversals: reversals, first: strings.Join(first, ""), path: filepath.Join(t.TempDir(), "events.ndjson"), lines: len(lines)}
	if err := os.WriteFile(w.path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, pool := open(t, time.UTC)
	w.prepare(t, s)
	if err := takeIn(t.Context(), s, w.path, nil); err != nil {
		t.Fatal("the clean run:", err)
	}
	advance(t, s, killedNow)
	w.derived, w.progress, w.paid = derived(t, pool), taskProgress(t, pool), taskMoney(t, pool)
	if n := strings.Count(w.paid, "\n"); n < 20 {
		t.Error("the clean run hardly paid:", n, "lines")
	}
	advance(t, s, killedNow.AddDate(0, 0, 10))
	w.settled = taskMoney(t, pool)
	return w
}

// prepare lands what comes first, and creates tasks of each kind for the main partner's sub-partners.
func (w *killedWorld) prepare(t *testing.T, s *store.Store) {
	t.Helper()
	if sum, err := intake.Run(t.Context(), s, strings.NewReader(w.first), intake.Options{}); err != nil || sum.Rejected > 0 {
		t.Fatal(sum, err)
	}
	owner := demo.Cast().Partner.UID
	deposit(t, s, owner, 1_000_000*domain.USDT)
	for _, spec := range []task.Spec{
		{Type: task.Referral, EveryX: 2, Reward: 10 * domain.USDT, MaxRepeats: 30},
		{Type: task.Trading, Product: task.Futures, Tiers: []task.Tier{{Threshold: 20_000 * domain.USDT, Reward: 10 * domain.USDT}, {Threshold: 100_000_000 * domain.USDT, Reward: 100 * domain.USDT}}},
		{Type: task.Trading, Product: task.Both, Tiers: []task.Tier{{Threshold: 1000 * domain.USDT, Reward: 10 * domain.USDT}, {Threshold: 50_000 * domain.USDT, Reward: 30 * domain.USDT},
			{Threshold: 500_000 * domain.USDT, Reward: 50 * domain.USDT}, {Threshold: 5_000_000 * domain.USDT, Reward: 100 * domain.USDT}}},
	} {
		spec.Targets.DirectPartners, spec.Start, spec.End = true, killedFrom, killedNow.AddDate(0, 0, 1)
		if _, err := s.CreateTask(t.Context(), domain.Partner(owner), spec, "", killedFrom); err != nil {
			t.Fatal(err)
		}
	}
}

// victim is what is killed.
type victim interface {
	open(t *testing.T) (*store.Store, *pgxpool.Pool)
	// takeIn takes the file in, and kills some time after so many lines have landed. It reports whether the work was still going on then.
	takeIn(t *testing.T, path string, after int64, pause time.Duration) (killed bool)
}

func (w *killedWorld) kill(t *testing.T, rng *rand.Rand, v victim) {
	s, pool := v.open(t)
	w.prepare(t, s)
	killed := 0
	for k := range killedTimes {
		// A later attempt passes quickly over what has landed; each gets a bit further.
		after := int64(rng.IntN(w.lines * (k + 1) / killedTimes * 9 / 10))
		pause := time.Duration(rng.IntN(60)) * time.Millisecond
		if k == killedTimes-1 { // while the deltas are folded
			after, pause = int64(w.lines), pause/4
		}
		if v.takeIn(t, w.path, after, pause) {
			killed++
		}
	}
	if killed == 0 {
		t.Error("nothing was killed at work")
	}
	var landed int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM trade`).Scan(&landed); err != nil || landed == 0 {
		t.Error("nothing landed before the kills:", err)
	}
	if v.takeIn(t, w.path, int64(w.lines)+1, 0) {
		t.Fatal("the last attempt was killed")
	}
	// The server may still be at work on what a killed process asked for last, a fold for instance, which lets no other fold or pay.
	for begun, left := time.Now(), 1; left > 0; {
		foldAll(t, s)
		advance(t, s, killedNow)
		if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM delta) + (SELECT count(*) FROM task_delta) + (SELECT count(*) FROM task_participant WHERE open AND reached > paid)`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("%d deltas or rewards are never done", left)
		}
	}
	same := func(what, want, got string) {
		t.Helper()
		if got != want {
			t.Errorf("%s, after %d kills:\n%s", what, killed, diff(want, got))
		}
	}
	same("derived", w.derived, derived(t, pool))
	same("progress", w.progress, taskProgress(t, pool))
	if !w.reversals {
		same("rewards", w.paid, taskMoney(t, pool))
	}
	verified(t, s)
	advance(t, s, killedNow.AddDate(0, 0, 10))
	if !w.reversals {
		same("settled", w.settled, taskMoney(t, pool))
	}
	same("progress, settled", w.progress, taskProgress(t, pool))
	verified(t, s)
	books(t, pool)
}

func taskProgress(t *testing.T, pool *pgxpool.Pool) string {
	return rowsOf(t, pool, `SELECT task, uid, value, reached FROM task_participant ORDER BY 1, 2`)
}

// taskMoney is what was paid and told of tasks, and every account.
func taskMoney(t *testing.T, pool *pgxpool.Pool) string {
	return rowsOf(t, pool, `SELECT task, uid, step, threshold, amount FROM task_reward ORDER BY 1, 2, 3`) +
		rowsOf(t, pool, `SELECT task, uid, paid, paid_amount, final FROM task_participant ORDER BY 1, 2`) +
		rowsOf(t, pool, `SELECT owner, kind, ref, balance FROM ledger_account ORDER BY 1, 2, 3`) +
		rowsOf(t, pool, `SELECT key, owner, kind, to_owner, to_kind, amount, reason FROM ledger_transfer WHERE reason <> 'top_up' ORDER BY 1, 2`) +
		rowsOf(t, pool, `SELECT owner, kind, key FROM notice ORDER BY 1, 3`)
}

// rowsOf is a query's rows as text, a line each.
func rowsOf(t *testing.T, pool *pgxpool.Pool, query string) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT coalesce(string_agg(x::text || E'\n', ''), '') FROM (`+query+`) x`)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text
}

// killedProcess is a process that takes the file in, and is killed: TestKilledProcess.
type killedProcess struct{ url string }

func newKilledProcess(t *testing.T) *killedProcess { return &killedProcess{storetest.URL(t)} }

func (k *killedProcess) open(t *testing.T) (*store.Store, *pgxpool.Pool) { return openAt(t, k.url) }

func openAt(t *testing.T, url string) (*store.Store, *pgxpool.Pool) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return s, pool
}

func (k *killedProcess) takeIn(t *testing.T, path string, after int64, pause time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), killedFile+"="+path, killedDatabase+"="+k.url)
	said := &heard{after: after, reached: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-said.reached:
		time.Sleep(pause)
		_ = cmd.Process.Signal(syscall.SIGKILL) // unless it has ended
		err = <-ended
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL && ctx.Err() == nil {
		return true
	}
	if err != nil || !strings.Contains(said.all.String(), "done") {
		t.Fatalf("%v\n%s", err, said.all.String())
	}
	return false
}

// heard is what a process says, and a signal once it has landed so many lines.
type heard struct {
	all     bytes.Buffer
	after   int64
	reached chan struct{}
	closed  bool
}

func (h *heard) Write(p []byte) (int, error) {
	h.all.Write(p)
	said := h.all.String()
	if i := strings.LastIndex(said, "landed "); i >= 0 && !h.closed {
		n, _, whole := strings.Cut(said[i+len("landed "):], "\n")
		if lines, err := strconv.ParseInt(n, 10, 64); whole && err == nil && lines >= h.after {
			h.closed = true
			close(h.reached)
		}
	}
	return len(p), nil
}

// killedServer is a PostgreSQL of its own that is killed and started again, while the hub's process and its pool live on, as serve does.
type killedServer struct {
	server *storetest.Server
	store  *store.Store
}

func newKilledServer(t *testing.T) *killedServer {
	t.Helper()
	k := &killedServer{server: storetest.NewServer(t, t.TempDir())}
	if err := store.Migrate(t.Context(), k.server.URL()); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *killedServer) open(t *testing.T) (*store.Store, *pgxpool.Pool) {
	s, pool := openAt(t, k.server.URL())
	k.store = s
	t.Cleanup(advanceBeside(s)) // also while the server is away
	return s, pool
}

func (k *killedServer) takeIn(t *testing.T, path string, after int64, pause time.Duration) bool {
	t.Helper()
	reached := make(chan struct{})
	var once sync.Once
	ended := make(chan error, 1)
	go func() {
		ended <- takeIn(t.Context(), k.store, path, func(p intake.Progress) {
			if p.Lines >= after {
				once.Do(func() { close(reached) })
			}
		})
	}()
	select {
	case err := <-ended:
		// Connections of before the last kill are found broken when they are used: who sends again gets through in the end.
		for range 20 {
			if err == nil {
				return false
			}
			err = takeIn(t.Context(), k.store, path, nil)
		}
		t.Fatal(err)
	case <-reached:
		time.Sleep(pause)
	}
	k.server.Kill()
	err := <-ended
	k.server.Start()
	return err != nil
}
