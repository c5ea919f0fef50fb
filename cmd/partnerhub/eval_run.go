package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/evaluation"
	"partnerhub/domain/ledger"
	"partnerhub/eval"
	"partnerhub/store"
	"partnerhub/tools"
)

// evalRunCmd is `partnerhub eval run`. The model is the one of the settings, or the offline planner.
type evalRunCmd struct {
	Case   string `default:"*" placeholder:"GLOB" help:"Cases to play, by name: file/dialog, measured/file/dialog, reviews/…, or all of a file or of measured."`
	Cases  string `type:"existingdir" env:"PARTNERHUB_CASE_FOLDER" placeholder:"DIR" help:"A folder of further case files."`
	Repeat int    `default:"1" help:"How often each is played: four times or more give pass^4."`
	HTML   string `name:"html" placeholder:"FILE" help:"Write a report to be read in a browser."`
	Keep   bool   `default:"true" negatable:"" help:"Keep the results in the database, for eval compare and the operator's page."`
	Note   string `help:"What to remember the run by."`
	JSON   bool   `name:"json" help:"Print each result, and then a report a set, one JSON object a line."`
}

func (cmd *evalRunCmd) Run(ctx ctxArg, a *app) error {
	if err := a.modelByURL(ctx); err != nil {
		return err
	}
	if _, err := path.Match(cmd.Case, ""); err != nil {
		return usagef("eval run: --case %q: %v", cmd.Case, err)
	}
	if cmd.Repeat < 1 || cmd.Repeat > 100 {
		return usagef("eval run: --repeat %d: want 1 to 100", cmd.Repeat)
	}
	// The database that keeps results also has the cases that were made of reviews. The cases are played without it when it is not up to date.
	var kept *store.Reviews
	if cmd.Keep {
		pool, err := a.pool(ctx)
		if err != nil {
			a.log.Warn("the results are not kept", "error", err)
		} else {
			kept = store.NewReviews(pool)
		}
	}
	cases, err := cmd.load(ctx, kept)
	if err != nil {
		return err
	}
	if len(cases) == 0 {
		return usagef("eval run: no case is called %q", cmd.Case)
	}
	return a.scratch(ctx, func(pool *pgxpool.Pool) error { return cmd.play(ctx, a, pool, kept, cases) })
}

