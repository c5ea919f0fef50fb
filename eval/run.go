package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"partnerhub/agent"
	"partnerhub/demo"
	"partnerhub/domain"
	"partnerhub/domain/feedback"
)

// Result is one way of saying a dialog, and how it went.
type Result struct {
	Case  string   `json:"case"`
	Said  []string `json:"said"`            // the turns, up to the last one that was run
	Wrong []string `json:"wrong,omitempty"` // of its last turn; the dialog ends there
	Calls [][]Call `json:"-"`               // wanted, by turn
	// Measured is the case's.
	Measured bool `json:"measured,omitempty"`
	// Fallback says why the offline planner took over in one of the turns, if it did.
	Fallback string `json:"fallback,omitempty"`
	// Fault says who failed, when somebody did.
	Fault Fault    `json:"fault,omitempty"`
	Turns []Played `json:"turns,omitempty"`
	Way   string   `json:"-"` // all that would have been said
	State *bool    `json:"state,omitempty"`
}

// Played is a turn as it came out.
type Played struct {
	Said       string          `json:"said"`
	Text       string          `json:"text"`
	Kind       string          `json:"kind"`
	Calls      []feedback.Call `json:"calls,omitempty"` // without results
	Ungrounded []string        `json:"ungrounded,omitempty"`
	Millis     int64           `json:"latencyMs"`
	TokensIn   int             `json:"tokensIn,omitempty"`
	TokensOut  int             `json:"tokensOut,omitempty"`

	figures                  bool // it speaks of figures
	abstained, shouldAbstain bool
	handedOff, shouldHandOff bool
}

// Name tells the result's way of saying its case from the others, also in another run.
func (r Result) Name() string { return r.Case + ": " + r.Way }

// Passed reports whether every turn came to what it must.
func (r Result) Passed() bool { return len(r.Wrong) == 0 }

// Player plays cases. Only Agent must be set.
type Player struct {
	Agent *agent.Agent
	// Partner asks, where a case names nobody.
	Partner domain.Caller
	// For makes an agent by a case's own clock and recorded results.
	For func(k Case) (*agent.Agent, error)
	// Meter counts the tokens of the model.
	Meter *Meter
	// Fund pays into the fund account of a caller.
	Fund func(ctx context.Context, c domain.Caller, amount domain.Money) error
	// Dump reads the partner's rows of tables, in their canonical form, sorted.
	Dump func(ctx context.Context, c domain.Caller, tables []string) ([]string, error)
}

// Run plays a case as the caller, in each of its ways of saying it, each in a conversation of its own: one way differs
// from the first in one turn. The error is ctx's.
func Run(ctx context.Context, a *agent.Agent, c domain.Caller, k Case) ([]Result, error) {
	return Player{Agent: a, Partner: c}.Play(ctx, k)
}

