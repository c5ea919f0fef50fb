package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/store"
)

// ChatConfig is what the chat is made of.
type ChatConfig struct {
	Agent         *agent.Agent
	Conversations *store.Conversations
	Tickets       *store.Tickets
	// Caller says who sent a request. It refuses a cookie that another site's page made the browser send.
	Caller func(*http.Request) (domain.Caller, error)
	// Origins are the hosts, besides the server's own, whose pages may open a WebSocket.
	Origins []string
	// PerMinute is how many messages a caller may send in a minute, to this replica; 30 when 0.
	PerMinute int
	// Sockets is how many WebSockets a caller may have open to this replica; 16 when 0.
	Sockets int
	Logger  *slog.Logger
}

// Chat serves conversations: over WebSocket, as server-sent events, and as a list.
type Chat struct {
	cfg     ChatConfig
	limits  limiter[int64]
	places  places // of what is no stream
	signals signals
	base    context.Context // ends with Close
	close   context.CancelFunc

	mu      sync.Mutex
	sockets map[int64]int // by caller
}

const (
	maxFrame     = 64 << 10 // of a WebSocket client, in bytes
	maxRunInput  = 2 << 20  // of POST /v1/chat/sse: AG-UI clients send the whole conversation
	maxPatch     = 4 << 10
	maxEvents    = 5000 // in one answer of GET …/events
	maxSearch    = 200  // bytes
	writeTimeout = 10 * time.Second
	keepAlive    = 20 * time.Second
)

// NewChat makes the handlers; Register adds them to a router.
func NewChat(cfg ChatConfig) *Chat {
	if cfg.PerMinute <= 0 {
		cfg.PerMinute = 30
	}
	if cfg.Sockets <= 0 {
		cfg.Sockets = 16
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Chat{cfg: cfg, limits: limiter[int64]{perMinute: cfg.PerMinute}, signals: signals{sockets: map[string]map[*signalled]bool{}}, sockets: map[int64]int{}}
	h.base, h.close = context.WithCancel(context.Background())
	return h
}

// Close ends all streams and sockets; their clients reconnect elsewhere and resume. http.Server.Shutdown does not wait
// for sockets, nor does it end streams.
func (h *Chat) Close() { h.close() }

// Register adds the routes.
func (h *Chat) Register(r chi.Router) {
	r.Get("/v1/chat/ws", h.webSocket)
	r.Post("/v1/chat/sse", h.as(h.run))
	r.Get("/v1/conversations", h.as(h.placed(h.list)))
	r.Get("/v1/conversations/{id}/events", h.as(h.events))
	r.Patch("/v1/conversations/{id}", h.as(h.placed(h.rename)))
	r.Delete("/v1/conversations/{id}", h.as(h.placed(h.delete)))
	r.Get("/v1/tickets/{id}/events", func(w http.ResponseWriter, r *http.Request) { h.report(w, r, h.ticketEvents(w, r)) })
}

// caller is a partner, or an error: others have no conversations of their own.
func (h *Chat) caller(r *http.Request) (domain.Caller, error) {
	c, err := h.cfg.Caller(r)
	if err != nil {
		return c, err
	}
	return c, c.Require(domain.RolePartner)
}

// talker is who may open a socket: a partner, or somebody who takes tickets.
func (h *Chat) talker(r *http.Request) (domain.Caller, error) {
	c, err := h.cfg.Caller(r)
	if err != nil {
		return c, err
	}
	return c, c.Require(domain.RolePartner, domain.RoleBD, domain.RoleOperator)
}

// as runs a handler as the caller, and writes the error it returns.
func (h *Chat) as(handle func(http.ResponseWriter, *http.Request, domain.Caller) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := h.caller(r)
		if err == nil {
			err = handle(w, r, c)
		}
		h.report(w, r, err)
	}
}

// placed has a handler wait for one of the caller's places.
func (h *Chat) placed(handle func(http.ResponseWriter, *http.Request, domain.Caller) error) func(http.ResponseWriter, *http.Request, domain.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c domain.Caller) error {
		ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
		defer cancel()
		leave, err := h.places.enter(ctx, c.UID)
		if err != nil {
			return err
		}
		defer leave()
		return handle(w, r.WithContext(ctx), c)
	}
}

// report writes the error of a handler, if it has one.
func (h *Chat) report(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	if domain.AsError(err).Code == domain.CodeInternal && r.Context().Err() == nil {
		h.cfg.Logger.ErrorContext(r.Context(), "chat", "path", r.URL.Path, "error", err)
	}
	writeProblem(w, err)
}

