package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// ImportedDay is what an exchange says that a referee brought a partner on a day of its own zone.
type ImportedDay struct {
	Day        time.Time // midnight UTC of the date
	Referee    int64
	Product    string // spot, futures or other
	Commission domain.Money
	Volume     domain.Money // 0 where the source does not tell
}

// ImportedReferee is what an exchange says of a referee; nil: not told.
type ImportedReferee struct {
	UID                                 int64
	RegisteredAt                        *time.Time
	Code                                string
	Direct, Verified, Deposited, Traded *bool
}

// ImportedDeposit is a deposit that an exchange tells of. It has no id there: two that are alike in everything are one.
type ImportedDeposit struct {
	Referee             int64
	At                  time.Time
	Asset, Kind, Amount string
}

// ImportedPartner is what an exchange says of a sub-partner over the window of the import.
type ImportedPartner struct {
	UID                        int64
	Direct                     bool
	NewReferrals, FirstTraders int64
	Deposits, Volume           domain.Money
}

// ImportWindow is a part of a list of an exchange's that is imported, and how far that came.
type ImportWindow struct {
	Partner        int64
	Exchange, List string
	Since, Until   time.Time // dates, midnight UTC; half-open
	Next           string    // where to go on, in the importer's words; "": at the beginning
	Seen           int64     // rows of the pages before it
	Done           bool
}

// ImportPage is what one page of a list tells.
type ImportPage struct {
	Days     []ImportedDay
	Referees []ImportedReferee
	Deposits []ImportedDeposit
	Partners []ImportedPartner
}

// ResumeImport fills in how far the import of a window came. CodeForbidden to all but operators.
func (s *Store) ResumeImport(ctx context.Context, c domain.Caller, w *ImportWindow) error {
	if err := c.Require(domain.RoleOperator); err != nil {
		return err
	}
	err := s.pool.QueryRow(ctx, `SELECT next, seen, done_at IS NOT NULL FROM import_window WHERE partner = $1 AND exchange = $2 AND list = $3 AND since = $4 AND until = $5`,
		w.Partner, w.Exchange, w.List, w.Since, w.Until).Scan(&w.Next, &w.Seen, &w.Done)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// SaveImport keeps a page and how far the window came by it, in one transaction. The same page again changes nothing, a later figure
// takes the place of an earlier one. CodeForbidden to all but operators.
func (s *Store) SaveImport(ctx context.Context, c domain.Caller, w ImportWindow, p ImportPage) error {
	if err := c.Require(domain.RoleOperator); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, d := range p.Days {
		b.Queue(`INSERT INTO imported_day (partner, exchange, day, referee, product, commission, volume) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (partner, exchange, day, referee, product) DO UPDATE SET commission = excluded.commission, volume = excluded.volume`,
			w.Partner, w.Exchange, d.Day, d.Referee, d.Product, int64(d.Commission), int64(d.Volume))
	}
	for _, r := range p.Referees {
		b.Queue(`INSERT INTO imported_referee (partner, exchange, referee, registered_at, code, direct, verified, deposited, traded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (partner, exchange, referee) DO UPDATE SET registered_at = excluded.registered_at, code = excluded.code, direct = excluded.direct,
				verified = excluded.verified, deposited = excluded.deposited, traded = excluded.traded`,
			w.Partner, w.Exchange, r.UID, r.RegisteredAt, r.Code, r.Direct, r.Verified, r.Deposited, r.Traded)
	}
	for _, d := range p.Deposits {
		b.Queue(`INSERT INTO imported_deposit (partner, exchange, referee, at, asset, kind, amount) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			w.Partner, w.Exchange, d.Referee, d.At, d.Asset, d.Kind, d.Amount)
	}
	for _, x := range p.Partners {
		b.Queue(`INSERT INTO imported_partner (partner, exchange, sub_partner, since, until, new_referrals, first_traders, deposits, volume, direct) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (partner, exchange, sub_partner, since, until) DO UPDATE SET new_referrals = excluded.new_referrals, first_traders = excluded.first_traders,
				deposits = excluded.deposits, volume = excluded.volume, direct = excluded.direct`,
			w.Partner, w.Exchange, x.UID, w.Since, w.Until, x.NewReferrals, x.FirstTraders, int64(x.Deposits), int64(x.Volume), x.Direct)
	}
	b.Queue(`INSERT INTO import_window (partner, exchange, list, since, until, next, seen, done_at) VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8 THEN now() END)
		ON CONFLICT (partner, exchange, list, since, until) DO UPDATE SET next = excluded.next, seen = excluded.seen, done_at = excluded.done_at`,
		w.Partner, w.Exchange, w.List, w.Since, w.Until, w.Next, w.Seen, w.Done)
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
}
