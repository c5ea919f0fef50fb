package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/tools"
)

// The kinds of answers (SPEC 13).
const (
	kindAnswer     = "answer"
	kindClarify    = "clarify"
	kindCollecting = "collecting"
	kindProposal   = "proposal"
	kindHandoff    = "handoff"
	kindSmalltalk  = "smalltalk"
	kindOutOfScope = "out_of_scope"
)

// intentUnclear is what the planner says of a question that it does not understand; what is none of its business is not that.
const intentUnclear = "unclear"

// searchRulesName is the tool that looks into the rule library.
const searchRulesName = "search_rules"

// handOffName is the tool that hands the conversation to a person; any other that proposes makes a proposal.
const handOffName = "hand_off"

// maxAttempts is how many workers may die of a run before it is closed with an error.
const maxAttempts = 3

// offlineTime bounds the offline planner within a turn. Just after a start it may still be learning its examples.
const offlineTime = time.Minute

// turn is one run while it is worked on.
type turn struct {
	agent *Agent
	run   conversation.Run
	out   *recorder

	system  string
	earlier []conversation.Said
	history []conversation.Turn
	user    string
	steps   []conversation.Step // of this turn: what the model has said, and the results it got

	answers int    // of the model, to number its messages
	inStep  string // the step that is open
	tokens  int
	meter   conversation.Meter
	kind    string // what the planner says of its answer
	intent  string // and of the question
	bad     int    // answers before this one that failed the partner, in a row
	effects map[string]bool
	// proposed is what the turn waits for a decision on, nil when nothing was proposed.
	proposed *proposed
	known    map[string]outcome // results by tool and arguments, so that a repetition costs nothing
	// How often the model did what is forgiven once.
	unknownTools, badArguments, repetitions int
}

// degraded says why the model's turn is finished by the offline planner.
type degraded struct {
	reason   string
	replaces string // the message whose text does not count
}

func (d *degraded) Error() string { return d.reason }

// work answers the run's message and closes its log, whatever happens on the way.
func (a *Agent) work(ctx context.Context, abort context.CancelCauseFunc, run conversation.Run, h conversation.History) {
	log := a.cfg.Logger.With("run", run.ID, "attempt", run.Attempt)
	out := &recorder{
		log: a.cfg.Log, run: run, limits: a.cfg.Limits, now: a.cfg.Now, abort: abort, last: h.Last,
		wake: func() { a.hub.wake(run.ThreadID) },
	}
	t := &turn{
		agent: a, run: run, out: out, earlier: h.Earlier,
		effects: map[string]bool{}, known: map[string]outcome{}, bad: h.Bad,
		meter: conversation.Meter{Model: OfflineModel, Prompts: a.cfg.Prompts},
	}
	if a.cfg.Model != nil {
		t.meter.Model = a.cfg.ModelName
	}
	err := t.recall(h)
	if err == nil {
		err = t.guarded(ctx)
	}
	t.closeStep()
	text := conversation.Turn{Steps: t.steps}.Text()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errLost):
		log.Warn("lost the run to another worker")
		return
	case errors.Is(cause, errShutdown) && err != nil:
		err = out.release()
	case errors.Is(cause, errStopped) && err != nil:
		out.add(conversation.CustomEvent(conversation.Stopped, struct{}{}), t.finished())
		err = out.end(conversation.Halted, text, t.meter)
	case err != nil:
		log.Error("run failed", "error", err)
		e := domain.AsError(err)
		t.offer(true)
		out.add(conversation.Event{Type: conversation.RunError, Message: e.Message, Code: string(e.Code)})
		err = out.end(conversation.Failed, text, t.meter)
	case t.proposed != nil:
		out.add(t.interrupt()...)
		err = out.end(conversation.Finished, text, t.meter)
	default:
		out.add(t.finished())
		err = out.end(conversation.Finished, text, t.meter)
	}
	if err != nil {
		log.Error("the end of a run could not be stored", "error", err)
	}
}

