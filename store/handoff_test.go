package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

var (
	ada = domain.Caller{UID: 70, Role: domain.RoleBD}
	ben = domain.Caller{UID: 71, Role: domain.RoleBD}
	ops = domain.Caller{UID: 90, Role: domain.RoleOperator}
)

// desk is a database with two BDs, of whom Ada is Ann's, and a conversation of Ann's with one turn.
type desk struct {
	pool   *pgxpool.Pool
	chats  *store.Conversations
	s      *store.Tickets
	thread string
	at     time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	pool := storetest.New(t)
	d := &desk{pool: pool, chats: store.NewConversations(pool), s: store.NewTickets(pool, handoff.Desk{}), at: time.Now().UTC().Truncate(time.Millisecond)}
	if _, err := pool.Exec(t.Context(), `INSERT INTO partner (uid, enrolled_at, bd_uid) VALUES (1, now(), 70)`); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]domain.Caller{"Ada": ada, "Ben": ben} {
		if err := d.s.Seen(t.Context(), c, name, "", d.at); err != nil {
			t.Fatal(err)
		}
	}
	started, _ := begin(t, d.chats, ann, conversation.Message{ClientID: "first", Text: "my commission is missing"})
	finish(t, d.chats, started.Run, 2, "I passed it on.")
	d.thread = started.Run.ThreadID
	return d
}

func (d *desk) open(t *testing.T, c domain.Caller, thread string) handoff.Opened {
	t.Helper()
	out, err := d.s.Open(t.Context(), c, handoff.Request{Thread: thread, Category: handoff.Finance, Summary: "commission missing", Figures: json.RawMessage(`{"commission":"12.5"}`), At: d.at})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *desk) move(t *testing.T, c domain.Caller, id string, m store.TicketMove) handoff.Ticket {
	t.Helper()
	m.At = d.at
	out, err := d.s.Move(t.Context(), c, id, m)
	if err != nil {
		t.Fatalf("%s by %s: %v", m.Action, c, err)
	}
	return out
}

// log is what a thread's events are: their types, with the text or the state that they carry.
func (d *desk) log(t *testing.T, after int64) (out []string) {
	t.Helper()
	events, err := d.chats.Events(t.Context(), ann, d.thread, after, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range events {
		if l.Seq != after+int64(i)+1 {
			t.Fatalf("event %d has number %d", i, l.Seq)
		}
		e, err := l.Event()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Type == conversation.TextContent:
			out = append(out, "say "+e.Delta)
		case l.Type == conversation.UserMessage:
			var v conversation.UserText
			if err := json.Unmarshal(e.Value, &v); err != nil {
				t.Fatal(err)
			}
			out = append(out, "partner "+v.Text)
		case l.Type == conversation.Handoff:
			var v handoff.Status
			if err := json.Unmarshal(e.Value, &v); err != nil {
				t.Fatal(err)
			}
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", v.Action, v.State, v.BD)))
		}
	}
	return out
}

