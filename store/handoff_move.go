package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/domain/notice"
	"partnerhub/domain/webhook"
)

// TicketMove is one thing that somebody does to a ticket.
type TicketMove struct {
	Action handoff.Action
	Name   string // of the one who does it, where it is known
	Text   string // of a reply or a note; with other actions a word to go with it
	To     int64  // of Reassigns: the BD, 0 for the shared queue
	// ClientID is chosen by the client; the same id again does nothing. "" is no id.
	ClientID string
	At       time.Time
}

// answerWait is how long a move that the partner is told of waits for the answer that is being written to them.
const answerWait = 8 * time.Second

// Move does something to a ticket, and tells the partner in the conversation, in one transaction. What has been done
// already is not done again. Errors: CodeNotFound for a ticket that the caller may not see; CodeInvalid and CodeTooLarge
// on text; CodeForbidden and CodeConflict as handoff.Ticket.Apply has them, and for a reply into a conversation that
// the partner deleted; CodeBusy while an answer is being written to the partner that a claim would not end.
func (s *Tickets) Move(ctx context.Context, c domain.Caller, id string, m TicketMove) (t handoff.Ticket, err error) {
	if id, err = parseID("id", id); err != nil {
		return t, noTicket()
	}
	if m.Text != "" || m.Action == handoff.Replies || m.Action == handoff.Notes {
		if m.Text, err = handoff.CleanText("text", m.Text, handoff.MaxText); err != nil {
			return t, err
		}
	}
	if len(m.ClientID) > conversation.MaxClientID {
		return t, domain.Errorf(domain.CodeTooLarge, "clientId", "is longer than %d bytes", conversation.MaxClientID)
	}
	err = WhenFree(ctx, answerWait, func() error {
		return noteRace(s.as(ctx, c, func(tx pgx.Tx) error {
			t, err = s.move(ctx, tx, c, id, m)
			return err
		}))
	})
	return t, err
}

func (s *Tickets) move(ctx context.Context, tx pgx.Tx, c domain.Caller, id string, m TicketMove) (handoff.Ticket, error) {
	before, err := ticket(ctx, tx, id, "") // among those that the caller may see
	if err != nil {
		return before, err
	}
	// From here on for the partner's row alone, whoever may see it after the move.
	if _, err := tx.Exec(ctx, fmt.Sprintf(`SET LOCAL partnerhub.uid = '%d'; SET LOCAL partnerhub.desk = '*'`, before.Owner), pgx.QueryExecModeSimpleProtocol); err != nil {
		return before, err
	}
	// The row's lock orders this against other moves, and against a message of the partner's that begins a run.
	rows, err := tx.Query(ctx, `SELECT `+ticketColumns+` FROM ticket WHERE owner = $1 AND id = $2 FOR UPDATE`, before.Owner, id)
	if err != nil {
		return before, err
	}
	if before, err = pgx.CollectExactlyOneRow(rows, scanTicket); err != nil {
		return before, err
	}
	var done bool
	var there int64
	var toName string
	b := &pgx.Batch{}
	b.Queue(`SELECT EXISTS (SELECT FROM ticket_event WHERE owner = $1 AND ticket = $2 AND client_id = NULLIF($3, ''))`, before.Owner, id, m.ClientID).
		QueryRow(func(row pgx.Row) error { return row.Scan(&done) })
	b.Queue(`SELECT count(*) FROM conversation WHERE owner = $1 AND id = $2`, before.Owner, before.Thread).
		QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	if err := tx.SendBatch(ctx, b).Close(); err != nil || done {
		return before, err
	}
	if m.Action == handoff.Reassigns && m.To != 0 {
		if toName, err = s.member(ctx, m.To); err != nil {
			return before, err
		}
	}
	after, changed, err := before.Apply(handoff.Move{Action: m.Action, By: c, Name: m.Name, To: m.To, ToName: toName, At: m.At.UTC()}, s.desk)
	if err != nil || !changed {
		return before, err
	}
	if there == 0 && m.Action == handoff.Replies {
		return before, domain.Errorf(domain.CodeConflict, "threadId", "the partner has deleted this conversation")
	}
	var n int
	b = &pgx.Batch{}
	queueMove(b, c, after, m, &n)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return before, err
	}
	if there > 0 {
		if err := tellPartner(ctx, tx, before, after, m); err != nil {
			return before, err
		}
	}
	return after, s.announce(ctx, tx, after, m.Action, n)
}

