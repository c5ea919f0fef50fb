package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// The two arms of a search go through their indexes: that of words, and that of the model's vectors.
func TestSearchUsesItsIndexes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool := storetest.New(t)
	l := store.NewLibrary(pool)
	lib := knowledge.New(l, knowledge.BuiltIn{}, nil, time.UTC)
	var articles []knowledge.Article
	for i := range 120 {
		a := article(fmt.Sprint("a", i), fmt.Sprint("Title ", i), "")
		for k := range 25 {
			a.Parts = append(a.Parts, knowledge.Section{Heading: fmt.Sprintf("Heading %d of %d", k, i), Anchor: fmt.Sprint("s", k), Text: fmt.Sprintf("word%d other%d and more%d", i*25+k, k, i)})
		}
		articles = append(articles, a)
	}
	if _, err := lib.Publish(ctx, editor, articles, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		t.Fatal(err)
	}
	v, err := knowledge.BuiltIn{}.Embed(ctx, []string{"word7 word8"})
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	query, args := store.SearchStatement(knowledge.SectionQuery{Filter: knowledge.Filter{Kinds: []knowledge.Kind{knowledge.Rule}, Locale: "en"}, Terms: []string{"word7", "word8"},
		Vector: v[0], Model: "builtin-1", Limit: 10})
	rows, err := pool.Query(ctx, "EXPLAIN (COSTS off) "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, index := range []string{"library_section_terms", "embedding_builtin_1"} {
		if !strings.Contains(plan.String(), index) {
			t.Errorf("%s is not used:\n%s", index, plan.String())
		}
	}
}
