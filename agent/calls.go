package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/tools"
)

// outcome is what a call came to: a result or an error.
type outcome struct {
	result json.RawMessage
	err    *domain.Error
}

// content is what the model reads.
func (o outcome) content() string {
	if o.err == nil {
		return string(o.result)
	}
	b, err := json.Marshal(map[string]any{"error": o.err})
	if err != nil {
		panic(err) // strings
	}
	return string(b)
}

// planned is a call on its way.
type planned struct {
	id, name string
	args     json.RawMessage // compact
	tool     tools.Tool
	refused  *domain.Error // why it is not run
	done     chan outcome
}

func (p planned) key() string { return p.name + " " + string(p.args) }

// parallelCalls is how many tools of one answer run at the same time.
const parallelCalls = 8

// execute runs the calls of one answer: reads side by side, and after them at most one that does something. Results
// are recorded in the order of the calls. done says that a question to the partner ends the turn.
//
// An unknown tool, arguments that are refused and a call that was made before are each told to the model once; the
// second time it is *degraded.
func (t *turn) execute(ctx context.Context, calls []llms.ToolCall) (done bool, err error) {
	if limit := t.agent.cfg.Limits.Calls; len(calls) > limit {
		return false, &degraded{reason: fmt.Sprintf("more than %d tool calls in one answer", limit)}
	}
	batch := t.plan(calls)
	step := &t.steps[len(t.steps)-1]
	for _, p := range batch {
		t.out.add(
			conversation.Event{Type: conversation.CallStart, ToolCallID: p.id, ToolCallName: p.name, ParentMessageID: step.MessageID},
			conversation.Event{Type: conversation.CallArgs, ToolCallID: p.id, Delta: string(p.args)},
			conversation.Event{Type: conversation.CallEnd, ToolCallID: p.id})
	}
	t.runAll(ctx, batch)
	unknown, bad, repeated := false, false, false
	for _, p := range batch {
		o, known := t.known[p.key()]
		switch {
		case p.refused != nil: // not remembered: the same call may be right at another time
			o = outcome{err: p.refused}
		case known:
			repeated = true
		default:
			o = <-p.done
			t.known[p.key()] = o
		}
		if ctx.Err() != nil { // a result that came because the turn ended is none
			return false, t.interrupted(ctx)
		}
		unknown = unknown || o.err != nil && p.tool.Run == nil
		bad = bad || o.err != nil && o.err.Code == domain.CodeInvalid && p.tool.Run != nil
		step.Calls = append(step.Calls, conversation.Call{ID: p.id, Name: p.name, Args: string(p.args), Result: o.content()})
		t.record(p, o, known)
		if o.err == nil {
			t.noteEffect(p.tool, p.id, p.args, o.result)
			done = done || p.tool.Effect == tools.Asks
		}
	}
	for _, fault := range []struct {
		seen   bool
		count  *int
		reason string
	}{
		{unknown, &t.unknownTools, "calls tools that do not exist"},
		{bad, &t.badArguments, "keeps sending bad arguments"},
		{repeated, &t.repetitions, "loops: repeats the same call"},
	} {
		if fault.seen {
			*fault.count++
		}
		if *fault.count > 1 && !done {
			return false, &degraded{reason: fault.reason}
		}
	}
	return done, nil
}

// interrupted is why the turn's context ended: a budget that the planner can take over from, or the end.
func (t *turn) interrupted(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errTurnOver) {
		return &degraded{reason: "turn exceeded its time"}
	}
	return context.Cause(ctx)
}

// plan finds the tools and decides which calls run.
func (t *turn) plan(calls []llms.ToolCall) []planned {
	batch := make([]planned, len(calls))
	reads, doing := false, 0
	for i, c := range calls {
		// Ids are ours: models repeat theirs from turn to turn, and readers tell calls apart by them. Nine letters is
		// what the pickiest endpoint takes back.
		p := planned{id: rand.Text()[:9], done: make(chan outcome, 1)}
		raw := "{}"
		if c.FunctionCall != nil {
			p.name, raw = clip(c.FunctionCall.Name, 64), c.FunctionCall.Arguments
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(raw)); err != nil || !strings.HasPrefix(compact.String(), "{") {
			p.refused = domain.Invalid("", "arguments are not a JSON object")
			compact.Reset()
			compact.WriteString("{}")
		}
		p.args = compact.Bytes()
		tool, known := t.agent.tools[p.name]
		if p.tool = tool; !known {
			p.refused = domain.Errorf(domain.CodeNotFound, "name", "there is no tool %q", p.name)
		}
		reads = reads || known && tool.Effect == tools.Reads
		batch[i] = p
	}
	for i, p := range batch {
		if p.refused != nil || p.tool.Effect == tools.Reads {
			continue
		}
		doing++
		switch {
		case p.tool.Effect == tools.Proposes && reads:
			batch[i].refused = domain.Errorf(domain.CodeConflict, "", "%s may not be called together with reads: call it alone, after their results", p.name)
		case doing > 1:
			batch[i].refused = domain.Errorf(domain.CodeConflict, "", "%s may not be called together with another of its kind", p.name)
		}
	}
	return batch
}