// announce tells the exchange of a move, and puts it into the inboxes of those whom it is news to: the partner, when
// somebody else did it, and the BD who is to look at it. n numbers the ticket's events. Replies are news too: the
// partner may have closed the chat.
func (s *Tickets) announce(ctx context.Context, tx pgx.Tx, t handoff.Ticket, a handoff.Action, n int) error {
	if a == handoff.Notes {
		return nil
	}
	if _, err := tx.Exec(ctx, `RESET ROLE`); err != nil { // inboxes and the outbox are not the caller's
		return err
	}
	kind := webhook.TicketUpdated
	if a == handoff.Opens {
		kind = webhook.TicketCreated
	}
	key := fmt.Sprintf("ticket:%s:%d", t.ID, n)
	told := struct {
		handoff.Status
		UID      int64            `json:"uid"`
		BDUID    int64            `json:"bdUid,omitempty"`
		Priority handoff.Priority `json:"priority"`
		Summary  string           `json:"summary"`
		Mailbox  string           `json:"mailbox,omitempty"` // in mail alone: the BD's own, where it is known
	}{handoff.StatusOf(t, a), t.Owner, t.BD, t.Priority, conversation.TitleOf(t.Summary), ""}
	event := webhook.Event{Owner: t.Owner, Type: kind, Key: key, Data: notice.JSON(told), At: t.UpdatedAt}
	if err := emit(ctx, tx, []webhook.Event{event}); err != nil {
		return err
	}
	if s.desk.Mail && (a == handoff.Opens || a == handoff.Reopens || a == handoff.Reassigns || a == handoff.Cancels) { // what is news to the desk
		told.Summary = t.Summary
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(email), '') FROM desk_member WHERE uid = $1`, t.BD).Scan(&told.Mailbox); err != nil {
			return err
		}
		event.Data = notice.JSON(told)
		if err := mailOut(ctx, tx, event); err != nil {
			return err
		}
	}
	var notices []notice.Notice
	add := func(owner int64, link string) {
		notices = append(notices, notice.Notice{Owner: owner, Kind: notice.Ticket, Key: key, Data: notice.JSON(told), Link: link, At: t.UpdatedAt})
	}
	switch a {
	case handoff.Claims, handoff.Replies, handoff.Waits, handoff.Resolves, handoff.Reopens:
		add(t.Owner, "/?chat="+t.Thread)
	case handoff.Opens, handoff.Reassigns, handoff.Cancels:
		if t.BD != 0 {
			add(t.BD, "/tickets/"+t.ID)
		}
	}
	return notify(ctx, tx, notices)
}

// member is the name of somebody who takes tickets. CodeInvalid on bd for anybody else.
func (s *Tickets) member(ctx context.Context, uid int64) (name string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT coalesce((SELECT name FROM desk_member WHERE uid = $1), '')
		WHERE EXISTS (SELECT FROM desk_member WHERE uid = $1) OR EXISTS (SELECT FROM partner WHERE bd_uid = $1)`, uid).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		err = domain.Invalid("bd", "%d takes no tickets", uid)
	}
	return name, err
}

func queueMove(b *pgx.Batch, c domain.Caller, t handoff.Ticket, m TicketMove, n *int) {
	b.Queue(`UPDATE ticket SET state = $3, bd = $4, bd_name = $5, updated_at = $6, due_at = $7, claimed_at = $8, replied_at = $9, resolved_at = $10
		WHERE owner = $1 AND id = $2`, t.Owner, t.ID, string(t.State), t.BD, t.BDName, t.UpdatedAt, t.DueAt, t.ClaimedAt, t.RepliedAt, t.ResolvedAt)
	var to *int64
	if m.Action == handoff.Reassigns {
		to = &m.To
	}
	b.Queue(`INSERT INTO ticket_event (owner, ticket, n, action, state, by_uid, by_role, by_name, to_bd, text, client_id, at)
		SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7, $8, $9, NULLIF($10, ''), $11 FROM ticket_event WHERE owner = $1 AND ticket = $2 RETURNING n`,
		t.Owner, t.ID, string(m.Action), string(t.State), c.UID, string(c.Role), m.Name, to, m.Text, m.ClientID, t.UpdatedAt).
		QueryRow(func(row pgx.Row) error { return row.Scan(n) })
}

// tellPartner adds what the partner is told of a move to the conversation's log, as a turn of its own. A run that is being
// answered while a BD takes the conversation over ends there.
func tellPartner(ctx context.Context, tx pgx.Tx, before, after handoff.Ticket, m TicketMove) error {
	events := toldOf(after, m)
	if len(events) == 0 {
		return nil
	}
	if after.State.Held() && !before.State.Held() {
		if err := endRun(ctx, tx, after, m.At); err != nil {
			return err
		}
	}
	_, err := noteIn(ctx, tx, domain.Partner(after.Owner), after.Thread, "ticket-"+newID(), events)
	return err
}

