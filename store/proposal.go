package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

// Propose stores what a model would do, for the caller to decide on; nothing is done. A proposal that is open in the same
// conversation is declined as replaced: there is one thing at a time to say yes to.
//
// Errors: those of the kind's arguments; CodeBusy when too many are open, or were made within the hour.
func (s *Store) Propose(
	ctx context.Context, c domain.Caller, kind proposal.Kind, args any, thread string, now time.Time,
) (p proposal.Proposal, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return p, err
	}
	k, ok := proposalKinds[kind]
	if !ok {
		return p, fmt.Errorf("proposals of the kind %q have no row in the table", kind)
	}
	given, err := proposal.Canonical(args)
	if err != nil {
		return p, err
	}
	complete, preview, err := k.prepare(ctx, s, c, given, now)
	if err != nil {
		return p, err
	}
	p = proposal.Proposal{
		ID: newID(), Owner: c, Kind: kind, Preview: preview, State: proposal.Proposed, ThreadID: thread,
		CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	p.ExpiresAt = p.CreatedAt.Add(proposal.Lifetime)
	if p.Args, err = proposal.Canonical(complete); err != nil {
		return p, err
	}
	p.Digest = proposal.Digest(p.ID, c, kind, p.Args)
	return p, s.asOwner(ctx, c, func(tx pgx.Tx) error { return s.keepProposal(ctx, tx, p, now) })
}

func (s *Store) keepProposal(ctx context.Context, tx pgx.Tx, p proposal.Proposal, now time.Time) error {
	// The lock closes the race between two proposals that each see one place left.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('proposal', $1))`, p.Owner.UID); err != nil {
		return err
	}
	if p.ThreadID != "" {
		if _, err := tx.Exec(ctx, `UPDATE proposal SET state = 'declined', reason = $3, decided_at = $4, noted = true
			WHERE owner = $1 AND thread = $2 AND state = 'proposed' AND expires_at > $4`, p.Owner.UID, p.ThreadID, proposal.Replaced, now); err != nil {
			return err
		}
	}
	var open, recent int
	if err := tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'proposed' AND expires_at > $2), count(*) FILTER (WHERE created_at > $3)
		FROM proposal WHERE owner = $1 AND created_at > $3`, p.Owner.UID, now, now.Add(-time.Hour)).Scan(&open, &recent); err != nil {
		return err
	}
	switch {
	case s.unlimited:
	case open >= proposal.Open:
		return domain.Errorf(domain.CodeBusy, "", "%d proposals wait for your decision already", open)
	case recent >= proposal.Hourly:
		return domain.Errorf(domain.CodeBusy, "", "%d proposals were made within the hour; try again later", recent)
	}
	preview, err := json.Marshal(p.Preview)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO proposal (owner, id, kind, args, digest, preview, thread, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, nullif($7, '')::uuid, $8, $9)`,
		p.Owner.UID, p.ID, p.Kind, string(p.Args), p.Digest, string(preview), p.ThreadID, p.CreatedAt, p.ExpiresAt)
	return err
}

// asOwner runs f in a transaction in which row level security admits the caller's rows alone, to write them.
func (s *Store) asOwner(ctx context.Context, c domain.Caller, f func(pgx.Tx) error) error {
	return s.again(ctx, func(tx pgx.Tx) error {
		if err := actAs(ctx, tx, c); err != nil {
			return err
		}
		return f(tx)
	})
}

// actAs lets the rest of tx, until actAsService, see and write the caller's rows alone.
func actAs(ctx context.Context, tx pgx.Tx, c domain.Caller) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '%d'`, c.UID))
	return err
}

func actAsService(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL ROLE NONE`)
	return err
}

