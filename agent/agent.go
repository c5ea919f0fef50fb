// Package agent answers partners: one turn is a loop of model and tools, and all it does goes into a log that any
// number of readers follow.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/tools"
)

// Log keeps runs and their events. Package store implements it, and documents it method by method.
type Log interface {
	Begin(ctx context.Context, c domain.Caller, m conversation.Message, worker string, lease time.Duration, at time.Time) (
		conversation.Started, conversation.History, error)
	Append(ctx context.Context, run conversation.Run, e conversation.Entry, lease time.Duration) (stop bool, err error)
	Events(ctx context.Context, c domain.Caller, thread string, after int64, limit int) ([]conversation.Logged, error)
	Stop(ctx context.Context, c domain.Caller, runID string) error
	History(ctx context.Context, run conversation.Run) (conversation.History, error)
	Beat(ctx context.Context, worker string, runs []string, lease time.Duration) (stopped []string, err error)
	Claim(ctx context.Context, worker string, lease time.Duration) ([]conversation.Run, error)
	Listen(ctx context.Context, wake func(thread, worker string)) error
}

// Config is what an Agent is made of.
type Config struct {
	Log Log
	// Proposals executes what a person approves, and Notes says so in the conversation; nil where nothing can be proposed.
	Proposals Proposals
	Notes     Notes
	// Model answers; nil when there is none, and Offline does it alone.
	Model llms.Model
	// Offline is the planner that finishes a turn when Model fails. What it writes is rendered from results, and is
	// shown as it is.
	Offline llms.Model
	Tools   []tools.Tool
	// System is the system message: who the caller is, today's date and zone, the rules.
	System func(ctx context.Context, c domain.Caller) string
	// Suggest proposes what to ask next; it gets the messages of the conversation, answer included. May be nil.
	Suggest func(messages []llms.MessageContent) []string
	// Offer is how a person is offered after answers that failed the partner; without a question nobody is.
	Offer conversation.Ask
	// Now is the clock; nil means time.Now. Zone is the reporting zone; nil means UTC.
	Now  func() time.Time
	Zone *time.Location
	// Solo leaves the runs of dead workers to others: for a command that answers one message, perhaps by another clock.
	Solo   bool
	Logger *slog.Logger
	Limits Limits
	// ModelName, Prompts (a fingerprint) and Price go into the record of every answer.
	ModelName string
	Prompts   string
	Price     Price
}

// OfflineModel names the offline planner in that record.
const OfflineModel = "offline"

// Price is what a million tokens cost, in micro-USD: those that a model reads, and those that it writes.
type Price struct{ In, Out domain.Money }

// Of is what so many tokens cost. A fraction of a micro-USD is dropped.
func (p Price) Of(in, out int) domain.Money {
	const million = 1_000_000
	whole := func(price domain.Money, n int) domain.Money { // a price times its tokens may not fit, the quotient does
		return price/million*domain.Money(n) + price%million*domain.Money(n)/million
	}
	return whole(p.In, in) + whole(p.Out, out)
}

// Limits bound a turn and its worker. Zero fields have defaults.
type Limits struct {
	Steps     int           // answers with tool calls before a last one without; 8
	Calls     int           // tool calls in one answer; 16
	Tokens    int           // of all answers together, as the model counts them; 200,000
	Turn      time.Duration // of the model, before the offline planner takes over; 2 minutes
	Tool      time.Duration // of one tool; 15 s
	Result    int           // bytes of one tool's result; 256 kB
	Runs      int           // at the same time in this process; 1,000, since most of them wait for a model
	FlushWait time.Duration // how long an event may wait for others to be stored with; 25 ms
	Lease     time.Duration // how long after its last sign of life a worker counts as dead; 15 s
	Drain     time.Duration // how long runs may go on after Run's context ends; 10 s
}

func (l *Limits) fill() {
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Steps, 8}, {&l.Calls, 16}, {&l.Tokens, 200_000}, {&l.Result, 256 << 10}, {&l.Runs, 1000}} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.Turn, 2 * time.Minute}, {&l.Tool, 15 * time.Second}, {&l.FlushWait, 25 * time.Millisecond},
		{&l.Lease, 15 * time.Second}, {&l.Drain, 10 * time.Second},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
}

