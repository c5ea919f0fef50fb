// Package webhook holds what the exchange's backend is told, and how: events, endpoints, signatures (Standard Webhooks), and
// when to try again.
package webhook

import (
	"encoding/json"
	"time"

	"partnerhub/domain"
)

// Type names a kind of event, as on the wire.
type Type string

// The types. Each one's data holds the owner's uid beside what is said here.
const (
	NoticeCreated    Type = "notice.created"    // id, kind, data, link: for the exchange's own push
	TaskProgress     Type = "task.progress"     // taskId, from, uid, progress, steps, of, paid: at most one a minute for each participant
	TaskReward       Type = "task.reward"       // taskId, participant, amount
	SettlementPosted Type = "settlement.posted" // day, amount
	TicketCreated    Type = "ticket.created"
	TicketUpdated    Type = "ticket.updated"
)

// Types are all of them.
var Types = []Type{NoticeCreated, TaskProgress, TaskReward, SettlementPosted, TicketCreated, TicketUpdated}

// Limits, in bytes. The standard wants a payload below 20 kB.
const (
	MaxKey  = 160
	MaxData = 16 << 10
)

// Event is something that endpoints are told of, each once.
type Event struct {
	Owner int64 // whom it is about
	Type  Type
	Key   string          // makes it go out once for its owner and type: 1 to MaxKey bytes
	Data  json.RawMessage // a JSON object
	At    time.Time
}

// Check returns CodeInvalid on the field at fault.
func (e Event) Check() error {
	switch {
	case e.Owner <= 0:
		return domain.Invalid("owner", "is missing")
	case e.Type == "":
		return domain.Invalid("type", "is missing")
	case e.Key == "" || len(e.Key) > MaxKey:
		return domain.Invalid("key", "want 1 to %d bytes", MaxKey)
	case len(e.Data) > MaxData || !json.Valid(e.Data):
		return domain.Invalid("data", "want a JSON object of up to %d bytes", MaxData)
	case e.At.IsZero():
		return domain.Invalid("at", "is missing")
	}
	return nil
}

// Body is what is signed and sent.
func (e Event) Body() []byte {
	b, err := json.Marshal(struct {
		Type      Type            `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		UID       int64           `json:"uid"`
		Data      json.RawMessage `json:"data"`
	}{e.Type, e.At.UTC(), e.Owner, e.Data})
	if err != nil {
		panic("webhook: " + err.Error()) // Check has seen the data
	}
	return b
}
