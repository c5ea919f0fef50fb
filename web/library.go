package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/language"
	"partnerhub/store"
)

// Bounds of an upload: bytes of the request, and files.
const (
	maxUpload      = 40 << 20
	maxUploadFiles = 200
)

// article is one of the library, on the wire. Change says how a draft differs from what is served.
type article struct {
	knowledge.Meta
	File     string        `json:"file"`
	Since    int           `json:"since,omitempty" doc:"the version that brought it"`
	Sections []sectionLine `json:"sections"`
	Body     string        `json:"body,omitempty" doc:"Markdown, of one article alone"`
	Change   string        `json:"change,omitempty" enum:"new,changed,same,removed"`
	At       *time.Time    `json:"changedAt,omitempty"`
}

type sectionLine struct {
	Anchor  string `json:"anchor"`
	Heading string `json:"heading"`
}

func articleOf(a knowledge.Article) article {
	out := article{Meta: a.Meta, File: a.File, Sections: []sectionLine{}}
	for _, s := range a.Sections() {
		out.Sections = append(out.Sections, sectionLine{s.Anchor, s.Heading})
	}
	return out
}

// uploaded says of each file what becomes of it. Refused files are named with the reason; then nothing is kept.
type uploaded struct {
	Articles []article              `json:"articles"`
	Refused  []*knowledge.FileError `json:"refused"`
	Kept     bool                   `json:"kept" doc:"whether the articles are drafts now: not when one was refused, or when only asked to check"`
}

type found struct {
	Key      string             `json:"key"`
	Title    string             `json:"title"`
	Section  string             `json:"section"`
	Text     string             `json:"text"`
	Draft    bool               `json:"draft"`
	Enough   bool               `json:"enough" doc:"whether it would be answered from"`
	Evidence float64            `json:"evidence" doc:"how likely it answers, 0 to 1"`
	Words    float64            `json:"words" doc:"share of the question that it has"`
	Phrase   float64            `json:"phrase" doc:"how close the question comes to a way to ask for it"`
	Meaning  float64            `json:"meaning" doc:"likeness of the vectors"`
	Score    float64            `json:"score"`
	Why      []knowledge.Reason `json:"why"`
}

type articleInput struct {
	Slug    string `path:"slug" maxLength:"100"`
	Locale  string `query:"locale" default:"en" maxLength:"2"`
	Version int    `query:"version" minimum:"0" doc:"0: the one that is served"`
}

// registerLibrary adds what the content team works with, and the sections that answers cite.
func (s *server) registerLibrary(api huma.API) {
	if s.Library == nil {
		return
	}
	s.registerSections(api)
	s.registerArticles(api)
	s.registerDrafts(api)
	s.registerPublishing(api)
}

func (s *server) libraryOperation(api huma.API, id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: maxJSONBody,
		Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
}

