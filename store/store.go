package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
)

// Store reads and writes everything of the referral program. Replicas share nothing but the database.
type Store struct {
	pool *pgxpool.Pool
	zone *time.Location // reporting zone: days and hours are cut by it

	recent    *recentIDs
	structure *structureCache
	unlimited bool // see Unlimited
}

// Open connects to a database that Migrate has brought up to date. The first to open a database fixes its
// reporting zone: the rollups are cut by it, so that another zone is refused until `partnerhub rebuild` cuts them anew.
func Open(ctx context.Context, pool *pgxpool.Pool, zone *time.Location) (*Store, error) {
	var was string
	err := pool.QueryRow(ctx, `
		WITH new AS (INSERT INTO setting (name, value) VALUES ('zone', $1) ON CONFLICT DO NOTHING RETURNING value)
		SELECT value FROM new UNION ALL SELECT value FROM setting WHERE name = 'zone'`, zone.String()).Scan(&was)
	if err != nil {
		return nil, fmt.Errorf("reading the reporting zone: %w", err)
	}
	if was != zone.String() {
		return nil, domain.Invalid("zone", "this database is cut by the reporting zone %s, not %s: run `partnerhub rebuild` with the new zone", was, zone)
	}
	return &Store{pool: pool, zone: zone, recent: newRecentIDs(), structure: newStructureCache()}, nil
}

// Unlimited is the store without the limits on how much one caller may propose. They bound who comes over the network; who has the database in hand may
// ask on a partner's behalf as often as a test set has questions.
func (s *Store) Unlimited() *Store {
	u := *s
	u.unlimited = true
	return &u
}

// Zone is the reporting zone.
func (s *Store) Zone() *time.Location { return s.zone }

// readTimeout bounds each statement that a caller's question leads to.
const readTimeout = 15 * time.Second

// as runs f in a read-only transaction that sees only what the caller may see: row level security admits the rows of
// the uid that the transaction names. All of f's statements see one snapshot, so that rollups and the deltas
// not folded into them yet add up. The error is CodeUnavailable when the reporting zone was changed meanwhile.
func (s *Store) as(ctx context.Context, c domain.Caller, f func(pgx.Tx) error) error {
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, opts, func(tx pgx.Tx) error {
		// SET LOCAL takes no parameters; a uid is a number. It is SET, not set_config(), for Citus.
		// Plans are made for the caller at hand: one that suits a partner of ten referees takes seconds for one of ten thousand.
		results, err := tx.Conn().PgConn().Exec(ctx, fmt.Sprintf(`SELECT value FROM setting WHERE name = 'zone'; SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '%d';
			SET LOCAL statement_timeout = '%ds'; SET LOCAL plan_cache_mode = force_custom_plan`, c.UID, int(readTimeout.Seconds()))).ReadAll()
		if err != nil {
			return err
		}
		if rows := results[0].Rows; len(rows) != 1 || string(rows[0][0]) != s.zone.String() {
			return errZone // the days in the rollups are not those that the caller would be told
		}
		return f(tx)
	})
}

// maxYields is how often a transaction that PostgreSQL ends in a deadlock is done again.
const maxYields = 5

// deadlocked reports whether PostgreSQL ended the transaction because it and another waited for each other.
func deadlocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

// day is the date of t in the reporting zone, as midnight UTC, which is how a date goes to PostgreSQL.
func (s *Store) day(t time.Time) time.Time {
	y, m, d := t.In(s.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// hour is the start of t's hour in the reporting zone, as an instant.
func (s *Store) hour(t time.Time) time.Time {
	l := t.In(s.zone)
	return t.Add(-time.Duration(l.Minute())*time.Minute - time.Duration(l.Second())*time.Second - time.Duration(l.Nanosecond())).UTC()
}
