package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
)

// Tickets keeps the conversations that people take over.
type Tickets struct {
	pool      *pgxpool.Pool
	desk      handoff.Desk
	unlimited bool // see Unlimited
}

// NewTickets works on a migrated database.
func NewTickets(pool *pgxpool.Pool, desk handoff.Desk) *Tickets {
	return &Tickets{pool: pool, desk: desk}
}

// Unlimited is Tickets without the limit on how many a partner may open, as Store.Unlimited.
func (s *Tickets) Unlimited() *Tickets {
	u := *s
	u.unlimited = true
	return &u
}

// Desk is how the people who take tickets work.
func (s *Tickets) Desk() handoff.Desk { return s.desk }

// as runs f in a transaction in which row level security admits what the caller may see: a partner their own tickets, a
// BD those routed to them, the shared queue and what is overdue, an operator all.
func (s *Tickets) as(ctx context.Context, c domain.Caller, f func(pgx.Tx) error) error {
	setting := fmt.Sprintf(`SET LOCAL partnerhub.uid = '%d'`, c.UID)
	switch c.Role {
	case domain.RoleBD:
		setting = fmt.Sprintf(`SET LOCAL partnerhub.desk = '%d'`, c.UID)
	case domain.RoleOperator:
		setting = `SET LOCAL partnerhub.desk = '*'`
	}
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: `BEGIN; SET LOCAL ROLE partnerhub_app; ` + setting}, f)
}

const ticketColumns = `id, owner, thread, state, category, priority, summary, bd, bd_name, opened_at, updated_at, due_at, claimed_at, replied_at, resolved_at, partner_seen, bd_seen`

func scanTicket(row pgx.CollectableRow) (t handoff.Ticket, err error) {
	err = row.Scan(&t.ID, &t.Owner, &t.Thread, &t.State, &t.Category, &t.Priority, &t.Summary, &t.BD, &t.BDName,
		&t.OpenedAt, &t.UpdatedAt, &t.DueAt, &t.ClaimedAt, &t.RepliedAt, &t.ResolvedAt, &t.PartnerSeen, &t.BDSeen)
	t.OpenedAt, t.UpdatedAt, t.DueAt = t.OpenedAt.UTC(), t.UpdatedAt.UTC(), t.DueAt.UTC()
	for _, at := range []**time.Time{&t.ClaimedAt, &t.RepliedAt, &t.ResolvedAt} {
		if *at != nil {
			u := (*at).UTC()
			*at = &u
		}
	}
	return t, err
}

// Open opens a ticket for the caller's conversation, with a snapshot of it, or returns the one that it has: a
// conversation has one at most that is not over. Errors: CodeInvalid on category or summary, CodeNotFound for a
// conversation that the caller does not have, CodeBusy when the caller has opened too many within a day.
func (s *Tickets) Open(ctx context.Context, c domain.Caller, r handoff.Request) (out handoff.Opened, err error) {
	if r.Summary, err = handoff.CleanText("summary", r.Summary, handoff.MaxSummary); err != nil {
		return out, err
	}
	thread := r.Thread
	if thread == "" {
		thread = newID()
	} else if thread, err = parseID("threadId", thread); err != nil {
		return out, noConversation()
	}
	for range 2 { // the second time finds the ticket that another call opened meanwhile
		err = s.as(ctx, c, func(tx pgx.Tx) error {
			out, err = s.open(ctx, tx, c, r, thread)
			return err
		})
		if violated(err) != "ticket_one_a_conversation" {
			break
		}
	}
	return out, err
}

