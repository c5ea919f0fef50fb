// Package feedback holds what partners say of the assistant's answers, and what becomes of it.
package feedback

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

// Vote is a thumb: up or down.
type Vote string

// The votes.
const (
	Up   Vote = "up"
	Down Vote = "down"
)

// The reasons that may be given with each vote. The web app words them.
var reasons = map[Vote][]string{
	Up:   {"accurate", "clear", "useful"},
	Down: {"wrong_figure", "misunderstood", "not_answered", "outdated", "unclear", "too_slow", "other"},
}

// MaxText bounds the free text, in characters.
const MaxText = 1000

// Feedback is one person's vote on one answer.
type Feedback struct {
	RunID   string   `json:"runId"`
	Vote    Vote     `json:"vote"`
	Reasons []string `json:"reasons"`
	Text    string   `json:"text"`
}

// Clean checks it, and returns it with its reasons in the list's order, none twice. The error is CodeInvalid or CodeTooLarge and names
// the field.
func (f Feedback) Clean() (Feedback, error) {
	allowed, ok := reasons[f.Vote]
	if !ok {
		return f, domain.Invalid("vote", "is neither up nor down")
	}
	for _, r := range f.Reasons {
		if !slices.Contains(allowed, r) {
			return f, domain.Invalid("reasons", "%q is none of %s", r, strings.Join(allowed, ", "))
		}
	}
	var ordered []string
	for _, r := range allowed {
		if slices.Contains(f.Reasons, r) {
			ordered = append(ordered, r)
		}
	}
	f.Reasons, f.Text = ordered, strings.TrimSpace(f.Text)
	switch {
	case !utf8.ValidString(f.Text), strings.ContainsRune(f.Text, 0):
		return f, domain.Invalid("text", "is not valid text")
	case utf8.RuneCountInString(f.Text) > MaxText:
		return f, domain.Errorf(domain.CodeTooLarge, "text", "is longer than %d characters", MaxText)
	}
	return f, nil
}

// Snapshot is an answer as it stood when it was voted on: enough to see what went wrong, and to play it again.
type Snapshot struct {
	At       time.Time    `json:"at"` // the clock that the run went by
	Question string       `json:"question"`
	Answer   string       `json:"answer"`
	Options  []string     `json:"options,omitempty"` // that the answer offered
	History  []Turn       `json:"history"`           // before it, oldest first
	Calls    []Call       `json:"calls"`
	State    string       `json:"state"` // of the run
	Kind     string       `json:"kind"`
	Model    string       `json:"model"`
	Prompts  string       `json:"prompts"` // the prompts' fingerprint
	Library  int          `json:"library"` // the library's version
	Fallback string       `json:"fallback,omitempty"`
	Millis   int64        `json:"latencyMs"`
	Tokens   [2]int       `json:"tokens"` // in, out
	Cost     domain.Money `json:"costUsd"`
	Cut      bool         `json:"cut,omitempty"` // results were too large to keep
}

// Turn is a question before, and what was answered.
type Turn struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Calls    []Call `json:"calls"`
}

// Call is a tool call with its result.
type Call struct {
	Tool   string          `json:"tool"`
	Args   json.RawMessage `json:"args"`
	Result json.RawMessage `json:"result,omitempty"`
}

// maxSnapshot bounds the results of a snapshot, in bytes: from then on a result is left out.
const maxSnapshot = 512 << 10

// Take makes the snapshot of the last of these turns; what was asked back counts to its answer.
func Take(turns []conversation.Turn, asked map[string]conversation.Ask) (s Snapshot) {
	if len(turns) == 0 {
		return s
	}
	size := 0
	// The latest results are the ones that count, so the room is theirs.
	calls := make([][]Call, len(turns))
	for i := len(turns) - 1; i >= 0; i-- {
		calls[i] = []Call{}
		for _, step := range turns[i].Steps {
			for _, c := range step.Calls {
				kept := Call{Tool: c.Name, Args: raw(c.Args), Result: raw(c.Result)}
				if size += len(c.Args) + len(c.Result); size > maxSnapshot {
					kept.Result, s.Cut = json.RawMessage(`{"omitted":true}`), true
				}
				calls[i] = append(calls[i], kept)
			}
		}
	}
	last := len(turns) - 1
	for i, t := range turns[:last] {
		s.History = append(s.History, Turn{Question: t.User, Answer: said(t, asked), Calls: calls[i]})
	}
	s.Question, s.Answer, s.Calls, s.Options = turns[last].User, said(turns[last], asked), calls[last], asked[turns[last].RunID].Options
	return s
}

// said is a turn's text, with the question that it ended in.
func said(t conversation.Turn, asked map[string]conversation.Ask) string {
	return strings.TrimSpace(t.Text() + "\n\n" + asked[t.RunID].Question)
}

// raw is a call's text as JSON; what is none becomes a string.
func raw(s string) json.RawMessage {
	if json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	b, _ := json.Marshal(s) // a string always marshals
	return b
}

// Topic is what the answer was about, for the review: the first tool that was called, or else the kind of answer.
func (s Snapshot) Topic() string {
	for _, c := range s.Calls {
		if c.Tool != "ask_user" {
			return c.Tool
		}
	}
	if s.Kind != "" {
		return s.Kind
	}
	return "none"
}

// State is what has become of a 👎.
type State string

// The states of a review.
const (
	New       State = "new"
	Cased     State = "case"      // a regression case was made of it, which does not pass yet
	Fixed     State = "fixed"     // its case passes
	Dismissed State = "dismissed" // nothing is to be done
)

// Valid reports whether s is one of the known states.
func (s State) Valid() bool { return slices.Contains([]State{New, Cased, Fixed, Dismissed}, s) }

// Review is a 👎 as the reviewer sees it.
type Review struct {
	ID        string    `json:"id"` // the run's
	UID       int64     `json:"uid"`
	Topic     string    `json:"topic"`
	State     State     `json:"state"`
	Reasons   []string  `json:"reasons"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"createdAt"`
	Case      string    `json:"case,omitempty"` // the name of the case that was made of it
	Snapshot  Snapshot  `json:"snapshot"`
}
