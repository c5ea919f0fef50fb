package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/ingest"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestRollingUpgrade replaces two replicas one after the other while people chat and read and events come in: a migration adds a column to
// every table, the new replicas take the old ones' place, and a second migration takes the columns away. No request that was accepted is
// lost or done twice, and nothing answers with an error of the server's.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	f := newFleet(ctx, t)
	old := []*server{f.start(), f.start()}
	loading, stop := context.WithCancel(ctx)
	var load sync.WaitGroup
	load.Go(func() { f.sendEvents(loading, ctx) })
	for _, uid := range chatters() {
		load.Go(func() { f.chat(loading, ctx, uid) })
	}
	people := demo.Cast()
	for _, p := range []demo.Person{people.Partner, people.BD, people.Content, people.Operator} {
		load.Go(func() { f.readEverything(loading, domain.Caller{UID: p.UID, Role: p.Role}) })
	}
	f.served(ctx, 50)

	f.migrate(ctx, 91000, "ALTER TABLE %s ADD COLUMN later text")
	f.served(ctx, 20)
	for _, s := range old {
		f.start()
		f.served(ctx, 20)
		f.retire(s)
		f.served(ctx, 20)
	}
	f.migrate(ctx, 92000, "ALTER TABLE %s DROP COLUMN later")
	f.served(ctx, 50)
	stop()
	load.Wait()
	f.check(ctx)
}

// fleet is the replicas of a database, and what they have accepted.
type fleet struct {
	t      *testing.T
	url    string
	pool   *pgxpool.Pool
	store  *store.Store
	key    string
	uids   []int64
	paths  []string // of the REST API, that need no parameter
	tables []string
	files  fstest.MapFS

	mu      sync.Mutex
	serving []*server

	events, answers, reads atomic.Int64 // done
}

