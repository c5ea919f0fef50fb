package web

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/evaluation"
	"partnerhub/domain/feedback"
	"partnerhub/eval"
	"partnerhub/store"
)

// reviewPage is a page of reviews, with the topics of all of that state.
type reviewPage struct {
	page[feedback.Review]
	Topics []store.Topic `json:"topics" doc:"by how many thumbs down each has"`
}

// madeCase is a case file.
type madeCase struct {
	Name string `json:"name"`
	File string `json:"file" doc:"its text: a txtar that partnerhub eval run plays"`
	Path string `json:"path,omitempty" doc:"where it was written, when a folder is set"`
}

// evaluationOf is a run with its results.
type evaluationOf struct {
	evaluation.Run
	Results []evaluation.Result `json:"results"`
}

// registerReviews adds the review of feedback and the runs of the cases, for operators; the content team may read.
func (s *server) registerReviews(api huma.API) {
	type listInput struct {
		State  feedback.State `query:"state" enum:"new,case,fixed,dismissed" default:"new"`
		Topic  string         `query:"topic" maxLength:"64"`
		Cursor string         `query:"cursor" maxLength:"200" doc:"nextCursor of the page before"`
		Limit  int            `query:"limit" minimum:"1" maximum:"100" default:"30"`
	}
	huma.Register(api, s.operation(api, "list-reviews", http.MethodGet, "/v1/reviews", "Thumbs down on answers, the latest first, with their topics"),
		func(ctx context.Context, in *listInput) (*bodyOf[reviewPage], error) {
			if err := caller(ctx).Require(domain.RoleOperator, domain.RoleContent); err != nil {
				return nil, problemOf(err)
			}
			items, next, err := s.Reviews.List(ctx, in.State, in.Topic, in.Cursor, in.Limit)
			if err != nil {
				return nil, problemOf(err)
			}
			topics, err := s.Reviews.Topics(ctx, in.State)
			if err != nil {
				return nil, problemOf(err)
			}
			if items == nil {
				items = []feedback.Review{}
			}
			if topics == nil {
				topics = []store.Topic{}
			}
			return &bodyOf[reviewPage]{reviewPage{page[feedback.Review]{items, next}, topics}}, nil
		})
	type caseInput struct {
		ID   string `path:"id" maxLength:"36"`
		Body struct {
			Expect string `json:"expect,omitempty" maxLength:"4000" doc:"lines that say what the answer must come to, as eval/README.md has them; without, it must not come to the same again"`
		}
	}
	huma.Register(api, s.operation(api, "make-case", http.MethodPost, "/v1/reviews/{id}/case", "Make a regression case of a review"),
		func(ctx context.Context, in *caseInput) (*bodyOf[madeCase], error) {
			c := caller(ctx)
			if err := c.Require(domain.RoleOperator); err != nil {
				return nil, problemOf(err)
			}
			made, err := s.makeCase(ctx, c, in.ID, in.Body.Expect)
			if err != nil {
				return nil, problemOf(err)
			}
			return &bodyOf[madeCase]{made}, nil
		})
	huma.Register(api, s.operation(api, "dismiss-review", http.MethodPost, "/v1/reviews/{id}/dismiss", "Say that nothing is to be done about a review"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"36"`
		}) (*struct{}, error) {
			err := caller(ctx).Require(domain.RoleOperator)
			if err == nil {
				err = s.Reviews.Dismiss(ctx, in.ID)
			}
			if err != nil {
				return nil, problemOf(err)
			}
			return nil, nil
		})
	s.registerEvaluations(api)
	s.registerFigures(api)
}

// makeCase makes the file, keeps it, and writes it where a folder is set.
func (s *server) makeCase(ctx context.Context, by domain.Caller, id, expect string) (made madeCase, err error) {
	review, err := s.Reviews.Review(ctx, id)
	if err != nil {
		return made, err
	}
	name, body, err := eval.File(review, expect)
	if err != nil {
		return made, err
	}
	made = madeCase{Name: name, File: string(body)}
	if err := s.Reviews.MakeCase(ctx, by, review, name, body); err != nil {
		return made, err
	}
	if s.CaseFolder == "" {
		return made, nil
	}
	// The name is ours, of a UUID; the file may hold a partner's figures.
	made.Path = filepath.Join(s.CaseFolder, name+".txtar")
	if err := os.WriteFile(made.Path, body, 0o600); err != nil {
		s.Logger.ErrorContext(ctx, "a case file could not be written", "error", err)
		return made, domain.Errorf(domain.CodeUnavailable, "", "the case is kept, but its file could not be written")
	}
	return made, nil
}

// figures are a period's, on the wire.
type figures struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	AsOf time.Time `json:"asOf"`
	Zone string    `json:"zone"`
	store.Figures
}

// registerFigures adds how the assistant does.
func (s *server) registerFigures(api huma.API) {
	huma.Register(api, s.operation(api, "operator-figures", http.MethodGet, "/v1/operator/figures", "How the assistant does: helpfulness, resolution, handoffs, gaps, latency, cost"),
		func(ctx context.Context, in *struct {
			Period string `query:"period" maxLength:"40" default:"last_7_days" doc:"a preset or YYYY-MM-DD..YYYY-MM-DD, of 100 days at most"`
		}) (*bodyOf[figures], error) {
			if err := caller(ctx).Require(domain.RoleOperator); err != nil {
				return nil, problemOf(err)
			}
			now := s.Now()
			p, err := domain.ParsePeriod(in.Period, now, s.Zone)
			if err != nil {
				return nil, problemOf(err)
			}
			f, err := s.Reviews.Figures(ctx, p, s.Zone)
			if err != nil {
				return nil, problemOf(err)
			}
			return &bodyOf[figures]{figures{p.From, p.To, now, s.Zone.String(), f}}, nil
		})
}

// registerEvaluations adds the runs of the cases.
func (s *server) registerEvaluations(api huma.API) {
	huma.Register(api, s.operation(api, "list-evaluations", http.MethodGet, "/v1/operator/evaluations", "Runs of the cases, the latest first"),
		func(ctx context.Context, in *pageInput) (*bodyOf[page[evaluation.Run]], error) {
			if err := caller(ctx).Require(domain.RoleOperator); err != nil {
				return nil, problemOf(err)
			}
			items, next, err := s.Reviews.Evaluations(ctx, in.Cursor, in.Limit)
			if err != nil {
				return nil, problemOf(err)
			}
			if items == nil {
				items = []evaluation.Run{}
			}
			return &bodyOf[page[evaluation.Run]]{page[evaluation.Run]{items, next}}, nil
		})
	huma.Register(api, s.operation(api, "get-evaluation", http.MethodGet, "/v1/operator/evaluations/{id}", "A run of the cases with its results"),
		func(ctx context.Context, in *struct {
			ID int64 `path:"id" minimum:"1"`
		}) (*bodyOf[evaluationOf], error) {
			if err := caller(ctx).Require(domain.RoleOperator); err != nil {
				return nil, problemOf(err)
			}
			run, results, err := s.Reviews.Evaluation(ctx, in.ID)
			if err != nil {
				return nil, problemOf(err)
			}
			if results == nil {
				results = []evaluation.Result{}
			}
			return &bodyOf[evaluationOf]{evaluationOf{run, results}}, nil
		})
	huma.Register(api, s.operation(api, "compare-evaluations", http.MethodGet, "/v1/operator/evaluations/{id}/compare", "Two runs, case by case: what got worse first"),
		func(ctx context.Context, in *struct {
			ID   int64 `path:"id" minimum:"1"`
			With int64 `query:"with" required:"true" minimum:"1" doc:"the run that is held against it"`
		}) (*bodyOf[evaluation.Comparison], error) {
			if err := caller(ctx).Require(domain.RoleOperator); err != nil {
				return nil, problemOf(err)
			}
			out, err := s.Reviews.CompareEvaluations(ctx, in.ID, in.With)
			if err != nil {
				return nil, problemOf(err)
			}
			return &bodyOf[evaluation.Comparison]{out}, nil
		})
}