// load reads the cases that are to be played: the repository's, those of the folder, and those made of reviews.
func (cmd *evalRunCmd) load(ctx context.Context, kept *store.Reviews) ([]eval.Case, error) {
	cases, err := eval.Shipped()
	if err != nil {
		return nil, err
	}
	measured, err := eval.Measured()
	if err != nil {
		return nil, err
	}
	cases = append(cases, measured...)
	seen := map[string]bool{}
	if kept != nil {
		made, err := kept.Cases(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range made {
			parsed, err := eval.Parse("reviews/"+c.Name, []byte(c.Body))
			if err != nil {
				return nil, err
			}
			seen[c.Name] = true
			cases = append(cases, parsed...)
		}
	}
	if cmd.Cases != "" {
		files, err := filepath.Glob(filepath.Join(cmd.Cases, "*.txtar"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			base := strings.TrimSuffix(filepath.Base(name), ".txtar")
			if seen[base] { // the database has it too
				continue
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			parsed, err := eval.Parse("folder/"+base, data)
			if err != nil {
				return nil, err
			}
			cases = append(cases, parsed...)
		}
	}
	return slices.DeleteFunc(cases, func(c eval.Case) bool { return !named(cmd.Case, c.Name) }), nil
}

// player sets the stage: the demo program on a scratch database.
func (a *app) player(ctx context.Context, pool *pgxpool.Pool) (eval.Player, string, error) {
	s, err := store.Open(ctx, pool, time.UTC)
	if err != nil {
		return eval.Player{}, "", err
	}
	a.zone = time.UTC // the cases' own
	if _, err := loadDemo(ctx, a, s, pool, eval.Program()); err != nil {
		return eval.Player{}, "", err
	}
	meter := &eval.Meter{}
	metered := func(m llms.Model) llms.Model { meter.Model = m; return meter }
	ag, _, words, err := a.assistantOf(s, pool, func() time.Time { return eval.Program().Now }, true, metered, func(all []tools.Tool) []tools.Tool { return all })
	if err != nil {
		return eval.Player{}, "", err
	}
	return eval.Player{
		Agent: ag, Partner: domain.Partner(demo.Cast().Partner.UID), Meter: meter, Dump: store.NewReviews(pool).Canonical,
		Fund: func(ctx context.Context, c domain.Caller, amount domain.Money) error {
			_, err := s.TopUp(ctx, ledger.Transfer{Key: "top_up:" + rand.Text(), From: ledger.Account{Owner: c.UID, Kind: ledger.External}, To: ledger.FundOf(c.UID), Amount: amount, Reason: ledger.TopUp, At: eval.Program().Now})
			return err
		},
		For: func(k eval.Case) (*agent.Agent, error) {
			at := k.Now
			if at.IsZero() {
				at = eval.Program().Now
			}
			own, _, _, err := a.assistantOf(s, pool, func() time.Time { return at }, true, metered, k.Replay)
			return own, err
		},
	}, words.Fingerprint, nil
}

func (cmd *evalRunCmd) play(ctx context.Context, a *app, pool *pgxpool.Pool, kept *store.Reviews, cases []eval.Case) error {
	p, prompts, err := a.player(ctx, pool)
	if err != nil {
		return err
	}
	price, err := a.price()
	if err != nil {
		return err
	}
	run := evaluation.Run{StartedAt: time.Now(), Model: a.Model, Prompts: prompts, Repeats: cmd.Repeat, Note: cmd.Note}
	if run.Model == "" {
		run.Model = offlineModel
	}
	var all []eval.Result
	for _, c := range cases {
		passed := true
		for range cmd.Repeat {
			results, err := p.Play(ctx, c)
			if err != nil {
				return err
			}
			for _, r := range results {
				passed = passed && r.Passed()
				if err := cmd.tell(a, r); err != nil {
					return err
				}
			}
			all = append(all, results...)
		}
		if made, isReview := strings.CutPrefix(path.Dir(c.Name), "reviews/"); isReview && kept != nil {
			if err := kept.Checked(ctx, made, passed); err != nil {
				return err
			}
		}
	}
	run.EndedAt = time.Now()
	failed := 0
	reports := map[string]eval.Report{}
	for _, measured := range []bool{false, true} {
		set := slices.DeleteFunc(slices.Clone(all), func(r eval.Result) bool { return r.Measured != measured })
		rep := eval.Sum(set)
		if len(set) == 0 {
			continue
		}
		rep.Cost = price.Of(rep.Tokens[0], rep.Tokens[1])
		if !measured {
			failed = rep.Dialogs.Total - rep.Dialogs.Right
		}
		reports[setName(measured)] = rep
		if err := cmd.sum(a, setName(measured), rep); err != nil {
			return err
		}
	}
	if err := cmd.keep(ctx, a, kept, run, reports, all); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d dialogs did not come to what they must", failed)
	}
	return nil
}

// keep stores the run, and writes its report.
func (cmd *evalRunCmd) keep(ctx context.Context, a *app, kept *store.Reviews, run evaluation.Run, reports map[string]eval.Report, all []eval.Result) error {
	report, err := json.Marshal(reports)
	if err != nil {
		return err
	}
	run.Report = report
	if cmd.HTML != "" {
		var b bytes.Buffer
		if err := eval.WriteHTML(&b, run, reports, all); err != nil {
			return err
		}
		if err := os.WriteFile(cmd.HTML, b.Bytes(), 0o600); err != nil {
			return err
		}
	}
	if kept == nil {
		return nil
	}
	results, err := eval.Kept(all)
	if err != nil {
		return err
	}
	id, err := kept.KeepEvaluation(ctx, run, results)
	if err == nil {
		fmt.Fprintf(a.stderr, "(kept as evaluation %d: partnerhub eval compare A B)\n", id)
	}
	return err
}

// modelByURL takes --model as what it may be here: "offline", a name, or the URL of an endpoint, with the model's name behind a #; without one, the first
// that the endpoint lists.
func (a *app) modelByURL(ctx context.Context) error {
	if a.Model == offlineModel {
		a.Model = ""
	}
	base, name, _ := strings.Cut(a.Model, "#")
	if !strings.Contains(base, "://") {
		return nil
	}
	a.OpenAIBaseURL, a.Model = strings.TrimSuffix(base, "/"), name
	if name != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.OpenAIBaseURL+"/models", nil)
	if err != nil {
		return usagef("--model %q: %v", base, err)
	}
	if a.OpenAIAPIKey != "" {
		req.Header.Set("Authorization", "Bearer "+a.OpenAIAPIKey)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&list); err != nil || resp.StatusCode != http.StatusOK || len(list.Data) == 0 {
		return fmt.Errorf("--model %s: the endpoint lists no models (status %d): name one behind a #", base, resp.StatusCode)
	}
	a.Model = list.Data[0].ID
	return nil
}

// evalCompareCmd is `partnerhub eval compare A B`.
type evalCompareCmd struct {
	A    int64 `arg:"" help:"The run before, by its number."`
	B    int64 `arg:"" help:"The run after."`
	JSON bool  `name:"json" help:"Print the comparison as one JSON object."`
}

func (cmd *evalCompareCmd) Run(ctx ctxArg, a *app) error {
	pool, err := a.pool(ctx)
	if err != nil {
		return err
	}
	c, err := store.NewReviews(pool).CompareEvaluations(ctx, cmd.A, cmd.B)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return a.print(c)
	}
	show := func(share *float64) string {
		if share == nil {
			return "-"
		}
		return fmt.Sprintf("%.0f %%", 100**share)
	}
	for _, p := range c.Cases {
		if p.Verdict != evaluation.Same {
			fmt.Fprintf(a.stdout, "%-8s %6s -> %6s  %s\n", p.Verdict, show(p.A), show(p.B), p.Name)
		}
	}
	_, err = fmt.Fprintf(a.stdout, "%d worse, %d better, %d same, %d added, %d removed: %d (%s) against %d (%s)\n", c.Counts[evaluation.Worse], c.Counts[evaluation.Better],
		c.Counts[evaluation.Same], c.Counts[evaluation.Added], c.Counts[evaluation.Removed], c.B.ID, c.B.Model, c.A.ID, c.A.Model)
	return err
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
	line("grounded", "answers with figures", rep.Grounded)
	fmt.Fprintf(a.stdout, "%-9s pass^1 %.3f", set, rep.Pass1)
	if rep.Pass4 != nil {
		fmt.Fprintf(a.stdout, ", pass^4 %.3f", *rep.Pass4)
	}
	fmt.Fprintf(a.stdout, "; abstention precision %.3f recall %.3f; handoff precision %.3f recall %.3f; latency p50 %d ms, p99 %d ms; tokens %d in, %d out; cost %s USD\n",
		rep.Abstention.Precision(), rep.Abstention.Recall(), rep.Handoffs.Precision(), rep.Handoffs.Recall(), rep.Latency[0], rep.Latency[1], rep.Tokens[0], rep.Tokens[1], rep.Cost)
	for _, f := range slices.Sorted(maps.Keys(rep.Faults)) {
		fmt.Fprintf(a.stdout, "%-9s failed by %s: %d\n", set, f, rep.Faults[f])
	}
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
