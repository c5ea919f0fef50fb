package webhook

import (
	"math/rand/v2"
	"time"
)

// MaxAttempts is after how many attempts a delivery is dead. The delays before them sum to some two and a half days.
const MaxAttempts = 12

const (
	firstDelay = 5 * time.Second
	maxDelay   = 12 * time.Hour
	maxAfter   = 24 * time.Hour
)

// Delay is how long to wait after a failed attempt, the first being 1: three times as long each time, up to half a day, and up to
// a quarter more or less by chance, so that what failed together does not come back together. rnd is in [0, 1).
func Delay(attempt int, rnd float64) time.Duration {
	d := firstDelay
	for range min(attempt, MaxAttempts) - 1 {
		d = min(3*d, maxDelay)
	}
	return time.Duration(float64(d) * (0.75 + rnd/2))
}

// Next is when to try again: after Delay, or later where the receiver asked for it by Retry-After, but within a day.
func Next(now time.Time, attempt int, retryAfter time.Duration) time.Time {
	return now.Add(max(Delay(attempt, rand.Float64()), min(retryAfter, maxAfter)))
}
