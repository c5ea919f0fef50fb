package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent/offline/period"
	"partnerhub/demo"
	"partnerhub/ingest"
	"partnerhub/store"
)

// migrateCmd is `partnerhub migrate`.
type migrateCmd struct{}

func (migrateCmd) Run(ctx ctxArg, a *app) error {
	if a.DatabaseURL == "" {
		_, err := a.database(ctx)
		return err
	}
	return store.Migrate(ctx, a.DatabaseURL)
}

// ingestCmd is `partnerhub ingest` (SPEC 13).
type ingestCmd struct {
	File string `arg:"" help:"NDJSON, gzip allowed; - for standard input."`
	JSON bool   `name:"json" help:"End with the counts as a JSON object."`
}

func (cmd *ingestCmd) Run(ctx ctxArg, a *app) error {
	in, err := openInput(a, cmd.File)
	if err != nil {
		return err
	}
	defer in.Close()
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	size := int64(-1)
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	sum, err := takeIn(ctx, a, s, in, cmd.File, size)
	if err != nil {
		return err
	}
	for _, r := range sum.Refused {
		fmt.Fprintf(a.stderr, "line %d: %v\n", r.Line, r.Err)
	}
	if more := sum.Rejected - len(sum.Refused); more > 0 {
		fmt.Fprintf(a.stderr, "and %d more refused lines\n", more)
	}
	return a.printCounts(sum, cmd.JSON)
}

// takeIn sends a stream of events through the ordinary ingest, with a progress bar on a terminal.
func takeIn(ctx context.Context, a *app, s *store.Store, in io.Reader, source string, size int64) (ingest.Summary, error) {
	o := ingest.Options{Source: source, Writers: 2}
	if f, ok := a.stderr.(*os.File); ok {
		show, done := ingest.Bar(f, size)
		defer done()
		o.Progress = show
	}
	return ingest.Run(ctx, s, in, o)
}

func (a *app) printCounts(sum ingest.Summary, asJSON bool) error {
	if asJSON {
		return a.print(struct {
			Accepted  int `json:"accepted"`
			Duplicate int `json:"duplicate"`
			Rejected  int `json:"rejected"`
			Deferred  int `json:"deferred"`
		}{sum.Accepted, sum.Duplicate, sum.Rejected, sum.Deferred})
	}
	_, err := fmt.Fprintf(a.stdout, "%d accepted (%d of them waiting), %d duplicate, %d rejected\n", sum.Accepted, sum.Deferred, sum.Duplicate, sum.Rejected)
	return err
}

// demoCmd is `partnerhub demo` (SPEC 13).
type demoCmd struct {
	Seed     uint64 `default:"0" help:"Of the random draws: the same seed makes the same program."`
	Partners int    `default:"12" help:"Partners."`
	Referees int    `default:"600" help:"People they referred."`
	Days     int    `default:"120" help:"Days before today."`
	Truth    string `placeholder:"FILE" help:"Write the planted incidents here, as JSON."`
	Events   string `placeholder:"FILE" help:"Write the events here instead of taking them in."`
	JSON     bool   `name:"json" help:"End with the people to sign in as, as a JSON object."`
	clock
}

func (cmd *demoCmd) Run(ctx ctxArg, a *app) error {
	cfg := demo.Config{Seed: cmd.Seed, Partners: cmd.Partners, Referees: cmd.Referees, Days: cmd.Days, Now: cmd.now()(), Zone: a.zone}
	var truth *demo.Truth
	if cmd.Events != "" {
		f, err := os.Create(cmd.Events)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(f)
		if truth, err = demo.Generate(cfg, w); err == nil {
			err = w.Flush()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	} else {
		s, pool, err := a.store(ctx)
		if err != nil {
			return err
		}
		if truth, err = loadDemo(ctx, a, s, pool, cfg); err != nil {
			return err
		}
		if _, err := s.Settle(ctx, cfg.Now); err != nil {
			return err
		}
	}
	if cmd.Truth != "" {
		b, err := json.MarshalIndent(truth, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(cmd.Truth, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	p := truth.People
	if cmd.JSON {
		return a.print(struct {
			Partner    int64 `json:"partner"`
			SubPartner int64 `json:"subPartner"`
			BD         int64 `json:"bd"`
			Content    int64 `json:"content"`
			Operator   int64 `json:"operator"`
		}{p.Partner.UID, p.SubPartner.UID, p.BD.UID, p.Content.UID, p.Operator.UID})
	}
	_, err := fmt.Fprintf(a.stdout, "%d events; ask as the partner %d (%s) or the sub-partner %d (%s)\n", truth.Events, p.Partner.UID, p.Partner.Name, p.SubPartner.UID, p.SubPartner.Name)
	return err
}

// loadDemo generates a program and takes it in while it is being made.
func loadDemo(ctx context.Context, a *app, s *store.Store, pool *pgxpool.Pool, cfg demo.Config) (*demo.Truth, error) {
	r, w := io.Pipe()
	type made struct {
		truth *demo.Truth
		err   error
	}
	done := make(chan made, 1)
	go func() {
		truth, err := demo.Generate(cfg, w)
		w.CloseWithError(err)
		done <- made{truth, err}
	}()
	sum, err := takeIn(ctx, a, s, r, "demo", -1)
	r.CloseWithError(err) // the generator must not write on when nobody reads
	m := <-done
	switch {
	case err != nil:
		return nil, err
	case m.err != nil:
		return nil, m.err
	case sum.Rejected > 0:
		return nil, fmt.Errorf("the database holds another demo program: %d of its events contradict this one; use an empty --home", sum.Rejected)
	}
	// Freshly filled tables have no statistics, and their plans are poor until autovacuum comes by.
	_, err = pool.Exec(ctx, `ANALYZE`)
	return m.truth, err
}

// periodCmd is `partnerhub period` (SPEC 13).
type periodCmd struct {
	Text  string `arg:"" optional:"" help:"A sentence."`
	Batch string `placeholder:"FILE" help:"Read a file of {id, ref, input}, one a line."`
	JSON  bool   `name:"json" help:"Accepted for uniformity: results are always JSON."`
	clock
}

func (cmd *periodCmd) Run(_ ctxArg, a *app) error {
	if (cmd.Text == "") == (cmd.Batch == "") {
		return usagef("period: want either a sentence or --batch FILE")
	}
	type answer struct {
		ID   json.RawMessage `json:"id,omitempty"` // of any kind: it is only given back
		From *string         `json:"from"`
		To   *string         `json:"to"`
	}
	read := func(id json.RawMessage, input string, ref time.Time) answer {
		out := answer{ID: id}
		if from, to, ok := period.FirstDayPeriod(input, ref); ok {
			out.From, out.To = &from, &to
		}
		return out
	}
	if cmd.Batch == "" {
		return a.print(read(nil, cmd.Text, cmd.now()().In(a.zone)))
	}
	in, err := openInput(a, cmd.Batch)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxCallLine)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var l struct {
			ID         json.RawMessage
			Ref, Input string
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		ref, err := parseRef(l.Ref, a.zone)
		if err != nil {
			return fmt.Errorf("line %d: ref: %w", n, err)
		}
		if err := a.print(read(l.ID, l.Input, ref)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// parseRef reads a reference time: RFC 3339, or local to the reporting zone without an offset.
func parseRef(s string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return t, nil
	}
	return time.ParseInLocation("2006-01-02T15:04:05", s, zone)
}
