package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/task"
)

// Setting is something that an operator may set while the hub runs.
type Setting struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
}

// maxGrace bounds the setting task_grace: escrow is held that long after a task's end.
const maxGrace = 30 * 24 * time.Hour

// Settings are all that there are. CodeForbidden to all but operators.
func (s *Store) Settings(ctx context.Context, c domain.Caller) ([]Setting, error) {
	if err := c.Require(domain.RoleOperator); err != nil {
		return nil, err
	}
	grace, err := taskGrace(ctx, s.pool)
	if err != nil {
		return nil, err
	}
	return []Setting{{Name: "task_grace", Value: grace.String(), Default: task.DefaultGrace.String(), Doc: "how long after their end new tasks count late events, as 24h or 90m"}}, nil
}

// SetSetting changes a setting from now on: tasks that exist keep the grace that they were created with. Errors: CodeForbidden to all but
// operators, CodeNotFound on "name", CodeInvalid on "value".
func (s *Store) SetSetting(ctx context.Context, c domain.Caller, name, value string, now time.Time) error {
	if err := c.Require(domain.RoleOperator); err != nil {
		return err
	}
	if name != "task_grace" {
		return domain.Errorf(domain.CodeNotFound, "name", "there is no setting %q", name)
	}
	grace, err := time.ParseDuration(value)
	if err != nil || grace < 0 || grace > maxGrace {
		return domain.Invalid("value", "want a duration of at most %s, as 24h or 90m", maxGrace)
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		was, err := taskGrace(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, grace.String()); err != nil {
			return err
		}
		_, err = noteAction(ctx, tx, c, "setting", name, map[string]any{"from": was.String(), "to": grace.String()}, now)
		if err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
		return nil
	})
}
