package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"partnerhub/knowledge"
	"partnerhub/knowledge/lexical"
)

// How many sections each arm of a search hands on.
const (
	lexicalCandidates = 60
	vectorCandidates  = 30
)

// vectorBreadth is how many vectors the index looks at, hnsw.ef_search: of the ten nearest among 100,000 it misses few (docs/benchmarks.md).
const vectorBreadth = 400

// synonymWeight is what a word that only means the same counts beside the one that was said.
const synonymWeight = 0.3

// SearchSections ranks sections by their words (BM25) and their meaning, in one query: candidates come from the index of words and from
// that of vectors, both within the filter, and each gets both scores. The meaning counts by the model's weight beside the words of the
// section that has most of them: low enough that it settles ties and helps out where words fail, and never spoils what the words say,
// however few of a long question's words any section has.
func (l *Library) SearchSections(ctx context.Context, q knowledge.SectionQuery) ([]knowledge.Hit, error) {
	var hits []knowledge.Hit
	err := pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) (err error) {
		s := search{tx: tx, q: q}
		hits, err = s.run(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return hits, nil
}

type search struct {
	tx        pgx.Tx
	q         knowledge.SectionQuery
	args      []any
	weight    float64       // of the model
	documents map[int32]int // how many sections have a term of the question
	// telling is how much each word of the question tells: its idf.
	telling map[string]float64
}

func (s *search) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

func (s *search) run(ctx context.Context) ([]knowledge.Hit, error) {
	question, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	dims := 0
	if s.q.Vector != nil {
		// A model that is not known yet, or has nothing embedded, has no say.
		err := s.tx.QueryRow(ctx, `SELECT coalesce(max(dimensions), 0), coalesce(max(weight), 0) FROM embedding_model WHERE name = $1`, s.q.Model).Scan(&dims, &s.weight)
		if err != nil {
			return nil, err
		}
		if dims != len(s.q.Vector) {
			dims = 0
		}
	}
	if len(question) == 0 && dims == 0 {
		return nil, nil
	}
	if dims > 0 {
		// The index looks at so many, and goes on where the filter leaves too few of them.
		if _, err := s.tx.Exec(ctx, fmt.Sprintf(`SET LOCAL hnsw.ef_search = %d; SET LOCAL hnsw.iterative_scan = relaxed_order`, min(max(vectorBreadth, 2*s.q.Limit), 1000))); err != nil {
			return nil, err
		}
	}
	rows, err := s.tx.Query(ctx, s.sql(question, dims), s.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h knowledge.Hit, err error) {
		err = row.Scan(&h.Heading, &h.Anchor, &h.Text, &h.Asked, &h.Article, &h.Since, &h.Version, &h.Meaning, &h.Score)
		return h, err
	})
}

// question is the vector of what is asked. It sets what each of its words tells: one that no section has counts like the rarest, for
// it is asked for, too.
func (s *search) question(ctx context.Context) (entries []lexical.Entry, err error) {
	var numbers []int32
	for _, e := range lexical.Default.Weigh([]lexical.Field{{Terms: s.q.Terms, Weight: 1}, {Terms: s.q.Same.Of(s.q.Terms), Weight: 1}}, 0) {
		numbers = append(numbers, e.Term)
	}
	documents, total := map[int32]int{}, 0
	rows, err := s.tx.Query(ctx, `SELECT term, sections FROM library_term WHERE term = ANY($1) UNION ALL
		SELECT -1, sections FROM library_version WHERE version = (SELECT active FROM library_state)`, numbers)
	if err != nil {
		return nil, err
	}
	var term int32
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&term, &n}, func() error {
		if term < 0 {
			total = n
		} else {
			documents[term] = n
		}
		return nil
	}); err != nil {
		return nil, err
	}
	s.documents = documents
	known := func(t int32) int { return documents[t] }
	entries = lexical.Default.Question(s.q.Terms, total, known)
	for _, e := range lexical.Default.Question(s.q.Same.Of(s.q.Terms), total, known) {
		entries = append(entries, lexical.Entry{Term: e.Term, Weight: e.Weight * synonymWeight})
	}
	s.telling = map[string]float64{}
	for _, t := range lexical.Telling(s.q.Terms) {
		s.telling[t] = lexical.IDF(documents[lexical.Number(t)], total)
	}
	return entries, nil
}

