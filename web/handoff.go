package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/store"
)

// ticket is one as BDs see it.
type ticket struct {
	handoff.Ticket
	SLA handoff.SLA `json:"sla" enum:"on_time,late,met,missed" doc:"How the clock stands that runs until somebody claims the ticket"`
}

// ticketDetail is a ticket with all that was done to it, and the moment at which it was opened.
type ticketDetail struct {
	ticket
	Events   []handoff.Event `json:"events"`
	Snapshot json.RawMessage `json:"snapshot" doc:"takenAt, transcript, cards, calls, disputed, figures and, of a complaint about money, postings"`
}

// myTicket is a ticket as its partner sees it.
type myTicket struct {
	handoff.Status
	ThreadID string      `json:"threadId"`
	OpenedAt time.Time   `json:"openedAt"`
	Support  string      `json:"supportUrl,omitempty" doc:"Live support, while the ticket is in the shared queue"`
	SLA      handoff.SLA `json:"sla" enum:"on_time,late,met,missed"`
	Queue    string      `json:"queue" enum:"bd,shared"`
}

// deskView is who takes tickets, and when.
type deskView struct {
	Members []store.Member `json:"members"`
	Open    bool           `json:"open" doc:"Somebody is at work now"`
	Support string         `json:"supportUrl,omitempty"`
}

