package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// appendEvents appends events of our own to the log inside tx, by the way that every event takes (SPEC 3). The error is that
// of the first event that was refused; tx must be rolled back after any.
//
// Its locks are those of a batch that is done alone: what was read under the structure lock cannot change until commit.
func (s *Store) appendEvents(ctx context.Context, tx pgx.Tx, events ...referral.Event) error {
	lines := make([]Line, len(events))
	for i, e := range events {
		e.At = e.At.UTC().Truncate(time.Microsecond)
		lines[i] = Line{No: int64(i + 1), Event: e, Raw: encodeBody(e.Body)}
	}
	r := &run{store: s, tx: tx, batch: Batch{Source: "hub", Lines: lines}, careful: true, alone: true}
	if err := r.do(ctx); err != nil {
		return err
	}
	if len(r.out.Refused) > 0 {
		return r.out.Refused[0].Err
	}
	if len(r.out.Deferred) > 0 {
		return fmt.Errorf("event %s waits for what is not there", r.out.Deferred[0])
	}
	return nil
}

// lockCodes keeps everything that could change codes or rates out until tx ends. The races that it closes: two codes are each
// the twentieth; a rate sinks below a rebate that was checked against it. The order is that of Ingest.
func lockCodes(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`SELECT pg_advisory_xact_lock_shared(%d), pg_advisory_xact_lock(%d)`, batchLock, structureLock))
	return err
}

// again runs f in a transaction, and anew when PostgreSQL ended it in favour of another, or another took what it was about
// to write.
func (s *Store) again(ctx context.Context, f func(pgx.Tx) error) error {
	for try := 0; ; try++ {
		err := pgx.BeginFunc(ctx, s.pool, f)
		if try == maxYields || !deadlocked(err) && !errors.Is(err, errCareful) && violated(err) == "" {
			return err
		}
	}
}

// queryer is a pool or a transaction.
type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ratesOf are the partner's rates at an instant. CodeForbidden for one who is not an enrolled partner then.
func ratesOf(ctx context.Context, q queryer, uid int64, at time.Time) (r referral.CommissionRates, err error) {
	err = q.QueryRow(ctx, `SELECT v.spot, v.futures, v.at FROM rate_version v JOIN partner p USING (uid)
		WHERE uid = $1 AND at <= $2 AND p.enrolled_at <= $2 ORDER BY at DESC, event_id DESC LIMIT 1`, uid, at).Scan(&r.Spot, &r.Futures, &r.Since)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, domain.Errorf(domain.CodeForbidden, "", "this needs an enrolled partner")
	}
	r.Since = r.Since.UTC()
	return r, err
}

// Rates are the caller's own commission rates. CodeForbidden for one who is not an enrolled partner.
func (s *Store) Rates(ctx context.Context, c domain.Caller, now time.Time) (r referral.CommissionRates, err error) {
	return ratesOf(ctx, s.pool, c.UID, now)
}

// checkNewCode returns why the code cannot be created: CodeInvalid on its fields, CodeConflict on "code" when the name is
// taken or the caller has all the codes that a partner may have, CodeForbidden for one who is no partner.
func checkNewCode(ctx context.Context, q queryer, c domain.Caller, n referral.NewCode, now time.Time) (own referral.CommissionRates, count int, err error) {
	if own, err = ratesOf(ctx, q, c.UID, now); err != nil {
		return own, 0, err
	}
	if err := n.Check(own); err != nil {
		return own, 0, err
	}
	var taken bool
	if err := q.QueryRow(ctx, `SELECT (SELECT count(*) FROM referral_code WHERE uid = $1), EXISTS (SELECT FROM event WHERE claim = $2)`, c.UID, codeKey(n.Code)).
		Scan(&count, &taken); err != nil {
		return own, 0, err
	}
	switch {
	case count >= referral.MaxCodes:
		return own, count, domain.Errorf(domain.CodeConflict, "code", "you have %d codes, and no more than %d are possible", count, referral.MaxCodes)
	case taken:
		return own, count, domain.Errorf(domain.CodeConflict, "code", "the code %s is already taken", n.Code)
	}
	return own, count, nil
}

// maxSkew is how far the clocks of replicas may be apart.
const maxSkew = time.Minute

// codeTime is when a change of the caller's codes takes effect: now, but after what another replica, whose clock is ahead,
// has just written, since of two changes the later by time counts.
func codeTime(ctx context.Context, tx pgx.Tx, c domain.Caller, now time.Time) (time.Time, error) {
	var last *time.Time
	err := tx.QueryRow(ctx, `SELECT max(v.at) FROM referral_code r JOIN code_version v USING (code) WHERE r.uid = $1 AND v.at <= $2`, c.UID, now.Add(maxSkew)).Scan(&last)
	if err == nil && last != nil && !now.After(*last) {
		now = last.Add(time.Microsecond)
	}
	return now, err
}

