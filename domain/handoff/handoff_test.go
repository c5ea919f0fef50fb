package handoff_test

import (
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
)

var (
	monday  = time.Date(2026, 11, 16, 10, 0, 0, 0, time.UTC)
	partner = domain.Partner(7)
	ada     = domain.Caller{UID: 70, Role: domain.RoleBD}
	bob     = domain.Caller{UID: 71, Role: domain.RoleBD}
	op      = domain.Caller{UID: 90, Role: domain.RoleOperator}
)

// TestMoves holds every action, by everybody, in every state, against the table of what is allowed.
func TestMoves(t *testing.T) {
	allowed := map[handoff.Action]map[handoff.State]handoff.State{
		handoff.Claims:    {handoff.Open: handoff.Claimed, handoff.Reopened: handoff.Claimed},
		handoff.Replies:   {handoff.Claimed: handoff.Claimed, handoff.Waiting: handoff.Waiting},
		handoff.Waits:     {handoff.Claimed: handoff.Waiting},
		handoff.Answers:   {handoff.Open: handoff.Open, handoff.Reopened: handoff.Reopened, handoff.Claimed: handoff.Claimed, handoff.Waiting: handoff.Claimed},
		handoff.Resolves:  {handoff.Claimed: handoff.Resolved, handoff.Waiting: handoff.Resolved},
		handoff.Reopens:   {handoff.Resolved: handoff.Reopened},
		handoff.Cancels:   {handoff.Open: handoff.Cancelled, handoff.Reopened: handoff.Cancelled, handoff.Claimed: handoff.Cancelled, handoff.Waiting: handoff.Cancelled},
		handoff.Reassigns: {handoff.Open: handoff.Open, handoff.Reopened: handoff.Reopened, handoff.Claimed: handoff.Claimed, handoff.Waiting: handoff.Waiting},
		handoff.Notes:     {},
	}
	for _, s := range handoff.States {
		allowed[handoff.Notes][s] = s
	}
	byPartner := map[handoff.Action]bool{handoff.Answers: true, handoff.Cancels: true}
	for action, states := range allowed {
		for _, from := range handoff.States {
			for _, by := range []domain.Caller{partner, ada, op, domain.Partner(8), {UID: 70, Role: domain.RoleContent}} {
				ticket := handoff.Ticket{Owner: 7, State: from, BD: 70, Priority: handoff.High}
				got, changed, err := ticket.Apply(handoff.Move{Action: action, By: by, To: 71, At: monday}, handoff.Desk{})
				mine := by == partner && byPartner[action] || (by == ada || by == op) && !byPartner[action]
				to, ok := states[from]
				already := mine && !changed && err == nil
				switch {
				case !mine && domain.AsError(err).Code != domain.CodeForbidden:
					t.Errorf("%s by %s while %s: %v, want forbidden", action, by, from, err)
				case mine && !ok && !already && domain.AsError(err).Code != domain.CodeConflict:
					t.Errorf("%s by %s while %s: %v, want a conflict", action, by, from, err)
				case mine && ok && (err != nil || !changed || got.State != to):
					t.Errorf("%s by %s while %s: %s, %v, want %s", action, by, from, got.State, err, to)
				case already && got != ticket:
					t.Errorf("%s by %s while %s changed the ticket without saying so", action, by, from)
				}
			}
		}
	}
}

func TestHolder(t *testing.T) {
	ticket := handoff.Ticket{Owner: 7, State: handoff.Open, Priority: handoff.High}
	held, _, err := ticket.Apply(handoff.Move{Action: handoff.Claims, By: ada, Name: "Ada", At: monday}, handoff.Desk{})
	if err != nil || held.BD != 70 || held.BDName != "Ada" || held.ClaimedAt == nil {
		t.Fatalf("claim: %+v, %v", held, err)
	}
	for _, a := range []handoff.Action{handoff.Claims, handoff.Replies, handoff.Waits, handoff.Resolves, handoff.Reassigns} {
		if _, _, err := held.Apply(handoff.Move{Action: a, By: bob, At: monday}, handoff.Desk{}); domain.AsError(err).Code != domain.CodeConflict {
			t.Errorf("%s by another BD: %v, want a conflict", a, err)
		}
	}
	if _, changed, err := held.Apply(handoff.Move{Action: handoff.Claims, By: ada, At: monday}, handoff.Desk{}); changed || err != nil {
		t.Errorf("claiming again: %v, %v", changed, err)
	}
	passed, _, err := held.Apply(handoff.Move{Action: handoff.Reassigns, By: ada, To: 71, ToName: "Bob", At: monday}, handoff.Desk{})
	if err != nil || passed.BD != 71 || passed.State != handoff.Claimed {
		t.Errorf("passed on: %+v, %v; want it held by Bob", passed, err)
	}
	back, _, err := held.Apply(handoff.Move{Action: handoff.Reassigns, By: op, At: monday.Add(time.Hour)}, handoff.Desk{})
	if err != nil || back.BD != 0 || back.State != handoff.Open || !back.DueAt.Equal(monday.Add(2*time.Hour)) {
		t.Errorf("back to the queue: %+v, %v; want it open, due within an hour", back, err)
	}
	first, _, _ := held.Apply(handoff.Move{Action: handoff.Replies, By: ada, At: monday}, handoff.Desk{})
	second, _, _ := first.Apply(handoff.Move{Action: handoff.Replies, By: ada, At: monday.Add(time.Hour)}, handoff.Desk{})
	if second.RepliedAt == nil || !second.RepliedAt.Equal(monday) {
		t.Errorf("first reply at %v, want the first one", second.RepliedAt)
	}
}