// Approve executes a proposal of the caller's: the row is consumed in the transaction of the write, so that both happen or
// neither. Nothing that a model can call leads here.
//
// Errors: CodeNotFound for a proposal that the caller does not have; CodeConflict on "state" when it was decided on or has
// expired, on "digest" when what was approved is not what was proposed; and those of the execution, after which the
// proposal is open as before.
func (s *Store) Approve(ctx context.Context, c domain.Caller, id, digest string, now time.Time) (p proposal.Proposal, err error) {
	if id, err = proposalID(id); err != nil {
		return p, err
	}
	if err := c.Require(domain.RolePartner); err != nil {
		return p, err
	}
	err = s.again(ctx, func(tx pgx.Tx) error {
		if err := actAs(ctx, tx, c); err != nil {
			return err
		}
		// The race that this update closes: two approvals at once. The second waits for the first at the row, and finds it
		// approved, or open again when the first failed.
		p, err = decide(ctx, tx, c, id, proposal.Approved, now)
		if err != nil {
			return err
		}
		if !p.Verify(digest) {
			return domain.Errorf(domain.CodeConflict, "digest", "what was approved is not what was proposed")
		}
		if err := actAsService(ctx, tx); err != nil {
			return err
		}
		result, err := proposalKinds[p.Kind].execute(ctx, s, tx, p, now)
		if err != nil {
			return err
		}
		if p.Result, err = json.Marshal(result); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE proposal SET result = $3 WHERE owner = $1 AND id = $2`, c.UID, id, string(p.Result))
		return err
	})
	return p, err
}

// Decline is final. Errors: as Approve's, but for the digest's and the execution's.
func (s *Store) Decline(ctx context.Context, c domain.Caller, id string, now time.Time) (p proposal.Proposal, err error) {
	if id, err = proposalID(id); err != nil {
		return p, err
	}
	err = s.asOwner(ctx, c, func(tx pgx.Tx) error {
		p, err = decide(ctx, tx, c, id, proposal.Declined, now)
		return err
	})
	return p, err
}

// decide consumes a proposal that is open, or says why it is not.
func decide(ctx context.Context, tx pgx.Tx, c domain.Caller, id string, state proposal.State, now time.Time) (p proposal.Proposal, err error) {
	rows, err := tx.Query(ctx, `UPDATE proposal SET state = $3, decided_at = $4, result = CASE WHEN $3 = 'approved' THEN 'null'::json END
		WHERE owner = $1 AND id = $2 AND state = 'proposed' AND expires_at > $4 RETURNING `+proposalColumns, c.UID, id, state, now)
	if err != nil {
		return p, err
	}
	p, err = pgx.CollectExactlyOneRow(rows, scanProposal)
	if !errors.Is(err, pgx.ErrNoRows) {
		return p, err
	}
	was, err := oneProposal(ctx, tx, c, id, now)
	if err != nil {
		return p, err
	}
	why := "was " + string(was.State) + " already"
	switch {
	case was.State == proposal.Expired:
		why = "has expired"
	case was.Reason == proposal.Replaced:
		why = "was replaced by a newer one"
	}
	return p, domain.Errorf(domain.CodeConflict, "state", "the proposal %s", why)
}

const proposalColumns = `owner, id, kind, args, digest, preview, state, reason, coalesce(thread::text, ''), created_at, expires_at, decided_at, result`

func scanProposal(row pgx.CollectableRow) (p proposal.Proposal, err error) {
	var args string
	var preview, result []byte
	p.Owner.Role = domain.RolePartner
	err = row.Scan(&p.Owner.UID, &p.ID, &p.Kind, &args, &p.Digest, &preview, &p.State, &p.Reason, &p.ThreadID, &p.CreatedAt, &p.ExpiresAt, &p.DecidedAt, &result)
	if err != nil {
		return p, err
	}
	p.Args, p.Result = json.RawMessage(args), result
	p.CreatedAt, p.ExpiresAt = p.CreatedAt.UTC(), p.ExpiresAt.UTC()
	if p.DecidedAt != nil {
		at := p.DecidedAt.UTC()
		p.DecidedAt = &at
	}
	return p, json.Unmarshal(preview, &p.Preview)
}

func oneProposal(ctx context.Context, tx pgx.Tx, c domain.Caller, id string, now time.Time) (p proposal.Proposal, err error) {
	rows, err := tx.Query(ctx, `SELECT `+proposalColumns+` FROM proposal WHERE owner = $1 AND id = $2`, c.UID, id)
	if err != nil {
		return p, err
	}
	p, err = pgx.CollectExactlyOneRow(rows, scanProposal)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, noProposal()
	}
	p.State = p.At(now)
	return p, err
}

// Proposal is one of the caller's. CodeNotFound for one that the caller does not have.
func (s *Store) Proposal(ctx context.Context, c domain.Caller, id string, now time.Time) (p proposal.Proposal, err error) {
	if id, err = proposalID(id); err != nil {
		return p, err
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		p, err = oneProposal(ctx, tx, c, id, now)
		return err
	})
	return p, err
}

// Proposals lists the caller's, the latest first: those in a state, unless it is "". cursor is next of the page before.
// CodeInvalid on "cursor".
func (s *Store) Proposals(
	ctx context.Context, c domain.Caller, state proposal.State, cursor string, limit int, now time.Time,
) (list []proposal.Proposal, next string, err error) {
	before := "ffffffff-ffff-ffff-ffff-ffffffffffff" // ids are in the order of time
	if cursor != "" {
		if before, err = parseID("cursor", cursor); err != nil {
			return nil, "", err
		}
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+proposalColumns+` FROM proposal WHERE owner = $1 AND id < $2
			AND ($3 = '' OR $3 = CASE WHEN state = 'proposed' AND expires_at <= $4 THEN 'expired' ELSE state END)
			ORDER BY id DESC LIMIT $5`, c.UID, before, state, now, limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanProposal)
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	for i := range list {
		list[i].State = list[i].At(now)
	}
	return list, next, err
}

// expireBatch bounds what one sweep does.
const expireBatch = 200

// ExpireProposals writes down which proposals nobody decided on in time. Safe on several replicas at once.
func (s *Store) ExpireProposals(ctx context.Context, now time.Time) error {
	rows, err := s.pool.Query(ctx, `SELECT owner, id FROM proposal WHERE state = 'proposed' AND expires_at <= $1 ORDER BY expires_at LIMIT $2`, now, expireBatch)
	if err != nil {
		return err
	}
	var owners []int64
	var ids []string
	var owner int64
	var id string
	if _, err := pgx.ForEachRow(rows, []any{&owner, &id}, func() error {
		owners, ids = append(owners, owner), append(ids, id)
		return nil
	}); err != nil || len(ids) == 0 {
		return err
	}
	_, err = s.pool.Exec(ctx, `UPDATE proposal p SET state = 'expired', decided_at = p.expires_at FROM unnest($1::bigint[], $2::uuid[]) x (owner, id)
		WHERE p.owner = x.owner AND p.id = x.id AND p.state = 'proposed' AND p.expires_at <= $3`, owners, ids, now)
	return err
}

// UnsaidProposals are those, of anybody, that were decided on, or have expired, and whose conversation does not say so yet.
func (s *Store) UnsaidProposals(ctx context.Context) ([]proposal.Proposal, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+proposalColumns+` FROM proposal
		WHERE NOT noted AND thread IS NOT NULL AND state <> 'proposed' ORDER BY decided_at LIMIT $1`, expireBatch)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanProposal)
}

// ProposalSaid marks one as said.
func (s *Store) ProposalSaid(ctx context.Context, p proposal.Proposal) error {
	_, err := s.pool.Exec(ctx, `UPDATE proposal SET noted = true WHERE owner = $1 AND id = $2`, p.Owner.UID, p.ID)
	return err
}

func proposalID(id string) (string, error) {
	id, err := parseID("id", id)
	if err != nil {
		return "", noProposal()
	}
	return id, nil
}

func noProposal() error { return domain.Errorf(domain.CodeNotFound, "id", "there is no such proposal") }
