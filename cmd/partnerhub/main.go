// Command partnerhub is the Partner Hub: its server, and its commands for operators and tests.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"partnerhub/domain"
)

// settings are shared by all commands: each is a flag, and an environment variable (docs/operations.md has the table).
type settings struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"PostgreSQL to use; unset: a private one in the home."`
	Home        string `name:"home" env:"PARTNERHUB_HOME" default:".partnerhub" placeholder:"DIR" help:"Where the private PostgreSQL lives."`
	Zone        string `name:"zone" env:"PARTNERHUB_ZONE" default:"UTC" placeholder:"ZONE" help:"Reporting zone, an IANA name: days and weeks are cut by it."`
	OfficeHours string `name:"office-hours" env:"PARTNERHUB_OFFICE_HOURS" default:"Mon-Fri 09:00-18:00" placeholder:"HOURS" help:"When BDs are at work, as Mon-Fri 09:00-18:00, or always; outside of it tickets go to the shared queue."`
	OfficeZone  string `name:"office-zone" env:"PARTNERHUB_OFFICE_ZONE" placeholder:"ZONE" help:"Zone of the office hours, an IANA name; unset: the reporting zone."`
	SupportURL  string `name:"support-url" env:"PARTNERHUB_SUPPORT_URL" placeholder:"URL" help:"Link to live support, shown where no BD is at work."`
	LogLevel    string `name:"log-level" env:"PARTNERHUB_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: ${enum}."`
	LogFormat   string `name:"log-format" env:"PARTNERHUB_LOG_FORMAT" default:"text" enum:"text,json" help:"Form of the log: ${enum}."`

	SMTPServer   string `name:"smtp-server" env:"PARTNERHUB_SMTP_SERVER" placeholder:"HOST:PORT" help:"Mail server by which tickets go to a mailbox; unset: none do."`
	SMTPTLS      string `name:"smtp-tls" env:"PARTNERHUB_SMTP_TLS" default:"starttls" enum:"starttls,tls,none" help:"How the connection to it is encrypted: ${enum}."`
	SMTPUser     string `name:"smtp-user" env:"PARTNERHUB_SMTP_USER" placeholder:"NAME" help:"Its account, if it wants one."`
	SMTPPassword string `name:"smtp-password" env:"PARTNERHUB_SMTP_PASSWORD" placeholder:"TEXT" help:"The account's password."`
	SMTPFrom     string `name:"smtp-from" env:"PARTNERHUB_SMTP_FROM" placeholder:"MAIL" help:"Whom the mail is from."`
	SMTPTo       string `name:"smtp-to" env:"PARTNERHUB_SMTP_TO" placeholder:"MAIL,…" help:"The mailboxes of the desk: for tickets of no BD, and of BDs whose token names no mailbox."`
	PublicURL    string `name:"public-url" env:"PARTNERHUB_PUBLIC_URL" placeholder:"URL" help:"Where the web app is reached from outside: mail links to tickets there."`

	OpenAIBaseURL string `name:"openai-base-url" env:"OPENAI_BASE_URL" placeholder:"URL" help:"An OpenAI-compatible endpoint; unset: the offline planner answers."`
	OpenAIAPIKey  string `name:"openai-api-key" env:"OPENAI_API_KEY" placeholder:"KEY" help:"Its key."`
	Model         string `name:"model" env:"PARTNERHUB_MODEL" placeholder:"NAME" help:"The model that answers; unset: the offline planner."`
	PriceIn       string `name:"price-in" env:"PARTNERHUB_PRICE_IN" default:"0" placeholder:"USD" help:"What the model costs for a million tokens that it reads."`
	PriceOut      string `name:"price-out" env:"PARTNERHUB_PRICE_OUT" default:"0" placeholder:"USD" help:"What it costs for a million tokens that it writes."`
	Embedding     string `name:"embedding-model" env:"PARTNERHUB_EMBEDDING_MODEL" placeholder:"NAME" help:"The endpoint's model by which the rule library is searched; unset: the built-in one."`
}

// commands are the program's commands.
type commands struct {
	settings `embed:""`

	Serve     serveCmd     `cmd:"" help:"Serve the hub over HTTP."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database to this program's schema."`
	Ingest    ingestCmd    `cmd:"" help:"Take in events, one JSON object a line, from a file or standard input."`
	Demo      demoCmd      `cmd:"" help:"Make up a demo program and take it in."`
	Ask       askCmd       `cmd:"" help:"Ask the assistant as a partner."`
	Tool      toolCmd      `cmd:"" help:"Run one of the assistant's tools."`
	Period    periodCmd    `cmd:"" help:"Read periods out of sentences."`
	Explain   explainCmd   `cmd:"" help:"Find the causes of a change in tables of leaves."`
	Detect    detectCmd    `cmd:"" help:"Score a series for anomalies, each point from the past alone."`
	List      listCmd      `cmd:"" help:"List what the ingest could not apply: waiting events, refused lines and their causes, void relations."`
	Replay    replayCmd    `cmd:"" help:"Try refused lines again, by the ordinary ingest."`
	Import    importCmd    `cmd:"" help:"Import what an exchange's affiliate program says of a partner."`
	Reconcile reconcileCmd `cmd:"" help:"Hold our figures against the imported ones, by day and referee."`
	Verify    verifyCmd    `cmd:"" help:"Prove that what is derived agrees with the events."`
	Settle    settleCmd    `cmd:"" help:"Settle the days whose settlement is due, as serve does."`
	Rebuild   rebuildCmd   `cmd:"" help:"Derive everything anew from the accepted events."`
	Key       keyCmd       `cmd:"" help:"Make, rotate, list and revoke API keys."`
	Library   libraryCmd   `cmd:"" help:"The rule library: load, search, list, go back to a version."`
	Eval      evalCmd      `cmd:"" help:"Measure the assistant."`
}

