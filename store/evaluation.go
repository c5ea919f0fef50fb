package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/evaluation"
)

const evaluationColumns = `id, started_at, ended_at, model, prompts, repeats, note, report`

func scanEvaluation(row pgx.CollectableRow) (r evaluation.Run, err error) {
	err = row.Scan(&r.ID, &r.StartedAt, &r.EndedAt, &r.Model, &r.Prompts, &r.Repeats, &r.Note, (*[]byte)(&r.Report))
	return r, err
}

// KeepEvaluation stores a run of the cases, and returns its id.
func (s *Reviews) KeepEvaluation(ctx context.Context, run evaluation.Run, results []evaluation.Result) (id int64, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `INSERT INTO eval_run (started_at, ended_at, model, prompts, repeats, note, report) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			run.StartedAt, run.EndedAt, run.Model, run.Prompts, run.Repeats, run.Note, string(run.Report)).Scan(&id); err != nil {
			return err
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"eval_result"}, []string{"run", "ord", "name", "passed", "result"}, pgx.CopyFromSlice(len(results), func(i int) ([]any, error) {
			return []any{id, i, results[i].Name, results[i].Passed, string(results[i].Detail)}, nil
		}))
		return err
	})
	return id, err
}

// Evaluations lists the runs of the cases, the latest first. The error is CodeInvalid for a bad cursor.
func (s *Reviews) Evaluations(ctx context.Context, cursor string, limit int) (list []evaluation.Run, next string, err error) {
	before := int64(1) << 62
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT `+evaluationColumns+` FROM eval_run WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	if list, err = pgx.CollectRows(rows, scanEvaluation); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		next = strconv.FormatInt(list[limit-1].ID, 10)
	}
	return list, next, nil
}

// Evaluation is one run with its results. The error is CodeNotFound.
func (s *Reviews) Evaluation(ctx context.Context, id int64) (run evaluation.Run, results []evaluation.Result, err error) {
	rows, err := s.pool.Query(ctx, `SELECT `+evaluationColumns+` FROM eval_run WHERE id = $1`, id)
	if err != nil {
		return run, nil, err
	}
	if run, err = pgx.CollectExactlyOneRow(rows, scanEvaluation); errors.Is(err, pgx.ErrNoRows) {
		return run, nil, domain.Errorf(domain.CodeNotFound, "id", "no evaluation %d", id)
	}
	if err != nil {
		return run, nil, err
	}
	rows, err = s.pool.Query(ctx, `SELECT name, passed, result FROM eval_result WHERE run = $1 ORDER BY ord`, id)
	if err != nil {
		return run, nil, err
	}
	results, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r evaluation.Result, err error) {
		err = row.Scan(&r.Name, &r.Passed, (*[]byte)(&r.Detail))
		return r, err
	})
	return run, results, err
}

// CompareEvaluations holds run b against run a. The error is CodeNotFound.
func (s *Reviews) CompareEvaluations(ctx context.Context, a, b int64) (out evaluation.Comparison, err error) {
	runA, as, err := s.Evaluation(ctx, a)
	if err != nil {
		return out, err
	}
	runB, bs, err := s.Evaluation(ctx, b)
	if err != nil {
		return out, err
	}
	return evaluation.Compare(runA, runB, as, bs), nil
}

var tableName = regexp.MustCompile(`^[a-z][a-z_]{0,62}$`)

// Canonical are a partner's rows of tables, for tests of what a dialog changes: "table {…}", sorted, without ids and times, which differ from run
// to run. The error is CodeInvalid for a table that has no owner.
func (s *Reviews) Canonical(ctx context.Context, c domain.Caller, tables []string) (lines []string, err error) {
	for _, table := range tables {
		var owner string
		var fleeting []string
		err := s.pool.QueryRow(ctx, `SELECT coalesce(min(column_name) FILTER (WHERE column_name IN ('owner', 'partner', 'creator', 'uid')), ''),
				coalesce(array_agg(column_name::text) FILTER (WHERE data_type IN ('uuid', 'timestamp with time zone') OR is_identity = 'YES'), '{}')
			FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`, table).Scan(&owner, &fleeting)
		if err != nil {
			return nil, err
		}
		if owner == "" || !tableName.MatchString(table) {
			return nil, domain.Invalid("state", "there is no table %q whose rows have an owner", table)
		}
		var found []string
		// As the partner: the tables of chats are closed to the service itself.
		err = NewConversations(s.pool).as(ctx, c, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT (to_jsonb(t) - $2::text[])::text FROM %s t WHERE %s = $1`, table, owner), c.UID, fleeting)
			if err != nil {
				return err
			}
			found, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			lines = append(lines, table+" "+strings.TrimSpace(row))
		}
	}
	slices.Sort(lines)
	return lines, nil
}