// Play is Run with all that a case can ask for. The error is ctx's.
func (p Player) Play(ctx context.Context, k Case) ([]Result, error) {
	a, c := p.Agent, p.Partner
	if k.As > 0 {
		c = domain.Partner(k.As)
	}
	if !k.Now.IsZero() || len(k.Recorded) > 0 {
		own, err := p.own(k)
		if err != nil {
			return []Result{{Case: k.Name, Said: []string{}, Way: "", Measured: k.Measured, Wrong: []string{err.Error()}, Fault: Infrastructure}}, ctx.Err()
		}
		a = own
	}
	var out []Result
	for _, said := range ways(k) {
		r := Result{Case: k.Name, Measured: k.Measured, Way: strings.Join(said, " >> ")}
		err := p.fund(ctx, c, k)
		var before []string
		if err == nil {
			before, err = p.dump(ctx, c, k)
		}
		d := dialog{Player: p, k: k, caller: c, agent: a}
		for i, text := range said {
			if err != nil {
				r.Said, r.Wrong, r.Fault = said[:i], []string{"the stage could not be set: " + err.Error()}, Infrastructure
				break
			}
			want := k.Turns[i].Want
			r.Said, r.Calls = said[:i+1], append(r.Calls, want.Calls)
			var answer agent.BatchAnswer
			began := time.Now()
			p.Meter.take()
			answer, err = d.turn(ctx, k.Turns[i], text)
			turn := played(k, text, want, answer, time.Since(began))
			turn.figures = turn.figures && k.Turns[i].Does == ""
			turn.TokensIn, turn.TokensOut = p.Meter.take()
			if ctx.Err() != nil {
				return out, ctx.Err()
			}
			r.Wrong = want.Check(answer)
			if want.Unlike && k.Was.repeats(answer) {
				r.Wrong = append(r.Wrong, "the answer is the one that was found bad, "+forbidden)
			}
			if err != nil && k.Turns[i].Does == "" {
				r.Wrong = append([]string{"the message was refused: " + err.Error()}, r.Wrong...)
			}
			if answer.Fallback != "" {
				r.Fallback = answer.Fallback
			}
			r.Turns = append(r.Turns, turn)
			if !r.Passed() {
				r.Fault = faultOf(want, answer, err, r.Wrong)
				break
			}
			err = nil
		}
		if k.State != nil && r.Passed() {
			p.holdState(ctx, c, k, before, &r)
		}
		out = append(out, r)
	}
	return out, nil
}

// dialog is a case under way.
type dialog struct {
	Player
	k      Case
	caller domain.Caller
	agent  *agent.Agent
	thread string
	open   agent.Decision // on what was proposed last; its zero value where nothing was
	waited time.Duration
}

// turn says or does what the turn wants. The error is that of the message or the decision.
func (d *dialog) turn(ctx context.Context, t Turn, text string) (answer agent.BatchAnswer, err error) {
	switch t.Does {
	case Wait:
		d.waited += t.Wait
		later := d.k
		if later.Now.IsZero() {
			later.Now = Program().Now
		}
		later.Now = later.Now.Add(d.waited)
		own, err := d.own(later)
		if err == nil {
			d.agent = own
		}
		return answer, err
	case Approve, Decline:
		decision := d.open
		decision.Approved = t.Does == Approve
		return d.agent.DecideTurn(ctx, d.caller, decision)
	}
	answer, d.thread, err = d.agent.AskTurn(ctx, d.caller, d.thread, text)
	for _, raw := range answer.Cards {
		var shown struct {
			Kind string
			Data struct{ ProposalID, Digest string }
		}
		if json.Unmarshal(raw, &shown) == nil && shown.Kind == "proposal" {
			d.open = agent.Decision{ProposalID: shown.Data.ProposalID, Digest: shown.Data.Digest}
		}
	}
	return answer, err
}

func (p Player) fund(ctx context.Context, c domain.Caller, k Case) error {
	switch {
	case k.Fund == 0:
		return nil
	case p.Fund == nil:
		return errors.New("a case that pays into a fund account cannot be played here")
	}
	return p.Fund(ctx, c, k.Fund)
}

func (p Player) own(k Case) (*agent.Agent, error) {
	if p.For == nil {
		return nil, errors.New("a case with a clock or results of its own cannot be played here")
	}
	return p.For(k)
}

func (p Player) dump(ctx context.Context, c domain.Caller, k Case) ([]string, error) {
	switch {
	case k.State == nil:
		return nil, nil
	case p.Dump == nil:
		return nil, errors.New("a case that checks the database cannot be played here")
	}
	return p.Dump(ctx, c, k.State.Tables)
}

// holdState compares what the dialog changed in the database with what it may.
func (p Player) holdState(ctx context.Context, c domain.Caller, k Case, before []string, r *Result) {
	after, err := p.dump(ctx, c, k)
	right := err == nil
	switch {
	case err != nil:
		r.Wrong, r.Fault = []string{"the state could not be read: " + err.Error()}, Infrastructure
	default:
		got, want := changes(before, after), slices.Sorted(slices.Values(k.State.Changes))
		if right = slices.Equal(got, want); !right {
			r.Wrong, r.Fault = []string{fmt.Sprintf("it changed %q, want %q", got, want)}, Data
		}
	}
	r.State = &right
}

