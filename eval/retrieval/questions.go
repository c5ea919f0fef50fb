package retrieval

import (
	"bytes"
	"context"
	_ "embed"
	"slices"

	"partnerhub/knowledge"
)

//go:embed questions.jsonl
var questions []byte

//go:embed strangers.jsonl
var strangers []byte

//go:embed later.jsonl
var later []byte

//go:embed last.jsonl
var last []byte

//go:embed partners.jsonl
var partners []byte

//go:embed fresh.jsonl
var fresh []byte

// Question is one to the shipped library, with the keys of the sections that answer it: none when the library must say that it does
// not know.
type Question struct {
	ID       string   `json:"id"`
	Text     string   `json:"question"`
	Relevant []string `json:"relevant"`
}

// Questions are the repository's. They were written before the search was tuned.
func Questions() ([]Question, error) { return ReadJSONL[Question](bytes.NewReader(questions)) }

// Strangers are questions in the ways of people who have not read the articles: terse, chatty, in broken English, misspelled, indirect.
// The search is tuned on the first half of them, which the first result holds, and told by the second.
func Strangers() (tuned, held []Question, err error) {
	all, err := ReadJSONL[Question](bytes.NewReader(strangers))
	for i, q := range all {
		if i%2 == 0 {
			tuned = append(tuned, q)
		} else {
			held = append(held, q)
		}
	}
	return tuned, held, err
}

// Fresh are questions that were written after the search was tuned on the strangers', to see what it does to new ones: an answer for
// 68 of 100. What they showed to be missing was added since.
func Fresh() ([]Question, error) { return ReadJSONL[Question](bytes.NewReader(fresh)) }

// Later are questions that were written after those. What they showed to be missing was added since.
func Later() ([]Question, error) { return ReadJSONL[Question](bytes.NewReader(later)) }

// partnersTuned is how many of the partners' questions the search was tuned on.
const partnersTuned = 79

// Partners are questions in the voices of different partners that were written before any was put to the search. The misses of the first
// result were looked at, those of the second never.
func Partners() (tuned, held []Question, err error) {
	all, err := ReadJSONL[Question](bytes.NewReader(partners))
	if err != nil {
		return nil, nil, err
	}
	return all[:partnersTuned], all[partnersTuned:], nil
}

// Last are questions that were written after all else. Nothing was changed for what they showed: they tell what to expect of people's questions.
func Last() ([]Question, error) { return ReadJSONL[Question](bytes.NewReader(last)) }

// LibraryFigures say how well a library answers. Right abstentions are the questions without an answer at which it says so; a false
// one is an answer that it has and does not give.
type LibraryFigures struct {
	Set               string  `json:"set"`
	Answerable        int     `json:"answerable"`
	Recall3           float64 `json:"recall@3"` // an answering section among the first three
	MRR               float64 `json:"mrr"`
	Unanswerable      int     `json:"unanswerable"`
	RightAbstentions  float64 `json:"rightAbstentions"`  // share of the unanswerable
	AbstainPrecision  float64 `json:"abstainPrecision"`  // share of all abstentions that are right
	AnsweredOfAnswers float64 `json:"answeredOfAnswers"` // share of the answerable that are not abstained at
}

// MeasureLibrary asks the questions. miss, which may be nil, is told of each that went wrong.
func MeasureLibrary(ctx context.Context, lib *knowledge.Library, f knowledge.Filter, all []Question, miss func(q Question, found []string, abstained bool)) (LibraryFigures, error) {
	var out LibraryFigures
	found3, abstained, rightly := 0, 0, 0
	for _, q := range all {
		hits, err := lib.Search(ctx, q.Text, f, 10)
		if err != nil {
			return out, err
		}
		keys := make([]string, len(hits))
		for i, h := range hits {
			keys[i] = h.Key(h.Article.Slug)
		}
		abstains := len(hits) == 0 || !knowledge.Enough(hits[0])
		if abstains {
			abstained++
		}
		var wrong bool
		if len(q.Relevant) == 0 {
			out.Unanswerable++
			if abstains {
				rightly++
			}
			wrong = !abstains
		} else {
			out.Answerable++
			at := slices.IndexFunc(keys, func(k string) bool { return slices.Contains(q.Relevant, k) })
			if at >= 0 {
				out.MRR += 1 / float64(at+1)
			}
			if at >= 0 && at < 3 {
				found3++
			}
			wrong = at < 0 || at >= 3 || abstains
		}
		if wrong && miss != nil {
			miss(q, keys[:min(3, len(keys))], abstains)
		}
	}
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	out.Recall3, out.MRR = share(found3, out.Answerable), out.MRR/float64(max(out.Answerable, 1))
	out.RightAbstentions, out.AbstainPrecision = share(rightly, out.Unanswerable), share(rightly, abstained)
	out.AnsweredOfAnswers = 1 - share(abstained-rightly, out.Answerable)
	return out, nil
}