func TestClock(t *testing.T) {
	hanoi, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	d, err := handoff.ParseDesk("Mon-Fri 09:00-18:00", hanoi, "https://support.example.com/chat")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, hanoi) }
	for _, x := range []struct {
		from, want time.Time
		p          handoff.Priority
	}{
		{at(16, 10, 0), at(16, 11, 0), handoff.High},
		{at(16, 17, 30), at(17, 9, 30), handoff.High},  // over night
		{at(20, 17, 30), at(23, 9, 30), handoff.High},  // over the weekend
		{at(21, 12, 0), at(23, 13, 0), handoff.Normal}, // from within it
		{at(16, 5, 0), at(16, 10, 0), handoff.High},    // before the office opens
		{at(16, 18, 0), at(17, 10, 0), handoff.High},   // as it closes
		{at(21, 3, 0), at(21, 3, 15), handoff.Urgent},  // never rests
		{at(16, 15, 0), at(17, 10, 0), handoff.Normal}, // 3 of 4 hours on the first day
	} {
		if got := d.Due(x.p, x.from); !got.Equal(x.want) {
			t.Errorf("due of priority %d from %s: %s, want %s", x.p, x.from, got.In(hanoi), x.want)
		}
	}
	for _, x := range []struct {
		bd     int64
		at     time.Time
		want   int64
		reason string
	}{{70, at(16, 10, 0), 70, ""}, {0, at(16, 10, 0), 0, "no_bd"}, {70, at(22, 10, 0), 0, "closed"}, {70, at(16, 18, 0), 0, "closed"}} {
		if r := d.Route(x.bd, x.at); r.BD != x.want || r.Reason != x.reason {
			t.Errorf("route for %d at %s: %+v", x.bd, x.at, r)
		}
	}
	if r := d.Route(70, at(21, 10, 0)); !r.Opens.Equal(at(23, 9, 0)) {
		t.Errorf("opens at %s, want Monday 09:00", r.Opens)
	}
	claimed := at(16, 12, 0)
	for want, ticket := range map[handoff.SLA]handoff.Ticket{
		handoff.OnTime: {State: handoff.Open, DueAt: at(16, 12, 30)},
		handoff.Late:   {State: handoff.Reopened, DueAt: at(16, 11, 30)},
		handoff.Met:    {State: handoff.Resolved, DueAt: at(16, 12, 30), ClaimedAt: &claimed},
		handoff.Missed: {State: handoff.Waiting, DueAt: at(16, 11, 30), ClaimedAt: &claimed},
	} {
		if got := ticket.SLA(at(16, 12, 0)); got != want {
			t.Errorf("clock of %+v: %s, want %s", ticket, got, want)
		}
	}
}

func TestParseDesk(t *testing.T) {
	for _, bad := range []string{"nine to five", "Mon-Fri", "Mon-Fri 18:00-09:00", "Foo 09:00-10:00", "Mon 09:00", "Mon 25:00-26:00"} {
		if _, err := handoff.ParseDesk(bad, time.UTC, ""); domain.AsError(err).Field != "office-hours" {
			t.Errorf("%q: %v, want it refused", bad, err)
		}
	}
	if _, err := handoff.ParseDesk("", time.UTC, "javascript:alert(1)"); domain.AsError(err).Field != "support-url" {
		t.Errorf("a bad link: %v", err)
	}
	d, err := handoff.ParseDesk("Fri-Mon,Wed 00:00-24:00", time.UTC, "")
	if err != nil || !d.Hours.Open(monday) || d.Hours.Open(monday.AddDate(0, 0, 1)) || !d.Hours.Open(monday.AddDate(0, 0, 2)) {
		t.Errorf("days over the end of a week: %v", err)
	}
}