// changes are the lines that went, and those that came.
func changes(before, after []string) (out []string) {
	count := map[string]int{}
	for _, l := range after {
		count[l]++
	}
	for _, l := range before {
		count[l]--
	}
	for l, n := range count {
		for ; n > 0; n-- {
			out = append(out, "+ "+l)
		}
		for ; n < 0; n++ {
			out = append(out, "- "+l)
		}
	}
	slices.Sort(out)
	return out
}

// played keeps of an answer what is shown and counted.
func played(k Case, said string, want Want, answer agent.BatchAnswer, took time.Duration) Played {
	now := k.Now
	if now.IsZero() {
		now = Program().Now
	}
	t := Played{
		Said: said, Text: answer.Text, Kind: answer.Kind, Millis: took.Milliseconds(),
		abstained: Abstained(answer), shouldAbstain: want.Abstain || want.Kind == "out_of_scope",
		handedOff: answer.Handoff != nil, shouldHandOff: want.Handoff != "",
		figures: strings.ContainsAny(answer.Text, "0123456789"),
	}
	if t.figures {
		t.Ungrounded = agent.Ungrounded(said, answer, now, time.UTC)
	}
	for _, c := range answer.Calls {
		t.Calls = append(t.Calls, feedback.Call{Tool: c.Name, Args: c.Args})
	}
	return t
}

// ways are the texts of the dialog's turns: the first of each, and then one alternative at a time.
func ways(k Case) [][]string {
	first := make([]string, len(k.Turns))
	for i, t := range k.Turns {
		first[i] = t.Says[0]
	}
	all := [][]string{first}
	for i, t := range k.Turns {
		for _, other := range t.Says[1:] {
			way := slices.Clone(first)
			way[i] = other
			all = append(all, way)
		}
	}
	return all
}

// Score counts what was right.
type Score struct {
	Right int `json:"right"`
	Total int `json:"total"`
}

func (s *Score) count(right bool) {
	s.Total++
	if right {
		s.Right++
	}
}

// Share is the part that was right, 0 to 1; 1 of nothing.
func (s Score) Share() float64 {
	if s.Total == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Total)
}

// Report sums results up: by dialog as a whole, by tool that should have been called, and by argument of those that were.
type Report struct {
	Dialogs Score             `json:"dialogs"`
	Tools   map[string]*Score `json:"tools"`
	Args    map[string]*Score `json:"args"`

	Repeats    int           `json:"repeats"`
	Pass1      float64       `json:"pass1"`           // the chance that a way of saying a case passes
	Pass4      *float64      `json:"pass4,omitempty"` // that it passes four times in a row; of four repeats or more
	Grounded   Score         `json:"grounded"`        // answers with figures: each figure is in a result of the turn
	Abstention Found         `json:"abstention"`      // turns that should say that they do not know
	Handoffs   Found         `json:"handoffs"`
	State      Score         `json:"state"` // dialogs that say what they may change in the database
	Faults     map[Fault]int `json:"faults"`
	Tokens     [2]int        `json:"tokens"` // in, out
	Cost       domain.Money  `json:"costUsd"`
	Latency    [2]int64      `json:"latencyMs"` // of a turn: p50, p99
}

// Found counts what should be told apart.
type Found struct {
	Right  int `json:"right"`  // it should, and did
	Missed int `json:"missed"` // it should, and did not
	False  int `json:"false"`  // it did, and should not
}

func (f *Found) count(should, did bool) {
	switch {
	case should && did:
		f.Right++
	case should:
		f.Missed++
	case did:
		f.False++
	}
}

// Precision and Recall are 1 of nothing.
func (f Found) Precision() float64 { return Score{f.Right, f.Right + f.False}.Share() }
func (f Found) Recall() float64    { return Score{f.Right, f.Right + f.Missed}.Share() }

