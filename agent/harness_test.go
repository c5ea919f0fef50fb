package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var ann, bob = domain.Partner(10001), domain.Partner(10002)

// today is the clock of all tests: a Saturday.
var today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// answer is what a scripted model says to one request.
type answer func(ctx context.Context, r request) (*llms.ContentChoice, error)

type request struct {
	messages []llms.MessageContent
	opts     llms.CallOptions
}

// scripted is a model that plays its answers, the last one for ever.
type scripted struct {
	mu       sync.Mutex
	answers  []answer
	requests []request
}

func script(answers ...answer) *scripted { return &scripted{answers: answers} }

func (m *scripted) GenerateContent(ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption) (*llms.ContentResponse, error) {
	r := request{messages: messages}
	for _, o := range options {
		o(&r.opts)
	}
	m.mu.Lock()
	m.requests = append(m.requests, r)
	next := m.answers[0]
	if len(m.answers) > 1 {
		m.answers = m.answers[1:]
	}
	m.mu.Unlock()
	choice, err := next(ctx, r)
	if err != nil {
		return nil, err
	}
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice}}, nil
}

func (m *scripted) Call(context.Context, string, ...llms.CallOption) (string, error) {
	return "", errors.New("not used")
}

func (m *scripted) asked() []request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests)
}

// text answers in chunks, streamed.
func text(chunks ...string) answer {
	return func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		for _, c := range chunks {
			if r.opts.StreamingFunc == nil {
				break
			}
			if err := r.opts.StreamingFunc(ctx, []byte(c)); err != nil {
				return nil, err
			}
		}
		return &llms.ContentChoice{Content: strings.Join(chunks, ""), StopReason: "stop"}, nil
	}
}

// calls answers with tool calls: name, arguments, name, arguments …
func calls(pairs ...string) answer {
	return func(context.Context, request) (*llms.ContentChoice, error) {
		c := &llms.ContentChoice{StopReason: "tool_calls"}
		for i := 0; i < len(pairs); i += 2 {
			c.ToolCalls = append(c.ToolCalls, llms.ToolCall{ID: fmt.Sprint("call_", i), Type: "function",
				FunctionCall: &llms.FunctionCall{Name: pairs[i], Arguments: pairs[i+1]}})
		}
		return c, nil
	}
}

func fails(err error) answer {
	return func(context.Context, request) (*llms.ContentChoice, error) { return nil, err }
}

