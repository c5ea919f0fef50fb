package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
)

// The channel on which replicas tell each other of signals; the payload is a handoff.Signal.
const signalChannel = "partnerhub_signal"

// Signal tells the other side of a held conversation what the caller does, and keeps what they have seen. A partner names the
// conversation, a BD the ticket. Errors: CodeNotFound for one that the caller does not have or may not see; handoff.Ticket.SideOf's.
func (s *Tickets) Signal(ctx context.Context, c domain.Caller, sig handoff.Signal) error {
	column, id := "thread", sig.Thread
	if c.Role != domain.RolePartner {
		column, id = "id", sig.Ticket
	}
	id, err := parseID(column, id)
	if err != nil {
		return noTicket()
	}
	return s.as(ctx, c, func(tx pgx.Tx) error {
		// A partner's rows are found by their owner, which leads every key; a BD's by the ticket's id.
		rows, err := tx.Query(ctx, `SELECT `+ticketColumns+` FROM ticket WHERE `+column+` = $1 AND ($2 = 0 OR owner = $2) AND state NOT IN ('resolved', 'cancelled')`,
			id, map[bool]int64{true: c.UID}[c.Role == domain.RolePartner])
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, scanTicket)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return noTicket()
		}
		t := found[0]
		if sig.From, err = t.SideOf(c); err != nil {
			return err
		}
		sig.Thread, sig.Ticket, sig.Name = t.Thread, t.ID, ""
		if sig.From == handoff.DeskSide {
			sig.Name = t.BDName
		}
		payload, err := json.Marshal(sig)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		if sig.Seen > 0 {
			seen := map[handoff.Side]string{handoff.PartnerSide: "partner_seen", handoff.DeskSide: "bd_seen"}[sig.From]
			b.Queue(`UPDATE ticket SET `+seen+` = $3 WHERE owner = $1 AND id = $2 AND `+seen+` < $3`, t.Owner, t.ID, sig.Seen)
		}
		b.Queue(`SELECT pg_notify($1, $2)`, signalChannel, string(payload))
		return tx.SendBatch(ctx, b).Close()
	})
}

// ListenSignals calls hear with each signal, on whichever replica it was given, until ctx ends or the connection breaks. The
// connection is its own, not one of the pool's.
func (s *Tickets) ListenSignals(ctx context.Context, hear func(handoff.Signal)) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+signalChannel); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var sig handoff.Signal
		if json.Unmarshal([]byte(n.Payload), &sig) == nil {
			hear(sig)
		}
	}
}
