package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/ingest"
	"partnerhub/store"
)

// hub is `partnerhub serve` in a process of its own, so that its memory and processor time are the server's alone, and so that it can
// be killed.
type hub struct {
	cmd     *exec.Cmd
	address string
	ended   chan struct{}
}

// hubSecret signs the tokens of the processes that are measured.
const hubSecret = "the benchmark's own, of no use elsewhere"

// program builds the program, once.
func (b *bench) program(ctx context.Context) (string, error) {
	path := filepath.Join(b.dir, "partnerhub")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	note("building the program")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "partnerhub/cmd/partnerhub").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
}

// startHub runs the program on a database until stop or kill; model is the URL of a model's endpoint, "" for the offline planner.
func (b *bench) startHub(ctx context.Context, d *database, model string) (*hub, error) {
	path, err := b.program(ctx)
	if err != nil {
		return nil, err
	}
	h := &hub{cmd: exec.CommandContext(context.WithoutCancel(ctx), path, "serve", "--listen", "127.0.0.1:0", "--private-webhooks", "--log-level", "error"), ended: make(chan struct{})}
	h.cmd.Env = append(os.Environ(), "DATABASE_URL="+withDatabase(b.url, d.name), "PARTNERHUB_JWT_SECRET="+hubSecret)
	if model != "" {
		h.cmd.Env = append(h.cmd.Env, "OPENAI_BASE_URL="+model, "OPENAI_API_KEY=none", "PARTNERHUB_MODEL=scripted")
	}
	out, err := h.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	address := make(chan string, 1)
	go func() {
		defer close(h.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "Partner Hub is at http://localhost:"); ok {
				address <- "127.0.0.1:" + at
			} else if lines.Text() != "" {
				note("hub: %s", lines.Text())
			}
		}
		_ = h.cmd.Wait() // how it ends is the benchmark's doing
	}()
	select {
	case h.address = <-address:
		return h, nil
	case <-h.ended:
		return nil, fmt.Errorf("the hub ended before it served")
	case <-ctx.Done():
		h.end(os.Kill)
		return nil, ctx.Err()
	}
}

// end sends a signal, and waits until the process is gone.
func (h *hub) end(signal os.Signal) {
	_ = h.cmd.Process.Signal(signal) // it may be gone already
	<-h.ended
}

// residentMB is what the process holds of the machine's memory.
func (h *hub) residentMB() float64 { return residentMB(h.cmd.Process.Pid) }

// cpuSeconds is the processor time that the process has taken.
func (h *hub) cpuSeconds() float64 {
	s, _ := readStat(h.cmd.Process.Pid, "partnerhub")
	return s.own
}

// token is a caller's, for a day.
func token(c domain.Caller) string {
	t, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": strconv.FormatInt(c.UID, 10), "role": c.Role, "exp": time.Now().Add(24 * time.Hour).Unix()}).
		SignedString([]byte(hubSecret))
	if err != nil {
		panic(err) // HMAC does not fail
	}
	return t
}

// post sends a body to a path, and reads the answer into out unless it is nil.
func (h *hub) post(ctx context.Context, path, key, contentType string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-API-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %s", path, res.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// serveWorld is a database with the demo program in it, for processes to serve, and what a sender of events needs.
type serveWorld struct {
	*database
	key   string  // of all scopes
	uids  []int64 // accounts that trade
	clock time.Time

	partners []int64
	asked    atomic.Int64
}

// next is the partner who asks next.
func (w *serveWorld) next() int64 { return w.partners[int(w.asked.Add(1))%len(w.partners)] }

func (b *bench) newServeWorld(ctx context.Context, name string, referees int) (*serveWorld, error) {
	d, err := b.newDatabase(ctx, name)
	if err != nil {
		return nil, err
	}
	w := &serveWorld{database: d, clock: time.Now().UTC()}
	var events bytes.Buffer
	if _, err := demo.Generate(demo.Config{Seed: b.seed, Now: w.clock, Partners: 300, Referees: referees, Days: 40}, &events); err != nil {
		return nil, err
	}
	if _, err := ingest.Run(ctx, d.store, &events, ingest.Options{Writers: 2}); err != nil {
		return nil, err
	}
	if w.key, err = d.store.CreateAPIKey(ctx, store.APIKey{Name: "bench", Scopes: []string{store.ScopeEvents, store.ScopeWebhooks}, PerMinute: 1_000_000}); err != nil {
		return nil, err
	}
	if w.uids, err = uids(ctx, d, `SELECT uid FROM account WHERE u1 > 0 ORDER BY uid`); err != nil {
		return nil, err
	}
	if w.partners, err = uids(ctx, d, `SELECT uid FROM partner ORDER BY uid`); err != nil {
		return nil, err
	}
	_, err = d.pool.Exec(ctx, `VACUUM ANALYZE`)
	return w, err
}

// asOwner writes into conversations of many partners at once, which row level security keeps even the tables' owner from.
func (w *serveWorld) asOwner(ctx context.Context, statement string, args ...any) error {
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		alter := func(force string) (err error) {
			for _, table := range []string{"conversation", "run", "run_event"} {
				_, failed := tx.Exec(ctx, `ALTER TABLE `+table+` `+force+` ROW LEVEL SECURITY`)
				err = errors.Join(err, failed)
			}
			return err
		}
		if err := alter("NO FORCE"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, statement, args...); err != nil {
			return err
		}
		return alter("FORCE")
	})
}

func uids(ctx context.Context, d *database, query string) ([]int64, error) {
	rows, err := d.pool.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// body is the nth batch of a sender: eventsInBody trades of one moment, as POST /v1/events takes them.
func (w *serveWorld) body(sender string, n int, moment time.Time) []byte {
	var out bytes.Buffer
	at := moment.Format("2006-01-02T15:04:05.000Z")
	for i := range eventsInBody {
		id := fmt.Sprintf("%s-%d-%d", sender, n, i)
		fmt.Fprintf(&out, `{"id":"%s","type":"trade.executed","time":"%s","uid":%d,"tradeId":"t%s","product":"spot",`+
			`"symbol":"BTCUSDT","side":"buy","volume":"100","feeGross":"0.1","feePaid":"0.1"}`+"\n", id, at, w.uids[(n*eventsInBody+i)%len(w.uids)], id)
	}
	return out.Bytes()
}

// eventsInBody is how many events a sender puts into one body.
const eventsInBody = 1000

// ingestFor has senders post events to the hubs, in turn, for some time, and returns how many landed a second.
func (w *serveWorld) ingestFor(ctx context.Context, hubs []*hub, sender string, senders int, d time.Duration) (float64, error) {
	var landed atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, senders)
	begin := time.Now()
	for s := range senders {
		wg.Go(func() {
			for n := 0; time.Since(begin) < d && ctx.Err() == nil; n++ {
				var answer struct{ Accepted int }
				body := w.body(fmt.Sprint(sender, s), n, w.clock)
				if errs[s] = hubs[(s+n)%len(hubs)].post(ctx, "/v1/events", w.key, "application/x-ndjson", body, &answer); errs[s] != nil {
					return
				}
				landed.Add(int64(answer.Accepted))
			}
		})
	}
	wg.Wait()
	return float64(landed.Load()) / time.Since(begin).Seconds(), errors.Join(errs...)
}

// outsideTests lets the scripted model of the tests run here: what would fail a test ends the program.
type outsideTests struct{ testing.TB }

func (*outsideTests) Helper()        {}
func (*outsideTests) Cleanup(func()) {} // the process ends with the benchmark

func (*outsideTests) Errorf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
