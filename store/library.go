package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/knowledge/lexical"
)

// Library keeps the rule library. It implements knowledge.Store.
type Library struct{ pool *pgxpool.Pool }

var _ knowledge.Store = (*Library)(nil)

// NewLibrary returns the library of a migrated database.
func NewLibrary(pool *pgxpool.Pool) *Library { return &Library{pool} }

// publishLock lets one publish at a time: two that saw the same version would both make the next.
const publishLock = 0x7075_626c // "publ"

// ActiveVersion is the version that is served, 0 before the first publish.
func (l *Library) ActiveVersion(ctx context.Context) (v int, err error) {
	err = l.pool.QueryRow(ctx, `SELECT coalesce((SELECT active FROM library_state), 0)`).Scan(&v)
	return v, err
}

// Publish makes the articles the next version, in one transaction: readers see the old library or the new one. Articles that did not
// change keep their rows. It returns the same version when nothing changed. The error is CodeConflict for two articles of the same
// slug and locale, and where base, the version that the articles were made of, is not the one that is served, but for knowledge.AnyVersion.
func (l *Library) Publish(ctx context.Context, by domain.Caller, base int, articles []knowledge.Article, note string, at time.Time) (out knowledge.Published, err error) {
	if clash := knowledge.Clashes(articles); len(clash) > 0 {
		return out, domain.Errorf(domain.CodeConflict, "slug", "%v", clash[0])
	}
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		var last, active int
		var length float64
		err := tx.QueryRow(ctx, `SELECT coalesce((SELECT max(version) FROM library_version), 0), coalesce((SELECT active FROM library_state), 0), coalesce((SELECT length FROM library_state), 0)`).Scan(&last, &active, &length)
		if err != nil {
			return err
		}
		if base != knowledge.AnyVersion && base != active {
			return knowledge.Outdated(active, base)
		}
		p := publish{tx: tx, version: last + 1, length: length}
		if out, err = p.apply(ctx, articles, active); err != nil {
			return err
		}
		if out.Added+out.Changed+out.Removed == 0 && active > 0 {
			out.Version = active
			return nil
		}
		if _, err := tx.Exec(ctx, `INSERT INTO library_version (version, published_at, published_by, note, articles, sections) VALUES ($1, $2, $3, $4, $5, $6)`,
			p.version, at, by.UID, note, out.Articles, out.Sections); err != nil {
			return err
		}
		return activate(ctx, tx, p.version, p.length)
	})
	return out, err
}

// publish is one that is under way.
type publish struct {
	tx      pgx.Tx
	version int
	length  float64 // average terms of a section, by which they are weighed
}

// live is the condition for rows of a version.
func live(alias, version string) string {
	return fmt.Sprintf("%[1]s.since <= %[2]s AND (%[1]s.until IS NULL OR %[1]s.until > %[2]s)", alias, version)
}

func (p *publish) apply(ctx context.Context, articles []knowledge.Article, active int) (out knowledge.Published, err error) {
	// After a rollback the next version starts from the one that is served: what came in between is closed, and what it had
	// closed is added again as new rows.
	type row struct {
		id    int64
		print string
		last  bool // belongs to the newest version, so that it can simply stay
	}
	stored := map[[2]string]row{}
	rows, err := p.tx.Query(ctx, `SELECT id, slug, locale, fingerprint, until IS NULL FROM library_article a WHERE `+live("a", "$1"), active)
	if err != nil {
		return out, err
	}
	var r row
	var slug, locale string
	if _, err := pgx.ForEachRow(rows, []any{&r.id, &slug, &locale, &r.print, &r.last}, func() error { stored[[2]string{slug, locale}] = r; return nil }); err != nil {
		return out, err
	}
	out.Version, out.Articles = p.version, len(articles)
	keep := []int64{}
	var fresh []knowledge.Article
	for _, a := range articles {
		key := [2]string{a.Slug, a.Locale}
		was, ok := stored[key]
		delete(stored, key)
		switch {
		case ok && was.print == a.Fingerprint():
			out.Unchanged++
			if was.last {
				keep = append(keep, was.id)
				continue
			}
		case ok:
			out.Changed++
		default:
			out.Added++
		}
		fresh = append(fresh, a)
	}
	out.Removed = len(stored)
	if out.Added+out.Changed+out.Removed == 0 && active > 0 {
		return out, nil
	}
	if p.length == 0 {
		p.length = averageTerms(fresh)
	}
	for _, table := range []string{"library_section", "library_article"} {
		column := "id"
		if table == "library_section" {
			column = "article"
		}
		if _, err := p.tx.Exec(ctx, `UPDATE `+table+` SET until = $1 WHERE until IS NULL AND NOT (`+column+` = ANY($2))`, p.version, keep); err != nil {
			return out, err
		}
	}
	for part := range slices.Chunk(fresh, 500) {
		if err := p.insert(ctx, part); err != nil {
			return out, err
		}
	}
	return out, p.tx.QueryRow(ctx, `SELECT count(*) FROM library_section WHERE until IS NULL`).Scan(&out.Sections)
}