func (s *Tickets) open(ctx context.Context, tx pgx.Tx, c domain.Caller, r handoff.Request, thread string) (out handoff.Opened, err error) {
	var there []handoff.Ticket
	var exists bool
	var today int
	var bd int64
	var name string
	var log []conversation.Logged
	var earlier []conversation.Said
	b := &pgx.Batch{}
	b.Queue(`SELECT `+ticketColumns+` FROM ticket WHERE owner = $1 AND thread = $2 AND state NOT IN ('resolved', 'cancelled')`, c.UID, thread).
		Query(collect(&there, scanTicket))
	b.Queue(`SELECT EXISTS (SELECT FROM conversation WHERE owner = $1 AND id = $2)`, c.UID, thread).
		QueryRow(func(row pgx.Row) error { return row.Scan(&exists) })
	b.Queue(`SELECT count(*) FROM ticket WHERE owner = $1 AND opened_at > $2 AND opened_at <= $3`, c.UID, r.At.Add(-24*time.Hour), r.At).
		QueryRow(func(row pgx.Row) error { return row.Scan(&today) })
	b.Queue(`SELECT coalesce(max(bd_uid), 0), coalesce(max(d.name), '') FROM partner p LEFT JOIN desk_member d ON d.uid = p.bd_uid WHERE p.uid = $1`, c.UID).
		QueryRow(func(row pgx.Row) error { return row.Scan(&bd, &name) })
	queueSnapshot(b, c.UID, thread, &log, &earlier)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return out, err
	}
	switch {
	case len(there) > 0:
		out.Ticket, out.Already = there[0], true
		if out.BD == 0 {
			out.Route = s.desk.Route(bd, r.At)
		}
		return out, nil
	case r.Thread != "" && !exists:
		return out, noConversation()
	case !s.unlimited && today >= handoff.PerDay:
		return out, domain.Errorf(domain.CodeBusy, "", "%d requests for a person in a day are enough: the earlier ones are being looked at", today)
	}
	out.Route = s.desk.Route(bd, r.At)
	priority := r.Category.Priority()
	out.Ticket = handoff.Ticket{
		ID: newID(), Owner: c.UID, Thread: thread, State: handoff.Open, Category: r.Category, Priority: priority,
		Summary: r.Summary, BD: out.Route.BD, OpenedAt: r.At.UTC(), UpdatedAt: r.At.UTC(), DueAt: s.desk.Due(priority, r.At).UTC(),
	}
	taken, err := handoff.TakeSnapshot(earlier, log, r)
	if err != nil {
		return out, err
	}
	snapshot, err := json.Marshal(taken)
	if err != nil {
		return out, err
	}
	if out.BD != 0 {
		out.BDName = name
	}
	t := out.Ticket
	b = &pgx.Batch{}
	if !exists {
		b.Queue(`INSERT INTO conversation (owner, id, title) VALUES ($1, $2, $3)`, c.UID, thread, conversation.TitleOf(r.Summary))
	}
	b.Queue(`INSERT INTO ticket (id, owner, thread, state, category, priority, summary, bd, bd_name, opened_at, updated_at, due_at, snapshot)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)`,
		t.ID, t.Owner, t.Thread, string(t.State), string(t.Category), int(t.Priority), t.Summary, t.BD, t.BDName, t.OpenedAt, t.DueAt, withoutNul(snapshot))
	b.Queue(`INSERT INTO ticket_event (owner, ticket, n, action, state, by_uid, by_role, by_name, text, at) VALUES ($1, $2, 1, $3, $4, $1, $5, '', $6, $7)`,
		t.Owner, t.ID, string(handoff.Opens), string(t.State), string(c.Role), t.Summary, t.OpenedAt)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return out, err
	}
	return out, s.announce(ctx, tx, t, handoff.Opens, 1)
}

// collect scans a query's rows into a list.
func collect[T any](into *[]T, scan pgx.RowToFunc[T]) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, scan)
		return err
	}
}

// withoutNul takes out what jsonb cannot hold: a tool's result may quote it.
func withoutNul(b []byte) string { return strings.ReplaceAll(string(b), `\u0000`, `\ufffd`) }

// snapshotEvents is how many of a conversation's latest events a snapshot is made from.
const snapshotEvents = 2000

func queueSnapshot(b *pgx.Batch, owner int64, thread string, log *[]conversation.Logged, earlier *[]conversation.Said) {
	const since = `coalesce((SELECT min(seq) FROM (SELECT seq FROM run_event WHERE owner = $1 AND thread = $2 ORDER BY seq DESC LIMIT $3) l), 0)`
	b.Queue(`SELECT run, seq, type, body FROM run_event WHERE owner = $1 AND thread = $2 AND seq >= `+since+` ORDER BY seq`,
		owner, thread, snapshotEvents).Query(collect(log, scanLogged))
	b.Queue(`SELECT role, text FROM message WHERE owner = $1 AND thread = $2 AND seq < `+since+` ORDER BY seq, role DESC`,
		owner, thread, snapshotEvents).Query(collect(earlier, pgx.RowToStructByPos[conversation.Said]))
}

// Mine lists the caller's tickets, the latest first: those that are not over, and those of the last days.
func (s *Tickets) Mine(ctx context.Context, c domain.Caller) (list []handoff.Ticket, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+ticketColumns+` FROM ticket WHERE owner = $1 ORDER BY opened_at DESC, id LIMIT 20`, c.UID)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanTicket)
		return err
	})
	return list, err
}

// TicketQuery narrows a list of tickets.
type TicketQuery struct {
	States []handoff.State // any of them; none: those that are not over
	Mine   bool            // only those that the caller holds, or that were routed to them
	Owner  int64           // only this partner's; 0: any
	Limit  int
	Cursor string
}

type ticketPosition struct {
	Priority int
	Due      time.Time
	ID       string
}

func (p *ticketPosition) known() bool {
	return p.Due.Year() >= 1 && p.Due.Year() <= 9999 && p.Priority >= math.MinInt16 && p.Priority <= math.MaxInt16
}

// ticketPage reads a page by the index of the queue, or that of what is over, from where the page before ended. The states stand in
// the text, for an index of some states alone is used only where they are known.
func ticketPage(states []string) string {
	return `SELECT ` + ticketColumns + ` FROM ticket
		WHERE state IN ('` + strings.Join(states, `', '`) + `') AND ($1 = 0 OR bd = $1) AND ($2 = 0 OR owner = $2) AND (priority, due_at, id) > ($3, $4, $5::uuid)
		ORDER BY priority, due_at, id LIMIT $6`
}

