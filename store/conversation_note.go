package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

// nobody stands for the worker of a note's run. It is no agent's, so that every replica wakes its readers.
var nobody = uuid.Nil.String()

// Note adds events to the log of owner's thread outside of an agent's run: as a run of its own that begins and ends in
// one transaction, so that AG-UI readers see RUN_STARTED, the events, RUN_FINISHED. Followers on all replicas are woken.
// The events need no sequence numbers. The texts among them are kept for search and for the model's memory.
//
// Errors: CodeNotFound for a thread that the owner does not have; CodeBusy while a run is going in it (WhenFree waits).
func (s *Conversations) Note(
	ctx context.Context, owner domain.Caller, thread string, events ...conversation.Event,
) (conversation.Started, error) {
	return s.NoteOnce(ctx, owner, thread, "note-"+newID(), events...)
}

// NoteOnce is Note under a key: the same key of the same owner again adds nothing, and returns the run that it made.
// Keys share their space with the client ids of messages, so begin them with a word of your own ("ticket-…").
func (s *Conversations) NoteOnce(
	ctx context.Context, owner domain.Caller, thread, key string, events ...conversation.Event,
) (started conversation.Started, err error) {
	err = s.as(ctx, owner, func(tx pgx.Tx) error {
		started, err = noteIn(ctx, tx, owner, thread, key, events)
		return err
	})
	return started, noteRace(err)
}

// noteRace says in a person's words that a run was going, or has just begun.
func noteRace(err error) error {
	if violated(err) != "" {
		return domain.Errorf(domain.CodeBusy, "threadId", "an answer is being written in this conversation")
	}
	return err
}

// noteIn is NoteOnce within a transaction that may see and write the owner's rows: the service's own role, or
// partnerhub_app with the owner's uid. A unique violation, which ends the transaction, means that a run is going
// (noteRace); a savepoint around the call keeps the rest.
//
// The race that its order closes: the run is inserted as running, so that run_one_at_a_time lets no other run begin or
// go on beside it, and only then is the highest sequence number read. The conversation's row comes last, as in Begin and
// in Append, so that none of them waits for another crosswise.
func noteIn(
	ctx context.Context, tx pgx.Tx, owner domain.Caller, thread, key string, events []conversation.Event,
) (started conversation.Started, err error) {
	if thread, err = parseID("threadId", thread); err != nil {
		return started, noConversation()
	}
	run := conversation.Run{ID: newID(), ThreadID: thread, Owner: owner, Worker: nobody, Attempt: 1}
	started = conversation.Started{Run: run, State: conversation.Finished}
	exists := false
	b := &pgx.Batch{}
	b.Queue(`SELECT id, thread, state, after FROM run WHERE owner = $1 AND client_id = $2`, owner.UID, key).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				started.Duplicate = true
				if err := rows.Scan(&started.Run.ID, &started.Run.ThreadID, &started.State, &started.After); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	b.Queue(`SELECT EXISTS (SELECT FROM conversation WHERE owner = $1 AND id = $2)`, owner.UID, thread).
		QueryRow(func(row pgx.Row) error { return row.Scan(&exists) })
	switch err := tx.SendBatch(ctx, b).Close(); {
	case err != nil || started.Duplicate:
		return started, err
	case !exists:
		return started, noConversation()
	}

	_, err = tx.Exec(ctx, `INSERT INTO run (owner, id, thread, after, role, client_id, state, worker, lease_until)
		VALUES ($1, $2, $3, 0, $4, $5, 'running', $6, now())`, owner.UID, run.ID, thread, owner.Role, key, nobody)
	if foreignKeyGone(err) {
		return started, noConversation() // deleted meanwhile
	}
	if err != nil {
		return started, err
	}
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM run_event WHERE owner = $1 AND thread = $2`,
		owner.UID, thread).Scan(&started.After); err != nil {
		return started, err
	}
	return started, tx.SendBatch(ctx, noted(run, started.After, events)).Close()
}

// noted writes the note's events and ends its run.
func noted(run conversation.Run, after int64, events []conversation.Event) *pgx.Batch {
	all := append([]conversation.Event{{Type: conversation.RunStarted, ThreadID: run.ThreadID, RunID: run.ID}}, events...)
	all = append(all, conversation.Event{
		Type: conversation.RunFinished, ThreadID: run.ThreadID, RunID: run.ID,
		Outcome: &conversation.Outcome{Type: "success"},
	})
	var text strings.Builder
	for _, e := range events {
		switch e.Type {
		case conversation.TextContent:
			text.WriteString(e.Delta)
		case conversation.TextEnd:
			text.WriteString("\n\n")
		}
	}
	b := &pgx.Batch{}
	queueEvents(b, run, conversation.Log(run.ID, after, time.Now(), all...))
	if said := strings.TrimSpace(text.String()); said != "" {
		b.Queue(`INSERT INTO message (owner, thread, seq, role, text) VALUES ($1, $2, $3, 'assistant', $4)`,
			run.Owner.UID, run.ThreadID, after+1, said)
	}
	b.Queue(`UPDATE run SET state = 'finished', after = $3, ended_at = now() WHERE owner = $1 AND id = $2`, run.Owner.UID, run.ID, after)
	b.Queue(`UPDATE conversation SET updated_at = now() WHERE owner = $1 AND id = $2`, run.Owner.UID, run.ThreadID)
	b.Queue(`SELECT pg_notify($1, $2)`, wakeChannel, run.ThreadID+" "+run.Worker)
	return b
}

// WhenFree does what is refused with CodeBusy while a thread's answer is written, as Note is: it tries again, at
// growing intervals of at most a second, for as long as within, and then returns the last CodeBusy. Other errors
// return at once, as does ctx's.
func WhenFree(ctx context.Context, within time.Duration, do func() error) error {
	deadline := time.Now().Add(within)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := do()
		if err == nil || domain.AsError(err).Code != domain.CodeBusy || time.Now().Add(wait).After(deadline) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// SayEvents are the events of one text message, for Note. role is AG-UI's: "assistant" for what is said to the
// partner; from names a person who says it instead, and stays "" for the assistant.
func SayEvents(messageID, from, text string) []conversation.Event {
	return []conversation.Event{
		{Type: conversation.TextStart, MessageID: messageID, Role: "assistant", Name: from},
		{Type: conversation.TextContent, MessageID: messageID, Delta: text},
		{Type: conversation.TextEnd, MessageID: messageID},
	}
}
