package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/store"
)

// search measures the rule library at c.sections sections: the fused query, beside the bare query of the vectors' index and an exact
// scan of the vectors, and how much of the exact ten nearest the index finds.
func (b *bench) search(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "search")
	if err != nil {
		return err
	}
	defer d.close()
	rng := rand.New(rand.NewPCG(b.seed, 7))
	vocabulary := rand.NewZipf(rng, 1.1, 8, 40_000)
	text := func(words int) string {
		out := make([]string, words)
		for i := range out {
			out[i] = word(vocabulary.Uint64())
		}
		return strings.Join(out, " ")
	}
	note("publishing %d sections", b.sections)
	lib := knowledge.New(store.NewLibrary(d.pool), knowledge.BuiltIn{}, nil, time.UTC)
	const parts = 20
	articles := make([]knowledge.Article, 0, b.sections/parts)
	for i := range b.sections / parts {
		a := knowledge.Article{Meta: knowledge.Meta{Title: text(4), Slug: fmt.Sprint("a", i), Kind: knowledge.Rule, Locale: "en"}, File: fmt.Sprint(i)}
		for k := range parts {
			a.Parts = append(a.Parts, knowledge.Section{Heading: text(6), Anchor: fmt.Sprint("s", k), Text: text(50)})
		}
		articles = append(articles, a)
	}
	begin := time.Now()
	if _, err := lib.Publish(ctx, domain.Caller{Role: domain.RoleService}, articles, "", time.Now()); err != nil {
		return err
	}
	b.add("search", fmt.Sprintf("publish of %d sections, vectors and indexes included", b.sections), time.Since(begin).Seconds(), "s", "")
	if _, err := d.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	var fused, index, exact []float64
	found, all := 0, 0
	for i := range min(b.queries, 100) + 5 {
		question := text(6)
		v, err := knowledge.BuiltIn{}.Embed(ctx, []string{question})
		if err != nil {
			return err
		}
		begin := time.Now()
		if _, err := lib.Search(ctx, question, knowledge.Filter{Kinds: []knowledge.Kind{knowledge.Rule}, Locale: "en"}, 5); err != nil {
			return err
		}
		fusedTook := ms(time.Since(begin))
		near, indexTook, err := nearest(ctx, d, v[0], true)
		if err != nil {
			return err
		}
		truth, exactTook, err := nearest(ctx, d, v[0], false)
		if err != nil {
			return err
		}
		if i < 5 {
			continue
		}
		fused, index, exact = append(fused, fusedTook), append(index, indexTook), append(exact, exactTook)
		for _, h := range truth {
			all++
			if slices.Contains(near, h) {
				found++
			}
		}
	}
	for _, x := range []struct {
		name string
		took []float64
	}{{"fused search", fused}, {"bare query of the vectors' index", index}, {"exact scan of the vectors", exact}} {
		slices.Sort(x.took)
		b.add("search", x.name+", p50", x.took[len(x.took)/2], "ms", "")
		b.add("search", x.name+", p99", x.took[len(x.took)*99/100], "ms", "")
	}
	b.add("search", "recall of the index at 10", float64(found)/float64(max(all, 1)), "", "")
	return nil
}

// nearest are the ten nearest sections by their vectors, by the index or by looking at all.
func nearest(ctx context.Context, d *database, v []float32, index bool) (hashes []string, took float64, err error) {
	begin := time.Now()
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if !index {
			if _, err := tx.Exec(ctx, `SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off`); err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT encode(hash, 'hex') FROM embedding WHERE model = '%[1]s' ORDER BY vec::vector(%[2]d) <=> $1::vector(%[2]d) LIMIT 10`,
			knowledge.BuiltIn{}.Name(), knowledge.BuiltIn{}.Dimensions()), pgvector.NewVector(v))
		if err != nil {
			return err
		}
		hashes, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return hashes, ms(time.Since(begin)), err
}

// word is the nth of a language of its own.
func word(n uint64) string {
	const first, second = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for n++; n > 0; n /= uint64(len(first) * len(second)) {
		b.WriteByte(first[n%uint64(len(first))])
		b.WriteByte(second[n/uint64(len(first))%uint64(len(second))])
	}
	return b.String() + "x"
}
