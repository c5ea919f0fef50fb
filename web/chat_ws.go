package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
)

// chatProtocol is the WebSocket subprotocol: its frames are clientFrame and serverFrame.
const chatProtocol = "partnerhub.v1"

// framesPerMinute bounds what one socket may ask for, beside the messages that a caller may send.
const framesPerMinute = 600

// threadsPerSocket is how many conversations one socket may follow.
const threadsPerSocket = 16

// clientFrame is what a client says: send, resume, decide, stop, signal or ping. A BD resumes and signals, and names a ticket where a
// partner names a conversation.
type clientFrame struct {
	Type     string `json:"type"`
	ClientID string `json:"clientId"`
	ThreadID string `json:"threadId"`
	Text     string `json:"text"`
	Option   string `json:"option"`
	After    int64  `json:"after"`
	RunID    string `json:"runId"`
	TicketID string `json:"ticketId"`

	// Of signal: what the other side of a held conversation is told.
	Typing    bool  `json:"typing"`
	Delivered int64 `json:"delivered"`
	Seen      int64 `json:"seen"`

	// Of decide: what a person says to an interrupt.
	InterruptID string `json:"interruptId"`
	Approved    bool   `json:"approved"`
	Digest      string `json:"digest"`
}

// serverFrame is what the server says: accepted, event, signal, error or pong.
type serverFrame struct {
	Type     string          `json:"type"`
	ClientID string          `json:"clientId,omitempty"`
	ThreadID string          `json:"threadId,omitempty"`
	RunID    string          `json:"runId,omitempty"`
	TicketID string          `json:"ticketId,omitempty"`
	Signal   *handoff.Signal `json:"signal,omitempty"`
	Event    json.RawMessage `json:"event,omitempty"`
	Error    *domain.Error   `json:"error,omitempty"`
}

// socket is one connection. It holds no run: what it sends it reads from the log, at the client's pace.
type socket struct {
	chat   *Chat
	conn   *websocket.Conn
	r      *http.Request
	caller domain.Caller
	ctx    context.Context
	cancel context.CancelFunc
	out    chan serverFrame
	limits limiter[int64]

	readers   sync.WaitGroup
	following map[string]following // by thread, or a BD's by ticket; of the reading goroutine alone
}

// following is a thread on its way to the client.
type following struct {
	end  context.CancelFunc
	done chan struct{} // closed when nothing more of it comes
}

func (f following) over() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

func (h *Chat) webSocket(w http.ResponseWriter, r *http.Request) {
	c, err := h.talker(r)
	if err == nil {
		err = h.enter(c.UID)
	}
	if err != nil {
		writeProblem(w, err)
		return
	}
	defer h.leave(c.UID)
	// Refuses pages of other origins with 403: a cookie would come with them.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{chatProtocol}, OriginPatterns: h.cfg.Origins})
	if err != nil {
		return // it has answered
	}
	conn.SetReadLimit(maxFrame)
	s := &socket{
		chat: h, conn: conn, r: r, caller: c, out: make(chan serverFrame, 64),
		limits: limiter[int64]{perMinute: framesPerMinute}, following: map[string]following{},
	}
	s.ctx, s.cancel = context.WithCancel(r.Context())
	defer context.AfterFunc(h.base, func() {
		// Says goodbye and so ends the reading; cancelling alone would cut the connection.
		_ = conn.Close(websocket.StatusGoingAway, "the server shuts down; reconnect and resume")
		s.cancel()
	})()
	s.readers.Go(s.write)
	s.readers.Go(s.watch)
	s.read()
	s.cancel()
	s.readers.Wait()
	_ = conn.CloseNow()
}

func (h *Chat) enter(uid int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets[uid] >= h.cfg.Sockets {
		return domain.Errorf(domain.CodeBusy, "", "%d chat connections are open already", h.sockets[uid])
	}
	h.sockets[uid]++
	return nil
}

func (h *Chat) leave(uid int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets[uid]--; h.sockets[uid] == 0 {
		delete(h.sockets, uid)
	}
}

// read handles the client's frames until the connection ends.
func (s *socket) read() {
	for {
		kind, frame, err := s.conn.Read(s.ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			_ = s.conn.Close(websocket.StatusUnsupportedData, "text frames only")
			return
		}
		var f clientFrame
		d := json.NewDecoder(bytes.NewReader(frame))
		d.DisallowUnknownFields()
		if err = d.Decode(&f); err != nil {
			err = bodyError(err)
		} else if err = s.limits.allow(0, time.Now()); err == nil {
			err = s.handle(f)
		}
		if err != nil {
			refused := s.report(err)
			s.say(serverFrame{Type: "error", ClientID: f.ClientID, ThreadID: f.ThreadID, TicketID: f.TicketID, Error: refused})
			if refused.Code == domain.CodeBusy {
				s.wait()
			}
		}
	}
}

// busyPause is how long a socket is not read after a refusal, so that a client who does not heed it fills its own connection and no processor.
const busyPause = 250 * time.Millisecond

func (s *socket) wait() {
	select {
	case <-time.After(busyPause):
	case <-s.ctx.Done():
	}
}

func (s *socket) report(err error) *domain.Error {
	e := domain.AsError(err)
	if e.Code == domain.CodeInternal && s.ctx.Err() == nil && s.chat.base.Err() == nil { // nothing answers a socket that the shutdown ends
		s.chat.cfg.Logger.ErrorContext(s.ctx, "chat", "error", err)
	}
	return e
}

