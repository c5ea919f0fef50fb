package web

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/notice"
	"partnerhub/store"
)

// Inbox pushes notices to open windows: it hears from the database what any replica wrote, and wakes the sockets of whom it is for.
type Inbox struct {
	store  *store.Store
	caller func(*http.Request) (domain.Caller, error)
	log    *slog.Logger

	mu      sync.Mutex
	windows map[int64]map[chan struct{}]bool // by uid
	hearing bool
	ended   chan struct{} // closed when Run returns
}

const (
	windowsPerCaller = 16 // of one replica
	// A notification can get lost with a connection that died unnoticed, so that a window looks by itself, too.
	lookEvery        = 30 * time.Second
	lookWhileUnheard = 2 * time.Second
	lookShare        = 4 * time.Millisecond // of a window's wait, due to each partner who has one open: all look 250 times a second at most
)

// NewInbox makes it; Run has to run beside it.
func NewInbox(s *store.Store, caller func(*http.Request) (domain.Caller, error), log *slog.Logger) *Inbox {
	return &Inbox{store: s, caller: caller, log: log, windows: map[int64]map[chan struct{}]bool{}, ended: make(chan struct{})}
}

// Run hears until ctx ends, which ends the open windows too.
func (b *Inbox) Run(ctx context.Context) {
	defer close(b.ended)
	for ctx.Err() == nil {
		err := b.store.ListenNotices(ctx, b.wake)
		b.mu.Lock()
		b.hearing = false
		b.mu.Unlock()
		if ctx.Err() == nil {
			b.log.WarnContext(ctx, "not hearing of notices, looking for them meanwhile", "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// wake has the windows of the uids look, with nil all windows.
func (b *Inbox) wake(uids []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hearing = true
	if uids == nil {
		for _, windows := range b.windows {
			poke(windows)
		}
	}
	for _, uid := range uids {
		poke(b.windows[uid])
	}
}

func poke(windows map[chan struct{}]bool) {
	for w := range windows {
		select {
		case w <- struct{}{}:
		default: // it will look anyway
		}
	}
}

func (b *Inbox) open(uid int64) (woken <-chan struct{}, done func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.windows[uid]) >= windowsPerCaller {
		return nil, nil, domain.Errorf(domain.CodeBusy, "", "%d windows are open already", windowsPerCaller)
	}
	if b.windows[uid] == nil {
		b.windows[uid] = map[chan struct{}]bool{}
	}
	w := make(chan struct{}, 1)
	b.windows[uid][w] = true
	return w, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.windows[uid], w)
		if len(b.windows[uid]) == 0 {
			delete(b.windows, uid)
		}
	}, nil
}

// lookAfter is half as much again at most, or half as little, at random, or the windows that came back at the same moment would look at the same moments.
func (b *Inbox) lookAfter() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	every := lookWhileUnheard
	if b.hearing {
		every = lookEvery
	}
	every = max(every, time.Duration(len(b.windows))*lookShare)
	return every/2 + rand.N(every)
}

// inboxState is what a window is sent, at once and then whenever it changes.
type inboxState struct {
	Unread int          `json:"unread" doc:"up to 1000"`
	Latest *notice.Item `json:"latest,omitempty"`
}

func (s inboxState) same(t inboxState) bool {
	if s.Unread != t.Unread || (s.Latest == nil) != (t.Latest == nil) {
		return false
	}
	return s.Latest == nil || s.Latest.ID == t.Latest.ID && s.Latest.Read == t.Latest.Read
}

func (b *Inbox) look(ctx context.Context, c domain.Caller) (state inboxState, err error) {
	list, _, err := b.store.Notices(ctx, c, "", 1)
	if err == nil && len(list) > 0 {
		state.Latest = &list[0]
	}
	if err == nil {
		state.Unread, err = b.store.Unread(ctx, c)
	}
	return state, err
}