func (h *Chat) list(w http.ResponseWriter, r *http.Request, c domain.Caller) error {
	q := r.URL.Query()
	limit, err := intParam(q.Get("limit"), "limit", 30, 1, 100)
	if err != nil {
		return err
	}
	if len(q.Get("search")) > maxSearch {
		return domain.Errorf(domain.CodeTooLarge, "search", "is longer than %d bytes", maxSearch)
	}
	if strings.ToValidUTF8(q.Get("search"), "\x00") != q.Get("search") || strings.Contains(q.Get("search"), "\x00") {
		return domain.Invalid("search", "is not valid text")
	}
	items, next, err := h.cfg.Conversations.List(r.Context(), c, q.Get("search"), q.Get("cursor"), int(limit))
	if err != nil {
		return err
	}
	if items == nil {
		items = []conversation.Conversation{}
	}
	return writeJSON(w, struct {
		Items []conversation.Conversation `json:"items"`
		Next  string                      `json:"nextCursor,omitempty"`
	}{items, next})
}

func (h *Chat) rename(w http.ResponseWriter, r *http.Request, c domain.Caller) error {
	var in struct {
		Title *string `json:"title"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPatch))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return bodyError(err)
	}
	if in.Title == nil {
		return domain.Invalid("title", "is missing")
	}
	if err := h.cfg.Conversations.Rename(r.Context(), c, chi.URLParam(r, "id"), *in.Title); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Chat) delete(w http.ResponseWriter, r *http.Request, c domain.Caller) error {
	if err := h.cfg.Conversations.Delete(r.Context(), c, chi.URLParam(r, "id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// events returns what a conversation's log holds after a sequence number; to a client that accepts an event stream it
// goes on with what comes.
func (h *Chat) events(w http.ResponseWriter, r *http.Request, c domain.Caller) error {
	after, err := cursorParam(r)
	if err != nil {
		return err
	}
	id := chi.URLParam(r, "id")
	leave, err := h.places.enter(r.Context(), c.UID)
	if err != nil {
		return err
	}
	first, err := h.cfg.Conversations.Events(r.Context(), c, id, after, maxEvents)
	leave() // a stream holds none
	if err != nil {
		return err
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		items := make([]json.RawMessage, len(first))
		for i, e := range first {
			items[i] = e.JSON
		}
		return writeJSON(w, map[string]any{"items": items})
	}
	h.stream(w, r, func(ctx context.Context, send func([]conversation.Logged) error) error {
		if err := send(first); err != nil {
			return err
		}
		if n := len(first); n > 0 {
			after = first[n-1].Seq
		}
		return h.cfg.Agent.Follow(ctx, c, id, after, send)
	})
	return nil
}

// runInput is AG-UI's RunAgentInput. Of what a client sends only the last user message counts: history comes from the
// database, and tools and context are ours.
type runInput struct {
	ThreadID string       `json:"threadId"`
	Messages []runMessage `json:"messages"`
	// Resume answers interrupts. A run that resumes takes no message.
	Resume []resumeEntry `json:"resume"`
}

// resumeEntry is AG-UI's, with our payload.
type resumeEntry struct {
	InterruptID string `json:"interruptId"`
	Status      string `json:"status"` // resolved, cancelled
	Payload     struct {
		Approved bool   `json:"approved"`
		Digest   string `json:"digest"`
	} `json:"payload"`
}

// decision is what the client says to the interrupt that it resumes. One is open in a conversation at a time.
func (in runInput) decision() (d agent.Decision, err error) {
	if len(in.Resume) != 1 {
		return d, domain.Invalid("resume", "holds %d answers; a conversation has one open interrupt at a time", len(in.Resume))
	}
	r := in.Resume[0]
	switch r.Status {
	case "resolved":
		return agent.Decision{ProposalID: r.InterruptID, Approved: r.Payload.Approved, Digest: r.Payload.Digest}, nil
	case "cancelled":
		return agent.Decision{ProposalID: r.InterruptID}, nil
	}
	return d, domain.Invalid("resume[0].status", "is not one of resolved, cancelled")
}

type runMessage struct {
	ID      string          `json:"id"`
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

func (in runInput) message() (conversation.Message, error) {
	m := conversation.Message{ThreadID: in.ThreadID, NewThread: true, ClientID: uuid.NewString()}
	for i := len(in.Messages) - 1; i >= 0; i-- {
		last := in.Messages[i]
		if last.Role != "user" {
			continue
		}
		if last.ID != "" { // clients number their messages by thread, if not by UUID
			m.ClientID = strings.TrimPrefix(in.ThreadID+":"+last.ID, ":")
		}
		var parts []struct{ Type, Text string }
		switch {
		case json.Unmarshal(last.Content, &m.Text) == nil:
		case json.Unmarshal(last.Content, &parts) == nil:
			for _, p := range parts {
				m.Text += p.Text
			}
		default:
			return m, domain.Invalid(fmt.Sprintf("messages[%d].content", i), "is neither text nor parts of text")
		}
		return m, nil
	}
	return m, domain.Invalid("messages", "holds no message of the user")
}

// run answers an AG-UI client's message with the events of the run that it makes. The same message sent again, say
// after a lost connection, gives the same run's events, those after Last-Event-ID where the client names it.
func (h *Chat) run(w http.ResponseWriter, r *http.Request, c domain.Caller) error {
	var in runInput
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRunInput)).Decode(&in); err != nil {
		return bodyError(err)
	}
	if len(in.Resume) > 0 {
		return h.resume(w, r, c, in)
	}
	m, err := in.message()
	if err != nil {
		return err
	}
	return h.answerRun(w, r, c, func() (conversation.Started, error) { return h.cfg.Agent.Send(r.Context(), c, m) })
}

// resume decides on what a run waits for, and answers with the events of the run that says what came of it. The same answer
// again executes nothing, and gives the same events.
func (h *Chat) resume(w http.ResponseWriter, r *http.Request, c domain.Caller, in runInput) error {
	d, err := in.decision()
	if err != nil {
		return err
	}
	return h.answerRun(w, r, c, func() (conversation.Started, error) { return h.cfg.Agent.Resume(r.Context(), c, d) })
}

// answerRun begins a run, within the caller's limits, and answers with its events.
func (h *Chat) answerRun(w http.ResponseWriter, r *http.Request, c domain.Caller, begin func() (conversation.Started, error)) error {
	after, err := cursorParam(r)
	if err != nil {
		return err
	}
	if err := h.limits.allow(c.UID, time.Now()); err != nil {
		return err
	}
	started, err := begin()
	if err != nil {
		return err
	}
	h.streamRun(w, r, c, started, after)
	return nil
}

// streamRun sends a run's events, those after a sequence number, which is the id of each. The data are AG-UI's alone.
func (h *Chat) streamRun(w http.ResponseWriter, r *http.Request, c domain.Caller, started conversation.Started, after int64) {
	started.After = max(started.After, after)
	h.stream(w, r, func(ctx context.Context, send func([]conversation.Logged) error) error {
		return h.cfg.Agent.FollowRun(ctx, c, started, func(e conversation.Logged) (err error) {
			if e.JSON, err = e.Standard(); err != nil {
				return err
			}
			return send([]conversation.Logged{e})
		})
	})
}

// stream writes events as they come. A client that does not read holds up this request alone, and not for long.
func (h *Chat) stream(
	w http.ResponseWriter, r *http.Request, follow func(context.Context, func([]conversation.Logged) error) error,
) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.base, cancel)()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not wait for more

	var mu sync.Mutex // the keep-alive writes too
	control := http.NewResponseController(w)
	write := func(b []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if err := control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		return control.Flush()
	}
	var pinging sync.WaitGroup
	defer pinging.Wait() // nothing may write once the handler has returned
	defer cancel()
	pinging.Go(func() {
		tick := time.NewTicker(keepAlive)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if write([]byte(": ping\n\n")) != nil {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	})
	if write([]byte(": ok\n\n")) != nil { // so that the client knows at once that it is connected
		return
	}
	err := follow(ctx, func(events []conversation.Logged) error {
		var b bytes.Buffer
		for _, e := range events {
			fmt.Fprintf(&b, "id: %d\ndata: %s\n\n", e.Seq, e.JSON)
		}
		if b.Len() == 0 {
			return nil
		}
		return write(b.Bytes())
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, errTicketOver) && domain.AsError(err).Code == domain.CodeInternal {
		h.cfg.Logger.WarnContext(ctx, "event stream ended", "error", err)
	}
}

// cursorParam is the sequence number after which a reader wants events: Last-Event-ID, else the parameter after.
func cursorParam(r *http.Request) (int64, error) {
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		return intParam(last, "Last-Event-ID", 0, 0, 1<<62)
	}
	return intParam(r.URL.Query().Get("after"), "after", 0, 0, 1<<62)
}

func intParam(s, name string, otherwise, least, most int64) (int64, error) {
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		return 0, domain.Invalid(name, "is not an integer from %d to %d", least, most)
	}
	return n, nil
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &large):
		return domain.Errorf(domain.CodeTooLarge, "", "the body is larger than %d bytes", large.Limit)
	case errors.As(err, &kind):
		return domain.Invalid(kind.Field, "is a JSON %s, which does not fit", kind.Value)
	case errors.Is(err, io.EOF):
		return domain.Invalid("", "the body is empty")
	}
	return domain.Invalid("", "%s", strings.TrimPrefix(err.Error(), "json: "))
}

func writeJSON(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b) // the client is gone: nothing is left to tell it
	return nil
}