// toldOf is what the partner sees of a move; of notes nothing.
func toldOf(t handoff.Ticket, m TicketMove) (events []conversation.Event) {
	if m.Action == handoff.Notes {
		return nil
	}
	if m.Text != "" && (m.Action == handoff.Replies || m.Action == handoff.Resolves) {
		events = append(events, SayEvents(newID(), or(m.Name, "BD"), m.Text)...)
	}
	if m.Action != handoff.Replies {
		events = append(events, conversation.CustomEvent(conversation.Handoff, handoff.StatusOf(t, m.Action)))
	}
	return events
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// endRun ends the run that a worker is writing an answer for: its worker finds that it is not its own any more.
func endRun(ctx context.Context, tx pgx.Tx, t handoff.Ticket, at time.Time) error {
	var id string
	err := tx.QueryRow(ctx, `UPDATE run SET state = 'stopped', stop = true, ended_at = now() WHERE owner = $1 AND thread = $2 AND state = 'running' RETURNING id`,
		t.Owner, t.Thread).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT run, seq, type, body FROM run_event WHERE owner = $1 AND thread = $2 AND run = $3 ORDER BY seq`, t.Owner, t.Thread, id)
	if err != nil {
		return err
	}
	log, err := pgx.CollectRows(rows, scanLogged)
	if err != nil || len(log) == 0 {
		return err
	}
	events, err := conversation.Unclosed(log)
	if err != nil {
		return err
	}
	events = append(events, conversation.Event{
		Type: conversation.RunFinished, ThreadID: t.Thread, RunID: id, Outcome: &conversation.Outcome{Type: "success"}})
	b := &pgx.Batch{}
	queueEvents(b, conversation.Run{ID: id, ThreadID: t.Thread, Owner: domain.Partner(t.Owner)}, conversation.Log(id, log[len(log)-1].Seq, at, events...))
	return tx.SendBatch(ctx, b).Close()
}

// queueTicket finds the ticket of a conversation that is not over, and keeps it as it is until the transaction ends: a BD
// who claims it meanwhile waits, and then finds the run that began, or Begin waits, and then finds the BD.
func queueTicket(b *pgx.Batch, c domain.Caller, thread string, into *[]handoff.Ticket) {
	b.Queue(`SELECT `+ticketColumns+` FROM ticket WHERE owner = $1 AND thread = $2 AND state NOT IN ('resolved', 'cancelled') FOR UPDATE`, c.UID, thread).
		Query(collect(into, scanTicket))
}

// mute stores a message that a BD answers, as a run that is over.
func mute(ctx context.Context, tx pgx.Tx, run conversation.Run, m conversation.Message, t handoff.Ticket, last int64, at time.Time) error {
	after, _, err := t.Apply(handoff.Move{Action: handoff.Answers, By: run.Owner, At: at.UTC()}, handoff.Desk{})
	if err != nil {
		return err
	}
	opening := conversation.Opening(run, m, last, at)
	events := append(opening, conversation.Log(run.ID, last+int64(len(opening)), at,
		conversation.CustomEvent(conversation.Handoff, handoff.StatusOf(after, handoff.Answers)),
		conversation.CustomEvent(conversation.KindOf, map[string]string{"kind": "handoff"}),
		conversation.Event{Type: conversation.RunFinished, ThreadID: run.ThreadID, RunID: run.ID, Outcome: &conversation.Outcome{Type: "success"}})...)
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO run (owner, id, thread, after, role, client_id, state, worker, lease_until, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'finished', $7, now(), now())`,
		run.Owner.UID, run.ID, run.ThreadID, last, string(run.Owner.Role), m.ClientID, run.Worker)
	queueEvents(b, run, events)
	b.Queue(`INSERT INTO message (owner, thread, seq, role, text) VALUES ($1, $2, $3, 'user', $4)`, run.Owner.UID, run.ThreadID, last+1, m.Text)
	b.Queue(`UPDATE conversation SET updated_at = now() WHERE owner = $1 AND id = $2`, run.Owner.UID, run.ThreadID)
	b.Queue(`UPDATE ticket SET state = $3, updated_at = $4 WHERE owner = $1 AND id = $2`, t.Owner, t.ID, string(after.State), after.UpdatedAt)
	b.Queue(`SELECT pg_notify($1, $2)`, wakeChannel, run.ThreadID+" "+run.Worker)
	return tx.SendBatch(ctx, b).Close()
}
