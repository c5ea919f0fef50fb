package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// ExportState is how an export in the background stands.
type ExportState string

// An export runs until it is done or has failed.
const (
	ExportRunning ExportState = "running"
	ExportDone    ExportState = "done"
	ExportFailed  ExportState = "failed"
)

// Export is a list that is written into a file in the background.
type Export struct {
	ID        string      `json:"id"`
	List      string      `json:"list"`
	State     ExportState `json:"state" enum:"running,done,failed"`
	Rows      int64       `json:"rows" doc:"written so far"`
	Total     int64       `json:"total,omitempty" doc:"how many there will be, where that is known"`
	Bytes     int64       `json:"bytes"`
	Error     string      `json:"error,omitempty"`
	CreatedAt time.Time   `json:"createdAt"`
	EndedAt   *time.Time  `json:"endedAt,omitempty"`

	Caller domain.Caller `json:"-"`
	Args   string        `json:"-"` // the list's arguments, JSON
	Parts  int           `json:"-"` // written so far
	Next   string        `json:"-"` // the cursor behind them, "" before the first
}

const (
	exportsAtOnce  = 3
	exportLease    = time.Minute
	exportAttempts = 5
	exportKept     = 24 * time.Hour // after its end, or after it began when it never ends
)

const exportColumns = `id, list, state, rows, total, bytes, error, created_at, ended_at, owner, role, args, parts, next`

func scanExport(row pgx.CollectableRow) (e Export, err error) {
	err = row.Scan(&e.ID, &e.List, &e.State, &e.Rows, &e.Total, &e.Bytes, &e.Error, &e.CreatedAt, &e.EndedAt, &e.Caller.UID, &e.Caller.Role, &e.Args, &e.Parts, &e.Next)
	e.CreatedAt = e.CreatedAt.UTC()
	if e.EndedAt != nil {
		*e.EndedAt = e.EndedAt.UTC()
	}
	return e, err
}

// BeginExport queues an export for the caller. CodeBusy when so many of theirs run that one has to end first.
func (s *Store) BeginExport(ctx context.Context, c domain.Caller, list, args string, now time.Time) (e Export, err error) {
	rows, err := s.pool.Query(ctx, `INSERT INTO export (owner, id, list, role, args, lease_until, created_at)
		SELECT $1, $2, $3, $4, $5, $6, $6 WHERE (SELECT count(*) FROM export WHERE owner = $1 AND state = 'running') < $7 RETURNING `+exportColumns,
		c.UID, newID(), list, string(c.Role), args, now, exportsAtOnce)
	if err != nil {
		return e, err
	}
	e, err = pgx.CollectExactlyOneRow(rows, scanExport)
	if errors.Is(err, pgx.ErrNoRows) {
		err = domain.Errorf(domain.CodeBusy, "", "%d exports are being made already: wait for one of them", exportsAtOnce)
	}
	return e, err
}

// Exports lists the caller's exports, the latest first: those of the last day.
func (s *Store) Exports(ctx context.Context, c domain.Caller) ([]Export, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+exportColumns+` FROM export WHERE owner = $1 ORDER BY created_at DESC, id LIMIT 100`, c.UID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanExport)
}

// Export is one of the caller's. CodeNotFound when it is none of theirs, or was removed.
func (s *Store) Export(ctx context.Context, c domain.Caller, id string) (e Export, err error) {
	if id, err = parseID("id", id); err != nil {
		return e, noExport()
	}
	rows, err := s.pool.Query(ctx, `SELECT `+exportColumns+` FROM export WHERE owner = $1 AND id = $2`, c.UID, id)
	if err != nil {
		return e, err
	}
	e, err = pgx.CollectExactlyOneRow(rows, scanExport)
	if errors.Is(err, pgx.ErrNoRows) {
		err = noExport()
	}
	return e, err
}

func noExport() error {
	return domain.Errorf(domain.CodeNotFound, "id", "no such export: they are kept for a day")
}

// RemoveExport ends one of the caller's exports, and removes its file. CodeNotFound as Export.
func (s *Store) RemoveExport(ctx context.Context, c domain.Caller, id string) error {
	e, err := s.Export(ctx, c, id)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `DELETE FROM export WHERE owner = $1 AND id = $2`, c.UID, e.ID)
	return err
}

// ExportPart is a part of the file of one of the caller's exports. CodeNotFound when it is not there (any more).
func (s *Store) ExportPart(ctx context.Context, c domain.Caller, id string, n int) (body []byte, err error) {
	err = s.pool.QueryRow(ctx, `SELECT body FROM export_part WHERE owner = $1 AND export = $2 AND n = $3`, c.UID, id, n).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		err = noExport()
	}
	return body, err
}

// ClaimExport takes an export that nobody works on, whose worker died or that is new, for as long as the lease; false when there is none.
// One that was tried too often has failed.
func (s *Store) ClaimExport(ctx context.Context, now time.Time) (e Export, ok bool, err error) {
	if _, err := s.pool.Exec(ctx, `UPDATE export SET state = 'failed', ended_at = $1, error = 'it was tried too often' WHERE state = 'running' AND lease_until <= $1 AND attempts >= $2`, now, exportAttempts); err != nil {
		return e, false, err
	}
	rows, err := s.pool.Query(ctx, `UPDATE export SET lease_until = $2, attempts = attempts + 1
		WHERE (owner, id) = (SELECT owner, id FROM export WHERE state = 'running' AND lease_until <= $1 ORDER BY lease_until LIMIT 1) AND state = 'running' AND lease_until <= $1
		RETURNING `+exportColumns, now, now.Add(exportLease))
	if err != nil {
		return e, false, err
	}
	e, err = pgx.CollectExactlyOneRow(rows, scanExport)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, false, nil
	}
	return e, err == nil, err
}

// AddExportPart writes the next part of an export, with the rows that it has and the cursor behind it, "" at the end, and takes the lease anew.
// False when the export is another worker's by now, or was removed: nothing is written.
func (s *Store) AddExportPart(ctx context.Context, e *Export, body []byte, rows int64, next string, total int64, now time.Time) (ok bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		state, ended := ExportRunning, (*time.Time)(nil)
		if next == "" {
			state, ended = ExportDone, &now
		}
		tag, err := tx.Exec(ctx, `UPDATE export SET parts = parts + 1, rows = rows + $4, total = $5, bytes = bytes + $6, next = $7, state = $8, ended_at = $9, lease_until = $10, attempts = 0
			WHERE owner = $1 AND id = $2 AND parts = $3 AND state = 'running'`,
			e.Caller.UID, e.ID, e.Parts, rows, total, len(body), next, string(state), ended, now.Add(exportLease))
		if ok = err == nil && tag.RowsAffected() == 1; !ok {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO export_part (owner, export, n, body) VALUES ($1, $2, $3, $4)`, e.Caller.UID, e.ID, e.Parts, body)
		return err
	})
	if ok = ok && err == nil; ok {
		e.Parts, e.Rows, e.Next, e.Total = e.Parts+1, e.Rows+rows, next, total
	}
	return ok, err
}

// FailExport ends an export that cannot be made, with what its owner is told.
func (s *Store) FailExport(ctx context.Context, e Export, why string, now time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE export SET state = 'failed', error = $4, ended_at = $5 WHERE owner = $1 AND id = $2 AND parts = $3 AND state = 'running'`, e.Caller.UID, e.ID, e.Parts, why, now)
	return err
}

// SweepExports removes the exports that are over for a day, with their files.
func (s *Store) SweepExports(ctx context.Context, now time.Time) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM export WHERE coalesce(ended_at, created_at) < $1`, now.Add(-exportKept))
	return err
}
