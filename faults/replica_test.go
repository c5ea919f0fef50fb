package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"partnerhub/store/storetest"
)

// buildProgram builds the real program.
func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "partnerhub")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "partnerhub/cmd/partnerhub")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// replica is `partnerhub serve`, with a network of its own to the database. It is killed and started again, as by an orchestrator.
type replica struct {
	w       *world
	name    string
	network *storetest.Proxy // to the database
	url     string           // of the database, through it

	mu      sync.Mutex
	cmd     *exec.Cmd
	address string        // "" while it does not serve
	ended   chan struct{} // closed when the process is gone
	log     bytes.Buffer  // of all its processes
	states  health
}

func newReplica(w *world, name string) *replica {
	w.t.Helper()
	r := &replica{w: w, name: name}
	r.network, r.url = storetest.NewDatabaseProxy(w.t, w.pg.URL())
	// Shorter than the default, so that what a cut network leaves behind is gone within the test.
	r.url += "&idle_in_transaction_session_timeout=5s"
	w.t.Cleanup(func() { r.signal(syscall.SIGKILL); r.await() })
	return r
}

// start starts the process again and again until it serves: it refuses to while the database is away.
func (r *replica) start() {
	r.w.t.Helper()
	for begun := time.Now(); !r.try(); time.Sleep(200 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			r.w.t.Fatalf("replica %s does not start\n%s", r.name, r.lastLog())
		}
	}
}

func (r *replica) try() (serves bool) {
	r.w.t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--database-url", r.url}, r.w.settings...)
	cmd := exec.Command(r.w.program, args...)
	cmd.Env = append(os.Environ(), "PARTNERHUB_HOME="+r.w.t.TempDir())
	out, err := cmd.StderrPipe()
	if err != nil {
		r.w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.w.t.Fatal(err)
	}
	ended, address := make(chan struct{}), make(chan string, 1)
	r.mu.Lock()
	r.cmd, r.ended = cmd, ended
	r.mu.Unlock()
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "Partner Hub is at http://localhost:"); ok {
				address <- "127.0.0.1:" + at
			}
			r.mu.Lock()
			fmt.Fprintln(&r.log, lines.Text())
			r.mu.Unlock()
		}
		_ = cmd.Wait() // how it ends is the test's doing
		r.mu.Lock()
		r.address = ""
		r.mu.Unlock()
		close(ended)
	}()
	select {
	case at := <-address:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.address = at
		return true
	case <-ended:
		return false
	}
}

// at is where it serves, "" while it does not.
func (r *replica) at() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.address
}

func (r *replica) signal(s os.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		_ = r.cmd.Process.Signal(s) // it may be gone already
	}
}

// await waits until the process is gone, and returns its exit status.
func (r *replica) await() int {
	r.mu.Lock()
	ended, cmd := r.ended, r.cmd
	r.mu.Unlock()
	if ended == nil {
		return 0
	}
	<-ended
	return cmd.ProcessState.ExitCode()
}

func (r *replica) lastLog() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.log.String()
	return text[max(0, len(text)-4000):]
}

// health is what the probes of an orchestrator have seen.
type health struct {
	alive, dead, ready, unready int // answers
	isReady                     bool
	asked                       time.Time // when the last answer about readiness was asked for
}

// probe asks whether the replica lives and is ready, four times a second, until ctx ends. While its process runs and serves it must live, whatever
// else is away.
func (r *replica) probe(ctx context.Context) {
	client := &http.Client{Timeout: 10 * time.Second} // of a machine that does more besides
	ask := func(at, path string) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+path, nil)
		if err != nil {
			return 0, err
		}
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		res.Body.Close()
		return res.StatusCode, nil
	}
	for ctx.Err() == nil {
		at, asked := r.at(), time.Now()
		if at != "" {
			lives, errLives := ask(at, "/healthz")
			ready, errReady := ask(at, "/readyz")
			if r.at() == at && ctx.Err() == nil && !r.leaving() {
				r.mu.Lock()
				if errLives == nil && lives == http.StatusNoContent {
					r.states.alive++
				} else {
					r.states.dead++
				}
				if r.states.isReady = errReady == nil && ready == http.StatusNoContent; r.states.isReady {
					r.states.ready++
				} else {
					r.states.unready++
				}
				r.states.asked = asked
				r.mu.Unlock()
				if errLives != nil || lives != http.StatusNoContent {
					r.w.wrong("replica %s runs, and does not answer /healthz: %d, %v", r.name, lives, errLives)
				}
			}
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// leaving reports whether the process has been told to end: nothing is asked of it then.
func (r *replica) leaving() bool {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.w.going[r]
}

// awaitReady waits until a probe from now on says that the replica is ready, or is not.
func (r *replica) awaitReady(want bool, within time.Duration) {
	r.w.t.Helper()
	begun := time.Now()
	for time.Since(begun) < within {
		r.mu.Lock()
		is, asked := r.states.isReady, r.states.asked
		r.mu.Unlock()
		if is == want && asked.After(begun) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.w.wrong("replica %s: ready is not %t within %s", r.name, want, within)
}

// pick is a replica that serves, at random where several do; nil where none does.
func (w *world) pick(rng *rand.Rand) string {
	for _, i := range rng.Perm(len(w.replicas)) {
		if at := w.replicas[i].at(); at != "" {
			return at
		}
	}
	return ""
}

// command runs a command of the program beside the replicas, straight at the database.
func (w *world) command(args ...string) (stdout string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.program, append(args, "--database-url", w.pg.URL())...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("partnerhub %s: %w\n%s%s", args[0], err, out.String(), said.String())
	}
	return out.String(), nil
}
