package main

import (
	"context"
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
	Case string `default:"*" placeholder:"GLOB" help:"Cases to play, by name: file/dialog, measured/file/dialog, or all of a file or of measured."`
	JSON bool   `name:"json" help:"Print each result, and then a report a set, one JSON object a line."`
}

func (cmd *evalRunCmd) Run(ctx ctxArg, a *app) error {
	if a.Model == offlineModel {
		a.Model = ""
	}
	if _, err := path.Match(cmd.Case, ""); err != nil {
		return usagef("eval run: --case %q: %v", cmd.Case, err)
	}
	cases, err := eval.Shipped()
	if err != nil {
		return err
	}
	measured, err := eval.Measured()
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(append(cases, measured...), func(c eval.Case) bool { return !named(cmd.Case, c.Name) })
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
			if err := cmd.tell(a, r); err != nil {
				return err
			}
		}
		all = append(all, results...)
	}
	failed := 0
	for _, measured := range []bool{false, true} {
		set := slices.DeleteFunc(slices.Clone(all), func(r eval.Result) bool { return r.Measured != measured })
		rep := eval.Sum(set)
		if len(set) == 0 {
			continue
		}
		if !measured {
			failed = rep.Dialogs.Total - rep.Dialogs.Right
		}
		if err := cmd.sum(a, setName(measured), rep); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d dialogs did not come to what they must", failed)
	}
	return nil
}

// offlineModel names the offline planner where a model is asked for.
const offlineModel = "offline"

// named reports whether a glob means a case: by its name, or by that of a folder or file which it is in.
func named(glob, name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if ok, _ := path.Match(glob, name); ok { // the glob was tried before
			return true
		}
	}
	return false
}

func setName(measured bool) string {
	if measured {
		return "measured"
	}
	return "cases"
}

// tell prints one result.
func (cmd *evalRunCmd) tell(a *app, r eval.Result) error {
	if cmd.JSON {
		return a.print(r)
	}
	verdict := "ok   "
	if !r.Passed() {
		verdict = "wrong"
	}
	_, err := fmt.Fprintf(a.stdout, "%s %s: %s\n", verdict, r.Case, strings.Join(r.Said, " >> "))
	for _, w := range r.Wrong {
		_, err = fmt.Fprintf(a.stdout, "      %s\n", w)
	}
	return err
}

// sum prints the report of a set.
func (cmd *evalRunCmd) sum(a *app, set string, rep eval.Report) error {
	if cmd.JSON {
		return a.print(struct {
			Set string `json:"set"`
			eval.Report
		}{set, rep})
	}
	line := func(kind, name string, s eval.Score) {
		fmt.Fprintf(a.stdout, "%-9s %-9s %-32s %5d of %5d  %5.1f %%\n", set, kind, name, s.Right, s.Total, 100*s.Share())
	}
	for _, part := range []struct {
		kind   string
		scores map[string]*eval.Score
	}{{"tool", rep.Tools}, {"argument", rep.Args}} {
		for _, name := range slices.Sorted(maps.Keys(part.scores)) {
			line(part.kind, name, *part.scores[name])
		}
		line(part.kind, "all", eval.Total(part.scores))
	}
	line("dialogs", "all", rep.Dialogs)
	return nil
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