// edit registers an operation of the content team: f runs for editors and operators alone.
func edit[I, O any](api huma.API, op huma.Operation, f func(context.Context, domain.Caller, *I) (O, error)) {
	type output struct{ Body O }
	huma.Register(api, op, func(ctx context.Context, in *I) (*output, error) {
		c := caller(ctx)
		if err := c.Require(domain.RoleContent, domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		out, err := f(ctx, c, in)
		if err != nil {
			return nil, problemOf(err)
		}
		return &output{out}, nil
	})
}

func (s *server) registerSections(api huma.API) {
	type input struct {
		Slug    string `path:"slug" maxLength:"100"`
		Anchor  string `path:"anchor" maxLength:"300"`
		Locale  string `query:"locale" default:"en" maxLength:"2"`
		Version int    `query:"version" minimum:"0" doc:"0: the one that is served"`
	}
	type output struct{ Body store.Cited }
	huma.Register(api, s.libraryOperation(api, "get-library-section", http.MethodGet, "/v1/library/sections/{slug}/{anchor}", "A section as a version of the library has it: what a citation opens"),
		func(ctx context.Context, in *input) (*output, error) {
			c, err := s.Library.Section(ctx, in.Slug, in.Anchor, in.Locale, in.Version)
			if err != nil {
				return nil, problemOf(err)
			}
			return &output{c}, nil
		})
}

func (s *server) registerArticles(api huma.API) {
	type listInput struct {
		Kind    string `query:"kind" enum:"rule,event,material,learning,announcement,"`
		Locale  string `query:"locale" maxLength:"2"`
		Version int    `query:"version" minimum:"0" doc:"0: the one that is served"`
	}
	edit(api, s.libraryOperation(api, "list-library-articles", http.MethodGet, "/v1/library/articles", "The articles of the library, by kind and slug"),
		func(ctx context.Context, _ domain.Caller, in *listInput) (page[article], error) {
			stored, err := s.Library.ListArticles(ctx, knowledge.ArticleFilter{Kind: knowledge.Kind(in.Kind), Locale: in.Locale, Version: in.Version})
			out := page[article]{Items: make([]article, len(stored))}
			for i, a := range stored {
				out.Items[i] = articleOf(a.Article)
				out.Items[i].Since = a.Since
			}
			return out, err
		})
	edit(api, s.libraryOperation(api, "get-library-article", http.MethodGet, "/v1/library/articles/{slug}", "One article, its text with it"),
		func(ctx context.Context, _ domain.Caller, in *articleInput) (article, error) {
			stored, err := s.Library.ListArticles(ctx, knowledge.ArticleFilter{Slug: in.Slug, Locale: in.Locale, Version: in.Version})
			if err != nil {
				return article{}, err
			}
			if len(stored) == 0 {
				return article{}, domain.Errorf(domain.CodeNotFound, "slug", "%s is not in that version of the library", in.Slug)
			}
			out := articleOf(stored[0].Article)
			out.Since, out.Body = stored[0].Since, stored[0].Body
			return out, nil
		})
	edit(api, s.libraryOperation(api, "remove-library-article", http.MethodDelete, "/v1/library/articles/{slug}", "Draft that an article goes with the next publish"),
		func(ctx context.Context, c domain.Caller, in *struct {
			Slug   string `path:"slug" maxLength:"100"`
			Locale string `query:"locale" default:"en" maxLength:"2"`
		}) (article, error) {
			stored, err := s.Library.ListArticles(ctx, knowledge.ArticleFilter{Slug: in.Slug, Locale: in.Locale})
			if err != nil {
				return article{}, err
			}
			if len(stored) == 0 {
				return article{}, domain.Errorf(domain.CodeNotFound, "slug", "%s is not in the library", in.Slug)
			}
			out := articleOf(stored[0].Article)
			out.Change = "removed"
			return out, s.Library.SaveDrafts(ctx, []knowledge.Draft{{Article: stored[0].Article, Removed: true, ChangedBy: c.UID, ChangedAt: s.Now()}})
		})
}

func (s *server) registerDrafts(api huma.API) {
	edit(api, s.libraryOperation(api, "list-library-drafts", http.MethodGet, "/v1/library/drafts", "What is changed and not published"),
		func(ctx context.Context, _ domain.Caller, _ *struct{}) (page[article], error) {
			drafts, err := s.Library.Drafts(ctx)
			if err != nil {
				return page[article]{}, err
			}
			return s.compared(ctx, drafts)
		})
	edit(api, s.libraryOperation(api, "drop-library-draft", http.MethodDelete, "/v1/library/drafts/{slug}", "Forget a draft"),
		func(ctx context.Context, _ domain.Caller, in *struct {
			Slug   string `path:"slug" maxLength:"100"`
			Locale string `query:"locale" default:"en" maxLength:"2"`
		}) (struct{}, error) {
			d := knowledge.Draft{Article: knowledge.Article{Meta: knowledge.Meta{Slug: in.Slug, Locale: in.Locale}}, ChangedAt: s.Now()}
			return struct{}{}, s.Library.DropDrafts(ctx, []knowledge.Draft{d})
		})
	upload := s.libraryOperation(api, "upload-library-files", http.MethodPost, "/v1/library/uploads", "Add files to the draft: Markdown, HTML, text, PDF with NAME.pdf.yaml beside it")
	upload.MaxBodyBytes = maxUpload
	upload.Middlewares = append(upload.Middlewares, boundUpload)
	type uploadInput struct {
		CheckOnly bool `query:"checkOnly" doc:"say what is wrong, and keep nothing"`
		RawBody   multipart.Form
	}
	edit(api, upload, func(ctx context.Context, c domain.Caller, in *uploadInput) (uploaded, error) {
		var files []file
		for _, parts := range in.RawBody.File {
			for _, part := range parts {
				f, err := part.Open()
				if err != nil {
					return uploaded{}, err
				}
				data, err := io.ReadAll(io.LimitReader(f, maxUpload))
				f.Close()
				if err != nil {
					return uploaded{}, err
				}
				files = append(files, file{givenName(part), data})
			}
		}
		return s.takeFiles(ctx, c, files, in.CheckOnly)
	})
	asJSON := s.libraryOperation(api, "save-library-drafts", http.MethodPost, "/v1/library/drafts", "Add files to the draft, as JSON")
	asJSON.MaxBodyBytes = maxUpload
	edit(api, asJSON, func(ctx context.Context, c domain.Caller, in *struct {
		CheckOnly bool `query:"checkOnly" doc:"say what is wrong, and keep nothing"`
		Body      struct {
			Files []libraryFile `json:"files" minItems:"1" maxItems:"200"`
		}
	}) (uploaded, error) {
		var files []file
		for _, f := range in.Body.Files {
			data := []byte(f.Text)
			if f.Base64 != "" {
				var err error
				if data, err = base64.StdEncoding.DecodeString(f.Base64); err != nil {
					return uploaded{}, domain.Invalid("base64", "%s: %v", f.Name, err)
				}
			}
			files = append(files, file{f.Name, data})
		}
		return s.takeFiles(ctx, c, files, in.CheckOnly)
	})
}

// boundUpload stops to read a body that is too large: the form is read before the operation sees it.
func boundUpload(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	if r.ContentLength > maxUpload {
		writeProblem(w, domain.Errorf(domain.CodeTooLarge, "body", "%d bytes: an upload is at most %d", r.ContentLength, maxUpload))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	next(ctx)
}

// file is one of an upload.
type file struct {
	name string
	data []byte
}

// givenName is a part's file name as it was sent: the standard library keeps its last element only, and would hide a path that
// climbs out.
func givenName(part *multipart.FileHeader) string {
	for p := range strings.SplitSeq(part.Header.Get("Content-Disposition"), ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), "filename="); ok && strings.ContainsAny(v, `/\`) {
			return strings.Trim(v, `"`)
		}
	}
	return part.Filename
}

