package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/delivery"
	"partnerhub/demo"
	"partnerhub/store"
	"partnerhub/web"
)

// serveCmd is `partnerhub serve`.
type serveCmd struct {
	Listen   string `env:"PARTNERHUB_LISTEN" default:"127.0.0.1:8080" help:"Address to serve at."`
	Dev      bool   `env:"PARTNERHUB_DEV" help:"Development mode: anybody signs in as anybody. Refused beside the settings of production."`
	Demo     bool   `help:"Fill an empty database with the demo program."`
	Secret   string `name:"jwt-secret" env:"PARTNERHUB_JWT_SECRET" placeholder:"TEXT" help:"Secret shared with the exchange, by which its tokens are signed; 32 bytes or more."`
	JWKSURL  string `name:"jwks-url" env:"PARTNERHUB_JWKS_URL" placeholder:"URL" help:"The exchange's public keys, by which its tokens are signed."`
	Issuer   string `name:"jwt-issuer" env:"PARTNERHUB_JWT_ISSUER" placeholder:"TEXT" help:"What the tokens' iss must be."`
	Audience string `name:"jwt-audience" env:"PARTNERHUB_JWT_AUDIENCE" placeholder:"TEXT" help:"What the tokens' aud must hold."`
	SignUp   string `name:"sign-up-url" env:"PARTNERHUB_SIGN_UP_URL" placeholder:"URL" help:"Where people sign up at the exchange, {code} standing for the referral code: what partners share."`

	Contact         string `name:"contact" env:"PARTNERHUB_CONTACT" default:"https://example.com" placeholder:"MAIL|URL" help:"Whom a push service may write to about this deployment's pushes."`
	PrivateWebhooks bool   `name:"private-webhooks" env:"PARTNERHUB_PRIVATE_WEBHOOKS" help:"Let webhooks go to http and to private addresses. For development: it opens the inner network to whoever registers one."`
	CaseFolder      string `name:"case-folder" env:"PARTNERHUB_CASE_FOLDER" type:"existingdir" placeholder:"DIR" help:"Where the regression cases that reviewers make of thumbs down are written, besides the database."`
}

// demoSignUp is where the demo program's people would sign up: a name that is nobody's.
const demoSignUp = "https://exchange.example/register?ref={code}"

const (
	embedEvery   = 30 * time.Second
	foldEvery    = 250 * time.Millisecond
	taskEvery    = 5 * time.Second // how long after its grace a task may wait for its end; rewards are paid with each fold
	rankEvery    = time.Second     // how long what was folded may wait to be taken up by the sorted lists of large partners
	rankFrom     = 20_000          // referees from which a partner's lists are kept sorted: below, sorting takes some ten milliseconds
	largeEvery   = time.Hour       // how often such partners are looked for
	forgetEvery  = time.Hour       // how often old batches of the ingest are forgotten
	exportEvery  = time.Second     // how long an export in the background may wait to begin
	settleEvery  = time.Minute     // how long after 08:00 a settlement may begin
	watchEvery   = 5 * time.Second // how long between chunks of partners that are looked at; all are once an hour
	shutdownTime = 15 * time.Second
)

func (cmd *serveCmd) Run(ctx ctxArg, a *app) error {
	if cmd.Dev && (cmd.Secret != "" || cmd.JWKSURL != "") {
		return usagef("serve: --dev lets anybody sign in as anybody: it cannot stand beside --jwt-secret or --jwks-url")
	}
	if !cmd.Dev && (cmd.Secret == "") == (cmd.JWKSURL == "") {
		return usagef("serve: want one of --jwt-secret and --jwks-url, or --dev to try it out")
	}
	if cmd.SignUp == "" && cmd.Demo {
		cmd.SignUp = demoSignUp
	}
	if u, err := url.Parse(cmd.SignUp); cmd.SignUp != "" && (err != nil || u.Scheme != "https" || !strings.Contains(cmd.SignUp, "{code}")) {
		return usagef("serve: --sign-up-url wants an https address with {code} in it")
	}
	s, pool, err := a.store(ctx)
	if err != nil {
		return err
	}
	if cmd.Demo {
		empty, err := s.Empty(ctx)
		if err != nil {
			return err
		}
		if empty {
			fmt.Fprintln(a.stderr, "Loading the demo program …")
			now := time.Now()
			if _, err := loadDemo(ctx, a, s, pool, demo.Config{Now: now, Zone: a.zone}); err != nil {
				return err
			}
			if _, err := s.Settle(ctx, now); err != nil { // before anybody looks
				return err
			}
		}
	}
	handler, stop, err := cmd.handler(ctx, a, s, pool)
	if err != nil {
		return err
	}
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cmd.Listen)
	if err != nil {
		return err
	}
	cmd.greet(a, listener.Addr())
	return serve(ctx, a, listener, handler)
}