func averageTerms(articles []knowledge.Article) float64 {
	terms, sections := 0.0, 0
	for _, a := range articles {
		for _, s := range a.Sections() {
			terms += lexical.Length(s.Fields(a.Meta))
			sections++
		}
	}
	return terms / float64(max(sections, 1))
}

// insert adds articles with their sections, in one exchange.
func (p *publish) insert(ctx context.Context, articles []knowledge.Article) error {
	rows, err := p.tx.Query(ctx, `SELECT nextval(pg_get_serial_sequence('library_article', 'id')) FROM generate_series(1, $1)`, len(articles))
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for n, a := range articles {
		meta, err := json.Marshal(a.Meta)
		if err != nil {
			return err
		}
		batch.Queue(`INSERT INTO library_article (id, slug, locale, kind, meta, body, file, fingerprint, since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			ids[n], a.Slug, a.Locale, a.Kind, meta, a.Body, a.File, a.Fingerprint(), p.version)
		audience := append([]string{}, a.Audience...) // never null
		for i, s := range a.Sections() {
			numbers, words := weighed(s.Fields(a.Meta), p.length)
			batch.Queue(`INSERT INTO library_section (article, ord, heading, anchor, body, asked, hash, kind, locale, audience, effective_from, effective_until, terms, words, since)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::date, $12::text::date, $13, $14, $15)`,
				ids[n], i, s.Heading, s.Anchor, s.Text, s.Asked, s.Hash(a.Title), a.Kind, a.Locale, audience, nullable(string(a.From)), nullable(string(a.Until)), numbers, words, p.version)
		}
	}
	return p.tx.SendBatch(ctx, batch).Close()
}

// weighed are the numbers of a text's terms and its vector.
func weighed(fields []lexical.Field, length float64) ([]int32, pgvector.SparseVector) {
	entries := lexical.Default.Weigh(fields, length)
	return numbersOf(entries), sparse(entries)
}

func numbersOf(entries []lexical.Entry) []int32 {
	numbers := make([]int32, len(entries))
	for i, e := range entries {
		numbers[i] = e.Term
	}
	return numbers
}

func sparse(entries []lexical.Entry) pgvector.SparseVector {
	weights := make(map[int32]float32, len(entries))
	for _, e := range entries {
		weights[e.Term] = e.Weight
	}
	return pgvector.NewSparseVectorFromMap(weights, lexical.Dimensions)
}

// activate serves a version: its terms are counted anew.
func activate(ctx context.Context, tx pgx.Tx, version int, length float64) error {
	if _, err := tx.Exec(ctx, `INSERT INTO library_state (active, length) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET active = $1, length = $2`, version, length); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM library_term`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO library_term (term, sections) SELECT t, count(*) FROM library_section s CROSS JOIN LATERAL unnest(s.terms) t WHERE `+live("s", "$1")+` GROUP BY t`, version)
	return err
}

// Rollback serves an earlier version again, or a later one. The error is CodeNotFound for a version that was never published.
func (l *Library) Rollback(ctx context.Context, by domain.Caller, version int) error {
	if err := by.Require(domain.RoleContent, domain.RoleOperator, domain.RoleService); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		var length float64
		err := tx.QueryRow(ctx, `SELECT length FROM library_state WHERE EXISTS (SELECT FROM library_version WHERE version = $1)`, version).Scan(&length)
		if errors.Is(err, pgx.ErrNoRows) {
			return domain.Errorf(domain.CodeNotFound, "version", "%d was never published", version)
		}
		if err != nil {
			return err
		}
		return activate(ctx, tx, version, length)
	})
}

// LibraryVersion is a publish that was.
type LibraryVersion struct {
	Version     int       `json:"version"`
	PublishedAt time.Time `json:"publishedAt"`
	PublishedBy int64     `json:"publishedBy"`
	Note        string    `json:"note"`
	Articles    int       `json:"articles"`
	Sections    int       `json:"sections"`
	Active      bool      `json:"active"`
}

// Versions lists the publishes, the latest first, at most 100.
func (l *Library) Versions(ctx context.Context) ([]LibraryVersion, error) {
	rows, err := l.pool.Query(ctx, `SELECT v.version, published_at, published_by, note, articles, sections, v.version = s.active FROM library_version v CROSS JOIN library_state s ORDER BY v.version DESC LIMIT 100`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[LibraryVersion])
}

var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$`)

// UseModel makes a model known. The error is CodeInvalid for a name that cannot be one, and
// CodeConflict when the model had another number of dimensions.
func (l *Library) UseModel(ctx context.Context, e knowledge.Embedder) error {
	name, dims := e.Name(), e.Dimensions()
	if !modelName.MatchString(name) || dims < 1 || dims > 2000 {
		return domain.Invalid("model", "%q with %d dimensions cannot be indexed", name, dims)
	}
	var was int
	err := l.pool.QueryRow(ctx, `WITH new AS (INSERT INTO embedding_model (name, dimensions, weight) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET weight = excluded.weight
			WHERE embedding_model.dimensions = excluded.dimensions AND embedding_model.weight <> excluded.weight RETURNING dimensions)
		SELECT dimensions FROM new UNION SELECT dimensions FROM embedding_model WHERE name = $1`, name, dims, e.Strength()).Scan(&was)
	if err != nil {
		return err
	}
	if was != dims {
		return domain.Errorf(domain.CodeConflict, "model", "%s had %d dimensions, not %d", name, was, dims)
	}
	return nil
}

// IndexModel makes the index of a model's vectors, if it is not there. Built over what is there already, it takes a fraction of the
// time that it takes to grow vector by vector.
func (l *Library) IndexModel(ctx context.Context, e knowledge.Embedder) error {
	name, dims := e.Name(), e.Dimensions()
	if !modelName.MatchString(name) {
		return domain.Invalid("model", "%q cannot be indexed", name)
	}
	index := "embedding_" + strings.Map(func(r rune) rune {
		if strings.ContainsRune(".:/-", r) {
			return '_'
		}
		return r
	}, name)
	var there bool
	if err := l.pool.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, pgx.Identifier{index}.Sanitize()).Scan(&there); err != nil || there {
		return err
	}
	return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		for _, set := range []string{`SET LOCAL maintenance_work_mem = '512MB'`, `SET LOCAL max_parallel_maintenance_workers = 2`} {
			if _, err := tx.Exec(ctx, set); err != nil {
				return err
			}
		}
		// The name is checked above, and so can stand in the statement.
		_, err := tx.Exec(ctx, fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %s ON embedding USING hnsw ((vec::vector(%d)) vector_cosine_ops) WHERE model = '%s'`,
			pgx.Identifier{index}.Sanitize(), dims, name))
		return err
	})
}

// SwitchModel searches questions by a model's vectors from now on.
func (l *Library) SwitchModel(ctx context.Context, model string) error {
	_, err := l.pool.Exec(ctx, `UPDATE library_state SET model = $1 WHERE model <> $1`, model)
	return err
}

// ActiveModel is the model by whose vectors questions are searched, "" for the built-in one.
func (l *Library) ActiveModel(ctx context.Context) (model string, err error) {
	err = l.pool.QueryRow(ctx, `SELECT coalesce((SELECT model FROM library_state), '')`).Scan(&model)
	return model, err
}

// UnembeddedSections are sections of the active version that a model has no vector of, in the order of their hashes, after one of them;
// nil: from the first.
func (l *Library) UnembeddedSections(ctx context.Context, model string, after []byte, limit int) ([]knowledge.Unembedded, error) {
	rows, err := l.pool.Query(ctx, `SELECT DISTINCT ON (s.hash) s.hash, (a.meta->>'title') || E'\n' || s.heading || E'\n' || s.body || E'\n' || s.asked FROM library_section s JOIN library_article a ON a.id = s.article
		WHERE `+live("s", "(SELECT active FROM library_state)")+` AND s.hash > coalesce($3, ''::bytea) AND NOT EXISTS (SELECT FROM embedding e WHERE e.model = $1 AND e.hash = s.hash) ORDER BY s.hash LIMIT $2`, model, limit, after)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[knowledge.Unembedded])
}

// SectionTexts are the words of at most so many sections of a version, in a locale, "" for all.
func (l *Library) SectionTexts(ctx context.Context, version int, locale string, limit int) ([]knowledge.Text, error) {
	rows, err := l.pool.Query(ctx, `SELECT (a.meta->>'title') || E'\n' || s.heading, s.body || E'\n' || s.asked FROM library_section s JOIN library_article a ON a.id = s.article
		WHERE `+live("s", "$1")+` AND $2 IN ('', s.locale) LIMIT $3`, version, locale, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[knowledge.Text])
}

// SaveEmbeddings keeps vectors; those that are there already stay.
func (l *Library) SaveEmbeddings(ctx context.Context, model string, hashes [][]byte, vectors [][]float32) error {
	batch := &pgx.Batch{}
	for i := range hashes {
		batch.Queue(`INSERT INTO embedding (model, hash, vec) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, model, hashes[i], pgvector.NewVector(vectors[i]))
	}
	return l.pool.SendBatch(ctx, batch).Close()
}