// socket is GET /v1/notices/ws: a WebSocket, since a browser opens only six streams of events to a host over all its windows.
// The client says nothing.
func (b *Inbox) socket(w http.ResponseWriter, r *http.Request) {
	c, err := b.caller(r)
	if err != nil {
		writeProblem(w, err)
		return
	}
	woken, done, err := b.open(c.UID)
	if err != nil {
		writeProblem(w, err)
		return
	}
	defer done()
	conn, err := websocket.Accept(w, r, nil) // refuses pages of other origins
	if err != nil {
		return // it has answered
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := conn.CloseRead(r.Context())
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	var last inboxState
	for first := true; ; first = false {
		state, err := b.look(ctx, c)
		if err != nil {
			if ctx.Err() == nil {
				b.log.WarnContext(ctx, "reading an inbox", "error", err)
			}
			return // the window connects again
		}
		if first || !state.same(last) {
			last = state
			sending, cancel := context.WithTimeout(ctx, writeTimeout)
			err := wsjson.Write(sending, conn, state)
			cancel()
			if err != nil {
				return
			}
		}
		if !b.wait(ctx, conn, r, c, woken, alive.C) {
			return
		}
	}
}

// wait returns true when it is time to look, false when the window is gone or its token is.
func (b *Inbox) wait(ctx context.Context, conn *websocket.Conn, r *http.Request, c domain.Caller, woken <-chan struct{}, alive <-chan time.Time) bool {
	look := time.NewTimer(b.lookAfter())
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-b.ended:
			_ = conn.Close(websocket.StatusGoingAway, "the server shuts down; connect again")
			return false
		case <-woken:
			return true
		case <-look.C:
			return true
		case <-alive:
			if now, err := b.caller(r); err != nil || now != c {
				_ = conn.Close(websocket.StatusPolicyViolation, "sign in again")
				return false
			}
			pinging, cancel := context.WithTimeout(ctx, writeTimeout)
			err := conn.Ping(pinging)
			cancel()
			if err != nil {
				return false
			}
		}
	}
}

// noticePage is a page of an inbox.
type noticePage struct {
	Items      []notice.Item `json:"items"`
	NextCursor string        `json:"nextCursor,omitempty"`
	Unread     int           `json:"unread" doc:"of the whole inbox, up to 1000"`
}

type readInput struct {
	Body struct {
		IDs     []noticeID `json:"ids,omitempty" maxItems:"100" doc:"these"`
		Through noticeID   `json:"through,omitempty" doc:"all up to this one"`
	}
}

// noticeID is a notice's id as a string, which is how lists have it.
type noticeID string

// registerInbox adds the caller's inbox, whatever their role.
func (s *server) registerInbox(api huma.API) {
	mine := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: 8 << 10,
			Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
	}
	type listInput struct {
		Cursor string `query:"cursor" maxLength:"20" doc:"nextCursor of the page before"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}
	type pageOutput struct{ Body noticePage }
	huma.Register(api, mine("list-notices", http.MethodGet, "/v1/notices", "The caller's notices, the latest first"), func(ctx context.Context, in *listInput) (*pageOutput, error) {
		items, next, err := s.Store.Notices(ctx, caller(ctx), in.Cursor, in.Limit)
		if err != nil {
			return nil, problemOf(err)
		}
		unread, err := s.Store.Unread(ctx, caller(ctx))
		if err != nil {
			return nil, problemOf(err)
		}
		if items == nil {
			items = []notice.Item{}
		}
		return &pageOutput{noticePage{items, next, unread}}, nil
	})
	type readOutput struct{ Body inboxState }
	huma.Register(api, mine("read-notices", http.MethodPost, "/v1/notices/read", "Mark notices read: some, or all up to one"), func(ctx context.Context, in *readInput) (*readOutput, error) {
		ids := make([]int64, len(in.Body.IDs))
		for i, text := range in.Body.IDs {
			id, err := text.parse("ids")
			if err != nil {
				return nil, problemOf(err)
			}
			ids[i] = id
		}
		through, err := in.Body.Through.parse("through")
		if err != nil {
			return nil, problemOf(err)
		}
		if len(ids) == 0 && through == 0 {
			return nil, problemOf(domain.Invalid("ids", "name some, or through"))
		}
		unread, err := s.Store.MarkRead(ctx, caller(ctx), ids, through)
		if err != nil {
			return nil, problemOf(err)
		}
		return &readOutput{inboxState{Unread: unread}}, nil
	})
}

func (id noticeID) parse(field string) (int64, error) {
	return intParam(string(id), field, 0, 1, 1<<62)
}
