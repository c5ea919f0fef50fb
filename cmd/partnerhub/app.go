package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/agent/offline"
	"partnerhub/delivery"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/knowledge"
	"partnerhub/library"
	"partnerhub/prompts"
	"partnerhub/store"
	"partnerhub/store/localpg"
	"partnerhub/tools"
)

// app opens what a command needs, and closes it all again.
type app struct {
	settings
	zone           *time.Location
	log            *slog.Logger
	stdin          io.Reader
	stdout, stderr io.Writer

	rules   *knowledge.Library // the rule library that the assistant answers from
	closers []func() error
}

func (a *app) close() error {
	var err error
	for i := len(a.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, a.closers[i]())
	}
	return err
}

// database is the URL of the database, with the private PostgreSQL started, and migrated, if there is no other.
func (a *app) database(ctx context.Context) (string, error) {
	if a.DatabaseURL != "" {
		return a.DatabaseURL, store.CheckSchema(ctx, a.DatabaseURL)
	}
	pg, err := localpg.Open(ctx, a.Home, a.log)
	if err != nil {
		return "", err
	}
	a.closers = append(a.closers, pg.Close)
	return pg.URL(), store.Migrate(ctx, pg.URL())
}

// How many connections a process has at most: those of its callers, unless the URL says pool_max_conns, and those of a server's own work, which
// takes events in, folds, pays and delivers. They are apart so that neither waits for the other's.
const (
	callerConns = 12
	workConns   = 8
)

// pool connects to the database.
func (a *app) pool(ctx context.Context) (*pgxpool.Pool, error) {
	url, err := a.database(ctx)
	if err != nil {
		return nil, err
	}
	cfg, err := store.PoolConfig(url)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = callerConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() error { pool.Close(); return nil })
	return pool, nil
}

// store opens the program's data.
func (a *app) store(ctx context.Context) (*store.Store, *pgxpool.Pool, error) {
	pool, err := a.pool(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, pool, a.zone)
	if err != nil {
		return nil, nil, err
	}
	programs, err := prompts.Programs()
	if err == nil {
		err = s.SeedPrograms(ctx, programs)
	}
	return s, pool, err
}

// ownWork is the data for what a server does by itself, on connections of its own.
func (a *app) ownWork(ctx context.Context, callers *pgxpool.Pool) (*store.Store, error) {
	cfg := callers.Config()
	cfg.MaxConns = workConns
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() error { pool.Close(); return nil })
	return store.Open(ctx, pool, a.zone)
}

// assistant is an agent over the data, with its model if one is set. A solo one answers its own messages only, and leaves
// what other workers left unfinished to the server.
func (a *app) assistant(s *store.Store, pool *pgxpool.Pool, now func() time.Time, solo bool) (*agent.Agent, []tools.Tool, *prompts.Prompts, error) {
	return a.assistantOf(s, pool, now, solo, func(m llms.Model) llms.Model { return m }, func(all []tools.Tool) []tools.Tool { return all })
}

// assistantOf is assistant with something around its model, if it has one, and around its tools.
func (a *app) assistantOf(
	s *store.Store, pool *pgxpool.Pool, now func() time.Time, solo bool, aroundModel func(llms.Model) llms.Model, aroundTools func([]tools.Tool) []tools.Tool,
) (*agent.Agent, []tools.Tool, *prompts.Prompts, error) {
	words, err := prompts.Load()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("prompts: %w", err)
	}
	price, err := a.price()
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := a.tools(s, pool, words, now, solo)
	if err != nil {
		return nil, nil, nil, err
	}
	all = aroundTools(all)
	asked, err := a.rules.Asked(context.Background())
	if err != nil {
		return nil, nil, nil, err
	}
	planner := offline.New(words, asked, now, a.zone)
	var model llms.Model
	if a.Model != "" {
		m, err := agent.NewOpenAI(agent.OpenAIConfig{BaseURL: a.OpenAIBaseURL, APIKey: a.OpenAIAPIKey, Model: a.Model, MaxRetries: 2})
		if err != nil {
			return nil, nil, nil, err
		}
		a.closers = append(a.closers, func() error { m.Close(); return nil })
		model = aroundModel(m)
	}
	conversations := store.NewConversations(pool)
	ag, err := agent.New(agent.Config{
		Log: conversations, Proposals: s, Notes: conversations, Model: model, Offline: planner, Tools: all, Suggest: planner.Suggest,
		Offer:  conversation.Ask{Question: words.Answer("handoff.offer"), Options: words.Options("handoff.offer")},
		System: func(_ context.Context, c domain.Caller) string { return words.System(c, now(), a.zone) },
		Now:    now, Zone: a.zone, Logger: a.log, Solo: solo,
		ModelName: a.Model, Prompts: words.Fingerprint, Price: price,
	})
	return ag, all, words, err
}

