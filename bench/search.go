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
// scan of the vectors, and how much of the exact ten nearest the index finds, by how far it looks.
func (b *bench) search(ctx context.Context) error {
	d, err := b.newDatabase(ctx, "search")
	if err != nil {
		return err
	}
	defer d.close()
	rng := rand.New(rand.NewPCG(b.seed, 7))
	write := newWriter(rng, b.sections/50)
	note("publishing %d sections", b.sections)
	lib := knowledge.New(store.NewLibrary(d.pool), knowledge.BuiltIn{}, nil, time.UTC)
	const parts = 20
	articles := make([]knowledge.Article, 0, b.sections/parts)
	for i := range b.sections / parts {
		topic := write.topic()
		a := knowledge.Article{Meta: knowledge.Meta{Title: write.text(topic, 4), Slug: fmt.Sprint("a", i), Kind: knowledge.Rule, Locale: "en"}, File: fmt.Sprint(i)}
		for k := range parts {
			a.Parts = append(a.Parts, knowledge.Section{Heading: write.text(topic, 6), Anchor: fmt.Sprint("s", k), Text: write.text(topic, 50)})
		}
		articles = append(articles, a)
	}
	begin := time.Now()
	if _, err := lib.Publish(ctx, domain.Caller{Role: domain.RoleService}, articles, "", time.Now()); err != nil {
		return err
	}
	b.add("search", "publish of all sections, vectors and indexes included", time.Since(begin).Seconds(), "s", "")
	if _, err := d.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	var fused, exact []float64
	index, found, all := map[int][]float64{}, map[int]int{}, 0
	for i := range min(b.queries, 100) + 5 {
		question := write.text(write.topic(), 6)
		v, err := knowledge.BuiltIn{}.Embed(ctx, []string{question})
		if err != nil {
			return err
		}
		begin := time.Now()
		if _, err := lib.Search(ctx, question, knowledge.Filter{Kinds: []knowledge.Kind{knowledge.Rule}, Locale: "en"}, 5); err != nil {
			return err
		}
		fusedTook := ms(time.Since(begin))
		truth, exactTook, err := nearest(ctx, d, v[0], 0)
		if err != nil {
			return err
		}
		for _, breadth := range breadths {
			near, took, err := nearest(ctx, d, v[0], breadth)
			if err != nil {
				return err
			}
			if i < warm {
				continue
			}
			index[breadth] = append(index[breadth], took)
			for _, h := range near {
				if slices.Contains(truth, h) {
					found[breadth]++
				}
			}
		}
		if i >= warm {
			fused, exact, all = append(fused, fusedTook), append(exact, exactTook), all+len(truth)
		}
	}
	times := func(name string, took []float64) {
		slices.Sort(took)
		b.add("search", name+", p50", took[len(took)/2], "ms", "")
		b.add("search", name+", p99", took[len(took)*99/100], "ms", "")
	}
	times("fused search", fused)
	times("exact scan of the vectors", exact)
	for _, breadth := range breadths {
		name := fmt.Sprintf("bare query of the vectors' index, ef_search %d", breadth)
		times(name, index[breadth])
		b.add("search", name+", recall at 10", float64(found[breadth])/float64(max(all, 1)), "", "")
	}
	return nil
}

// warm is how many questions are asked before any is measured.
const warm = 5

// breadths are the hnsw.ef_search at which the index is asked; store.Library asks at the last.
var breadths = []int{40, 100, 200, 400}

// writer makes texts that are about something: six words in ten are of a topic, of which the first come up the most, the others are of
// the language as a whole. Random words alone would lie all equally far from each other.
type writer struct {
	rng    *rand.Rand
	all    *rand.Zipf // words of the language
	rank   *rand.Zipf // words of a topic, by how often they are said
	topics [][]string
}

// topicWords is how many words a topic has of its own.
const topicWords = 40

func newWriter(rng *rand.Rand, topics int) *writer {
	w := &writer{rng: rng, all: rand.NewZipf(rng, 1.1, 8, 40_000), rank: rand.NewZipf(rng, 1.5, 4, topicWords-1)}
	for range max(topics, 1) {
		words := make([]string, topicWords)
		for i := range words {
			words[i] = word(100 + rng.Uint64N(40_000)) // the commonest belong to no topic
		}
		w.topics = append(w.topics, words)
	}
	return w
}

func (w *writer) topic() []string { return w.topics[w.rng.IntN(len(w.topics))] }

func (w *writer) text(topic []string, words int) string {
	out := make([]string, words)
	for i := range out {
		if w.rng.IntN(10) < 6 {
			out[i] = topic[w.rank.Uint64()]
		} else {
			out[i] = word(w.all.Uint64())
		}
	}
	return strings.Join(out, " ")
}

// nearest are the ten nearest sections by their vectors, by the index, of which it looks at so many, or by looking at all: breadth 0.
func nearest(ctx context.Context, d *database, v []float32, breadth int) (hashes []string, took float64, err error) {
	begin := time.Now()
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		set := fmt.Sprintf(`SET LOCAL hnsw.ef_search = %d`, breadth)
		if breadth == 0 {
			set = `SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off`
		}
		if _, err := tx.Exec(ctx, set); err != nil {
			return err
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
