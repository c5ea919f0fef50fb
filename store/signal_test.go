package store_test

import (
	"context"
	"testing"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/store"
)

// TestSignals has the two who talk, and nobody else, told of each other; what was seen never goes back.
func TestSignals(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	id := d.open(t, ann, d.thread).ID
	inAnns, onTicket := handoff.Signal{Thread: d.thread, Seen: 3, Typing: true}, handoff.Signal{Ticket: id, Seen: 5, Delivered: 6}
	refused := func(what string, c domain.Caller, sig handoff.Signal, want domain.Code) {
		t.Helper()
		if err := d.s.Signal(ctx, c, sig); code(err) != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	refused("while nobody holds it", ann, inAnns, domain.CodeConflict)
	refused("a BD before the claim", ada, onTicket, domain.CodeConflict)
	d.move(t, ada, id, store.TicketMove{Action: handoff.Claims, Name: "Ada", At: d.at})
	refused("another partner", bob, inAnns, domain.CodeNotFound)
	refused("another BD", ben, onTicket, domain.CodeNotFound)
	refused("an operator, who does not hold it", ops, onTicket, domain.CodeForbidden)
	refused("no id", ann, handoff.Signal{Thread: "x"}, domain.CodeNotFound)

	heard := make(chan handoff.Signal, 10)
	go func() { _ = d.s.ListenSignals(ctx, func(sig handoff.Signal) { heard <- sig }) }()
	// Until the listener listens, nobody hears.
	for listening := false; !listening; {
		if err := d.s.Signal(ctx, ann, inAnns); err != nil {
			t.Fatal(err)
		}
		select {
		case sig := <-heard:
			listening = true
			if want := (handoff.Signal{Thread: d.thread, Ticket: id, From: handoff.PartnerSide, Typing: true, Seen: 3}); sig != want {
				t.Errorf("heard %+v, want %+v", sig, want)
			}
		default:
		}
	}
	if err := d.s.Signal(ctx, ada, onTicket); err != nil {
		t.Fatal(err)
	}
	for sig := range heard {
		if sig.From == handoff.PartnerSide { // again, from before it was heard
			continue
		}
		if want := (handoff.Signal{Thread: d.thread, Ticket: id, From: handoff.DeskSide, Name: "Ada", Seen: 5, Delivered: 6}); sig != want {
			t.Errorf("heard %+v, want %+v", sig, want)
		}
		break
	}
	if err := d.s.Signal(ctx, ann, handoff.Signal{Thread: d.thread, Seen: 2}); err != nil {
		t.Fatal(err)
	}
	if now, err := d.s.Ticket(ctx, ada, id); err != nil || now.PartnerSeen != 3 || now.BDSeen != 5 {
		t.Errorf("kept as seen: %d and %d, %v", now.PartnerSeen, now.BDSeen, err)
	}
	d.move(t, ada, id, store.TicketMove{Action: handoff.Resolves, At: d.at})
	refused("after the end", ann, inAnns, domain.CodeNotFound)
}
