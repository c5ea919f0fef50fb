// Package store holds the only SQL of Partner Hub: the migrations, and the queries beside their scanners.
package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Migrations are the schema's steps, in goose's format.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// migrateLock lets one process migrate a database at a time: each command migrates the private one at its start, and
// two that begin together on a new home would both create its tables.
const migrateLock = 0x6d69_6772 // "migr"

// A change of a table waits for the transactions that use it, and everybody who comes later waits behind the change. So it gives way after
// ddlWait, lets those who wait through, and is tried again.
const (
	ddlWait  = time.Second
	ddlPause = time.Second
	ddlTries = 300 // a batch of events may take minutes
)

// ErrStaleSchema says that the database has not seen the newest migrations.
var ErrStaleSchema = errors.New("the database schema is older than this program: run `partnerhub migrate`")

// ErrNewerSchema says that the database has seen a migration that takes away what this program uses.
var ErrNewerSchema = errors.New("the database schema is for newer programs than this one")

// Migrate brings the database at url to the newest schema. Others that migrate it at the same time wait. It returns ErrNewerSchema
// where the database is past what this program can work with.
func Migrate(ctx context.Context, url string) error {
	files, err := fs.Sub(Migrations, "migrations")
	if err != nil {
		return err
	}
	return MigrateBy(ctx, url, files)
}

// MigrateBy is Migrate with the migrations of another version of the program.
func MigrateBy(ctx context.Context, url string, files fs.FS) error {
	db, p, err := migrator(url, files)
	if err != nil {
		return err
	}
	defer db.Close() // which ends the session that holds the lock, too
	holder, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer holder.Close()
	if _, err := holder.ExecContext(ctx, `SET lock_timeout = 0`); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := holder.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := checkOldest(ctx, db, p); err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err := p.Up(ctx)
		var pg *pgconn.PgError
		if locked := errors.As(err, &pg) && pg.Code == "55P03"; !locked || try == ddlTries {
			if err != nil {
				err = fmt.Errorf("migrate: %w", err)
			}
			return err
		}
		select {
		case <-time.After(ddlPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// migrator applies files to the database at url.
func migrator(url string, files fs.FS) (*sql.DB, *goose.Provider, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, nil, err
	}
	cfg.RuntimeParams["lock_timeout"] = strconv.FormatInt(ddlWait.Milliseconds(), 10)
	db := stdlib.OpenDB(*cfg)
	p, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, p, nil
}

// oldestProgram is the setting that a migration which takes something away raises to the number of the newest migration that a program must
// know of to do without: programs from before that one are refused, while those of before a migration that only adds go on.
const oldestProgram = "oldest_program"

// checkOldest returns ErrNewerSchema for a program that the database is past.
func checkOldest(ctx context.Context, db *sql.DB, p *goose.Provider) error {
	var begun bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass('setting') IS NOT NULL`).Scan(&begun); err != nil || !begun {
		return err
	}
	var oldest int64
	err := db.QueryRowContext(ctx, `SELECT value::bigint FROM setting WHERE name = $1`, oldestProgram).Scan(&oldest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	sources := p.ListSources()
	if err == nil && sources[len(sources)-1].Version < oldest {
		err = ErrNewerSchema
	}
	return err
}

// CheckSchema returns ErrStaleSchema unless every migration has been applied, and ErrNewerSchema where others have been that this program
// cannot work with.
func CheckSchema(ctx context.Context, url string) error {
	files, err := fs.Sub(Migrations, "migrations")
	if err != nil {
		return err
	}
	db, p, err := migrator(url, files)
	if err != nil {
		return err
	}
	defer db.Close()
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if pending {
		return ErrStaleSchema
	}
	return checkOldest(ctx, db, p)
}

// SchemaFingerprint changes whenever a migration does; tests key their template database by it.
func SchemaFingerprint() string {
	h := sha256.New()
	entries, err := fs.ReadDir(Migrations, "migrations")
	if err != nil {
		panic(err) // embedded
	}
	for _, e := range entries {
		b, err := fs.ReadFile(Migrations, "migrations/"+e.Name())
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(h, "%s %d\n", e.Name(), len(b))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
