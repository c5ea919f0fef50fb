package handoff

import "partnerhub/domain"

// Side is one of the two who talk while a BD holds a conversation.
type Side string

// The sides.
const (
	PartnerSide Side = "partner"
	DeskSide    Side = "bd"
)

// Signal is what one side does that goes into no log: it types, or has read. The other side is told at once, or never.
type Signal struct {
	Thread string `json:"threadId"`
	Ticket string `json:"ticketId"`
	From   Side   `json:"from"`
	Name   string `json:"name,omitempty"` // of a BD
	Typing bool   `json:"typing,omitempty"`
	// Delivered and Seen are sequence numbers of the conversation's log: up to where it reached a window of that side, and up to
	// where somebody looked at it; 0 says nothing. What was seen is kept with the ticket.
	Delivered int64 `json:"delivered,omitempty"`
	Seen      int64 `json:"seen,omitempty"`
}

// SideOf is the side on which the caller talks. Errors: CodeForbidden for anybody but the partner and the BD who holds the ticket;
// CodeConflict while nobody holds it.
func (t Ticket) SideOf(c domain.Caller) (Side, error) {
	switch {
	case c.Role == domain.RolePartner && c.UID == t.Owner && t.State.Held():
		return PartnerSide, nil
	case c.Role == domain.RoleBD && c.UID == t.BD && t.State.Held():
		return DeskSide, nil
	case !t.State.Held():
		return "", domain.Errorf(domain.CodeConflict, "state", "nobody holds this conversation")
	}
	return "", domain.Errorf(domain.CodeForbidden, "", "%s holds this conversation", t.holder())
}
