// Package handoff is how a conversation passes to a person: tickets, the moves between their states, who gets them, and
// the clock that runs meanwhile. It decides; package store keeps.
package handoff

import (
	"strings"
	"time"
	"unicode/utf8"

	"partnerhub/domain"
)

// State is how a ticket stands.
type State string

// The states. While a BD holds the conversation, claimed or waiting, the assistant says nothing in it.
const (
	Open      State = "open"      // nobody has it yet
	Claimed   State = "claimed"   // a BD holds the conversation
	Waiting   State = "waiting"   // a BD holds it, and waits for the partner
	Resolved  State = "resolved"  // the assistant is back
	Reopened  State = "reopened"  // as open, again
	Cancelled State = "cancelled" // by the partner
)

// States are all of them, in the order of a ticket's life.
var States = []State{Open, Claimed, Waiting, Resolved, Reopened, Cancelled}

// Active reports whether the ticket still asks for a person.
func (s State) Active() bool { return s != Resolved && s != Cancelled }

// Held reports whether a BD holds the conversation: the assistant is mute.
func (s State) Held() bool { return s == Claimed || s == Waiting }

// Queued reports whether nobody has claimed the ticket yet.
func (s State) Queued() bool { return s == Open || s == Reopened }

// Category is what kind of trouble a ticket is about.
type Category string

// The categories (SPEC 6, hand_off).
const (
	Finance         Category = "finance"
	HumanRequest    Category = "human_request"
	Frustration     Category = "frustration"
	AccountSecurity Category = "account_security"
	Unanswered      Category = "unanswered"
	Other           Category = "other"
)

// Categories are all of them, the most urgent first.
var Categories = []Category{AccountSecurity, Finance, Frustration, HumanRequest, Unanswered, Other}

// Priority is how urgent a ticket is: 1 comes first.
type Priority int

// The priorities.
const (
	Urgent Priority = 1
	High   Priority = 2
	Normal Priority = 3
)

// Priority of a ticket follows from its category.
func (c Category) Priority() Priority {
	switch c {
	case AccountSecurity:
		return Urgent
	case Finance, Frustration:
		return High
	}
	return Normal
}

// OfferAfter is after how many answers in a row that failed, or have a thumb down, a person is offered (SPEC 8).
const OfferAfter = 2

// Limits of what people write, in characters.
const (
	MaxSummary = 2000
	MaxText    = 4000
)

// Ticket is one handoff of one conversation.
type Ticket struct {
	ID       string   `json:"id"`
	Owner    int64    `json:"uid" doc:"The partner"`
	Thread   string   `json:"threadId"`
	State    State    `json:"state" enum:"open,claimed,waiting,resolved,reopened,cancelled"`
	Category Category `json:"category"`
	Priority Priority `json:"priority" doc:"1 urgent, 2 high, 3 normal"`
	Summary  string   `json:"summary"`
	// BD is who it was routed to or who holds it; 0 while it lies in the shared queue.
	BD     int64  `json:"bd,omitempty" doc:"Who it was routed to, or who holds it; absent while it is in the shared queue"`
	BDName string `json:"bdName,omitempty"`

	OpenedAt   time.Time  `json:"openedAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`
	DueAt      time.Time  `json:"dueAt" doc:"By when a BD should have it"`
	ClaimedAt  *time.Time `json:"claimedAt,omitempty"`
	RepliedAt  *time.Time `json:"repliedAt,omitempty" doc:"When a BD first replied"`
	ResolvedAt *time.Time `json:"resolvedAt,omitempty" doc:"Also when it was cancelled"`

	// How far the two sides have read the conversation, as sequence numbers of its log.
	PartnerSeen int64 `json:"partnerSeen" doc:"How far the partner has read the conversation, as a sequence number of its log"`
	BDSeen      int64 `json:"bdSeen" doc:"How far the BD has"`
}

// SLA is how a ticket's clock stands.
type SLA string

// How the clock stands: it runs until a BD claims the ticket.
const (
	OnTime SLA = "on_time" // running, and not yet due
	Late   SLA = "late"    // running, and overdue: every BD sees the ticket
	Met    SLA = "met"
	Missed SLA = "missed"
)

// SLA says how the clock stands.
func (t Ticket) SLA(now time.Time) SLA {
	switch {
	case t.State.Queued() && now.Before(t.DueAt):
		return OnTime
	case t.State.Queued():
		return Late
	case t.ClaimedAt != nil && t.ClaimedAt.After(t.DueAt), t.ClaimedAt == nil && t.ResolvedAt != nil && t.ResolvedAt.After(t.DueAt):
		return Missed
	}
	return Met
}

// CleanText trims what a person wrote and checks it. The error is CodeInvalid or CodeTooLarge on the field.
func CleanText(field, text string, limit int) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", domain.Invalid(field, "is empty")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "", domain.Invalid(field, "is not valid text")
	case utf8.RuneCountInString(text) > limit:
		return "", domain.Errorf(domain.CodeTooLarge, field, "is longer than %d characters", limit)
	}
	return text, nil
}
