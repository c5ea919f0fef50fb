package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
	"partnerhub/domain/referral"
)

// proposable is one kind of proposal.
type proposable struct {
	// prepare checks arguments as execute would now, and completes them: what is left open (a name to be made up, targets by
	// relation) is settled here, so that what is shown, what the digest covers and what is executed are the same. It writes
	// nothing. Its errors are those that whoever proposes can mend, with the fields of args.
	prepare func(ctx context.Context, s *Store, c domain.Caller, args json.RawMessage, now time.Time) (complete any, preview proposal.Preview, err error)
	// execute does what was approved, for p.Owner, inside tx, which is READ COMMITTED and sees what the service sees. It checks
	// everything again, and refuses when it would do anything else than the preview said. p.ID makes it happen once where a
	// key is needed. The result is kept with the proposal. After an error tx is rolled back, and the proposal stays open.
	execute func(ctx context.Context, s *Store, tx pgx.Tx, p proposal.Proposal, now time.Time) (result any, err error)
}

// proposalKinds is the one table: to add a kind, add a row.
var proposalKinds = map[proposal.Kind]proposable{
	proposal.CreateCode: {prepareCode, executeCode},
	proposal.CreateTask: {prepareTask, executeTask},
	proposal.CancelTask: {prepareCancellation, executeCancellation},
	proposal.Nudge:      {prepareNudge, executeNudge},
}

func prepareCode(ctx context.Context, s *Store, c domain.Caller, args json.RawMessage, now time.Time) (any, proposal.Preview, error) {
	n, err := decodeAs[referral.NewCode](args)
	if err != nil {
		return nil, proposal.Preview{}, domain.Invalid("", "arguments are not those of a code: %v", err)
	}
	if n.Code == "" {
		n.Code = codeName()
	}
	own, count, err := checkNewCode(ctx, s.pool, c, n, now)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	yes := map[bool]string{true: "yes", false: "no"}
	rows := []proposal.Row{
		{Name: "code", Label: "Code", Value: n.Code, Type: "text"},
		{Name: "spotRebateRate", Label: "Spot rebate", Value: n.SpotRebateRate.String(), Type: "rate"},
		{Name: "futuresRebateRate", Label: "Futures rebate", Value: n.FuturesRebateRate.String(), Type: "rate"},
		{Name: "spotKept", Label: "You keep, spot and margin", Value: (own.Spot - n.SpotRebateRate).String(), Type: "rate"},
		{Name: "futuresKept", Label: "You keep, futures", Value: (own.Futures - n.FuturesRebateRate).String(), Type: "rate"},
		{Name: "default", Label: "Default code", Value: yes[n.Default], Type: "yes_no"},
	}
	if n.Note != "" {
		rows = append(rows, proposal.Row{Name: "note", Label: "Note", Value: n.Note, Type: "text"})
	}
	rows = append(rows, proposal.Row{Name: "codesAfter", Label: "Codes you will have", Value: fmt.Sprintf("%d of %d", count+1, referral.MaxCodes), Type: "text"})
	return n, proposal.Preview{Title: "Create the referral code " + n.Code, Done: "The referral code " + n.Code + " is created.", Subject: n.Code, Rows: rows}, nil
}

func executeCode(ctx context.Context, s *Store, tx pgx.Tx, p proposal.Proposal, now time.Time) (any, error) {
	n, err := decodeAs[referral.NewCode](p.Args)
	if err != nil {
		return nil, err
	}
	return n, s.createCode(ctx, tx, p.Owner, n, "hub-proposal-"+p.ID, now)
}