type ticketsInput struct {
	State  []handoff.State `query:"state" enum:"open,claimed,waiting,resolved,reopened,cancelled" doc:"any of these; without it those that are not over"`
	Mine   bool            `query:"mine" doc:"only those that the caller holds, or that were routed to them"`
	UID    int64           `query:"uid" minimum:"1" doc:"only this partner's"`
	Cursor string          `query:"cursor" maxLength:"400" doc:"nextCursor of the page before"`
	Limit  int             `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type uuidInput struct {
	ID string `path:"id" format:"uuid"`
}

// said is the body of a move: what may go with it.
type said struct {
	Text     string `json:"text,omitempty" maxLength:"4000"`
	ClientID string `json:"clientId,omitempty" maxLength:"100" doc:"chosen by the client: the same one again does nothing"`
}

type moveInput struct {
	ID   string `path:"id" format:"uuid"`
	Body said
}

type reassignInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		said
		BD int64 `json:"bd" minimum:"0" doc:"the BD's uid; 0 for the shared queue"`
	}
}

// registerHandoff adds the desk's side of handoffs, and the partner's.
func (s *server) registerHandoff(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		o := s.operation(api, id, method, path, summary)
		o.Errors = append(o.Errors, http.StatusNotFound, http.StatusConflict)
		o.MaxBodyBytes = 64 << 10
		return o
	}
	huma.Register(api, op("list-tickets", http.MethodGet, "/v1/tickets", "The tickets that a BD may see, the most urgent first: theirs, the shared queue, and what nobody claimed in time"), s.listTickets)
	huma.Register(api, op("get-ticket", http.MethodGet, "/v1/tickets/{id}", "A ticket, what was done to it, and the snapshot of its conversation"), s.getTicket)
	huma.Register(api, op("get-desk", http.MethodGet, "/v1/desk", "Who takes tickets"), s.getDesk)
	for _, m := range []struct {
		path, summary string
		action        handoff.Action
	}{
		{"claim", "Take a ticket: from now on the assistant is silent in its conversation", handoff.Claims},
		{"reply", "Write into the partner's chat", handoff.Replies},
		{"note", "Write an internal note, which no partner sees", handoff.Notes},
		{"waiting", "Say that the partner's answer is waited for", handoff.Waits},
		{"resolve", "End it: the assistant is back; text is a last word to the partner", handoff.Resolves},
		{"reopen", "Put a resolved ticket back into the queue", handoff.Reopens},
	} {
		huma.Register(api, op(m.path+"-ticket", http.MethodPost, "/v1/tickets/{id}/"+m.path, m.summary), func(ctx context.Context, in *moveInput) (*bodyOf[ticket], error) {
			return s.moveTicket(ctx, in.ID, store.TicketMove{Action: m.action, Text: in.Body.Text, ClientID: in.Body.ClientID})
		})
	}
	huma.Register(api, op("reassign-ticket", http.MethodPost, "/v1/tickets/{id}/reassign", "Pass a ticket on to another BD, or back to the shared queue"), func(ctx context.Context, in *reassignInput) (*bodyOf[ticket], error) {
		return s.moveTicket(ctx, in.ID, store.TicketMove{Action: handoff.Reassigns, To: in.Body.BD, Text: in.Body.Text, ClientID: in.Body.ClientID})
	})
	huma.Register(api, op("list-handoffs", http.MethodGet, "/v1/handoff", "The caller's own tickets, the latest first"), s.myTickets)
	huma.Register(api, op("cancel-handoff", http.MethodPost, "/v1/handoff/{id}/cancel", "The partner needs nobody any more"), func(ctx context.Context, in *uuidInput) (*bodyOf[myTicket], error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		t, err := s.Tickets.Move(ctx, c, in.ID, store.TicketMove{Action: handoff.Cancels, At: s.Now()})
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[myTicket]{s.mine(t)}, nil
	})
}

func (s *server) listTickets(ctx context.Context, in *ticketsInput) (*bodyOf[page[ticket]], error) {
	c, now := caller(ctx), s.Now()
	p, _ := ctx.Value(personKey{}).(person)
	if err := s.Tickets.Seen(ctx, c, s.nameOf(ctx, c), p.email, now); err != nil {
		return nil, problemOf(err)
	}
	list, next, err := s.Tickets.List(ctx, c, store.TicketQuery{States: in.State, Mine: in.Mine, Owner: in.UID, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, problemOf(err)
	}
	out := page[ticket]{Items: make([]ticket, len(list)), NextCursor: next}
	for i, t := range list {
		out.Items[i] = ticket{t, t.SLA(now)}
	}
	return &bodyOf[page[ticket]]{out}, nil
}

func (s *server) getTicket(ctx context.Context, in *uuidInput) (*bodyOf[ticketDetail], error) {
	c := caller(ctx)
	if err := c.Require(domain.RoleBD, domain.RoleOperator); err != nil {
		return nil, problemOf(err)
	}
	t, events, snapshot, err := s.Tickets.Get(ctx, c, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	return &bodyOf[ticketDetail]{ticketDetail{ticket{t, t.SLA(s.Now())}, events, snapshot}}, nil
}

func (s *server) getDesk(ctx context.Context, _ *struct{}) (*bodyOf[deskView], error) {
	if err := caller(ctx).Require(domain.RoleBD, domain.RoleOperator); err != nil {
		return nil, problemOf(err)
	}
	members, err := s.Tickets.Members(ctx)
	if err != nil {
		return nil, problemOf(err)
	}
	desk := s.Tickets.Desk()
	return &bodyOf[deskView]{deskView{Members: members, Open: desk.Hours.Open(s.Now()), Support: desk.Support}}, nil
}

func (s *server) moveTicket(ctx context.Context, id string, m store.TicketMove) (*bodyOf[ticket], error) {
	c := caller(ctx)
	if err := c.Require(domain.RoleBD, domain.RoleOperator); err != nil {
		return nil, problemOf(err)
	}
	m.Name, m.At = s.nameOf(ctx, c), s.Now()
	t, err := s.Tickets.Move(ctx, c, id, m)
	if err != nil {
		return nil, problemOf(err)
	}
	return &bodyOf[ticket]{ticket{t, t.SLA(m.At)}}, nil
}

func (s *server) myTickets(ctx context.Context, _ *struct{}) (*bodyOf[page[myTicket]], error) {
	c := caller(ctx)
	if err := c.Require(domain.RolePartner); err != nil {
		return nil, problemOf(err)
	}
	list, err := s.Tickets.Mine(ctx, c)
	if err != nil {
		return nil, problemOf(err)
	}
	out := page[myTicket]{Items: make([]myTicket, len(list))}
	for i, t := range list {
		out.Items[i] = s.mine(t)
	}
	return &bodyOf[page[myTicket]]{out}, nil
}

func (s *server) mine(t handoff.Ticket) myTicket {
	m := myTicket{Status: handoff.StatusOf(t, ""), ThreadID: t.Thread, OpenedAt: t.OpenedAt, SLA: t.SLA(s.Now()), Queue: "bd"}
	if t.BD == 0 {
		m.Queue, m.Support = "shared", s.Tickets.Desk().Support
	}
	return m
}