// tools are all tools over the data. Solo ones have no limits on what one caller may propose or complain of: whoever runs the program on the
// database may ask as often as a test set has questions.
func (a *app) tools(s *store.Store, pool *pgxpool.Pool, words *prompts.Prompts, now func() time.Time, solo bool) ([]tools.Tool, error) {
	lib, err := a.library(context.Background(), pool, words)
	if err != nil {
		return nil, err
	}
	a.rules = lib
	desk, err := a.desk()
	if err != nil {
		return nil, err
	}
	tickets := store.NewTickets(pool, desk)
	if solo {
		s, tickets = s.Unlimited(), tickets.Unlimited()
	}
	return tools.All(tools.Deps{
		Programs: s, Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Library: lib, Tickets: tickets, Fund: s,
		Now: now, Zone: a.zone, Advice: words.Advice,
	}), nil
}

// price is what the model's tokens cost.
func (a *app) price() (p agent.Price, err error) {
	if p.In, err = domain.ParseMoney(a.PriceIn); err != nil {
		return p, usagef("--price-in %q: %v", a.PriceIn, err)
	}
	if p.Out, err = domain.ParseMoney(a.PriceOut); err != nil {
		return p, usagef("--price-out %q: %v", a.PriceOut, err)
	}
	return p, nil
}

// desk is how the people who take tickets work.
func (a *app) desk() (handoff.Desk, error) {
	zone := a.zone
	if a.OfficeZone != "" {
		var err error
		if zone, err = time.LoadLocation(a.OfficeZone); err != nil || a.OfficeZone == "Local" {
			return handoff.Desk{}, usagef("--office-zone %q: not an IANA time zone such as Europe/Berlin", a.OfficeZone)
		}
	}
	d, err := handoff.ParseDesk(a.OfficeHours, zone, a.SupportURL)
	if err != nil {
		return d, usagef("--%s", err)
	}
	d.Mail = a.SMTPServer != ""
	return d, nil
}

// mailer sends tickets by mail; nil where no server is set.
func (a *app) mailer() (*delivery.Mailer, error) {
	if a.SMTPServer == "" {
		return nil, nil
	}
	m, err := delivery.NewMailer(delivery.MailConfig{Server: a.SMTPServer, TLS: a.SMTPTLS, User: a.SMTPUser, Password: a.SMTPPassword, From: a.SMTPFrom, To: a.SMTPTo, Hub: a.PublicURL})
	if err != nil {
		return nil, usagef("--%s", err)
	}
	return m, nil
}

// library is the rule library. A database that has none gets the sample program's.
func (a *app) library(ctx context.Context, pool *pgxpool.Pool, words *prompts.Prompts) (*knowledge.Library, error) {
	lib, err := a.bareLibrary(pool, words)
	if err != nil {
		return nil, err
	}
	version, err := store.NewLibrary(pool).ActiveVersion(ctx)
	if err != nil || version > 0 {
		return lib, err
	}
	articles, err := knowledge.Load(library.Files)
	if err != nil {
		return nil, err
	}
	_, err = lib.Publish(ctx, domain.Caller{Role: domain.RoleService}, articles, "the sample program's library", time.Now())
	return lib, err
}

// bareLibrary is the rule library as the database has it: empty in a new one.
func (a *app) bareLibrary(pool *pgxpool.Pool, words *prompts.Prompts) (*knowledge.Library, error) {
	synonyms, err := knowledge.NewSynonyms(words.Synonyms)
	if err != nil {
		return nil, fmt.Errorf("prompts: %w", err)
	}
	var wanted knowledge.Embedder = knowledge.BuiltIn{}
	if a.Embedding != "" {
		if wanted, err = knowledge.NewOpenAI(knowledge.OpenAIConfig{BaseURL: a.OpenAIBaseURL, APIKey: a.OpenAIAPIKey, Model: a.Embedding}); err != nil {
			return nil, err
		}
	}
	return knowledge.New(store.NewLibrary(pool), wanted, synonyms, a.zone), nil
}

// print writes one JSON object a line.
func (a *app) print(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
