// Bench measures what the project promises about speed, on this machine: ingest beside the limit that PostgreSQL sets,
// queries beside ingest, memory. It runs on a database of its own, with row level security on as ever:
//
//	go run ./bench                      some minutes, over 2 million trades
//	go run ./bench -trades 20000000     the figures of the aim; needs 20 GB of disk and most of an hour
//	go run ./bench -only ingest,query   some sections
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/store"
	"partnerhub/store/localpg"
)

func main() {
	var c config
	flag.IntVar(&c.trades, "trades", 2_000_000, "trades that are stored before ingest-full, query and memory are measured")
	flag.IntVar(&c.events, "events", 100_000, "events of one measured run of ingest")
	flag.IntVar(&c.rounds, "rounds", 3, "runs of each kind, alternating, of which the median counts")
	flag.IntVar(&c.queries, "queries", 200, "times that each query is asked")
	flag.IntVar(&c.sections, "sections", 100_000, "sections of the rule library that is searched")
	flag.IntVar(&c.active, "tasks", 10_000, "tasks that run while ingest is measured with tasks")
	flag.IntVar(&c.referees, "referees", 100_000, "referees of the one partner whose lists are measured; the aim is of 1,000,000, with -trades 20000000")
	flag.Uint64Var(&c.seed, "seed", 1, "of the demo program")
	flag.StringVar(&c.only, "only", "", "sections, with commas between: "+strings.Join(sectionNames(), ", "))
	flag.BoolVar(&c.json, "json", false, "print one JSON object")
	flag.StringVar(&c.dir, "dir", "", "where the events and the private database are put; a temporary folder if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type config struct {
	trades, events, rounds, queries, sections, active, referees int
	seed                                                        uint64
	only, dir                                                   string
	json                                                        bool
}

// A section measures one thing and adds rows to the report.
type section struct {
	name   string
	run    func(*bench, context.Context) error
	stream bool // it needs the large stream of events
}

var sections = []section{
	{"turn", (*bench).turn, false},
	{"search", (*bench).search, false},
	{"ledger", (*bench).ledger, false},
	{"tasks", (*bench).tasks, false},
	{"ingest", (*bench).ingestEmpty, true},
	{"ingest-full", (*bench).ingestFull, true},
	{"query", (*bench).query, true},
	{"verify", (*bench).verify, true},
	{"lists", (*bench).lists, false},
}

func sectionNames() []string {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	return names
}

// bench is a run of the program.
type bench struct {
	config
	url    string // of the server's database, from which others are made
	admin  *pgxpool.Pool
	stream *stream
	out    report
	empty  map[int]float64 // ratio of ingest to the limit by writers, at the empty start
	full   *database       // holds all trades
}

// row is one figure.
type row struct {
	Section string  `json:"section"`
	What    string  `json:"what"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Aim     string  `json:"aim,omitempty"`
}

type report struct {
	Machine string `json:"machine"`
	Rows    []row  `json:"rows"`
}

func run(ctx context.Context, c config, w io.Writer) (err error) {
	wanted := strings.Split(c.only, ",")
	for _, name := range wanted {
		if c.only != "" && !slices.Contains(sectionNames(), name) {
			return fmt.Errorf("no section %q: want some of %s", name, strings.Join(sectionNames(), ", "))
		}
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "partnerhub-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.dir)
	}
	b := &bench{config: c, url: os.Getenv("DATABASE_URL"), empty: map[int]float64{}}
	if b.url == "" {
		server, err := localpg.Open(ctx, filepath.Join(c.dir, "home"), slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer server.Close()
		b.url = server.URL()
	}
	if b.admin, err = pgxpool.New(ctx, b.url); err != nil {
		return err
	}
	defer b.admin.Close()
	var version string
	if err := b.admin.QueryRow(ctx, `SHOW server_version`).Scan(&version); err != nil {
		return err
	}
	b.out.Machine = fmt.Sprintf("%d CPUs, PostgreSQL %s, %s", runtime.NumCPU(), version, runtime.Version())
	defer func() {
		if b.stream != nil {
			b.stream.close()
		}
		if b.full != nil {
			b.full.close()
		}
	}()
	for _, s := range sections {
		if c.only != "" && !slices.Contains(wanted, s.name) {
			continue
		}
		if s.stream && b.stream == nil {
			if b.stream, err = newStream(c); err != nil {
				return err
			}
		}
		note("section %s", s.name)
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if c.json {
		return json.NewEncoder(w).Encode(b.out)
	}
	return b.out.print(w)
}

// note says on standard error what is going on.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

func (b *bench) add(section, what string, value float64, unit, aim string) {
	b.out.Rows = append(b.out.Rows, row{section, what, value, unit, aim})
	note("%s: %s: %s %s", section, what, digits(value), unit)
}

func digits(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func (r report) print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n", r.Machine)
	wide := 0
	for _, x := range r.Rows {
		wide = max(wide, len(x.What))
	}
	last := ""
	for _, x := range r.Rows {
		if x.Section != last {
			fmt.Fprintf(w, "\n%s\n", x.Section)
			last = x.Section
		}
		fmt.Fprintf(w, "  %-*s %10s %-9s %s\n", wide, x.What, digits(x.Value), x.Unit, x.Aim)
	}
	return nil
}

// database is a migrated database of its own.
type database struct {
	name  string
	admin *pgxpool.Pool
	pool  *pgxpool.Pool
	store *store.Store
}

func (b *bench) newDatabase(ctx context.Context, name string) (*database, error) {
	name = fmt.Sprintf("ph_bench_%s_%d", name, os.Getpid())
	if _, err := b.admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	c, err := pgxpool.ParseConfig(b.url)
	if err != nil {
		return nil, err
	}
	c.ConnConfig.Database = name
	d := &database{name: name, admin: b.admin}
	if err := store.Migrate(ctx, withDatabase(b.url, name)); err != nil {
		return nil, err
	}
	if d.pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
		return nil, err
	}
	d.store, err = store.Open(ctx, d.pool, time.UTC)
	return d, err
}

// close drops the database.
func (d *database) close() {
	d.pool.Close()
	if _, err := d.admin.Exec(context.Background(), "DROP DATABASE "+pgx.Identifier{d.name}.Sanitize()); err != nil {
		note("%v", err)
	}
}
