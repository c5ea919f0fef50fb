package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/feedback"
)

// Reviews are what the people who improve the assistant see: thumbs down over all partners, and the cases made of them.
type Reviews struct {
	pool *pgxpool.Pool
}

// NewReviews works on a migrated database.
func NewReviews(pool *pgxpool.Pool) *Reviews { return &Reviews{pool} }

// Topic counts the thumbs down of one.
type Topic struct {
	Topic string `json:"topic"`
	Count int    `json:"count"`
}

// maxTopics is how many thumbs down of a state are looked at for its topics, the latest.
const maxTopics = 5000

const reviewColumns = `f.run, f.owner, f.topic, f.state, f.reasons, f.text, f.created_at, coalesce((SELECT name FROM eval_case c WHERE c.name = 'review-' || f.run), ''), f.snapshot`

func scanReview(row pgx.CollectableRow) (r feedback.Review, err error) {
	var snapshot []byte
	if err := row.Scan(&r.ID, &r.UID, &r.Topic, &r.State, &r.Reasons, &r.Text, &r.CreatedAt, &r.Case, &snapshot); err != nil {
		return r, err
	}
	return r, json.Unmarshal(snapshot, &r.Snapshot)
}

// List returns thumbs down in a state, of a topic where it is not "", the latest first. next is the cursor of the next page, "" on the
// last. The error is CodeInvalid for a bad cursor or state.
func (s *Reviews) List(ctx context.Context, state feedback.State, topic, cursor string, limit int) (list []feedback.Review, next string, err error) {
	if !state.Valid() {
		return nil, "", domain.Invalid("state", "is none of new, case, fixed, dismissed")
	}
	before, id := time.Now().Add(24*time.Hour), "ffffffff-ffff-ffff-ffff-ffffffffffff"
	if cursor != "" {
		if before, id, err = parseCursor(cursor); err != nil {
			return nil, "", err
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT `+reviewColumns+` FROM feedback f
		WHERE vote = -1 AND state = $1 AND ($2 = '' OR topic = $2) AND (created_at, run) < ($3, $4::uuid)
		ORDER BY created_at DESC, run DESC LIMIT $5`, state, topic, before, id, limit+1)
	if err != nil {
		return nil, "", err
	}
	if list, err = pgx.CollectRows(rows, scanReview); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", last.CreatedAt.UnixMicro(), last.ID))
	}
	return list, next, nil
}

// Topics counts the thumbs down of a state by topic, the most first.
func (s *Reviews) Topics(ctx context.Context, state feedback.State) ([]Topic, error) {
	rows, err := s.pool.Query(ctx, `SELECT topic, count(*) FROM (
			SELECT topic FROM feedback WHERE vote = -1 AND state = $1 ORDER BY created_at DESC LIMIT $2) latest
		GROUP BY topic ORDER BY count(*) DESC, topic`, state, maxTopics)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Topic])
}

// Review is one. The error is CodeNotFound, also when the partner has changed it to a thumb up or deleted the conversation.
func (s *Reviews) Review(ctx context.Context, id string) (r feedback.Review, err error) {
	if id, err = parseID("id", id); err != nil {
		return r, noReview()
	}
	rows, err := s.pool.Query(ctx, `SELECT `+reviewColumns+` FROM feedback f WHERE run = $1 AND vote = -1`, id)
	if err != nil {
		return r, err
	}
	r, err = pgx.CollectExactlyOneRow(rows, scanReview)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, noReview()
	}
	return r, err
}

func noReview() error { return domain.Errorf(domain.CodeNotFound, "id", "no such review") }

// Dismiss says that nothing is to be done about one. The error is CodeNotFound, or CodeConflict once a case was made of it.
func (s *Reviews) Dismiss(ctx context.Context, id string) error {
	r, err := s.Review(ctx, id)
	if err != nil {
		return err
	}
	tag, err := s.pool.Exec(ctx, `UPDATE feedback SET state = 'dismissed' WHERE owner = $1 AND run = $2 AND state IN ('new', 'dismissed')`, r.UID, r.ID)
	if err == nil && tag.RowsAffected() == 0 {
		return domain.Errorf(domain.CodeConflict, "id", "a case was made of it")
	}
	return err
}

// Case is a regression case made of a review. Its state is "open" until it passes, then "fixed".
type Case struct {
	Name      string     `json:"name"`
	Body      string     `json:"body"` // the file
	State     string     `json:"state"`
	CreatedAt time.Time  `json:"createdAt"`
	CheckedAt *time.Time `json:"checkedAt,omitempty"`
}

// MakeCase keeps the case that was made of a review; again replaces it, and it is open again.
func (s *Reviews) MakeCase(ctx context.Context, by domain.Caller, r feedback.Review, name string, body []byte) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO eval_case (name, owner, run, body, made_by) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET body = excluded.body, state = 'open', made_by = excluded.made_by, checked_at = NULL`,
			name, r.UID, r.ID, string(body), by.UID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE feedback SET state = 'case' WHERE owner = $1 AND run = $2`, r.UID, r.ID)
		return err
	})
}

// maxCases is how many cases are played, the latest.
const maxCases = 1000

// Cases are those made of reviews, by name.
func (s *Reviews) Cases(ctx context.Context) ([]Case, error) {
	rows, err := s.pool.Query(ctx, `SELECT name, body, state, created_at, checked_at FROM (
		SELECT * FROM eval_case ORDER BY created_at DESC LIMIT $1) latest ORDER BY name`, maxCases)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Case])
}

// Checked says whether a case passes: its review is fixed, or has a case that fails (again).
func (s *Reviews) Checked(ctx context.Context, name string, passed bool) error {
	kept, review := "open", feedback.Cased
	if passed {
		kept, review = "fixed", feedback.Fixed
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var owner int64
		var run string
		err := tx.QueryRow(ctx, `UPDATE eval_case SET state = $2, checked_at = now() WHERE name = $1 RETURNING owner, run`, name, kept).Scan(&owner, &run)
		if errors.Is(err, pgx.ErrNoRows) {
			return domain.Errorf(domain.CodeNotFound, "name", "no such case")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE feedback SET state = $3 WHERE owner = $1 AND run = $2`, owner, run, review)
		return err
	})
}
