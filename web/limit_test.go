package web

import (
	"context"
	"testing"

	"partnerhub/domain"
)

// TestPlacesAreEachCallersOwn fills a caller's places: the next request of the same caller waits for one, another caller's does not.
func TestPlacesAreEachCallersOwn(t *testing.T) {
	t.Parallel()
	var p places
	var leave []func()
	for range atOnce {
		l, err := p.enter(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.enter(over, 1); domain.AsError(err).Code != domain.CodeBusy {
		t.Errorf("one more than the places: %v", err)
	}
	other, err := p.enter(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	other()
	waiting := make(chan func(), 1)
	go func() {
		l, err := p.enter(t.Context(), 1)
		if err != nil {
			t.Error(err)
		}
		waiting <- l
	}()
	leave[0]()
	(<-waiting)() // would wait for ever if the place were not given back
	for _, l := range leave[1:] {
		l()
	}
	if len(p.taken) != 0 {
		t.Errorf("%d callers are remembered after they left", len(p.taken))
	}
}
