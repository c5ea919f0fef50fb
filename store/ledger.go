package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
)

// MaxPost is the most transfers that one call posts.
const MaxPost = 5000

// postedColumns are a batch of transfers as arrays, in the order of the statements' parameters.
const postedColumns = `unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[], $5::smallint[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::timestamptz[])
	AS t (owner, kind, ref, to_owner, to_kind, to_ref, key, amount, reason, about, at)`

// bothSides are the accounts of a batch and what each gets; source is a table of transfers.
func bothSides(source string) string {
	return `(SELECT owner, kind, ref, -amount AS amount FROM ` + source + ` UNION ALL SELECT to_owner, to_kind, to_ref, amount FROM ` + source + `)`
}

// createAccounts and postTransfers are one post. The races that the locks close: two posts could each see the balance before the
// other's, and both spend it; so the accounts' rows are locked before anything is written. Posts that lock the same
// accounts in different orders would wait for each other for ever; so all lock in the order of the key, the new
// accounts first, then the transfers' keys in order too. A post waits for a key only behind its locks, and who
// holds a key waits for no lock any more.
//
// PostgreSQL takes what other transactions committed while this one waited for a lock into account when it updates the row
// (at READ COMMITTED), so that the sum is added to the newest balance.
var (
	createAccounts = `INSERT INTO ledger_account (owner, kind, ref)
		SELECT DISTINCT owner, kind, ref FROM (SELECT owner, kind, ref FROM ` + postedColumns + ` UNION ALL
			SELECT to_owner, to_kind, to_ref FROM unnest($4::bigint[], $5::smallint[], $6::text[]) AS t (to_owner, to_kind, to_ref)) x
		ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`
	postTransfers = `WITH t AS MATERIALIZED (SELECT * FROM ` + postedColumns + `),
		mine AS MATERIALIZED (SELECT DISTINCT owner, kind, ref FROM ` + bothSides("t") + ` s),
		locked AS MATERIALIZED (SELECT a.owner FROM ledger_account a JOIN mine USING (owner, kind, ref) ORDER BY a.owner, a.kind, a.ref FOR NO KEY UPDATE OF a),
		new AS (
			INSERT INTO ledger_transfer (owner, kind, ref, to_owner, to_kind, to_ref, key, amount, reason, about, at)
			SELECT t.* FROM t WHERE (SELECT count(*) FROM locked) > 0 ORDER BY t.owner, t.key
			ON CONFLICT (owner, key) DO NOTHING
			RETURNING *),
		moved AS (
			UPDATE ledger_account a SET balance = a.balance + s.amount
			FROM (SELECT owner, kind, ref, sum(amount)::bigint AS amount FROM ` + bothSides("new") + ` x GROUP BY 1, 2, 3) s
			WHERE (a.owner, a.kind, a.ref) = (s.owner, s.kind, s.ref))
		SELECT owner, key FROM new`
)

// transferID is what is unique about a transfer.
type transferID struct {
	owner int64
	key   string
}

func idOf(t ledger.Transfer) transferID { return transferID{t.From.Owner, t.Key} }

// post posts transfers inside tx, which must be READ COMMITTED: all of them, or none. posted says which are new; the others were
// posted before with the same content. One transaction should post once: two posts in it lock in two orders.
//
// Errors: CodeInvalid; CodeConflict on "balance" with what is Missing; CodeConflict on "key" when it was used for something
// else. After an error, tx is as it was before the call.
func post(ctx context.Context, tx pgx.Tx, transfers []ledger.Transfer) (posted []bool, err error) {
	posted = make([]bool, len(transfers))
	if len(transfers) > MaxPost {
		return nil, domain.Errorf(domain.CodeTooLarge, "transfers", "want up to %d", MaxPost)
	}
	first := make(map[transferID]int, len(transfers))
	var once []ledger.Transfer
	for i, t := range transfers {
		if err := t.Check(); err != nil {
			return nil, err
		}
		if j, twice := first[idOf(t)]; !twice {
			first[idOf(t)] = i
			once = append(once, t)
		} else if !t.Same(transfers[j]) {
			return nil, ledger.OtherContent(t.Key)
		}
	}
	if len(once) == 0 {
		return posted, nil
	}
	args := transferArgs(once)
	var fresh int
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { // a savepoint
		batch := &pgx.Batch{}
		batch.Queue(createAccounts, args...)
		batch.Queue(postTransfers, args...).Query(func(rows pgx.Rows) error {
			var id transferID
			_, err := pgx.ForEachRow(rows, []any{&id.owner, &id.key}, func() error {
				posted[first[id]] = true
				fresh++
				return nil
			})
			return err
		})
		if err := tx.SendBatch(ctx, batch).Close(); err != nil || fresh == len(once) {
			return err
		}
		return sameContent(ctx, tx, once, func(t ledger.Transfer) bool { return posted[first[idOf(t)]] })
	})
	if overdrawn(err) {
		err = short(ctx, tx, once)
	}
	if err != nil {
		return nil, err
	}
	return posted, nil
}

