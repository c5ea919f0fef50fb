package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/knowledge"
)

var _ knowledge.DraftStore = (*Library)(nil)

// maxDrafts bounds the drafts that wait at the same time.
const maxDrafts = 2000

// Drafts lists what is not published yet, by slug.
func (l *Library) Drafts(ctx context.Context) ([]knowledge.Draft, error) {
	rows, err := l.pool.Query(ctx, `SELECT meta, body, file, removed, changed_by, changed_at FROM library_draft ORDER BY slug, locale LIMIT $1`, maxDrafts)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d knowledge.Draft, err error) {
		err = row.Scan(&d.Meta, &d.Body, &d.File, &d.Removed, &d.ChangedBy, &d.ChangedAt)
		return d, err
	})
}

// SaveDrafts keeps drafts, all or none, in place of earlier ones of the same slug and locale. The error is CodeTooLarge when too many wait.
func (l *Library) SaveDrafts(ctx context.Context, drafts []knowledge.Draft) error {
	return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, d := range drafts {
			meta, err := json.Marshal(d.Meta)
			if err != nil {
				return err
			}
			batch.Queue(`INSERT INTO library_draft (slug, locale, meta, body, file, removed, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (slug, locale) DO UPDATE SET meta = $3, body = $4, file = $5, removed = $6, changed_by = $7, changed_at = $8`,
				d.Slug, d.Locale, meta, d.Body, d.File, d.Removed, d.ChangedBy, d.ChangedAt)
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM library_draft`).Scan(&n); err != nil {
			return err
		}
		if n > maxDrafts {
			return domain.Errorf(domain.CodeTooLarge, "files", "more than %d drafts would wait: publish or drop some", maxDrafts)
		}
		return nil
	})
}

// DropDrafts forgets drafts, but for those that were changed since they were read.
func (l *Library) DropDrafts(ctx context.Context, drafts []knowledge.Draft) error {
	batch := &pgx.Batch{}
	for _, d := range drafts {
		batch.Queue(`DELETE FROM library_draft WHERE slug = $1 AND locale = $2 AND changed_at <= $3`, d.Slug, d.Locale, d.ChangedAt)
	}
	return l.pool.SendBatch(ctx, batch).Close()
}

// Cited is a section as a version of the library has it.
type Cited struct {
	Slug    string    `json:"slug"`
	Anchor  string    `json:"anchor"`
	Locale  string    `json:"locale"`
	Kind    string    `json:"kind"`
	Title   string    `json:"title"`
	Section string    `json:"section"`
	Text    string    `json:"text" doc:"Markdown"`
	Link    string    `json:"link,omitempty"`
	Version int       `json:"version" doc:"the version that was asked for"`
	Since   int       `json:"since" doc:"the version that brought this text"`
	From    time.Time `json:"publishedAt" doc:"when that was published"`
	Current bool      `json:"current" doc:"whether this is the text that is served now"`
}

// Section is a section of an article as it was in a version, 0 for the one that is served. The error is CodeNotFound for one that
// the version does not have.
func (l *Library) Section(ctx context.Context, slug, anchor, locale string, version int) (c Cited, err error) {
	err = l.pool.QueryRow(ctx, `WITH v AS (SELECT coalesce(nullif($4, 0), (SELECT active FROM library_state)) AS version)
		SELECT a.slug, s.anchor, a.locale, a.kind, a.meta->>'title', s.heading, s.body, coalesce(a.meta->>'link', ''), v.version, a.since,
			(SELECT published_at FROM library_version p WHERE p.version = a.since),
			EXISTS (SELECT FROM library_state x WHERE s.since <= x.active AND (s.until IS NULL OR s.until > x.active))
		FROM v JOIN library_article a ON `+live("a", "v.version")+` JOIN library_section s ON s.article = a.id
		WHERE a.slug = $1 AND s.anchor = $2 AND a.locale = $3`, slug, anchor, locale, version).
		Scan(&c.Slug, &c.Anchor, &c.Locale, &c.Kind, &c.Title, &c.Section, &c.Text, &c.Link, &c.Version, &c.Since, &c.From, &c.Current)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, domain.Errorf(domain.CodeNotFound, "section", "%s#%s is not in that version of the library", slug, anchor)
	}
	return c, err
}