// List returns the tickets that the caller may see, the most urgent first and among those the one due first; next is
// "" on the last page. Errors: CodeInvalid on cursor and state; CodeForbidden unless the caller is a BD or an operator.
func (s *Tickets) List(ctx context.Context, c domain.Caller, q TicketQuery) (list []handoff.Ticket, next string, err error) {
	if err := c.Require(domain.RoleBD, domain.RoleOperator); err != nil {
		return nil, "", err
	}
	if len(q.States) == 0 {
		for _, st := range handoff.States {
			if st.Active() {
				q.States = append(q.States, st)
			}
		}
	}
	states := make([]string, len(q.States))
	for i, st := range q.States {
		if !slices.Contains(handoff.States, st) {
			return nil, "", domain.Invalid("state", "unknown state %q", st)
		}
		states[i] = string(st)
	}
	query := fmt.Appendf(nil, "%s %v %v %d", c, states, q.Mine, q.Owner)
	at := ticketPosition{ID: "00000000-0000-0000-0000-000000000000"}
	if q.Cursor != "" {
		if err := parsePosition(query, q.Cursor, &at); err != nil {
			return nil, "", err
		}
		if at.ID, err = parseID("cursor", at.ID); err != nil {
			return nil, "", err
		}
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, ticketPage(states), map[bool]int64{true: c.UID}[q.Mine], q.Owner, at.Priority, at.Due, at.ID, q.Limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanTicket)
		return err
	})
	if err == nil && len(list) > q.Limit {
		list = list[:q.Limit]
		last := list[q.Limit-1]
		next = formatPosition(query, ticketPosition{int(last.Priority), last.DueAt, last.ID})
	}
	return list, next, err
}

// Get returns a ticket with all that was done to it and the snapshot. CodeNotFound unless the caller may see it.
func (s *Tickets) Get(ctx context.Context, c domain.Caller, id string) (t handoff.Ticket, events []handoff.Event, snapshot json.RawMessage, err error) {
	if id, err = parseID("id", id); err != nil {
		return t, nil, nil, noTicket()
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		if t, err = ticket(ctx, tx, id, ""); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`SELECT n, action, state, by_uid, by_role, by_name, to_bd, text, at FROM ticket_event WHERE owner = $1 AND ticket = $2 ORDER BY n`, t.Owner, t.ID).
			Query(collect(&events, scanTicketEvent))
		b.Queue(`SELECT snapshot FROM ticket WHERE owner = $1 AND id = $2`, t.Owner, t.ID).
			QueryRow(func(row pgx.Row) error { return row.Scan((*[]byte)(&snapshot)) })
		return tx.SendBatch(ctx, b).Close()
	})
	return t, events, snapshot, err
}

// Ticket returns a ticket that the caller may see, or CodeNotFound.
func (s *Tickets) Ticket(ctx context.Context, c domain.Caller, id string) (t handoff.Ticket, err error) {
	if id, err = parseID("id", id); err != nil {
		return t, noTicket()
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		t, err = ticket(ctx, tx, id, "")
		return err
	})
	return t, err
}

// ticket finds one among those that the transaction may see; lock is "" or "FOR UPDATE".
func ticket(ctx context.Context, tx pgx.Tx, id, lock string) (handoff.Ticket, error) {
	rows, err := tx.Query(ctx, `SELECT `+ticketColumns+` FROM ticket WHERE id = $1 `+lock, id)
	if err != nil {
		return handoff.Ticket{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTicket)
	if errors.Is(err, pgx.ErrNoRows) {
		err = noTicket()
	}
	return t, err
}

func scanTicketEvent(row pgx.CollectableRow) (e handoff.Event, err error) {
	err = row.Scan(&e.N, &e.Action, &e.State, &e.UID, &e.Role, &e.Name, &e.ToBD, &e.Text, &e.At)
	e.At = e.At.UTC()
	return e, err
}

func noTicket() error { return domain.Errorf(domain.CodeNotFound, "id", "no such ticket") }

// Seen notes that a BD is at the desk, under the name that partners are shown, and the mailbox that tickets for them go to.
func (s *Tickets) Seen(ctx context.Context, c domain.Caller, name, email string, at time.Time) error {
	if c.Role != domain.RoleBD {
		return nil
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO desk_member AS d (uid, name, email, seen_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (uid) DO UPDATE SET name = CASE excluded.name WHEN '' THEN d.name ELSE excluded.name END, email = excluded.email, seen_at = excluded.seen_at
		WHERE d.seen_at < excluded.seen_at - interval '1 minute' OR d.name <> excluded.name OR d.email <> excluded.email`, c.UID, name, email, at)
	return err
}

// Member is somebody who takes tickets.
type Member struct {
	UID  int64  `json:"uid"`
	Name string `json:"name,omitempty"`
}

// Members lists those who take tickets: BDs who have looked at the queue, and those whom partners have.
func (s *Tickets) Members(ctx context.Context) ([]Member, error) {
	rows, err := s.pool.Query(ctx, `SELECT uid, coalesce(d.name, '') FROM desk_member d
		FULL JOIN (SELECT DISTINCT bd_uid AS uid FROM partner WHERE bd_uid IS NOT NULL LIMIT 500) p USING (uid) ORDER BY 2, 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Member])
}
