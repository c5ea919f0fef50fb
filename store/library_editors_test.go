package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// overtaken is a store of drafts between whose reading and what comes of it somebody else does something.
type overtaken struct {
	*store.Library
	meanwhile func()
}

func (o overtaken) Drafts(ctx context.Context) ([]knowledge.Draft, error) {
	drafts, err := o.Library.Drafts(ctx)
	o.meanwhile()
	return drafts, err
}

func draft(slug, body string, at time.Time) []knowledge.Draft {
	return []knowledge.Draft{{Article: article(slug, "About "+slug, body), ChangedBy: 9, ChangedAt: at}}
}

// One of two editors who publish what they made of the same version wins; the other is told so, and finds both texts afterwards.
func TestAnEditorWhoIsOvertakenIsTold(t *testing.T) {
	ctx := t.Context()
	l := store.NewLibrary(storetest.New(t))
	lib := knowledge.New(l, knowledge.BuiltIn{}, nil, time.UTC)
	now := time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)
	if _, err := lib.Publish(ctx, editor, []knowledge.Article{article("gift", "Gift", "## Gift\nOld."), article("bot", "Bot", "## Bot\nOld.")}, "", now); err != nil {
		t.Fatal(err)
	}
	if err := l.SaveDrafts(ctx, draft("gift", "## Gift\nNew gift.", now)); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	first := overtaken{l, func() {
		once.Do(func() { // after the first has read its drafts, and before it looks which version is served
			if _, err := lib.PublishDrafts(ctx, editor, l, 1, "second", now); err != nil {
				t.Error(err)
			}
			if err := l.SaveDrafts(ctx, draft("bot", "## Bot\nNew bot.", now)); err != nil {
				t.Error(err)
			}
		})
	}}
	var e *domain.Error
	if _, err := lib.PublishDrafts(ctx, editor, first, 1, "first", now); !errors.As(err, &e) || e.Code != domain.CodeConflict {
		t.Fatalf("the first editor is told %v", err)
	}
	if drafts, err := l.Drafts(ctx); err != nil || len(drafts) != 1 || drafts[0].Slug != "bot" {
		t.Fatalf("drafts %+v, %v", drafts, err)
	}
	if p, err := lib.PublishDrafts(ctx, editor, l, 2, "again", now); err != nil || p.Version != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	for slug, body := range map[string]string{"gift": "## Gift\nNew gift.", "bot": "## Bot\nNew bot."} {
		if got, err := l.ListArticles(ctx, knowledge.ArticleFilter{Slug: slug}); err != nil || len(got) != 1 || got[0].Body != body {
			t.Errorf("%s: %+v, %v", slug, got, err)
		}
	}
}

// Of editors who press the button at the same time, one publishes; no change of anybody is lost.
func TestEditorsPublishAtTheSameTime(t *testing.T) {
	ctx := t.Context()
	l := store.NewLibrary(storetest.New(t))
	lib := knowledge.New(l, knowledge.BuiltIn{}, nil, time.UTC)
	now := time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)
	if _, err := lib.Publish(ctx, editor, []knowledge.Article{article("gift", "Gift", "## Gift\nOld.")}, "", now); err != nil {
		t.Fatal(err)
	}
	const editors = 4
	slugs := []string{"a", "b", "c", "d"}
	won, lost := make([]bool, editors), make([]bool, editors)
	var all sync.WaitGroup
	for i := range editors {
		all.Go(func() {
			if err := l.SaveDrafts(ctx, draft(slugs[i], "## What\nOf "+slugs[i]+".", now)); err != nil {
				t.Error(err)
				return
			}
			_, err := lib.PublishDrafts(ctx, editor, l, 1, slugs[i], now)
			var e *domain.Error
			won[i], lost[i] = err == nil, errors.As(err, &e) && e.Code == domain.CodeConflict
			if !won[i] && !lost[i] {
				t.Error(err)
			}
		})
	}
	all.Wait()
	winners := 0
	for i := range editors {
		if won[i] {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d editors published what they had made of version 1", winners)
	}
	drafts, err := l.Drafts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := l.ListArticles(ctx, knowledge.ArticleFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(drafts) + len(stored); n != editors+1 {
		t.Errorf("%d drafts and %d articles: want %d together", len(drafts), len(stored), editors+1)
	}
}