// Agent is one worker: it answers messages, and finishes what other workers left. Safe for concurrent use.
type Agent struct {
	cfg    Config
	tools  map[string]tools.Tool
	defs   []llms.Tool
	worker string
	hub    hub

	// base is the context of all runs. It outlives the request that began a run, and ends with Run.
	base context.Context
	end  context.CancelCauseFunc

	mu      sync.Mutex
	live    map[string]context.CancelCauseFunc // by run id
	closing bool
	working sync.WaitGroup
}

// Why a run's context ended.
var (
	errStopped  = errors.New("stopped by the partner")
	errLost     = errors.New("taken over by another worker")
	errShutdown = errors.New("the worker shuts down")
	errTurnOver = errors.New("the turn took too long")
)

// New checks the configuration. Answers need Run besides, for leases and for wake-ups from other replicas.
func New(cfg Config) (*Agent, error) {
	switch {
	case cfg.Log == nil:
		return nil, errors.New("agent: Log must be set")
	case cfg.Offline == nil:
		return nil, errors.New("agent: Offline must be set")
	}
	cfg.Limits.fill()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Agent{
		cfg: cfg, tools: map[string]tools.Tool{}, worker: uuid.NewString(),
		live: map[string]context.CancelCauseFunc{},
	}
	a.base, a.end = context.WithCancelCause(context.Background())
	for _, t := range cfg.Tools {
		if _, twice := a.tools[t.Name]; twice {
			return nil, fmt.Errorf("agent: Tools has %s twice", t.Name)
		}
		a.tools[t.Name] = t
		a.defs = append(a.defs, llms.Tool{Type: "function", Function: &llms.FunctionDefinition{
			Name: t.Name, Description: t.Description, Parameters: t.Input,
		}})
	}
	return a, nil
}

// Run keeps the leases of this worker's runs, takes over what dead workers left, and hears of what other replicas
// add, until ctx ends. Then it refuses new messages, gives the runs under way Limits.Drain to end, and hands the rest
// over to whoever claims them.
func (a *Agent) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	loops.Go(func() { a.every(beating, a.cfg.Limits.Lease/3, a.beat) }) // also while the runs are drained
	if !a.cfg.Solo {
		loops.Go(func() { a.every(ctx, a.cfg.Limits.Lease/2, a.sweep) })
		loops.Go(func() { a.every(ctx, a.cfg.Limits.Lease/2, a.sweepProposals) })
	}
	loops.Go(func() { a.listen(ctx) })
	<-ctx.Done()

	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	drained := make(chan struct{})
	go func() { a.working.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-time.After(a.cfg.Limits.Drain):
	}
	a.end(errShutdown)
	<-drained
	stopBeating()
	loops.Wait()
	return nil
}

