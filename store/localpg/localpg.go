// Package localpg runs the private PostgreSQL that the hub starts when no
// DATABASE_URL is given (SPEC 13).
//
// Any number of processes share the server of one home: the first starts it, the
// last one out stops it. Three lock files in <home>/postgres decide who that is;
// the kernel releases each when its holder dies, in whatever way:
//
//   - lease.lock is held shared by every process that uses the server.
//   - start.lock is held while a process starts the server or decides to stop it.
//   - alive.lock is handed down to the server, so it is held exactly as long as a
//     process of the server lives, whoever started it.
//
// The race that start.lock closes: the last one out sees that nobody else holds a
// lease and stops the server, while a newcomer takes a lease and finds the server
// still running. Both steps happen under start.lock, so the newcomer either has
// its lease before the check, or comes after the stop and starts the server again.
package localpg

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	database = "partnerhub"
	// serviceRole owns the database and is no superuser: a superuser would pass
	// every row level security policy.
	serviceRole = "partnerhub"
	superuser   = "postgres"

	// A postmaster that neither answers nor exits for this long is reported. While
	// it says that it is recovering, only the caller's context ends the wait.
	startTimeout = time.Minute
	stopTimeout  = 5 * time.Minute

	// The kernel's limit on a socket's path is 107 bytes; the rest is the file
	// name /.s.PGSQL.5432.
	maxSocketDir = 107 - len("/.s.PGSQL.5432")
)

// Option changes how Open starts a server. It has no effect on one that runs already.
type Option func(*server)

// WithoutSync trades durability for speed: a crash of the machine loses the database.
// It is for tests only.
func WithoutSync() Option {
	return func(s *server) { s.sync = false }
}

// Instance is one process's use of the private server of a home.
type Instance struct {
	server    *server
	lease     *os.File
	socketDir string
	closeOnce sync.Once
	closeErr  error
}

// Open takes a lease on the server of home, starting it when it is not running, and
// returns when it accepts connections and holds the database with pgvector.
// home is created when missing. It returns an error that wraps ErrNotInstalled when
// there is no PostgreSQL to run.
func Open(ctx context.Context, home string, log *slog.Logger, options ...Option) (*Instance, error) {
	s, err := newServer(home, log)
	if err != nil {
		return nil, err
	}
	for _, option := range options {
		option(s)
	}
	start, err := s.lock(ctx, "start.lock", syscall.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	defer start.Close()
	// Nobody holds this lock exclusively but under start.lock, so it never waits.
	lease, err := s.lock(ctx, "lease.lock", syscall.LOCK_SH)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	instance := &Instance{server: s, lease: lease}
	if instance.socketDir, err = s.socketDir(); err == nil {
		if err = s.ensureRunning(ctx, instance.socketDir); err == nil {
			err = instance.ensureDatabase(ctx)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("private PostgreSQL in %s: %w", s.dir, err), instance.release())
	}
	return instance, nil
}

// URL is the connection string of the hub's database, for pgx and psql alike.
func (i *Instance) URL() string {
	return connectionURL(i.socketDir, serviceRole, database)
}

// Close gives the lease back and, when it was the last one, stops the server and waits
// until it has ended. Calling it again returns the first call's result.
func (i *Instance) Close() error {
	i.closeOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		start, err := i.server.lock(ctx, "start.lock", syscall.LOCK_EX)
		if err != nil {
			i.closeErr = errors.Join(fmt.Errorf("private PostgreSQL: %w", err), i.lease.Close())
			return
		}
		defer start.Close()
		i.closeErr = i.release()
	})
	return i.closeErr
}

// release gives the lease back and stops the server if nobody else has one. The caller
// holds start.lock.
func (i *Instance) release() error {
	if err := i.lease.Close(); err != nil {
		return err
	}
	last, err := i.server.tryLock("lease.lock", syscall.LOCK_EX)
	if err != nil || last == nil {
		return err
	}
	defer last.Close()
	err = i.server.stop()
	if err == nil && i.socketDir != "" && i.socketDir != i.server.path("data") {
		err = os.Remove(i.socketDir) // the link in /tmp
	}
	return err
}

// ensureDatabase creates what a fresh or half-made cluster lacks. The caller holds
// start.lock, so nobody creates the same at the same time.
func (i *Instance) ensureDatabase(ctx context.Context) error {
	admin, err := pgx.Connect(ctx, connectionURL(i.socketDir, superuser, superuser))
	if err != nil {
		return err
	}
	defer admin.Close(ctx)
	var roleExists, databaseExists bool
	err = admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_database WHERE datname = $2)`, serviceRole, database).Scan(&roleExists, &databaseExists)
	if err != nil {
		return err
	}
	if !roleExists {
		// CREATEROLE and CREATEDB are for migrations and the test harness.
		_, err = admin.Exec(ctx, "CREATE ROLE "+serviceRole+" LOGIN CREATEDB CREATEROLE IN ROLE pg_checkpoint, pg_monitor")
		if err != nil {
			return err
		}
	}
	if !databaseExists {
		// The extension is created in template1 first, for the databases of tests too.
		for _, name := range []string{"template1", superuser} {
			if err := i.createExtension(ctx, name); err != nil {
				return err
			}
		}
		if _, err := admin.Exec(ctx, "CREATE DATABASE "+database+" OWNER "+serviceRole); err != nil {
			return err
		}
	}
	return nil
}

func (i *Instance) createExtension(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, connectionURL(i.socketDir, superuser, name))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS vector")
	return err
}

func connectionURL(socketDir, user, name string) string {
	query := url.Values{"host": {socketDir}, "user": {user}, "sslmode": {"disable"}}
	// Not every client reads + as a space.
	return "postgres:///" + name + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// socketDir is the folder through which clients reach the socket: the data folder
// itself, in which the server puts it, or a symbolic link to that in /tmp when its path
// is too long for a socket's address.
func (s *server) socketDir() (string, error) {
	data := s.path("data")
	if len(data) <= maxSocketDir {
		return data, nil
	}
	link := fmt.Sprintf("/tmp/partnerhub-%d-%x", os.Geteuid(), sha256.Sum256([]byte(data)))[:48]
	if err := os.Symlink(data, link); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	// Anybody may have made a link of that name in /tmp: only one's own is followed.
	info, err := os.Lstat(link)
	if err != nil {
		return "", err
	}
	target, err := os.Readlink(link)
	if err != nil || target != data || ownerOf(info) != os.Geteuid() {
		return "", fmt.Errorf("%s is not this home's link to %s: remove it", link, data)
	}
	return link, nil
}

// newServer prepares the folder and decides as whom the server runs.
func newServer(home string, log *slog.Logger) (*server, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	s := &server{dir: filepath.Join(home, "postgres"), log: log, sync: true}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	if s.runAs, err = runAs(s.path("data"), home); err == nil && s.runAs != nil {
		err = os.Chown(s.dir, int(s.runAs.Uid), int(s.runAs.Gid))
	}
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	return s, nil
}