// hangs answers nothing until its context ends.
func hangs() answer {
	return func(ctx context.Context, _ request) (*llms.ContentChoice, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

// planner stands for the offline planner: it queries, and then renders the results.
func planner() *scripted {
	return script(func(ctx context.Context, r request) (*llms.ContentChoice, error) {
		results := 0
		for _, m := range r.messages {
			switch m.Role {
			case llms.ChatMessageTypeHuman:
				results = 0
				if strings.Contains(fmt.Sprint(m.Parts), "hello") {
					results = -100
				}
			case llms.ChatMessageTypeTool:
				results++
			}
		}
		switch {
		case results < 0:
			choice, err := text("Hello from the planner.")(ctx, r)
			choice.GenerationInfo = map[string]any{"kind": "smalltalk"}
			return choice, err
		case results == 0:
			return calls("query_metrics", week)(ctx, r)
		}
		return text("You earned 12.3 USDT this week.")(ctx, r)
	})
}

const (
	week     = `{"metrics":["commission"],"period":"this_week"}`
	lastWeek = `{"metrics":["commission"],"period":"last_week"}`
	rendered = "You earned 12.3 USDT this week."
)

type queryArgs struct {
	Metrics []string `json:"metrics"`
	Period  string   `json:"period"`
	GroupBy string   `json:"groupBy,omitempty" enum:"day,week"`
}

// fakes are tools with results in their contract's form, and counters of what was run.
type fakes struct {
	queries, proposals atomic.Int32
	atOnce, most       atomic.Int32
	slow               time.Duration
	callers            sync.Map
}

func (f *fakes) all() []tools.Tool {
	query := tools.Define("query_metrics", "Figures.", func(ctx context.Context, c domain.Caller, in queryArgs) (json.RawMessage, error) {
		f.queries.Add(1)
		f.callers.Store(c, true)
		for n := f.atOnce.Add(1); ; {
			if most := f.most.Load(); n <= most || f.most.CompareAndSwap(most, n) {
				break
			}
		}
		defer f.atOnce.Add(-1)
		select {
		case <-time.After(f.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		from, to, value := "2026-11-16", "2026-11-23", "12.3"
		switch in.Period {
		case "last_week":
			from, to, value = "2026-11-09", "2026-11-16", "40.1"
		case "broken":
			return nil, domain.Invalid("period", "not a period")
		case "crash":
			panic("a bug")
		case "lost":
			return nil, errors.New("password=hunter2: connection refused")
		}
		return json.RawMessage(fmt.Sprintf(`{"from":"%sT00:00:00Z","to":"%sT00:00:00Z","asOf":"2026-11-21T12:00:00Z","zone":"UTC",`+
			`"metrics":["commission"],"filters":{},"rows":[{"key":"","commission":"%s"}],"total":{"commission":"%s"}}`, from, to, value, value)), nil
	})
	propose := tools.Define("propose_task", "Proposes.", func(context.Context, domain.Caller, struct{}) (map[string]bool, error) {
		f.proposals.Add(1)
		return map[string]bool{"proposed": true}, nil
	})
	propose.Effect = tools.Proposes
	return []tools.Tool{query, propose, tools.AskUser()}
}

type world struct {
	t     *testing.T
	pool  *pgxpool.Pool
	log   *store.Conversations
	tools *fakes
	agent *agent.Agent
}

// newWorld is an agent at work on a database of its own. model may be nil.
func newWorld(t *testing.T, model llms.Model, change ...func(*agent.Config)) *world {
	t.Helper()
	pool := storetest.New(t)
	return (&world{pool: pool, log: store.NewConversations(pool)}).with(t, model, change...)
}

// with is another agent at work on the same database, with tools of its own to count.
func (w *world) with(t *testing.T, model llms.Model, change ...func(*agent.Config)) *world {
	t.Helper()
	other := &world{t: t, pool: w.pool, log: w.log, tools: &fakes{}}
	other.agent = other.another(model, change...)
	other.run(other.agent)
	return other
}

// another is one more replica, that is not running yet.
func (w *world) another(model llms.Model, change ...func(*agent.Config)) *agent.Agent {
	w.t.Helper()
	cfg := agent.Config{
		Log: w.log, Model: model, Offline: planner(), Tools: w.tools.all(),
		System: func(_ context.Context, c domain.Caller) string { return fmt.Sprint("You help partner ", c.UID, ".") },
		Now:    func() time.Time { return today },
	}
	for _, c := range change {
		c(&cfg)
	}
	a, err := agent.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) run(a *agent.Agent) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = a.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(stop)
	return stop
}

func message(text string) conversation.Message {
	return conversation.Message{ClientID: uuid.NewString(), Text: text}
}

// ask runs one turn to its end.
func (w *world) ask(thread, text string) transcript {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	m := message(text)
	m.ThreadID = thread
	var out transcript
	err := w.agent.Ask(ctx, ann, m, func(l conversation.Logged) error { return out.add(l) })
	if err != nil {
		w.t.Fatalf("ask %q: %v\n%s", text, err, out)
	}
	out.check(w.t)
	return out
}

// transcript is a run's events, for people.
type transcript struct {
	events []conversation.Event
	thread string
	run    string
}

func (tr *transcript) add(l conversation.Logged) error {
	e, err := l.Event()
	if e.Type == conversation.RunStarted {
		tr.thread, tr.run = e.ThreadID, e.RunID
	}
	tr.events = append(tr.events, e)
	return err
}

func (tr transcript) String() string {
	var b strings.Builder
	for _, e := range tr.events {
		switch e.Type {
		case conversation.TextContent:
			fmt.Fprintf(&b, "text %s\n", e.Delta)
		case conversation.CallStart:
			fmt.Fprintf(&b, "call %s", e.ToolCallName)
		case conversation.CallArgs:
			fmt.Fprintf(&b, " %s\n", e.Delta)
		case conversation.CallResult:
			fmt.Fprintf(&b, "result %.120s\n", e.Content)
		case conversation.Custom:
			var card conversation.Card
			if e.Name == conversation.CardShown && json.Unmarshal(e.Value, &card) == nil {
				fmt.Fprintf(&b, "card %s: %s\n", card.Kind, card.Title)
			} else if e.Name != conversation.UserMessage {
				fmt.Fprintf(&b, "%s %s\n", e.Name, e.Value)
			}
		case conversation.RunFinished:
			fmt.Fprintf(&b, "finished %s\n", e.Outcome.Type)
		case conversation.RunError:
			fmt.Fprintf(&b, "error %s: %s\n", e.Code, e.Message)
		}
	}
	return b.String()
}

// custom is the value of the first custom event of that name, or "".
func (tr transcript) custom(name string) string {
	for _, e := range tr.events {
		if e.Type == conversation.Custom && e.Name == name {
			return string(e.Value)
		}
	}
	return ""
}

// answer is the text that stands in the end.
func (tr transcript) answer() string {
	texts := map[string]string{}
	var order []string
	for _, e := range tr.events {
		if e.Type == conversation.TextContent {
			if texts[e.MessageID] == "" {
				order = append(order, e.MessageID)
			}
			texts[e.MessageID] += e.Delta
		}
		var note conversation.FallbackNote
		if e.Type == conversation.Custom && e.Name == conversation.Fallback && json.Unmarshal(e.Value, &note) == nil {
			texts[note.Replaces] = ""
		}
	}
	all := ""
	for _, id := range order {
		all += texts[id]
	}
	return all
}

// check fails the test unless the events are what AG-UI allows: everything begun is ended, in order, and the
// sequence has no gap.
func (tr transcript) check(t *testing.T) {
	t.Helper()
	open := map[string]bool{}
	results := map[string]int{}
	toggle := func(id string, begin bool, e conversation.Event) {
		if open[id] == begin {
			t.Errorf("seq %d: %s twice for %s", e.Seq, e.Type, id)
		}
		open[id] = begin
	}
	for i, e := range tr.events {
		if e.Seq != tr.events[0].Seq+int64(i) {
			t.Errorf("seq %d at place %d after %d", e.Seq, i, tr.events[0].Seq)
		}
		switch e.Type {
		case conversation.RunStarted:
			toggle("run", true, e)
		case conversation.RunFinished, conversation.RunError:
			toggle("run", false, e)
			if i != len(tr.events)-1 {
				t.Errorf("seq %d: events after the end of the run", e.Seq)
			}
		case conversation.StepStarted, conversation.StepFinished:
			toggle("step "+e.StepName, e.Type == conversation.StepStarted, e)
		case conversation.TextStart, conversation.TextEnd:
			toggle("text "+e.MessageID, e.Type == conversation.TextStart, e)
		case conversation.TextContent:
			if !open["text "+e.MessageID] || e.Delta == "" {
				t.Errorf("seq %d: text outside of its message, or empty", e.Seq)
			}
		case conversation.CallStart, conversation.CallEnd:
			toggle("call "+e.ToolCallID, e.Type == conversation.CallStart, e)
			results[e.ToolCallID] += 0
		case conversation.CallResult:
			if results[e.ToolCallID]++; open["call "+e.ToolCallID] || results[e.ToolCallID] > 1 || e.Role != "tool" || e.MessageID == "" || e.Content == "" {
				t.Errorf("seq %d: bad result %+v", e.Seq, e)
			}
		}
	}
	for id, still := range open {
		if still {
			t.Errorf("%s is left open", id)
		}
	}
	if last := tr.events[len(tr.events)-1]; last.Type == conversation.RunFinished {
		for id, n := range results {
			if n != 1 && tr.custom(conversation.Stopped) == "" {
				t.Errorf("call %s has %d results", id, n)
			}
		}
	}
}

func wants(t *testing.T, got fmt.Stringer, want string) {
	t.Helper()
	if got, want := strings.TrimSpace(got.String()), strings.TrimSpace(want); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
