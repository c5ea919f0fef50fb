package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/eval/retrieval"
	"partnerhub/knowledge"
	"partnerhub/knowledge/lexical"
	"partnerhub/prompts"
	"partnerhub/store"
)

// evalRetrievalCmd is `partnerhub eval retrieval` (SPEC 13): a foreign corpus, ranked by the hub on a scratch database, and by plain
// BM25 in memory.
type evalRetrievalCmd struct {
	Corpus  string `placeholder:"FILE" help:"JSONL of _id, title and text; without one, the shipped library is asked the repository's questions."`
	Queries string `placeholder:"FILE" help:"JSONL of _id and text."`
	Qrels   string `placeholder:"FILE" help:"TSV of query-id, corpus-id and score."`
	// Questions are a content team's own, of the layout of eval/retrieval.
	Questions string `placeholder:"FILE" help:"JSONL of id, question and relevant (slug#anchor; none where nothing answers) to ask the shipped library instead of the repository's."`
	JSON      bool   `name:"json" help:"Print one JSON object a ranking."`
}

// depth is how many documents of a ranking are looked at.
const depth = 100

func (cmd *evalRetrievalCmd) Run(ctx ctxArg, a *app) error {
	if cmd.Corpus == "" && cmd.Queries == "" && cmd.Qrels == "" {
		return a.scratch(ctx, func(pool *pgxpool.Pool) error { return cmd.library(ctx, a, pool) })
	}
	if cmd.Corpus == "" || cmd.Queries == "" || cmd.Qrels == "" {
		return usagef("eval retrieval: want --corpus, --queries and --qrels, or none of them")
	}
	docs, err := readLines[retrieval.Document](a, cmd.Corpus)
	if err != nil {
		return err
	}
	queries, err := readLines[retrieval.Query](a, cmd.Queries)
	if err != nil {
		return err
	}
	in, err := openInput(a, cmd.Qrels)
	if err != nil {
		return err
	}
	defer in.Close()
	relevant, err := retrieval.ReadJudgments(in)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Qrels, err)
	}
	plain := retrieval.NewBM25(lexical.Plain, docs)
	if err := cmd.measure(a, "bm25", queries, relevant, func(q string) ([]string, error) { return plain.Rank(lexical.Plain, q, depth), nil }); err != nil {
		return err
	}
	return a.scratch(ctx, func(pool *pgxpool.Pool) error {
		l := store.NewLibrary(pool)
		lib := knowledge.New(l, knowledge.BuiltIn{}, nil, time.UTC)
		articles := make([]knowledge.Article, 0, len(docs))
		for i, d := range docs {
			articles = append(articles, knowledge.Article{Meta: knowledge.Meta{Title: d.Title, Slug: fmt.Sprint("d", i), Kind: knowledge.Rule, Locale: "en"}, File: d.ID,
				Parts: []knowledge.Section{{Anchor: d.ID, Text: d.Text}}})
		}
		if _, err := lib.Publish(ctx, domain.Caller{Role: domain.RoleService}, articles, "a corpus to measure on", time.Now()); err != nil {
			return err
		}
		if _, err := pool.Exec(ctx, "ANALYZE"); err != nil {
			return err
		}
		for _, arm := range []struct {
			name           string
			words, meaning bool
		}{{"full_text", true, false}, {"vectors", false, true}, {"fused", true, true}} {
			if err := cmd.measure(a, arm.name, queries, relevant, func(q string) ([]string, error) { return rank(ctx, l, q, arm.words, arm.meaning) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// library asks the shipped library the repository's questions.
func (cmd *evalRetrievalCmd) library(ctx context.Context, a *app, pool *pgxpool.Pool) error {
	words, err := prompts.Load()
	if err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	lib, err := a.library(ctx, pool, words)
	if err != nil {
		return err
	}
	sets, err := cmd.sets(a)
	if err != nil {
		return err
	}
	for _, set := range sets {
		f, err := retrieval.MeasureLibrary(ctx, lib, knowledge.Filter{Kinds: []knowledge.Kind{knowledge.Rule}, Locale: "en"}, set.questions, func(q retrieval.Question, found []string, abstained bool) {
			fmt.Fprintf(a.stderr, "%s: %s: found %v, abstained %v, want %v\n", set.name, q.Text, found, abstained, q.Relevant)
		})
		if err != nil {
			return err
		}
		f.Set = set.name
		if cmd.JSON {
			err = a.print(f)
		} else {
			_, err = fmt.Fprintf(a.stdout, "%s: recall@3 %.4f  MRR %.4f  over %d questions; abstained rightly %.4f of %d, precision %.4f; answered %.4f of what has an answer\n",
				set.name, f.Recall3, f.MRR, f.Answerable, f.RightAbstentions, f.Unanswerable, f.AbstainPrecision, f.AnsweredOfAnswers)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// set is some questions and what they are.
type set struct {
	name      string
	questions []retrieval.Question
}

// sets are the repository's, or those of the file that is named.
func (cmd *evalRetrievalCmd) sets(a *app) ([]set, error) {
	if cmd.Questions != "" {
		questions, err := readLines[retrieval.Question](a, cmd.Questions)
		return []set{{filepath.Base(cmd.Questions), questions}}, err
	}
	own, err := retrieval.Questions()
	if err != nil {
		return nil, err
	}
	tuned, held, err := retrieval.Strangers()
	if err != nil {
		return nil, err
	}
	fresh, err := retrieval.Fresh()
	if err != nil {
		return nil, err
	}
	later, err := retrieval.Later()
	if err != nil {
		return nil, err
	}
	partners, unseen, err := retrieval.Partners()
	if err != nil {
		return nil, err
	}
	last, err := retrieval.Last()
	return []set{{"own", own}, {"strangers, tuned on", tuned}, {"strangers, held out", held}, {"fresh", fresh}, {"later", later},
		{"partners, tuned on", partners}, {"partners, never looked at", unseen}, {"last, nothing changed since", last}}, err
}

// rank asks the store with one of its arms, or both.
func rank(ctx context.Context, l *store.Library, question string, words, meaning bool) ([]string, error) {
	q := knowledge.SectionQuery{Limit: depth}
	if words {
		q.Terms = lexical.Terms(question)
	}
	if meaning {
		v, err := knowledge.BuiltIn{}.Embed(ctx, []string{question})
		if err != nil {
			return nil, err
		}
		q.Vector, q.Model = v[0], knowledge.BuiltIn{}.Name()
	}
	hits, err := l.SearchSections(ctx, q)
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.Anchor
	}
	return ids, err
}

func (cmd *evalRetrievalCmd) measure(a *app, name string, queries []retrieval.Query, relevant retrieval.Judgments, rank func(string) ([]string, error)) error {
	var f retrieval.Figures
	start := time.Now()
	for _, q := range queries {
		if len(relevant[q.ID]) == 0 {
			continue
		}
		ids, err := rank(q.Text)
		if err != nil {
			return err
		}
		f.Add(ids, relevant[q.ID])
	}
	each := time.Since(start) / time.Duration(max(f.Queries, 1))
	f = f.Mean()
	if cmd.JSON {
		return a.print(struct {
			Ranking string `json:"ranking"`
			retrieval.Figures
		}{name, f})
	}
	_, err := fmt.Fprintf(a.stdout, "%-10s nDCG@10 %.4f  recall@100 %.4f  recall@10 %.4f  MAP@10 %.4f  over %d queries, %s each\n", name, f.NDCG10, f.Recall100, f.Recall10, f.MAP10, f.Queries, each.Round(time.Microsecond))
	return err
}

func readLines[T any](a *app, name string) ([]T, error) {
	in, err := openInput(a, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := retrieval.ReadJSONL[T](io.Reader(in))
	if err != nil {
		return nil, fmt.Errorf("%s, %w", name, err)
	}
	return out, nil
}