// NoteGap keeps a question that found no answer.
func (l *Library) NoteGap(ctx context.Context, g knowledge.Gap) error {
	_, err := l.pool.Exec(ctx, `INSERT INTO library_gap (asked_at, uid, question, locale, cause, version) VALUES ($1, $2, $3, $4, $5, $6)`, g.AskedAt, g.UID, g.Question, g.Locale, g.Cause, g.Version)
	return err
}

// gapTopics are what an article can help with, among the topics of thumbs down: a wrong figure is nothing that an editor can mend.
const gapTopics = `('search_rules', 'recommend', 'out_of_scope', 'smalltalk', 'answer', 'none')`

// OpenGaps lists the questions that no version has answered since, the latest first; questions with a thumb down that nobody has reviewed yet
// are among them, with the id 0.
func (l *Library) OpenGaps(ctx context.Context, limit int) ([]knowledge.Gap, error) {
	rows, err := l.pool.Query(ctx, `SELECT * FROM (
		(SELECT id, asked_at, uid, question, locale, cause, version FROM library_gap WHERE closed_by IS NULL ORDER BY asked_at DESC LIMIT $1)
		UNION ALL
		(SELECT 0, created_at, owner, snapshot->>'question', 'en', $2, (snapshot->>'library')::integer FROM feedback
			WHERE vote = -1 AND state = 'new' AND topic IN `+gapTopics+` ORDER BY created_at DESC LIMIT $1)) gap
		ORDER BY asked_at DESC LIMIT $1`, limit, knowledge.ThumbDown)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[knowledge.Gap])
}

