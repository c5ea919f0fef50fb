package web

import (
	"context"
	"sync"
	"time"

	"partnerhub/domain"
)

// limiter bounds how often each key may do something: perMinute at once, then as they come back over the minute. It
// is this replica's alone; what it protects is this replica.
type limiter[K comparable] struct {
	perMinute int

	mu      sync.Mutex
	buckets map[K]bucket
	swept   time.Time
}

// bucket is what was left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// allow takes one, or returns CodeBusy with the time until there is another.
func (l *limiter[K]) allow(key K, now time.Time) error { return l.allowUpTo(key, l.perMinute, now) }

// allowUpTo is allow for a key with a limit of its own.
func (l *limiter[K]) allowUpTo(key K, perMinute int, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > time.Minute { // whoever was not here for a minute has a full bucket again
		for k, b := range l.buckets {
			if now.Sub(b.at) > time.Minute {
				delete(l.buckets, k)
			}
		}
		l.swept = now
	}
	if l.buckets == nil {
		l.buckets = map[K]bucket{}
	}
	b, known := l.buckets[key]
	if !known {
		b = bucket{left: float64(perMinute), at: now}
	}
	b.left = min(float64(perMinute), b.left+now.Sub(b.at).Minutes()*float64(perMinute))
	b.at = now
	defer func() { l.buckets[key] = b }()
	if b.left < 1 {
		err := domain.Errorf(domain.CodeBusy, "", "more than %d in a minute: wait a moment", perMinute)
		err.RetryAfter = time.Duration((1 - b.left) / float64(perMinute) * float64(time.Minute))
		return err
	}
	b.left--
	return nil
}

// atOnce is how many requests of one caller a replica works on at a time. A page of the app asks for some more; they wait a moment, and the next
// caller does not.
const atOnce = 2

// places are what keeps a caller who asks for very much from taking the database's connections from everybody else: each has atOnce of
// them, and whoever finds none free waits for a place of their own.
type places struct {
	mu    sync.Mutex
	taken map[int64]*place
}

// place is of a caller who has requests here.
type place struct {
	held chan struct{} // an element for each that is taken
	here int           // requests, those that wait among them
}

// enter waits for a place until ctx ends, which is CodeBusy. leave gives it back.
func (p *places) enter(ctx context.Context, key int64) (leave func(), err error) {
	p.mu.Lock()
	if p.taken == nil {
		p.taken = map[int64]*place{}
	}
	mine := p.taken[key]
	if mine == nil {
		mine = &place{held: make(chan struct{}, atOnce)}
		p.taken[key] = mine
	}
	mine.here++
	p.mu.Unlock()
	gone := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if mine.here--; mine.here == 0 {
			delete(p.taken, key)
		}
	}
	select {
	case mine.held <- struct{}{}:
		return func() { <-mine.held; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, domain.Errorf(domain.CodeBusy, "", "%d requests of yours are being worked on: wait for them", atOnce)
	}
}