// maxPosted bounds how many sections the index of words is asked for, the rarest words first.
const maxPosted = 10_000

// rarest are the terms by which candidates are found: those that few sections have, so that a word that half of them has does not
// drag them all through the ranking. A section that has none of the rarer words is no good answer; one that has some is
// ranked by all.
func (s *search) rarest(question []lexical.Entry) []int32 {
	terms := numbersOf(question)
	slices.SortStableFunc(terms, func(a, b int32) int { return s.documents[a] - s.documents[b] })
	posted := 0
	for i, t := range terms {
		if posted += s.documents[t]; posted > maxPosted && i > 0 {
			return terms[:i]
		}
	}
	return terms
}

// ideal is the score of a section that has every word of the question once.
func (s *search) ideal() float64 {
	sum := 1e-9
	for _, t := range slices.Sorted(maps.Keys(s.telling)) {
		sum += s.telling[t]
	}
	return sum
}

func (s *search) sql(question []lexical.Entry, dims int) string {
	words, numbers := s.arg(sparse(question)), s.arg(s.rarest(question))
	filter := s.filter()
	candidates := fmt.Sprintf(`(SELECT s.id FROM library_section s WHERE s.terms && %s::integer[] AND %s
		ORDER BY s.words <#> %s::sparsevec, s.id LIMIT %d)`, numbers, filter, words, max(lexicalCandidates, s.q.Limit))
	meaning, join := "0::float8", ""
	if dims > 0 {
		vector := s.arg(pgvector.NewVector(s.q.Vector))
		distance := fmt.Sprintf("e.vec::vector(%d) <=> %s::vector(%d)", dims, vector, dims)
		// The model's name was checked when it was made known; as a literal it lets the planner see that the index fits.
		candidates += fmt.Sprintf(` UNION (SELECT s.id FROM embedding e JOIN library_section s ON s.hash = e.hash WHERE e.model = '%s' AND %s ORDER BY %s LIMIT %d)`,
			s.q.Model, filter, distance, max(vectorCandidates, s.q.Limit))
		meaning = fmt.Sprintf("coalesce(1 - (%s), 0)", distance)
		join = fmt.Sprintf(" LEFT JOIN embedding e ON e.model = '%s' AND e.hash = s.hash", s.q.Model)
	}
	return fmt.Sprintf(`WITH c AS MATERIALIZED (%s),
		scored AS (SELECT s.*, -(s.words <#> %s::sparsevec) / %s::float8 AS said, %s AS meant FROM c JOIN library_section s USING (id)%s)
		SELECT x.heading, x.anchor, x.body, x.asked, a.meta, a.since, (SELECT active FROM library_state), x.meant,
			x.said + %s::float8 * greatest(x.meant, 0) * coalesce(nullif(max(x.said) OVER (), 0), 1) AS score
		FROM scored x JOIN library_article a ON a.id = x.article ORDER BY score DESC, x.id LIMIT %s`,
		candidates, words, s.arg(s.ideal()), meaning, join, s.arg(s.weight), s.arg(s.q.Limit))
}

// filter is the condition on a section s that the reader may see it.
func (s *search) filter() string {
	f := live("s", "(SELECT active FROM library_state)")
	if len(s.q.Kinds) > 0 {
		f += " AND s.kind = ANY(" + s.arg(s.q.Kinds) + ")"
	}
	if s.q.Locale != "" {
		f += " AND s.locale = " + s.arg(s.q.Locale)
	}
	if s.q.Audience != nil {
		f += " AND (s.audience = '{}' OR s.audience && " + s.arg(s.q.Audience) + "::text[])"
	}
	if !s.q.On.IsZero() {
		day := s.arg(s.q.On.Format(time.DateOnly))
		f += " AND coalesce(s.effective_from <= " + day + "::text::date, true) AND coalesce(s.effective_until > " + day + "::text::date, true)"
	}
	return f
}