// CloseGaps says that a version answers these questions.
func (l *Library) CloseGaps(ctx context.Context, ids []int64, version int) error {
	_, err := l.pool.Exec(ctx, `UPDATE library_gap SET closed_by = $2 WHERE id = ANY($1) AND closed_by IS NULL`, ids, version)
	return err
}

// ListArticles lists the articles of a version, by kind and slug.
func (l *Library) ListArticles(ctx context.Context, f knowledge.ArticleFilter) ([]knowledge.Stored, error) {
	q := `SELECT id, meta, body, file, since FROM library_article a WHERE ` + live("a", "coalesce(nullif($1, 0), (SELECT active FROM library_state))")
	args := []any{f.Version}
	add := func(condition string, v any) {
		args = append(args, v)
		q += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Kind != "" {
		add("kind = $%d", f.Kind)
	}
	if f.Locale != "" {
		add("locale = $%d", f.Locale)
	}
	if f.Slug != "" {
		add("slug = $%d", f.Slug)
	}
	if !f.On.IsZero() {
		add("coalesce(meta->>'effectiveFrom', '') <= $%[1]d AND coalesce(nullif(meta->>'effectiveUntil', ''), '9999') > $%[1]d", f.On.Format(time.DateOnly))
	}
	rows, err := l.pool.Query(ctx, q+" ORDER BY kind, slug, locale", args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s knowledge.Stored, err error) {
		err = row.Scan(&s.ID, &s.Meta, &s.Body, &s.File, &s.Since)
		return s, err
	})
}
