package handoff

import (
	"time"

	"partnerhub/domain"
)

// Action is what somebody does to a ticket.
type Action string

// The actions. Note and Reply leave the state as it is.
const (
	Opens     Action = "open"
	Claims    Action = "claim"
	Replies   Action = "reply"
	Notes     Action = "note"     // between BDs; the partner never sees it
	Waits     Action = "waiting"  // the BD waits for the partner
	Answers   Action = "answer"   // the partner says something
	Reassigns Action = "reassign" // to another BD, or back to the shared queue
	Resolves  Action = "resolve"
	Reopens   Action = "reopen"
	Cancels   Action = "cancel" // by the partner
)

// Move is one action of one person on a ticket.
type Move struct {
	Action Action
	By     domain.Caller
	Name   string // of the person, where it is known
	To     int64  // Reassigns: the BD; 0 is the shared queue
	ToName string
	At     time.Time
}

// rule says from which states an action is allowed, and where it leads; "" stays.
type rule struct {
	from []State
	to   State
	// desk: by a BD or an operator, else by the partner. holder: of BDs, only by the one who holds the ticket.
	desk, holder bool
}

var rules = map[Action]rule{
	Claims:    {from: []State{Open, Reopened}, to: Claimed, desk: true},
	Replies:   {from: []State{Claimed, Waiting}, desk: true, holder: true},
	Notes:     {from: States, desk: true},
	Waits:     {from: []State{Claimed}, to: Waiting, desk: true, holder: true},
	Answers:   {from: []State{Open, Reopened, Claimed, Waiting}},
	Reassigns: {from: []State{Open, Reopened, Claimed, Waiting}, desk: true, holder: true},
	Resolves:  {from: []State{Claimed, Waiting}, to: Resolved, desk: true, holder: true},
	Reopens:   {from: []State{Resolved}, to: Reopened, desk: true},
	Cancels:   {from: []State{Open, Reopened, Claimed, Waiting}, to: Cancelled},
}

// Apply makes a move. changed is false where the ticket already is as the move would have it: the same BD claims again,
// it is resolved already; nobody need be told then. now is the SLA's start for a ticket that goes back to the queue.
//
// Errors: CodeForbidden for somebody whose move it is not; CodeConflict for a move that the state does not allow, or a
// ticket that another BD holds.
func (t Ticket) Apply(m Move, desk Desk) (after Ticket, changed bool, err error) {
	r, known := rules[m.Action]
	if !known {
		return t, false, domain.Invalid("action", "unknown action %q", m.Action)
	}
	if err := t.may(m, r); err != nil {
		return t, false, err
	}
	switch {
	case m.Action == Claims && t.State.Held() && t.BD == m.By.UID,
		m.Action == Waits && t.State == Waiting,
		m.Action == Resolves && t.State == Resolved,
		m.Action == Cancels && t.State == Cancelled:
		return t, false, nil
	}
	if !t.allowed(r) {
		return t, false, t.refuse(m)
	}
	if r.holder && m.By.Role == domain.RoleBD && t.State.Held() && t.BD != m.By.UID {
		return t, false, domain.Errorf(domain.CodeConflict, "state", "%s holds this ticket", t.holder())
	}
	after = t
	after.UpdatedAt = m.At
	if r.to != "" {
		after.State = r.to
	}
	switch m.Action {
	case Claims:
		after.BD, after.BDName, after.ClaimedAt = m.By.UID, m.Name, &m.At
	case Replies:
		if t.RepliedAt == nil {
			after.RepliedAt = &m.At
		}
	case Answers:
		if t.State == Waiting {
			after.State = Claimed
		}
	case Reassigns:
		after = after.reassigned(m, desk)
	case Resolves, Cancels:
		after.ResolvedAt = &m.At
	case Reopens:
		after.ResolvedAt, after.ClaimedAt, after.DueAt = nil, nil, desk.Due(t.Priority, m.At)
	}
	return after, true, nil
}

// reassigned passes a ticket on. One that is held stays held, by the other BD, so that the assistant does not speak up in
// between; one that goes to the shared queue is open again, and its clock starts anew.
func (t Ticket) reassigned(m Move, desk Desk) Ticket {
	t.BD, t.BDName = m.To, m.ToName
	if m.To == 0 && t.State.Held() {
		t.State, t.ClaimedAt, t.DueAt = Open, nil, desk.Due(t.Priority, m.At)
	}
	return t
}

func (t Ticket) may(m Move, r rule) error {
	if r.desk {
		return m.By.Require(domain.RoleBD, domain.RoleOperator)
	}
	if m.By.Role != domain.RolePartner || m.By.UID != t.Owner {
		return domain.Errorf(domain.CodeForbidden, "", "only the partner may do this")
	}
	return nil
}

func (t Ticket) allowed(r rule) bool {
	for _, s := range r.from {
		if s == t.State {
			return true
		}
	}
	return false
}

// refuse says why a state does not allow a move, and what would.
func (t Ticket) refuse(m Move) error {
	switch {
	case m.Action == Claims && t.State.Held():
		return domain.Errorf(domain.CodeConflict, "state", "%s has claimed this ticket already", t.holder())
	case t.State.Queued():
		return domain.Errorf(domain.CodeConflict, "state", "claim the ticket first")
	case !t.State.Active():
		return domain.Errorf(domain.CodeConflict, "state", "the ticket is %s", t.State)
	}
	return domain.Errorf(domain.CodeConflict, "state", "cannot %s while the ticket is %s", m.Action, t.State)
}

func (t Ticket) holder() string {
	if t.BDName != "" {
		return t.BDName
	}
	return "another BD"
}
