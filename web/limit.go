package web

import (
	"sync"
	"time"

	"partnerhub/domain"
)

// limiter bounds how often each key may do something: perMinute at once, then as they come back over the minute. It
// is this replica's alone; what it protects is this replica.
type limiter struct {
	perMinute int

	mu      sync.Mutex
	buckets map[int64]bucket
	swept   time.Time
}

// bucket is what was left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// allow takes one, or returns CodeBusy.
func (l *limiter) allow(key int64, now time.Time) error {
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
		l.buckets = map[int64]bucket{}
	}
	b, known := l.buckets[key]
	if !known {
		b = bucket{left: float64(l.perMinute), at: now}
	}
	b.left = min(float64(l.perMinute), b.left+now.Sub(b.at).Minutes()*float64(l.perMinute))
	b.at = now
	defer func() { l.buckets[key] = b }()
	if b.left < 1 {
		return domain.Errorf(domain.CodeBusy, "", "more than %d in a minute: wait a moment", l.perMinute)
	}
	b.left--
	return nil
}