func transferArgs(transfers []ledger.Transfer) []any {
	n := len(transfers)
	owner, kind, ref := make([]int64, n), make([]int16, n), make([]string, n)
	toOwner, toKind, toRef := make([]int64, n), make([]int16, n), make([]string, n)
	key, amount, reason, about, at := make([]string, n), make([]int64, n), make([]string, n), make([]string, n), make([]time.Time, n)
	for i, t := range transfers {
		owner[i], kind[i], ref[i] = t.From.Owner, int16(t.From.Kind), t.From.Ref
		toOwner[i], toKind[i], toRef[i] = t.To.Owner, int16(t.To.Kind), t.To.Ref
		key[i], amount[i], reason[i], about[i], at[i] = t.Key, int64(t.Amount), string(t.Reason), t.Ref, t.At
	}
	return []any{owner, kind, ref, toOwner, toKind, toRef, key, amount, reason, about, at}
}

// overdrawn reports whether the CHECK of balances refused.
func overdrawn(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == "ledger_account_balance"
}

// stored reads those of the transfers that are posted.
func stored(ctx context.Context, tx pgx.Tx, transfers []ledger.Transfer) (map[transferID]ledger.Transfer, error) {
	owners, keys := make([]int64, len(transfers)), make([]string, len(transfers))
	for i, t := range transfers {
		owners[i], keys[i] = t.From.Owner, t.Key
	}
	rows, err := tx.Query(ctx, `SELECT t.owner, t.kind, t.ref, t.to_owner, t.to_kind, t.to_ref, t.key, t.amount, t.reason, t.about
		FROM unnest($1::bigint[], $2::text[]) k (owner, key) JOIN ledger_transfer t USING (owner, key)`, owners, keys)
	if err != nil {
		return nil, err
	}
	out := map[transferID]ledger.Transfer{}
	var t ledger.Transfer
	_, err = pgx.ForEachRow(rows, []any{&t.From.Owner, &t.From.Kind, &t.From.Ref, &t.To.Owner, &t.To.Kind, &t.To.Ref, &t.Key, &t.Amount, &t.Reason, &t.Ref}, func() error {
		out[idOf(t)] = t
		return nil
	})
	return out, err
}

// sameContent holds the transfers that are not new against those that hold their keys.
func sameContent(ctx context.Context, tx pgx.Tx, transfers []ledger.Transfer, isNew func(ledger.Transfer) bool) error {
	old, err := stored(ctx, tx, slices.DeleteFunc(slices.Clone(transfers), isNew))
	if err != nil {
		return err
	}
	for _, t := range transfers {
		if was, ok := old[idOf(t)]; ok && !was.Same(t) {
			return ledger.OtherContent(t.Key)
		}
	}
	return nil
}

// short says which account lacks how much for the transfers, the first in key order. It reads after the refusal: when
// somebody paid in meanwhile it may find that nothing is missing, and CodeBusy says to try again.
func short(ctx context.Context, tx pgx.Tx, transfers []ledger.Transfer) error {
	old, err := stored(ctx, tx, transfers)
	if err != nil {
		return err
	}
	change := map[ledger.Account]domain.Money{}
	for _, t := range transfers {
		if _, posted := old[idOf(t)]; !posted {
			change[t.From] -= t.Amount
			change[t.To] += t.Amount
		}
	}
	var accounts []ledger.Account
	for a, amount := range change {
		if amount < 0 && (a.Kind == ledger.Fund || a.Kind == ledger.Escrow) {
			accounts = append(accounts, a)
		}
	}
	slices.SortFunc(accounts, func(a, b ledger.Account) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ref, b.Ref))
	})
	for _, a := range accounts {
		balance, err := balanceOf(ctx, tx, a)
		if err != nil {
			return err
		}
		if missing := -(balance + change[a]); missing > 0 {
			return ledger.Short(a, missing)
		}
	}
	return domain.Errorf(domain.CodeBusy, "balance", "the balance changed meanwhile: try again")
}