func main() { os.Exit(start()) }

func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Exit statuses (SPEC 13).
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// run is the whole program, until ctx ends: results go to stdout, all else to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("partnerhub"), kong.Description("Partner Hub: figures, answers and rewards for a crypto exchange's partners."),
		kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "partnerhub: %v\n", err)
		return exitUsage
	}
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	var handler slog.Handler = slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})
	if c.LogFormat == "json" {
		handler = slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "" || c.Zone == "Local" {
		fmt.Fprintf(stderr, "partnerhub: --zone %q: not an IANA time zone such as Europe/Berlin\n", c.Zone)
		return exitUsage
	}
	a := &app{settings: c.settings, zone: zone, log: slog.New(handler), stdin: stdin, stdout: stdout, stderr: stderr}
	defer func() {
		if err := a.close(); err != nil {
			fmt.Fprintf(stderr, "partnerhub: %v\n", err)
			status = exitFailed
		}
	}()
	if err := parsed.Run(ctxArg{ctx}, a); err != nil {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			fmt.Fprintln(stderr, "partnerhub: stopped")
			return exitFailed
		}
		fmt.Fprintf(stderr, "partnerhub: %v\n", err)
		var usage usageError
		if errors.As(err, &usage) {
			return exitUsage
		}
		return exitFailed
	}
	return exitDone
}

// ctxArg carries the context to the commands: kong binds arguments by their concrete type.
type ctxArg struct{ context.Context }

// usageError is a wrong call, found after the flags were parsed.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// clock is --now: what stands for the clock (SPEC 13).
type clock struct {
	Now time.Time `name:"now" placeholder:"RFC3339" help:"Stands for the clock."`
}

func (c clock) now() func() time.Time {
	if c.Now.IsZero() {
		return time.Now
	}
	return func() time.Time { return c.Now }
}

// asPartner is --as: the partner in whose name a command asks.
type asPartner struct {
	As int64 `name:"as" required:"" placeholder:"UID" help:"The partner who asks."`
}

func (a asPartner) caller() (domain.Caller, error) {
	if a.As <= 0 {
		return domain.Caller{}, usagef("--as %d: want the uid of a partner", a.As)
	}
	return domain.Partner(a.As), nil
}