// handler is the HTTP surface, with the agent and the compactor at work behind it until stop.
func (cmd *serveCmd) handler(ctx context.Context, a *app, s *store.Store, pool *pgxpool.Pool) (http.Handler, func(), error) {
	auth := web.AuthConfig{Secret: []byte(cmd.Secret), JWKSURL: cmd.JWKSURL, Issuer: cmd.Issuer, Audience: cmd.Audience}
	var people []web.Person
	if cmd.Dev {
		secret, err := s.Secret(ctx, "dev-session")
		if err != nil {
			return nil, nil, err
		}
		auth.Secret, people = secret, devPeople()
	}
	verifier, err := web.NewAuth(ctx, auth)
	if err != nil {
		return nil, nil, err
	}
	ag, all, words, err := a.assistant(s, pool, time.Now, false)
	if err != nil {
		return nil, nil, err
	}
	pushSecret, err := s.Secret(ctx, "vapid")
	if err != nil {
		return nil, nil, err
	}
	pushKeys, err := delivery.NewKeys(pushSecret, cmd.Contact)
	if err != nil {
		return nil, nil, err
	}
	work, err := a.ownWork(ctx, pool)
	if err != nil {
		return nil, nil, err
	}
	stopAgent := runAgent(ctx, ag)
	stopFold := loop(ctx, a, foldEvery, "folding deltas", func(ctx context.Context) error { _, err := work.Fold(ctx); return err })
	stopRank := loop(ctx, a, rankEvery, "ranking referees", func(ctx context.Context) error { return work.Rank(ctx, time.Now()) })
	stopLarge := loop(ctx, a, largeEvery, "looking for large partners", func(ctx context.Context) error { _, err := work.RankLarge(ctx, rankFrom, time.Now()); return err })
	stopForget := loop(ctx, a, forgetEvery, "forgetting old batches", func(ctx context.Context) error { return work.ForgetBatches(ctx, time.Now()) })
	stopTasks := loop(ctx, a, taskEvery, "tasks", func(ctx context.Context) error { _, err := work.AdvanceTasks(ctx, time.Now()); return err })
	stopSettle := loop(ctx, a, settleEvery, "settlement", func(ctx context.Context) error { _, err := work.Settle(ctx, time.Now()); return err })
	stopEmbed := loop(ctx, a, embedEvery, "embedding the library", a.rules.Embed)
	desk, err := a.desk()
	if err != nil {
		return nil, nil, err
	}
	tickets := store.NewTickets(pool, desk)
	chat := web.NewChat(web.ChatConfig{Agent: ag, Conversations: store.NewConversations(pool), Tickets: tickets, Caller: verifier.Caller, Logger: a.log})
	context.AfterFunc(ctx, chat.Close) // open streams would hold up the shutdown
	stopSignals := background(ctx, chat.Run)
	stopWatch := loop(ctx, a, watchEvery, "watching for alerts", func(ctx context.Context) error { _, err := work.Watch(ctx, time.Now()); return err })
	inbox := web.NewInbox(s, verifier.Caller, a.log)
	stopInbox := background(ctx, inbox.Run)
	mailer, err := a.mailer()
	if err != nil {
		return nil, nil, err
	}
	worker := &delivery.Worker{Mail: mailer, Queue: work, Client: delivery.NewClient(cmd.PrivateWebhooks), Keys: pushKeys, Logger: a.log}
	stopDelivery := background(ctx, worker.Run)
	cfg := web.Config{
		Store: s, Events: work, Auth: verifier, Chat: chat, Inbox: inbox, PushKey: pushKeys.Public, PrivateWebhooks: cmd.PrivateWebhooks, Tools: all, Rules: a.rules, Library: store.NewLibrary(pool), Questions: words.Questions, People: people, Zone: a.zone, SignUpURL: cmd.SignUp, Logger: a.log,
		Tickets: tickets,
		Reviews: store.NewReviews(pool), CaseFolder: cmd.CaseFolder,
	}
	exports := web.NewExportWorker(cfg)
	stopExports := loop(ctx, a, exportEvery, "exporting", func(ctx context.Context) error {
		for {
			if worked, err := exports.Step(ctx); !worked || err != nil {
				return err
			}
		}
	})
	return web.New(cfg), func() {
		for _, stop := range []func(){stopExports, stopDelivery, stopInbox, stopSignals, stopWatch, stopEmbed, stopSettle, stopTasks, stopForget, stopLarge, stopRank, stopFold, stopAgent} {
			stop()
		}
	}, nil
}

// background runs f until it is stopped.
func background(ctx context.Context, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { f(ctx) })
	return func() { cancel(); wg.Wait() }
}

// loop does a step at once, and again every so often, until it is stopped. A step that fails is logged and tried again.
func loop(ctx context.Context, a *app, every time.Duration, what string, step func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if err := step(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, what+" failed, will try again", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

func serve(ctx context.Context, a *app, listener net.Listener, handler http.Handler) error {
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	a.log.Info("shutting down")
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := srv.Shutdown(closing); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// devPeople are those of the demo program.
func devPeople() []web.Person {
	p := demo.Cast()
	var out []web.Person
	for _, x := range []struct {
		demo.Person
		note string
	}{
		{p.Partner, "Partner with sub-partners: the main one of the demo program"}, {p.SubPartner, "Sub-partner of the partner above"},
		{p.BD, "BD manager of both"}, {p.Content, "Content editor"}, {p.Operator, "Operator"},
	} {
		out = append(out, web.Person{UID: x.UID, Role: x.Role, Name: x.Name, Note: x.note})
	}
	return out
}

// greet says where the hub is and, in development mode, how to begin.
func (cmd *serveCmd) greet(a *app, addr net.Addr) {
	at := addr.String()
	if host, port, err := net.SplitHostPort(at); err == nil && (strings.HasPrefix(host, "127.") || host == "::1" || host == "::") {
		at = "localhost:" + port
	}
	fmt.Fprintf(a.stderr, "\nPartner Hub is at http://%s\n", at)
	if !cmd.Dev {
		return
	}
	fmt.Fprint(a.stderr, "\n*** DEVELOPMENT MODE: anybody who reaches this address can sign in as anybody. ***\n\nSign in as:\n")
	for _, p := range devPeople() {
		fmt.Fprintf(a.stderr, "  %-8s %6d  %-16s %s\n", p.Role, p.UID, p.Name, p.Note)
	}
	fmt.Fprintf(a.stderr, "\nOr ask in another terminal:\n  %s ask --as %d \"How much commission did I earn this week?\"\n\n", "bin/partnerhub", demo.Cast().Partner.UID)
}
