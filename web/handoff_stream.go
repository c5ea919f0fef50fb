package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
)

// errTicketOver ends a BD's stream: what the partner says from now on is not for them.
var errTicketOver = errors.New("the ticket is over")

// ticketEvents is the conversation of a ticket for the one who may see the ticket, up to its end: as JSON, or as a
// stream for a client that accepts one. Whether they still may is asked again before each batch of events.
func (h *Chat) ticketEvents(w http.ResponseWriter, r *http.Request) error {
	c, err := h.cfg.Caller(r)
	if err != nil {
		return err
	}
	if err := c.Require(domain.RoleBD, domain.RoleOperator); err != nil {
		return err
	}
	after, err := cursorParam(r)
	if err != nil {
		return err
	}
	t, err := h.cfg.Tickets.Ticket(r.Context(), c, chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		h.stream(w, r, func(ctx context.Context, send func([]conversation.Logged) error) error {
			return h.followTicket(ctx, c, t.ID, after, send)
		})
		return nil
	}
	events, err := h.cfg.Conversations.Events(r.Context(), domain.Partner(t.Owner), t.Thread, after, maxEvents)
	if err != nil {
		return err
	}
	if !t.State.Active() {
		events = upToEnd(events, t.ID)
	}
	items := make([]json.RawMessage, len(events))
	for i, e := range events {
		items[i] = e.JSON
	}
	return writeJSON(w, map[string]any{"items": items})
}

// followTicket hands the events of a ticket's conversation to send, after a sequence number and up to the ticket's end. Whether
// the caller may still see it is asked again before each batch of events. Errors: CodeNotFound for a ticket that the caller may not
// see; errTicketOver; send's.
func (h *Chat) followTicket(ctx context.Context, c domain.Caller, id string, after int64, send func([]conversation.Logged) error) error {
	t, err := h.cfg.Tickets.Ticket(ctx, c, id)
	if err != nil {
		return err
	}
	if !t.State.Active() {
		events, err := h.cfg.Conversations.Events(ctx, domain.Partner(t.Owner), t.Thread, after, maxEvents)
		if err == nil {
			err = send(upToEnd(events, t.ID))
		}
		return errors.Join(err, errTicketOver)
	}
	return h.cfg.Agent.Follow(ctx, domain.Partner(t.Owner), t.Thread, after, func(events []conversation.Logged) error {
		now, err := h.cfg.Tickets.Ticket(ctx, c, t.ID)
		if err != nil {
			return err
		}
		if now.State.Active() {
			return send(events)
		}
		if err := send(upToEnd(events, t.ID)); err != nil {
			return err
		}
		return errTicketOver
	})
}

// followTicket sends the conversation of a ticket after a sequence number from now on, and what its partner does.
func (s *socket) followTicket(id string, after int64) error {
	return s.followed("ticket "+id, serverFrame{TicketID: id}, func(ctx context.Context, send func([]conversation.Logged) error) error {
		t, err := s.chat.cfg.Tickets.Ticket(ctx, s.caller, id)
		if err != nil {
			return err
		}
		defer s.chat.signals.follow(t.Thread, handoff.DeskSide, func(sig handoff.Signal) {
			if sig.Ticket == id {
				s.tell(sig)
			}
		})()
		return s.chat.followTicket(ctx, s.caller, id, after, send)
	})
}

// signal tells the other side of a held conversation what the caller does.
func (s *socket) signal(f clientFrame) error {
	switch {
	case f.Delivered < 0 || f.Seen < 0:
		return domain.Invalid("seen", "is negative")
	case s.chat.cfg.Tickets == nil:
		return domain.Errorf(domain.CodeUnavailable, "", "tickets are not set up here")
	}
	err := s.chat.cfg.Tickets.Signal(s.ctx, s.caller, handoff.Signal{Thread: f.ThreadID, Ticket: f.TicketID, Typing: f.Typing, Delivered: f.Delivered, Seen: f.Seen})
	if err != nil && f.TicketID == "" && domain.AsError(err).Code == domain.CodeNotFound {
		return nil // nobody holds the conversation any more, which its partner may not have heard yet: there is nobody to tell
	}
	return err
}

// tell queues a signal, and drops it where the client is too slow: the next one says more.
func (s *socket) tell(sig handoff.Signal) {
	select {
	case s.out <- serverFrame{Type: "signal", ThreadID: sig.Thread, TicketID: sig.Ticket, Signal: &sig}:
	default:
	}
}

// upToEnd are the events up to the last one that says that the ticket is over.
func upToEnd(events []conversation.Logged, ticket string) []conversation.Logged {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Type != conversation.Handoff {
			continue
		}
		e, err := events[i].Event()
		var s handoff.Status
		if err != nil || json.Unmarshal(e.Value, &s) != nil || s.TicketID != ticket || s.State.Active() {
			continue
		}
		if i+1 < len(events) && events[i+1].Run == events[i].Run { // RUN_FINISHED
			i++
		}
		return events[:i+1]
	}
	return nil
}
