package store_test

import (
	"context"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

func article(slug, title, body string) knowledge.Article {
	return knowledge.Article{Meta: knowledge.Meta{Title: title, Slug: slug, Kind: knowledge.Rule, Locale: "en"}, File: slug + ".md", Body: body}
}

var editor = domain.Caller{UID: 9, Role: domain.RoleContent}

func TestLibraryVersions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l := store.NewLibrary(storetest.New(t))
	lib := knowledge.New(l, knowledge.BuiltIn{}, nil, time.UTC)
	now := time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)
	settle := article("settlement", "When commission is settled", "## At what time\nCommission of a day is settled at 08:00 of the next day.\n\n## Late arrivals\nWhat arrives late goes into the next settlement.")
	gift := article("gift", "Crypto Gift", "## How to send a gift\n1. Open the toolbox.\n2. Choose Crypto Gift.\n3. Share the link.")
	p, err := lib.Publish(ctx, editor, []knowledge.Article{settle, gift}, "first", now)
	if err != nil || p.Version != 1 || p.Added != 2 || p.Sections != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	find := func(q string) string {
		t.Helper()
		hits, err := lib.Search(ctx, q, knowledge.Filter{Locale: "en", On: now}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) == 0 {
			return ""
		}
		return hits[0].Key(hits[0].Article.Slug)
	}
	if got := find("what time do you settle"); got != "settlement#at-what-time" {
		t.Errorf("found %q", got)
	}
	if got := find("send crypto gift"); got != "gift#how-to-send-a-gift" {
		t.Errorf("found %q", got)
	}
	if p, err = lib.Publish(ctx, editor, []knowledge.Article{settle, gift}, "again", now); err != nil || p.Version != 1 || p.Unchanged != 2 {
		t.Errorf("publishing the same again: %+v, %v", p, err)
	}
	settle.Body = "## At what time\nCommission is settled at noon.\n"
	if p, err = lib.Publish(ctx, editor, []knowledge.Article{settle}, "second", now); err != nil || p.Version != 2 || p.Changed != 1 || p.Removed != 1 || p.Sections != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := find("send crypto gift"); got == "gift#how-to-send-a-gift" {
		t.Errorf("a removed article is found: %q", got)
	}
	if err := l.Rollback(ctx, editor, 1); err != nil {
		t.Fatal(err)
	}
	if got := find("late arrivals"); got != "settlement#late-arrivals" {
		t.Errorf("after the rollback: %q", got)
	}
	if err := l.Rollback(ctx, editor, 7); domain.AsError(err).Code != domain.CodeNotFound {
		t.Errorf("rollback to a version that never was: %v", err)
	}
	// A publish after a rollback goes on from what is served.
	if p, err = lib.Publish(ctx, editor, []knowledge.Article{gift}, "third", now); err != nil || p.Version != 3 || p.Removed != 1 || p.Unchanged != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := find("send crypto gift"); got != "gift#how-to-send-a-gift" {
		t.Errorf("found %q", got)
	}
	if got := find("late arrivals"); got == "settlement#late-arrivals" {
		t.Errorf("a removed article is found: %q", got)
	}
	if _, err := lib.Publish(ctx, domain.Partner(1), nil, "", now); domain.AsError(err).Code != domain.CodeForbidden {
		t.Errorf("a partner published: %v", err)
	}
}

// newcomer is a model that is not there yet: it finds everything alike but what it was told.
type newcomer struct {
	knowledge.BuiltIn
	down *bool
}

func (newcomer) Name() string      { return "newcomer" }
func (newcomer) Strength() float64 { return 0.4 }
func (n newcomer) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if *n.down {
		return nil, domain.Errorf(domain.CodeUnavailable, "embedding-model", "away")
	}
	return n.BuiltIn.Embed(ctx, texts)
}

// A model takes over when it has every section, and not before; questions are answered all the while.
func TestModelsSideBySide(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l := store.NewLibrary(storetest.New(t))
	now := time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)
	settle := article("settlement", "When commission is settled", "## At what time\nCommission of a day is settled at 08:00 of the next day.")
	if _, err := knowledge.New(l, knowledge.BuiltIn{}, nil, time.UTC).Publish(ctx, editor, []knowledge.Article{settle}, "", now); err != nil {
		t.Fatal(err)
	}
	down := true
	lib := knowledge.New(l, newcomer{down: &down}, nil, time.UTC)
	served := func(model string) {
		t.Helper()
		hits, err := lib.Search(ctx, "what time is commission settled", knowledge.Filter{Locale: "en", On: now}, 1)
		if err != nil || len(hits) != 1 || hits[0].Meaning <= 0 {
			t.Fatalf("%+v, %v", hits, err)
		}
		if got, err := l.ActiveModel(ctx); err != nil || got != model {
			t.Errorf("searched by %q, %v, want %q", got, err, model)
		}
	}
	if err := lib.Embed(ctx); domain.AsError(err).Code != domain.CodeUnavailable {
		t.Fatal(err)
	}
	served("builtin-1")
	gift := article("gift", "Crypto Gift", "## How to send a gift\nOpen the toolbox.")
	p, err := lib.Publish(ctx, editor, []knowledge.Article{settle, gift}, "", now)
	if err != nil || p.Version != 2 || p.Unembedded == "" {
		t.Fatalf("a publish while the model is away: %+v, %v", p, err)
	}
	served("builtin-1")
	down = false
	if err := lib.Embed(ctx); err != nil {
		t.Fatal(err)
	}
	served("newcomer")
	down = true // its vectors are there, but a question gets none
	served("newcomer")
}