// libraryFile is one of an upload as JSON.
type libraryFile struct {
	Name   string `json:"name" minLength:"1" maxLength:"300"`
	Text   string `json:"text,omitempty" doc:"of a text file"`
	Base64 string `json:"base64,omitempty" doc:"of a PDF, or of any file"`
}

// takeFiles reads the files of an upload, and drafts their articles unless one is bad.
func (s *server) takeFiles(ctx context.Context, c domain.Caller, files []file, checkOnly bool) (out uploaded, err error) {
	if len(files) == 0 {
		return out, domain.Invalid("files", "are missing")
	}
	if len(files) > maxUploadFiles {
		return out, domain.Errorf(domain.CodeTooLarge, "files", "are more than %d", maxUploadFiles)
	}
	beside := map[string][]byte{} // front matter of PDFs
	for _, f := range files {
		if strings.HasSuffix(f.name, ".pdf.yaml") {
			beside[strings.TrimSuffix(f.name, ".yaml")] = f.data
		}
	}
	out.Refused = []*knowledge.FileError{}
	var drafts []knowledge.Draft
	var articles []knowledge.Article
	refuse := func(err error) {
		var bad *knowledge.FileError
		if !errors.As(err, &bad) {
			bad = &knowledge.FileError{Reason: err.Error()}
		}
		out.Refused = append(out.Refused, bad)
	}
	for _, f := range files {
		ext := strings.ToLower(path.Ext(f.name))
		if ext == ".yaml" && strings.HasSuffix(f.name, ".pdf.yaml") {
			continue
		}
		if !slices.Contains(knowledge.Formats, ext) {
			refuse(&knowledge.FileError{File: f.name, Reason: fmt.Sprintf("is none of %s", strings.Join(knowledge.Formats, ", "))})
			continue
		}
		if ext != ".pdf" && bytes.HasPrefix(f.data, []byte("PK\x03\x04")) {
			refuse(&knowledge.FileError{File: f.name, Reason: "is an archive: upload the files in it"})
			continue
		}
		a, err := knowledge.Parse(f.name, f.data, beside[f.name])
		if err != nil {
			refuse(err)
			continue
		}
		articles = append(articles, a)
		drafts = append(drafts, knowledge.Draft{Article: a, ChangedBy: c.UID, ChangedAt: s.Now()})
	}
	for _, clash := range knowledge.Clashes(articles) {
		refuse(clash)
	}
	if len(articles) == 0 && len(out.Refused) > 0 {
		e := out.Refused[0]
		return out, domain.Errorf(domain.CodeInvalid, e.Field, "%v", e)
	}
	list, err := s.compared(ctx, drafts)
	if err != nil {
		return out, err
	}
	out.Articles = list.Items
	if len(out.Refused) > 0 || checkOnly {
		return out, nil
	}
	if err := s.Library.SaveDrafts(ctx, drafts); err != nil {
		return out, err
	}
	out.Kept = true
	return out, nil
}

