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
	partner := domain.Partner(t.Owner)
	first, err := h.cfg.Conversations.Events(r.Context(), partner, t.Thread, after, maxEvents)
	if err != nil {
		return err
	}
	if !t.State.Active() {
		first = upToEnd(first, t.ID)
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		items := make([]json.RawMessage, len(first))
		for i, e := range first {
			items[i] = e.JSON
		}
		return writeJSON(w, map[string]any{"items": items})
	}
	h.stream(w, r, func(ctx context.Context, send func([]conversation.Logged) error) error {
		if err := send(first); err != nil || !t.State.Active() {
			return err
		}
		if n := len(first); n > 0 {
			after = first[n-1].Seq
		}
		return h.cfg.Agent.Follow(ctx, partner, t.Thread, after, func(events []conversation.Logged) error {
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
	})
	return nil
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
