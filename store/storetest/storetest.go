// Package storetest gives each test a real, migrated PostgreSQL database of its own.
//
// The server is the one of PARTNERHUB_TEST_DATABASE_URL or DATABASE_URL, or else a private
// one that all test processes of a user share. The migrations run once for each state of
// the schema, into a template database, of which every test gets a copy.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/store"
	"partnerhub/store/localpg"
)

const (
	templatePrefix = "ph_template_"
	testPrefix     = "ph_test_"

	setupTimeout = 2 * time.Minute
	// Databases that killed tests left behind, and templates of other states of the
	// schema, are dropped by a later run when they are older than this.
	leftoverAge = 6 * time.Hour
)

// Main runs the tests of a package and then gives the private server back, so that it ends
// with the last package that uses it:
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a package whose TestMain does more besides: it returns the status.
func Run(m *testing.M) int {
	code := m.Run()
	if err := process.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// New returns a pool on a fresh database, which holds the migrated schema and is dropped
// when the test ends. It fails the test when there is no server to be had.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	address := URL(t)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close) // before URL's cleanup drops the database
	return pool
}

// URL is New for those who connect themselves: it returns the connection string of a fresh
// database. What is still connected to it when the test ends is disconnected.
func URL(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), setupTimeout)
	defer cancel()
	if err := process.prepare(); err != nil {
		t.Fatalf("no database to test with: %v", err)
	}
	name := testPrefix + strings.ToLower(rand.Text()[:12]) + now()
	if err := process.execute(ctx, "CREATE DATABASE "+name+" TEMPLATE "+process.template+process.strategy); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
		defer cancel()
		if err := process.drop(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return withDatabase(process.server, name)
}

// drop disconnects everybody and drops the database. Autovacuum's workers are a superuser's, whom our role may not
// disconnect; without FORCE, PostgreSQL ends them itself and waits.
func (h *harness) drop(ctx context.Context, name string) error {
	err := h.execute(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	var pg *pgconn.PgError
	for errors.As(err, &pg) && (pg.Code == "42501" || pg.Code == "55006") && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
		if err = h.execute(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
			err = h.execute(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		}
	}
	return err
}

// process is this test process's share of the server. It is the one global: a test has no
// other place that outlives it, and the tests of a process run under one lease.
var process harness

type harness struct {
	once     sync.Once
	err      error
	instance *localpg.Instance // nil with a server from the environment
	server   string            // connection string of the database that the others are created from
	template string
	strategy string
}

// prepare gets hold of the server and the template, once.
func (h *harness) prepare() error {
	h.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
		defer cancel()
		if h.err = h.connect(ctx); h.err == nil {
			h.err = h.makeTemplate(ctx)
		}
	})
	return h.err
}

func (h *harness) connect(ctx context.Context) error {
	for _, variable := range []string{"PARTNERHUB_TEST_DATABASE_URL", "DATABASE_URL"} {
		if h.server = os.Getenv(variable); h.server != "" {
			return nil
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), fmt.Sprintf("partnerhub-%d", os.Geteuid()))
	}
	home := filepath.Join(cache, "partnerhub", "test")
	h.instance, err = localpg.Open(ctx, home, slog.New(slog.DiscardHandler), localpg.WithoutSync())
	if err != nil {
		return err
	}
	h.server = h.instance.URL()
	// Copying files takes two checkpoints, which cost next to nothing without fsync: 30 ms
	// a database instead of 150.
	h.strategy = " STRATEGY FILE_COPY"
	return nil
}

// makeTemplate finds or makes the template of the present schema. The advisory lock keeps
// the processes of one `go test ./...` from making it twice, and a half-made one is never
// found, since it gets its name last.
func (h *harness) makeTemplate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, h.server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('partnerhub/store/storetest'))"); err != nil {
		return err
	}
	names, err := databases(ctx, conn)
	if err != nil {
		return err
	}
	prefix := templatePrefix + store.SchemaFingerprint()[:16]
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			h.template = name
		} else if age(name) > leftoverAge {
			// Without FORCE: one that is in use stays.
			_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize())
		}
	}
	if h.template != "" {
		return nil
	}
	building := testPrefix + "template" + now()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+building); err != nil {
		return err
	}
	if err := store.Migrate(ctx, withDatabase(h.server, building)); err != nil {
		_, _ = conn.Exec(ctx, "DROP DATABASE "+building+" WITH (FORCE)")
		return fmt.Errorf("migrating the template database: %w", err)
	}
	// The server may take a moment to notice that the migration has disconnected.
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = $1 AND backend_type = 'client backend'`, building)
	if err != nil {
		return err
	}
	h.template = prefix + now()
	_, err = conn.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+h.template)
	return err
}

// databases lists this package's databases.
func databases(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database
		WHERE starts_with(datname, $1) OR starts_with(datname, $2)`, templatePrefix, testPrefix)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (h *harness) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, h.server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (h *harness) close() error {
	if h.instance == nil {
		return nil
	}
	return h.instance.Close()
}

// now is the end of a database's name that tells its age, in seconds.
func now() string { return "_" + strconv.FormatInt(time.Now().Unix(), 10) }

// age is how long ago a database was made; 0 when its name does not tell.
func age(name string) time.Duration {
	seconds, err := strconv.ParseInt(name[strings.LastIndexByte(name, '_')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return time.Since(time.Unix(seconds, 0))
}

// withDatabase is the connection string with another database, in either of its two forms.
func withDatabase(address, name string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" {
		return address + " dbname=" + name
	}
	parsed.Path = "/" + name
	return parsed.String()
}
