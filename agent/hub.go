package agent

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// hub wakes the readers of a thread. It carries no events: readers take them from the log.
type hub struct {
	mu      sync.Mutex
	readers map[string]map[chan struct{}]bool // by thread
	count   int                               // of all readers
	hearing atomic.Bool                       // notifications from other replicas arrive
}

// subscribe returns a channel that gets something whenever the thread may have grown since it was last read.
func (h *hub) subscribe(thread string) (woken <-chan struct{}, done func()) {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers == nil {
		h.readers = map[string]map[chan struct{}]bool{}
	}
	if h.readers[thread] == nil {
		h.readers[thread] = map[chan struct{}]bool{}
	}
	h.readers[thread][ch] = true
	h.count++
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.readers[thread], ch)
		h.count--
		if len(h.readers[thread]) == 0 {
			delete(h.readers, thread)
		}
	}
}

func (h *hub) wake(thread string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.readers[thread] {
		poke(ch)
	}
}

// hears notes whether other replicas are heard. What they said before is not heard any more, so all look.
func (h *hub) hears(yes bool) {
	h.hearing.Store(yes)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, readers := range h.readers {
		for ch := range readers {
			poke(ch)
		}
	}
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // it will look anyway
	}
}

// pollShare is how much of a reader's wait is due to each other reader: all of them together look 250 times a second at most.
const pollShare = 4 * time.Millisecond

// pollAfter is how long a reader waits for a wake-up before it looks by itself: seldom while notifications arrive,
// since one can still get lost with a connection that died unnoticed. It is half as much again at most, or half as little, at random, or
// thousands who came back at the same moment would look at the same moments.
func (h *hub) pollAfter() time.Duration {
	every := 500 * time.Millisecond
	if h.hearing.Load() {
		every = 15 * time.Second
	}
	h.mu.Lock()
	every = max(every, time.Duration(h.count)*pollShare)
	h.mu.Unlock()
	return every/2 + rand.N(every)
}