func TestTicketLife(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	opened := d.open(t, ann, d.thread)
	if opened.Already || opened.State != handoff.Open || opened.BD != 70 || opened.Priority != handoff.High {
		t.Fatalf("opened: %+v", opened)
	}
	if again := d.open(t, ann, d.thread); !again.Already || again.ID != opened.ID {
		t.Fatalf("opened again: %+v", again)
	}
	// Until somebody claims it the assistant goes on answering.
	free, _ := begin(t, d.chats, ann, conversation.Message{ClientID: "free", ThreadID: d.thread, Text: "and last week?"})
	if free.State != conversation.Running {
		t.Fatalf("a message before the claim: %+v", free)
	}
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Claims, Name: "Ada"})
	if _, err := d.chats.Append(t.Context(), free.Run, conversation.Entry{Events: conversation.Log(free.Run.ID, 6, d.at, say("12"))}, lease); code(err) != domain.CodeConflict {
		t.Fatalf("the assistant talks over the BD: %v", err)
	}
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Claims, Name: "Ada"}) // again: nothing happens
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Replies, Name: "Ada", Text: "Looking into it.", ClientID: "r1"})
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Replies, Name: "Ada", Text: "Looking into it.", ClientID: "r1"}) // sent twice
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Notes, Name: "Ada", Text: "he is right"})
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Waits, Name: "Ada"})
	mine, history := begin(t, d.chats, ann, conversation.Message{ClientID: "held", ThreadID: d.thread, Text: "trade 12"})
	if mine.State != conversation.Finished || history.Last == 0 {
		t.Fatalf("a message to a BD: %+v", mine)
	}
	if again, _ := begin(t, d.chats, ann, conversation.Message{ClientID: "held", ThreadID: d.thread, Text: "trade 12"}); !again.Duplicate || again.State != conversation.Finished {
		t.Fatalf("the same message again: %+v", again)
	}
	d.move(t, ada, opened.ID, store.TicketMove{Action: handoff.Resolves, Name: "Ada", Text: "Paid."})
	want := []string{"claim claimed Ada", "say Looking into it.", "waiting waiting Ada", "partner trade 12", "answer claimed Ada", "say Paid.", "resolve resolved Ada"}
	if got := d.log(t, 4)[1:]; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the partner saw\n%v, want\n%v", got, want)
	}
	back, history := begin(t, d.chats, ann, conversation.Message{ClientID: "back", ThreadID: d.thread, Text: "thanks"})
	if back.State != conversation.Running {
		t.Fatalf("after it was resolved: %+v", back)
	}
	turns, err := conversation.Replay(history.Log)
	if err != nil || !strings.Contains(fmt.Sprint(turns), "Ada: Looking into it.") {
		t.Errorf("the assistant does not know what was said: %v, %v", turns, err)
	}
	ticket, events, snapshot, err := d.s.Get(t.Context(), ada, opened.ID)
	if err != nil || ticket.State != handoff.Resolved || ticket.RepliedAt == nil || ticket.ResolvedAt == nil {
		t.Errorf("in the end: %+v, %v", ticket, err)
	}
	actions := ""
	for i, e := range events {
		if actions += string(e.Action) + " "; e.N != i+1 {
			t.Errorf("event %d has number %d", i, e.N)
		}
	}
	if actions != "open claim reply note waiting resolve " {
		t.Errorf("events: %s", actions)
	}
	var told, news int
	if err := d.pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE owner = 1), count(*) FILTER (WHERE owner = 70) FROM notice WHERE kind = 'ticket'`).Scan(&told, &news); err != nil || told != 4 || news != 1 {
		t.Errorf("%d notices to the partner and %d to the BD, %v; want 4 and 1", told, news, err)
	}
	var s handoff.Snapshot
	if err := json.Unmarshal(snapshot, &s); err != nil || len(s.Transcript) != 2 || s.Transcript[0].Text != "my commission is missing" || string(s.Figures) != `{"commission": "12.5"}` {
		t.Errorf("snapshot: %s, %v", snapshot, err)
	}
}

// TestTicketWalls reads and moves tickets as everybody.
func TestTicketWalls(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	opened := d.open(t, ann, d.thread)
	shared := d.open(t, bob, "") // has no BD: a conversation begins with the ticket
	sees := func(c domain.Caller, id string) bool {
		_, err := d.s.Ticket(t.Context(), c, id)
		if err != nil && code(err) != domain.CodeNotFound {
			t.Fatal(err)
		}
		return err == nil
	}
	for _, x := range []struct {
		c            domain.Caller
		anns, shared bool
	}{
		{ann, true, false}, {bob, false, true}, {ada, true, true}, {ben, false, true}, {ops, true, true},
		{domain.Partner(70), false, false}, {domain.Caller{UID: 1, Role: domain.RoleContent}, true, false},
	} {
		if got := sees(x.c, opened.ID); got != x.anns {
			t.Errorf("%s sees Ann's ticket: %v", x.c, got)
		}
		if got := sees(x.c, shared.ID); got != x.shared {
			t.Errorf("%s sees the shared one: %v", x.c, got)
		}
		list, _, err := d.s.List(t.Context(), x.c, store.TicketQuery{Limit: 10})
		desk := x.c.Role == domain.RoleBD || x.c.Role == domain.RoleOperator
		if desk != (err == nil) || desk && len(list) != map[bool]int{true: 1}[x.anns]+map[bool]int{true: 1}[x.shared] {
			t.Errorf("%s lists %d tickets, %v", x.c, len(list), err)
		}
	}
	for _, x := range []struct {
		c    domain.Caller
		id   string
		a    handoff.Action
		want domain.Code
	}{
		{ben, opened.ID, handoff.Claims, domain.CodeNotFound}, {bob, opened.ID, handoff.Cancels, domain.CodeNotFound},
		{ann, opened.ID, handoff.Claims, domain.CodeForbidden}, {ada, opened.ID, handoff.Cancels, domain.CodeForbidden},
		{ada, opened.ID, handoff.Replies, domain.CodeInvalid}, {ada, "x", handoff.Claims, domain.CodeNotFound},
	} {
		if _, err := d.s.Move(t.Context(), x.c, x.id, store.TicketMove{Action: x.a, At: d.at}); code(err) != x.want {
			t.Errorf("%s %s: %v, want %s", x.c, x.a, err, x.want)
		}
	}
	// What nobody claims in time is everybody's.
	if _, err := d.pool.Exec(t.Context(), `UPDATE ticket SET due_at = now() - interval '1 minute' WHERE id = $1`, opened.ID); err != nil {
		t.Fatal(err)
	}
	if !sees(ben, opened.ID) {
		t.Error("another BD does not see an overdue ticket")
	}
	d.move(t, ben, opened.ID, store.TicketMove{Action: handoff.Claims, Name: "Ben"})
	if sees(ada, opened.ID) {
		t.Error("Ada still sees what Ben holds")
	}
	if got := d.move(t, ben, opened.ID, store.TicketMove{Action: handoff.Reassigns, To: 70}); got.BD != 70 || got.BDName != "Ada" || got.State != handoff.Claimed {
		t.Errorf("reassigned: %+v", got)
	}
	if _, err := d.s.Move(t.Context(), ops, opened.ID, store.TicketMove{Action: handoff.Reassigns, To: 12345, At: d.at}); domain.AsError(err).Field != "bd" {
		t.Errorf("to somebody who is no BD: %v", err)
	}
	// A partner reads no internal notes, whatever the query.
	err := pgx.BeginFunc(t.Context(), d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '1'`, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM ticket_event`).Scan(&n); err != nil || n != 0 {
			t.Errorf("a partner reads %d events of tickets, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTicketPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range 7 {
		d.open(t, bob, "")
	}
	var ids []string
	q := store.TicketQuery{Limit: 3}
	for {
		list, next, err := d.s.List(t.Context(), ben, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			ids = append(ids, x.ID)
		}
		if q.Cursor = next; next == "" {
			break
		}
	}
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	if len(ids) != 7 || len(seen) != 7 {
		t.Errorf("%d tickets on all pages, %d different ones, want 7", len(ids), len(seen))
	}
	for range handoff.PerDay - 7 {
		d.open(t, bob, "")
	}
	more := handoff.Request{Category: handoff.Other, Summary: "more", At: d.at}
	if _, err := d.s.Open(t.Context(), bob, more); code(err) != domain.CodeBusy {
		t.Errorf("one more than a day's: %v", err)
	}
	if _, err := d.s.Unlimited().Open(t.Context(), bob, more); err != nil {
		t.Error(err)
	}
}

// TestBothTalkAtOnce has partner and BD write at the same time: each message comes once, each side's in order.
func TestBothTalkAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.open(t, ann, d.thread).ID
	d.move(t, ada, id, store.TicketMove{Action: handoff.Claims, Name: "Ada"})
	const n = 20
	var both sync.WaitGroup
	both.Go(func() {
		for i := range n {
			if _, _, err := d.chats.Begin(t.Context(), ann, conversation.Message{ClientID: fmt.Sprint("p", i), ThreadID: d.thread, Text: fmt.Sprint("p", i)}, worker, lease, d.at); err != nil {
				t.Error(err)
				return
			}
		}
	})
	both.Go(func() {
		for i := range n {
			if _, err := d.s.Move(t.Context(), ada, id, store.TicketMove{Action: handoff.Replies, Name: "Ada", Text: fmt.Sprint("b", i), At: d.at}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	both.Wait()
	p, b := 0, 0
	for _, line := range d.log(t, 4) {
		if line == fmt.Sprint("partner p", p) {
			p++
		} else if line == fmt.Sprint("say b", b) {
			b++
		}
	}
	if p != n || b != n {
		t.Errorf("%d and %d of %d messages came once and in order", p, b, n)
	}
}
