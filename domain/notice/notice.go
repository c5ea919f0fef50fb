// Package notice holds what people are told unasked: a line in the inbox, pushed to an open or closed app.
package notice

import (
	"encoding/json"
	"strings"
	"time"

	"partnerhub/domain"
)

// Kind is what a notice is about. A reader that does not know a kind shows its title from the data, or nothing.
type Kind string

// The kinds, and what their Data holds; money is a decimal string, a uid a number, a time RFC 3339.
const (
	TaskCreated   Kind = "task_created"   // to a target: taskId, title, type, start, end, from (the creator's uid)
	TaskReward    Kind = "task_reward"    // to creator and participant: taskId, title, amount, uid (the participant's)
	TaskSettled   Kind = "task_settled"   // to creator and targets: taskId, title, paid, refunded
	TaskCancelled Kind = "task_cancelled" // to a target: taskId, title
	TaskChanged   Kind = "task_changed"   // extended or topped up, to a target: taskId, title, end
	TaskNudge     Kind = "task_nudge"     // by hand of the creator: taskId, title, end, from
	TaskReview    Kind = "task_review"    // paid rewards that progress no longer reaches, to the creator: taskId, title, amount, uid, step (the first of them)
	Ticket        Kind = "ticket"         // to the partner and the BD: ticketId, state, category, text?
	Anomaly       Kind = "anomaly"        // anomaly (its kind), metric, expected, seen, since, relation or uid or subPartnerUid
	Settlement    Kind = "settlement"     // day (of the settlement), amount
)

// Limits of a notice, in bytes.
const (
	MaxKey  = 128
	MaxData = 4 << 10
	MaxLink = 512
)

// Notice is one line of an inbox.
type Notice struct {
	Owner int64  // whose inbox: the uid of a partner or of somebody on the staff
	Kind  Kind   //
	Key   string // makes it come once for its owner: 1 to MaxKey bytes, like "reward:TASK:UID:1"
	Data  json.RawMessage
	Link  string    // path within the web app that shows more, like "/tasks/ID"; or ""
	At    time.Time // when it happened
}

// JSON is Data from a value that cannot fail to be encoded: a struct or map of texts, numbers, times and money.
func JSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("notice: " + err.Error())
	}
	return b
}

// Check returns CodeInvalid on the field at fault.
func (n Notice) Check() error {
	switch {
	case n.Owner <= 0:
		return domain.Invalid("owner", "is missing")
	case n.Kind == "":
		return domain.Invalid("kind", "is missing")
	case n.Key == "" || len(n.Key) > MaxKey:
		return domain.Invalid("key", "want 1 to %d bytes", MaxKey)
	case len(n.Data) > MaxData || !json.Valid(n.Data):
		return domain.Invalid("data", "want JSON of up to %d bytes", MaxData)
	case len(n.Link) > MaxLink || n.Link != "" && (!strings.HasPrefix(n.Link, "/") || strings.HasPrefix(n.Link, "//")):
		return domain.Invalid("link", "want a path of up to %d bytes", MaxLink)
	case n.At.IsZero():
		return domain.Invalid("at", "is missing")
	}
	return nil
}

// Item is a notice as its owner reads it.
type Item struct {
	ID   int64           `json:"id,string"`
	Kind Kind            `json:"kind"`
	Data json.RawMessage `json:"data"`
	Link string          `json:"link,omitempty"`
	At   time.Time       `json:"at"` // UTC
	Read bool            `json:"read"`
}
