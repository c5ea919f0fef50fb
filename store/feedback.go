package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/feedback"
	"partnerhub/domain/handoff"
)

// Vote keeps what the caller says of an answer of theirs, with a snapshot of it; a second vote on the same answer replaces the first,
// and keeps its snapshot. A 👎 that was dismissed comes back when it is given again.
//
// Errors: CodeInvalid and CodeTooLarge on f's fields; CodeNotFound for a run that the caller does not have or that answers no message;
// CodeBusy while the run goes on.
func (s *Conversations) Vote(ctx context.Context, c domain.Caller, f feedback.Feedback) (feedback.Feedback, error) {
	f, err := f.Clean()
	if err != nil {
		return f, err
	}
	if f.RunID, err = parseID("runId", f.RunID); err != nil {
		return f, noRun()
	}
	vote := 1
	if f.Vote == feedback.Down {
		vote = -1
	}
	return f, s.as(ctx, c, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE feedback SET vote = $3, reasons = coalesce($4::text[], '{}'), text = $5, updated_at = now(),
			state = CASE WHEN state = 'dismissed' THEN 'new' ELSE state END WHERE owner = $1 AND run = $2`, c.UID, f.RunID, vote, f.Reasons, f.Text)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		snap, thread, err := snapshot(ctx, tx, c, f.RunID)
		if err != nil {
			return err
		}
		body, err := json.Marshal(snap)
		if err != nil {
			return err
		}
		// The conflict: the same person votes in two tabs at once.
		_, err = tx.Exec(ctx, `INSERT INTO feedback (owner, run, thread, vote, reasons, text, topic, snapshot)
			VALUES ($1, $2, $3, $4, coalesce($5::text[], '{}'), $6, $7, $8)
			ON CONFLICT (owner, run) DO UPDATE SET vote = excluded.vote, reasons = excluded.reasons, text = excluded.text, updated_at = now()`,
			c.UID, f.RunID, thread, vote, f.Reasons, f.Text, snap.Topic(), string(body))
		if foreignKeyGone(err) {
			return noRun()
		}
		return err
	})
}

func noRun() error { return domain.Errorf(domain.CodeNotFound, "runId", "no such answer") }

// snapshot reads an answer of the caller's, and the turns before it, out of the log.
func snapshot(ctx context.Context, tx pgx.Tx, c domain.Caller, run string) (s feedback.Snapshot, thread string, err error) {
	var state conversation.State
	var after int64
	var ended *time.Time
	var began time.Time
	meter := feedback.Snapshot{}
	err = tx.QueryRow(ctx, `SELECT thread, state, after, started_at, ended_at, model, prompts, library, kind, fallback, tokens_in, tokens_out, cost
		FROM run WHERE owner = $1 AND id = $2`, c.UID, run).Scan(&thread, &state, &after, &began, &ended,
		&meter.Model, &meter.Prompts, &meter.Library, &meter.Kind, &meter.Fallback, &meter.Tokens[0], &meter.Tokens[1], &meter.Cost)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s, "", noRun()
	case err != nil:
		return s, "", err
	case state == conversation.Running:
		return s, "", domain.Errorf(domain.CodeBusy, "runId", "the answer is still being written")
	}
	rows, err := tx.Query(ctx, `SELECT run, seq, type, body FROM run_event WHERE owner = $1 AND thread = $2
		AND seq > coalesce((SELECT min(after) FROM (SELECT after FROM run WHERE owner = $1 AND thread = $2 AND after <= $3 ORDER BY after DESC LIMIT $4) latest), 0)
		AND seq <= coalesce((SELECT min(after) FROM run WHERE owner = $1 AND thread = $2 AND after > $3), 9223372036854775807)
		AND type NOT IN ('card', 'suggestions', 'kind') ORDER BY seq`, c.UID, thread, after, wholeTurns)
	if err != nil {
		return s, "", err
	}
	log, err := pgx.CollectRows(rows, scanLogged)
	if err != nil {
		return s, "", err
	}
	turns, err := conversation.Replay(log)
	if err != nil {
		return s, "", err
	}
	asked := map[string]conversation.Ask{}
	at := began.UnixMilli()
	for _, l := range log {
		e, err := l.Event()
		if err != nil {
			return s, "", err
		}
		if l.Run == run && e.Type == conversation.RunStarted {
			at = e.Timestamp
		}
		if e.Name == conversation.Question {
			var a conversation.Ask
			if json.Unmarshal(e.Value, &a) == nil {
				asked[l.Run] = a
			}
		}
	}
	if len(turns) == 0 || turns[len(turns)-1].RunID != run || turns[len(turns)-1].User == "" {
		return s, "", noRun() // a note, which answers nobody
	}
	s = feedback.Take(turns, asked)
	s.At, s.State = time.UnixMilli(at).UTC(), string(state)
	s.Model, s.Prompts, s.Library, s.Kind, s.Fallback, s.Tokens, s.Cost = meter.Model, meter.Prompts, meter.Library, meter.Kind, meter.Fallback, meter.Tokens, meter.Cost
	if ended != nil {
		s.Millis = ended.Sub(began).Milliseconds()
	}
	return s, thread, nil
}

// Unvote takes the caller's vote on an answer back. Without one it does nothing.
func (s *Conversations) Unvote(ctx context.Context, c domain.Caller, runID string) error {
	id, err := parseID("runId", runID)
	if err != nil {
		return noRun()
	}
	return s.as(ctx, c, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM feedback WHERE owner = $1 AND run = $2`, c.UID, id)
		return err
	})
}

