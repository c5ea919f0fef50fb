package web

import (
	"context"
	"sync"
	"time"

	"partnerhub/domain/handoff"
)

// signals hands what one side of a held conversation does to the sockets of the other that follow it.
type signals struct {
	mu      sync.Mutex
	sockets map[string]map[*signalled]bool // by thread
}

// signalled is a socket that follows a thread.
type signalled struct {
	side handoff.Side // its own: it is told of the other
	tell func(handoff.Signal)
}

// follow has tell called with the other side's signals until done. tell must not block.
func (s *signals) follow(thread string, side handoff.Side, tell func(handoff.Signal)) (done func()) {
	who := &signalled{side, tell}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sockets[thread] == nil {
		s.sockets[thread] = map[*signalled]bool{}
	}
	s.sockets[thread][who] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sockets[thread], who)
		if len(s.sockets[thread]) == 0 {
			delete(s.sockets, thread)
		}
	}
}

func (s *signals) hear(sig handoff.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for who := range s.sockets[sig.Thread] {
		if who.side != sig.From {
			who.tell(sig)
		}
	}
}

// Run hears of what people do on other replicas, and here, until ctx ends.
func (h *Chat) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := h.cfg.Tickets.ListenSignals(ctx, h.signals.hear)
		if ctx.Err() == nil {
			h.cfg.Logger.WarnContext(ctx, "not hearing who types", "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}