func (s *socket) handle(f clientFrame) error {
	switch f.Type {
	case "ping":
		s.say(serverFrame{Type: "pong"})
		return nil
	case "signal":
		return s.signal(f)
	case "resume":
		return s.resume(f)
	}
	if err := s.caller.Require(domain.RolePartner); err != nil {
		return err
	}
	switch f.Type {
	case "send":
		if err := s.chat.limits.allow(s.caller.UID, time.Now()); err != nil {
			return err
		}
		started, err := s.chat.cfg.Agent.Send(s.ctx, s.caller, conversation.Message{
			ClientID: f.ClientID, ThreadID: f.ThreadID, Text: f.Text, Option: f.Option,
		})
		if err != nil {
			return err
		}
		thread := started.Run.ThreadID
		s.say(serverFrame{Type: "accepted", ClientID: f.ClientID, ThreadID: thread, RunID: started.Run.ID})
		if f, ok := s.following[thread]; ok && !f.over() {
			return nil
		}
		return s.follow(thread, started.After)
	case "decide":
		if err := s.chat.limits.allow(s.caller.UID, time.Now()); err != nil {
			return err
		}
		started, err := s.chat.cfg.Agent.Resume(s.ctx, s.caller, agent.Decision{ProposalID: f.InterruptID, Approved: f.Approved, Digest: f.Digest})
		if err != nil {
			return err
		}
		// Who follows the conversation gets the outcome from its log.
		s.say(serverFrame{Type: "accepted", ClientID: f.ClientID, ThreadID: started.Run.ThreadID, RunID: started.Run.ID})
		return nil
	case "stop":
		return s.chat.cfg.Agent.Stop(s.ctx, s.caller, f.RunID)
	}
	return domain.Invalid("type", "is not one of send, resume, decide, stop, signal, ping")
}

// resume follows a conversation: a partner's own, or that of a ticket.
func (s *socket) resume(f clientFrame) error {
	switch {
	case f.After < 0:
		return domain.Invalid("after", "is negative")
	case s.caller.Role != domain.RolePartner && f.TicketID == "":
		return domain.Invalid("ticketId", "is missing")
	case s.caller.Role != domain.RolePartner:
		return s.followTicket(f.TicketID, f.After)
	case f.ThreadID == "":
		return domain.Invalid("threadId", "is missing")
	}
	return s.follow(f.ThreadID, f.After)
}

// follow sends a thread's events after a sequence number from now on, instead of what it sent of that thread before.
func (s *socket) follow(thread string, after int64) error {
	return s.followed(thread, serverFrame{ThreadID: thread}, func(ctx context.Context, send func([]conversation.Logged) error) error {
		defer s.chat.signals.follow(thread, handoff.PartnerSide, s.tell)()
		return s.chat.cfg.Agent.Follow(ctx, s.caller, thread, after, send)
	})
}

// followed runs a reader of events in place of the one under the same key. Each event is sent in a frame like the given one.
func (s *socket) followed(key string, frame serverFrame, read func(ctx context.Context, send func([]conversation.Logged) error) error) error {
	if f, ok := s.following[key]; ok {
		f.end()
		<-f.done // so that the events of the two are not mixed
	}
	maps.DeleteFunc(s.following, func(_ string, f following) bool { return f.over() })
	if len(s.following) >= threadsPerSocket {
		return domain.Errorf(domain.CodeBusy, "threadId", "%d conversations are followed on this connection already", threadsPerSocket)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan struct{})
	s.following[key] = following{cancel, done}
	s.readers.Go(func() {
		defer close(done)
		defer cancel()
		err := read(ctx, func(events []conversation.Logged) error {
			for _, e := range events {
				frame := frame
				frame.Type, frame.Event = "event", e.JSON
				select {
				case s.out <- frame:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
		if ctx.Err() == nil && !errors.Is(err, errTicketOver) {
			frame.Type, frame.Error = "error", s.report(err)
			s.say(frame)
			if frame.Error.Code == domain.CodeInternal {
				s.cancel() // the client reconnects and resumes
			}
		}
	})
	return nil
}

// say queues a frame; it waits while the client is slow, and gives up when the connection ends.
func (s *socket) say(f serverFrame) {
	select {
	case s.out <- f:
	case <-s.ctx.Done():
	}
}

// write sends what is queued. A client that takes none of it for writeTimeout is cut off; it can resume.
func (s *socket) write() {
	defer s.cancel()
	for {
		select {
		case f := <-s.out:
			b, err := json.Marshal(f)
			if err == nil {
				ctx, cancel := context.WithTimeout(s.ctx, writeTimeout)
				err = s.conn.Write(ctx, websocket.MessageText, b)
				cancel()
			}
			if err != nil {
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// watch finds out that a connection is dead, and that the caller's token has run out meanwhile.
func (s *socket) watch() {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
		if c, err := s.chat.talker(s.r); err != nil || c != s.caller {
			_ = s.conn.Close(websocket.StatusPolicyViolation, "sign in again")
			s.cancel()
			return
		}
		ctx, cancel := context.WithTimeout(s.ctx, writeTimeout)
		err := s.conn.Ping(ctx)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			s.cancel()
			return
		}
	}
}