// maxVotes is how many votes of a thread are told, the latest.
const maxVotes = 2000

// Votes are the caller's own on a thread's answers.
func (s *Conversations) Votes(ctx context.Context, c domain.Caller, thread string) (votes []feedback.Feedback, err error) {
	if thread, err = parseID("threadId", thread); err != nil {
		return nil, noConversation()
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT run, CASE vote WHEN 1 THEN 'up' ELSE 'down' END, reasons, text FROM feedback
			WHERE owner = $1 AND thread = $2 ORDER BY run DESC LIMIT $3`, c.UID, thread, maxVotes)
		if err != nil {
			return err
		}
		votes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[feedback.Feedback])
		return err
	})
	return votes, err
}

// queueBad counts the thread's latest answers, one after another, that failed the partner: they failed, said that they do not
// know, or have a 👎. Notes and the run that is going count for nothing; nor does what came before a person was offered, or
// anything while somebody has been called. It counts to handoff.OfferAfter.
func queueBad(b *pgx.Batch, c domain.Caller, thread string, n *int) {
	b.Queue(`WITH latest AS (
			SELECT NOT r.offered AND coalesce(f.vote = -1, r.state = 'failed' OR r.unanswered) AS bad, row_number() OVER (ORDER BY r.after DESC) AS nth
			FROM run r LEFT JOIN feedback f ON f.owner = r.owner AND f.run = r.id
			WHERE r.owner = $1 AND r.thread = $2 AND r.state <> 'running' AND r.model <> '' ORDER BY r.after DESC LIMIT $3)
		SELECT count(*) FROM latest WHERE nth < coalesce((SELECT min(nth) FROM latest WHERE NOT bad), $3 + 1)
			AND NOT EXISTS (SELECT FROM ticket WHERE owner = $1 AND thread = $2 AND state NOT IN ('resolved', 'cancelled'))`,
		c.UID, thread, handoff.OfferAfter).
		QueryRow(func(row pgx.Row) error { return row.Scan(n) })
}

// offerWait is how long an offer waits for the answer that is being written.
const offerWait = 30 * time.Second

// OfferPerson adds events that offer a person to the conversation of one of the caller's runs, as a note, when its latest answers
// failed the partner as often as handoff.OfferAfter says; once for each row of them. It waits for an answer that is being written.
// Errors: CodeNotFound for a run that the caller does not have; CodeBusy while that answer takes too long.
func (s *Conversations) OfferPerson(ctx context.Context, c domain.Caller, runID string, events ...conversation.Event) error {
	id, err := parseID("runId", runID)
	if err != nil {
		return noRun()
	}
	return WhenFree(ctx, offerWait, func() error {
		err := s.as(ctx, c, func(tx pgx.Tx) error { return offerPerson(ctx, tx, c, id, events) })
		if errors.Is(err, errOffered) {
			return nil
		}
		return noteRace(err)
	})
}

// errOffered takes an offer back that another one came before.
var errOffered = errors.New("offered already")

func offerPerson(ctx context.Context, tx pgx.Tx, c domain.Caller, run string, events []conversation.Event) error {
	var thread string
	err := tx.QueryRow(ctx, `SELECT thread FROM run WHERE owner = $1 AND id = $2`, c.UID, run).Scan(&thread)
	if errors.Is(err, pgx.ErrNoRows) {
		return noRun()
	}
	if err != nil {
		return err
	}
	var bad int
	b := &pgx.Batch{}
	queueBad(b, c, thread, &bad)
	if err := tx.SendBatch(ctx, b).Close(); err != nil || bad < handoff.OfferAfter {
		return err
	}
	if _, err := noteIn(ctx, tx, c, thread, "offer-"+run, events); err != nil {
		return err
	}
	// Of two votes at the same time the second waits for the first one's note, and then finds its mark here.
	tag, err := tx.Exec(ctx, `UPDATE run SET offered = true WHERE owner = $1 AND NOT offered AND id =
		(SELECT id FROM run WHERE owner = $1 AND thread = $2 AND model <> '' ORDER BY after DESC LIMIT 1)`, c.UID, thread)
	if err == nil && tag.RowsAffected() == 0 {
		err = errOffered
	}
	return err
}
