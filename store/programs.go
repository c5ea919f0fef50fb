package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/program"
)

// Programs are all programs' rules by name, each in order of time. Everybody may read them.
func (s *Store) Programs(ctx context.Context) (map[string][]program.Version, error) {
	rows, err := s.pool.Query(ctx, `SELECT name, since, body FROM program_version ORDER BY name, since`)
	if err != nil {
		return nil, fmt.Errorf("programs: %w", err)
	}
	out := map[string][]program.Version{}
	var name string
	var since time.Time
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&name, &since, &body}, func() error {
		v := program.Version{Since: since.UTC()}
		if err := json.Unmarshal(body, &v.Program); err != nil {
			return fmt.Errorf("program %s: %w", name, err)
		}
		out[name] = append(out[name], v)
		return nil
	})
	return out, err
}

// SetProgram makes a program's rules count from now on: for the period under way and those after it; periods that ended keep theirs.
// Errors: CodeForbidden to all but operators, and those of Validate.
func (s *Store) SetProgram(ctx context.Context, c domain.Caller, p program.Program, now time.Time) error {
	if err := c.Require(domain.RoleOperator); err != nil {
		return err
	}
	if err := p.Validate(); err != nil {
		return err
	}
	return s.addProgram(ctx, p, now, c.UID)
}

// SeedPrograms gives a database that has no programs these, since ever.
func (s *Store) SeedPrograms(ctx context.Context, all []program.Program) error {
	var any bool
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM program_version)`).Scan(&any); err != nil || any {
		return err
	}
	for _, p := range all {
		if err := s.addProgram(ctx, p, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), 0); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) addProgram(ctx context.Context, p program.Program, since time.Time, by int64) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `INSERT INTO program_version (name, since, body, by_uid) VALUES ($1, $2, $3, $4) ON CONFLICT (name, since) DO NOTHING`, p.Name, since, body, by)
	return err
}

// JoinCampaign makes the caller a member; again changes nothing. It returns since when they are.
func (s *Store) JoinCampaign(ctx context.Context, c domain.Caller, slug string, now time.Time) (joined time.Time, err error) {
	err = s.write(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO campaign_member (owner, slug, joined_at) VALUES ($1, $2, $3) ON CONFLICT (owner, slug) DO NOTHING`, c.UID, slug, now); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT joined_at FROM campaign_member WHERE owner = $1 AND slug = $2`, c.UID, slug).Scan(&joined)
	})
	return joined.UTC(), err
}

// Campaigns says which campaigns the caller joined, and when.
func (s *Store) Campaigns(ctx context.Context, c domain.Caller) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT slug, joined_at FROM campaign_member WHERE owner = $1`, c.UID)
		if err != nil {
			return err
		}
		var slug string
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&slug, &at}, func() error { out[slug] = at.UTC(); return nil })
		return err
	})
	return out, err
}

// Enrolled says whether the caller is an enrolled partner.
func (s *Store) Enrolled(ctx context.Context, c domain.Caller) (yes bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM partner WHERE uid = $1)`, c.UID).Scan(&yes)
	return yes, err
}
