package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/prompts"
	"partnerhub/store"
)

// libraryCmd is `partnerhub library`, for the content team.
type libraryCmd struct {
	Sync     librarySyncCmd     `cmd:"" help:"Publish the articles of a folder as the library."`
	Check    libraryCheckCmd    `cmd:"" help:"Say what is wrong with the articles of a folder, without publishing them."`
	Search   librarySearchCmd   `cmd:"" help:"Show what a question would find, and why."`
	Versions libraryVersionsCmd `cmd:"" help:"List the publishes."`
	Rollback libraryRollbackCmd `cmd:"" help:"Serve an earlier version again."`
	Gaps     libraryGapsCmd     `cmd:"" help:"List the questions that found no answer."`
}

// content is who the command line acts as: whoever may run it may edit.
var content = domain.Caller{Role: domain.RoleContent}

type librarySyncCmd struct {
	Dir  string `arg:"" help:"Folder of Markdown, HTML, text and PDF files with front matter."`
	Note string `help:"What changed, for the list of versions."`
	JSON bool   `name:"json" help:"Print the outcome as a JSON object."`
}

func (cmd *librarySyncCmd) Run(ctx ctxArg, a *app) error {
	articles, err := loadFolder(cmd.Dir)
	if err != nil {
		return err
	}
	words, err := prompts.Load()
	if err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	pool, err := a.pool(ctx)
	if err != nil {
		return err
	}
	lib, err := a.bareLibrary(pool, words) // the sample program's library has no place below one's own
	if err != nil {
		return err
	}
	p, err := lib.Publish(ctx, content, articles, cmd.Note, time.Now())
	if err != nil {
		return err
	}
	if cmd.JSON {
		return a.print(p)
	}
	_, err = fmt.Fprintf(a.stdout, "version %d: %d articles, %d sections; %d added, %d changed, %d removed, %d unchanged\n", p.Version, p.Articles, p.Sections, p.Added, p.Changed, p.Removed, p.Unchanged)
	return err
}

func loadFolder(dir string) ([]knowledge.Article, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, usagef("%s is not a folder", dir)
	}
	articles, err := knowledge.Load(os.DirFS(dir))
	if err == nil && len(articles) == 0 {
		err = errors.New("there is no article in " + dir)
	}
	return articles, err
}

type libraryCheckCmd struct {
	Dir string `arg:"" help:"Folder of articles."`
}

func (cmd *libraryCheckCmd) Run(_ ctxArg, a *app) error {
	articles, err := loadFolder(cmd.Dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%d articles, nothing wrong\n", len(articles))
	return err
}

type librarySearchCmd struct {
	Query  string `arg:"" help:"The question."`
	Locale string `default:"en" help:"Language of the articles."`
	Limit  int    `default:"5" help:"How many sections."`
	JSON   bool   `name:"json" help:"Print one JSON object a section."`
}

func (cmd *librarySearchCmd) Run(ctx ctxArg, a *app) error {
	lib, _, err := a.openLibrary(ctx)
	if err != nil {
		return err
	}
	hits, err := lib.Search(ctx, cmd.Query, knowledge.Filter{Locale: cmd.Locale, On: time.Now().In(a.zone)}, max(1, min(cmd.Limit, 50)))
	if err != nil {
		return err
	}
	for _, h := range hits {
		if cmd.JSON {
			err = a.print(struct {
				Key     string  `json:"key"`
				Title   string  `json:"title"`
				Section string  `json:"section"`
				Score   float64 `json:"score"`
				Words   float64 `json:"words"`
				Meaning float64 `json:"meaning"`
				Enough  bool    `json:"enough"`
				Text    string  `json:"text"`
			}{h.Key(h.Article.Slug), h.Article.Title, h.Heading, h.Score, h.Words, h.Meaning, knowledge.Enough(h), h.Text})
		} else {
			_, err = fmt.Fprintf(a.stdout, "%.3f  words %.3f  meaning %.3f  %s\n       %s › %s\n", h.Score, h.Words, h.Meaning, h.Key(h.Article.Slug), h.Article.Title, h.Heading)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type libraryVersionsCmd struct{}

func (libraryVersionsCmd) Run(ctx ctxArg, a *app) error {
	_, stored, err := a.openLibrary(ctx)
	if err != nil {
		return err
	}
	versions, err := stored.Versions(ctx)
	for _, v := range versions {
		mark := " "
		if v.Active {
			mark = "*"
		}
		fmt.Fprintf(a.stdout, "%s %4d  %s  %4d articles %5d sections  %s\n", mark, v.Version, v.PublishedAt.In(a.zone).Format(time.DateTime), v.Articles, v.Sections, v.Note)
	}
	return err
}

type libraryRollbackCmd struct {
	Version int `arg:"" help:"The version to serve."`
}

func (cmd *libraryRollbackCmd) Run(ctx ctxArg, a *app) error {
	lib, stored, err := a.openLibrary(ctx)
	if err != nil {
		return err
	}
	if err := stored.Rollback(ctx, content, cmd.Version); err != nil {
		return err
	}
	return lib.Embed(ctx)
}

type libraryGapsCmd struct{}

func (libraryGapsCmd) Run(ctx ctxArg, a *app) error {
	lib, _, err := a.openLibrary(ctx)
	if err != nil {
		return err
	}
	clusters, err := lib.Gaps(ctx)
	for _, c := range clusters {
		fmt.Fprintf(a.stdout, "%4d  %s\n", c.Count, c.Examples[0])
		for _, e := range c.Examples[1:] {
			fmt.Fprintf(a.stdout, "      %s\n", e)
		}
	}
	return err
}

func (a *app) openLibrary(ctx ctxArg) (*knowledge.Library, *store.Library, error) {
	words, err := prompts.Load()
	if err != nil {
		return nil, nil, fmt.Errorf("prompts: %w", err)
	}
	pool, err := a.pool(ctx)
	if err != nil {
		return nil, nil, err
	}
	lib, err := a.library(ctx, pool, words)
	return lib, store.NewLibrary(pool), err
}
