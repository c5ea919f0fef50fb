package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/eval"
	"partnerhub/store"
)

// evalRunCmd is `partnerhub eval run`. The model is the one of the settings, or the offline planner.
type evalRunCmd struct {
	Case string `default:"*" placeholder:"GLOB" help:"Cases to play, by name: file/dialog."`
	JSON bool   `name:"json" help:"Print each result, and then the report, one JSON object a line."`
}

func (cmd *evalRunCmd) Run(ctx ctxArg, a *app) error {
	cases, err := eval.Shipped()
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(cases, func(c eval.Case) bool {
		name, _ := path.Match(cmd.Case, c.Name)
		file, _ := path.Match(cmd.Case, strings.SplitN(c.Name, "/", 2)[0])
		return !name && !file
	})
	if len(cases) == 0 {
		return usagef("eval run: no case is called %q", cmd.Case)
	}
	return a.scratch(ctx, func(pool *pgxpool.Pool) error { return cmd.play(ctx, a, pool, cases) })
}

func (cmd *evalRunCmd) play(ctx context.Context, a *app, pool *pgxpool.Pool, cases []eval.Case) error {
	s, err := store.Open(ctx, pool, time.UTC)
	if err != nil {
		return err
	}
	a.zone = time.UTC // the cases' own
	if _, err := loadDemo(ctx, a, s, pool, eval.Program()); err != nil {
		return err
	}
	ag, _, _, err := a.assistant(s, pool, func() time.Time { return eval.Program().Now }, true)
	if err != nil {
		return err
	}
	var all []eval.Result
	for _, c := range cases {
		results, err := eval.Run(ctx, ag, domain.Partner(demo.Cast().Partner.UID), c)
		if err != nil {
			return err
		}
		for _, r := range results {
			switch {
			case cmd.JSON:
				if err := a.print(r); err != nil {
					return err
				}
			case !r.Passed():
				fmt.Fprintf(a.stdout, "%s: %s\n    %s\n", r.Case, strings.Join(r.Said, " >> "), strings.Join(r.Wrong, "\n    "))
			}
		}
		all = append(all, results...)
	}
	rep := eval.Sum(all)
	if cmd.JSON {
		err = a.print(rep)
	} else {
		for title, scores := range map[string]map[string]*eval.Score{"tool": rep.Tools, "argument": rep.Args} {
			for _, name := range slices.Sorted(maps.Keys(scores)) {
				fmt.Fprintf(a.stdout, "%-9s %-32s %5d of %5d  %5.1f %%\n", title, name, scores[name].Right, scores[name].Total, 100*scores[name].Share())
			}
		}
		_, err = fmt.Fprintf(a.stdout, "dialogs   %38d of %5d  %5.1f %%\n", rep.Dialogs.Right, rep.Dialogs.Total, 100*rep.Dialogs.Share())
	}
	if err == nil && rep.Dialogs.Right < rep.Dialogs.Total {
		err = errors.New("not every dialog came to what it must")
	}
	return err
}

// scratch runs f on a database of its own, on the server that the settings name, and drops it afterwards.
func (a *app) scratch(ctx context.Context, f func(*pgxpool.Pool) error) error {
	address, err := a.database(ctx)
	if err != nil {
		return err
	}
	admin, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer admin.Close(context.WithoutCancel(ctx))
	name := fmt.Sprintf("partnerhub_scratch_%d", time.Now().UnixNano())
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return fmt.Errorf("a scratch database: %w", err)
	}
	defer func() {
		if _, err := admin.Exec(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			a.log.Warn("a scratch database is left", "name", name, "error", err)
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	u.Path = "/" + name
	if err := store.Migrate(ctx, u.String()); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, u.String())
	if err != nil {
		return err
	}
	defer pool.Close()
	return f(pool)
}
