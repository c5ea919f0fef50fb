package web

import (
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
