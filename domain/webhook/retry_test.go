package webhook

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDelay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 40).Draw(t, "attempt")
		rnd := rapid.Float64Range(0, 0.999999).Draw(t, "rnd")
		d := Delay(attempt, rnd)
		if d < firstDelay*3/4 || d >= maxDelay*5/4 {
			t.Fatalf("%s is out of bounds", d)
		}
		if next := Delay(attempt+1, rnd); next < d || next > 3*d+3 {
			t.Fatalf("%s after %s", next, d)
		}
		if Delay(attempt, 0) > d || Delay(attempt, 0.999999) < d {
			t.Fatal("chance does not spread it")
		}
		now := time.Unix(0, 0)
		after := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(100*time.Hour)).Draw(t, "after"))
		wait := Next(now, attempt, after).Sub(now)
		if wait < Delay(attempt, 0) || wait < min(after, maxAfter) || wait > max(Delay(attempt, 1), maxAfter) {
			t.Fatalf("waits %s where the receiver asked for %s", wait, after)
		}
	})
	var least time.Duration
	for attempt := 1; attempt < MaxAttempts; attempt++ {
		least += Delay(attempt, 0)
	}
	if least < 24*time.Hour || least > 4*24*time.Hour {
		t.Errorf("given up after %s", least)
	}
}