func newFleet(ctx context.Context, t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, url: storetest.URL(t), files: fstest.MapFS{}}
	var err error
	if f.pool, err = pgxpool.New(ctx, f.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.pool.Close)
	if f.store, err = store.Open(ctx, f.pool, time.UTC); err != nil {
		t.Fatal(err)
	}
	var program bytes.Buffer
	if _, err := demo.Generate(demo.Config{Seed: 1, Now: time.Now(), Days: 20, Trades: 2000}, &program); err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(ctx, f.store, &program, ingest.Options{Writers: 1}); err != nil {
		t.Fatal(err)
	}
	if f.key, err = f.store.CreateAPIKey(ctx, store.APIKey{Name: "sender", Scopes: []string{store.ScopeEvents}, PerMinute: 1_000_000}); err != nil {
		t.Fatal(err)
	}
	f.uids = column[int64](ctx, t, f.pool, `SELECT uid FROM account WHERE u1 > 0 ORDER BY uid`)
	f.tables = column[string](ctx, t, f.pool, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' ORDER BY 1`)
	if f.paths, err = plainPaths("../../docs/openapi.json"); err != nil || len(f.paths) < 20 {
		t.Fatalf("%d paths, %v", len(f.paths), err)
	}
	if err := fs.WalkDir(store.Migrations, "migrations", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(store.Migrations, path)
		f.files[d.Name()] = &fstest.MapFile{Data: text}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return f
}

func column[T any](ctx context.Context, t *testing.T, pool *pgxpool.Pool, query string) []T {
	t.Helper()
	rows, err := pool.Query(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// plainPaths are what the REST API answers to GET without a parameter.
func plainPaths(openapi string) (paths []string, err error) {
	text, err := os.ReadFile(openapi)
	if err != nil {
		return nil, err
	}
	var api struct {
		Paths map[string]map[string]struct{ Parameters []struct{ Required bool } }
	}
	if err := json.Unmarshal(text, &api); err != nil {
		return nil, err
	}
	for path, methods := range api.Paths {
		get, ok := methods["get"]
		if ok && !strings.HasSuffix(path, "/ws") && !slices.ContainsFunc(get.Parameters, func(p struct{ Required bool }) bool { return p.Required }) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// start adds a replica.
func (f *fleet) start() *server {
	f.t.Helper()
	s := startServerWith(f.t, "DATABASE_URL="+f.url)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serving = append(f.serving, s)
	return s
}

// retire takes a replica away as its keeper does: no new requests, then the signal.
func (f *fleet) retire(s *server) {
	f.mu.Lock()
	f.serving = slices.DeleteFunc(f.serving, func(x *server) bool { return x == s })
	f.mu.Unlock()
	s.end(syscall.SIGTERM)
}

// address is that of some replica.
func (f *fleet) address() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.serving[rand.IntN(len(f.serving))].address
}

// served waits until so many more batches and half as many answers are done, and each path was read once more.
func (f *fleet) served(ctx context.Context, n int64) {
	f.t.Helper()
	events, answers, reads := f.events.Load()+n, f.answers.Load()+n/2, f.reads.Load()+4*int64(len(f.paths))
	for f.events.Load() < events || f.answers.Load() < answers || f.reads.Load() < reads {
		select {
		case <-ctx.Done():
			f.t.Fatalf("%d batches, %d answers and %d pages: %v", f.events.Load(), f.answers.Load(), f.reads.Load(), ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// migrate applies a statement to every table, one migration each.
func (f *fleet) migrate(ctx context.Context, from int, statement string) {
	f.t.Helper()
	for i, table := range f.tables {
		f.files[fmt.Sprintf("%d_%s.sql", from+i, table)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + fmt.Sprintf(statement, table) + ";\n")}
	}
	if err := store.MigrateBy(ctx, f.url, f.files); err != nil {
		f.t.Fatal(err)
	}
}

// chatters are the partners who chat.
func chatters() []int64 { return []int64{10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008} }

const eventsInBatch = 20

// sendEvents posts batches, each again and again until it is accepted, until loading ends.
func (f *fleet) sendEvents(loading, ctx context.Context) {
	for n := 0; loading.Err() == nil; n++ {
		var body strings.Builder
		for i := range eventsInBatch {
			fmt.Fprintf(&body, `{"id":"roll-%d-%d","type":"trade.executed","time":%q,"uid":%d,"tradeId":"roll-%d-%d","product":"spot","symbol":"BTCUSDT","side":"buy",`+
				`"volume":"100","feeGross":"0.1","feePaid":"0.1"}`+"\n", n, i, time.Now().UTC().Format(time.RFC3339), f.uids[(n+i)%len(f.uids)], n, i)
		}
		for status := 0; status != http.StatusOK; {
			if ctx.Err() != nil {
				return
			}
			status = f.do(ctx, http.MethodPost, "/v1/events", strings.NewReader(body.String()), func(r *http.Request) { r.Header.Set("X-API-Key", f.key) })
		}
		f.events.Add(1)
	}
}

// do asks some replica and returns the status, 0 where it is gone. What the server has no right to answer fails the test.
func (f *fleet) do(ctx context.Context, method, path string, body io.Reader, sign func(*http.Request)) int {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+f.address()+path, body)
	if err != nil {
		f.t.Error(err)
		return 0
	}
	sign(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body) // a replica that ends may cut it
	if res.StatusCode >= http.StatusInternalServerError && res.StatusCode != http.StatusServiceUnavailable {
		f.t.Errorf("%s %s: %s %s", method, path, res.Status, text)
	}
	return res.StatusCode
}

// readEverything reads one path after the other, until loading ends.
func (f *fleet) readEverything(loading context.Context, c domain.Caller) {
	cookie, err := signInAs(loading, f.address(), c)
	if err != nil {
		f.t.Error(err)
		return
	}
	for i := 0; loading.Err() == nil; i++ {
		if f.do(loading, http.MethodGet, f.paths[i%len(f.paths)], nil, func(r *http.Request) { r.AddCookie(cookie) }) != 0 {
			f.reads.Add(1)
		}
	}
}

// chat asks one question after the other, each until it is answered, until loading ends.
func (f *fleet) chat(loading, ctx context.Context, uid int64) {
	cookie, err := signIn(loading, f.address(), uid)
	if err != nil {
		f.t.Error(err)
		return
	}
	questions := []string{"How much commission did I earn this week?", "Check my referees' activity", "When are commissions settled?"}
	for n := 0; loading.Err() == nil; n++ {
		id := fmt.Sprintf("roll-%d-%d", uid, n)
		for f.askOnce(ctx, cookie, id, questions[n%len(questions)]) != nil {
			if ctx.Err() != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
		f.answers.Add(1)
		time.Sleep(100 * time.Millisecond)
	}
}

// askOnce sends a message to some replica, and reads to the end of the answer. The error is one after which a client tries again.
func (f *fleet) askOnce(ctx context.Context, cookie *http.Cookie, id, text string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, "ws://"+f.address()+"/v1/chat/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}, Subprotocols: []string{"partnerhub.v1"},
	})
	if err != nil {
		return err
	}
	defer socket.CloseNow()
	socket.SetReadLimit(1 << 20)
	message, err := json.Marshal(map[string]string{"type": "send", "clientId": id, "text": text})
	if err == nil {
		err = socket.Write(ctx, websocket.MessageText, message)
	}
	for err == nil {
		var b []byte
		if _, b, err = socket.Read(ctx); err != nil {
			return err
		}
		var frame struct {
			Error *domain.Error
			Event struct{ Type string }
		}
		if err = json.Unmarshal(b, &frame); err != nil {
			return err
		}
		switch {
		case frame.Event.Type == "RUN_FINISHED":
			return nil
		case frame.Event.Type == "RUN_ERROR", frame.Error != nil && frame.Error.Code == domain.CodeInternal:
			f.t.Errorf("%s: %s", id, b)
			return nil
		case frame.Error != nil:
			return errors.New(string(b))
		}
	}
	return err
}

// check holds what was accepted against what is stored.
func (f *fleet) check(ctx context.Context) {
	f.t.Helper()
	for _, x := range []struct {
		what, query string
		want        int64
	}{
		{"events", `SELECT count(*) FROM trade WHERE starts_with(id, 'roll-')`, f.events.Load() * eventsInBatch},
		{"runs", `SELECT count(*) FROM run WHERE starts_with(client_id, 'roll-')`, f.answers.Load()},
		{"finished runs", `SELECT count(*) FROM run WHERE starts_with(client_id, 'roll-') AND state = 'finished'`, f.answers.Load()},
	} {
		if got := column[int64](ctx, f.t, f.pool, x.query)[0]; got != x.want {
			f.t.Errorf("%d %s, want %d", got, x.what, x.want)
		}
	}
	var ends int64
	for _, uid := range chatters() {
		// Logs are behind row level security also for the tables' owner.
		if err := pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, fmt.Sprintf(`SET LOCAL partnerhub.uid = '%d'`, uid)); err != nil {
				return err
			}
			var n int64
			err := tx.QueryRow(ctx, `SELECT count(*) FROM run_event WHERE owner = $1 AND type = 'RUN_FINISHED'`, uid).Scan(&n)
			ends += n
			return err
		}); err != nil {
			f.t.Fatal(err)
		}
	}
	if ends != f.answers.Load() {
		f.t.Errorf("%d ends of runs, want %d", ends, f.answers.Load())
	}
	report, err := f.store.Verify(ctx, store.VerifyOptions{})
	if err != nil || !report.OK() {
		f.t.Errorf("verify: %+v, %v", report, err)
	}
	f.t.Logf("%d batches, %d answers, %d pages", f.events.Load(), f.answers.Load(), f.reads.Load())
}
