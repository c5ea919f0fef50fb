package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
)

// Conversations keeps chats and their runs: package agent's Log, and the list that the web shows.
type Conversations struct {
	pool *pgxpool.Pool
}

// NewConversations works on a migrated database.
func NewConversations(pool *pgxpool.Pool) *Conversations { return &Conversations{pool: pool} }

// The channel on which replicas wake each other's readers; the payload is the thread's id and the worker's.
const wakeChannel = "partnerhub_thread"

// runsPerCaller bounds how many runs one caller may have going at the same time.
const runsPerCaller = 4

// beginTries bounds how often Begin tries again when notes come between.
const beginTries = 5

// wholeTurns is how many of the latest turns History returns whole; of older ones, earlierTexts texts.
const (
	wholeTurns   = 8
	earlierTexts = 60
)

// as runs f in a transaction in which row level security admits the caller's rows alone. The settings go with
// BEGIN, in one round trip.
func (s *Conversations) as(ctx context.Context, c domain.Caller, f func(pgx.Tx) error) error {
	opts := pgx.TxOptions{BeginQuery: fmt.Sprintf(
		`BEGIN; SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '%d'`, c.UID)}
	return pgx.BeginTxFunc(ctx, s.pool, opts, f)
}

// Begin stores a message and the beginning of the run that answers it, under a lease for the worker, and the
// conversation itself when it is a new one. The same client id again returns the run that it made before. While a BD holds
// the conversation the run is over as it begins: nobody but the BD answers it.
//
// Errors: CodeNotFound for a thread that the caller does not have; CodeBusy while the thread has another run
// going, which is refused rather than queued so that the partner decides whether to wait or to stop it.
func (s *Conversations) Begin(
	ctx context.Context, c domain.Caller, m conversation.Message, worker string, lease time.Duration, at time.Time,
) (started conversation.Started, history conversation.History, err error) {
	thread := m.ThreadID
	if thread == "" {
		thread = newID()
	} else if thread, err = parseID("threadId", thread); err != nil {
		return started, history, err
	}
	run := conversation.Run{ID: newID(), ThreadID: thread, Owner: c, Worker: worker, Attempt: 1}
	for try := 1; ; try++ {
		started, history, err = s.beginOnce(ctx, m, run, lease, at)
		// A note that came between the history's reading and the run's beginning has taken the sequence numbers.
		if violated(err) != "run_event_pkey" || try == beginTries {
			break
		}
	}
	if other := violated(err); other != "" {
		return s.afterRace(ctx, c, m, other)
	}
	return started, history, err
}

