package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// maxVersions bounds a history.
const maxVersions = 500

// Dated is a version of something, in force from At until the next one's.
type Dated[T any] struct {
	At      time.Time `json:"at"` // UTC
	EventID string    `json:"eventId" doc:"begins with hub- where it was made in the hub"`
	InForce bool      `json:"inForce"`
	Value   T         `json:"value"`
}

// PartnerTerms are a partner's commission rates as one version has them.
type PartnerTerms struct {
	SpotRate    domain.Rate `json:"spotRate" doc:"a fraction, a decimal string; margin too"`
	FuturesRate domain.Rate `json:"futuresRate" doc:"a fraction, a decimal string"`
	Enrolled    bool        `json:"enrolled" doc:"the enrolment itself"`
	BDUID       *int64      `json:"bdUid,omitempty" doc:"none: unchanged"`
}

// CodeTerms are what one version changed of a code; what it left alone is absent.
type CodeTerms struct {
	Created           bool         `json:"created" doc:"the creation itself"`
	SpotRebateRate    *domain.Rate `json:"spotRebateRate,omitempty" doc:"a fraction of the fee, a decimal string"`
	FuturesRebateRate *domain.Rate `json:"futuresRebateRate,omitempty" doc:"a fraction of the fee, a decimal string"`
	Note              *string      `json:"note,omitempty"`
	Default           *bool        `json:"default,omitempty"`
}

// history reads versions, the latest first, and marks the one in force.
func history[T any](ctx context.Context, s *Store, c domain.Caller, now time.Time, scan func(pgx.CollectableRow, *Dated[T]) error, sql string, args ...any) ([]Dated[T], error) {
	if err := c.Require(domain.RoleOperator); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, sql+fmt.Sprintf(` ORDER BY at DESC, event_id DESC LIMIT %d`, maxVersions), args...)
	if err != nil {
		return nil, err
	}
	marked := false
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Dated[T], err error) {
		err = scan(row, &v)
		v.At = v.At.UTC()
		v.InForce = !marked && !v.At.After(now)
		marked = marked || v.InForce
		return v, err
	})
}

// RateHistory is every version of a partner's commission rates, the latest first. Errors: CodeForbidden to all but operators, CodeNotFound on "uid".
func (s *Store) RateHistory(ctx context.Context, c domain.Caller, uid int64, now time.Time) ([]Dated[PartnerTerms], error) {
	all, err := history(ctx, s, c, now, func(row pgx.CollectableRow, v *Dated[PartnerTerms]) error {
		return row.Scan(&v.At, &v.EventID, &v.Value.SpotRate, &v.Value.FuturesRate, &v.Value.Enrolled, &v.Value.BDUID)
	}, `SELECT at, event_id, spot, futures, enrolled, bd_uid FROM rate_version WHERE uid = $1`, uid)
	if err == nil && len(all) == 0 {
		err = domain.Errorf(domain.CodeNotFound, "uid", "%d is no partner", uid)
	}
	return all, err
}

// VIPHistory is every version of an account's VIP levels, the latest first: none where they were never set, which is 0. Errors: RateHistory's.
func (s *Store) VIPHistory(ctx context.Context, c domain.Caller, uid int64, now time.Time) ([]Dated[referral.VIP], error) {
	all, err := history(ctx, s, c, now, func(row pgx.CollectableRow, v *Dated[referral.VIP]) error {
		return row.Scan(&v.At, &v.EventID, &v.Value.SpotLevel, &v.Value.FuturesLevel)
	}, `SELECT at, event_id, spot, futures FROM vip_version WHERE uid = $1`, uid)
	if err == nil && len(all) == 0 {
		err = isAccount(ctx, s.pool, uid)
	}
	return all, err
}

// CodeHistory is every change of a code, the latest first, and whose it is. Errors: CodeForbidden to all but operators, CodeNotFound on "code".
func (s *Store) CodeHistory(ctx context.Context, c domain.Caller, code string, now time.Time) (owner int64, all []Dated[CodeTerms], err error) {
	all, err = history(ctx, s, c, now, func(row pgx.CollectableRow, v *Dated[CodeTerms]) error {
		return row.Scan(&v.At, &v.EventID, &v.Value.Created, &v.Value.SpotRebateRate, &v.Value.FuturesRebateRate, &v.Value.Note, &v.Value.Default)
	}, `SELECT at, event_id, created, spot, futures, note, is_default FROM code_version WHERE code = $1`, code)
	if err == nil {
		owner, err = codeOwner(ctx, s.pool, code)
	}
	return owner, all, err
}

