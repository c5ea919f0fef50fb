// Bench measures what the project promises about speed, on this machine: ingest beside the limit that PostgreSQL sets,
// queries beside ingest, memory. It runs on a database of its own, with row level security on as ever:
//
//	go run ./bench                      some minutes, over 2 million trades
//	go run ./bench -trades 20000000     the figures of the aim; needs 20 GB of disk and most of an hour
//	go run ./bench -only ingest,query   some sections
//	go run ./bench -growth -only query  over 1, 10 and 100 % of the data
//
// The sizes that the project aims at, with the growth curves, in hours and 100 GB of disk:
//
//	go run ./bench -growth -trades 20000000 -accounts 1000000 -partners 2000 -referees 1000000 -sections 100000 -tasks 10000
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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/store"
	"partnerhub/store/localpg"
)

func main() {
	var c config
	flag.IntVar(&c.trades, "trades", 2_000_000, "trades that are stored before ingest-full, query and memory are measured")
	flag.IntVar(&c.accounts, "accounts", 20_000, "accounts of the program that is stored, and of the ledger")
	flag.IntVar(&c.partners, "partners", 200, "partners of the program that is stored")
	flag.IntVar(&c.events, "events", 100_000, "events of one measured run of ingest")
	flag.IntVar(&c.rounds, "rounds", 3, "runs of each kind, alternating, of which the median counts")
	flag.IntVar(&c.queries, "queries", 200, "times that each query is asked")
	flag.IntVar(&c.sections, "sections", 100_000, "sections of the rule library that is searched")
	flag.IntVar(&c.active, "tasks", 10_000, "tasks that run while ingest is measured with tasks")
	flag.IntVar(&c.referees, "referees", 100_000, "referees of the one partner whose lists are measured; the aim is of 1,000,000, with -trades 20000000")
	flag.IntVar(&c.idle, "idle", 10_000, "idle WebSockets that one process holds")
	flag.IntVar(&c.running, "running", 500, "turns that run in one process at the same time")
	flag.Uint64Var(&c.seed, "seed", 1, "of the demo program")
	flag.StringVar(&c.only, "only", "", "sections, with commas between: "+strings.Join(sectionNames(), ", "))
	flag.BoolVar(&c.growth, "growth", false, "measure the sections that depend on how much is stored over 1 and 10 % of it, too")
	flag.BoolVar(&c.json, "json", false, "print one JSON object")
	flag.StringVar(&c.dir, "dir", "", "where the events and the private database are put; a temporary folder if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type config struct {
	trades, accounts, partners, referees, sections, active int // stored
	events, rounds, queries, idle, running                 int // measured with
	seed                                                   uint64
	only, dir                                              string
	growth, json                                           bool
}

// share is the same with so much of what is stored.
func (c config) share(percent int) config {
	for _, x := range []struct {
		size  *int
		least int
	}{{&c.trades, 20_000}, {&c.accounts, 1000}, {&c.partners, 20}, {&c.referees, 1000}, {&c.sections, 1000}} {
		*x.size = max(*x.size*percent/100, min(*x.size, x.least))
	}
	return c
}

// A section measures one thing and adds rows to the report.
type section struct {
	name   string
	run    func(*bench, context.Context) error
	stream bool // it needs the large stream of events
	grows  bool // it depends on how much is stored
}

var sections = []section{
	{"turn", (*bench).turn, false, false},
	{"search", (*bench).search, false, true},
	{"ledger", (*bench).ledger, false, true},
	{"tasks", (*bench).tasks, false, false},
	{"ingest", (*bench).ingestEmpty, true, false},
	{"ingest-full", (*bench).ingestFull, true, true},
	{"query", (*bench).query, true, true},
	{"verify", (*bench).verify, true, true},
	{"lists", (*bench).lists, false, true},
	{"sockets", (*bench).sockets, false, false},
	{"replicas", (*bench).replicas, false, false},
	{"capacity", (*bench).capacity, false, false},
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

	percent int // of the data
}

// row is one figure.
type row struct {
	Section string  `json:"section"`
	What    string  `json:"what"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Aim     string  `json:"aim,omitempty"`
	Percent int     `json:"percent"` // of the data
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
	percents := []int{100}
	if c.growth {
		percents = []int{1, 10, 100}
	}
	for _, percent := range percents {
		b.config, b.percent = c.share(percent), percent
		if err := b.measure(ctx, wanted); err != nil {
			return err
		}
	}
	if c.json {
		return json.NewEncoder(w).Encode(b.out)
	}
	return b.out.print(w)
}

// measure runs the sections over so much of the data.
func (b *bench) measure(ctx context.Context, wanted []string) (err error) {
	defer func() {
		if b.stream != nil {
			b.stream.close()
			b.stream = nil
		}
		if b.full != nil {
			b.full.close()
			b.full = nil
		}
	}()
	for _, s := range sections {
		if b.only != "" && !slices.Contains(wanted, s.name) || b.percent < 100 && !s.grows {
			continue
		}
		if s.stream && b.stream == nil {
			if b.stream, err = newStream(b.config); err != nil {
				return err
			}
		}
		note("section %s, %d %% of the data", s.name, b.percent)
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// note says on standard error what is going on.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

func (b *bench) add(section, what string, value float64, unit, aim string) {
	b.out.Rows = append(b.out.Rows, row{section, what, value, unit, aim, b.percent})
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

// print writes a table: a line for each figure, with a column for each share of the data where there are several.
func (r report) print(w io.Writer) error {
	type key struct {
		section, what string
		nth           int // of that name: "the same" of several
	}
	var lines []key
	values, percents := map[key]map[int]row{}, []int{}
	wide := 0
	for _, x := range r.Rows {
		k := key{x.Section, x.What, 0}
		for _, taken := values[k][x.Percent]; taken; _, taken = values[k][x.Percent] {
			k.nth++
		}
		if values[k] == nil {
			values[k] = map[int]row{}
			lines = append(lines, k)
		}
		values[k][x.Percent] = x
		if !slices.Contains(percents, x.Percent) {
			percents = append(percents, x.Percent)
		}
		wide = max(wide, len(x.What))
	}
	slices.Sort(percents)
	order := map[string]int{} // sections as they came first
	for _, k := range lines {
		if _, known := order[k.section]; !known {
			order[k.section] = len(order)
		}
	}
	slices.SortStableFunc(lines, func(a, b key) int { return order[a.section] - order[b.section] })
	fmt.Fprintf(w, "%s\n", r.Machine)
	last := ""
	for _, k := range lines {
		if k.section != last {
			fmt.Fprintf(w, "\n%-*s", wide+2, k.section)
			for _, p := range percents {
				if len(percents) > 1 {
					fmt.Fprintf(w, " %8d %%", p)
				}
			}
			fmt.Fprintln(w)
			last = k.section
		}
		fmt.Fprintf(w, "  %-*s", wide, k.what)
		var x row
		for _, p := range percents {
			value := ""
			if v, ok := values[k][p]; ok {
				x, value = v, digits(v.Value)
			}
			fmt.Fprintf(w, " %10s", value)
		}
		fmt.Fprintf(w, " %-9s %s\n", x.Unit, x.Aim)
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
