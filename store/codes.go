package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Codes lists the caller's referral codes, each with what it is set to by its latest version, in order of name.
func (s *Store) Codes(ctx context.Context, c domain.Caller) (codes []referral.ReferralCode, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		codes, err = codesOf(ctx, tx, c.UID)
		return err
	})
	if err != nil {
		err = fmt.Errorf("referral codes: %w", err)
	}
	return codes, err
}

func codesOf(ctx context.Context, tx pgx.Tx, partner int64) (codes []referral.ReferralCode, err error) {
	changes, err := codeVersions(ctx, tx, partner)
	if err != nil {
		return nil, err
	}
	byDefault := referral.DefaultCode(changes)
	rows, err := tx.Query(ctx, `SELECT code, created_at FROM referral_code WHERE uid = $1 ORDER BY code`, partner)
	if err != nil {
		return nil, err
	}
	var code referral.ReferralCode
	_, err = pgx.ForEachRow(rows, []any{&code.Code, &code.CreatedAt}, func() error {
		terms := referral.LatestTerms(changes[code.Code])
		code.CreatedAt, code.Default = code.CreatedAt.UTC(), code.Code == byDefault
		code.RebateRates, code.Note = terms.RebateRates, terms.Note
		codes = append(codes, code)
		return nil
	})
	return codes, err
}

// codeVersions reads all changes of the partner's codes, at most some dozens.
func codeVersions(ctx context.Context, tx pgx.Tx, partner int64) (map[string]referral.Versions[referral.Code], error) {
	rows, err := tx.Query(ctx, `SELECT v.code, v.at, v.event_id, v.created, v.spot, v.futures, v.note, v.is_default
		FROM referral_code c JOIN code_version v USING (code) WHERE c.uid = $1`, partner)
	if err != nil {
		return nil, err
	}
	changes := map[string]referral.Versions[referral.Code]{}
	var code string
	var v referral.Version[referral.Code]
	_, err = pgx.ForEachRow(rows, []any{&code, &v.At, &v.EventID, &v.Value.Created, &v.Value.SpotRebateRate, &v.Value.FuturesRebateRate, &v.Value.Note, &v.Value.Default}, func() error {
		changes[code] = append(changes[code], v)
		return nil
	})
	return changes, err
}