// RulesHistory is every version of the commission rules, the latest first; before the first the default ones are in force. CodeForbidden to all but operators.
func (s *Store) RulesHistory(ctx context.Context, c domain.Caller, now time.Time) ([]Dated[referral.Rules], error) {
	return history(ctx, s, c, now, func(row pgx.CollectableRow, v *Dated[referral.Rules]) error {
		var body []byte
		if err := row.Scan(&v.At, &v.EventID, &body); err != nil {
			return err
		}
		return json.Unmarshal(body, &v.Value)
	}, `SELECT at, event_id, body FROM rules_version`)
}

// TermChange is how an operator changes rates or rules.
type TermChange struct {
	At  time.Time // from when on; zero: from now on
	Key string    // the same request again under the same key is done once
}

// SetRates changes a partner's commission rates, as an event of the log: whatever was traded since then is attributed again. Errors: CodeForbidden
// to all but operators; CodeNotFound on "uid" for one who is no partner; CodeInvalid on "effectiveAt"; CodeConflict on "Idempotency-Key" when it
// was used for something else.
func (s *Store) SetRates(ctx context.Context, c domain.Caller, uid int64, r referral.Rates, how TermChange, now time.Time) error {
	r.Enrolled = false
	return s.operate(ctx, c, operation{action: "rates", subject: fmt.Sprintf("partner %d", uid), event: referral.Event{Type: referral.PartnerRates, UID: uid, Body: r}, how: how,
		last: `SELECT max(at) FROM rate_version WHERE uid = $2 AND at <= $1`, about: uid,
		check: func(tx pgx.Tx, at time.Time) error {
			var enrolled time.Time
			err := tx.QueryRow(ctx, `SELECT enrolled_at FROM partner WHERE uid = $1`, uid).Scan(&enrolled)
			switch {
			case errors.Is(err, pgx.ErrNoRows):
				return domain.Errorf(domain.CodeNotFound, "uid", "%d is no partner", uid)
			case err == nil && at.Before(enrolled):
				return domain.Invalid("effectiveAt", "is before the enrolment, %s", enrolled.UTC().Format(time.RFC3339))
			}
			return err
		}}, now)
}

// SetVIP changes an account's VIP levels. Errors: SetRates's.
func (s *Store) SetVIP(ctx context.Context, c domain.Caller, uid int64, v referral.VIP, how TermChange, now time.Time) error {
	if err := v.Validate(); err != nil {
		return err
	}
	return s.operate(ctx, c, operation{action: "vip", subject: fmt.Sprintf("account %d", uid), event: referral.Event{Type: referral.VIPChanged, UID: uid, Body: v}, how: how,
		last: `SELECT max(at) FROM vip_version WHERE uid = $2 AND at <= $1`, about: uid,
		check: func(tx pgx.Tx, _ time.Time) error { return isAccount(ctx, tx, uid) }}, now)
}

// SetRebates changes the rebate rates of anybody's code; nil stays. What is above the partner's own share is cut to it by each trade. Errors: SetRates's, on "code".
func (s *Store) SetRebates(ctx context.Context, c domain.Caller, code string, spot, futures *domain.Rate, how TermChange, now time.Time) error {
	if err := c.Require(domain.RoleOperator); err != nil {
		return err
	}
	if spot == nil && futures == nil {
		return domain.Invalid("", "nothing is to be changed")
	}
	owner, err := codeOwner(ctx, s.pool, code) // which never changes
	if err != nil {
		return err
	}
	return s.operate(ctx, c, operation{action: "rebates", subject: "code " + code, how: how,
		event: referral.Event{Type: referral.ReferralCodeChanged, UID: owner, Body: referral.Code{Code: code, SpotRebateRate: spot, FuturesRebateRate: futures}},
		last:  `SELECT max(at) FROM code_version WHERE code = $2 AND at <= $1`, about: code,
		check: func(tx pgx.Tx, at time.Time) error {
			var created time.Time
			if err := tx.QueryRow(ctx, `SELECT created_at FROM referral_code WHERE code = $1`, code).Scan(&created); err != nil {
				return err
			}
			if at.Before(created) {
				return domain.Invalid("effectiveAt", "is before the code's creation, %s", created.UTC().Format(time.RFC3339))
			}
			return nil
		}}, now)
}