// Sum makes the report. A tool that was called with wrong arguments counts as right; the arguments then do not, and one that
// nobody asked for is wrong too. What came before a dialog's last turn was right, or there would have been no later one.
func Sum(results []Result) Report {
	rep := Report{Tools: map[string]*Score{}, Args: map[string]*Score{}, Faults: map[Fault]int{}}
	rep.turns(results)
	score := func(m map[string]*Score, key string) *Score {
		if m[key] == nil {
			m[key] = &Score{}
		}
		return m[key]
	}
	for _, r := range results {
		rep.Dialogs.count(r.Passed())
		for i, turn := range r.Calls {
			wrong := []string(nil)
			if i == len(r.Calls)-1 {
				wrong = slices.Clone(r.Wrong)
			}
			// Each finding is about one call: two calls of the same tool must not both answer for it.
			found := func(prefix string) bool {
				at := slices.IndexFunc(wrong, func(w string) bool { return strings.HasPrefix(w, prefix) })
				if at >= 0 {
					wrong = slices.Delete(wrong, at, at+1)
				}
				return at >= 0
			}
			for _, c := range turn {
				missed := found(c.Tool + " was not called")
				score(rep.Tools, c.Tool).count(!missed)
				if missed {
					continue
				}
				for _, arg := range slices.Sorted(maps.Keys(c.Args)) {
					score(rep.Args, arg).count(!found(c.Tool + ": " + arg + " is "))
				}
			}
			for _, w := range wrong {
				if tool, rest, ok := strings.Cut(w, ": "); ok && strings.HasSuffix(w, unasked) && slices.ContainsFunc(turn, func(c Call) bool { return c.Tool == tool }) {
					arg, _, _ := strings.Cut(rest, " is ")
					score(rep.Args, arg).count(false)
				}
			}
		}
	}
	return rep
}

// turns counts what is told turn by turn, and the chances over repeats.
func (rep *Report) turns(results []Result) {
	type tries struct{ n, passed int }
	byName := map[string]*tries{}
	var millis []int64
	for _, r := range results {
		if byName[r.Name()] == nil {
			byName[r.Name()] = &tries{}
		}
		t := byName[r.Name()]
		if t.n++; r.Passed() {
			t.passed++
		} else {
			rep.Faults[r.Fault]++
		}
		if r.State != nil {
			rep.State.count(*r.State)
		}
		for _, turn := range r.Turns {
			if turn.figures {
				rep.Grounded.count(len(turn.Ungrounded) == 0)
			}
			rep.Abstention.count(turn.shouldAbstain, turn.abstained)
			rep.Handoffs.count(turn.shouldHandOff, turn.handedOff)
			rep.Tokens[0], rep.Tokens[1] = rep.Tokens[0]+turn.TokensIn, rep.Tokens[1]+turn.TokensOut
			millis = append(millis, turn.Millis)
		}
	}
	four, fours := 0.0, 0
	for _, t := range byName {
		rep.Repeats = max(rep.Repeats, t.n)
		rep.Pass1 += float64(t.passed) / float64(t.n) / float64(len(byName))
		if t.n >= 4 {
			chance := 1.0 // of drawing four that passed: C(passed, 4) / C(n, 4)
			for i := range 4 {
				chance *= float64(max(t.passed-i, 0)) / float64(t.n-i)
			}
			four, fours = four+chance, fours+1
		}
	}
	if fours > 0 {
		four /= float64(fours)
		rep.Pass4 = &four
	}
	if slices.Sort(millis); len(millis) > 0 {
		rep.Latency = [2]int64{millis[(len(millis)-1)/2], millis[(len(millis)-1)*99/100]}
	}
}

// Total adds scores up.
func Total(scores map[string]*Score) (sum Score) {
	for _, s := range scores {
		sum.Right, sum.Total = sum.Right+s.Right, sum.Total+s.Total
	}
	return sum
}

// Program is the demo program that the cases are about, and Now in it the instant at which they are asked.
func Program() demo.Config {
	return demo.Config{Seed: 1, Referees: 200, Now: time.Date(2026, 11, 19, 15, 0, 0, 0, time.UTC)}
}
