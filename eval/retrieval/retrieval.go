// Package retrieval measures rankings: collections in the layout of BEIR (Thakur et al., 2021), and the usual figures.
package retrieval

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"partnerhub/knowledge/lexical"
)

// Document is one of a corpus.
type Document struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Query is a question.
type Query struct {
	ID   string `json:"_id"`
	Text string `json:"text"`
}

// Judgments say how relevant a document is to a query, by their ids; what is not judged is not relevant.
type Judgments map[string]map[string]int

// maxLine bounds a line of a collection, in bytes.
const maxLine = 16 << 20

// ReadJSONL reads one value a line. The error names the line.
func ReadJSONL[T any](r io.Reader) ([]T, error) {
	var out []T
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, v)
	}
	return out, lines.Err()
}

// ReadJudgments reads query-id, corpus-id and score with tabs between; a first line that has no number for a score is a heading.
// Lines of four fields are TREC's, with a field to ignore after the query.
func ReadJudgments(r io.Reader) (Judgments, error) {
	j := Judgments{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) == 4 {
			f = slices.Delete(f, 1, 2)
		}
		score := 0.0
		var err error
		if len(f) == 3 {
			score, err = strconv.ParseFloat(f[2], 64)
		}
		if len(f) != 3 || err != nil {
			if n == 1 {
				continue
			}
			return nil, fmt.Errorf("line %d: want query, document and score", n)
		}
		if j[f[0]] == nil {
			j[f[0]] = map[string]int{}
		}
		j[f[0]][f[1]] = int(score)
	}
	return j, lines.Err()
}

// Figures of a ranking, averaged over the queries that have a relevant document.
type Figures struct {
	NDCG10    float64 `json:"ndcg@10"`
	MAP10     float64 `json:"map@10"`
	Recall10  float64 `json:"recall@10"`
	Recall100 float64 `json:"recall@100"`
	MRR10     float64 `json:"mrr@10"`
	Queries   int     `json:"queries"`
}

// Add counts one query's ranking, the best first.
func (f *Figures) Add(ranking []string, relevant map[string]int) {
	var gains []int
	for _, g := range relevant {
		if g > 0 {
			gains = append(gains, g)
		}
	}
	if len(gains) == 0 {
		return
	}
	slices.SortFunc(gains, func(a, b int) int { return b - a })
	discount := func(i int) float64 { return 1 / math.Log2(float64(i)+2) }
	ideal, dcg, found, precision, first := 0.0, 0.0, 0, 0.0, 0.0
	for i, g := range gains[:min(len(gains), 10)] {
		ideal += float64(g) * discount(i)
	}
	f.Queries++
	for i, id := range ranking[:min(len(ranking), 100)] {
		g := relevant[id]
		if g <= 0 {
			continue
		}
		found++
		if i >= 10 {
			continue
		}
		dcg += float64(g) * discount(i)
		precision += float64(found) / float64(i+1)
		if first == 0 {
			first = 1 / float64(i+1)
		}
		f.Recall10 += 1 / float64(len(gains))
	}
	f.NDCG10 += dcg / ideal
	f.MAP10 += precision / float64(min(len(gains), 10))
	f.MRR10 += first
	f.Recall100 += float64(found) / float64(len(gains))
}

// Mean divides the sums by the number of queries.
func (f Figures) Mean() Figures {
	n := float64(max(f.Queries, 1))
	return Figures{f.NDCG10 / n, f.MAP10 / n, f.Recall10 / n, f.Recall100 / n, f.MRR10 / n, f.Queries}
}

// BM25 is the plain ranking in memory that others are held against: it has no parts in common with the hub's but the words.
type BM25 struct {
	ids       []string
	postings  map[int32][]posting
	documents int
}

type posting struct {
	doc    int
	weight float32
}

// NewBM25 indexes documents.
func NewBM25(p lexical.Params, docs []Document) *BM25 {
	b := &BM25{postings: map[int32][]posting{}, documents: len(docs)}
	fields, total := make([][]lexical.Field, len(docs)), 0.0
	for i, d := range docs {
		fields[i] = []lexical.Field{{Terms: lexical.Terms(d.Title + "\n" + d.Text), Weight: 1}}
		total += lexical.Length(fields[i])
	}
	for i, d := range docs {
		b.ids = append(b.ids, d.ID)
		for _, e := range p.Weigh(fields[i], total/float64(len(docs))) {
			b.postings[e.Term] = append(b.postings[e.Term], posting{i, e.Weight})
		}
	}
	return b
}

// Rank lists the n best documents for a question.
func (b *BM25) Rank(p lexical.Params, question string, n int) []string {
	scores := map[int]float64{}
	for _, e := range p.Question(lexical.Terms(question), b.documents, func(t int32) int { return len(b.postings[t]) }) {
		for _, x := range b.postings[e.Term] {
			scores[x.doc] += float64(e.Weight) * float64(x.weight)
		}
	}
	docs := make([]int, 0, len(scores))
	for d := range scores {
		docs = append(docs, d)
	}
	slices.SortFunc(docs, func(x, y int) int {
		switch {
		case scores[x] > scores[y]:
			return -1
		case scores[x] < scores[y]:
			return 1
		}
		return x - y
	})
	out := make([]string, min(n, len(docs)))
	for i := range out {
		out[i] = b.ids[docs[i]]
	}
	return out
}