// compared are drafts, with how they differ from what is served.
func (s *server) compared(ctx context.Context, drafts []knowledge.Draft) (page[article], error) {
	served, err := s.Library.ListArticles(ctx, knowledge.ArticleFilter{})
	if err != nil {
		return page[article]{}, err
	}
	prints := map[[2]string]string{}
	for _, a := range served {
		prints[[2]string{a.Slug, a.Locale}] = a.Fingerprint()
	}
	out := page[article]{Items: []article{}}
	for _, d := range drafts {
		a := articleOf(d.Article)
		a.At = &d.ChangedAt
		switch was, ok := prints[[2]string{d.Slug, d.Locale}]; {
		case d.Removed:
			a.Change = "removed"
		case !ok:
			a.Change = "new"
		case was == d.Fingerprint():
			a.Change = "same"
		default:
			a.Change = "changed"
		}
		out.Items = append(out.Items, a)
	}
	return out, nil
}

func (s *server) registerPublishing(api huma.API) {
	edit(api, s.libraryOperation(api, "preview-library", http.MethodPost, "/v1/library/preview", "What a question finds, and why: in the library as it is, or with the drafts"),
		func(ctx context.Context, _ domain.Caller, in *struct {
			Body struct {
				Question string `json:"question" minLength:"1" maxLength:"2000"`
				Locale   string `json:"locale,omitempty" maxLength:"2" doc:"empty: the question's own"`
				Drafts   bool   `json:"drafts,omitempty" doc:"as if the drafts were published"`
				Limit    int    `json:"limit,omitempty" minimum:"1" maximum:"20"`
			}
		}) (page[found], error) {
			var drafts []knowledge.Draft
			if in.Body.Drafts {
				var err error
				if drafts, err = s.Library.Drafts(ctx); err != nil {
					return page[found]{}, err
				}
			}
			f := knowledge.Filter{Kinds: []knowledge.Kind{knowledge.Rule}, Locale: in.Body.Locale, Audience: knowledge.Audiences, On: s.Now().In(s.Zone)}
			if f.Locale == "" {
				f.Locale = language.Of(in.Body.Question)
			}
			limit := in.Body.Limit
			if limit == 0 {
				limit = 5
			}
			hits, err := s.Rules.Preview(ctx, in.Body.Question, f, drafts, limit)
			out := page[found]{Items: []found{}}
			for _, h := range hits {
				out.Items = append(out.Items, found{Key: h.Key(h.Article.Slug), Title: h.Article.Title, Section: h.Heading, Text: h.Text, Draft: h.Draft, Enough: knowledge.Enough(h.Hit),
					Evidence: h.Evidence, Words: h.Words, Phrase: h.Phrase, Meaning: h.Meaning, Score: h.Score, Why: h.Why})
			}
			return out, err
		})
	edit(api, s.libraryOperation(api, "publish-library", http.MethodPost, "/v1/library/publish", "Publish the drafts, in one step"),
		func(ctx context.Context, c domain.Caller, in *struct {
			Body struct {
				Version int    `json:"version" minimum:"0" doc:"the one that is served, as far as the editor knows"`
				Note    string `json:"note,omitempty" maxLength:"500"`
			}
		}) (knowledge.Published, error) {
			return s.Rules.PublishDrafts(ctx, c, s.Library, in.Body.Version, in.Body.Note, s.Now())
		})
	edit(api, s.libraryOperation(api, "list-library-versions", http.MethodGet, "/v1/library/versions", "The publishes, the latest first"),
		func(ctx context.Context, _ domain.Caller, _ *struct{}) (page[store.LibraryVersion], error) {
			items, err := s.Library.Versions(ctx)
			if items == nil {
				items = []store.LibraryVersion{}
			}
			return page[store.LibraryVersion]{Items: items}, err
		})
	edit(api, s.libraryOperation(api, "serve-library-version", http.MethodPost, "/v1/library/versions/{version}/serve", "Go back to a version, or forward"),
		func(ctx context.Context, c domain.Caller, in *struct {
			Version int `path:"version" minimum:"1"`
		}) (struct{}, error) {
			if err := s.Library.Rollback(ctx, c, in.Version); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, s.Rules.Embed(ctx)
		})
	edit(api, s.libraryOperation(api, "list-library-gaps", http.MethodGet, "/v1/library/gaps", "Questions without an answer, by topic, the most asked first"),
		func(ctx context.Context, _ domain.Caller, _ *struct{}) (page[knowledge.Cluster], error) {
			items, err := s.Rules.Gaps(ctx)
			if items == nil {
				items = []knowledge.Cluster{}
			}
			return page[knowledge.Cluster]{Items: items}, err
		})
}