func (a *Agent) every(ctx context.Context, interval time.Duration, do func(context.Context) error) {
	tick := time.NewTicker(max(interval, time.Millisecond))
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			a.cfg.Logger.Error("run log", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// beat extends the leases of the runs that are alive here; a run whose end could not be stored is not among
// them any more, and is left to the sweepers.
func (a *Agent) beat(ctx context.Context) error {
	a.mu.Lock()
	runs := make([]string, 0, len(a.live))
	for id := range a.live {
		runs = append(runs, id)
	}
	a.mu.Unlock()
	if len(runs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Limits.Lease)
	defer cancel()
	stopped, err := a.cfg.Log.Beat(ctx, a.worker, runs, a.cfg.Limits.Lease)
	for _, id := range stopped {
		a.cancel(id, errStopped)
	}
	return err
}

// sweep takes over runs of dead workers, unless this one is full.
func (a *Agent) sweep(ctx context.Context) error {
	a.mu.Lock()
	full := len(a.live) >= a.cfg.Limits.Runs
	a.mu.Unlock()
	if full {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Limits.Lease)
	defer cancel()
	runs, err := a.cfg.Log.Claim(ctx, a.worker, a.cfg.Limits.Lease)
	for _, run := range runs {
		history, err := a.cfg.Log.History(ctx, run)
		if err != nil {
			return err // the lease runs out again, and somebody claims it again
		}
		if err := a.start(run, history); err != nil {
			return err
		}
	}
	return err
}

func (a *Agent) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := a.cfg.Log.Listen(ctx, func(thread, worker string) {
			switch {
			case thread == "":
				a.hub.hears(true)
			case worker != a.worker: // its own runs have woken the readers here themselves
				a.hub.wake(thread)
			}
		})
		a.hub.hears(false)
		if ctx.Err() == nil {
			a.cfg.Logger.Warn("not hearing other replicas, polling meanwhile", "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// Send stores a message and begins to answer it. The answer is in the log: Follow it. The run belongs to this
// worker, not to ctx.
//
// Errors: CodeInvalid and CodeTooLarge on the message's fields; CodeNotFound for a thread that the caller does not
// have; CodeBusy while the thread's message before is being answered, or the worker is full; CodeUnavailable while it
// shuts down.
func (a *Agent) Send(ctx context.Context, c domain.Caller, m conversation.Message) (conversation.Started, error) {
	m, err := m.Clean()
	if err != nil {
		return conversation.Started{}, err
	}
	a.mu.Lock()
	full, closing := len(a.live) >= a.cfg.Limits.Runs, a.closing
	a.mu.Unlock()
	switch {
	case closing:
		return conversation.Started{}, domain.Errorf(domain.CodeUnavailable, "", "shutting down")
	case full:
		return conversation.Started{}, domain.Errorf(domain.CodeBusy, "", "too many answers are being written; try again in a moment")
	}
	started, history, err := a.cfg.Log.Begin(ctx, c, m, a.worker, a.cfg.Limits.Lease, a.cfg.Now())
	if err != nil || started.Duplicate {
		return started, err
	}
	a.hub.wake(started.Run.ThreadID)
	if started.State != conversation.Running { // a BD holds the conversation, and answers
		return started, nil
	}
	// A worker that has begun to shut down since leaves the run to the sweepers.
	return started, a.start(started.Run, history)
}

// Stop ends a run of the caller's: at once when it is this worker's, at its worker's next sign of life otherwise.
// It returns CodeNotFound for a run that the caller does not have.
func (a *Agent) Stop(ctx context.Context, c domain.Caller, runID string) error {
	if err := a.cfg.Log.Stop(ctx, c, runID); err != nil {
		return err
	}
	a.cancel(runID, errStopped) // after the log has found the run among the caller's
	return nil
}

func (a *Agent) cancel(runID string, cause error) {
	a.mu.Lock()
	cancel := a.live[runID]
	a.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// start works on a run in a goroutine of its own.
func (a *Agent) start(run conversation.Run, history conversation.History) error {
	ctx, cancel := context.WithCancelCause(a.base)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		cancel(errShutdown)
		return domain.Errorf(domain.CodeUnavailable, "", "shutting down")
	}
	a.live[run.ID] = cancel
	a.working.Go(func() {
		defer func() {
			a.mu.Lock()
			delete(a.live, run.ID)
			a.mu.Unlock()
			cancel(nil)
		}()
		a.work(ctx, cancel, run, history)
	})
	return nil
}

// Follow hands the events of a thread after a sequence number to fn, in order and none twice, as they are stored,
// by whichever replica. It returns when ctx ends or fn fails, with that error; or CodeNotFound for a thread that the
// caller does not have, also when it is deleted meanwhile.
func (a *Agent) Follow(
	ctx context.Context, c domain.Caller, thread string, after int64, fn func([]conversation.Logged) error,
) error {
	const page = 500
	woken, done := a.hub.subscribe(thread)
	defer done()
	for {
		events, err := a.cfg.Log.Events(ctx, c, thread, after, page)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if err := fn(events); err != nil {
				return err
			}
			after = events[len(events)-1].Seq
		}
		if len(events) == page {
			continue
		}
		poll := time.NewTimer(a.hub.pollAfter())
		select {
		case <-woken:
		case <-poll.C:
		case <-ctx.Done():
			poll.Stop()
			return ctx.Err()
		}
		poll.Stop()
	}
}
