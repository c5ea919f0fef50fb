package knowledge

import (
	"context"
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/language"
)

// Store keeps the library. Package store implements it, and documents it method by method.
type Store interface {
	Publish(ctx context.Context, by domain.Caller, base int, articles []Article, note string, at time.Time) (Published, error)
	SearchSections(ctx context.Context, q SectionQuery) ([]Hit, error)
	ListArticles(ctx context.Context, f ArticleFilter) ([]Stored, error)
	ModelStore
	ActiveVersion(ctx context.Context) (int, error)
	SectionTexts(ctx context.Context, version int, locale string, limit int) ([]Text, error)
	GapStore
}

// ModelStore keeps the vectors of several models side by side, and says by which questions are searched.
type ModelStore interface {
	UseModel(ctx context.Context, e Embedder) error
	IndexModel(ctx context.Context, e Embedder) error
	UnembeddedSections(ctx context.Context, model string, after []byte, limit int) ([]Unembedded, error)
	SaveEmbeddings(ctx context.Context, model string, hashes [][]byte, vectors [][]float32) error
	SwitchModel(ctx context.Context, model string) error
	ActiveModel(ctx context.Context) (string, error)
}

// GapStore keeps the questions that found no answer.
type GapStore interface {
	NoteGap(ctx context.Context, g Gap) error
	OpenGaps(ctx context.Context, limit int) ([]Gap, error)
	CloseGaps(ctx context.Context, ids []int64, version int) error
}

// Published is what a publish did.
type Published struct {
	Version   int `json:"version"`
	Articles  int `json:"articles"`
	Sections  int `json:"sections"`
	Added     int `json:"added"` // articles that are new
	Changed   int `json:"changed"`
	Removed   int `json:"removed"`
	Unchanged int `json:"unchanged"`
	// Unembedded says that the embedding model did not answer: the new sections are found by their words until it does.
	Unembedded string `json:"unembedded,omitempty"`
	// ClosedGaps are questions that found no answer before, and do now.
	ClosedGaps []string `json:"closedGaps,omitempty"`
}

// Unembedded is a section that a model has no vector of yet.
type Unembedded struct {
	Hash []byte
	Text string
}

// Text is a section's words: those of its title and heading, and the others.
type Text struct{ Heading, Body string }

// Gap is a question that the library could not answer.
type Gap struct {
	ID       int64     `json:"id"`
	AskedAt  time.Time `json:"askedAt"`
	UID      int64     `json:"-"`
	Question string    `json:"question"`
	Locale   string    `json:"locale"`
	Cause    string    `json:"cause"`
	Version  int       `json:"version"`
}

// The causes of a gap.
const (
	NoEvidence = "no_evidence"
	ThumbDown  = "thumb_down"
)

// Stored is an article of a version.
type Stored struct {
	Article
	ID    int64
	Since int // the version that brought it
}

// ArticleFilter narrows a list of articles. Zero fields do not.
type ArticleFilter struct {
	Kind    Kind
	Locale  string
	Slug    string
	On      time.Time // in force at that instant
	Version int       // 0: the active one
}

// Filter is what a reader may and wants to see.
type Filter struct {
	Kinds    []Kind
	Locale   string
	Audience []string  // articles for one of these, or for nobody in particular
	On       time.Time // in force on that day
}

// SectionQuery asks a store for the sections that are the most like a question.
type SectionQuery struct {
	Filter
	Terms  []string  // of the question
	Same   Synonyms  // of the terms: what counts nearly as well
	Vector []float32 // nil: by words alone
	Model  string    // that made the vector
	Limit  int
}

// Hit is a section that was found.
type Hit struct {
	Section
	Article Meta
	Version int     // of the library
	Since   int     // the version that brought this text
	Score   float64 // by which hits are ordered
	Words   float64 // the share of the question's telling words that it has, 0 to 1: rare words tell more
	Meaning float64 // cosine of the vectors, 0 without
	// Phrase is how close the question comes to the closest way to ask for it, and Evidence how likely it answers, both 0 to 1.
	Phrase, Evidence float64
}

// Library answers from the articles.
type Library struct {
	store    Store
	wanted   Embedder
	synonyms Synonyms
	zone     *time.Location
	words    vocabularies
	read     readings
}

