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
	proposal.ChangeCode: {prepareCodeChange, executeCodeChange},
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
	rows := []proposal.Row{
		{Name: "code", Label: "Code", Value: n.Code, Type: "text"},
		{Name: "spotRebateRate", Label: "Spot rebate", Value: n.SpotRebateRate.String(), Type: "rate"},
		{Name: "futuresRebateRate", Label: "Futures rebate", Value: n.FuturesRebateRate.String(), Type: "rate"},
		{Name: "spotKept", Label: "You keep, spot and margin", Value: (own.Spot - n.SpotRebateRate).String(), Type: "rate"},
		{Name: "futuresKept", Label: "You keep, futures", Value: (own.Futures - n.FuturesRebateRate).String(), Type: "rate"},
		{Name: "default", Label: "Default code", Value: yesNo(n.Default), Type: "yes_no"},
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

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// codeChange is a complete change of a code: what it is now, so that what is approved is the step that was shown, and what becomes of it.
type codeChange struct {
	Code string              `json:"code"`
	Was  codeTerms           `json:"was"`
	To   referral.CodeChange `json:"to"`
}

// codeTerms are what a partner sets of a code.
type codeTerms struct {
	SpotRebateRate    domain.Rate `json:"spotRebateRate"`
	FuturesRebateRate domain.Rate `json:"futuresRebateRate"`
	Note              string      `json:"note,omitempty"`
	Default           bool        `json:"default,omitempty"`
}

func termsOf(c referral.ReferralCode) codeTerms {
	return codeTerms{c.Spot, c.Futures, c.Note, c.Default}
}

// prepareCodeChange takes the arguments of a new code. A note or default that they leave out stays as it is.
func prepareCodeChange(ctx context.Context, s *Store, c domain.Caller, args json.RawMessage, now time.Time) (any, proposal.Preview, error) {
	n, err := decodeAs[referral.NewCode](args)
	if err != nil {
		return nil, proposal.Preview{}, domain.Invalid("", "arguments are not those of a code: %v", err)
	}
	code, err := s.code(ctx, c, n.Code)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	own, err := ratesOf(ctx, s.pool, c.UID, now)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	x := codeChange{Code: n.Code, Was: termsOf(code)}
	var rows []proposal.Row
	row := func(name, label, value, typ string) {
		rows = append(rows, proposal.Row{Name: name, Label: label, Value: value, Type: typ})
	}
	row("code", "Code", n.Code, "text")
	if n.SpotRebateRate != code.Spot {
		x.To.SpotRebateRate = &n.SpotRebateRate
		row("spotWas", "Spot rebate now", code.Spot.String(), "rate")
		row("spotRebateRate", "Spot rebate", n.SpotRebateRate.String(), "rate")
		row("spotKept", "You keep, spot and margin", (own.Spot - n.SpotRebateRate).String(), "rate")
	}
	if n.FuturesRebateRate != code.Futures {
		x.To.FuturesRebateRate = &n.FuturesRebateRate
		row("futuresWas", "Futures rebate now", code.Futures.String(), "rate")
		row("futuresRebateRate", "Futures rebate", n.FuturesRebateRate.String(), "rate")
		row("futuresKept", "You keep, futures", (own.Futures - n.FuturesRebateRate).String(), "rate")
	}
	if n.Default && !code.Default {
		x.To.Default = &n.Default
		row("default", "Default code", yesNo(true), "yes_no")
	}
	if n.Note != "" && n.Note != code.Note {
		x.To.Note = &n.Note
		row("note", "Note", n.Note, "text")
	}
	if x.To.Empty() {
		return nil, proposal.Preview{}, domain.Errorf(domain.CodeConflict, "code", "the code %s is set so already", n.Code)
	}
	if err := x.To.Check(own); err != nil {
		return nil, proposal.Preview{}, err
	}
	return x, proposal.Preview{Title: "Change the referral code " + n.Code, Done: "The referral code " + n.Code + " is changed. Trades from now on count with it.", Subject: n.Code, Rows: rows}, nil
}

func executeCodeChange(ctx context.Context, s *Store, tx pgx.Tx, p proposal.Proposal, now time.Time) (any, error) {
	x, err := decodeAs[codeChange](p.Args)
	if err != nil {
		return nil, err
	}
	err = s.changeCode(ctx, tx, p.Owner, x.Code, x.To, "hub-proposal-"+p.ID, now, func(code referral.ReferralCode) error {
		if termsOf(code) != x.Was {
			return domain.Errorf(domain.CodeConflict, "code", "the code %s was changed meanwhile: ask again", x.Code)
		}
		return nil
	})
	return x, err
}
