package store

import (
	"partnerhub/knowledge"
	"partnerhub/knowledge/lexical"
)

// SearchStatement is the statement of a search for which every section has every term, for tests that read its plan.
func SearchStatement(q knowledge.SectionQuery) (string, []any) {
	s := search{q: q, weight: 0.1, documents: map[int32]int{}, telling: map[string]float64{}}
	entries := lexical.Default.Question(q.Terms, 1000, func(int32) int { return 1 })
	for _, e := range entries {
		s.documents[e.Term] = 1
	}
	query := s.sql(entries, len(q.Vector))
	return query, s.args
}