// New makes a library. The wanted embedder takes over from the one in use as soon as it has every section: Embed sees to it.
func New(s Store, wanted Embedder, synonyms Synonyms, zone *time.Location) *Library {
	return &Library{store: s, wanted: wanted, synonyms: synonyms, zone: zone}
}

// Embed gives every section of the active version a vector of the wanted model, and then searches by it. Until then, questions are
// searched by the model that was in use, or by the built-in one. It can be called at any time, and again.
func (l *Library) Embed(ctx context.Context) error {
	if _, builtIn := l.wanted.(BuiltIn); !builtIn {
		// What is in use has to know the new sections, too, before the wanted model does.
		if err := l.embed(ctx, BuiltIn{}); err != nil {
			return err
		}
	}
	if err := l.embed(ctx, l.wanted); err != nil {
		return err
	}
	return l.store.SwitchModel(ctx, l.wanted.Name())
}

func (l *Library) embed(ctx context.Context, e Embedder) error {
	if e.Dimensions() == 0 {
		if _, err := e.Embed(ctx, []string{"dimensions"}); err != nil {
			return err
		}
	}
	if err := l.store.UseModel(ctx, e); err != nil {
		return err
	}
	const batch = 256
	var after []byte
	for {
		missing, err := l.store.UnembeddedSections(ctx, e.Name(), after, batch)
		if err != nil {
			return err
		}
		if len(missing) == 0 && after == nil {
			return l.store.IndexModel(ctx, e) // of all its vectors at once, the first time
		}
		if len(missing) == 0 { // once more from the start: others may have published meanwhile
			after = nil
			continue
		}
		after = missing[len(missing)-1].Hash
		texts, hashes := make([]string, len(missing)), make([][]byte, len(missing))
		for i, m := range missing {
			texts[i], hashes[i] = m.Text, m.Hash
		}
		vectors, err := e.Embed(ctx, texts)
		if err != nil {
			return err
		}
		if err := l.store.SaveEmbeddings(ctx, e.Name(), hashes, vectors); err != nil {
			return err
		}
	}
}

// questionTime bounds how long a question waits for its vector: its words alone find most.
const questionTime = 3 * time.Second

// vector is a question's, by the model in use; nil when there is none to be had.
func (l *Library) vector(ctx context.Context, question string) (vector []float32, model string, err error) {
	if model, err = l.store.ActiveModel(ctx); err != nil {
		return nil, "", err
	}
	var in Embedder = BuiltIn{}
	if model == l.wanted.Name() {
		in = l.wanted
	}
	bounded, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	vectors, err := in.Embed(bounded, []string{question})
	if err != nil && in.Name() != (BuiltIn{}).Name() {
		in = BuiltIn{}
		vectors, err = in.Embed(ctx, []string{question})
	}
	if err != nil {
		return nil, "", ctx.Err()
	}
	return vectors[0], in.Name(), nil
}

// AnyVersion is the base of articles that replace the library whatever is served.
const AnyVersion = -1

// Publish replaces the library by these articles, in one step, and embeds what is new.
func (l *Library) Publish(ctx context.Context, by domain.Caller, articles []Article, note string, at time.Time) (Published, error) {
	return l.publish(ctx, by, AnyVersion, articles, note, at)
}

// publish replaces the version base by these articles, which were made of it. The error is CodeConflict when another is served by then.
func (l *Library) publish(ctx context.Context, by domain.Caller, base int, articles []Article, note string, at time.Time) (Published, error) {
	if err := by.Require(domain.RoleContent, domain.RoleOperator, domain.RoleService); err != nil {
		return Published{}, err
	}
	p, err := l.store.Publish(ctx, by, base, articles, note, at)
	if err != nil {
		return p, err
	}
	if err := l.Embed(ctx); err != nil {
		if domain.AsError(err).Code != domain.CodeUnavailable {
			return p, err
		}
		p.Unembedded = domain.AsError(err).Message
	}
	p.ClosedGaps, err = l.closeGaps(ctx, p.Version, at)
	return p, err
}

// candidates is how many sections are read closely before the best are handed on.
const candidates = 30