// runAll runs what is to be run; each call's outcome comes on its channel. A call that was made before, in this
// turn or twice in this batch, is not run again.
func (t *turn) runAll(ctx context.Context, batch []planned) {
	slots := make(chan struct{}, parallelCalls)
	var reads sync.WaitGroup
	var doing []planned
	first := map[string]bool{}
	for _, p := range batch {
		if _, known := t.known[p.key()]; known || first[p.key()] || p.refused != nil {
			continue
		}
		first[p.key()] = true
		if p.tool.Effect != tools.Reads {
			doing = append(doing, p)
			continue
		}
		reads.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			p.done <- t.call(ctx, p)
		})
	}
	go func() { // plan has left one of these at most
		reads.Wait()
		for _, p := range doing {
			if p.name == handOffName { // its snapshot is read from the log
				_ = t.out.flush("", "", conversation.Meter{}) // what is not stored yet the snapshot lacks
			}
			p.done <- t.call(ctx, p)
		}
	}()
}

func (t *turn) call(ctx context.Context, p planned) (o outcome) {
	ctx, cancel := context.WithTimeout(ctx, t.agent.cfg.Limits.Tool)
	defer cancel()
	done := make(chan outcome, 1)
	go func() { // a tool that does not heed its context must not hold the turn
		defer func() {
			if panicked := recover(); panicked != nil {
				t.agent.cfg.Logger.Error("tool panicked", "tool", p.name, "panic", panicked)
				done <- outcome{err: domain.AsError(fmt.Errorf("%v", panicked))}
			}
		}()
		result, err := p.tool.Run(tools.InThread(ctx, t.run.ThreadID), t.run.Owner, p.args)
		switch {
		case err != nil:
			e := domain.AsError(err)
			if e.Code == domain.CodeInternal {
				t.agent.cfg.Logger.Error("tool failed", "tool", p.name, "error", err)
			}
			done <- outcome{err: e}
		case len(result) > t.agent.cfg.Limits.Result:
			done <- outcome{err: domain.Errorf(domain.CodeTooLarge, "limit", "the result is too large: ask for less")}
		case !json.Valid(result):
			done <- outcome{err: domain.AsError(fmt.Errorf("%s: result is not JSON", p.name))}
		default:
			done <- outcome{result: result}
		}
	}()
	select {
	case o = <-done:
		if o.err == nil || ctx.Err() == nil {
			return o
		}
	case <-ctx.Done():
	}
	return outcome{err: domain.Errorf(domain.CodeUnavailable, "", "%s took too long", p.name)}
}

// record logs a call's outcome: the result, and its card or its question. The card of a repeated call is there already.
func (t *turn) record(p planned, o outcome, repeated bool) {
	t.out.add(conversation.Event{
		Type: conversation.CallResult, MessageID: p.id + "-result", ToolCallID: p.id, Role: "tool", Content: o.content(),
	})
	if o.err != nil {
		return
	}
	if card, ok := cardFor(p, o.result, t.agent.cfg.Zone); ok && !repeated {
		t.out.add(conversation.CustomEvent(conversation.CardShown, card))
	}
	if p.name == handOffName && !repeated {
		var s handoff.Status
		if err := json.Unmarshal(o.result, &s); err == nil {
			s.Action = handoff.Opens
			t.out.add(conversation.CustomEvent(conversation.Handoff, s))
		}
	}
	if p.tool.Effect == tools.Asks {
		var ask conversation.Ask
		if err := json.Unmarshal(p.args, &ask); err == nil {
			t.out.add(conversation.CustomEvent(conversation.Question, ask))
		}
	}
}

// clip shortens to n bytes at most, and to valid text.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
