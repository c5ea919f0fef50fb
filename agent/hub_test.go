package agent

import (
	"testing"
	"time"
)

// However many readers there are, they look 250 times a second at most together, and not at the same moments.
func TestReadersLookSeldomAndApart(t *testing.T) {
	h := &hub{}
	var leave []func()
	for range 10_000 {
		_, done := h.subscribe("thread")
		leave = append(leave, done)
	}
	var sum time.Duration
	moments := map[time.Duration]bool{}
	for range 1000 {
		d := h.pollAfter()
		sum += d
		moments[d.Round(time.Second)] = true
	}
	if mean := sum / 1000; mean < 38*time.Second || mean > 42*time.Second {
		t.Errorf("10,000 readers wait %s on average, want 40 s", mean)
	}
	if len(moments) < 30 {
		t.Errorf("they look in %d different seconds", len(moments))
	}
	for _, done := range leave {
		done()
	}
	if d := h.pollAfter(); d < 250*time.Millisecond || d > 750*time.Millisecond {
		t.Errorf("one that comes after they left waits %s", d)
	}
	h.hears(true)
	if d := h.pollAfter(); d < 7500*time.Millisecond || d > 22500*time.Millisecond {
		t.Errorf("where notifications arrive it waits %s", d)
	}
}