func (t *turn) finished() conversation.Event {
	return conversation.Event{
		Type: conversation.RunFinished, ThreadID: t.run.ThreadID, RunID: t.run.ID,
		Outcome: &conversation.Outcome{Type: "success"},
	}
}

// recall reads the turn out of the log. A run that was taken over goes on after the results it already has.
func (t *turn) recall(h conversation.History) error {
	turns, err := conversation.Replay(h.Log)
	if err != nil {
		return err
	}
	for _, past := range turns {
		if past.RunID == t.run.ID {
			t.user, t.steps = past.User, past.Steps
		} else {
			t.history = append(t.history, past)
		}
	}
	if t.user == "" {
		return fmt.Errorf("run %s: no message in its log", t.run.ID)
	}
	if t.run.Attempt == 1 {
		return nil
	}
	var mine []conversation.Logged
	for _, l := range h.Log {
		if l.Run == t.run.ID {
			mine = append(mine, l)
		}
	}
	open, err := conversation.Unclosed(mine)
	if err != nil {
		return err
	}
	t.out.add(open...)
	for _, s := range t.steps {
		for _, c := range s.Calls {
			if tool, known := t.agent.tools[c.Name]; known && !isError(c.Result) {
				t.noteEffect(tool, c.ID, json.RawMessage(c.Args), json.RawMessage(c.Result))
			}
		}
	}
	switch {
	case t.run.Attempt > maxAttempts:
		return domain.Errorf(domain.CodeInternal, "", "the answer was interrupted several times; please ask again")
	case (conversation.Turn{Steps: t.steps}).Text() != "":
		// What was shown cannot be taken back, and a second answer would double it.
		return domain.Errorf(domain.CodeInternal, "", "the answer was interrupted; please ask again")
	}
	return nil
}

// guarded is answer, with a panic made an error: one turn must not take the others of its worker down.
func (t *turn) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a turn: %v", p)
		}
	}()
	if t.agent.cfg.System != nil {
		t.system = t.agent.cfg.System(ctx, t.run.Owner)
	}
	return t.answer(ctx)
}

