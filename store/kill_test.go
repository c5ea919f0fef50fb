package store_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/demo"
	intake "partnerhub/ingest" // a helper of these tests has its name
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// The environment of the process that TestKilledIngest starts and kills.
const (
	killedFile     = "PARTNERHUB_TEST_KILLED_FILE"
	killedDatabase = "PARTNERHUB_TEST_KILLED_DATABASE"
)

// TestKilledIngestProcess is that process: it takes the file in and says how far it is. Alone it does nothing.
func TestKilledIngestProcess(t *testing.T) {
	path := os.Getenv(killedFile)
	if path == "" {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pool, err := pgxpool.New(t.Context(), os.Getenv(killedDatabase))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := intake.Run(t.Context(), s, f, intake.Options{Writers: 2, Progress: func(p intake.Progress) { fmt.Println("landed", p.Lines) }})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("done", sum.Accepted, sum.Duplicate, sum.Rejected, sum.Deferred)
}

// TestKilledIngest kills an ingest at random points and resends the file, until it has gone through: the tables are
// those of one run without a fault.
func TestKilledIngest(t *testing.T) {
	for seed := range uint64(killedRuns) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { killedIngest(t, rand.New(rand.NewPCG(seed, 3)), killedReferees, killedTimes) })
	}
}

func killedIngest(t *testing.T, rng *rand.Rand, referees, kills int) {
	var stream bytes.Buffer
	if _, err := demo.Generate(demo.Config{Seed: rng.Uint64(), Referees: referees, Days: 60, Now: time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)}, &stream); err != nil {
		t.Fatal(err)
	}
	// Out of order within a thousand lines and some far too early or late, so that much waits and is derived again.
	lines := strings.SplitAfter(strings.TrimSuffix(stream.String(), "\n")+"\n", "\n")
	lines = lines[:len(lines)-1]
	for from := 0; from < len(lines); from += 1000 {
		part := lines[from:min(from+1000, len(lines))]
		rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	for range len(lines) / 100 {
		i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
	}
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}

	clean, cleanPool := open(t, time.UTC)
	sum, err := intake.Run(t.Context(), clean, strings.NewReader(strings.Join(lines, "")), intake.Options{})
	if err != nil || sum.Accepted != len(lines) {
		t.Fatalf("the clean run: %+v %v", sum, err)
	}
	want := derived(t, cleanPool)

	database := storetest.URL(t)
	for k := range kills {
		// A later attempt passes quickly over what has landed; each gets a bit further.
		after := int64(rng.IntN(len(lines) * (k + 1) / kills * 9 / 10))
		pause := time.Duration(rng.IntN(60)) * time.Millisecond
		if k == kills-1 { // while the deltas are folded
			after, pause = int64(len(lines)), pause/4
		}
		if !runAndKill(t, path, database, after, pause) {
			t.Logf("attempt %d ended before it was killed", k+1)
		}
	}
	pool, err := pgxpool.New(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	var landed int
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM trade) + (SELECT count(*) FROM event)`).Scan(&landed); err != nil {
		t.Fatal(err)
	}
	if landed == 0 {
		t.Error("nothing landed before the kills")
	}
	if runAndKill(t, path, database, int64(len(lines))+1, 0) {
		t.Fatal("the last attempt was killed")
	}
	// The server may still be at work on what a killed process asked for last, a fold for instance, which lets no other fold.
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for begun, left := time.Now(), 1; left > 0; {
		foldAll(t, s)
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM delta`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("%d deltas are never folded", left)
		}
	}
	if got := derived(t, pool); got != want {
		t.Errorf("after %d kills:\n%s", kills, diff(want, got))
	}
}

// runAndKill starts the process, and kills it some time after so many lines have landed. It reports whether the process
// was still at work.
func runAndKill(t *testing.T, path, database string, after int64, pause time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledIngestProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), killedFile+"="+path, killedDatabase+"="+database)
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
	if err != nil || !strings.Contains(said.all.String(), "done ") {
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