// maxQuestion bounds a question, in bytes.
const maxQuestion = 2000

func (*Library) unfit(question string) error {
	if len(question) > maxQuestion {
		return domain.Errorf(domain.CodeTooLarge, "query", "is longer than %d bytes", maxQuestion)
	}
	if strings.TrimSpace(question) == "" {
		return domain.Invalid("query", "is empty")
	}
	return nil
}

// Search finds the sections that are the most like a question, the likeliest first.
func (l *Library) Search(ctx context.Context, question string, f Filter, limit int) ([]Hit, error) {
	if err := l.unfit(question); err != nil {
		return nil, err
	}
	version, err := l.store.ActiveVersion(ctx)
	if err != nil {
		return nil, err
	}
	words, err := l.words.of(ctx, l.store, version, f.Locale)
	if err != nil {
		return nil, err
	}
	terms := words.terms(question, l.synonyms)
	if len(terms) == 0 {
		return nil, nil
	}
	vector, model, err := l.vector(ctx, question)
	if err != nil {
		return nil, err
	}
	same := l.synonyms.Among(terms)
	hits, err := l.store.SearchSections(ctx, SectionQuery{Filter: f, Terms: terms, Same: same, Vector: vector, Model: model, Limit: max(limit, candidates)})
	if err != nil {
		return nil, err
	}
	return newAsked(question, terms, same, words, &l.read).rerank(hits, limit), nil
}

// Answer is what the library says to a question.
type Answer struct {
	Answered    bool
	Sentences   []Sentence // that answer, in the order of the evidence
	Evidence    []Hit      // the sections, the best first
	Version     int
	Locale      string // of the evidence
	OtherTongue bool   // the question's language has nothing, so this is English
}

// Sentence is a quotation and the section it is from.
type Sentence struct {
	Text string
	From int // in Evidence
}

// Ask answers a question from the rules, or says that it cannot: Answered is false when the best section does not hold enough of
// the question. Such a question is kept as a gap.
func (l *Library) Ask(ctx context.Context, c domain.Caller, question string, audience []string, at time.Time) (Answer, error) {
	locale := language.Of(question)
	f := Filter{Kinds: []Kind{Rule}, Locale: locale, Audience: audience, On: at}
	hits, err := l.Search(ctx, question, f, evidence)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Locale: locale}
	if locale != "en" && (len(hits) == 0 || !Enough(hits[0])) {
		f.Locale = "en"
		if hits, err = l.Search(ctx, question, f, evidence); err != nil {
			return Answer{}, err
		}
		a.Locale, a.OtherTongue = "en", true
	}
	if a.Version, err = l.store.ActiveVersion(ctx); err != nil {
		return Answer{}, err
	}
	if len(hits) == 0 || !Enough(hits[0]) {
		if c.Role == domain.RolePartner {
			err = l.store.NoteGap(ctx, Gap{AskedAt: at, UID: c.UID, Question: question, Locale: locale, Cause: NoEvidence, Version: a.Version})
		}
		return a, err
	}
	a.Answered, a.Evidence = true, relevant(hits)
	a.Sentences = quote(question, a.Evidence, l.synonyms)
	return a, nil
}

// evidence is how many sections are looked at for an answer.
const evidence = 5

// relevant keeps the hits that are nearly as good as the best.
func relevant(hits []Hit) []Hit {
	n := slices.IndexFunc(hits, func(h Hit) bool { return h.Score < 0.6*hits[0].Score })
	if n < 0 {
		n = len(hits)
	}
	return hits[:min(n, 3)]
}

// Asked are the ways in which the rules of the active version are asked for.
func (l *Library) Asked(ctx context.Context) ([]string, error) {
	stored, err := l.store.ListArticles(ctx, ArticleFilter{Kind: Rule, Locale: "en"})
	if err != nil {
		return nil, err
	}
	articles := make([]Article, len(stored))
	for i, s := range stored {
		articles[i] = s.Article
	}
	return Asked(articles), nil
}

// Articles lists articles of the library.
func (l *Library) Articles(ctx context.Context, f ArticleFilter) ([]Stored, error) {
	return l.store.ListArticles(ctx, f)
}