func balanceOf(ctx context.Context, tx pgx.Tx, a ledger.Account) (balance domain.Money, err error) {
	err = tx.QueryRow(ctx, `SELECT balance FROM ledger_account WHERE owner = $1 AND kind = $2 AND ref = $3`, a.Owner, int16(a.Kind), a.Ref).Scan(&balance)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return balance, err
}

// Posted is what became of a transfer: New, or posted before, or refused with Err.
type Posted struct {
	New bool
	Err error
}

// Post posts transfers, in one transaction while none is refused. One that is refused does not hold the rest: the batch is
// halved until it stands alone. The transfers are independent of each other, and may be posted in any order.
// The error is about the database; what was posted before it stays, and sending all again is safe.
func (s *Store) Post(ctx context.Context, transfers []ledger.Transfer) ([]Posted, error) {
	out := make([]Posted, len(transfers))
	if len(transfers) > MaxPost {
		return nil, domain.Errorf(domain.CodeTooLarge, "transfers", "want up to %d", MaxPost)
	}
	return out, s.postHalves(ctx, transfers, out)
}

func (s *Store) postHalves(ctx context.Context, transfers []ledger.Transfer, out []Posted) error {
	if len(transfers) == 0 {
		return nil
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		posted, err := post(ctx, tx, transfers)
		for i := range posted {
			out[i] = Posted{New: posted[i]}
		}
		return err
	})
	var refused *domain.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return fmt.Errorf("posting: %w", err)
	case len(transfers) == 1:
		out[0] = Posted{Err: err}
		return nil
	}
	half := len(transfers) / 2
	if err := s.postHalves(ctx, transfers[:half], out[:half]); err != nil {
		return err
	}
	return s.postHalves(ctx, transfers[half:], out[half:])
}

// TopUp adds money to a partner's fund account, once for each reference of the exchange's. isNew is false when it was done before.
func (s *Store) TopUp(ctx context.Context, t ledger.Transfer) (isNew bool, err error) {
	out, err := s.Post(ctx, []ledger.Transfer{t})
	if err != nil {
		return false, err
	}
	return out[0].New, out[0].Err
}

// Balance is what the caller's fund account holds.
func (s *Store) Balance(ctx context.Context, c domain.Caller) (balance domain.Money, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		balance, err = balanceOf(ctx, tx, ledger.FundOf(c.UID))
		return err
	})
	return balance, err
}

// MaxEntries is the most that one page of entries holds.
const MaxEntries = 200

// Entries lists the entries of the caller's fund and escrow accounts, the latest first: limit of them, and one more where a transfer's
// second side would be cut off. next is the cursor of the next page, "" on the last. It returns CodeInvalid on "cursor" and "limit" (1 to MaxEntries).
func (s *Store) Entries(ctx context.Context, c domain.Caller, cursor string, limit int) (list []ledger.Entry, next string, err error) {
	before := int64(1) << 62
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before <= 0 {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	if limit < 1 || limit > MaxEntries {
		return nil, "", domain.Invalid("limit", "want 1 to %d", MaxEntries)
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		// A transfer between the caller's own accounts has two entries of one id, which a page does not part.
		rows, err := tx.Query(ctx, `SELECT id, at, kind, amount, reason, about FROM (
				SELECT * FROM ledger_entry WHERE owner = $1 AND kind IN (1, 2) AND id < $2 ORDER BY id DESC FETCH FIRST $3 ROWS WITH TIES) e
			ORDER BY id DESC, amount`, c.UID, before, limit+2)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e ledger.Entry, err error) {
			var kind ledger.Kind
			err = row.Scan(&e.ID, &e.At, &kind, &e.Amount, &e.Reason, &e.Ref)
			e.At, e.Account = e.At.UTC(), kind.String()
			return e, err
		})
		return err
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	cut := limit
	if list[cut-1].ID == list[cut].ID {
		cut++
	}
	if cut == len(list) {
		return list, "", nil
	}
	return list[:cut], strconv.FormatInt(list[cut-1].ID, 10), nil
}
