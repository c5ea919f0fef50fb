package knowledge

import (
	"context"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/knowledge/lexical"
)

// Draft is a change that is not published: an article that is new or other, or one that goes.
type Draft struct {
	Article
	Removed   bool
	ChangedBy int64
	ChangedAt time.Time
}

// DraftStore keeps the drafts, which all editors share.
type DraftStore interface {
	Drafts(ctx context.Context) ([]Draft, error)
	SaveDrafts(ctx context.Context, drafts []Draft) error
	DropDrafts(ctx context.Context, drafts []Draft) error
}

// With are the articles of a library after its drafts.
func With(articles []Article, drafts []Draft) []Article {
	changed := map[[2]string]bool{}
	for _, d := range drafts {
		changed[[2]string{d.Slug, d.Locale}] = true
	}
	var out []Article
	for _, a := range articles {
		if !changed[[2]string{a.Slug, a.Locale}] {
			out = append(out, a)
		}
	}
	for _, d := range drafts {
		if !d.Removed {
			out = append(out, d.Article)
		}
	}
	return out
}

// PublishDrafts publishes the library with its drafts, and drops them. Version is what the editor saw: the error is CodeConflict when
// somebody published in between, and CodeInvalid when there is no draft.
func (l *Library) PublishDrafts(ctx context.Context, by domain.Caller, in DraftStore, version int, note string, at time.Time) (Published, error) {
	if err := by.Require(domain.RoleContent, domain.RoleOperator); err != nil {
		return Published{}, err
	}
	drafts, err := in.Drafts(ctx)
	if err != nil {
		return Published{}, err
	}
	active, err := l.store.ActiveVersion(ctx)
	if err != nil {
		return Published{}, err
	}
	if version != active {
		return Published{}, Outdated(active, version)
	}
	if len(drafts) == 0 {
		return Published{}, domain.Invalid("drafts", "there is nothing to publish")
	}
	stored, err := l.store.ListArticles(ctx, ArticleFilter{Version: version})
	if err != nil {
		return Published{}, err
	}
	articles := make([]Article, len(stored))
	for i, s := range stored {
		articles[i] = s.Article
	}
	p, err := l.publish(ctx, by, version, With(articles, drafts), note, at) // the store looks again, when nobody else can publish
	if err != nil {
		return p, err
	}
	return p, in.DropDrafts(ctx, drafts)
}

// Found is a hit of a preview, and why it was found.
type Found struct {
	Hit
	Draft bool // from an article that is not published
	Why   []Reason
}

// Reason is a telling word of the question, and what a section has of it.
type Reason struct {
	Word  string  `json:"word"`            // the stem
	Tells float64 `json:"tells"`           // share of the question, 0 to 1
	As    string  `json:"as,omitempty"`    // what the section has: the word, or one that means the same; "" for nothing
	About bool    `json:"about,omitempty"` // it stands in a title or heading of the library
}

// Outdated is the error of a publish that was made of a version which is not served any more.
func Outdated(active, base int) error {
	return domain.Errorf(domain.CodeConflict, "version", "%d is served now, not %d: somebody else has published. Nothing of yours is lost: look at it again", active, base)
}

// Preview is what a question would find if the drafts were published, and why.
func (l *Library) Preview(ctx context.Context, question string, f Filter, drafts []Draft, limit int) ([]Found, error) {
	if err := l.unfit(question); err != nil {
		return nil, err
	}
	version, err := l.store.ActiveVersion(ctx)
	if err != nil {
		return nil, err
	}
	texts, err := l.store.SectionTexts(ctx, version, f.Locale, maxRead)
	if err != nil {
		return nil, err
	}
	for _, d := range drafts {
		for _, s := range d.Sections() {
			texts = append(texts, Text{Heading: d.Title + "\n" + s.Heading, Body: s.Text + "\n" + s.Asked})
		}
	}
	words := newVocabulary(version, texts)
	terms := words.terms(question, l.synonyms)
	if len(terms) == 0 {
		return nil, nil
	}
	same := l.synonyms.Among(terms)
	vector, model, err := l.vector(ctx, question)
	if err != nil {
		return nil, err
	}
	hits, err := l.store.SearchSections(ctx, SectionQuery{Filter: f, Terms: terms, Same: same, Vector: vector, Model: model, Limit: max(limit, candidates)})
	if err != nil {
		return nil, err
	}
	hits = slices.DeleteFunc(hits, func(h Hit) bool {
		return slices.ContainsFunc(drafts, func(d Draft) bool { return d.Slug == h.Article.Slug && d.Locale == h.Article.Locale })
	})
	q := newAsked(question, terms, same, words, &l.read)
	for _, d := range drafts {
		if d.Removed || !f.admits(d.Meta) {
			continue
		}
		for _, s := range d.Sections() {
			hits = append(hits, Hit{Section: s, Article: d.Meta, Score: q.score(s, d.Meta)})
		}
	}
	var out []Found
	for _, h := range q.rerank(hits, limit) {
		out = append(out, Found{Hit: h, Draft: h.Version == 0, Why: q.why(h)})
	}
	return out, nil
}

// admits reports whether a reader of this filter sees an article.
func (f Filter) admits(m Meta) bool {
	day := Day(f.On.Format(time.DateOnly))
	return (len(f.Kinds) == 0 || slices.Contains(f.Kinds, m.Kind)) && (f.Locale == "" || f.Locale == m.Locale) &&
		(f.Audience == nil || len(m.Audience) == 0 || slices.ContainsFunc(m.Audience, func(a string) bool { return slices.Contains(f.Audience, a) })) &&
		(f.On.IsZero() || (m.From == "" || m.From <= day) && (m.Until == "" || m.Until > day))
}

// score is what the store would give a section that it does not have, but for the vectors.
func (q asked) score(s Section, m Meta) float64 {
	weights := map[int32]float32{}
	for _, e := range lexical.Default.Weigh(s.Fields(m), 0) {
		weights[e.Term] = e.Weight
	}
	sum := 0.0
	for _, t := range q.terms {
		sum += q.weight[t] * float64(weights[lexical.Number(t)])
	}
	return sum / max(q.all, 1e-9)
}

// why are the question's telling words, and what a hit has of each.
func (q asked) why(h Hit) []Reason {
	has := q.read.of(h).has
	out := make([]Reason, 0, len(q.terms))
	for _, t := range q.terms {
		r := Reason{Word: t, Tells: q.weight[t] / max(q.all, 1e-9)}
		if has[t] {
			r.As = t
		} else if i := slices.IndexFunc(q.same[t], func(o string) bool { return has[o] }); i >= 0 {
			r.As = q.same[t][i]
		}
		r.About = r.As != "" && q.vocab.core[r.As]
		out = append(out, r)
	}
	return out
}