// createCode creates a code inside tx, which must see what only the service sees. id is its event's.
func (s *Store) createCode(ctx context.Context, tx pgx.Tx, c domain.Caller, n referral.NewCode, id string, now time.Time) error {
	if err := lockCodes(ctx, tx); err != nil {
		return err
	}
	if _, _, err := checkNewCode(ctx, tx, c, n, now); err != nil {
		return err
	}
	now, err := codeTime(ctx, tx, c, now)
	if err != nil {
		return err
	}
	return s.appendEvents(ctx, tx, referral.Event{ID: id, Type: referral.ReferralCodeCreated, At: now, UID: c.UID, Body: n.Body()})
}

// CreateCode creates a code at the request of a person. key, unless "", makes it happen once: the same request again returns
// the code that it made. Errors: those of checkNewCode; CodeConflict on "Idempotency-Key" when it was used for another code.
func (s *Store) CreateCode(ctx context.Context, c domain.Caller, n referral.NewCode, key string, now time.Time) (code referral.ReferralCode, err error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return code, err
	}
	id := "hub-" + newID()
	if key != "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", c.UID, key))
		id = "hub-" + hex.EncodeToString(sum[:20])
	}
	name := n.Code
	err = s.again(ctx, func(tx pgx.Tx) error {
		var body []byte
		err := tx.QueryRow(ctx, `SELECT body FROM event WHERE id = $1 AND uid = $2`, id, c.UID).Scan(&body)
		if err == nil {
			return sameCode(body, n, &name)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if n.Code == "" {
			name = codeName()
		}
		named := n
		named.Code = name
		return s.createCode(ctx, tx, c, named, id, now)
	})
	if err != nil {
		return code, err
	}
	return s.code(ctx, c, name)
}

// sameCode compares a request with the event that its key made before, and finds the code's name.
func sameCode(body []byte, n referral.NewCode, name *string) error {
	was, err := decodeAs[referral.Code](body)
	if err != nil {
		return err
	}
	*name = was.Code
	if n.Code == "" {
		n.Code = was.Code
	}
	want, err := json.Marshal(n.Body())
	if err != nil {
		return err
	}
	if string(encodeBody(was)) != string(want) {
		return domain.Errorf(domain.CodeConflict, "Idempotency-Key", "was used for another code")
	}
	return nil
}

// ChangeCode changes one of the caller's codes. Rebates count from now on. Errors: CodeInvalid on the field, or when nothing is
// changed; CodeNotFound for a code that is not the caller's.
func (s *Store) ChangeCode(ctx context.Context, c domain.Caller, code string, change referral.CodeChange, now time.Time) (referral.ReferralCode, error) {
	if err := c.Require(domain.RolePartner); err != nil {
		return referral.ReferralCode{}, err
	}
	if change.Empty() {
		return referral.ReferralCode{}, domain.Invalid("", "nothing is to be changed")
	}
	err := s.again(ctx, func(tx pgx.Tx) error {
		return s.changeCode(ctx, tx, c, code, change, "hub-"+newID(), now, func(referral.ReferralCode) error { return nil })
	})
	if err != nil {
		return referral.ReferralCode{}, err
	}
	return s.code(ctx, c, code)
}

// changeCode appends the change inside tx as an event of the id. agreed sees the code as it is, and may refuse. Errors: ChangeCode's.
func (s *Store) changeCode(ctx context.Context, tx pgx.Tx, c domain.Caller, name string, change referral.CodeChange, id string, now time.Time, agreed func(referral.ReferralCode) error) error {
	if err := lockCodes(ctx, tx); err != nil {
		return err
	}
	codes, err := codesOf(ctx, tx, c.UID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(codes, func(x referral.ReferralCode) bool { return x.Code == name })
	if i < 0 {
		return noCode()
	}
	if err := agreed(codes[i]); err != nil {
		return err
	}
	own, err := ratesOf(ctx, tx, c.UID, now)
	if err == nil {
		err = change.Check(own)
	}
	if err != nil {
		return err
	}
	at, err := codeTime(ctx, tx, c, now)
	if err != nil {
		return err
	}
	return s.appendEvents(ctx, tx, referral.Event{ID: id, Type: referral.ReferralCodeChanged, At: at, UID: c.UID, Body: change.Body(name)})
}

// code is one of the caller's codes.
func (s *Store) code(ctx context.Context, c domain.Caller, name string) (referral.ReferralCode, error) {
	codes, err := s.Codes(ctx, c)
	for _, code := range codes {
		if code.Code == name {
			return code, nil
		}
	}
	if err == nil {
		err = noCode()
	}
	return referral.ReferralCode{}, err
}

func noCode() error { return domain.Errorf(domain.CodeNotFound, "code", "you have no such code") }

// codeName makes a name up, of letters and digits that are not taken for one another.
func codeName() string {
	const letters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		panic(err) // it never fails
	}
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}