func (s *Conversations) beginOnce(
	ctx context.Context, m conversation.Message, run conversation.Run, lease time.Duration, at time.Time,
) (started conversation.Started, history conversation.History, err error) {
	c, thread := run.Owner, run.ThreadID
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		var exists bool
		var running int
		b := &pgx.Batch{}
		b.Queue(`SELECT id, thread, state, after FROM run WHERE owner = $1 AND client_id = $2`, c.UID, m.ClientID).
			Query(func(rows pgx.Rows) error {
				for rows.Next() {
					started.Duplicate, started.Run = true, run
					if err := rows.Scan(&started.Run.ID, &started.Run.ThreadID, &started.State, &started.After); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		b.Queue(`SELECT EXISTS (SELECT FROM conversation WHERE owner = $1 AND id = $2),
			(SELECT count(*) FROM run WHERE owner = $1 AND state = 'running')`, c.UID, thread).
			QueryRow(func(row pgx.Row) error { return row.Scan(&exists, &running) })
		var held []handoff.Ticket
		if m.ThreadID != "" {
			queueTicket(b, c, thread, &held)
			queueHistory(b, c, thread, &history)
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil || started.Duplicate {
			return err
		}
		switch {
		case m.ThreadID != "" && !m.NewThread && !exists:
			return noConversation()
		case running >= runsPerCaller:
			return domain.Errorf(domain.CodeBusy, "", "%d answers are being written for you already", running)
		}
		started.Run, started.State, started.After = run, conversation.Running, history.Last
		if len(held) > 0 && held[0].State.Held() {
			started.State = conversation.Finished
			return mute(ctx, tx, run, m, held[0], history.Last, at)
		}
		opening := conversation.Opening(run, m, history.Last, at)
		history.Log = append(history.Log, opening...)
		history.Last += int64(len(opening))
		return tx.SendBatch(ctx, beginning(run, m, exists, started.After, lease, opening)).Close()
	})
	return started, history, err
}

func beginning(
	run conversation.Run, m conversation.Message, exists bool, after int64, lease time.Duration, opening []conversation.Logged,
) *pgx.Batch {
	b := &pgx.Batch{}
	if !exists {
		b.Queue(`INSERT INTO conversation (owner, id, title) VALUES ($1, $2, $3)`,
			run.Owner.UID, run.ThreadID, conversation.TitleOf(m.Text))
	}
	b.Queue(`INSERT INTO run (owner, id, thread, after, role, client_id, state, worker, lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, now() + $8::interval)`,
		run.Owner.UID, run.ID, run.ThreadID, after, run.Owner.Role, m.ClientID, run.Worker, lease)
	queueEvents(b, run, opening)
	b.Queue(`INSERT INTO message (owner, thread, seq, role, text) VALUES ($1, $2, $3, 'user', $4)`,
		run.Owner.UID, run.ThreadID, after+1, m.Text)
	if exists { // nobody can be reading a thread that is new
		// After the run's row, as Append and Note do it: in the other order two of them wait for each other.
		b.Queue(`UPDATE conversation SET updated_at = now() WHERE owner = $1 AND id = $2`, run.Owner.UID, run.ThreadID)
		b.Queue(`SELECT pg_notify($1, $2)`, wakeChannel, run.ThreadID+" "+run.Worker)
	}
	return b
}

// afterRace says what became of a Begin that lost to another one at the same time: the same message sent
// twice, another message to the same thread, or the same new thread.
func (s *Conversations) afterRace(
	ctx context.Context, c domain.Caller, m conversation.Message, constraint string,
) (started conversation.Started, history conversation.History, err error) {
	if constraint != "run_owner_client_id_key" {
		return started, history, domain.Errorf(domain.CodeBusy, "threadId",
			"the message before is still being answered: wait for it, or stop it")
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		started.Duplicate, started.Run.Owner = true, c
		return tx.QueryRow(ctx, `SELECT id, thread, state, after FROM run WHERE owner = $1 AND client_id = $2`, c.UID, m.ClientID).
			Scan(&started.Run.ID, &started.Run.ThreadID, &started.State, &started.After)
	})
	return started, history, err
}

// violated names the unique constraint that err says was violated, or "".
func violated(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return pg.ConstraintName
	}
	return ""
}

func queueEvents(b *pgx.Batch, run conversation.Run, events []conversation.Logged) {
	if len(events) == 0 {
		return
	}
	seqs, types, bodies := make([]int64, len(events)), make([]string, len(events)), make([]string, len(events))
	for i, e := range events {
		seqs[i], types[i], bodies[i] = e.Seq, e.Type, string(e.JSON)
	}
	b.Queue(`INSERT INTO run_event (owner, thread, seq, run, type, body)
		SELECT $1, $2, e.seq, $3, e.type, e.body::json FROM unnest($4::bigint[], $5::text[], $6::text[]) e (seq, type, body)`,
		run.Owner.UID, run.ThreadID, run.ID, seqs, types, bodies)
}

// queueHistory reads the latest turns. Cards and suggestions are for people; a model is told of calls
// and results.
func queueHistory(b *pgx.Batch, c domain.Caller, thread string, h *conversation.History) {
	const since = `coalesce((SELECT min(after) FROM
		(SELECT after FROM run WHERE owner = $1 AND thread = $2 ORDER BY after DESC LIMIT $3) latest), 0)`
	b.Queue(`SELECT run, seq, type, body FROM run_event WHERE owner = $1 AND thread = $2 AND seq > `+since+`
		AND type NOT IN ('card', 'suggestions', 'kind', 'STATE_SNAPSHOT', 'MESSAGES_SNAPSHOT') ORDER BY seq`, c.UID, thread, wholeTurns).
		Query(func(rows pgx.Rows) (err error) {
			h.Log, err = pgx.CollectRows(rows, scanLogged)
			return err
		})
	b.Queue(`SELECT role, text FROM message WHERE owner = $1 AND thread = $2 AND seq <= `+since+`
		ORDER BY seq DESC, role LIMIT $4`, c.UID, thread, wholeTurns, earlierTexts).
		Query(func(rows pgx.Rows) error {
			latestFirst, err := pgx.CollectRows(rows, pgx.RowToStructByPos[conversation.Said])
			for i := len(latestFirst) - 1; i >= 0; i-- {
				h.Earlier = append(h.Earlier, latestFirst[i])
			}
			return err
		})
	b.Queue(`SELECT coalesce(max(seq), 0) FROM run_event WHERE owner = $1 AND thread = $2`, c.UID, thread).
		QueryRow(func(row pgx.Row) error { return row.Scan(&h.Last) })
	queueBad(b, c, thread, &h.Bad)
}