// answer runs the model, and the offline planner where the model fails, within the same turn (SPEC A17).
func (t *turn) answer(ctx context.Context) error {
	cfg := t.agent.cfg
	var err error
	if cfg.Model == nil {
		err = t.offline(ctx)
	} else {
		limited, cancel := context.WithTimeoutCause(ctx, cfg.Limits.Turn, errTurnOver)
		err = t.drive(limited, cfg.Model, false)
		cancel()
		if why := (*degraded)(nil); errors.As(err, &why) {
			t.out.add(conversation.CustomEvent(conversation.Fallback, conversation.FallbackNote{Reason: why.reason, Replaces: why.replaces}))
			t.agent.cfg.Logger.Warn("the offline planner takes over", "run", t.run.ID, "reason", why.reason)
			t.meter.Fallback = why.reason
			t.forget(why.replaces)
			err = t.offline(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t.conclude(ctx)
	return nil
}

// offline lets the planner answer, or finish.
func (t *turn) offline(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, offlineTime)
	defer cancel()
	err := t.drive(ctx, t.agent.cfg.Offline, true)
	if why := (*degraded)(nil); errors.As(err, &why) {
		return fmt.Errorf("offline planner: %s", why.reason)
	}
	return err
}

// forget leaves out of the turn what the planner has no use for: replaced text, and calls that failed.
func (t *turn) forget(replaced string) {
	var kept []conversation.Step
	for _, s := range t.steps {
		if s.MessageID == replaced {
			s.Text = ""
		}
		var good []conversation.Call
		for _, c := range s.Calls {
			if !isError(c.Result) {
				good = append(good, c)
			}
		}
		if s.Calls = good; s.Text != "" || len(s.Calls) > 0 {
			kept = append(kept, s)
		}
	}
	t.steps = kept
	t.unknownTools, t.badArguments, t.repetitions, t.kind = 0, 0, 0, ""
}

// drive is the loop: the model's answer, its tool calls, their results, until it answers in text. It returns
// *degraded for what another model may do better, or ctx's error.
func (t *turn) drive(ctx context.Context, model llms.Model, trusted bool) error {
	for step := 1; ; step++ {
		last := step > t.agent.cfg.Limits.Steps
		t.openStep()
		done, err := t.step(ctx, model, trusted, last)
		t.closeStep()
		if err != nil || done {
			return err
		}
		if t.tokens > t.agent.cfg.Limits.Tokens && !trusted {
			return &degraded{reason: "token budget used up"}
		}
	}
}

// step is one answer of the model and the calls in it. done says that the turn has its answer.
func (t *turn) step(ctx context.Context, model llms.Model, trusted, last bool) (done bool, err error) {
	p := t.prose(trusted)
	choice, err := t.generate(ctx, model, p, last)
	if err != nil {
		return false, err
	}
	if kind, ok := choice.GenerationInfo["kind"].(string); ok {
		t.kind = kind
	}
	if intent, ok := choice.GenerationInfo["intent"].(string); ok {
		t.intent = intent
	}
	n, _ := choice.GenerationInfo["TotalTokens"].(int)
	t.tokens += n
	t.charge(choice.GenerationInfo)
	p.close(choice.Content)
	t.steps = append(t.steps, conversation.Step{MessageID: p.id, Text: p.shown.String()})
	if len(choice.ToolCalls) == 0 {
		return true, p.verdict(choice.StopReason)
	}
	if last {
		return false, &degraded{reason: "loops: still calls tools at the step limit"}
	}
	return t.execute(ctx, choice.ToolCalls)
}

// charge adds what one answer of a model took, as its endpoint tells it.
func (t *turn) charge(info map[string]any) {
	in, _ := info["PromptTokens"].(int)
	out, _ := info["CompletionTokens"].(int)
	t.meter.TokensIn += in
	t.meter.TokensOut += out
	t.meter.Cost = t.agent.cfg.Price.Of(t.meter.TokensIn, t.meter.TokensOut)
}

// generate asks the model for one answer. The last one gets the tools, since its messages speak of them, but
// may not call any.
func (t *turn) generate(ctx context.Context, model llms.Model, p *prose, last bool) (*llms.ContentChoice, error) {
	opts := []llms.CallOption{
		llms.WithTools(t.agent.defs),
		llms.WithStreamingFunc(func(_ context.Context, chunk []byte) error {
			p.write(string(chunk))
			return ctx.Err()
		}),
	}
	if last {
		opts = append(opts, llms.WithToolChoice("none"))
	}
	answer, err := model.GenerateContent(ctx, t.messages(), opts...)
	switch {
	case errors.Is(context.Cause(ctx), errTurnOver):
		return nil, p.spoiled("turn exceeded its time")
	case ctx.Err() != nil:
		p.abandon()
		t.steps = append(t.steps, conversation.Step{MessageID: p.id, Text: p.shown.String()})
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, p.spoiled(modelFault(err))
	case len(answer.Choices) == 0 || answer.Choices[0] == nil:
		return nil, p.spoiled(modelFault(ErrEmptyAnswer))
	}
	return answer.Choices[0], nil
}

// modelFault is a reason fit for a log that partners can read: the kind of the error, not its text.
func modelFault(err error) string {
	var endpoint *EndpointError
	var limited *RateLimitedError
	switch {
	case errors.As(err, &limited):
		return "model rate limited"
	case errors.As(err, &endpoint) && endpoint.Status != 0:
		return fmt.Sprintf("model endpoint error %d", endpoint.Status)
	}
	for _, known := range []error{
		ErrModelRequest, ErrModelUnreachable, ErrModelStalled, ErrModelTimeout, ErrStreamCut,
		ErrBadFrame, ErrBadToolCall, ErrEmptyAnswer, ErrResponseTooLarge,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "model failed"
}

func (t *turn) openStep() {
	t.answers++
	t.inStep = fmt.Sprintf("step %d.%d", t.run.Attempt, t.answers)
	t.out.add(conversation.Event{Type: conversation.StepStarted, StepName: t.inStep})
}

// closeStep ends the step that is open, if one is. Text and calls are closed where they were begun.
func (t *turn) closeStep() {
	if t.inStep != "" {
		t.out.add(conversation.Event{Type: conversation.StepFinished, StepName: t.inStep})
		t.inStep = ""
	}
}

// conclude says what kind of answer it was, and what might be asked next.
func (t *turn) conclude(ctx context.Context) {
	kind := t.kindOfAnswer(ctx)
	t.meter.Kind = kind
	t.meter.Unanswered = t.unanswered(kind)
	t.offer(t.meter.Unanswered)
	t.out.add(conversation.CustomEvent(conversation.KindOf, map[string]string{"kind": kind}))
	if t.agent.cfg.Suggest == nil || t.meter.Offered || kind == kindClarify || kind == kindCollecting || kind == kindProposal {
		return
	}
	items := t.agent.cfg.Suggest(t.messages())
	if len(items) > 3 {
		items = items[:3]
	}
	if len(items) > 0 {
		t.out.add(conversation.CustomEvent(conversation.Suggestions, map[string][]string{"items": items}))
	}
}

func (t *turn) kindOfAnswer(ctx context.Context) string {
	switch {
	case t.effects[kindCollecting]:
		return kindCollecting
	case t.effects[kindClarify]:
		return kindClarify
	case t.effects[kindHandoff]:
		return kindHandoff
	case t.effects[kindProposal]:
		return kindProposal
	}
	called := false
	for _, s := range t.steps {
		called = called || len(s.Calls) > 0
	}
	if t.kind == "" && !called {
		// A model does not say why it called no tool; the planner can tell.
		asked := turn{agent: t.agent, system: t.system, earlier: t.earlier, history: t.history, user: t.user}
		answer, err := t.agent.cfg.Offline.GenerateContent(ctx, asked.messages(), llms.WithTools(t.agent.defs))
		if err == nil && len(answer.Choices) > 0 && len(answer.Choices[0].ToolCalls) == 0 {
			t.kind, _ = answer.Choices[0].GenerationInfo["kind"].(string)
			t.intent, _ = answer.Choices[0].GenerationInfo["intent"].(string)
		}
	}
	switch t.kind {
	case kindSmalltalk, kindOutOfScope, kindClarify:
		return t.kind
	}
	return kindAnswer // also where the planner says that it cannot do that yet
}

// unanswered reports whether the answer says that the question was not understood, or that the library does not know.
func (t *turn) unanswered(kind string) bool {
	if kind == kindOutOfScope && t.intent == intentUnclear {
		return true
	}
	calls, unknown := 0, 0
	for _, s := range t.steps {
		for _, c := range s.Calls {
			var found struct{ Answered *bool }
			calls++
			if c.Name == searchRulesName && json.Unmarshal([]byte(c.Result), &found) == nil && found.Answered != nil && !*found.Answered {
				unknown++
			}
		}
	}
	return calls > 0 && unknown == calls
}

// noteEffect remembers what a call that succeeded did, for the answer's kind.
func (t *turn) noteEffect(tool tools.Tool, call string, args, result json.RawMessage) {
	switch tool.Effect {
	case tools.Asks:
		var asked struct{ Pending json.RawMessage }
		if json.Unmarshal(args, &asked) == nil && len(asked.Pending) > 0 && string(asked.Pending) != "null" {
			t.effects[kindCollecting] = true
		} else {
			t.effects[kindClarify] = true
		}
	case tools.Proposes:
		if tool.Name == handOffName {
			t.effects[kindHandoff] = true
		} else {
			t.effects[kindProposal] = true
			p := &proposed{call: call}
			if err := json.Unmarshal(result, &p.Proposed); err == nil && p.ProposalID != "" {
				t.proposed = p
			}
		}
	}
}

func isError(result string) bool { return strings.HasPrefix(result, `{"error":`) }