// SetRules changes the commission rules, whole. Errors: SetRates's.
func (s *Store) SetRules(ctx context.Context, c domain.Caller, r referral.Rules, how TermChange, now time.Time) error {
	if err := r.Validate(); err != nil {
		return err
	}
	return s.operate(ctx, c, operation{action: "rules", subject: "rules", event: referral.Event{Type: referral.RulesChanged, Body: r}, how: how,
		last: `SELECT max(at) FROM rules_version WHERE at <= $1 AND $2 = 0`, about: 0,
		check: func(pgx.Tx, time.Time) error { return nil }}, now)
}

// operation is a change of terms that is under way.
type operation struct {
	action, subject string
	event           referral.Event // without its id and time
	how             TermChange
	last            string // SQL: when the latest version until $1 of what $2 names took effect
	about           any
	check           func(tx pgx.Tx, at time.Time) error
}

// operate appends the operation's event, and its trace, in one transaction.
func (s *Store) operate(ctx context.Context, c domain.Caller, o operation, now time.Time) error {
	if err := c.Require(domain.RoleOperator); err != nil {
		return err
	}
	if !o.how.At.IsZero() {
		if err := referral.CheckEffective(o.how.At, now); err != nil {
			return err
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "operator %d %s", c.UID, o.how.Key))
	o.event.ID = "hub-" + hex.EncodeToString(sum[:20])
	return s.again(ctx, func(tx pgx.Tx) error {
		if err := lockCodes(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT id, type, uid, at, body FROM event WHERE id = $1`, o.event.ID)
		if err != nil {
			return err
		}
		was, err := pgx.CollectExactlyOneRow(rows, scanEvent)
		if err == nil {
			e := o.event
			if e.At = o.how.At.UTC().Truncate(time.Microsecond); o.how.At.IsZero() {
				e.At = was.At
			}
			if !sameEvent(&e, &was) {
				return domain.Errorf(domain.CodeConflict, "Idempotency-Key", "was used for another change")
			}
			return nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		e := o.event
		if e.At = o.how.At; e.At.IsZero() {
			// After what another replica, whose clock is ahead, has just written: of two changes the later by time counts.
			e.At = now
			var last *time.Time
			if err := tx.QueryRow(ctx, o.last, now.Add(maxSkew), o.about).Scan(&last); err != nil {
				return err
			}
			if last != nil && !now.After(*last) {
				e.At = last.Add(time.Microsecond)
			}
		}
		if err := o.check(tx, e.At); err != nil {
			return err
		}
		if err := s.appendEvents(ctx, tx, e); err != nil {
			return err
		}
		_, err = noteAction(ctx, tx, c, o.action, o.subject, map[string]any{"eventId": e.ID, "effectiveAt": e.At.UTC().Format(time.RFC3339Nano), "to": string(encodeBody(e.Body))}, now)
		return err
	})
}

// isAccount returns CodeNotFound on "uid" for an account that never registered.
func isAccount(ctx context.Context, q queryer, uid int64) error {
	var is bool
	err := q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM account WHERE uid = $1)`, uid).Scan(&is)
	if err == nil && !is {
		err = domain.Errorf(domain.CodeNotFound, "uid", "there is no account %d", uid)
	}
	return err
}

func codeOwner(ctx context.Context, q queryer, code string) (owner int64, err error) {
	err = q.QueryRow(ctx, `SELECT uid FROM referral_code WHERE code = $1`, code).Scan(&owner)
	if errors.Is(err, pgx.ErrNoRows) {
		err = domain.Errorf(domain.CodeNotFound, "code", "there is no code %s", code)
	}
	return owner, err
}