func scanLogged(row pgx.CollectableRow) (l conversation.Logged, err error) {
	err = row.Scan(&l.Run, &l.Seq, &l.Type, (*[]byte)(&l.JSON))
	return l, err
}

// History is what Begin returned, for a worker that takes a run over.
func (s *Conversations) History(ctx context.Context, run conversation.Run) (h conversation.History, err error) {
	err = s.as(ctx, run.Owner, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		queueHistory(b, run.Owner, run.ThreadID, &h)
		return tx.SendBatch(ctx, b).Close()
	})
	return h, err
}

// Append adds to the log and extends the worker's lease, or ends the run. stop says that the partner wants
// the run stopped. It returns CodeConflict when the run is not this worker's any more: it has ended, another
// worker has taken it, or the conversation was deleted. Nothing is stored then.
func (s *Conversations) Append(
	ctx context.Context, run conversation.Run, e conversation.Entry, lease time.Duration,
) (stop bool, err error) {
	err = s.as(ctx, run.Owner, func(tx pgx.Tx) error {
		mine := false
		b := &pgx.Batch{}
		// The row lock orders this against a worker that takes the run over: whoever comes second finds the
		// other's name in it.
		b.Queue(`UPDATE run SET lease_until = now() + $4::interval, state = coalesce(NULLIF($5::text, ''), state),
				ended_at = CASE WHEN $5::text = '' THEN NULL ELSE now() END
			WHERE owner = $1 AND id = $2 AND worker = $3 AND state = 'running' RETURNING stop`,
			run.Owner.UID, run.ID, run.Worker, lease, string(e.End)).
			Query(func(rows pgx.Rows) error {
				for rows.Next() {
					mine = true
					if err := rows.Scan(&stop); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		queueEvents(b, run, e.Events)
		if e.End != "" {
			m := e.Meter
			b.Queue(`UPDATE run SET model = $3, prompts = $4, kind = $5, fallback = $6, tokens_in = $7, tokens_out = $8, cost = $9,
					unanswered = $11, offered = $12, library = coalesce((SELECT active FROM library_state), 0)
				WHERE owner = $1 AND id = $2 AND worker = $10`,
				run.Owner.UID, run.ID, m.Model, m.Prompts, m.Kind, m.Fallback, m.TokensIn, m.TokensOut, m.Cost, run.Worker,
				m.Unanswered, m.Offered)
			b.Queue(`UPDATE conversation SET updated_at = now() WHERE owner = $1 AND id = $2`, run.Owner.UID, run.ThreadID)
			if e.Answer != "" {
				b.Queue(`INSERT INTO message (owner, thread, seq, role, text)
					SELECT owner, thread, after + 1, 'assistant', $3 FROM run WHERE owner = $1 AND id = $2`,
					run.Owner.UID, run.ID, e.Answer)
			}
		}
		b.Queue(`SELECT pg_notify($1, $2)`, wakeChannel, run.ThreadID+" "+run.Worker) // once a flush (DESIGN, measured)
		err := tx.SendBatch(ctx, b).Close()
		if err == nil && !mine || violated(err) != "" || foreignKeyGone(err) {
			return domain.Errorf(domain.CodeConflict, "runId", "the run is not this worker's any more")
		}
		return err
	})
	return stop, err
}

func foreignKeyGone(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503"
}

// Events returns up to limit events of a thread after a sequence number. It returns CodeNotFound for a
// thread that the caller does not have.
func (s *Conversations) Events(
	ctx context.Context, c domain.Caller, thread string, after int64, limit int,
) (events []conversation.Logged, err error) {
	if thread, err = parseID("threadId", thread); err != nil {
		return nil, noConversation()
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		exists := false
		b := &pgx.Batch{}
		b.Queue(`SELECT EXISTS (SELECT FROM conversation WHERE owner = $1 AND id = $2)`, c.UID, thread).
			QueryRow(func(row pgx.Row) error { return row.Scan(&exists) })
		b.Queue(`SELECT run, seq, type, body FROM run_event
			WHERE owner = $1 AND thread = $2 AND seq > $3 ORDER BY seq LIMIT $4`, c.UID, thread, after, limit).
			Query(func(rows pgx.Rows) (err error) {
				events, err = pgx.CollectRows(rows, scanLogged)
				return err
			})
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		if !exists {
			return noConversation()
		}
		return nil
	})
	return events, err
}

// Stop asks the run's worker to stop. A run that has ended stays as it is. It returns CodeNotFound for a
// run that the caller does not have.
func (s *Conversations) Stop(ctx context.Context, c domain.Caller, runID string) error {
	id, err := parseID("runId", runID)
	if err != nil {
		return domain.Errorf(domain.CodeNotFound, "runId", "no such run")
	}
	return s.as(ctx, c, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE run SET stop = true WHERE owner = $1 AND id = $2`, c.UID, id)
		if err == nil && tag.RowsAffected() == 0 {
			return domain.Errorf(domain.CodeNotFound, "runId", "no such run")
		}
		return err
	})
}

// Beat extends the leases of those runs that are still the worker's, and names those among them that are to be
// stopped.
func (s *Conversations) Beat(
	ctx context.Context, worker string, runs []string, lease time.Duration,
) (stopped []string, err error) {
	rows, err := s.pool.Query(ctx,
		`UPDATE run SET lease_until = now() + $3::interval
			WHERE worker = $1 AND state = 'running' AND id = ANY ($2::uuid[]) RETURNING id, stop`, worker, runs, lease)
	if err != nil {
		return nil, err
	}
	var id string
	var stop bool
	_, err = pgx.ForEachRow(rows, []any{&id, &stop}, func() error {
		if stop {
			stopped = append(stopped, id)
		}
		return nil
	})
	return stopped, err
}

// Claim takes over some of the runs whose worker's lease is over. Several replicas may try at once: the row's
// own condition, checked again under its lock, lets one of them have it.
func (s *Conversations) Claim(ctx context.Context, worker string, lease time.Duration) (runs []conversation.Run, err error) {
	rows, err := s.pool.Query(ctx, `SELECT owner, id FROM run WHERE state = 'running' AND lease_until < now() LIMIT 16`)
	if err != nil {
		return nil, err
	}
	type key struct {
		Owner int64
		ID    string
	}
	dead, err := pgx.CollectRows(rows, pgx.RowToStructByPos[key])
	if err != nil {
		return nil, err
	}
	for _, k := range dead {
		run := conversation.Run{ID: k.ID, Worker: worker}
		err := s.pool.QueryRow(ctx, `UPDATE run SET worker = $3, lease_until = now() + $4::interval, attempt = attempt + 1
			WHERE owner = $1 AND id = $2 AND state = 'running' AND lease_until < now()
			RETURNING thread, owner, role, attempt`, k.Owner, k.ID, worker, lease).
			Scan(&run.ThreadID, &run.Owner.UID, &run.Owner.Role, &run.Attempt)
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err != nil {
			return runs, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Listen calls wake with the id of each thread that was added to, and by which worker, until ctx ends or the
// connection breaks; and once with two empty strings when it begins to hear. The connection is its own, not one of
// the pool's.
func (s *Conversations) Listen(ctx context.Context, wake func(thread, worker string)) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+wakeChannel); err != nil {
		return err
	}
	wake("", "")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		thread, worker, _ := strings.Cut(n.Payload, " ")
		wake(thread, worker)
	}
}

// newID is a UUIDv7: in the order of time, so that new rows lie together in their index.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// parseID returns the id in its one spelling.
func parseID(field, id string) (string, error) {
	u, err := uuid.Parse(id)
	if err != nil || len(id) != 36 {
		return "", domain.Invalid(field, "is not a UUID")
	}
	return u.String(), nil
}

func noConversation() error {
	return domain.Errorf(domain.CodeNotFound, "threadId", "no such conversation")
}
