package handoff

import (
	"encoding/json"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/ledger"
)

// Request asks for a person.
type Request struct {
	Thread   string // the conversation; "" for one that begins with the ticket
	Category Category
	Summary  string
	Figures  json.RawMessage // the partner's key figures, for whoever takes it
	Postings []ledger.Entry  // of a complaint about money: the latest on the partner's accounts
	At       time.Time
}

// Opened is a ticket that was opened, or was there already.
type Opened struct {
	Ticket
	Already bool // the conversation had a ticket
	Route   Route
}

// Status is what a partner is told of a ticket: the value of the log's event "handoff".
type Status struct {
	TicketID string    `json:"ticketId"`
	State    State     `json:"state" enum:"open,claimed,waiting,resolved,reopened,cancelled"`
	Category Category  `json:"category"`
	Action   Action    `json:"action,omitempty"` // what was done, as far as the partner is told
	BD       string    `json:"bd,omitempty"`     // the name of who holds it
	DueAt    time.Time `json:"dueAt,omitzero"`   // while it is queued
}

// StatusOf is what the partner sees of a ticket after an action.
func StatusOf(t Ticket, a Action) Status {
	s := Status{TicketID: t.ID, State: t.State, Category: t.Category, Action: a}
	if t.State.Queued() {
		s.DueAt = t.DueAt
	} else {
		s.BD = t.BDName
	}
	return s
}

// Event is one thing that was done to a ticket, as BDs see it.
type Event struct {
	N      int         `json:"n"`
	Action Action      `json:"action"`
	State  State       `json:"state" doc:"After it"`
	UID    int64       `json:"uid"`
	Role   domain.Role `json:"role"`
	Name   string      `json:"name,omitempty"`
	ToBD   *int64      `json:"toBd,omitempty" doc:"Of reassign; 0 is the shared queue"`
	Text   string      `json:"text,omitempty"`
	At     time.Time   `json:"at"`
}

// Snapshot is the moment at which a ticket was opened, kept as it was.
type Snapshot struct {
	TakenAt    time.Time         `json:"takenAt"`
	Transcript []Line            `json:"transcript"`
	Cards      []json.RawMessage `json:"cards"`
	Calls      []Call            `json:"calls"`
	// Disputed are the calls among them that show what the complaint is about: traces, reward records, tasks.
	Disputed []Call          `json:"disputed"`
	Figures  json.RawMessage `json:"figures"`
	// Postings are the latest on the partner's accounts, of a complaint about money, the latest first.
	Postings []ledger.Entry `json:"postings,omitempty"`
}

// Line is one text of the conversation. Role is user or assistant.
type Line struct {
	Role string `json:"role"`
	Text string `json:"text"`
}

// Call is a tool call with its result.
type Call struct {
	Name   string          `json:"name"`
	Args   json.RawMessage `json:"args"`
	Result json.RawMessage `json:"result"`
}

// disputes are the tools whose results show what a money complaint is about.
var disputes = []string{"trace_commission", "list_rewards", "list_tasks", "get_task"}

// maxSnapshot bounds what a snapshot keeps of cards, and of results, in bytes each; the latest are kept.
const maxSnapshot = 256 << 10

// TakeSnapshot reads it out of a conversation's log; earlier are the texts from before that.
func TakeSnapshot(earlier []conversation.Said, log []conversation.Logged, r Request) (Snapshot, error) {
	s := Snapshot{TakenAt: r.At, Figures: r.Figures, Postings: r.Postings, Transcript: []Line{}, Cards: []json.RawMessage{}, Calls: []Call{}, Disputed: []Call{}}
	if len(s.Figures) == 0 {
		s.Figures = json.RawMessage("null")
	}
	for _, said := range earlier {
		s.Transcript = append(s.Transcript, Line(said))
	}
	turns, err := conversation.Replay(log)
	if err != nil {
		return s, err
	}
	for _, turn := range turns {
		if turn.User != "" {
			s.Transcript = append(s.Transcript, Line{"user", turn.User})
		}
		if text := turn.Text(); text != "" {
			s.Transcript = append(s.Transcript, Line{"assistant", text})
		}
		for _, step := range turn.Steps {
			for _, c := range step.Calls {
				call := Call{c.Name, json.RawMessage(c.Args), json.RawMessage(c.Result)}
				s.Calls = append(s.Calls, call)
				if slices.Contains(disputes, c.Name) {
					s.Disputed = append(s.Disputed, call)
				}
			}
		}
	}
	for _, l := range log {
		if l.Type == conversation.CardShown {
			e, err := l.Event()
			if err != nil {
				return s, err
			}
			s.Cards = append(s.Cards, e.Value)
		}
	}
	s.Cards = latest(s.Cards, func(c json.RawMessage) int { return len(c) })
	weight := func(c Call) int { return len(c.Args) + len(c.Result) }
	s.Calls, s.Disputed = latest(s.Calls, weight), latest(s.Disputed, weight)
	return s, nil
}

func latest[T any](all []T, weight func(T) int) []T {
	room := maxSnapshot
	for i := len(all) - 1; i >= 0; i-- {
		if room -= weight(all[i]); room < 0 {
			return all[i+1:]
		}
	}
	return all
}
