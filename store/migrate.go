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

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver that goose needs
	"github.com/pressly/goose/v3"
)

// Migrations are the schema's steps, in goose's format.
//
//go:embed migrations/*.sql
var Migrations embed.FS

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(Migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files)
}

// migrateLock lets one process migrate a database at a time: each command migrates the private one at its start, and
// two that begin together on a new home would both create its tables.
const migrateLock = 0x6d69_6772 // "migr"

// Migrate brings the database at url to the newest schema. Others that migrate it at the same time wait.
func Migrate(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close() // which ends the session that holds the lock, too
	p, err := provider(db)
	if err != nil {
		return err
	}
	holder, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer holder.Close()
	if _, err := holder.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// ErrStaleSchema says that the database has not seen the newest migrations.
var ErrStaleSchema = errors.New("the database schema is older than this program: run `partnerhub migrate`")

// CheckSchema returns ErrStaleSchema unless every migration has been applied.
func CheckSchema(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := provider(db)
	if err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if pending {
		return ErrStaleSchema
	}
	return nil
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
